//! What was typed.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Plug a printer in over USB: set up its Wi-Fi, print its network report, read its WPS PIN.
#[derive(Debug, Parser)]
#[command(name = "plugprint", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "\
PRINTER is an id or a serial number as `plugprint list` shows it, or a part of the model's name.
It may be left out when one printer is plugged in.

Exit status: 0 done, 1 the printer or the network refused or failed, 2 wrong usage, 3 no such
printer, 4 this printer can't, 5 not allowed, 6 timed out or expired, 7 the service can't be reached.")]
pub struct Cli {
    /// Write one JSON object per line
    #[arg(long, global = true)]
    pub json: bool,

    /// Also use what is only assumed to work with this printer
    #[arg(long, global = true)]
    pub experimental: bool,

    /// The message bus to use instead of the system's
    #[arg(long, global = true, hide = true, value_name = "ADDRESS")]
    pub bus_address: Option<String>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what is plugged in
    List,
    /// Show one printer in full: what it can do, and how we know
    Show(Which),
    /// Show events as they happen
    Monitor,
    /// Let the printer print a report about itself
    Report(Report),
    /// Let the printer show which one it is: it blinks, beeps, or says so on its panel
    Identify(Identify),
    /// Do what a combination of buttons on the printer's panel does
    #[command(allow_missing_positional = true)]
    Buttons(Buttons),
    /// Bring the printer onto the Wi-Fi
    #[command(after_help = "\
The routes, best first: join (the printer is given the network's name and password over USB), button
(two buttons are pressed, the printer's and the router's), pin (the printer's WPS PIN is given to a
registrar on this computer), typed (you type the PIN at the router), guided (you go through the
printer's panel). Without --route the first that is possible is taken.

A password or a PIN is never an argument: it is asked for on the terminal, or read with --stdin.
With --json each question is an object, {\"event\":\"prompt\",...}, and the next line of standard input
its answer: the secret; for kind \"confirmation\" y or n; for kind \"action\" any line once it is done.
An empty line declines a secret.")]
    Setup(Setup),
    /// The printer's Wi-Fi: what it is on, what it hears, its radio
    #[command(subcommand)]
    Wifi(Wifi),
    /// The printer's WPS PIN
    #[command(subcommand)]
    Pin(Pin),
    /// Say what keeps a printer from working, and what to do
    Doctor(Which),
    /// Decide who drives the printer, from now on
    #[command(allow_missing_positional = true)]
    Mode(Mode),
    /// Let another program have the printer: as long as COMMAND runs, or until Enter or Ctrl-C
    Release(Release),
    /// Open the printer's own web pages, with those for its set-up, for ten minutes and for you only
    Open(Which),
    /// Write what is known about a printer to a file, without serial numbers and secrets
    SupportBundle(SupportBundle),
    /// Plug an emulated printer into this kernel, or serve it over USB/IP
    #[command(after_help = "\
Orders on standard input, one a line: fault NAME, fault none, unplug, replug, panel (what the
printer's panel shows), paper (what the last page says), requests (what arrived since this was
asked last), press wps, press wireless, press lit (the button that lets in), type PIN and push (at the simulated router), quit. Each page that is printed is told with its number, job and
file, and what the printer's Wi-Fi does.

--radio supplicant=SOCKET gives it a real radio: the control socket of a wpa_supplicant that has
no networks of its own; with it, dhcp=PROGRAM asks for an address and writes ip=, subnet=, router=
and dns= lines.")]
    #[cfg(feature = "emulator")]
    Emulate(Emulate),
    /// See it all work, without a printer: everything runs inside this program
    #[cfg(feature = "emulator")]
    Demo(Demo),
}

/// Which printer.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// Id, serial number, or part of the model's name
    #[arg(value_name = "PRINTER")]
    pub printer: Option<String>,
}

/// `report`
#[derive(Debug, Args)]
pub struct Report {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// Which report
    #[arg(long, value_enum, default_value_t = Kind::Network)]
    pub kind: Kind,
}

/// `identify`
#[derive(Debug, Args)]
pub struct Identify {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// How, where it can choose
    #[arg(long, value_enum)]
    pub action: Option<Shown>,
}

/// How a printer shows which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// It blinks
    Flash,
    /// It says so on its panel
    Display,
    /// It beeps
    Sound,
}

impl Shown {
    /// The name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Display => "display",
            Self::Sound => "sound",
        }
    }
}

