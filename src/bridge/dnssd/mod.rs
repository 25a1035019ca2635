//! Announces each printer by DNS-SD, through Avahi: CUPS, cups-browsed and sane-airscan find it by themselves.
//!
//! The printer is asked once what it is. What it does not say is left out, or taken from its USB descriptors, and asked
//! for again a few times. After that nothing runs here but what Avahi and the bus have to tell.

mod avahi;
mod entry_group;
mod escl;
mod facts;
mod name;
mod records;
mod server;
mod zone;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::avahi::{Avahi, Group, Refusal, Standing};
use self::facts::{Facts, Wanted};
use super::{Names, Room, listen};
use crate::agent::handle::Links;
use crate::agent::view::PrinterView;

/// How long a printer is left alone before it is asked again for what it did not say, each time.
const AGAIN: [u64; 8] = [2, 5, 15, 30, 60, 120, 300, 600];
/// How long Avahi may take for the few calls that publish a printer, or take it back.
const CALLS: Duration = Duration::from_secs(10);
/// How long after a failure of Avahi's the next attempt is made, at first and at most, in seconds.
const REST: (u64, u64) = (2, 300);

/// Who announces printers.
pub(super) struct Announcer(Avahi);

impl Announcer {
    /// Through the Avahi on this bus, until `stop`.
    pub(super) fn new(connection: zbus::Connection, names: Names, stop: CancellationToken) -> Self {
        Self(Avahi::watch(connection, names, stop))
    }
}

/// Announces one printer until `stop`; nothing of it is announced any more when this returns.
pub(super) async fn announce(
    room: Arc<Room>,
    printer: Arc<PrinterView>,
    links: Links,
    port: u16,
    stop: CancellationToken,
) {
    let Some(announcer) = &room.announcer else { return };
    let wanted = Wanted {
        print: links.ipp,
        fax: !links.quirks.no_fax && links.basic.is_none_or(|basic| basic.fax()),
        scan: !links.quirks.no_scan,
    };
    let mut facts = Facts::unasked(wanted);
    let mut published = None;
    let announcing = async {
        // Boxed, so that a printer that is announced does not go on to hold the room for how it came to that.
        Box::pin(facts.ask(&links.pool)).await;
        let (tell, known) = watch::channel(facts.clone());
        let asking = async {
            for seconds in AGAIN {
                if facts.whole() {
                    break;
                }
                sleep(Duration::from_secs(seconds)).await;
                Box::pin(facts.ask(&links.pool)).await;
                tell.send_if_modified(|known| {
                    let changed = *known != facts;
                    known.clone_from(&facts);
                    changed
                });
            }
            // It has been told everything there is; the other half must not see that nobody tells any more.
            std::future::pending::<()>().await;
            drop(tell);
        };
        let one = One { room: &room, printer: &printer, socket: links.socket, port, avahi: &announcer.0 };
        tokio::join!(asking, one.keep(known, &mut published));
    };
    stop.run_until_cancelled(announcing).await;
    withdraw(&mut published).await;
}

async fn withdraw(published: &mut Option<Group>) {
    if let Some(group) = published.take()
        && timeout(CALLS, group.free()).await.is_err()
    {
        tracing::warn!("Avahi does not take a printer back");
    }
}

/// One printer.
struct One<'a> {
    room: &'a Arc<Room>,
    printer: &'a PrinterView,
    socket: u8,
    port: u16,
    avahi: &'a Avahi,
}

impl One<'_> {
    /// Keeps it published, whatever becomes of Avahi, and whatever more is known of it.
    async fn keep(&self, mut known: watch::Receiver<Facts>, published: &mut Option<Group>) {
        let mut running = self.avahi.running.clone();
        let mut rest = REST.0;
        loop {
            withdraw(published).await;
            if running.wait_for(Option::is_some).await.is_err() {
                // Nobody tells about Avahi any more: the service ends, or the bus has gone.
                return;
            }
            running.mark_unchanged();
            let facts = known.borrow_and_update().clone();
            match Box::pin(self.publish(&facts, published)).await {
                Ok(()) => rest = REST.0,
                Err(error) => {
                    tracing::warn!(printer = %self.printer.id, %error, "can't be announced");
                    tokio::select! {
                        () = sleep(Duration::from_secs(rest)) => rest = (rest * 2).min(REST.1),
                        _ = running.changed() => {}
                    }
                    continue;
                }
            }
            let news = async {
                match published {
                    Some(group) => group.news().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                standing = news => tracing::info!(printer = %self.printer.id, ?standing, "Avahi drops a name"),
                _ = running.changed() => {}
                Ok(()) = known.changed() => {}
            }
        }
    }

    /// Publishes it under the first name that nobody else has.
    async fn publish(&self, facts: &Facts, published: &mut Option<Group>) -> Result<(), Refusal> {
        let id = &self.printer.id;
        let services = records::services(self.printer, self.socket, self.port, facts);
        let base = name::base(self.printer, facts);
        let (had, others) = self.room.ports().names(id);
        for name in name::candidates(&base, had.as_deref()).filter(|name| !others.contains(name)) {
            let attempt = async {
                // Dropped half filled it would stay with Avahi: whoever holds `published` takes it back.
                let group = published.insert(self.avahi.group().await?);
                group.fill(&name, &services).await?;
                Ok(group.news().await)
            };
            let standing = match timeout(CALLS, attempt).await {
                Ok(Ok(standing)) => standing,
                Ok(Err(Refusal::Taken)) => Standing::Collision,
                Ok(Err(refusal)) => return Err(refusal),
                Err(_) => Standing::Failed,
            };
            match standing {
                Standing::Established => {
                    tracing::info!(printer = %id, name, "announced");
                    // What it is called while it does not answer is not what it is called.
                    if had.is_none() && matches!(facts.print, facts::Answer::Said(_) | facts::Answer::No) {
                        let save = self.room.ports().call(id, &name);
                        if let Some(save) = save {
                            listen::write(self.room, save).await;
                        }
                    }
                    return Ok(());
                }
                Standing::Collision => {
                    tracing::info!(printer = %id, name, "somebody else has this name");
                    withdraw(published).await;
                }
                Standing::Failed => return Err(Refusal::Failed),
            }
        }
        Err(Refusal::Taken)
    }
}
