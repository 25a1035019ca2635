//! The service's few arguments. The library of the command line would be a twentieth of this program, and stay in memory
//! as long as it.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};
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

/// Reads what comes behind the program's name; each option once.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(given: impl IntoIterator<Item = OsString>) -> Result<Wanted, lexopt::Error> {
    let mut parser = Parser::from_args(given.into_iter().collect::<Vec<_>>());
    let (mut address, mut session, mut no_bridge) = (None, None, None);
    let (mut state, mut config, mut log) = (None, None, None);
    while let Some(argument) = parser.next()? {
        let again = match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Wanted::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Wanted::Version),
            Arg::Long("session") => session.replace(()).map(|()| "--session"),
            Arg::Long("no-bridge") => no_bridge.replace(()).map(|()| "--no-bridge"),
            Arg::Long("bus-address") => address.replace(parser.value()?.string()?).map(|_| "--bus-address"),
            Arg::Long("state") => state.replace(PathBuf::from(parser.value()?)).map(|_| "--state"),
            Arg::Long("config") => config.replace(PathBuf::from(parser.value()?)).map(|_| "--config"),
            Arg::Long("log") => log.replace(parser.value()?.string()?).map(|_| "--log"),
            _ => return Err(argument.unexpected()),
        };
        if let Some(option) = again {
            return Err(format!("option '{option}' is given twice").into());
        }
    }
    let bus = match (address, session) {
        (None, None) => Bus::System,
        (None, Some(())) => Bus::Session,
        (Some(address), None) => Bus::At(address),
        (Some(_), Some(())) => return Err("options '--bus-address' and '--session' exclude each other".into()),
    };
    let config = config.unwrap_or_else(|| config::FILE.into());
    Ok(Wanted::Service(Arguments { bus, no_bridge: no_bridge.is_some(), state, config, log }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(line: &str) -> Result<Wanted, String> {
        super::read(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
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
            ("--sesion", "invalid option '--sesion'"),
            ("printer", "unexpected argument \"printer\""),
            ("--session=yes", "unexpected argument for option '--session': \"yes\""),
            ("--log", "missing argument for option '--log'"),
            ("--log info --log debug", "option '--log' is given twice"),
            ("--session --session", "option '--session' is given twice"),
            ("--session --bus-address a:", "options '--bus-address' and '--session' exclude each other"),
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
