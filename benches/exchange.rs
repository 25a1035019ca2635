//! One exchange over the in-memory link, and the throughput of 64 MiB in each direction.
//!
//! What is measured is ours and hyper's: framing, copies, tasks. The cable costs nothing here.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http_body_util::BodyExt;
use plugprint::emulator::pipe::PrinterPipe;
use plugprint::http::{Call, Deadlines, Pool, Request, RequestBody};
use plugprint::usb::descriptor::{Channel, Endpoint, Function};
use plugprint::usb::{self, BoxFuture, ControlIn};
use tokio::runtime::Runtime;

const VOLUME: usize = 64 << 20;

/// A device of one bulk pair.
struct Bench(PrinterPipe);

impl usb::Device for Bench {
    fn raw_descriptors(&self) -> &[u8] {
        &[]
    }

    fn configuration(&self) -> BoxFuture<'_, Result<u8, usb::Error>> {
        Box::pin(async { Ok(1) })
    }

    fn control_in(&self, _: ControlIn, _: Duration) -> BoxFuture<'_, Result<Vec<u8>, usb::Error>> {
        Box::pin(async { Err(usb::Error::Stalled) })
    }

    fn claim(&self, _: Function) -> BoxFuture<'_, Result<Box<dyn usb::Pipe>, usb::Error>> {
        Box::pin(async { Ok(Box::new(self.0.claim()?) as Box<dyn usb::Pipe>) })
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), usb::Error>> {
        Box::pin(async { Ok(()) })
    }
}

/// A printer that knows three requests: a status document, 64 MiB out, 64 MiB in.
async fn serve(printer: PrinterPipe) {
    let block = vec![0_u8; 64 << 10];
    let mut seen = Vec::new();
    loop {
        let Some(more) = printer.receive(1 << 20).await else { return };
        seen.extend(more);
        let Some(end) = seen.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        if seen.starts_with(b"POST /in ") {
            let mut left = VOLUME - (seen.len() - end - 4);
            while left > 0 {
                left -= printer.receive(left.min(1 << 20)).await.unwrap().len();
            }
            printer.send(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await;
        } else if seen.starts_with(b"GET /out ") {
            printer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {VOLUME}\r\n\r\n").as_bytes()).await;
            for _ in 0..VOLUME / block.len() {
                printer.send(&block).await;
            }
        } else {
            let mut whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n".to_vec();
            whole.resize(whole.len() + 2000, b'x');
            printer.send(&whole).await;
        }
        seen.clear();
    }
}

async fn whole(pool: &Pool, request: Request<RequestBody>) -> usize {
    let mut body = pool.exchange(request, Deadlines::default()).await.unwrap().into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().map_or(0, |data| data.len());
    }
    length
}

fn exchanges(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let printer = PrinterPipe::default();
    runtime.spawn(serve(printer.clone()));
    let endpoint = |address| Endpoint { address, max_packet: 512 };
    let function = Function {
        configuration: 1,
        interface: 0,
        alternate: 0,
        channel: Channel::IppUsb,
        bulk_in: endpoint(0x81),
        bulk_out: endpoint(0x01),
    };
    let pool = {
        let _inside = runtime.enter();
        Pool::new(Arc::new(Bench(printer)), vec![function])
    };

    criterion.bench_function("exchange: a status document of 2000 bytes", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            assert_eq!(pool.fetch(Call::get("/DevMgmt/ProductStatusDyn.xml")).await.unwrap().body.len(), 2000);
        });
    });

    let mut group = criterion.benchmark_group("throughput of 64 MiB");
    group.sample_size(10).throughput(Throughput::Bytes(VOLUME as u64));
    group.bench_function("printer to host", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let request = Request::get("/out").body(RequestBody::empty()).unwrap();
            assert_eq!(whole(&pool, request).await, VOLUME);
        });
    });
    let document = Bytes::from(vec![0_u8; VOLUME]);
    group.bench_function("host to printer", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let request = Request::post("/in").body(RequestBody::full(document.clone())).unwrap();
            assert_eq!(whole(&pool, request).await, 0);
        });
    });
    group.finish();
}

criterion_group!(benches, exchanges);
criterion_main!(benches);
