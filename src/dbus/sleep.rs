//! The computer's sleep, as logind announces it: the printers' links are given back before, and the printers are looked
//! at again after it. Where there is no logind nothing happens; it may come later.
//!
//! logind waits, for five seconds by default, until everybody who holds a *delay* lock has let it go (systemd's
//! "Inhibitor Locks").

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::proxy::CacheProperties;
use zbus::{Connection, Message, OwnedFd, Proxy};

use crate::agent::Handle;

const LOGIN: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
/// How long the bus and logind may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the printers may take to be let go; logind waits for five seconds.
const LET_GO: Duration = Duration::from_secs(4);

/// Never ends while there is a bus.
pub(super) async fn follow(connection: &Connection, handle: &Handle) {
    if let Err(error) = watch(connection, handle).await {
        tracing::warn!(%error, "the computer's sleep can't be followed");
    }
    // Nothing else ends because of that.
    std::future::pending().await
}

async fn watch(connection: &Connection, handle: &Handle) -> zbus::Result<()> {
    let bus = DBusProxy::builder(connection).cache_properties(CacheProperties::No).build().await?;
    let logind: Proxy<'_> = zbus::proxy::Builder::new(connection)
        .destination(LOGIN)
        .path(PATH)
        .interface(MANAGER)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, LOGIN)]).await?;
    let mut sleeps = logind.receive_signal("PrepareForSleep").await?;
    // Asked after it is listened to, so that nothing falls between; what is then told of it was known before.
    let owner = bus.get_name_owner(BusName::try_from(LOGIN)?).await.ok();
    let mut owner = owner.map(|owner| owner.to_string());
    let mut lock = if owner.is_some() { inhibit(&logind).await } else { None };
    let mut asleep = false;
    let mut heard: Option<Message> = None;
    loop {
        tracing::debug!(held = lock.is_some(), "delay lock");
        tokio::select! {
            // Two queues: what was said of the name before an announcement is here by then, and comes first.
            biased;
            changed = owners.next() => {
                let Some(changed) = changed else { return Ok(()) };
                let Ok(args) = changed.args() else { continue };
                let now = args.new_owner().as_ref().map(ToString::to_string);
                if now == owner {
                    continue;
                }
                owner = now;
                lock = if owner.is_some() { inhibit(&logind).await } else { None };
                // Whoever announced it will not say when it is over.
                if std::mem::take(&mut asleep) {
                    handle.wake().await;
                }
            }
            () = std::future::ready(()), if heard.is_some() => {
                let Some(message) = heard.take() else { continue };
                if message.header().sender().map(|sender| sender.as_str()) != owner.as_deref() {
                    continue;
                }
                let Ok(begins) = message.body().deserialize::<bool>() else { continue };
                if begins {
                    tracing::info!("the computer goes to sleep: the printers are let go");
                    asleep = true;
                    if timeout(LET_GO, handle.sleep()).await.is_err() {
                        tracing::warn!("a printer did not let go before the computer's sleep");
                    }
                    lock = None;
                } else {
                    tracing::info!("the computer is awake: the printers are looked at again");
                    asleep = false;
                    handle.wake().await;
                    lock = inhibit(&logind).await;
                }
            }
            message = sleeps.next(), if heard.is_none() => {
                let Some(message) = message else { return Ok(()) };
                heard = Some(message);
            }
        }
    }
}

/// The delay lock: logind waits for us as long as this is open.
async fn inhibit(logind: &Proxy<'_>) -> Option<OwnedFd> {
    let why = "to finish what is being said to printers";
    let what = ("sleep", "plugprint", why, "delay");
    let asked = logind.call::<_, _, OwnedFd>("Inhibit", &what);
    match timeout(PATIENCE, asked).await {
        Ok(Ok(lock)) => Some(lock),
        Ok(Err(error)) => {
            tracing::info!(%error, "logind gives no delay lock: sleep may cut an exchange with a printer");
            None
        }
        Err(_) => None,
    }
}
