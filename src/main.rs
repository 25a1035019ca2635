//! `plugprint`, the command line.

use std::process::ExitCode;

// The emulator works on several threads; nothing else here does.
#[cfg_attr(feature = "emulator", tokio::main)]
#[cfg_attr(not(feature = "emulator"), tokio::main(flavor = "current_thread"))]
async fn main() -> ExitCode {
    // The demonstration brings its own service. The two faces don't know each other; they meet here.
    plugprint::cli::main(std::env::args_os(), |connection, agent, stop| {
        Box::pin(async { plugprint::dbus::serve(connection, agent, stop).await.map_err(|error| error.to_string()) })
    })
    .await
}
