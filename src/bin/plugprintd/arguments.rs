//! The service's few arguments. Read by hand: a library for a command line would be a twentieth of the program, and
//! stay in memory as long as it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use plugprint::config;

/// What `--help` says.
pub(crate) const HELP: &str = "\
Offers the USB printers of this computer on D-Bus, as org.plugprint1

It is started by systemd, by udev when a printer is plugged in, or by the first call of a client.

Usage: plugprintd [OPTIONS]

Options:
      --bus-address <ADDRESS>  Use the message bus at this address instead of the system bus, for tests
      --session                Use the session bus instead of the system bus, for tests
      --no-bridge              Do not offer the printers to other programs on ports of the loopback addresses
      --state <FOLDER>         Where the printers' ports are remembered; systemd says it in STATE_DIRECTORY
                               [default: /var/lib/plugprint]
      --config <FILE>          What the administrator wrote; read again at SIGHUP
                               [default: /etc/plugprint/plugprint.toml]
      --log <FILTER>           What to log: error, warn, info, debug, trace, or NAME=LEVEL pairs separated by commas
                               [default: what the configuration says, else info]
  -h, --help                   Print help
  -V, --version                Print version
";

/// How the service was started.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) bus: Bus,
    pub(crate) no_bridge: bool,
    pub(crate) state: Option<PathBuf>,
    pub(crate) config: PathBuf,
    pub(crate) log: Option<String>,
}

/// Which message bus.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bus {
    System,
    Session,
    At(String),
}

/// What somebody wants of the program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Service(Arguments),
    Help,
    Version,
}

/// Reads what comes behind the program's name: `--name VALUE` or `--name=VALUE`, each once.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(given: impl IntoIterator<Item = OsString>) -> Result<Wanted, String> {
    let mut given = given.into_iter();
    let (mut address, mut session, mut no_bridge) = (None, None, None);
    let (mut state, mut config, mut log) = (None, None, None);
    while let Some(argument) = given.next() {
        let (name, attached) = split(&argument);
        let slot = match name.to_str() {
            Some("-h" | "--help") if attached.is_none() => return Ok(Wanted::Help),
            Some("-V" | "--version") if attached.is_none() => return Ok(Wanted::Version),
            Some("--session") if attached.is_none() => &mut session,
            Some("--no-bridge") if attached.is_none() => &mut no_bridge,
            Some("--bus-address") => &mut address,
            Some("--state") => &mut state,
            Some("--config") => &mut config,
            Some("--log") => &mut log,
            _ => return Err(format!("{}: there is no such option", argument.display())),
        };
        let value = match name.to_str() {
            Some("--session" | "--no-bridge") => OsString::new(),
            _ => match attached.map_or_else(|| given.next(), |value| Some(value.to_owned())) {
                Some(value) if !value.is_empty() => value,
                _ => return Err(format!("{}: a value belongs to it", name.display())),
            },
        };
        if slot.replace(value).is_some() {
            return Err(format!("{}: once is enough", name.display()));
        }
    }
    let bus = match (address.map(text).transpose()?, session) {
        (None, None) => Bus::System,
        (None, Some(_)) => Bus::Session,
        (Some(address), None) => Bus::At(address),
        (Some(_), Some(_)) => return Err("--bus-address and --session exclude each other".into()),
    };
    Ok(Wanted::Service(Arguments {
        bus,
        no_bridge: no_bridge.is_some(),
        state: state.map(PathBuf::from),
        config: config.map_or_else(|| config::FILE.into(), PathBuf::from),
        log: log.map(text).transpose()?,
    }))
}

/// A long option's name, and the value that is attached to it.
fn split(argument: &OsStr) -> (&OsStr, Option<&OsStr>) {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = argument.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=').and_then(|at| bytes.split_at_checked(at)) {
        Some((name, value)) => (OsStr::from_bytes(name), value.get(1..).map(OsStr::from_bytes)),
        None => (argument, None),
    }
}

fn text(value: OsString) -> Result<String, String> {
    value.into_string().map_err(|value| format!("{}: this is no text", value.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(line: &str) -> Result<Wanted, String> {
        super::read(line.split_whitespace().map(OsString::from))
    }

    fn nothing_said() -> Arguments {
        Arguments { bus: Bus::System, no_bridge: false, state: None, config: config::FILE.into(), log: None }
    }

    #[test]
    fn nobody_needs_to_say_anything() {
        assert_eq!(read(""), Ok(Wanted::Service(nothing_said())));
    }

    #[test]
    fn values_stand_behind_their_options_or_are_attached() {
        let wanted = Arguments {
            bus: Bus::At("unix:path=/run/bus".into()),
            no_bridge: true,
            state: Some("/tmp/a=b".into()),
            config: "x.toml".into(),
            log: Some("zbus=warn,info".into()),
        };
        let behind =
            "--bus-address unix:path=/run/bus --no-bridge --state /tmp/a=b --config x.toml --log zbus=warn,info";
        assert_eq!(read(behind), Ok(Wanted::Service(wanted)));
        let attached =
            "--bus-address=unix:path=/run/bus --no-bridge --state=/tmp/a=b --config=x.toml --log=zbus=warn,info";
        assert_eq!(read(attached), read(behind));
        assert_eq!(read("--session"), Ok(Wanted::Service(Arguments { bus: Bus::Session, ..nothing_said() })));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, why) in [
            ("--sesion", "--sesion: there is no such option"),
            ("printer", "printer: there is no such option"),
            ("--session=yes", "--session=yes: there is no such option"),
            ("--log", "--log: a value belongs to it"),
            ("--state=", "--state: a value belongs to it"),
            ("--log info --log debug", "--log: once is enough"),
            ("--session --session", "--session: once is enough"),
            ("--session --bus-address a:", "--bus-address and --session exclude each other"),
        ] {
            assert_eq!(read(line), Err(why.to_owned()), "{line}");
        }
    }

    #[test]
    fn help_names_every_option_and_ends_the_reading() {
        assert_eq!(read("--session -h --nonsense"), Ok(Wanted::Help));
        assert_eq!(read("--version"), Ok(Wanted::Version));
        for option in ["--bus-address", "--session", "--no-bridge", "--state", "--config", "--log", config::FILE] {
            assert!(HELP.contains(option), "{option}");
        }
    }
}
