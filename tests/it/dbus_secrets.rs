//! Secrets on their way in and out: by which descriptors, and that they are seen nowhere else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use plugprint::agent::prompt::{Question, Reply, Shown};
use plugprint::agent::view::Task;
use plugprint::secret::Pin;
use plugprint::wifi::{Security, Ssid};
use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create, open};
use rustix::pipe::{PipeFlags, pipe_with};
use zbus::{Fd, Message, MessageStream};

use crate::dbus_helper::*;
use crate::dbus_polkit::Answer;
use crate::dbus_prompter::{ask, in_time, job, prompter_for};
use crate::dbus_support::*;

const PASSPHRASE: &str = "CanaryPassphrase-9f3c";
const CANARY_PIN: &str = "94229882";

async fn join(client: &Client, secret: &File, security: &str) -> Result<Message, zbus::Error> {
    client.call(LASERJET, WIFI, "JoinWithSecret", &(b"Home".to_vec(), security, Fd::from(secret), options([]))).await
}

async fn write_pin(client: &Client, pin: &File) -> Result<Message, zbus::Error> {
    client.call(LASERJET, WPS, "WritePin", &(Fd::from(pin), options([]))).await
}

fn memfd(content: &[u8], seals: SealFlags) -> File {
    let mut file = File::from(memfd_create("secret", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC).unwrap());
    file.write_all(content).unwrap();
    fcntl_add_seals(&file, seals).unwrap();
    file
}

