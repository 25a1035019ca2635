//! PML, HP's management language of before HTTP, as far as it lets a printer print its configuration page: the object
//! `print-internal-page` (OID 1.1.5.2) set to 3, inside a print job \[C: HPLIP; HP's MIBs for LaserJets\].
//!
//! The same language resets a printer to what it was in the factory, and what a printer does not understand it may
//! print. So the four jobs below are all that there is: a [`Job`] can't be made of anything else, and the only function
//! that writes takes nothing else. Nothing is read back; the printer does not tell what became of it.
//!
//! | | one byte of value | four |
//! |---|---|---|
//! | PJL: `DMCMD` is seen in tools with other packets \[C: PRET\]; with this one it is composed \[I\] | hp.md 7.1 \[I\] | \[I\] |
//! | PCL3GUI: HPLIP's envelope for inkjets \[C: prnt/pcl.py, `buildEmbeddedPML2`\] | HPLIP by Python 2 \[C\] | by Python 3 \[C\] |
//!
//! Which printer takes which of them is not known \[I\]: hence assumed, and off unless somebody wants to try.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::Error;
use crate::http;
use crate::usb::device_id::DeviceId;
use crate::usb::link::Link;
use crate::usb::raw::Port;
use crate::usb::{self, Device};

/// How long others may use the device before.
const TURN: Duration = Duration::from_secs(10);
/// How often, and how long apart, a claim is tried while another program holds the interface: CUPS looks at printers so
/// for a moment.
const CLAIMS: (u32, Duration) = (4, Duration::from_secs(1));
/// How long the printer may take to take a job. One that is asleep or prints something else makes us wait.
const TAKE: Duration = Duration::from_secs(30);
/// Who asks again so soon has not got a page.
const SOON: Duration = Duration::from_secs(10 * 60);
/// How long the kernel's driver may take to come back.
const RETURN: Duration = Duration::from_secs(5);

/// A print job: one of four, all bytes of it known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job(&'static [u8]);

const PJL_SHORT: Job = Job(b"\x1b%-12345X@PJL\r\n@PJL DMCMD ASCIIHEX=\"04000401010502040103\"\r\n\x1b%-12345X");
const PJL_LONG: Job = Job(b"\x1b%-12345X@PJL\r\n@PJL DMCMD ASCIIHEX=\"04000401010502040400000003\"\r\n\x1b%-12345X");
const PCL3GUI_SHORT: Job = Job(
    b"\x1bE\x1b%-12345X@PJL JOB NAME=\"unnamed\"\n@PJL ENTER LANGUAGE=PCL3GUI\n\x1bE\x1b&b14WPML \x04\x00\x04\x01\x01\x05\x02\x04\x01\x03\x1bE@PJL EOJ\n\x1bE\x1b%-12345X",
);
const PCL3GUI_LONG: Job = Job(
    b"\x1bE\x1b%-12345X@PJL JOB NAME=\"unnamed\"\n@PJL ENTER LANGUAGE=PCL3GUI\n\x1bE\x1b&b17WPML \x04\x00\x04\x01\x01\x05\x02\x04\x04\x00\x00\x00\x03\x1bE@PJL EOJ\n\x1bE\x1b%-12345X",
);

impl Job {
    /// All there are.
    pub const ALL: [Self; 4] = [PJL_SHORT, PJL_LONG, PCL3GUI_SHORT, PCL3GUI_LONG];

    fn of(language: Language, form: Form) -> Self {
        match (language, form) {
            (Language::Pjl, Form::Short) => PJL_SHORT,
            (Language::Pjl, Form::Long) => PJL_LONG,
            (Language::Pcl3Gui, Form::Short) => PCL3GUI_SHORT,
            (Language::Pcl3Gui, Form::Long) => PCL3GUI_LONG,
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        self.0
    }
}

/// What carries PML to a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// PJL's `DMCMD`.
    Pjl,
    /// A command of PCL3GUI, which inkjets speak.
    Pcl3Gui,
}

