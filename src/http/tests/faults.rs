//! Exchanges that end badly: each in its own error, within its deadline, and the next one is served.
use super::*;

use http_body_util::BodyExt;
use tokio::time::{Instant, sleep, timeout};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// Well beyond every deadline of [`short`].
async fn hang() {
    sleep(Duration::from_secs(600)).await;
}

#[tokio::test(start_paused = true)]
async fn a_truncated_answer_is_an_error_after_one_more_try() {
    let (_, printer, pool) = plugged();
    let script = async {
        for _ in 0..2 {
            answer(&printer, &[b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"]).await;
            answer_question(&printer).await;
        }
    };
    let begun = Instant::now();
    let (reply, ()) = tokio::join!(pool.fetch(Call::get("/x").patience(short())), script);
    assert_eq!(reply.unwrap_err(), Error::Truncated);
    assert!(begun.elapsed() <= short().total, "{:?}", begun.elapsed());
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_truncated_chunked_answer_and_a_truncated_head_are_told() {
    for bytes in
        [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"[..], b"HTTP/1.1 200 OK\r\nContent-Le"]
    {
        let (_, printer, pool) = plugged();
        let script = async {
            answer(&printer, &[bytes]).await;
            answer_question(&printer).await;
        };
        let call = Call::get("/x").repeatable(false).patience(short());
        let (reply, ()) = tokio::join!(pool.fetch(call), script);
        assert_eq!(reply.unwrap_err(), Error::Truncated);
        works(&printer, &pool).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_http_is_told_at_once() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ] {
        let (_, printer, pool) = plugged();
        let call = Call::get("/x").repeatable(false).patience(short());
        let begun = Instant::now();
        let (reply, _) = ask(&pool, &printer, call, &[bytes]).await;
        assert!(matches!(reply, Err(Error::Malformed(_))), "{reply:?}");
        assert!(begun.elapsed() < Duration::from_secs(1));
        answer_question(&printer).await;
        works(&printer, &pool).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hang_before_the_answer_ends_at_the_deadline() {
    let (_, printer, pool) = plugged();
    let script = async {
        request(&printer).await;
        sleep(Duration::from_secs(6)).await;
        answer_question(&printer).await;
    };
    let begun = Instant::now();
    let reply = async {
        let reply = pool.fetch(Call::get("/x").patience(short())).await;
        (reply, begun.elapsed())
    };
    let ((reply, took), ()) = tokio::join!(reply, script);
    assert_eq!(reply.unwrap_err(), Error::NoAnswer { after: short().answer });
    assert!(took <= Duration::from_secs(6), "{took:?}");
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_not_taken_by_the_next_caller() {
    let (_, printer, pool) = plugged();
    let script = async {
        request(&printer).await;
        sleep(Duration::from_secs(6)).await;
        // At last the answer to the first request, and behind it the one to the question.
        printer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").await;
        answer_question(&printer).await;
    };
    let call = Call::get("/x").patience(short());
    let (reply, ()) = tokio::join!(pool.fetch(call), script);
    assert_eq!(reply.unwrap_err(), Error::NoAnswer { after: short().answer });
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_takes_nothing_is_told_and_found_again() {
    let (_, printer, pool) = plugged();
    let begun = Instant::now();
    let reply = pool.fetch(Call::get("/x").patience(short())).await;
    assert_eq!(reply.unwrap_err(), Error::NoAnswer { after: short().answer });
    assert!(begun.elapsed() <= Duration::from_secs(6), "{:?}", begun.elapsed());
    // Nothing of it had been taken, so that a drain is all the ladder needs.
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_printer_dead_for_minutes_is_served_again_without_a_restart() {
    let (bench, printer, pool) = plugged();
    let dead = async {
        request(&printer).await;
        hang().await;
    };
    let callers = async {
        for _ in 0..6 {
            let begun = Instant::now();
            let reply = pool.fetch(Call::get("/x").patience(short())).await;
            assert!(reply.is_err(), "{reply:?}");
            assert!(begun.elapsed() <= short().total + Duration::from_secs(1), "{:?}", begun.elapsed());
        }
    };
    tokio::join!(dead, callers);
    assert!(bench.resets.load(Ordering::SeqCst) > 0, "the ladder was climbed to its end");
    // Alive again: it answers whatever it hears from now on.
    let printer = printer.clone();
    let alive = tokio::spawn(async move {
        loop {
            answer(&printer, &[OK]).await;
        }
    });
    assert_eq!(pool.fetch(Call::get("/x")).await.unwrap().body, "good");
    alive.abort();
}

#[tokio::test(start_paused = true)]
async fn an_endless_body_is_cut_at_the_limit_and_the_link_found_again() {
    let (_, printer, pool) = plugged();
    let endless = async {
        request(&printer).await;
        printer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            printer.send(b"5\r\nhello\r\n").await;
            sleep(Duration::from_millis(10)).await;
        }
    };
    let call = Call::get("/x").limit(1000).patience(short());
    let reply = async {
        let begun = Instant::now();
        (pool.fetch(call).await, begun.elapsed())
    };
    let ((reply, took), ()) = tokio::join!(reply, endless);
    assert_eq!(reply.unwrap_err(), Error::TooLarge { limit: 1000 });
    assert!(took < Duration::from_secs(10), "{took:?}");
    let printer = printer.clone();
    tokio::spawn(async move {
        loop {
            answer(&printer, &[OK]).await;
        }
    });
    assert_eq!(pool.fetch(Call::get("/x")).await.unwrap().body, "good");
}

#[tokio::test(start_paused = true)]
async fn an_endless_head_is_bounded() {
    let (_, printer, pool) = plugged();
    let endless = async {
        request(&printer).await;
        printer.send(b"HTTP/1.1 200 OK\r\n").await;
        loop {
            printer.send(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await;
        }
    };
    tokio::select! {
        reply = pool.fetch(Call::get("/x").repeatable(false).patience(short())) => {
            assert!(matches!(reply, Err(Error::Malformed(_))), "{reply:?}");
        }
        () = endless => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_in_the_middle_does_not_harm_the_next() {
    let (bench, printer, pool) = plugged();
    let request = Request::get("/big").body(RequestBody::empty()).unwrap();
    let (response, _) = tokio::join!(
        pool.exchange(request, Deadlines::default()),
        answer(&printer, &[b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", &[b'a'; 100]])
    );
    let mut body = response.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    let rest = async {
        printer.send(&[b'b'; 100]).await;
        printer.send(&[b'c'; 100]).await;
        answer(&printer, &[OK]).await
    };
    let (reply, request) = tokio::join!(pool.fetch(Call::get("/next")), rest);
    assert_eq!(reply.unwrap().body, "good");
    assert!(request.starts_with("GET /next "));
    assert_eq!(bench.claims.load(Ordering::SeqCst), 1, "drained, not recovered");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_before_the_head_does_not_harm_the_next() {
    let (bench, printer, pool) = plugged();
    let gone = timeout(Duration::from_secs(1), pool.fetch(Call::get("/slow"))).await;
    assert!(gone.is_err());
    assert!(request(&printer).await.starts_with("GET /slow "));
    let rest = async {
        printer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow").await;
        answer(&printer, &[OK]).await
    };
    let (reply, request) = tokio::join!(pool.fetch(Call::get("/next")), rest);
    assert_eq!(reply.unwrap().body, "good");
    assert!(request.starts_with("GET /next "));
    assert_eq!(bench.claims.load(Ordering::SeqCst), 1, "drained, not recovered");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_caller_leaves_is_sent_to_its_end() {
    let (_, printer, pool) = plugged();
    let document = vec![b'p'; 300_000];
    let call = Call::post("/ipp/print", "application/ipp", document.clone());
    assert!(timeout(Duration::from_secs(1), pool.fetch(call)).await.is_err());
    let seen = request(&printer).await;
    assert_eq!(seen.split_once("\r\n\r\n").unwrap().1.len(), document.len());
    printer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn unplugging_ends_every_exchange_at_once() {
    let half = &b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"[..];
    for transfers in [None, Some(&[][..]), Some(&[&half[..20]][..]), Some(&[half][..])] {
        let (_, printer, pool) = plugged();
        let script = async {
            match transfers {
                None => sleep(Duration::from_secs(1)).await,
                Some(transfers) => {
                    answer(&printer, transfers).await;
                    sleep(Duration::from_millis(100)).await;
                }
            }
            printer.unplug();
            Instant::now()
        };
        // One that is being served, and one that waits for its link.
        let (first, second, unplugged) = tokio::join!(pool.fetch(Call::get("/1")), pool.fetch(Call::get("/2")), script);
        assert_eq!(first.unwrap_err(), Error::Usb(usb::Error::Gone));
        assert_eq!(second.unwrap_err(), Error::Usb(usb::Error::Gone));
        assert_eq!(unplugged.elapsed(), Duration::ZERO);
        assert!(pool.fetch(Call::get("/3")).await.unwrap_err().is_gone());
    }
}

#[tokio::test(start_paused = true)]
async fn unplugging_ends_a_back_off_at_once() {
    let (_, printer, pool) = plugged();
    let waiting = pool.fetch(Call::get("/busy"));
    let script = async {
        answer(&printer, &[b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"]).await;
        sleep(Duration::from_secs(1)).await;
        printer.unplug();
        // Noticed by the next exchange on the link.
        assert!(pool.fetch(Call::get("/other")).await.unwrap_err().is_gone());
        Instant::now()
    };
    let (reply, unplugged) = tokio::join!(waiting, script);
    assert_eq!((reply.unwrap_err(), unplugged.elapsed()), (Error::Usb(usb::Error::Gone), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_endpoint_is_cleared() {
    let (_, printer, pool) = plugged();
    let script = async {
        request(&printer).await;
        printer.stall(usb::Direction::In);
        answer_question(&printer).await;
        answer(&printer, &[OK]).await
    };
    let (reply, _) = tokio::join!(pool.fetch(Call::get("/x")), script);
    assert_eq!(reply.unwrap().body, "good", "a GET is sent once more");
}

#[tokio::test(start_paused = true)]
async fn bytes_after_the_end_are_drained_and_cost_nobody_an_answer() {
    let (bench, printer, pool) = plugged();
    let (reply, _) =
        ask(&pool, &printer, Call::get("/x"), &[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokjunk"]).await;
    assert_eq!(reply.unwrap().body, "ok");
    works(&printer, &pool).await;
    assert_eq!(bench.claims.load(Ordering::SeqCst), 1, "a drain was enough");
}

#[tokio::test(start_paused = true)]
async fn closing_lets_a_running_exchange_end_and_releases() {
    let (_, printer, pool) = plugged();
    let script = async {
        request(&printer).await;
        sleep(Duration::from_secs(1)).await;
        printer.send(OK).await;
    };
    let close = async {
        sleep(Duration::from_millis(500)).await;
        pool.close(GRACE).await;
        drop(printer.claim().expect("released"));
    };
    let (reply, (), ()) = tokio::join!(pool.fetch(Call::get("/x")), script, close);
    assert_eq!(reply.unwrap().body, "good");
    assert_eq!(pool.fetch(Call::get("/y")).await.unwrap_err(), Error::Closed);
}

#[tokio::test(start_paused = true)]
async fn closing_aborts_what_does_not_end() {
    let (_, printer, pool) = plugged();
    let close = async {
        request(&printer).await;
        let begun = Instant::now();
        pool.close(GRACE).await;
        assert!(begun.elapsed() <= Duration::from_secs(15), "{:?}", begun.elapsed());
        drop(printer.claim().expect("released"));
    };
    let (reply, ()) = tokio::join!(pool.fetch(Call::get("/x")), close);
    assert_eq!(reply.unwrap_err(), Error::Closed);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_link_ends_at_its_deadline() {
    let (_, printer, pool) = plugged();
    let slow = pool.exchange(Request::get("/slow").body(RequestBody::empty()).unwrap(), Deadlines::default());
    let late = async {
        request(&printer).await;
        let deadlines = Deadlines { link: Duration::from_secs(2), ..Deadlines::default() };
        let request = Request::get("/late").body(RequestBody::empty()).unwrap();
        let error = pool.exchange(request, deadlines).await.err();
        assert_eq!(error, Some(Error::Occupied { after: Duration::from_secs(2) }));
        printer.send(OK).await;
    };
    let (slow, ()) = tokio::join!(slow, late);
    assert_eq!(slow.unwrap().into_body().collect().await.unwrap().to_bytes(), "good");
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_printer_said_is_the_reason_when_patience_ends_soon_after() {
    let (_, printer, pool) = plugged();
    let script = async {
        let busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 19\r\nContent-Length: 0\r\n\r\n";
        answer(&printer, &[busy]).await;
        request(&printer).await;
        hang().await;
    };
    let begun = Instant::now();
    tokio::select! {
        reply = pool.fetch(Call::get("/x").patience(short())) => {
            assert!(matches!(reply, Err(Error::StillBusy { .. })), "{reply:?}");
        }
        () = script => panic!("no reply"),
    }
    assert!(begun.elapsed() <= short().total, "{:?}", begun.elapsed());
}
