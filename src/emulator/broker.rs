//! A message bus inside this process, on a socket that only this user can reach: for the demo and the tests,
//! where no bus daemon is needed or wanted.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// A running broker. Dropping it closes the bus, and every connection to it.
#[derive(Debug)]
pub struct Broker {
    address: String,
    folder: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Starts a bus on a new socket. It has a thread and a clock of its own: a test that stops its clock does
    /// not stop the bus.
    ///
    /// # Errors
    /// The system's; what the broker says when it can't listen.
    pub async fn start() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("plugprint-bus-{:016x}", rand::random::<u64>()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let listen = format!("unix:path={}", folder.join("bus").display());
        let (stop, stopped) = oneshot::channel();
        let (report, started) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("message-bus".to_owned())
            .spawn(move || serve(&listen, report, stopped))?;
        let mut broker = Self { address: String::new(), folder, stop: Some(stop), thread: Some(thread) };
        broker.address = started.await.map_err(|_| io::Error::other("the message bus did not start"))??;
        Ok(broker)
    }

    /// Where clients connect, as in `DBUS_SYSTEM_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A new connection to it.
    ///
    /// # Errors
    /// zbus's.
    pub async fn connect(&self) -> zbus::Result<zbus::Connection> {
        zbus::connection::Builder::address(self.address.as_str()).build().await
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn serve(listen: &str, report: oneshot::Sender<io::Result<String>>, stopped: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let mut bus = match busd::bus::Bus::for_address(Some(listen)).await {
            Ok(bus) => bus,
            Err(error) => {
                let _ = report.send(Err(io::Error::other(error.to_string())));
                return;
            }
        };
        let _ = report.send(Ok(bus.address().to_string()));
        tokio::select! {
            _ = bus.run() => {}
            _ = stopped => {}
        }
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[tokio::test]
    async fn two_clients_meet_on_it_and_the_socket_is_gone_afterwards() {
        let broker = Broker::start().await.unwrap();
        let service = broker.connect().await.unwrap();
        service.request_name("org.example.Service").await.unwrap();
        let client = broker.connect().await.unwrap();
        let bus = zbus::fdo::DBusProxy::new(&client).await.unwrap();
        let owner = bus.get_name_owner("org.example.Service".try_into().unwrap()).await.unwrap();
        assert_eq!(Some(owner.as_str()), service.unique_name().map(|name| name.as_str()));

        let folder = broker.folder.clone();
        drop(broker);
        assert!(!folder.exists());
    }
}
