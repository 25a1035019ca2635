//! `plugprint wifi`: the printer's Wi-Fi, one step at a time.

use serde_json::{Value, json};

use crate::wifi::{Band, Security, Ssid, passphrase};

use super::args::{Join, Power, Reset, Switch, Which, Wifi};
use super::client::Client;
use super::desk;
use super::exit::Error;
use super::job::{self, Order};
use super::memfd;
use super::output::{Output, plain};
use super::printers::Printer;
use super::properties::Properties;
use super::proxy::WifiProxy;
use super::setup;
use super::terminal;

/// Does one of them.
///
/// # Errors
/// [`Error::Usage`]; [`Error::NoSuchPrinter`]; `NotSupported` where the printer tells nothing of its Wi-Fi; as
/// [`job::run`].
pub async fn run(client: &Client, wifi: &Wifi) -> Result<(), Error> {
    match wifi {
        Wifi::Status(which) => status(client, which).await,
        Wifi::Scan(which) => scan(client, which).await,
        Wifi::Join(wanted) => join(client, wanted).await,
        Wifi::Power(wanted) => power(client, wanted).await,
        Wifi::Reset(wanted) => reset(client, wanted).await,
    }
}

/// The printer that is meant, and its Wi-Fi on the bus.
async fn found<'a>(
    client: &'a Client,
    which: &Which,
) -> Result<(zbus::names::OwnedUniqueName, Printer, WifiProxy<'a>), Error> {
    let (owner, printer) = client.printer(which.printer.as_deref()).await?;
    if printer.wifi.is_none() {
        return Err(Error::of_job(
            "NotSupported",
            &format!("It is not known that {} tells of its Wi-Fi over USB, or has any.", printer.name()),
        ));
    }
    let proxy = WifiProxy::builder(client.connection())
        .path(printer.path.clone())
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?;
    Ok((owner, printer, proxy))
}

