//! `plugprintd`, the service: puts the agent on this computer's USB and on the system bus. Wiring only.

mod arguments;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arguments::{Arguments, Bus, Wanted};
use plugprint::agent::{self, KernelClock};
use plugprint::bridge::{self, NameService, Names, Ports, SocketDiag, Users, ports};
use plugprint::config::{self, Complaint, Config, Rules};
use plugprint::dbus;
use plugprint::printer::quirks::Book;
use plugprint::usb::libusb::Libusb;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, reload};

/// How long a thread for what may block is kept after it.
const REST: Duration = Duration::from_secs(2);
/// How long the agent may take to end its jobs and give the printers' interfaces back.
const STOP: Duration = Duration::from_millis(2200);
/// How long the kernel may take then to take them, and to bind its own drivers again. With the rest this stays
/// below the unit's TimeoutStopSec.
const GIVE_BACK: Duration = Duration::from_millis(1500);
/// How long what is still running after that may hold up the end of the process.
const LEFTOVERS: Duration = Duration::from_millis(200);

/// What to log where nobody says it.
const LOG: &str = "info";

/// What can be changed while the service runs.
struct Live {
    file: PathBuf,
    config: Config,
    /// `--log` outranks the file.
    log_is_given: bool,
    filter: reload::Handle<Targets, Registry>,
    quirks: Book,
    rules: watch::Sender<Option<Rules>>,
}

impl Live {
    /// Reads everything anew. What can't be read leaves everything as it was.
    async fn reload(&mut self) {
        let file = self.file.clone();
        let read = move || {
            let (config, mut complaints) = Config::load(&file, Path::new(config::IPP_USB))?;
            let (book, more) = Book::read(&config.quirks);
            complaints.extend(more);
            Ok::<_, Complaint>((config, book, complaints))
        };
        let (config, book, complaints) = match tokio::task::spawn_blocking(read).await {
            Ok(Ok(read)) => read,
            Ok(Err(complaint)) => {
                tracing::error!("{complaint}; everything stays as it was");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "the configuration could not be read; everything stays as it was");
                return;
            }
        };
        report(&complaints);
        if !self.log_is_given && config.log != self.config.log {
            let wanted = config.log.as_deref().unwrap_or(LOG);
            match wanted.parse::<Targets>().map_err(|error| error.to_string()) {
                Ok(filter) => drop(self.filter.reload(filter)),
                Err(why) => tracing::warn!("{}: log: {why}; it is ignored", self.file.display()),
            }
        }
        let later = config::for_the_next_start(&self.config, &config);
        if !later.is_empty() {
            tracing::warn!(
                "{} can't change at run time: restart the service (systemctl restart plugprintd)",
                later.join(", ")
            );
        }
        // Printers that are plugged in keep theirs.
        self.quirks.become_as(&book);
        self.rules.send_replace(config.rules.clone());
        self.config = config;
        tracing::info!("the configuration was read anew; quirks count for printers that are plugged in from now on");
    }
}

fn report(complaints: &[Complaint]) {
    for complaint in complaints {
        tracing::warn!("{complaint}");
    }
}

fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Wanted::Service(arguments)) => arguments,
        Ok(Wanted::Help) => return say(arguments::HELP),
        Ok(Wanted::Version) => return say(concat!("plugprintd ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(why) => {
            eprintln!("plugprintd: {why}; plugprintd --help tells what there is");
            return ExitCode::from(2);
        }
    };
    let (config, mut complaints) = match Config::load(&arguments.config, Path::new(config::IPP_USB)) {
        Ok(read) => read,
        Err(Complaint { file, line, what }) => {
            let what = format!("{what}; nobody knows whom it keeps out, so only root is let in");
            (Config::closed(), vec![Complaint { file, line, what }])
        }
    };
    let filter = match (&arguments.log, &config.log) {
        (Some(given), _) => match log_to(given) {
            Ok(filter) => filter,
            Err(why) => {
                eprintln!("plugprintd: --log {given}: {why}");
                return ExitCode::from(2);
            }
        },
        (None, written) => match log_to(written.as_deref().unwrap_or(LOG)).or_else(|why| {
            let file = arguments.config.as_path().into();
            complaints.push(Complaint { file, line: 0, what: format!("log: {why}; it is ignored") });
            log_to(LOG)
        }) {
            Ok(filter) => filter,
            Err(why) => {
                eprintln!("plugprintd: {why}");
                return ExitCode::FAILURE;
            }
        },
    };
    let (quirks, more) = Book::read(&config.quirks);
    complaints.extend(more);
    report(&complaints);
    let rules = watch::Sender::new(config.rules.clone());
    let log_is_given = arguments.log.is_some();
    let live = Live { file: arguments.config.clone(), config, log_is_given, filter, quirks, rules };
    keep_memory_private();
    // One thread carries all bytes: it is at rest but for its system calls, and nothing of the house blocks it.
    let runtime = match tokio::runtime::Builder::new_current_thread().thread_keep_alive(REST).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "can't start");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(&arguments, live));
    runtime.shutdown_timeout(LEFTOVERS);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "ends");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> ExitCode {
    // Whoever closed the pipe has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

async fn run(arguments: &Arguments, mut live: Live) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let connection = connect(arguments).await.map_err(|error| format!("can't connect to the message bus: {error}"))?;

    let stop_agent = CancellationToken::new();
    let stop_serving = CancellationToken::new();
    let usb = Arc::new(Libusb::new());
    let state = arguments.state.clone().or_else(|| std::env::var_os("STATE_DIRECTORY").map(PathBuf::from));
    let state = state.unwrap_or_else(|| "/var/lib/plugprint".into());
    let settings = agent::Settings {
        state: Some(state.clone()),
        quirks: live.quirks.clone(),
        ..agent::Settings::on(Arc::new(agent::ThisHost))
    };
    let (handle, mut agent) = agent::start(Arc::clone(&usb) as _, Arc::new(KernelClock), settings, stop_agent.clone());
    let stop_bridge = CancellationToken::new();
    let bridge = (!arguments.no_bridge && live.config.bridge).then(|| {
        let options = bridge::Options {
            ports: Ports::remembered(state.join("ports"), Some(ports::IPP_USB.into()), live.config.ports.clone()),
            names: Names::of_this_computer(),
            peers: Arc::new(SocketDiag),
            limits: bridge::Limits::default(),
            users: Users::new(live.rules.subscribe(), Arc::new(NameService)),
            ipv6: live.config.ipv6,
            avahi: live.config.dns_sd.then(|| connection.clone()),
        };
        tokio::spawn(bridge::serve(handle.clone(), options, stop_bridge.clone()))
    });
    let mut served = tokio::spawn(dbus::serve(connection, handle, stop_serving.clone()));

    let outcome = loop {
        tokio::select! {
            _ = hung_up.recv() => live.reload().await,
            _ = terminated.recv() => break None,
            _ = interrupted.recv() => break None,
            _ = &mut agent => break Some(Err("the agent has ended by itself".into())),
            served = &mut served => break Some(match served {
                Ok(Ok(())) => Err("the service has ended by itself".into()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            }),
        }
    };
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("stopping");
    // The agent first: clients still hear how their jobs end, and the service ends when the agent is gone.
    stop_bridge.cancel();
    stop_agent.cancel();
    let finish = async {
        if let Some(bridge) = bridge {
            let _ = bridge.await;
        }
        if !agent.is_finished() {
            let _ = agent.await;
        }
        if !served.is_finished() {
            let _ = served.await;
        }
    };
    if tokio::time::timeout(STOP, finish).await.is_err() {
        tracing::warn!("something did not stop in time");
        stop_serving.cancel();
    }
    if tokio::time::timeout(GIVE_BACK, usb.close()).await.is_err() {
        tracing::warn!("the kernel has not taken every interface back yet");
    }
    outcome.unwrap_or(Ok(())).map_err(|why: String| why.into())
}

async fn connect(arguments: &Arguments) -> zbus::Result<zbus::Connection> {
    use zbus::connection::Builder;
    let builder = match &arguments.bus {
        Bus::At(address) => Builder::address(address.as_str()),
        Bus::Session => Builder::session(),
        Bus::System => Builder::system(),
    };
    builder.build().await
}

/// Neither a core file nor a debugger of our user shows a PIN.
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the process's memory can't be hidden from debuggers");
    }
}

/// To the journal where stderr leads there, else to stderr.
fn log_to(filter: &str) -> Result<reload::Handle<Targets, Registry>, String> {
    let filter: Targets = filter.parse().map_err(|error| format!("{filter}: {error}"))?;
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    if stderr_is_the_journal()
        && let Ok(journal) = tracing_journald::layer()
    {
        registry.with(journal.with_syslog_identifier("plugprintd".into())).init();
    } else {
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_target(false),
            )
            .init();
    }
    Ok(handle)
}

/// systemd says which device and inode it connected to the journal (systemd.exec(5), JOURNAL_STREAM); somebody
/// may have redirected stderr since.
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stat) = rustix::fs::fstat(std::io::stderr()) else { return false };
    stream == format!("{}:{}", stat.st_dev, stat.st_ino)
}
