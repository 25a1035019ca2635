//! The scanner's documents.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::super::printer::Printer;
use super::super::services::Scan;
use super::settings::{Color, FEEDER_HEIGHT, MIN, PLATEN_HEIGHT, PWG, RESOLUTIONS, SCAN, Source, WIDTH};
use super::{Job, State};

const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn input(name: &str, height: u32) -> String {
    let formats: String = ["image/jpeg", "image/png"]
        .iter()
        .map(|mime| {
            format!(
                "<pwg:DocumentFormat>{mime}</pwg:DocumentFormat><scan:DocumentFormatExt>{mime}</scan:DocumentFormatExt>"
            )
        })
        .collect();
    let resolutions: String = RESOLUTIONS.iter().map(|dpi| format!("<scan:DiscreteResolution><scan:XResolution>{dpi}</scan:XResolution><scan:YResolution>{dpi}</scan:YResolution></scan:DiscreteResolution>")).collect();
    format!(
        "<scan:{name}><scan:MinWidth>{MIN}</scan:MinWidth><scan:MaxWidth>{WIDTH}</scan:MaxWidth><scan:MinHeight>{MIN}</scan:MinHeight><scan:MaxHeight>{height}</scan:MaxHeight><scan:MaxScanRegions>1</scan:MaxScanRegions><scan:SettingProfiles><scan:SettingProfile><scan:ColorModes><scan:ColorMode>RGB24</scan:ColorMode><scan:ColorMode>Grayscale8</scan:ColorMode></scan:ColorModes><scan:ContentTypes><pwg:ContentType>Photo</pwg:ContentType><pwg:ContentType>Text</pwg:ContentType><pwg:ContentType>TextAndPhoto</pwg:ContentType></scan:ContentTypes><scan:DocumentFormats>{formats}</scan:DocumentFormats><scan:SupportedResolutions><scan:DiscreteResolutions>{resolutions}</scan:DiscreteResolutions></scan:SupportedResolutions><scan:ColorSpaces><scan:ColorSpace>sRGB</scan:ColorSpace></scan:ColorSpaces></scan:SettingProfile></scan:SettingProfiles><scan:SupportedIntents><scan:Intent>Document</scan:Intent><scan:Intent>Photo</scan:Intent><scan:Intent>Preview</scan:Intent><scan:Intent>TextAndGraphic</scan:Intent></scan:SupportedIntents><scan:MaxOpticalXResolution>600</scan:MaxOpticalXResolution><scan:MaxOpticalYResolution>600</scan:MaxOpticalYResolution></scan:{name}>"
    )
}

/// scan:ScannerCapabilities (eSCL 2.97, 8.1).
pub(super) fn capabilities(printer: &Printer, scan: &Scan) -> String {
    let facts = printer.facts();
    let feeder = match scan.feeder {
        true => format!(
            "<scan:Adf>{}<scan:FeederCapacity>{}</scan:FeederCapacity><scan:AdfOptions><scan:AdfOption>DetectPaperLoaded</scan:AdfOption></scan:AdfOptions></scan:Adf>",
            input("AdfSimplexInputCaps", FEEDER_HEIGHT),
            35
        ),
        false => String::new(),
    };
    format!(
        "{PROLOGUE}<scan:ScannerCapabilities xmlns:scan=\"{SCAN}\" xmlns:pwg=\"{PWG}\"><pwg:Version>2.63</pwg:Version><pwg:MakeAndModel>HP {}</pwg:MakeAndModel><pwg:SerialNumber>{}</pwg:SerialNumber><scan:UUID>{}</scan:UUID><scan:AdminURI>http://localhost/</scan:AdminURI><scan:IconURI>http://localhost/icon-128.png</scan:IconURI><scan:Platen>{}</scan:Platen>{feeder}</scan:ScannerCapabilities>\n",
        facts.product,
        escape(printer.serial()),
        facts.uuid,
        input("PlatenInputCaps", PLATEN_HEIGHT),
    )
}

/// scan:ScannerStatus (eSCL 2.97, 9): newest job first.
pub(super) fn status(printer: &Printer, scan: &Scan) -> String {
    let uuid = printer.facts().uuid;
    let mut scanner = printer.services().scanner();
    scanner.settle();
    let state = if scanner.busy() { "Processing" } else { "Idle" };
    let feeder = match (scan.feeder, scanner.loaded(printer.options().feeder_sheets)) {
        (false, _) => "",
        (true, true) => "<scan:AdfState>ScannerAdfLoaded</scan:AdfState>",
        (true, false) => "<scan:AdfState>ScannerAdfEmpty</scan:AdfState>",
    };
    let mut jobs = String::new();
    for job in scanner.jobs.iter().rev() {
        let (state, reason) = job.state.words();
        let left = if job.state == State::Processing { job.pages - job.done } else { 0 };
        let _ = write!(
            jobs,
            "<scan:JobInfo><pwg:JobUri>/eSCL/ScanJobs/{id}</pwg:JobUri><pwg:JobUuid>{uuid}-{id}</pwg:JobUuid><scan:Age>{}</scan:Age><pwg:ImagesCompleted>{}</pwg:ImagesCompleted><pwg:ImagesToTransfer>{left}</pwg:ImagesToTransfer><pwg:JobState>{state}</pwg:JobState><pwg:JobStateReasons><pwg:JobStateReason>{reason}</pwg:JobStateReason></pwg:JobStateReasons></scan:JobInfo>",
            job.begun.elapsed().as_secs(),
            job.done,
            id = job.id,
        );
    }
    let jobs = if jobs.is_empty() { jobs } else { format!("<scan:Jobs>{jobs}</scan:Jobs>") };
    format!(
        "{PROLOGUE}<scan:ScannerStatus xmlns:scan=\"{SCAN}\" xmlns:pwg=\"{PWG}\"><pwg:Version>2.63</pwg:Version><pwg:State>{state}</pwg:State>{feeder}{jobs}</scan:ScannerStatus>\n"
    )
}

/// scan:ScanImageInfo (eSCL 2.97, 6.5): what the page really measures.
pub(super) fn image_info(job: &Job) -> String {
    let (width, height) = job.settings.size();
    let line = match job.settings.color {
        Color::Rgb24 => width * 3,
        Color::Grayscale8 => width,
    };
    let source = if job.settings.source == Source::Platen { "Platen" } else { "Feeder" };
    format!(
        "{PROLOGUE}<scan:ScanImageInfo xmlns:scan=\"{SCAN}\" xmlns:pwg=\"{PWG}\"><pwg:JobUri>/eSCL/ScanJobs/{}</pwg:JobUri><pwg:InputSource>{source}</pwg:InputSource><scan:ActualWidth>{width}</scan:ActualWidth><scan:ActualHeight>{height}</scan:ActualHeight><scan:ActualBytesPerLine>{line}</scan:ActualBytesPerLine></scan:ScanImageInfo>\n",
        job.id
    )
}