/// Descriptors that are none of a sealed memfd with a secret; some need something else to stay as they are.
fn bad_descriptors() -> (Vec<(&'static str, File)>, Vec<OwnedFd>) {
    let sealed = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW;
    let file = |fd: OwnedFd| File::from(fd);
    let (silent, writes_nothing) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let (full, writes) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    rustix::io::write(&writes, PASSPHRASE.as_bytes()).unwrap();
    let (socket, peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut on_disk = tempfile::tempfile().unwrap();
    on_disk.write_all(PASSPHRASE.as_bytes()).unwrap();
    let huge = memfd_create("huge", MemfdFlags::ALLOW_SEALING).unwrap();
    ftruncate(&huge, 1 << 50).unwrap();
    fcntl_add_seals(&huge, sealed).unwrap();
    let bad = vec![
        ("a silent pipe", file(silent)),
        ("a pipe with the secret", file(full)),
        ("a socket", file(socket.into())),
        ("/dev/zero", File::open("/dev/zero").unwrap()),
        ("/dev/null", File::open("/dev/null").unwrap()),
        ("/proc", File::open("/proc/self/status").unwrap()),
        ("a folder", File::open("/").unwrap()),
        ("a file on disk", on_disk),
        ("O_PATH", file(open("/etc/hostname", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap())),
        ("no seals", memfd(PASSPHRASE.as_bytes(), SealFlags::empty())),
        ("writable", memfd(PASSPHRASE.as_bytes(), SealFlags::SHRINK | SealFlags::GROW)),
        ("shrinkable", memfd(PASSPHRASE.as_bytes(), SealFlags::WRITE | SealFlags::GROW)),
        ("growable", memfd(PASSPHRASE.as_bytes(), SealFlags::WRITE | SealFlags::SHRINK)),
        (
            "maybe mapped writable",
            memfd(PASSPHRASE.as_bytes(), SealFlags::FUTURE_WRITE | SealFlags::SHRINK | SealFlags::GROW),
        ),
        ("empty", memfd(b"", sealed)),
        ("too long", memfd(&[b'x'; 257], sealed)),
        ("huge", file(huge)),
    ];
    (bad, vec![writes_nothing, writes, peer.into()])
}

#[tokio::test]
async fn a_secret_comes_in_a_sealed_memfd_and_in_nothing_else() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let (bad, _kept) = bad_descriptors();
    for (what, descriptor) in &bad {
        for answer in [join(&client, descriptor, "wpa2-psk").await, write_pin(&client, descriptor).await] {
            let (name, message) = error_of(answer);
            assert_eq!(name, "InvalidArguments", "{what}");
            assert!(message.contains("sealed with F_SEAL_WRITE"), "{what}: {message}");
        }
    }
    assert!(house.asked_nothing());

    let mut secret = sealed(PASSPHRASE.as_bytes());
    secret.seek(SeekFrom::End(0)).unwrap();
    path_of(&join(&client, &secret, "wpa2-psk").await.unwrap());
    let Asked::Start { task: Task::Join(target), .. } = house.asked().await else { panic!() };
    assert_eq!(target.passphrase.as_ref().unwrap().expose(), PASSPHRASE.as_bytes());
    assert_eq!(target.ssid, Some(Ssid::new("Home").unwrap()));
    assert_eq!((&target.security, target.hidden, target.ask_first), (&Some(Security::Wpa2Personal), false, false));
    house.close().await.unwrap();
}

#[tokio::test]
async fn whose_call_is_not_allowed_has_nothing_looked_at() {
    let mut house = House::open(Answer::No).await;
    let client = house.client().await;
    let (bad, _kept) = bad_descriptors();
    for (what, descriptor) in bad.iter().chain([&("the right one", sealed(PASSPHRASE.as_bytes()))]) {
        for answer in [join(&client, descriptor, "wpa2-psk").await, write_pin(&client, descriptor).await] {
            assert_eq!(error_of(answer).0, "NotAuthorized", "{what}");
        }
    }
    assert!(house.asked_nothing());
    house.close().await.unwrap();
}

#[tokio::test]
async fn no_descriptor_stays_behind() {
    for answer in [Answer::Yes, Answer::No] {
        let house = House::open(answer).await;
        let client = house.client().await;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let write = File::from(write);
        for _ in 0..40 {
            join(&client, &write, "").await.unwrap_err();
        }
        drop(write);
        // A pipe has an end when nobody can write to it any more: neither the service nor the bus has it.
        let ended = tokio::task::spawn_blocking(move || io::copy(&mut File::from(read), &mut io::sink()).unwrap());
        assert_eq!(soon(ended).await.unwrap(), 0);
        house.close().await.unwrap();
    }
}

#[tokio::test]
async fn one_user_holds_four_descriptors_at_most() {
    let house = House::open(Answer::Never).await;
    let client = house.client().await;
    let secret = sealed(PASSPHRASE.as_bytes());
    for _ in 0..4 {
        let body = (b"Home".to_vec(), "", Fd::from(&secret), options([]));
        let call = Message::method_call(LASERJET, "JoinWithSecret")
            .destination(plugprint::dbus::NAME)
            .interface(WIFI)
            .build(&body)
            .unwrap();
        client.connection.send(&call).await.unwrap();
    }
    soon(house.polkit.asked_times(4)).await.unwrap();
    assert_eq!(error_of(join(&client, &secret, "").await).0, "Busy");
    assert_eq!(error_of(write_pin(&client, &sealed(PIN.as_bytes())).await).0, "Busy");
    house.close().await.unwrap();
}

#[tokio::test]
async fn what_is_in_it_is_checked_and_never_repeated() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    for (secret, security, says) in [
        ("short", "", "at least 8"),
        (&"x".repeat(65)[..], "", "at most 63"),
        (&"x".repeat(64), "", "hexadecimal"),
        ("CanaryPassphrase\n", "", "ASCII"),
        ("CanaryPassphrase", "open", "the network is open"),
        ("CanaryPassphrase", "wpa9", "Unknown security"),
    ] {
        let (name, message) = error_of(join(&client, &sealed(secret.as_bytes()), security).await);
        assert_eq!(name, "InvalidArguments", "{message}");
        assert!(message.contains(says) && !message.contains(secret), "{message}");
    }
    for (pin, says) in
        [("12345678", "last digit"), ("123", "8 digits"), ("CanaryPin", "only digits"), ("\u{e9}", "only")]
    {
        let (name, message) = error_of(write_pin(&client, &sealed(pin.as_bytes())).await);
        assert_eq!(name, "InvalidPin", "{message}");
        assert!(message.contains(says) && !message.contains(pin), "{message}");
    }
    assert_eq!(error_of(write_pin(&client, &sealed(b"1234\xff")).await).0, "InvalidPin");
    assert!(house.asked_nothing());
    path_of(&write_pin(&client, &sealed(b"9422 9882\n")).await.unwrap());
    let Asked::Start { task: Task::WritePin(pin), .. } = house.asked().await else { panic!() };
    assert_eq!(pin.expose(), CANARY_PIN);
    house.close().await.unwrap();
}

/// What is logged, on this thread, at whichever level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The whole way: a passphrase and a PIN by descriptor, a passphrase from a prompter, a PIN to it. A bystander
/// listens to all that is told to everybody, and the log is read at its finest.
#[tokio::test]
async fn secrets_are_seen_by_those_who_are_to_see_them_only() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logs = tracing::subscriber::set_default(subscriber);
    let mut told = String::new();

    let mut house = House::open(Answer::Yes).await;
    let (client, bystander) = (house.client().await, house.client().await);
    let heard_aside: MessageStream = bystander.listen().await;
    let mut hears = Helper::register(&client, Will::TellByPipe(b"CanaryPassphrase-9f3c\n")).await;

    path_of(&join(&client, &sealed(PASSPHRASE.as_bytes()), "wpa2-psk").await.unwrap());
    let start = house.asked().await;
    told += &format!("{start:?}");
    house.paint(|view| view.jobs.clear());
    path_of(&write_pin(&client, &sealed(CANARY_PIN.as_bytes())).await.unwrap());
    told += &format!("{:?}", house.asked().await);
    house.paint(|view| view.jobs.clear());
    for wrong in ["CanaryPassphrase-9f3c\n", "94229882"] {
        let (name, message) = error_of(join(&client, &sealed(wrong.as_bytes()), "open").await);
        told += &format!("{name} {message}");
    }

    let prompter = prompter_for(&mut house, &client).await;
    let question = ask(Question::Passphrase(Ssid::new("Home").unwrap()));
    let reply = soon(prompter.ask(&job(), question)).await.unwrap();
    told += &format!("{prompter:?} {reply:?}");
    let Reply::Secret(typed) = reply else { panic!() };
    assert_eq!(typed.expose(), PASSPHRASE.as_bytes());
    let shown = Shown { pin: Pin::new(CANARY_PIN.into()), deadline: in_time(Duration::from_secs(60)), router: None };
    told += &format!("{shown:?}");
    soon(prompter.display_pin(&job(), shown)).await.unwrap();
    assert_eq!(heard(&mut hears, 2).await.0, "DisplayPin /org/plugprint1/jobs/j1 94229882", "who is to see it does");
    soon(prompter.release(&job(), "done")).await;

    // A prompter that says too much when it fails, and one that puts the secret where it does not belong.
    for confused in [false, true] {
        let other = house.client().await;
        if confused {
            other.connection.object_server().at(PATH, Confused).await.unwrap();
            register(&other).await;
        } else {
            Helper::register(&other, Will::Fail(PASSPHRASE)).await;
        }
        let prompter = prompter_for(&mut house, &other).await;
        told += &format!("{:?}", soon(prompter.ask(&job(), ask(Question::AdminPassword))).await.unwrap_err());
    }

    let objects =
        bystander.call(plugprint::dbus::ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &()).await;
    told += &String::from_utf8_lossy(objects.unwrap().data().bytes());
    house.close().await.unwrap();
    drop(client);
    let mut aside = heard_aside;
    let mut signals = 0;
    while let Ok(Some(Ok(message))) = tokio::time::timeout(Duration::from_millis(200), aside.next()).await {
        told += &format!("{message:?}");
        told += &String::from_utf8_lossy(message.data().bytes());
        signals += 1;
    }
    assert!(signals > 4, "the bystander heard only {signals}");

    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("a prompter was registered") && log.contains("a prompter can't"), "{log}");
    for canary in ["CanaryPassphrase", CANARY_PIN] {
        assert!(!told.contains(canary), "{canary} in {told}");
        assert!(!log.contains(canary), "{canary} in {log}");
    }
}
