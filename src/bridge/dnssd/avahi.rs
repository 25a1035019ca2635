//! Avahi over D-Bus: whether it runs, and one group of services for each printer.

use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::proxy::CacheProperties;

use super::entry_group::{EntryGroupProxy, StateChangedStream};
use super::records::Service;
use super::server::ServerProxy;
use super::zone::{Home, Record};
use crate::bridge::Names;

const NAME: &str = "org.freedesktop.Avahi";
/// What `AddRecord` says where a group of this computer has the name already.
const COLLISION: &str = "org.freedesktop.Avahi.CollisionError";
/// Avahi's word for both IPv4 and IPv6 (`AVAHI_PROTO_UNSPEC`).
const ANY_PROTOCOL: i32 = -1;
/// The Internet (RFC 1035, 3.2.4).
const CLASS: u16 = 1;
/// The loopback interface is the first of every network namespace (Linux, `LOOPBACK_IFINDEX`).
const LOOPBACK: i32 = 1;

/// What a server says of itself (`AvahiServerState`).
const RUNNING: i32 = 2;

/// What has become of a group (`AvahiEntryGroupState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Everybody can find it.
    Established,
    /// Somebody else has the name.
    Collision,
    /// Avahi can't go on with it.
    Failed,
}

/// This computer's Avahi. A cheap clone.
#[derive(Clone)]
pub(super) struct Avahi {
    connection: Connection,
    /// Counts how often it came up; `None` while it is not there, or not ready.
    pub(super) running: watch::Receiver<Option<u64>>,
}

impl Avahi {
    /// Watches Avahi come and go until `stop`. Its names of this computer become names of ours.
    pub(super) fn watch(connection: Connection, names: Names, stop: CancellationToken) -> Self {
        let (tell, running) = watch::channel(None);
        let watched = connection.clone();
        tokio::spawn(async move {
            if let Some(Err(error)) = stop.run_until_cancelled(follow(&watched, &names, &tell)).await {
                tracing::warn!(%error, "the bus does not tell about Avahi: printers are not announced");
            }
        });
        Self { connection, running }
    }

    /// An empty group.
    ///
    /// # Errors
    /// The bus's.
    pub(super) async fn group(&self) -> Result<Group, Refusal> {
        let server = ServerProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?;
        let home = Home::new(&server.get_host_name_fqdn().await?, &server.get_domain_name().await?);
        let home = home.ok_or(Refusal::Failed)?;
        let path = server.entry_group_new().await?;
        let proxy =
            EntryGroupProxy::builder(&self.connection).path(path).cache_properties(CacheProperties::No).build().await?;
        let states = proxy.receive_state_changed().await?;
        Ok(Group { proxy, states, home })
    }
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// Another group of this computer has the name.
    #[error("the name is taken")]
    Taken,
    /// Avahi says that it can't, or does not say anything.
    #[error("Avahi can't do it now")]
    Failed,
    /// Anything else.
    #[error(transparent)]
    Bus(zbus::Error),
}

impl From<zbus::Error> for Refusal {
    fn from(error: zbus::Error) -> Self {
        match &error {
            zbus::Error::MethodError(name, _, _) if name.as_str() == COLLISION => Self::Taken,
            _ => Self::Bus(error),
        }
    }
}

/// What is published for one printer. It lasts until it is freed, or Avahi or our connection ends.
pub(super) struct Group {
    proxy: EntryGroupProxy<'static>,
    states: StateChangedStream,
    home: Home,
}

impl Group {
    /// Publishes all these services under this name, on the loopback interface.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where the name is another's on this computer.
    pub(super) async fn fill(&self, name: &str, services: &[Service]) -> Result<(), Refusal> {
        for service in services {
            let instance = service.instance.as_deref().unwrap_or(name);
            match self.add_all(&self.home.records(instance, service)).await {
                // A name of its own, for programs that look for exactly it: another one would tell them nothing.
                Err(Refusal::Taken) if service.instance.is_some() => {
                    tracing::debug!(instance, kind = service.kind, "is published by somebody else");
                }
                added => added?,
            }
        }
        self.proxy.commit().await?;
        Ok(())
    }

    async fn add_all(&self, records: &[Record]) -> Result<(), Refusal> {
        for Record { name, kind, flags, ttl, data } in records {
            self.proxy.add_record(LOOPBACK, ANY_PROTOCOL, *flags, name, CLASS, *kind, *ttl, data).await?;
        }
        Ok(())
    }

    /// What becomes of it next. Ends only when there is news.
    pub(super) async fn news(&mut self) -> Standing {
        const ESTABLISHED: i32 = 2;
        const COLLISION: i32 = 3;
        const FAILURE: i32 = 4;
        while let Some(signal) = self.states.next().await {
            match signal.args().map(|args| args.state) {
                Ok(ESTABLISHED) => return Standing::Established,
                Ok(COLLISION) => return Standing::Collision,
                Ok(FAILURE) => return Standing::Failed,
                // Uncommitted, and being registered.
                Ok(_) | Err(_) => {}
            }
        }
        Standing::Failed
    }

    /// Nobody finds it any more.
    pub(super) async fn free(self) {
        if let Err(error) = self.proxy.free().await {
            tracing::debug!(%error, "Avahi has let go of a group by itself");
        }
    }
}

async fn follow(connection: &Connection, names: &Names, tell: &watch::Sender<Option<u64>>) -> zbus::Result<()> {
    let bus = DBusProxy::builder(connection).cache_properties(CacheProperties::No).build().await?;
    let server = ServerProxy::builder(connection).cache_properties(CacheProperties::No).build().await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, NAME)]).await?;
    let mut states = server.receive_state_changed().await?;
    let mut times = 0;
    let mut seen = |running: bool| {
        times += u64::from(running);
        tell.send_replace(running.then_some(times));
    };
    if bus.name_has_owner(zbus::names::BusName::try_from(NAME)?).await? {
        seen(look(&server, names).await);
    } else {
        tracing::info!("Avahi is not running: printers are announced when it is");
    }
    loop {
        tokio::select! {
            Some(change) = owners.next() => {
                let here = change.args()?.new_owner().is_some();
                tracing::debug!(here, "Avahi has come or gone");
                // What was published with the one before is gone in any case.
                seen(false);
                if here {
                    seen(look(&server, names).await);
                }
            }
            Some(change) = states.next() => {
                let running = change.args().is_ok_and(|args| args.state == RUNNING);
                // Its announcement may come after it was asked: it has not come up twice.
                if running != tell.borrow().is_some() {
                    seen(running && look(&server, names).await);
                }
            }
            else => return Ok(()),
        }
    }
}

/// Whether it is ready; if so, how it calls this computer.
async fn look(server: &ServerProxy<'_>, names: &Names) -> bool {
    let running = match server.get_state().await {
        Ok(state) => state == RUNNING,
        Err(error) => {
            tracing::debug!(%error, "Avahi does not answer");
            false
        }
    };
    if running {
        for name in [server.get_host_name().await, server.get_host_name_fqdn().await].into_iter().flatten() {
            names.add(&name);
        }
    }
    running
}
