//! Printers that stay silent, and clients that come back: how far recovery goes, and how often.
use super::*;

use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

const MINUTE: Duration = Duration::from_secs(60);

/// A client that gives up after 15 s and asks again, as the bridge asks for it.
async fn asks_for_ever(pool: Pool, answered: Arc<AtomicUsize>) {
    let each = MINUTE;
    let deadlines = Deadlines { upload: Some(each), head: each, ..Deadlines::default() };
    loop {
        let begun = Instant::now();
        let request = Request::get("/status").body(RequestBody::empty()).unwrap();
        let asked = async { pool.exchange(request, deadlines).await?.into_body().collect().await };
        if matches!(timeout(MINUTE / 4, asked).await, Ok(Ok(_))) {
            answered.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep_until(begun + MINUTE / 4).await;
    }
}

/// In which minutes the port was reset.
async fn resets(bench: &Bench, minutes: u32) -> Vec<u32> {
    let mut seen = Vec::new();
    let mut before = bench.resets.load(Ordering::SeqCst);
    for minute in 1..=minutes {
        sleep(MINUTE).await;
        let now = bench.resets.load(Ordering::SeqCst);
        seen.extend((before..now).map(|_| minute));
        before = now;
    }
    seen
}

/// Answers the ladder's question and nothing else before the port is reset; then everything.
async fn half_alive(printer: PrinterPipe, resets: Arc<AtomicUsize>) {
    loop {
        let asked = request(&printer).await;
        if asked.starts_with("HEAD / ") || resets.load(Ordering::SeqCst) > 0 {
            printer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_answers_the_question_and_nothing_else_is_reset_though_each_link_seems_to_recover() {
    for links in [1, 3] {
        let (bench, pool) = plugged_with(&vec![Channel::IppUsb; links]);
        for printer in bench.interfaces.clone() {
            tokio::spawn(half_alive(printer, Arc::clone(&bench.resets)));
        }
        let answered = Arc::default();
        let client = tokio::spawn(asks_for_ever(pool, Arc::clone(&answered)));
        let resets = resets(&bench, 15).await;
        assert_eq!(resets.len(), 1, "on {links} links: {resets:?}");
        assert!(answered.load(Ordering::SeqCst) > 20, "on {links} links: it was well again");
        client.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_printer_is_reset_ever_less_often() {
    for links in [1, 3] {
        let (bench, pool) = plugged_with(&vec![Channel::IppUsb; links]);
        let client = tokio::spawn(asks_for_ever(pool, Arc::default()));
        let resets = resets(&bench, 4 * 60).await;
        assert!(resets.first().is_some_and(|first| *first <= 3), "on {links} links: {resets:?}");
        assert!((9..=16).contains(&resets.len()), "on {links} links: {resets:?}");
        let last = resets[resets.len() - 2..].to_vec();
        assert!(last[1] - last[0] >= 29, "on {links} links: {resets:?}");
        client.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_may_be_writing_its_firmware_is_not_reset() {
    let (bench, _, pool) = plugged();
    pool.spare(30 * MINUTE);
    let client = tokio::spawn(asks_for_ever(pool, Arc::default()));
    assert_eq!(resets(&bench, 29).await, [0; 0]);
    assert!(bench.soft_resets.lock().unwrap().is_empty());
    assert!(!resets(&bench, 5).await.is_empty());
    client.abort();
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_hangs_is_no_reason_while_others_are_answered() {
    let (bench, printer, pool) = plugged();
    let serving = tokio::spawn(async move {
        loop {
            let asked = request(&printer).await;
            if !asked.contains(" /status ") {
                printer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
        }
    });
    for _ in 0..20 {
        assert!(pool.fetch(Call::get("/status").patience(short())).await.is_err());
        assert!(pool.fetch(Call::get("/other")).await.is_ok());
    }
    assert_eq!((bench.soft_resets.lock().unwrap().len(), bench.resets.load(Ordering::SeqCst)), (0, 0));
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_holds_for_his_link_is_held_until_the_printer_leaves_it_alone() {
    let (_bench, printer, pool) = plugged();
    let (held, deadlines) = (Arc::new(()), Deadlines::default());
    let mut asked = Request::post("/x").body(RequestBody::full("document")).unwrap();
    asked.extensions_mut().insert(Held(Arc::clone(&held) as _));
    let (left, _) = tokio::join!(timeout(Duration::from_secs(5), pool.exchange(asked, deadlines)), request(&printer));
    assert!(left.is_err(), "who asked has left");
    assert_eq!(Arc::strong_count(&held), 2);
    sleep(deadlines.head + Duration::from_secs(60)).await;
    assert_eq!(Arc::strong_count(&held), 1);
}
