//! Pages come out, in emulated time.

use tokio::time::{Instant, timeout};

use super::*;
use std::time::Duration;

const PRINT: &str = "/DevMgmt/InternalPrintDyn.xml";
const STATUS: &str = "/DevMgmt/ProductStatusDyn.xml";

fn categories(response: &str) -> Vec<String> {
    response.split("<pscat:StatusCategory>").skip(1).map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn two_reports_one_after_the_other() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    assert_eq!(categories(&link.get(STATUS).await), ["ready"]);
    let begin = Instant::now();
    for job_type in ["wirelessNetworkPage", "networkSummary"] {
        let response = link.post(PRINT, XHR, &root_a(job_type)).await;
        assert_eq!(status_line(&response), "HTTP/1.1 201 Created");
    }
    let mut pages = lab.printer.watch_pages();
    pages.wait_for(|pages| pages.len() == 1).await.unwrap();
    assert_eq!(categories(&link.get(STATUS).await), ["ready"], "between two pages");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(categories(&link.get(STATUS).await), ["processing"]);
    pages.wait_for(|pages| pages.len() == 2).await.unwrap();
    assert!(begin.elapsed() > Duration::from_secs(6));
    let printed = lab.printer.pages();
    let names: Vec<_> = printed.iter().map(|page| (page.job_type.as_str(), page.number)).collect();
    assert_eq!(names, [("wirelessNetworkPage", 1), ("networkSummary", 2)]);
    assert_eq!(categories(&link.get(STATUS).await), ["ready"]);
    for page in printed {
        let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&page.path).unwrap()));
        let info = decoder.read_info().unwrap();
        assert_eq!((info.info().width, info.info().height), (827, 1169), "A4 at 100 dpi");
        if let Some(folder) = std::env::var_os("PLUGPRINT_PAGES") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(&page.path, std::path::Path::new(&folder).join(page.path.file_name().unwrap())).unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_page_fits_on_its_sheet() {
    for model in Model::ALL {
        for (connected, pin_on_page) in [(true, true), (false, false)] {
            let options = Options { connected, pin_on_page, ..Options::default() };
            let printer = Printer::new(*model, options);
            for job_type in model.facts().job_types {
                let page = page::compose(&printer, job_type);
                assert!(!page.overflows(), "{job_type} of {}", model.name());
                if let Some(folder) = std::env::var_os("PLUGPRINT_PAGES") {
                    std::fs::create_dir_all(&folder).unwrap();
                    let name = format!("{}-{connected}-{job_type}.png", model.name());
                    page::write(&std::path::Path::new(&folder).join(name), &page).unwrap();
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_never_shows_processing() {
    let lab = lab(Model::LaserJet, |options| options.shows_processing = false).await;
    let mut link = lab.link().await;
    link.post(PRINT, "Content-Type: text/xml\r\n", &root_a("networkSummary")).await;
    let mut pages = lab.printer.watch_pages();
    while pages.borrow().is_empty() {
        assert_eq!(categories(&link.get(STATUS).await), ["ready"]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(pages.borrow_and_update()[0].path.is_file());
}

#[tokio::test(start_paused = true)]
async fn the_paper_runs_out_in_the_middle() {
    let lab = lab(Model::Inkjet, |options| options.fault = Some(Kind::RunsOut.into())).await;
    let mut link = lab.link().await;
    link.post(PRINT, XHR, &root_a("networkSummary")).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(categories(&link.get(STATUS).await), ["trayEmptyOrOpen", "processing"]);
    assert!(lab.printer.pages().is_empty());
    lab.printer.set_fault(None);
    let mut pages = lab.printer.watch_pages();
    timeout(Duration::from_secs(10), pages.wait_for(|pages| pages.len() == 1)).await.unwrap().unwrap();
    assert_eq!(categories(&link.get(STATUS).await), ["ready"]);
}

#[tokio::test(start_paused = true)]
async fn what_keeps_it_from_printing_is_said() {
    for (kind, category) in [
        (Kind::OutOfPaper, "trayEmptyOrOpen"),
        (Kind::DoorOpen, "closeDoorOrCover"),
        (Kind::PaperJam, "jamInPrinter"),
        (Kind::HardError, "hardError"),
        (Kind::Initializing, "initializing"),
    ] {
        let lab = lab(Model::Inkjet, |options| options.fault = Some(kind.into())).await;
        assert_eq!(categories(&lab.link().await.get(STATUS).await), [category]);
    }
    let resting = lab(Model::Inkjet, |options| options.power_save = true).await;
    assert_eq!(categories(&resting.link().await.get(STATUS).await), ["inPowerSave"]);
}
