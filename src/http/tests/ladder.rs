//! The ladder's steps, told by what the printer answers again.
use super::*;

use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

use crate::emulator::{self, Kind, Model, Options, Printer};
use crate::usb::{Bus as _, Hotplug, descriptor};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// Takes a request, says nothing to it, and nothing to any question before `cured`. Then it answers whatever comes.
async fn mute_until(printer: &PrinterPipe, cured: impl Fn() -> bool) {
    request(printer).await;
    while !cured() {
        sleep(Duration::from_millis(50)).await;
    }
    loop {
        answer(printer, &[OK]).await;
    }
}

async fn in_vain(pool: &Pool) {
    let reply = pool.fetch(Call::get("/x").patience(short())).await;
    assert_eq!(reply.unwrap_err(), Error::NoAnswer { after: short().answer });
}

#[tokio::test(start_paused = true)]
async fn what_only_soft_reset_cures_is_cured_without_a_port_reset() {
    let (bench, printer, pool) = plugged();
    let cured = Arc::clone(&bench);
    let printing =
        tokio::spawn(async move { mute_until(&printer, || !cured.soft_resets.lock().unwrap().is_empty()).await });
    in_vain(&pool).await;
    let begun = Instant::now();
    assert_eq!(pool.fetch(Call::get("/after")).await.unwrap().body, "good");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    assert_eq!(*bench.soft_resets.lock().unwrap(), [0x21]);
    assert_eq!(bench.resets.load(Ordering::SeqCst), 0);
    assert_eq!(bench.claims.load(Ordering::SeqCst), 2, "it was claimed anew once, before that");
    printing.abort();
}

#[tokio::test(start_paused = true)]
async fn a_printer_of_the_class_s_first_version_is_told_in_its_way() {
    let (bench, printer, pool) = plugged();
    *bench.soft_resettable.lock().unwrap() = vec![0x23];
    let cured = Arc::clone(&bench);
    let printing =
        tokio::spawn(async move { mute_until(&printer, || cured.soft_resets.lock().unwrap().len() == 2).await });
    in_vain(&pool).await;
    assert_eq!(pool.fetch(Call::get("/after")).await.unwrap().body, "good");
    assert_eq!(*bench.soft_resets.lock().unwrap(), [0x21, 0x23]);
    assert_eq!(bench.resets.load(Ordering::SeqCst), 0);
    printing.abort();
}

#[tokio::test(start_paused = true)]
async fn what_only_a_port_reset_cures_is_cured_by_it() {
    let (bench, printer, pool) = plugged();
    let cured = Arc::clone(&bench.resets);
    let printing = tokio::spawn(async move { mute_until(&printer, || cured.load(Ordering::SeqCst) > 0).await });
    in_vain(&pool).await;
    assert_eq!(pool.fetch(Call::get("/after")).await.unwrap().body, "good");
    assert_eq!((bench.soft_resets.lock().unwrap().len(), bench.resets.load(Ordering::SeqCst)), (1, 1));
    printing.abort();
}

