//! The printer without HTTP: one page for the one request it knows, and a note of everything else.

use super::*;

const LASER: &str = "\x1b%-12345X@PJL\r\n@PJL DMCMD ASCIIHEX=\"0400040101050204VALUE\"\r\n\x1b%-12345X";

async fn printed(options: impl FnOnce(&mut Options), sent: &[&[u8]]) -> (Vec<String>, Vec<String>) {
    let lab = lab(Model::Legacy, options).await;
    let mut link = lab.link().await;
    for bytes in sent {
        link.send(bytes).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    (lab.printer.pages().into_iter().map(|page| page.job_type).collect(), lab.printer.requests())
}

fn laser(value: &str) -> String {
    LASER.replace("VALUE", value)
}

#[tokio::test(start_paused = true)]
async fn a_page_for_the_one_request_it_knows() {
    let (pages, log) = printed(|_| {}, &[laser("0103").as_bytes()]).await;
    assert_eq!(
        (pages, log),
        (vec!["configurationPage".to_owned()], vec!["DMCMD print-internal-page=3 in 1 bytes".to_owned()])
    );
    let whole = laser("0400000003");
    let (head, tail) = whole.as_bytes().split_at(20);
    assert_eq!(printed(|_| {}, &[head, tail]).await.0.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_variant_takes_what_it_says() {
    for (value, taken) in [
        (PmlValue::Both, [true, true]),
        (PmlValue::Short, [true, false]),
        (PmlValue::Long, [false, true]),
        (PmlValue::Neither, [false, false]),
    ] {
        for (form, taken) in ["0103", "0400000003"].into_iter().zip(taken) {
            let (pages, log) = printed(|options| options.pml_value = value, &[laser(form).as_bytes()]).await;
            assert_eq!(!pages.is_empty(), taken, "{value:?} {form}");
            assert!(log[0].starts_with("DMCMD print-internal-page=3"), "{log:?}");
        }
    }
    let (pages, _) = printed(|options| options.pml_envelope = PmlEnvelope::Pcl3Gui, &[laser("0103").as_bytes()]).await;
    assert!(pages.is_empty());
}

#[tokio::test(start_paused = true)]
async fn anything_else_is_noted() {
    let sent = [
        laser("0104"),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "\x1b%-12345X@PJL\r\n@PJL RESET".to_owned(),
        "\x1b%-1".to_owned(),
    ];
    for sent in sent {
        let (pages, log) = printed(|_| {}, &[sent.as_bytes()]).await;
        assert!(pages.is_empty());
        assert!(log[0].starts_with(&format!("unexpected {} bytes", sent.len())), "{log:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn its_device_id_may_say_nothing() {
    for (setting, says) in [("connected=yes", "CMD:PJL,PML"), ("pml=pcl3gui", "CMD:PCL3GUI,"), ("device-id=empty", "")]
    {
        let lab = lab(Model::Legacy, |options| options.set(setting).unwrap()).await;
        let id = lab.device.control_in(
            usb::ControlIn { request_type: 0xa1, request: 0, value: 0, index: 0, length: 1023 },
            std::time::Duration::from_secs(1),
        );
        let id = id.await.unwrap();
        assert_eq!(usize::from(id[0]) << 8 | usize::from(id[1]), id.len());
        assert!(String::from_utf8_lossy(&id[2..]).contains(says));
        assert_eq!(id.len() == 2, says.is_empty());
    }
}