impl Language {
    /// By the printer's own device id: HP's, and with PJL among its languages. `None`: it is not written to.
    #[must_use]
    pub fn of(id: &DeviceId) -> Option<Self> {
        let maker = id.manufacturer.as_deref().unwrap_or_default();
        let hp = ["HP", "Hewlett-Packard"].iter().any(|name| maker.eq_ignore_ascii_case(name));
        let speaks = |language: &str| id.commands.iter().any(|command| command.eq_ignore_ascii_case(language));
        match (hp && speaks("PJL"), speaks("PCL3GUI")) {
            (false, _) => None,
            (true, false) => Some(Self::Pjl),
            (true, true) => Some(Self::Pcl3Gui),
        }
    }
}

/// In how many bytes the value comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Short,
    Long,
}

impl Form {
    fn other(self) -> Self {
        match self {
            Self::Short => Self::Long,
            Self::Long => Self::Short,
        }
    }
}

/// In which form a printer was asked last, and when. Clones are the same printer.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<Mutex<Option<(Form, Instant)>>>);

impl Asked {
    /// The form for now. No printer says which one it understands; but who asks again at once got nothing, and who
    /// comes back later got the page.
    fn next(&self, now: Instant) -> Form {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Form::Short,
            Some((form, when)) if now.duration_since(when) < SOON => form.other(),
            Some((form, _)) => form,
        }
    }

    fn sent(&self, form: Form, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((form, now));
    }
}

/// The configuration page of one printer, as long as it is plugged in.
#[derive(Clone, Debug)]
pub struct Page {
    port: Port,
    language: Language,
    asked: Asked,
}

impl Page {
    /// Of the printer with this interface, which understands this.
    #[must_use]
    pub fn new(port: Port, language: Language) -> Self {
        Self { port, language, asked: Asked::default() }
    }
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        (self.port, self.language) == (other.port, other.language)
    }
}

impl Eq for Page {}

/// Sends the job that asks for the page. Returns when the printer has taken it, which is all that can be known. The
/// interface is claimed for this moment only.
///
/// # Errors
/// [`Error::Busy`] where the printer took nothing of it, [`Error::Uncertain`] where it may have taken it;
/// [`http::Error::ClaimedElsewhere`] and what else keeps it from being sent.
pub async fn print(pool: &http::Pool, page: &Page) -> Result<(), Error> {
    let loan = pool.lend(TURN).await?;
    let sending = async {
        let form = page.asked.next(Instant::now());
        let mut writer = Writer::claim(loan.device(), page.port).await.map_err(|error| {
            loan.note(&error);
            match error {
                usb::Error::Busy => http::Error::ClaimedElsewhere,
                error => http::Error::Usb(error),
            }
        })?;
        let sent = writer.send(Job::of(page.language, form)).await;
        let begun = writer.0.sent() > 0;
        // The kernel's driver comes back with this.
        drop(writer);
        let _ = tokio::time::timeout(RETURN, loan.device().released()).await;
        match sent {
            Ok(()) => page.asked.sent(form, Instant::now()),
            Err(Unsent::Late) if !begun => return Err(Error::Busy),
            Err(Unsent::Late) => return Err(Error::Uncertain(http::Error::NoAnswer { after: TAKE })),
            Err(Unsent::Usb(error)) => {
                loan.note(&error);
                return Err(if begun { Error::Uncertain(error.into()) } else { Error::Http(error.into()) });
            }
        }
        Ok(())
    };
    tokio::select! {
        sent = sending => sent,
        () = loan.recalled() => Err(Error::Uncertain(http::Error::Closed)),
    }
}

/// Why a job did not leave.
enum Unsent {
    /// The printer did not take it in time.
    Late,
    /// The cable.
    Usb(usb::Error),
}

/// The only one who writes to an old printer interface.
struct Writer(Link);

impl Writer {
    async fn claim(device: &dyn Device, port: Port) -> Result<Self, usb::Error> {
        let mut tried = 1;
        loop {
            match port.claim(device).await {
                Err(usb::Error::Busy) if tried < CLAIMS.0 => {
                    tried += 1;
                    sleep(CLAIMS.1).await;
                }
                claimed => return Ok(Self(claimed?)),
            }
        }
    }