/// The kinds of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The network configuration page
    Network,
    /// The wireless network test report
    Wireless,
    /// The printer status report
    Status,
}

impl Kind {
    /// The name on D-Bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Wireless => "wireless",
            Self::Status => "status",
        }
    }

    /// In a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Network => "network configuration page",
            Self::Wireless => "wireless network test report",
            Self::Status => "printer status report",
        }
    }
}

/// `buttons`
#[derive(Debug, Args)]
pub struct Buttons {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// The buttons' names with a plus between them: wireless+information
    #[arg(value_name = "BUTTONS", required = true, value_parser = combination)]
    pub buttons: Combination,
    /// How long they are held down, in seconds; without it they are pressed
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub hold: Option<Duration>,
}

/// Buttons that are pressed together, named as on the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination(pub Vec<String>);

/// The longest that buttons can be held.
const LONGEST_HOLD: f64 = 60.0;

fn combination(text: &str) -> Result<Combination, String> {
    let names: Vec<String> = text.split('+').map(|name| name.trim().to_ascii_lowercase()).collect();
    let is_name =
        |name: &String| (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if names.len() <= 4 && names.iter().all(is_name) {
        Ok(Combination(names))
    } else {
        Err("write the buttons' names with a plus between them, for example wireless+information".to_owned())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=LONGEST_HOLD).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("a number of seconds between 0 and {LONGEST_HOLD}")),
    }
}

/// `setup`
#[derive(Debug, Default, Args)]
pub struct Setup {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// This way and no other
    #[arg(long, value_enum)]
    pub route: Option<Route>,
    /// The PIN from the page that the printer prints, though it could be read over USB. Nobody has seen one there: --experimental
    #[arg(long, conflicts_with = "generate")]
    pub from_paper: bool,
    /// A new PIN, which the printer is given
    #[arg(long)]
    pub generate: bool,
    /// The network.
    #[command(flatten)]
    pub network: Network,
    /// Read the network's password from the first line of standard input
    #[arg(long)]
    pub stdin: bool,
    /// Say which ways there are, and why, and go none
    #[arg(long)]
    pub explain: bool,
}

/// Which network.
#[derive(Debug, Default, Args)]
pub struct Network {
    /// The network's name
    #[arg(long, value_name = "NAME")]
    pub ssid: Option<OsString>,
    /// How it is secured; without it the printer's own scan says so
    #[arg(long, value_parser = SECURITY)]
    pub security: Option<String>,
    /// It does not tell its name
    #[arg(long, requires = "ssid")]
    pub hidden: bool,
}

/// What can be said of a network's security.
const SECURITY: [&str; 9] =
    ["open", "owe", "wep", "wpa-psk", "wpa-wpa2-psk", "wpa2-psk", "wpa2-psk-sae", "sae", "enterprise"];

/// The ways onto the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Route {
    /// The printer is given the network's name and password
    Join,
    /// Two buttons are pressed
    Button,
    /// The PIN is given to a registrar that this computer reaches
    Pin,
    /// You type the PIN at the router
    Typed,
    /// You go through the printer's panel
    Guided,
}

impl Route {
    /// The name on D-Bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Button => "button",
            Self::Pin => "pin",
            Self::Typed => "typed",
            Self::Guided => "guided",
        }
    }
}

