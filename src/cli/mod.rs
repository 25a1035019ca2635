//! The command line: a client of the D-Bus API, and nothing else. `demo` and `emulate` start the emulator
//! besides.

mod args;
mod client;
#[cfg(feature = "emulator")]
mod crowd;
mod custody;
#[cfg(feature = "emulator")]
mod demo;
mod desk;
mod doctor;
#[cfg(feature = "emulator")]
mod emulate;
mod exit;
mod job;
mod list;
mod memfd;
mod monitor;
mod output;
mod pin;
mod printers;
mod progress;
mod prompter;
mod properties;
mod proxy;
mod redact;
mod report;
mod setup;
mod show;
mod support_bundle;
mod terminal;
mod ttyagent;
mod wifi;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::agent;

use args::{Cli, Command, Pin};
use client::Client;
use exit::{Error, Exit};
use output::Output;

/// The D-Bus service on a connection, until the token is cancelled: why it ended, if not for that. `demo` runs
/// it in this process; faces don't name each other, so it is handed in.
pub type Service = fn(zbus::Connection, agent::Handle, CancellationToken) -> BoxFuture<'static, Result<(), String>>;

/// Does what was typed, and says how it ended.
pub async fn main(words: impl IntoIterator<Item = OsString>, service: Service) -> ExitCode {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return exit.into();
        }
    };
    let output = Output::new(cli.json);
    match run(cli, output, service).await {
        Ok(()) => Exit::Done.into(),
        // It has said itself what the matter is.
        Err(Error::Program(status)) => status.into(),
        Err(error) => {
            output.failure(&error);
            error.exit().into()
        }
    }
}

#[cfg_attr(not(feature = "emulator"), expect(unused_variables, reason = "only the demonstration has a service"))]
async fn run(cli: Cli, output: Output, service: Service) -> Result<(), Error> {
    let client = async || Client::connect(cli.bus_address.as_deref(), output, cli.experimental).await;
    match cli.command {
        Command::List => list::run(&client().await?).await,
        Command::Show(which) => show::run(&client().await?, &which).await,
        Command::Report(report) => report::run(&client().await?, &report).await,
        Command::Identify(args) => report::identify(&client().await?, &args).await,
        Command::Buttons(buttons) => report::press(&client().await?, &buttons).await,
        Command::Monitor => monitor::run(&client().await?).await,
        Command::Pin(Pin::Read(which)) => pin::read(&client().await?, &which, None).await,
        Command::Setup(args) => setup::run(&client().await?, &args).await,
        Command::Wifi(command) => wifi::run(&client().await?, &command).await,
        Command::Pin(Pin::Write(args)) => pin::write::run(&client().await?, &args).await,
        Command::Pin(Pin::Check) => pin::check(output).await,
        Command::Doctor(which) => doctor::run(client().await, &which).await,
        Command::Mode(args) => custody::mode(&client().await?, &args).await,
        Command::Release(args) => custody::release(&client().await?, &args).await,
        Command::Open(which) => custody::open(&client().await?, &which).await,
        Command::SupportBundle(args) => support_bundle::run(&client().await?, &args).await,
        #[cfg(feature = "emulator")]
        Command::Emulate(args) => emulate::run(&args, output).await,
        #[cfg(feature = "emulator")]
        Command::Demo(args) => demo::run(&args, output, service).await,
    }
}
