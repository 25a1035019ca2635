#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::http::Reset;

fn book(text: &str) -> (Book, Vec<String>) {
    let (book, complaints) = Book::parse(Path::new("a.conf"), text.as_bytes());
    (book, complaints.iter().map(ToString::to_string).collect())
}

fn words(quirks: &Quirks) -> Vec<String> {
    quirks.in_words().into_iter().map(|(name, words)| format!("{name} = {words}")).collect()
}

#[test]
fn each_parameter_comes_from_the_most_exact_section() {
    let (book, complaints) = book(
        "[*]\n init-delay = 1\n request-delay = 1\n init-reset = soft\n usb-max-interfaces = 9\n\
         [HP*]\n request-delay = 2\n\
         [03f0:*]\n init-delay = 3\n request-delay = 3\n init-reset = hard\n\
         [HP ENVY*]\n usb-max-interfaces = 1\n\
         [HP ENVY 5000]\n usb-max-interfaces = 2\n request-delay = 5\n\
         [HP ENVY 5000]\n request-delay = 6\n\
         [03f0:1234]\n usb-max-interfaces = 3\n",
    );
    assert_eq!(complaints, Vec::<String>::new());
    let quirks = book.of(0x03f0, 0x1234, Some("HP ENVY 5000"));
    assert_eq!(
        words(&quirks),
        [
            "init-delay = 3 (a.conf:9)",
            "init-reset = hard (a.conf:11)",
            "request-delay = 5 (a.conf:16)",
            "usb-max-interfaces = 3 (a.conf:20)"
        ]
    );
    assert_eq!(quirks.manner.most_links, Some(3));
    assert_eq!(quirks.manner.request_delay, Duration::from_millis(5));
    assert_eq!(quirks.manner.init_reset, Reset::Hard);
    // Before it has said its name.
    let early = book.of(0x03f0, 0x1234, None);
    assert_eq!((early.manner.most_links, early.manner.request_delay.as_millis()), (Some(3), 3));
    assert_eq!(
        words(&book.of(0x04a9, 0x1234, Some("HP ENVY 5001"))),
        [
            "init-delay = 1 (a.conf:2)",
            "init-reset = soft (a.conf:4)",
            "request-delay = 2 (a.conf:7)",
            "usb-max-interfaces = 1 (a.conf:13)"
        ]
    );
}

