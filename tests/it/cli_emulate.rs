//! `plugprint emulate`: served over USB/IP on loopback, and ordered about.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::dbus_support::soon;

fn emulate(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plugprint"));
    command.arg("emulate").args(words.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn it_obeys_orders_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        emulate("laserjet --json --usbip 127.0.0.1:0 --pages out").current_dir(folder.path()).spawn().unwrap();
    let mut orders = child.stdin.take().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || -> serde_json::Value {
        serde_json::from_str(&soon(events.next_line()).await.unwrap().unwrap()).unwrap()
    };
    assert_eq!(next().await["event"], "plugged-in");
    for (order, event) in [
        ("fault hang@status\n", "fault"),
        ("fault none\n", "fault"),
        ("dance\n", "error"),
        ("panel\n", "panel"),
        ("unplug\n", "unplugged"),
        ("replug\n", "plugged-in"),
    ] {
        orders.write_all(order.as_bytes()).await.unwrap();
        assert_eq!(next().await["event"], event, "{order}");
    }
    orders.write_all(b"quit\n").await.unwrap();
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(0));
    assert!(folder.path().join("out").is_dir());
}

#[tokio::test]
async fn wrong_names_are_usage_and_a_foreign_address_is_refused() {
    for (words, code) in [
        ("toaster", 2),
        ("inkjet --fault hiccup", 2),
        ("inkjet --vhci --usbip 127.0.0.1:0", 2),
        ("inkjet --usbip 192.0.2.1:3240", 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = soon(emulate(words).current_dir(folder.path()).output()).await.unwrap();
        assert_eq!(output.status.code(), Some(code), "{words}: {output:?}");
    }
    let listed = soon(emulate("list").output()).await.unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("model laserjet: ") && listed.contains(" hang"), "{listed}");
}
