//! `plugprint`, the command line.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    plugprint::cli::main(std::env::args_os()).await
}