/// `wifi`
#[derive(Debug, Subcommand)]
pub enum Wifi {
    /// Show which network the printer is on
    Status(Which),
    /// Show the networks that it hears
    Scan(Which),
    /// Give it a network; its password is asked for
    Join(Join),
    /// Switch its radio on or off
    #[command(allow_missing_positional = true)]
    Power(Power),
    /// Make it forget its network
    Reset(Reset),
}

/// `wifi join`
#[derive(Debug, Args)]
pub struct Join {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// The network's name
    #[arg(long, value_name = "NAME")]
    pub ssid: OsString,
    /// How it is secured; without it the printer's own scan says so
    #[arg(long, value_parser = SECURITY)]
    pub security: Option<String>,
    /// It does not tell its name
    #[arg(long)]
    pub hidden: bool,
    /// Read its password from the first line of standard input
    #[arg(long)]
    pub stdin: bool,
}

/// `wifi power`
#[derive(Debug, Args)]
pub struct Power {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// On or off
    #[arg(value_enum, value_name = "on|off", required = true, hide_possible_values = true)]
    pub power: Switch,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// `wifi reset`
#[derive(Debug, Args)]
pub struct Reset {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// Don't ask whether it is meant
    #[arg(long)]
    pub yes: bool,
}

/// `pin write`
#[derive(Debug, Args)]
pub struct WritePin {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// Make a new PIN; it is shown once the printer has it
    #[arg(long, conflicts_with = "stdin")]
    pub generate: bool,
    /// Read the PIN from the first line of standard input
    #[arg(long)]
    pub stdin: bool,
}

/// `pin`
#[derive(Debug, Subcommand)]
pub enum Pin {
    /// Ask the printer for its PIN, to type it at the router
    Read(Which),
    /// Give the printer a PIN; it is asked for, or made. Nobody has seen a printer take one: --experimental
    Write(WritePin),
    /// Say whether a PIN can be right; it is read from the terminal or from standard input
    Check,
}

/// `mode`
#[derive(Debug, Args)]
pub struct Mode {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// Who drives it
    #[arg(value_enum, value_name = "MODE", required = true)]
    pub mode: Driver,
}

/// Who drives a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Driver {
    /// plugprint
    Driverless,
    /// The kernel's driver, CUPS's usb backend, HPLIP
    Legacy,
    /// Nobody
    Ignore,
}

impl Driver {
    /// The name on D-Bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Driverless => "driverless",
            Self::Legacy => "legacy",
            Self::Ignore => "ignore",
        }
    }
}

/// `release`
#[derive(Debug, Args)]
pub struct Release {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// A program that is started once the printer is free; its exit status is that of this command
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// `support-bundle`
#[derive(Debug, Args)]
pub struct SupportBundle {
    /// Which printer.
    #[command(flatten)]
    pub which: Which,
    /// The file to write; - is standard output. Without it, a new file in this folder
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `emulate`
#[derive(Debug, Args)]
pub struct Emulate {
    /// Which model; `list` names them all
    pub model: String,
    /// Plug it into this kernel (needs root and the module vhci-hcd); this is the default
    #[arg(long, conflicts_with = "usbip")]
    pub vhci: bool,
    /// Serve it on this loopback address, for `usbip attach`
    #[arg(long, value_name = "ADDR:PORT")]
    pub usbip: Option<SocketAddr>,
    /// No cable at all: serve its HTTP (IPP, eSCL, web pages) on this loopback address; only for testing
    #[arg(long, value_name = "ADDR:PORT", conflicts_with_all = ["vhci", "usbip"])]
    pub http: Option<SocketAddr>,
    /// Something that goes wrong on purpose; `list` names them all
    #[arg(long, value_name = "NAME")]
    pub fault: Option<String>,
    /// Another serial number than the model's
    #[arg(long, value_name = "SERIAL")]
    pub serial: Option<String>,
    /// Something about its Wi-Fi, such as connected=no; can be given several times; `list` names them all
    #[arg(long, value_name = "KEY=VALUE")]
    pub radio: Vec<String>,
    /// So many printers, unplugged at first; orders then begin with `all`, a number, or FIRST-LAST
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["usbip", "http", "radio", "jobs"])]
    pub count: Option<u8>,
    /// The folder for the pages that it prints
    #[arg(long, value_name = "DIR", default_value = "plugprint-pages")]
    pub pages: PathBuf,
    /// The folder for documents that are printed by IPP, and copies of what is scanned; without it none are kept
    #[arg(long, value_name = "DIR")]
    pub jobs: Option<PathBuf>,
    /// A resource of its own, with what it says there, such as /cdm/x=text; can be given several times
    #[arg(long, value_name = "PATH=TEXT")]
    pub document: Vec<String>,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// The folder for the pages that are printed; it is made if it isn't there
    #[arg(long, value_name = "DIR", default_value = "plugprint-demo")]
    pub pages: PathBuf,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use clap::CommandFactory as _;

