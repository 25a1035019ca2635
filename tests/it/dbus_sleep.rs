//! The computer's sleep, announced by a stand-in for logind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{PipeReader, Read as _};
use std::os::fd::OwnedFd;

use tokio::sync::mpsc;
use zbus::{Connection, interface};

use crate::dbus_polkit::Answer;
use crate::dbus_support::{Asked, House, soon};

const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";

/// A logind that hands out locks and tells of them.
struct Logind(mpsc::UnboundedSender<(String, PipeReader)>);

#[interface(name = "org.freedesktop.login1.Manager", introspection_docs = false)]
impl Logind {
    async fn inhibit(&self, what: &str, who: &str, _why: &str, mode: &str) -> zbus::OwnedFd {
        let (held, lock) = std::io::pipe().unwrap();
        self.0.send((format!("{what} {who} {mode}"), held)).unwrap();
        OwnedFd::from(lock).into()
    }
}

/// logind comes to the bus.
async fn comes(house: &House) -> (Connection, mpsc::UnboundedReceiver<(String, PipeReader)>) {
    let (tell, locks) = mpsc::unbounded_channel();
    let connection = house.client().await.connection;
    connection.object_server().at(PATH, Logind(tell)).await.unwrap();
    connection.request_name("org.freedesktop.login1").await.unwrap();
    (connection, locks)
}

async fn prepare_for_sleep(logind: &Connection, begins: bool) {
    logind.emit_signal(None::<&str>, PATH, MANAGER, "PrepareForSleep", &(begins,)).await.unwrap();
}

/// Waits until nobody holds the lock any more.
async fn let_go(mut lock: PipeReader) {
    let read = tokio::task::spawn_blocking(move || lock.read(&mut [0]).unwrap());
    assert_eq!(soon(read).await.unwrap(), 0);
}

#[tokio::test]
async fn the_lock_is_held_but_for_the_sleep() {
    let mut house = House::open(Answer::Yes).await;
    // It comes later than we do.
    let (logind, mut locks) = comes(&house).await;
    for _ in 0..2 {
        let (what, lock) = soon(locks.recv()).await.unwrap();
        assert_eq!(what, "sleep plugprint delay");
        prepare_for_sleep(&logind, true).await;
        assert_eq!(house.asked().await, Asked::Sleep);
        let_go(lock).await;
        assert!(house.asked_nothing());
        prepare_for_sleep(&logind, false).await;
        assert_eq!(house.asked().await, Asked::Wake);
    }
    let (_, lock) = soon(locks.recv()).await.unwrap();
    house.stop().await.unwrap();
    let_go(lock).await;
}

#[tokio::test]
async fn a_logind_that_goes_in_the_middle_leaves_nobody_asleep() {
    let mut house = House::open(Answer::Yes).await;
    let (logind, mut locks) = comes(&house).await;
    let (_, lock) = soon(locks.recv()).await.unwrap();
    prepare_for_sleep(&logind, true).await;
    assert_eq!(house.asked().await, Asked::Sleep);
    let_go(lock).await;
    drop(logind);
    assert_eq!(house.asked().await, Asked::Wake);
    let (_logind, mut locks) = comes(&house).await;
    assert_eq!(soon(locks.recv()).await.unwrap().0, "sleep plugprint delay");
    house.close().await.unwrap();
}