/// Which network it is on.
///
/// # Errors
/// As [`run`].
pub async fn status(client: &Client, which: &Which) -> Result<(), Error> {
    let output = client.output;
    let (owner, printer, proxy) = found(client, which).await?;
    output.note(format_args!("Asking {} about its Wi-Fi …", printer.name()));
    let network =
        Properties::new(job::run_here(client, &owner, async |options| proxy.get_network(options).await).await?);
    let ssid = name(&network);
    if output.is_json() {
        return output.json(&json!({
            "printer": printer.id(),
            "power": network.truth("power"),
            "associated": network.truth("associated"),
            "ssid": ssid.as_ref().map(ToString::to_string),
            "ssid_hex": ssid.as_ref().map(Ssid::to_hex),
            "bssid": text(&network, "bssid"),
            "channel": number(&network, "channel"),
            "signal_dbm": network.signed("signal"),
            "addresses": network.texts("addresses"),
            "hostname": text(&network, "hostname"),
        }));
    }
    let yes = |yes: bool, word: &str, other: &str| if yes { word.to_owned() } else { other.to_owned() };
    let mut facts = vec![
        ("radio", network.truth("power").map(|on| yes(on, "on", "off")).unwrap_or_default()),
        ("on a network", network.truth("associated").map(|on| yes(on, "yes", "no")).unwrap_or_default()),
        ("network", ssid.map(|ssid| ssid.to_string()).unwrap_or_default()),
        ("access point", network.text("bssid")),
        ("channel", channel(number(&network, "channel"))),
        ("signal", signal(network.signed("signal"), output)),
        ("addresses", network.texts("addresses").join(", ")),
        ("host name", network.text("hostname")),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    if facts.is_empty() {
        output.note("It does not say.");
    }
    output.facts(&facts)
}

/// The networks that it hears.
async fn scan(client: &Client, which: &Which) -> Result<(), Error> {
    let output = client.output;
    let (owner, printer, proxy) = found(client, which).await?;
    output.note(format_args!("Letting {} listen for networks …", printer.name()));
    let outcome = job::run_here(client, &owner, async |options| proxy.scan(options).await).await?;
    let mut networks = Properties::new(outcome).dictionaries("networks");
    networks.sort_by_key(|network| std::cmp::Reverse(network.signed("signal").unwrap_or(i64::MIN)));
    if output.is_json() {
        let networks: Vec<Value> = networks.iter().map(as_json).collect();
        return output.json(&json!({ "printer": printer.id(), "networks": networks }));
    }
    if networks.is_empty() {
        output.note("It hears no network.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = networks
        .iter()
        .map(|network| {
            vec![
                name(network).map_or_else(|| "(hidden)".to_owned(), |ssid| ssid.to_string()),
                security(&network.text("security")),
                channel(number(network, "channel")),
                signal(network.signed("signal"), output),
                match network.truth("wps") {
                    Some(true) => "WPS".to_owned(),
                    Some(false) => "-".to_owned(),
                    None => String::new(),
                },
            ]
        })
        .collect();
    output.table(&["NETWORK", "SECURITY", "CHANNEL", "SIGNAL", "WPS"], &rows)
}

/// Gives it a network. The password is asked for before anything is started, and is in no message.
async fn join(client: &Client, wanted: &Join) -> Result<(), Error> {
    let ssid = setup::ssid(&wanted.ssid)?;
    let security = wanted.security.as_deref().unwrap_or_default();
    let open = matches!(Security::from_name(security), Security::Open | Security::EnhancedOpen);
    let passphrase = match (open, wanted.stdin) {
        (true, true) => return Err(Error::Usage("An open network has no password.".to_owned())),
        (true, false) => None,
        (false, true) => Some(desk::piped_passphrase().await?),
        (false, false) => Some(asked_passphrase(client.output, &ssid).await?),
    };
    let (owner, printer, proxy) = found(client, &wanted.which).await?;
    client.output.note(format_args!("Giving {} the network {ssid} …", printer.name()));
    let order = Order::new().told();
    let hidden = wanted.hidden;
    let start = async |options: &super::proxy::Options<'_>| {
        let mut options = options.clone();
        if hidden {
            options.insert("hidden", true.into());
        }
        match passphrase {
            None => proxy.join(ssid.as_bytes(), security, &options).await,
            Some(passphrase) => {
                let secret = memfd::sealed(&passphrase).map_err(|error| zbus::Error::Failure(error.to_string()))?;
                drop(passphrase);
                proxy.join_with_secret(ssid.as_bytes(), security, secret.into(), &options).await
            }
        }
    };
    // The printer may ask for its administrator's password; a person can answer that.
    let desk = if wanted.stdin { None } else { desk::here(client.output, false).await? };
    let outcome = job::run_with(client, &owner, &order, desk, start).await?;
    setup::joined(client.output, &printer, outcome)
}

async fn asked_passphrase(output: Output, ssid: &Ssid) -> Result<terminal::Line, Error> {
    if !terminal::has_person() {
        let text = "The network's password can't be asked for without a terminal: give it with --stdin, or say \
                    --security open where there is none.";
        return Err(Error::Usage(text.to_owned()));
    }
    let label = format!("Password of the network \"{ssid}\"");
    loop {
        let typed = terminal::ask_unseen(output, &label).await?;
        match passphrase::parse(&typed) {
            Ok(_) => return Ok(typed),
            Err(error) => output.note(format_args!("That can't be it: {error}.")),
        }
    }
}

/// Switches its radio.
async fn power(client: &Client, wanted: &Power) -> Result<(), Error> {
    let on = wanted.power == Switch::On;
    let word = if on { "on" } else { "off" };
    let (owner, printer, proxy) = found(client, &wanted.which).await?;
    client.output.note(format_args!("Switching the radio of {} {word} …", printer.name()));
    job::run_here(client, &owner, async |options| proxy.set_power(on, options).await).await?;
    if client.output.is_json() {
        return client.output.json(&json!({ "printer": printer.id(), "power": on }));
    }
    client.output.line(format_args!("The radio of {} is {word}.", printer.name()))
}

/// Makes it forget its network.
async fn reset(client: &Client, wanted: &Reset) -> Result<(), Error> {
    let (owner, printer, proxy) = found(client, &wanted.which).await?;
    if !wanted.yes {
        if !terminal::has_person() || client.output.is_json() {
            return Err(Error::Usage("That can't be undone; say --yes if it is meant.".to_owned()));
        }
        client.output.note(format_args!("{} forgets its network, and leaves it.", printer.name()));
        if !terminal::ask_yes("Really? [y/N] ").await? {
            return Err(Error::Interrupted("Nothing was changed.".to_owned()));
        }
    }
    client.output.note(format_args!("Telling {} to forget its network …", printer.name()));
    job::run_here(client, &owner, async |options| proxy.reset_network(options).await).await?;
    if client.output.is_json() {
        return client.output.json(&json!({ "printer": printer.id(), "reset": true }));
    }
    client.output.line(format_args!("{} has forgotten its network.", printer.name()))
}

fn as_json(network: &Properties) -> Value {
    let ssid = name(network);
    json!({
        "ssid": ssid.as_ref().map(ToString::to_string),
        "ssid_hex": ssid.as_ref().map(Ssid::to_hex),
        "security": network.text("security"),
        "bssid": text(network, "bssid"),
        "channel": number(network, "channel"),
        "band": text(network, "band"),
        "signal_dbm": network.signed("signal"),
        "wps": network.truth("wps"),
    })
}

/// The network's name; `None` where it is hidden or not said.
fn name(network: &Properties) -> Option<Ssid> {
    network.bytes("ssid").and_then(|bytes| Ssid::new(bytes).ok()).filter(|ssid| !ssid.is_empty())
}

fn text(from: &Properties, name: &str) -> Option<String> {
    Some(from.text(name)).filter(|text| !text.is_empty())
}

fn number(from: &Properties, name: &str) -> Option<u64> {
    Some(from.number(name)).filter(|number| *number > 0)
}

fn security(name: &str) -> String {
    plain(&Security::from_name(name).to_string())
}

/// `6 (2.4 GHz)`
fn channel(channel: Option<u64>) -> String {
    let Some(channel) = channel else { return String::new() };
    match u16::try_from(channel).ok().and_then(Band::of_channel) {
        Some(band) => format!("{channel} ({band})"),
        None => channel.to_string(),
    }
}

/// Bars for a person, and the number: -50 dBm is as good as it gets, -90 dBm as good as nothing.
fn signal(dbm: Option<i64>, output: Output) -> String {
    let Some(dbm) = dbm else { return String::new() };
    if !output.is_terminal() {
        return format!("{dbm} dBm");
    }
    let bars = usize::try_from((dbm + 90).clamp(0, 40)).unwrap_or_default().div_ceil(10);
    let bars: String =
        ["▂", "▄", "▆", "█"].iter().enumerate().map(|(n, bar)| if n < bars { *bar } else { "·" }).collect();
    format!("{bars} {dbm} dBm")
}
