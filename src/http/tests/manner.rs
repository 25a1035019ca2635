//! How single models want to be spoken to, and what is found out about them.
use super::*;

use ::http::{HeaderName, HeaderValue};
use tokio::time::Instant;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

#[tokio::test(start_paused = true)]
async fn header_fields_are_set_and_left_out() {
    let headers = vec![
        (HeaderName::from_static("connection"), Some(HeaderValue::from_static("close"))),
        (HeaderName::from_static("user-agent"), None),
        (HeaderName::from_static("content-length"), Some(HeaderValue::from_static("7"))),
    ];
    let (bench, pool) = plugged_in_manner(&[Channel::IppUsb], Manner { headers, ..Manner::default() });
    let (reply, request) = ask(&pool, &bench.interfaces[0], Call::get("/x"), &[OK]).await;
    assert_eq!(reply.unwrap().body, "good");
    assert!(request.contains("\r\nConnection: close\r\n"), "{request}");
    assert!(!request.contains("User-Agent") && !request.contains("Content-Length"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_the_connection_closes_nothing() {
    for word in ["keep-alive", "close"] {
        let headers = vec![(HeaderName::from_static("connection"), Some(HeaderValue::from_static(word)))];
        let (bench, pool) = plugged_in_manner(&[Channel::IppUsb], Manner { headers, ..Manner::default() });
        let answer = format!("HTTP/1.1 200 OK\r\nConnection: {word}\r\nContent-Length: 4\r\n\r\ngood");
        for _ in 0..3 {
            let (reply, request) = ask(&pool, &bench.interfaces[0], Call::get("/x"), &[answer.as_bytes()]).await;
            assert_eq!(reply.unwrap().body, "good");
            assert!(request.contains(&format!("\r\nConnection: {word}\r\n")), "{request}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_request_waits_and_the_first_one_longer() {
    let manner = Manner {
        init_delay: Duration::from_secs(3),
        init_reset: Reset::Soft,
        request_delay: Duration::from_secs(1),
        ..Manner::default()
    };
    let (bench, pool) = plugged_in_manner(&[Channel::IppUsb], manner);
    let printer = bench.interfaces[0].clone();
    let mut waits = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        let (reply, _) = ask(&pool, &printer, Call::get("/x"), &[OK]).await;
        assert_eq!(reply.unwrap().body, "good");
        waits.push(begun.elapsed().as_secs());
    }
    assert_eq!(waits, [4, 1]);
    assert_eq!(*bench.soft_resets.lock().unwrap(), [0x21]);
}

#[tokio::test(start_paused = true)]
async fn while_it_starts_an_answer_may_take_longer() {
    let manner = Manner { init_timeout: Some(Duration::from_secs(12)), ..Manner::default() };
    let (bench, pool) = plugged_in_manner(&[Channel::IppUsb], manner);
    let printer = bench.interfaces[0].clone();
    let late = async {
        request(&printer).await;
        sleep(Duration::from_secs(10)).await;
        printer.send(OK).await;
    };
    let (reply, ()) = tokio::join!(pool.fetch(Call::get("/x").patience(short())), late);
    assert_eq!(reply.unwrap().body, "good");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_breaks_off_is_a_refusal_and_a_zero_length_packet_may_end_it() {
    for (hack, most) in [(false, 31), (true, 6)] {
        let manner = Manner { zlp_recv_hack: hack, ..Manner::default() };
        let (bench, pool) = plugged_in_manner(&[Channel::IppUsb], manner);
        let printer = bench.interfaces[0].clone();
        let begun = Instant::now();
        let refusal = [&b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nhalf"[..], b""];
        let (reply, _) = ask(&pool, &printer, Call::get("/x"), &refusal).await;
        assert_eq!(reply.unwrap().status, StatusCode::NOT_FOUND);
        assert!(begun.elapsed() <= Duration::from_secs(most), "{:?}", begun.elapsed());
    }
}

/// Two at once, of which the second hangs, and is found again.
async fn clash(bench: &Bench, pool: &Pool) {
    let (slow, hung) = (bench.interfaces[0].clone(), bench.interfaces[1].clone());
    let first = async {
        request(&slow).await;
        sleep(Duration::from_secs(10)).await;
        slow.send(OK).await;
    };
    let second = async {
        sleep(Duration::from_secs(1)).await;
        let hangs = async {
            assert!(request(&hung).await.starts_with("GET /second "));
            sleep(Duration::from_secs(6)).await;
            answer_question(&hung).await;
        };
        let (reply, ()) = tokio::join!(pool.fetch(Call::get("/second").patience(short())), hangs);
        assert_eq!(reply.unwrap_err(), Error::NoAnswer { after: short().answer });
    };
    let (reply, (), ()) = tokio::join!(pool.fetch(Call::get("/first")), first, second);
    assert_eq!(reply.unwrap().body, "good");
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_fails_with_two_links_gets_one() {
    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::IppUsb]);
    assert_eq!(pool.links(), 2);
    for learned in [false, true] {
        clash(&bench, &pool).await;
        // For now it gets one at a time, and the same request goes well.
        let (reply, _) = ask(&pool, &bench.interfaces[0], Call::get("/second"), &[OK]).await;
        assert_eq!(reply.unwrap().body, "good");
        assert_eq!(*pool.learned().borrow(), learned);
    }
    assert_eq!(pool.links(), 1);
    // From now on the second waits for the first.
    let one = async {
        for path in ["GET /first ", "GET /second "] {
            assert!(request(&bench.interfaces[0]).await.starts_with(path));
            sleep(Duration::from_secs(1)).await;
            bench.interfaces[0].send(OK).await;
        }
    };
    let later = async {
        sleep(Duration::from_millis(100)).await;
        pool.fetch(Call::get("/second")).await
    };
    let (first, second, ()) = tokio::join!(pool.fetch(Call::get("/first")), later, one);
    assert_eq!((first.unwrap().body, second.unwrap().body), ("good".into(), "good".into()));
}

#[tokio::test(start_paused = true)]
async fn after_one_failure_several_links_are_used_again() {
    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::IppUsb]);
    clash(&bench, &pool).await;
    ask(&pool, &bench.interfaces[0], Call::get("/second"), &[OK]).await.0.unwrap();
    let (first, second) = (bench.interfaces[0].clone(), bench.interfaces[1].clone());
    let both = async {
        tokio::join!(request(&first), request(&second));
        first.send(OK).await;
        second.send(OK).await;
    };
    let (one, two, ()) = tokio::join!(pool.fetch(Call::get("/1")), pool.fetch(Call::get("/2")), both);
    assert_eq!((one.unwrap().body, two.unwrap().body), ("good".into(), "good".into()));
}
