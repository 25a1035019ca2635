//! Printers that go silent, that stand no company, and that sleep.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use plugprint::agent::view::State;
use plugprint::agent::{NoHost, Settings};
use plugprint::emulator::{Model, Options, Printer};
use plugprint::http::{Call, Error, Patience, Pool};
use plugprint::printer::identity::PrinterId;
use plugprint::printer::quirks::Source;
use plugprint::usb::{Bus as _, Hotplug};
use tokio::time::{Instant, sleep, timeout};

use crate::scene::{Scene, fault, timed};

const STATUS: &str = "/DevMgmt/ProductStatusDyn.xml";
const CONFIG: &str = "/DevMgmt/ProductConfigDyn.xml";

async fn get(pool: &Pool, path: &str) -> Result<(), Error> {
    let patience = Patience { answer: Duration::from_secs(5), total: Duration::from_secs(60) };
    pool.fetch(Call::get(path).patience(patience)).await.map(|_| ())
}

async fn pool(scene: &Scene, id: &PrinterId) -> Pool {
    scene.handle.links(id.clone()).await.unwrap().pool
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_is_brought_back_says_so() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let pool = pool(&scene, &id).await;
    printer.set_fault(fault("deadlocked"));
    assert!(get(&pool, STATUS).await.is_err());
    scene.until_state(&printer, State::Recovering).await;
    printer.set_fault(None);
    assert_eq!(scene.until_ready(&printer).await, id);
    get(&pool, STATUS).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_the_bus_at_each_reset_and_stays_dead_is_not_reset_for_ever() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let links = pool(&scene, &id).await;
    let mut events = scene.bus.watch();
    printer.set_fault(fault("deaf"));
    assert!(get(&links, STATUS).await.is_err());
    assert!(get(&links, STATUS).await.is_err());
    let end = Instant::now() + Duration::from_secs(2 * 60 * 60);
    let mut departures = 0;
    while let Ok(Some(event)) = tokio::time::timeout_at(end, events.recv()).await {
        departures += usize::from(matches!(event, Hotplug::Departed(_)));
    }
    // The agent goes on asking it, once a minute.
    assert!((2..=12).contains(&departures), "{departures}");
    printer.set_fault(None);
    assert_eq!(scene.until_ready(&printer).await, id);
}

/// Two at once; gives how many of them went well.
async fn both(pool: &Pool) -> usize {
    let (one, two) = tokio::join!(get(pool, STATUS), get(pool, CONFIG));
    [one, two].iter().filter(|got| got.is_ok()).count()
}

async fn found_out(printer: &Printer, pool: &Pool) {
    printer.set_fault(fault("crowded"));
    for _ in 0..2 {
        assert_eq!(both(pool).await, 1, "the printer stands no two at once");
        get(pool, STATUS).await.unwrap();
        get(pool, CONFIG).await.unwrap();
    }
    assert_eq!(both(pool).await, 2, "it gets one at a time now");
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_stands_one_link_only_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings { state: Some(folder.path().to_owned()), ..Settings::on(Arc::new(NoHost)) };
    let scene = Scene::with(settings());
    let (printer, id) = scene.ready(Model::OfficeJet, Options::default()).await;
    let links = pool(&scene, &id).await;
    assert!(links.links() > 1);
    found_out(&printer, &links).await;
    // Also over an unplugging, with the same words as a quirk.
    printer.unplug();
    scene.until_gone(&id).await;
    scene.bus.plug(&printer);
    scene.until_ready(&printer).await;
    let known = scene.handle.links(id.clone()).await.unwrap();
    assert_eq!(known.pool.links(), 1);
    let quirk = &known.quirks.written["usb-max-interfaces"];
    assert_eq!((quirk.value.as_str(), &quirk.source), ("1", &Source::Learned));
    scene.shutdown.cancel();
    scene.agent.await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("one-link")).unwrap(), format!("{id}\n"));

    // And over a restart; another printer of the model is not meant.
    let scene = Scene::with(settings());
    let (printer, again) = scene.ready(Model::OfficeJet, Options::default()).await;
    assert_eq!(again, id);
    assert_eq!(pool(&scene, &id).await.links(), 1);
    printer.set_fault(fault("crowded"));
    assert_eq!(both(&pool(&scene, &id).await).await, 2);
    let (_, other) =
        scene.ready(Model::OfficeJet, Options { serial: Some("TH00000001".into()), ..Options::default() }).await;
    assert!(pool(&scene, &other).await.links() > 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_computer_sleeps_nobody_speaks_to_the_printer() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let pool = pool(&scene, &id).await;
    get(&pool, STATUS).await.unwrap();
    let ((), took) = timed(scene.handle.sleep()).await;
    assert_eq!(took, Duration::ZERO);
    let before = printer.requests().len();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { get(&pool, CONFIG).await }
    });
    sleep(Duration::from_secs(20)).await;
    assert_eq!(printer.requests().len(), before);
    scene.handle.wake().await;
    waiting.await.unwrap().unwrap();
    // It was looked at again.
    sleep(Duration::from_secs(5)).await;
    scene.until_ready(&printer).await;
    assert!(printer.requests().len() > before + 2, "{:?}", &printer.requests()[before..]);
}

#[tokio::test(start_paused = true)]
async fn what_runs_has_a_grace_before_sleep() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let pool = pool(&scene, &id).await;
    // An answer takes eight seconds.
    printer.set_fault(fault("late@status"));
    for (begun, expected) in [(6, 2), (1, 3)] {
        let running = tokio::spawn({
            let pool = pool.clone();
            async move { pool.fetch(Call::get(STATUS)).await.map(|_| ()) }
        });
        sleep(Duration::from_secs(begun)).await;
        let ((), took) = timed(scene.handle.sleep()).await;
        assert_eq!(took.as_secs_f32().round() as u64, expected);
        scene.handle.wake().await;
        running.await.unwrap().unwrap();
        sleep(Duration::from_secs(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_did_not_outlive_the_sleep_is_found_anew() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    scene.handle.sleep().await;
    printer.unplug();
    scene.until_gone(&id).await;
    scene.handle.wake().await;
    scene.bus.plug(&printer);
    assert_eq!(scene.until_ready(&printer).await, id);
    get(&pool(&scene, &id).await, STATUS).await.unwrap();
    // A stop in the middle of a sleep takes no longer than any other.
    scene.handle.sleep().await;
    let begun = Instant::now();
    scene.shutdown.cancel();
    timeout(Duration::from_secs(10), scene.agent).await.unwrap().unwrap();
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
}
