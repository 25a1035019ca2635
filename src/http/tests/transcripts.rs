//! Exchanges that end well.
use super::*;

use std::io::Write;

use http_body_util::BodyExt;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_get_has_the_headers_that_printers_want_and_no_length() {
    let (_, printer, pool) = plugged();
    let (reply, request) = ask(
        &pool,
        &printer,
        Call::get("/DevMgmt/ProductStatusDyn.xml"),
        &[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    )
    .await;
    assert_eq!(reply.unwrap().body, "hello");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        request,
        format!(
            "GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost\r\nUser-Agent: plugprint/{version}\r\n\
             Accept-Encoding: identity\r\n\r\n"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_has_its_length_and_the_three_headers_of_the_envy_photo() {
    let (_, printer, pool) = plugged();
    let (reply, request) = ask(
        &pool,
        &printer,
        Call::post("/DevMgmt/InternalPrintDyn.xml", "text/xml", "<job/>"),
        &[b"HTTP/1.1 201 Created\r\nLocation: /Jobs/1\r\nContent-Length: 0\r\n\r\n"],
    )
    .await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, &reply.headers["location"]), (StatusCode::CREATED, &"/Jobs/1".parse().unwrap()));
    for line in [
        "Content-Type: text/xml",
        "X-Requested-With: XMLHttpRequest",
        "Origin: http://localhost",
        "Referer: http://localhost/",
        "Content-Length: 6",
    ] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{line} in {request}");
    }
    assert!(request.ends_with("\r\n\r\n<job/>"));
}