    fn typed(words: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("plugprint").chain(words.split_whitespace()))
    }

    #[test]
    fn the_grammar_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_printer_may_be_left_out_before_the_buttons() {
        for (words, printer) in
            [("buttons Wireless+Information", None), ("buttons envy wireless+information", Some("envy"))]
        {
            let Command::Buttons(buttons) = typed(words).unwrap().command else { panic!("{words}") };
            assert_eq!(buttons.which.printer.as_deref(), printer);
            assert_eq!(buttons.buttons.0, ["wireless", "information"]);
        }
        assert!(typed("buttons").is_err());
        assert!(typed("buttons wireless+").is_err());
        assert!(typed("buttons wireless --hold -1").is_err());
        assert!(typed("buttons wireless --hold NaN").is_err());
    }

    #[test]
    fn a_pin_is_never_an_argument() {
        assert!(typed("pin check 12345670").is_err());
        assert!(typed("pin check").is_ok());
    }

    #[test]
    fn a_password_is_never_an_argument() {
        assert!(typed("setup --ssid Home").is_ok());
        assert!(typed("setup --ssid Home --password x").is_err());
        assert!(typed("setup laserjet x").is_err());
        assert!(typed("wifi join --ssid Home").is_ok());
        assert!(typed("wifi join laserjet --ssid Home x").is_err());
        assert!(typed("pin write laserjet 12345670").is_err());
    }

    #[test]
    fn what_contradicts_itself_is_no_command() {
        for words in [
            "setup --from-paper --generate",
            "setup --route magic",
            "setup --security wap",
            "setup --hidden",
            "wifi join",
            "wifi power",
            "wifi power perhaps",
            "pin write --generate --stdin",
            "mode",
            "mode perhaps",
            "release laserjet lp0",
        ] {
            assert!(typed(words).is_err(), "{words}");
        }
        for (words, printer) in [("wifi power off", None), ("wifi power envy on", Some("envy"))] {
            let Command::Wifi(Wifi::Power(power)) = typed(words).unwrap().command else { panic!("{words}") };
            assert_eq!(power.which.printer.as_deref(), printer);
        }
    }

    #[test]
    fn what_runs_meanwhile_stands_behind_two_dashes() {
        let Command::Release(release) = typed("release envy -- hp-toolbox --json").unwrap().command else { panic!() };
        assert_eq!(release.which.printer.as_deref(), Some("envy"));
        assert_eq!(release.command, ["hp-toolbox", "--json"]);
        let Command::Mode(mode) = typed("mode legacy").unwrap().command else { panic!() };
        assert_eq!((mode.which.printer, mode.mode), (None, Driver::Legacy));
    }

    #[test]
    fn options_may_stand_anywhere() {
        assert!(typed("list --json").unwrap().json);
        assert!(typed("--json list").unwrap().json);
        assert!(typed("pin read --experimental").unwrap().experimental);
    }
}
