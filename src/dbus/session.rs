//! Which login session a connection belongs to, as logind says; none where there is no logind.
//!
//! A process that the user's own service manager started belongs to no session of its own, as most programs of
//! today's desktops do; it counts to the session that logind calls the user's display, as polkit counts it.

use std::os::fd::AsFd as _;
use std::time::Duration;

use zbus::fdo::DBusProxy;
use zbus::names::{BusName, OwnedUniqueName};
use zbus::proxy::{CacheProperties, MethodFlags};
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Proxy};

const LOGIN: &str = "org.freedesktop.login1";
const MANAGER: &str = "/org/freedesktop/login1";
/// How long the bus and logind may take; nobody needs to know the session so much.
const PATIENCE: Duration = Duration::from_secs(3);

/// A login session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session(OwnedObjectPath);

/// The session of this connection's process.
pub(crate) async fn of(connection: &Connection, caller: &OwnedUniqueName, uid: u32) -> Option<Session> {
    match tokio::time::timeout(PATIENCE, ask(connection, caller, uid)).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => {
            tracing::debug!(%caller, %error, "no session is known");
            None
        }
        Err(_) => {
            tracing::debug!(%caller, "logind does not answer");
            None
        }
    }
}

async fn ask(connection: &Connection, caller: &OwnedUniqueName, uid: u32) -> zbus::Result<Option<Session>> {
    let bus = DBusProxy::builder(connection).cache_properties(CacheProperties::No).build().await?;
    // Not every bus answers a call to a name that nobody has.
    if !bus.name_has_owner(BusName::try_from(LOGIN)?).await? {
        return Ok(None);
    }
    let credentials = bus.get_connection_credentials(BusName::Unique(caller.as_ref())).await?;
    let Some(process) = credentials.process_id() else { return Ok(None) };
    let session = match of_process(connection, process).await {
        Ok(session) => session,
        Err(error) if is_no_session(&error) => match of_display(connection, uid).await? {
            Some(session) => session,
            None => return Ok(None),
        },
        Err(error) => return Err(error),
    };
    // A number can be another process's by now; the descriptor can't.
    let same = match credentials.process_fd() {
        None => true,
        Some(process_fd) => number_of(process_fd.as_fd()) == Some(process),
    };
    Ok(same.then_some(session))
}

async fn of_process(connection: &Connection, process: u32) -> zbus::Result<Session> {
    call(connection, MANAGER, "org.freedesktop.login1.Manager", "GetSessionByPID", &(process,)).await.map(Session)
}

fn is_no_session(error: &zbus::Error) -> bool {
    matches!(error, zbus::Error::MethodError(name, ..) if name.as_str() == "org.freedesktop.login1.NoSessionForPID")
}

async fn of_display(connection: &Connection, uid: u32) -> zbus::Result<Option<Session>> {
    let user: OwnedObjectPath = call(connection, MANAGER, "org.freedesktop.login1.Manager", "GetUser", &(uid,)).await?;
    let display: OwnedVariant = call(
        connection,
        user.as_str(),
        "org.freedesktop.DBus.Properties",
        "Get",
        &("org.freedesktop.login1.User", "Display"),
    )
    .await?;
    let (id, session): (String, OwnedObjectPath) = display.try_into()?;
    Ok((!id.is_empty()).then_some(Session(session)))
}

/// One call of logind. It is not started for this.
async fn call<B, R>(connection: &Connection, path: &str, interface: &str, method: &str, body: &B) -> zbus::Result<R>
where
    B: serde::Serialize + zbus::DynamicType,
    R: for<'d> zbus::wire::DynamicDeserialize<'d>,
{
    let proxy: Proxy<'_> = zbus::proxy::Builder::new(connection)
        .destination(LOGIN)
        .path(path)
        .interface(interface)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    proxy.call_with_flags(method, MethodFlags::NO_AUTO_START, body).await?.ok_or(zbus::Error::InvalidReply)
}

/// The process that a pidfd stands for, as long as it lives (Linux, `fdinfo` of a pidfd: `Pid:`, -1 afterwards).
fn number_of(process: std::os::fd::BorrowedFd<'_>) -> Option<u32> {
    use std::os::fd::AsRawFd as _;
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", process.as_raw_fd())).ok()?;
    about.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()
}
