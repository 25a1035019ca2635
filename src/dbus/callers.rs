//! Who calls, and whether they are still there.
//!
//! The bus is asked about one caller at a time, and only while something of theirs is pending: a job, a
//! prompter, an authorization. So an idle service hears nothing of other programs' comings and goings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::message::Header;
use zbus::names::{BusName, OwnedUniqueName};
use zbus::proxy::CacheProperties;

use crate::agent::view::Caller;
use crate::dbus::error::Error;

/// What happens when a caller has left the bus.
pub(crate) type OnLeave = Arc<dyn Fn(String) -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>;

/// A caller's connection, watched as long as somebody holds this.
pub(crate) struct Presence {
    gone: CancellationToken,
    watch: tokio::task::AbortHandle,
}

impl Presence {
    /// Resolves when the caller has left the bus.
    pub(crate) async fn gone(&self) {
        self.gone.cancelled().await;
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.is_cancelled()
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // The watch that ends by itself still has to tell the agent; it is past caring about this.
        if !self.gone.is_cancelled() {
            self.watch.abort();
        }
    }
}

/// All callers of whom something is pending.
pub(crate) struct Callers {
    connection: Connection,
    on_leave: OnLeave,
    present: Mutex<HashMap<String, Weak<Presence>>>,
}

impl Callers {
    pub(crate) fn new(connection: Connection, on_leave: OnLeave) -> Self {
        Self { connection, on_leave, present: Mutex::new(HashMap::new()) }
    }

    /// Who sent this message: the unique name that the bus wrote into it, and the user whom the bus saw connect.
    pub(crate) async fn identify(&self, header: &Header<'_>) -> Result<(Caller, OwnedUniqueName), Error> {
        let sender = header.sender().ok_or_else(|| Error::invalid("The message names no sender."))?.to_owned();
        let uid =
            self.bus().await?.get_connection_unix_user(BusName::Unique(sender.clone())).await.map_err(|error| {
                Error::internal(format!("The bus does not say whose connection {sender} is: {error}"))
            })?;
        Ok((Caller { bus_name: sender.to_string(), uid }, sender.into()))
    }

    /// Watches a caller until the returned value is dropped.
    pub(crate) async fn presence(&self, caller: &OwnedUniqueName) -> Result<Arc<Presence>, Error> {
        if let Some(presence) = self.present(caller.as_str()) {
            return Ok(presence);
        }
        let failed = |error: zbus::Error| Error::internal(format!("The bus does not tell who leaves it: {error}"));
        let bus = self.bus().await?;
        let mut changes = bus.receive_name_owner_changed_with_args(&[(0, caller.as_str())]).await.map_err(failed)?;
        // Who left before the match rule stood is not announced any more.
        let here = bus.name_has_owner(BusName::Unique(caller.as_ref())).await.map_err(|error| failed(error.into()))?;
        let gone = CancellationToken::new();
        let (token, on_leave, name) = (gone.clone(), Arc::clone(&self.on_leave), caller.to_string());
        let watch = tokio::spawn(async move {
            if here {
                while let Some(change) = changes.next().await {
                    if change.args().is_ok_and(|args| args.new_owner().is_none()) {
                        break;
                    }
                }
            }
            // First the token, then the word to the agent: a start that finds the token unset is still followed
            // by the word, and one that finds it set gives the word itself.
            token.cancel();
            on_leave(name).await;
        })
        .abort_handle();
        let presence = Arc::new(Presence { gone, watch });
        let mut present = self.lock();
        present.retain(|_, presence| presence.strong_count() > 0);
        if let Some(other) = present.get(caller.as_str()).and_then(Weak::upgrade) {
            return Ok(other);
        }
        present.insert(caller.to_string(), Arc::downgrade(&presence));
        Ok(presence)
    }

    /// The watch on a caller, where there is one already.
    pub(crate) fn present(&self, bus_name: &str) -> Option<Arc<Presence>> {
        self.lock().get(bus_name).and_then(Weak::upgrade)
    }

    async fn bus(&self) -> Result<DBusProxy<'static>, Error> {
        DBusProxy::builder(&self.connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .map_err(|error| Error::internal(format!("The bus can't be asked: {error}")))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Weak<Presence>>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