#[tokio::test(start_paused = true)]
async fn a_channel_of_the_maker_s_own_knows_no_class_request() {
    let (bench, pool) = plugged_with(&[Channel::HpEwsLedm]);
    let printer = bench.interfaces[0].clone();
    let cured = Arc::clone(&bench.resets);
    let printing = tokio::spawn(async move { mute_until(&printer, || cured.load(Ordering::SeqCst) > 0).await });
    in_vain(&pool).await;
    assert_eq!(pool.fetch(Call::get("/after")).await.unwrap().body, "good");
    assert!(bench.soft_resets.lock().unwrap().is_empty());
    printing.abort();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_to_the_whole_device_while_another_link_prints() {
    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::IppUsb]);
    let (printing, hung) = (bench.interfaces[0].clone(), bench.interfaces[1].clone());
    // Out of paper: it takes the document when somebody has filled the tray.
    let print = pool.exchange(
        Request::post("/ipp/print").body(RequestBody::full(vec![b'p'; 100_000])).unwrap(),
        Deadlines::default(),
    );
    let tray = async {
        head(&printing).await;
        sleep(Duration::from_secs(120)).await;
        let mut left = 100_000;
        while left > 0 {
            left -= printing.receive(left).await.unwrap().len();
        }
        printing.send(OK).await;
    };
    let other = async {
        sleep(Duration::from_secs(1)).await;
        tokio::select! {
            reply = pool.fetch(Call::get("/x").patience(short())) => assert!(reply.is_err()),
            () = async { request(&hung).await; std::future::pending().await } => {}
        }
    };
    let (print, (), ()) = tokio::join!(print, tray, other);
    assert_eq!(print.unwrap().into_body().collect().await.unwrap().to_bytes(), "good");
    assert!(bench.soft_resets.lock().unwrap().is_empty());
    assert_eq!(bench.resets.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_to_a_device_that_another_driver_uses() {
    let (bench, printer, pool) = plugged();
    bench.others.lock().unwrap().push("usb-storage".into());
    let hung = async {
        request(&printer).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = in_vain(&pool) => {}
        () = hung => {}
    }
    assert!(pool.fetch(Call::get("/y").patience(short())).await.is_err());
    assert!(bench.soft_resets.lock().unwrap().is_empty());
    assert_eq!(bench.resets.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn of_two_links_that_hang_one_resets_the_port_and_both_are_found_again() {
    let (bench, pool) = plugged_with(&[Channel::IppUsb, Channel::IppUsb]);
    for printer in bench.interfaces.clone() {
        let cured = Arc::clone(&bench.resets);
        tokio::spawn(async move { mute_until(&printer, || cured.load(Ordering::SeqCst) > 0).await });
    }
    tokio::join!(in_vain(&pool), in_vain(&pool));
    for _ in 0..2 {
        let (first, second) = tokio::join!(pool.fetch(Call::get("/1")), pool.fetch(Call::get("/2")));
        assert_eq!((first.unwrap().body, second.unwrap().body), ("good".into(), "good".into()));
    }
    assert_eq!(bench.resets.load(Ordering::SeqCst), 1, "the other link saw that it was done");
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_takes_nothing_twice_is_not_left_at_that() {
    let (bench, printer, pool) = plugged();
    in_vain(&pool).await;
    in_vain(&pool).await;
    let cured = Arc::clone(&bench);
    let printing = tokio::spawn(async move {
        while cured.soft_resets.lock().unwrap().is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
        loop {
            answer(&printer, &[OK]).await;
        }
    });
    works_for(&pool).await;
    assert_eq!(*bench.soft_resets.lock().unwrap(), [0x21]);
    printing.abort();
}

#[tokio::test(start_paused = true)]
async fn trouble_is_known_while_it_lasts() {
    let (bench, printer, pool) = plugged();
    let mut troubles = pool.troubles();
    let cured = Arc::clone(&bench.resets);
    let printing = tokio::spawn(async move { mute_until(&printer, || cured.load(Ordering::SeqCst) > 0).await });
    let waiting = async {
        troubles.wait_for(|count| *count == 1).await.unwrap();
        troubles.wait_for(|count| *count == 0).await.unwrap();
    };
    tokio::join!(in_vain(&pool), waiting);
    works_for(&pool).await;
    printing.abort();
}

async fn works_for(pool: &Pool) {
    assert_eq!(pool.fetch(Call::get("/after")).await.unwrap().body, "good");
}

#[tokio::test(start_paused = true)]
async fn the_emulated_printer_that_is_deadlocked_is_brought_back_without_leaving_the_bus() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { pages: folder.path().to_owned(), ..Options::default() };
    let printer = Printer::new(Model::Inkjet, options);
    let bus = emulator::Bus::new();
    let address = bus.plug(&printer);
    let mut events = bus.watch();
    assert!(matches!(events.recv().await, Some(Hotplug::Arrived(_))));
    let device = bus.open(address).await.unwrap();
    let functions = descriptor::parse(device.raw_descriptors()).unwrap().functions();
    let pool = Pool::new(device, functions);
    let status = || Call::get("/DevMgmt/ProductStatusDyn.xml").patience(short());
    assert_eq!(pool.fetch(status()).await.unwrap().status, StatusCode::OK);
    printer.set_fault(Some(Kind::Deadlocked.into()));
    assert!(pool.fetch(status()).await.is_err());
    printer.set_fault(None);
    let mut attempts = 1;
    while pool.fetch(status()).await.is_err() {
        attempts += 1;
        assert!(attempts < 12, "it is not found again");
    }
    assert!(printer.requests().iter().any(|request| request.starts_with("SOFT_RESET ")));
    assert!(timeout(Duration::from_secs(1), events.recv()).await.is_err(), "it stayed on the bus");
}
