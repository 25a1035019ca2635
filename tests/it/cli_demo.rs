//! The demonstration, as somebody runs it who has just built the project.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::dbus_support::soon;

async fn demo(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plugprint"));
    command.args(words).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    // Neither the system's bus nor the session's is touched.
    command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus").env_remove("DBUS_SESSION_BUS_ADDRESS");
    let ended = soon(command.output()).await.unwrap();
    let out = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{out}\n{}", String::from_utf8_lossy(&ended.stderr));
    out
}

#[tokio::test]
async fn the_demonstration_tells_the_whole_story() {
    let folder = tempfile::tempdir().unwrap();
    let told = demo(folder.path(), &["demo"]).await;
    let mut rest = told.as_str();
    for part in [
        "stand-in for polkit",
        "-- A printer is plugged in",
        "\tready\t001/002\t",
        "capability read-pin: confirmed",
        "capability report-network: listed",
        "Printed by HP LaserJet Emulated P1000w: networkSummary",
        "Page 1 (networkSummary): /",
        "wirelessNetworkPage, networkSummary",
        "$ plugprint pin read",
        "2:00 left",
        "1:59 left",
        "-- The cable is pulled",
        "\tready\t001/003\t",
        "join\ttaken first\tprofile\t",
        "$ plugprint setup --ssid \"Emulated Network\"\n",
        "Password of the network \"Emulated Network\" (you type it; it is not shown): ********\n",
        "Joined Emulated Network. The printer's address is 192.0.2.57.\n",
        "$ plugprint wifi status",
        "network: Emulated Network\n",
        "addresses: 192.0.2.57\n",
        "Page 4 (wirelessNetworkPage): /",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is missing, or out of order:\n{told}"));
        rest = &rest[at..];
    }
    assert!(!told.contains("emulated passphrase"), "{told}");
    for line in told.lines().filter(|line| line.starts_with("Page ")) {
        let file = line.split_once(": ").unwrap().1;
        let image = std::fs::read(file).unwrap();
        assert!(image.starts_with(b"\x89PNG"), "{file}");
        assert!(Path::new(file).starts_with(std::fs::canonicalize(folder.path()).unwrap()));
    }
}

#[tokio::test]
async fn for_a_program_it_is_one_object_per_line() {
    let folder = tempfile::tempdir().unwrap();
    let told = demo(folder.path(), &["demo", "--json", "--pages", "out"]).await;
    let objects: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pages = objects.iter().filter(|object| object["event"] == "page").count();
    let pin = objects.iter().find_map(|object| object["pin"].as_str()).unwrap();
    assert_eq!((pages, pin.len()), (4, 8), "{told}");
    let joined = objects.iter().find(|object| object["event"] == "joined").unwrap();
    assert_eq!((&joined["ssid"], &joined["address"]), (&"Emulated Network".into(), &"192.0.2.57".into()));
}
