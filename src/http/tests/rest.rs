//! Before the computer's sleep, and after it.
use super::*;

use tokio::time::{Instant, timeout};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
const SLEEP_GRACE: Duration = Duration::from_secs(3);
const LONG: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn what_is_idle_is_let_go_at_once_and_who_comes_meanwhile_waits() {
    let (_bench, printer, pool) = plugged();
    works(&printer, &pool).await;
    assert!(printer.claimed());
    let begun = Instant::now();
    pool.rest(SLEEP_GRACE).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(!printer.claimed());

    let mut waiting = Box::pin(ask(&pool, &printer, Call::get("/x"), &[OK]));
    assert!(timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    assert!(!printer.claimed());
    pool.resume();
    assert_eq!(waiting.await.0.unwrap().body, "good");
}

#[tokio::test(start_paused = true)]
async fn beside_an_exchange_that_does_not_end_nothing_begins_either() {
    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::IppUsb]);
    let (stuck, other) = (bench.interfaces[0].clone(), bench.interfaces[1].clone());
    let patience = Patience { answer: LONG, total: LONG };
    let running = tokio::spawn({
        let pool = pool.clone();
        async move { pool.fetch(Call::get("/stuck").patience(patience)).await }
    });
    request(&stuck).await;
    let begun = Instant::now();
    pool.rest(SLEEP_GRACE).await;
    let took = begun.elapsed();
    assert!(took >= SLEEP_GRACE && took < SLEEP_GRACE + Duration::from_secs(1), "{took:?}");

    let mut waiting = Box::pin(pool.fetch(Call::get("/x")));
    assert!(timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    // It may end whenever it does: the computer is about to sleep, or sleeps.
    stuck.send(OK).await;
    assert_eq!(running.await.unwrap().unwrap().body, "good");
    assert!(timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    assert!(!stuck.claimed() && !other.claimed());

    pool.resume();
    let answered = async {
        tokio::select! {
            request = answer(&stuck, &[OK]) => request,
            request = answer(&other, &[OK]) => request,
        }
    };
    let (reply, _) = tokio::join!(waiting, answered);
    assert_eq!(reply.unwrap().body, "good");
}