    /// Sends a whole job; what has not left in time is taken back.
    async fn send(&mut self, job: Job) -> Result<(), Unsent> {
        let until = Instant::now() + TAKE;
        let mut rest = job.bytes();
        let all = async {
            while !rest.is_empty() {
                let taken = poll_fn(|cx| self.0.poll_write_bytes(cx, rest)).await?;
                rest = rest.get(taken..).unwrap_or_default();
            }
            poll_fn(|cx| self.0.poll_flush_out(cx)).await
        };
        let sent = timeout_at(until, all).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                self.0.abort().await;
                Err(Unsent::Usb(error))
            }
            Err(_) => {
                self.0.abort().await;
                Err(Unsent::Late)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::usb::device_id::parse;

    #[test]
    fn the_jobs_are_these_bytes() {
        let hex = |packet: &[u8]| packet.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        let oid = [0x04, 0x00, 4, 1, 1, 5, 2];
        let (short, long) = ([&oid[..], &[4, 1, 3]].concat(), [&oid[..], &[4, 4, 0, 0, 0, 3]].concat());
        let pjl = |packet: &[u8]| {
            format!("\x1b%-12345X@PJL\r\n@PJL DMCMD ASCIIHEX=\"{}\"\r\n\x1b%-12345X", hex(packet)).into_bytes()
        };
        let gui = |packet: &[u8]| {
            let before = "\x1bE\x1b%-12345X@PJL JOB NAME=\"unnamed\"\n@PJL ENTER LANGUAGE=PCL3GUI\n\x1bE";
            let command = [format!("\x1b&b{}WPML ", packet.len() + 4).as_bytes(), packet].concat();
            [before.as_bytes(), &command, b"\x1bE@PJL EOJ\n\x1bE\x1b%-12345X"].concat()
        };
        let expected = [pjl(&short), pjl(&long), gui(&short), gui(&long)];
        assert_eq!(Job::ALL.map(|job| job.bytes().to_vec()), expected);
        for (at, (language, form)) in [
            (Language::Pjl, Form::Short),
            (Language::Pjl, Form::Long),
            (Language::Pcl3Gui, Form::Short),
            (Language::Pcl3Gui, Form::Long),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(Job::of(language, form), Job::ALL[at]);
        }
    }

    #[test]
    fn the_device_id_decides() {
        for (id, language) in [
            ("MFG:HP;CMD:PJL,PML,PCL;", Some(Language::Pjl)),
            ("MFG:Hewlett-Packard;CMD:PJL,MLC,PCLXL;", Some(Language::Pjl)),
            ("MFG:HP;CMD:PCL3GUI,PJL,MLC;", Some(Language::Pcl3Gui)),
            ("MANUFACTURER:hp;COMMAND SET:pjl;", Some(Language::Pjl)),
            ("MFG:HP;CMD:PCL3GUI;", None),
            ("MFG:HP;CMD:PJLX,XPJL;", None),
            ("MFG:HP;", None),
            ("MFG:HPE;CMD:PJL;", None),
            ("MFG:Samsung;CMD:PJL,PML;", None),
            ("CMD:PJL;", None),
            ("", None),
        ] {
            assert_eq!(Language::of(&parse(id.as_bytes())), language, "{id}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_again_at_once_is_asking_in_the_other_form() {
        let asked = Asked::default();
        assert_eq!(asked.next(Instant::now()), Form::Short);
        // What never left changes nothing.
        assert_eq!(asked.next(Instant::now()), Form::Short);
        asked.sent(Form::Short, Instant::now());
        sleep(Duration::from_secs(60)).await;
        assert_eq!(asked.next(Instant::now()), Form::Long);
        asked.sent(Form::Long, Instant::now());
        sleep(SOON).await;
        assert_eq!(asked.next(Instant::now()), Form::Long);
    }
}