#[test]
fn a_parameter_can_be_taken_back_by_a_more_exact_section() {
    let (book, _) = book("[HP*]\nblacklist = true\nhttp-x-a = close\n[HP ENVY]\nblacklist = false\nHTTP-X-A = \"\"\n");
    assert!(book.of(1, 2, Some("HP Laser")).blacklisted);
    let quirks = book.of(1, 2, Some("HP ENVY"));
    assert!(!quirks.blacklisted);
    let headers = |quirks: Quirks| format!("{:?}", quirks.manner.headers);
    assert_eq!(headers(quirks), r#"[("x-a", None)]"#);
    assert_eq!(headers(book.of(1, 2, Some("HP Laser"))), r#"[("x-a", Some("close"))]"#);
}

#[test]
fn what_is_not_needed_says_why() {
    let (book, _) = book("[*]\nhttp-connection = \"\"\n");
    assert_eq!(
        words(&book.of(1, 2, Some("x"))),
        ["http-connection = \"\" (a.conf:2); not needed here: nothing is said of the connection anyway"]
    );
}

#[test]
fn what_is_said_of_the_connection_is_said() {
    let (book, complaints) = book(
        "[*]\nhttp-connection = \"\"\n[HP LaserJet MFP M28-M31]\n  http-connection = keep-alive\n\
         [HP OfficeJet Pro 8730]\n  http-connection = close\n",
    );
    assert_eq!(complaints, Vec::<String>::new());
    let headers = |name| format!("{:?}", book.of(0x03f0, 1, Some(name)).manner.headers);
    assert_eq!(headers("HP LaserJet MFP M28-M31"), r#"[("connection", Some("keep-alive"))]"#);
    assert_eq!(headers("HP OfficeJet Pro 8730"), r#"[("connection", Some("close"))]"#);
    assert_eq!(headers("HP ENVY"), "[]");
    let laser = words(&book.of(0x03f0, 1, Some("HP LaserJet MFP M28-M31")));
    assert_eq!(laser, ["http-connection = keep-alive (a.conf:4)"]);
}

#[test]
fn a_mistake_is_told_with_its_line_and_costs_only_itself() {
    let (book, complaints) = book(
        "blacklist = true\n[A\nblacklist = true\n[B\\]\nblacklist = true\n[HP]\ninit-delay = soon\nnew-thing = 1\n\
         http-host = evil\nmodel = X\nzlp-send = true\nzlp-send = false\nwhat\n",
    );
    assert_eq!(
        complaints,
        [
            "a.conf:1: this is in no section; it is ignored",
            "a.conf:2: the ] is missing; the section is left out",
            "a.conf:4: there is nothing after the \\; the section is left out",
            "a.conf:7: this must be milliseconds, or a time as 20s, 500ms or 1m30s, and at most an hour; it is ignored",
            "a.conf:8: this version knows no \"new-thing\"; it is ignored",
            "a.conf:9: this must be about another header field: this one says where a message ends, or whose it is; it is ignored",
            "a.conf:10: this must be in a section [vvvv:pppp] or [vvvv:*]: the others are found by it; it is ignored",
            "a.conf:12: this was said in line 11 already; that counts",
            "a.conf:13: this is neither [section] nor key = value; the line is ignored",
        ]
    );
    assert_eq!(words(&book.of(1, 2, Some("HP"))), ["zlp-send = true (a.conf:11)"]);
    assert_eq!(words(&book.of(1, 2, Some("A"))), Vec::<String>::new());
}

#[test]
fn the_name_is_made_as_ipp_usb_makes_it() {
    assert_eq!(full_name("HP", "HP OfficeJet Pro 8730"), "HP OfficeJet Pro 8730");
    assert_eq!(full_name("HP Inc.", "HP Laser MFP 135a "), "HP Inc. HP Laser MFP 135a");
    assert_eq!(full_name("", "X"), "X");
}

#[test]
fn folders_are_read_in_order_and_files_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (own, shipped) = (folder.path().join("own"), folder.path().join("shipped"));
    for (name, text) in [
        (own.join("z.conf"), "[HP]\ninit-delay = 1\n"),
        (shipped.join("a.conf"), "[HP]\ninit-delay = 2\nrequest-delay = 2\n"),
        (shipped.join("b.conf"), "[HP]\nrequest-delay = 3\nusb-send-delay = 3\n"),
        (shipped.join("b.conf.bak"), "[HP]\nblacklist = true\n"),
    ] {
        fs::create_dir_all(name.parent().unwrap()).unwrap();
        fs::write(name, text).unwrap();
    }
    fs::create_dir(shipped.join("folder.conf")).unwrap();
    let (book, complaints) = Book::read(&[own.clone(), folder.path().join("not there"), shipped.clone()]);
    assert_eq!(complaints, []);
    let quirks = book.of(1, 2, Some("HP"));
    let source = |name| quirks.source(name).unwrap().to_string();
    assert_eq!(source("init-delay"), format!("{}:2", own.join("z.conf").display()));
    assert_eq!(source("request-delay"), format!("{}:3", shipped.join("a.conf").display()));
    assert_eq!(source("usb-send-delay"), format!("{}:3", shipped.join("b.conf").display()));
    assert!(!quirks.blacklisted);
}

/// Those of Debian's package, where it is installed.
#[test]
fn the_files_that_ipp_usb_brings_are_right() {
    let folder = Path::new("/usr/share/ipp-usb/quirks");
    if !folder.join("HP.conf").exists() {
        println!("skipped: ipp-usb is not installed");
        return;
    }
    let (book, complaints) = Book::read(&[folder.into()]);
    assert_eq!(complaints, []);
    let scanner = book.of(0x03f0, 1, Some("HP ScanJet Pro 4500 fn1"));
    assert_eq!(scanner.manner.most_links, Some(1));
    assert!(scanner.source("usb-max-interfaces").unwrap().to_string().contains("/quirks/HP.conf:"));
    assert!(book.of(0x03f0, 1, Some("HP Inc. HP Laser 107a")).blacklisted);
    assert!(book.of(0x03f0, 1, Some("HP ENVY 5530 series")).no_fax);
}

#[test]
fn what_ipp_usb_ignores_is_for_its_own_files_to_say() {
    let folders = tempfile::tempdir().unwrap();
    let (theirs, ours) = (folders.path().join("ipp-usb/quirks"), folders.path().join("plugprint/quirks"));
    for (folder, text) in [(&theirs, "[HP Laser*]\nblacklist = true\n"), (&ours, "[HP Laser*]\nblacklist = false\n")] {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("a.conf"), text).unwrap();
    }
    let (book, complaints) = Book::read(&[ours.clone(), theirs.clone()]);
    assert_eq!(complaints, []);
    let laser = book.of(0x03f0, 1, Some("HP Laser 107a"));
    assert_eq!((laser.blacklisted, laser.ignored_by_ipp_usb), (false, true));
    let envy = book.of(0x03f0, 1, Some("HP ENVY"));
    assert_eq!((envy.blacklisted, envy.ignored_by_ipp_usb), (false, false));
    // Ours are nothing to it.
    std::fs::write(ours.join("a.conf"), "[*]\nblacklist = true\n").unwrap();
    let (book, _) = Book::read(&[ours, theirs]);
    let envy = book.of(0x03f0, 1, Some("HP ENVY"));
    assert_eq!((envy.blacklisted, envy.ignored_by_ipp_usb), (true, false));
}

/// Sections of newer versions of ipp-usb.
#[test]
fn what_newer_files_say() {
    let (book, complaints) = book(
        "[*HP Color LaserJet Flow*]\n  init-timeout = 20s\n  init-retry-partial = true\n  zlp-recv-hack = true\n\
         [0924:42ea]\n  mfg        = Xerox\n  model      = B210\n  init-reset = hard\n\
         [Pantum*]\n  buggy-ipp-responses = sanitize\n",
    );
    assert_eq!(complaints, Vec::<String>::new());
    let flow = book.of(0x03f0, 1, Some("Hewlett-Packard HP Color LaserJet FlowMFP M578"));
    assert!(flow.manner.zlp_recv_hack);
    assert_eq!(flow.manner.init_timeout, Some(Duration::from_secs(20)));
    let xerox = book.of(0x0924, 0x42ea, None);
    assert_eq!((xerox.manufacturer.as_deref(), xerox.model.as_deref()), (Some("Xerox"), Some("B210")));
    assert_eq!(xerox.manner.init_reset, Reset::Hard);
    assert!(book.of(0x232b, 1, Some("Pantum M7300FDW Series")).sanitize_ipp);
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (book, complaints) = Book::parse(Path::new("x"), &bytes);
        let _ = book.of(1, 2, Some("x"));
        prop_assert!(complaints.len() <= 64);
    }

    #[test]
    fn any_file_of_its_own_words_is_read(
        text in "(\\[|\\]|\\*|03f0:\\*|HP|=|\"|\\\\|\n|#|;| |init-delay|http-|true|1s|blacklist){0,60}"
    ) {
        let (book, _) = Book::parse(Path::new("x"), text.as_bytes());
        for (_, words) in book.of(0x03f0, 2, Some("HP")).in_words() {
            prop_assert!(words.chars().all(|c| !c.is_control()));
        }
    }
}