#[tokio::test(start_paused = true)]
async fn a_post_without_a_body_says_so() {
    let (_, printer, pool) = plugged();
    let (reply, request) =
        ask(&pool, &printer, Call::post("/x", "text/xml", ""), &[b"HTTP/1.1 204 No Content\r\n\r\n"]).await;
    assert_eq!(reply.unwrap().status, StatusCode::NO_CONTENT);
    assert!(request.contains("\r\nContent-Length: 0\r\n"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn a_chunked_answer_comes_whole_however_it_is_cut() {
    let (_, printer, pool) = plugged();
    let whole =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6;name=x\r\nhello \r\n5\r\nworld\r\n0\r\nSum: 1\r\n\r\n";
    for size in [1, 2, 7, whole.len()] {
        let transfers: Vec<&[u8]> = whole.chunks(size).collect();
        let (reply, _) = ask(&pool, &printer, Call::get("/x"), &transfers).await;
        assert_eq!(reply.unwrap().body, "hello world", "in transfers of {size}");
    }
}

#[tokio::test(start_paused = true)]
async fn head_204_and_304_have_no_body_whatever_their_length_says() {
    let (bench, printer, pool) = plugged();
    let answers = [
        (Method::HEAD, &b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"[..], 200),
        (Method::HEAD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200),
        (Method::GET, b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (Method::GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", 304),
    ];
    for (method, bytes, status) in answers {
        let call = Call { method, ..Call::get("/x") };
        let (reply, _) = ask(&pool, &printer, call, &[bytes]).await;
        let reply = reply.unwrap();
        assert_eq!((reply.status.as_u16(), reply.body.len()), (status, 0));
    }
    assert_eq!(bench.claims.load(Ordering::SeqCst), 1, "the link stayed good");
}

#[tokio::test(start_paused = true)]
async fn informational_answers_are_passed_over() {
    let (_, printer, pool) = plugged();
    let (reply, _) = tokio::join!(
        pool.fetch(Call::get("/x")),
        answer(
            &printer,
            &[
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            ]
        )
    );
    assert_eq!(reply.unwrap().body, "ok");
}

#[tokio::test(start_paused = true)]
async fn gzip_is_unpacked_though_nobody_asked_for_it() {
    let (_, printer, pool) = plugged();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"<psdyn:ProductStatusDyn/>").unwrap();
    let packed = packer.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let (reply, _) = ask(&pool, &printer, Call::get("/x"), &[head.as_bytes(), &packed]).await;
    assert_eq!(reply.unwrap().body, "<psdyn:ProductStatusDyn/>");
}

#[tokio::test(start_paused = true)]
async fn a_gzip_bomb_is_refused_at_the_limit() {
    let (_, printer, pool) = plugged();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![0; 8 << 20]).unwrap();
    let packed = packer.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let call = Call::get("/x").limit(1 << 20);
    let (reply, _) = ask(&pool, &printer, call, &[head.as_bytes(), &packed]).await;
    assert_eq!(reply.unwrap_err(), Error::TooLarge { limit: 1 << 20 });
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_without_a_length_ends_at_an_empty_packet_at_once() {
    let (_, printer, pool) = plugged();
    works(&printer, &pool).await;
    let begun = Instant::now();
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let body = [b'x'; 1024];
    let (reply, _) = ask(&pool, &printer, Call::get("/x"), &[head, &body, b""]).await;
    assert_eq!((reply.unwrap().body.len(), begun.elapsed()), (1024, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_body_without_a_length_ends_in_silence_after_a_short_packet() {
    let (bench, printer, pool) = plugged();
    works(&printer, &pool).await;
    let begun = Instant::now();
    let (reply, _) = ask(&pool, &printer, Call::get("/x"), &[b"HTTP/1.0 200 OK\r\n\r\n", b"old ", b"style"]).await;
    assert_eq!((&reply.unwrap().body[..], begun.elapsed()), (&b"old style"[..], Duration::from_millis(300)));
    works(&printer, &pool).await;
    assert_eq!(bench.claims.load(Ordering::SeqCst), 1, "the link stayed good");
}

#[tokio::test(start_paused = true)]
async fn of_a_doubled_answer_the_real_one_is_taken() {
    let (bench, printer, pool) = plugged();
    let empty = &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..];
    let real = &b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal"[..];
    let together = [empty, real].concat();
    for transfers in [vec![&together[..]], vec![empty, real]] {
        let (reply, _) = ask(&pool, &printer, Call::get("/x"), &transfers).await;
        assert_eq!(reply.unwrap().body, "real");
    }
    let later = async {
        answer(&printer, &[empty]).await;
        tokio::time::sleep(Duration::from_millis(250)).await;
        printer.send(real).await;
    };
    let (reply, ()) = tokio::join!(pool.fetch(Call::get("/x")), later);
    assert_eq!(reply.unwrap().body, "real");
    // To a write it is taken only when it is there already.
    let (reply, _) = ask(&pool, &printer, Call::post("/x", "text/xml", "<a/>"), &[&together]).await;
    assert_eq!(reply.unwrap().body, "real");
    assert_eq!(bench.claims.load(Ordering::SeqCst), 1, "the link stayed good");
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_that_stays_alone_is_the_answer() {
    let (_, printer, pool) = plugged();
    let empty = &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..];
    let (reply, _) = ask(&pool, &printer, Call::get("/x"), &[empty]).await;
    assert_eq!(reply.unwrap().body, "");
    let begun = Instant::now();
    let (reply, _) = ask(&pool, &printer, Call::post("/x", "text/xml", "<a/>"), &[empty]).await;
    assert_eq!((reply.unwrap().status, begun.elapsed()), (StatusCode::OK, Duration::ZERO), "a write does not wait");
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn stale_bytes_of_before_the_claim_are_drained() {
    let (_, printer, pool) = plugged();
    let old = printer.clone();
    tokio::spawn(async move { old.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold").await });
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn stale_bytes_between_two_exchanges_are_not_the_second_answer() {
    let (_, printer, pool) = plugged();
    works(&printer, &pool).await;
    let old = printer.clone();
    let stale = tokio::spawn(async move { old.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold").await });
    tokio::task::yield_now().await;
    works(&printer, &pool).await;
    stale.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn junk_before_the_status_line_is_dropped() {
    let (_, printer, pool) = plugged();
    let (reply, _) = tokio::join!(
        pool.fetch(Call::get("/x")),
        answer(
            &printer,
            &[b"tail of an old body HTTP/1.", b"\0\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]
        )
    );
    assert_eq!(reply.unwrap().body, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_write_of_whole_packets_without_an_empty_one_is_found_all_the_same() {
    let (_, printer, pool) = plugged();
    let mut whole = b"HTTP/1.1 200 OK\r\nContent-Length: 984\r\n\r\n".to_vec();
    whole.resize(1024, b'x');
    let (reply, _) = ask(&pool, &printer, Call::get("/x"), &[&whole]).await;
    assert_eq!(reply.unwrap().body.len(), 984);
}

#[tokio::test(start_paused = true)]
async fn accepted_means_ask_again() {
    let (_, printer, pool) = plugged();
    let script = async {
        for _ in 0..3 {
            let request = answer(&printer, &[b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"]).await;
            assert!(request.starts_with("GET /IoMgmt/x "));
        }
        answer(&printer, &[b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"]).await
    };
    let (reply, _) = tokio::join!(pool.fetch(Call::get("/IoMgmt/x")), script);
    assert_eq!(reply.unwrap().body, "done");
}

#[tokio::test(start_paused = true)]
async fn accepted_for_ever_ends_within_the_patience() {
    let (_, printer, pool) = plugged();
    let script = async {
        loop {
            answer(&printer, &[b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"]).await;
        }
    };
    let begun = Instant::now();
    tokio::select! {
        reply = pool.fetch(Call::get("/x").patience(short())) => {
            assert!(matches!(reply, Err(Error::StillWorking { .. })), "{reply:?}");
        }
        () = script => {}
    }
    assert!(begun.elapsed() <= short().total);
}

#[tokio::test(start_paused = true)]
async fn busy_for_a_while_is_waited_out() {
    let (_, printer, pool) = plugged();
    let begun = Instant::now();
    let script = async {
        while begun.elapsed() < Duration::from_secs(60) {
            answer(&printer, &[b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"]).await;
        }
        answer(&printer, &[b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"]).await
    };
    let (reply, _) = tokio::join!(pool.fetch(Call::get("/x")), script);
    assert_eq!(reply.unwrap().body, "done");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_the_patience() {
    let (_, printer, pool) = plugged();
    let busy = &b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 15\r\nContent-Length: 0\r\n\r\n"[..];
    let script = async {
        answer(&printer, &[busy]).await;
        let asked = Instant::now();
        answer(&printer, &[busy]).await;
        asked.elapsed()
    };
    let (reply, pause) = tokio::join!(pool.fetch(Call::get("/x").patience(short())), script);
    assert!(matches!(reply, Err(Error::StillBusy { .. })), "{reply:?}");
    assert!(pause >= Duration::from_secs(15), "{pause:?}");
}

/// Counts its answers.
struct Counting(AtomicUsize);

impl Authorize for Counting {
    fn authorization(&self, call: &Call) -> Option<HeaderValue> {
        let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        (count < 3).then(|| format!("Digest uri=\"{}\", nc={count}", call.path).parse().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_says_so_anew_in_each_exchange() {
    let (_, printer, pool) = plugged();
    let call = Call::put("/x", "text/xml", "<a/>").authorize(Some(Arc::new(Counting(AtomicUsize::new(0)))));
    let script = async {
        let busy = answer(&printer, &[b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"]).await;
        assert!(busy.contains("\r\nAuthorization: Digest uri=\"/x\", nc=1\r\n"), "{busy}");
        let taken = answer(&printer, &[b"HTTP/1.1 204 No Content\r\n\r\n"]).await;
        assert!(taken.contains("\r\nAuthorization: Digest uri=\"/x\", nc=2\r\n"), "{taken}");
    };
    let (reply, ()) = tokio::join!(pool.fetch(call.clone()), script);
    assert_eq!(reply.unwrap().status, StatusCode::NO_CONTENT);
    // Who has no answer sends nothing.
    assert!(matches!(pool.fetch(call).await, Err(Error::Unsendable(_))));
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_print_is_never_sent_twice() {
    let (_, printer, pool) = plugged();
    let (reply, _) = ask(
        &pool,
        &printer,
        Call::post("/DevMgmt/InternalPrintDyn.xml", "text/xml", "<job/>"),
        &[b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"],
    )
    .await;
    assert!(matches!(reply, Err(Error::StillBusy { .. })), "{reply:?}");
    // The next thing that the printer hears is another call.
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_link_is_let_go_after_two_seconds() {
    let (bench, printer, pool) = plugged();
    works(&printer, &pool).await;
    tokio::time::sleep(Duration::from_millis(1900)).await;
    assert!(printer.claim().is_err(), "still ours");
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(printer.claim().expect("free for others"));
    works(&printer, &pool).await;
    assert_eq!(bench.claims.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_held_interface_is_passed_over_and_all_held_is_said() {
    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::HpEwsLedm]);
    bench.held.lock().unwrap().push(0);
    works(&bench.interfaces[1], &pool).await;
    pool.close(GRACE).await;

    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::HpEwsLedm]);
    bench.held.lock().unwrap().extend([0, 1]);
    assert_eq!(pool.fetch(Call::get("/x")).await.unwrap_err(), Error::ClaimedElsewhere);
    bench.held.lock().unwrap().clear();
    works(&bench.interfaces[0], &pool).await;
}

#[tokio::test(start_paused = true)]
async fn waiters_are_served_in_the_order_they_came() {
    let (_, printer, pool) = plugged();
    let (sender, mut served) = tokio::sync::mpsc::unbounded_channel();
    for at in 0..5 {
        let (pool, sender) = (pool.clone(), sender.clone());
        tokio::spawn(async move {
            pool.fetch(Call::get(format!("/{at}"))).await.unwrap();
            sender.send(at).unwrap();
        });
    }
    for at in 0..5 {
        let request = answer(&printer, &[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"]).await;
        assert!(request.starts_with(&format!("GET /{at} ")), "{request}");
        assert_eq!(served.recv().await, Some(at));
    }
}

#[tokio::test(start_paused = true)]
async fn two_interfaces_serve_two_exchanges_at_once() {
    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::IppUsb, Channel::HpEwsLedm]);
    let (first, second) = (pool.fetch(Call::get("/1")), pool.fetch(Call::get("/2")));
    let printers = async {
        // Both are asked before either answers.
        let (_, _) = tokio::join!(head(&bench.interfaces[0]), head(&bench.interfaces[1]));
        for interface in &bench.interfaces[..2] {
            interface.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx").await;
        }
    };
    let (first, second, ()) = tokio::join!(first, second, printers);
    assert_eq!((first.unwrap().body.len(), second.unwrap().body.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_comes_as_it_is_sent() {
    let (_, printer, pool) = plugged();
    let request = Request::get("/eSCL/ScanJobs/1/NextDocument").body(RequestBody::empty()).unwrap();
    let (response, _) = tokio::join!(
        pool.exchange(request, Deadlines::default()),
        answer(&printer, &[b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", b"abc"])
    );
    let mut body = response.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
    let (frame, ()) = tokio::join!(body.frame(), printer.send(b"def"));
    assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "def");
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_overtakes_the_news_of_its_request_leaves_the_link_clean() {
    let (bench, printer, pool) = plugged();
    bench.late.store(true, Ordering::SeqCst);
    works(&printer, &pool).await;
    let begun = Instant::now();
    for _ in 0..10 {
        works(&printer, &pool).await;
    }
    // A drain waits for 300 ms of silence; ten exchanges without one only wait for the news.
    assert!(begun.elapsed() <= 20 * LATE, "{:?}", begun.elapsed());
    assert_eq!(bench.claims.load(Ordering::SeqCst), 1);
}
