//! Request bodies: whole ones, streams, and those that are never completed.
use super::*;

use ::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

type Piece = Result<Frame<Bytes>, BoxError>;

/// A body that the test feeds.
fn fed() -> (mpsc::UnboundedSender<Piece>, RequestBody) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    (sender, RequestBody::stream(StreamBody::new(stream)))
}

fn data(bytes: impl Into<Bytes>) -> Piece {
    Ok(Frame::data(bytes.into()))
}

async fn reply(pool: &Pool, request: Request<RequestBody>, deadlines: Deadlines) -> Result<(StatusCode, Bytes), Error> {
    let (head, body) = pool.exchange(request, deadlines).await?.into_parts();
    Ok((head.status, body.collect().await?.to_bytes()))
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

#[tokio::test(start_paused = true)]
async fn a_stream_goes_out_chunked_and_no_transfer_is_a_crumb() {
    let (_, printer, pool) = plugged();
    let (sender, body) = fed();
    let mut document = Vec::new();
    for at in 0..3000_usize {
        let piece = vec![b'a' + (at % 26) as u8; 1 + at % 97];
        document.extend_from_slice(&piece);
        sender.send(data(piece)).unwrap();
    }
    drop(sender);
    let script = async {
        let mut seen = head(&printer).await;
        assert!(String::from_utf8_lossy(&seen).contains("Transfer-Encoding: chunked\r\n"));
        seen.clear();
        let mut transfers = Vec::new();
        while !seen.ends_with(b"\r\n0\r\n\r\n") {
            let transfer = printer.receive(1 << 20).await.unwrap();
            transfers.push(transfer.len());
            seen.extend(transfer);
        }
        printer.send(OK).await;
        (seen, transfers)
    };
    let request = Request::post("/ipp/print").body(body).unwrap();
    let (reply, (seen, transfers)) = tokio::join!(reply(&pool, request, Deadlines::default()), script);
    assert_eq!(reply.unwrap().1, "good");
    assert!(transfers.iter().all(|length| *length >= 512), "{transfers:?}");
    let mut unchunked = Vec::new();
    let mut rest = &seen[..];
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        unchunked.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    assert_eq!(unchunked, document);
}

/// A document that says when it was let go.
struct Watched(Arc<AtomicBool>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        b"<passphrase/>"
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Whoever wipes a document does it when the last one has let go of it.
#[tokio::test(start_paused = true)]
async fn a_document_leaves_with_its_head_and_is_held_no_longer_than_the_call() {
    let (_, printer, pool) = plugged();
    let let_go = Arc::new(AtomicBool::new(false));
    let call = Call::put("/x", "text/xml", Bytes::from_owner(Watched(Arc::clone(&let_go))));
    let script = async {
        let transfer = printer.receive(1 << 20).await.unwrap();
        assert!(transfer.starts_with(b"PUT /x ") && transfer.ends_with(b"\r\n\r\n<passphrase/>"));
        printer.send(OK).await;
    };
    let (reply, ()) = tokio::join!(pool.fetch(call), script);
    assert_eq!(reply.unwrap().body, "good");
    assert!(let_go.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_declared_length_is_passed_on() {
    let (_, printer, pool) = plugged();
    let (sender, body) = fed();
    sender.send(data("hello ")).unwrap();
    sender.send(data("world")).unwrap();
    drop(sender);
    let request = Request::post("/x").header(CONTENT_LENGTH, "11").body(body).unwrap();
    let (reply, seen) = tokio::join!(reply(&pool, request, Deadlines::default()), answer(&printer, &[OK]));
    assert_eq!(reply.unwrap().1, "good");
    assert!(seen.contains("Content-Length: 11\r\n") && seen.ends_with("hello world"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn an_aborted_stream_is_never_completed_and_the_link_is_found_again() {
    let (bench, printer, pool) = plugged();
    let (sender, body) = fed();
    sender.send(data(vec![b'x'; 40_000])).unwrap();
    let script = async {
        let mut seen = head(&printer).await;
        sleep(Duration::from_secs(1)).await;
        sender.send(Err("the client went away".into())).unwrap();
        // Whatever comes: the printer takes it, and looks for the end of a document.
        let mut asked = false;
        while !asked {
            seen.extend(printer.receive(4096).await.unwrap());
            asked = seen.ends_with(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
        assert!(!seen.windows(5).any(|end| end == b"0\r\n\r\n"), "completed");
        printer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    };
    let request = Request::post("/ipp/print").body(body).unwrap();
    let (reply, ()) = tokio::join!(reply(&pool, request, Deadlines::default()), script);
    assert!(matches!(reply, Err(Error::Aborted(_))), "{reply:?}");
    works(&printer, &pool).await;
    assert_eq!(bench.resets.load(Ordering::SeqCst), 0, "the refusal was proof enough");
}

#[tokio::test(start_paused = true)]
async fn where_a_question_could_complete_the_document_the_port_is_reset() {
    let (bench, printer, pool) = plugged();
    let (sender, body) = fed();
    sender.send(data(vec![b'x'; 32_736])).unwrap();
    sender.send(data(vec![b'x'; 20])).unwrap();
    let script = async {
        let mut seen = head(&printer).await.len();
        sleep(Duration::from_secs(1)).await;
        sender.send(Err("the client went away".into())).unwrap();
        while bench.resets.load(Ordering::SeqCst) == 0 {
            tokio::select! {
                more = printer.receive(4096) => seen += more.unwrap().len(),
                () = sleep(Duration::from_millis(10)) => {}
            }
        }
        answer_question(&printer).await;
        seen
    };
    // 10 more bytes would make it whole.
    let request = Request::post("/ipp/print").header(CONTENT_LENGTH, "32766").body(body).unwrap();
    let (reply, _) = tokio::join!(reply(&pool, request, Deadlines::default()), script);
    assert!(matches!(reply, Err(Error::Aborted(_))), "{reply:?}");
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_shorter_than_it_declared_is_not_padded() {
    let (_, printer, pool) = plugged();
    let (sender, body) = fed();
    sender.send(data(vec![b'x'; 40_000])).unwrap();
    let script = async {
        let mut seen = head(&printer).await;
        drop(sender);
        while !seen.ends_with(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n") {
            seen.extend(printer.receive(4096).await.unwrap());
        }
        printer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    };
    let request = Request::post("/x").header(CONTENT_LENGTH, "41000").body(body).unwrap();
    let (reply, ()) = tokio::join!(reply(&pool, request, Deadlines::default()), script);
    assert!(matches!(reply, Err(Error::Aborted(_))), "{reply:?}");
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn a_printer_out_of_paper_may_take_hours() {
    let (_, printer, pool) = plugged();
    let document = vec![b'p'; 1 << 20];
    let script = async {
        head(&printer).await;
        sleep(Duration::from_secs(2 * 3600)).await;
        let mut left = 1 << 20;
        while left > 0 {
            left -= printer.receive(left).await.unwrap().len();
        }
        printer.send(OK).await;
    };
    let request = Request::post("/ipp/print").body(document.into()).unwrap();
    let (reply, ()) = tokio::join!(reply(&pool, request, Deadlines::default()), script);
    assert_eq!(reply.unwrap().1, "good");
}

#[tokio::test(start_paused = true)]
async fn an_early_refusal_comes_before_the_upload_has_ended() {
    let (_, printer, pool) = plugged();
    let script = async {
        head(&printer).await;
        printer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig").await;
        sleep(Duration::from_secs(1)).await;
        // It reads the rest all the same, as a well-behaved server does.
        let mut left = 1 << 20;
        while left > 0 {
            left -= printer.receive(left).await.unwrap().len();
        }
    };
    let request = Request::post("/ipp/print").body(vec![b'p'; 1 << 20].into()).unwrap();
    let begun = Instant::now();
    let early = async {
        let reply = reply(&pool, request, Deadlines::default()).await;
        (reply, begun.elapsed())
    };
    let ((reply, took), ()) = tokio::join!(early, script);
    assert_eq!(reply.unwrap(), (StatusCode::PAYLOAD_TOO_LARGE, "big".into()));
    assert!(took < Duration::from_secs(1), "{took:?}");
    works(&printer, &pool).await;
}

#[tokio::test(start_paused = true)]
async fn an_early_refusal_of_a_printer_that_stops_reading_frees_the_link() {
    let (bench, printer, pool) = plugged();
    let request = Request::post("/ipp/print").body(vec![b'p'; 1 << 20].into()).unwrap();
    let script = async {
        head(&printer).await;
        printer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig").await;
        while bench.resets.load(Ordering::SeqCst) == 0 {
            sleep(Duration::from_millis(100)).await;
        }
        answer_question(&printer).await;
    };
    let (reply, ()) = tokio::join!(reply(&pool, request, Deadlines::default()), script);
    assert_eq!(reply.unwrap(), (StatusCode::PAYLOAD_TOO_LARGE, "big".into()));
    works(&printer, &pool).await;
}
