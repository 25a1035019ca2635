//! Any bytes whatever from the printer end in a value within the deadline.
use super::*;

use proptest::prelude::*;
use tokio::time::Instant;

/// Pieces that look like HTTP, so that the soup gets past the status line.
fn ingredient() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999\r\n",
        "HTTP/1.",
        "Content-Length: 5\r\n",
        "Content-Length: 18446744073709551615\r\n",
        "Content-Length: 0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Encoding: gzip\r\n",
        "Connection: close\r\n",
        "\r\n",
        "\r\n\r\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "ffffffffffffffff\r\n",
        "hello",
        "",
    ]);
    prop_oneof![
        4 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..600),
    ]
}

async fn soup(transfers: Vec<Vec<u8>>) {
    let (_, printer, pool) = plugged();
    let script = async {
        head(&printer).await;
        for transfer in &transfers {
            printer.send(transfer).await;
        }
        std::future::pending::<()>().await;
    };
    let begun = Instant::now();
    tokio::select! {
        // Whichever it is: it is a value, and in time.
        _ = pool.fetch(Call::get("/x").limit(1 << 16).patience(short())) => {}
        () = script => {}
    }
    assert!(begun.elapsed() <= short().total, "{:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn ends_in_a_value_in_time(transfers in prop::collection::vec(ingredient(), 0..12)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(soup(transfers));
    }
}
