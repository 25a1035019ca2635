//! Which printers there are, and which one is meant.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::exit::Error;
use super::properties::Properties;

/// A printer as the bus shows it. Its texts are harmless for a terminal.
#[derive(Debug, Default)]
pub struct Printer {
    /// Its object.
    pub path: String,
    /// What `.Printer` says.
    pub properties: Properties,
    /// What `.Wps` says, where it is there.
    pub wps: Option<Properties>,
    /// What `.Wifi` says, where it is there.
    pub wifi: Option<Properties>,
}

impl Printer {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> String {
        self.properties.text("Id")
    }

    /// Manufacturer and model, once.
    #[must_use]
    pub fn name(&self) -> String {
        let (manufacturer, model) = (self.properties.text("Manufacturer"), self.properties.text("Model"));
        let short = match manufacturer.to_ascii_lowercase().as_str() {
            "hewlett-packard" | "hewlett packard" => "HP".to_owned(),
            _ => manufacturer,
        };
        if model.is_empty() {
            let (vendor, product) = (self.properties.number("VendorId"), self.properties.number("ProductId"));
            return format!("{short} printer {vendor:04x}:{product:04x}").trim().to_owned();
        }
        if short.is_empty() || model.to_lowercase().starts_with(&short.to_lowercase()) {
            model
        } else {
            format!("{short} {model}")
        }
    }

    /// Its serial number; empty where it has none.
    #[must_use]
    pub fn serial(&self) -> String {
        self.properties.text("SerialNumber")
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> String {
        self.properties.text("State")
    }

    /// Where it is plugged in, as `lsusb` writes it.
    #[must_use]
    pub fn usb(&self) -> String {
        format!("{:03}/{:03}", self.properties.number("UsbBus"), self.properties.number("UsbAddress"))
    }

    /// What it can do, with the evidence.
    #[must_use]
    pub fn capabilities(&self) -> BTreeMap<String, String> {
        self.properties.map("Capabilities")
    }

    /// All of it for a program.
    #[must_use]
    pub fn json(&self) -> Value {
        let p = &self.properties;
        json!({
            "id": self.id(),
            "manufacturer": p.text("Manufacturer"),
            "model": p.text("Model"),
            "serial_number": self.serial(),
            "uuid": p.text("Uuid"),
            "vendor_id": p.number("VendorId"),
            "product_id": p.number("ProductId"),
            "usb_bus": p.number("UsbBus"),
            "usb_address": p.number("UsbAddress"),
            "state": self.state(),
            "state_reason": p.text("StateReason"),
            "mode": p.text("Mode"),
            "capabilities": self.capabilities(),
            "quirks": p.map("Quirks"),
            "reports": p.texts("Reports"),
            "transport": p.text("Transport"),
            "uri": p.text("Uri"),
            "admin_uri": p.text("AdminUri"),
            "current_job": p.text("CurrentJob"),
            "wps": self.wps.as_ref().map(|wps| json!({
                "methods": wps.texts("Methods"),
                "pin_kind": wps.text("PinKind"),
            })),
            "wifi": self.wifi.as_ref().map(|wifi| json!({
                "power": wifi.truth("Power"),
                "associated": wifi.text("Associated"),
                "signal_dbm": wifi.signed("SignalStrength"),
                "addresses": wifi.texts("Addresses"),
            })),
            "path": self.path,
        })
    }
}

/// The printer that is meant: by id, serial number, or a part of its name; or the only one.
///
/// # Errors
/// [`Error::NoSuchPrinter`], with the list to choose from.
pub fn choose(printers: Vec<Printer>, wanted: Option<&str>) -> Result<Printer, Error> {
    if printers.is_empty() {
        return Err(Error::NoSuchPrinter(
            "No printer is plugged in. If one is, is it switched on? `lsusb` shows what the computer sees.".to_owned(),
        ));
    }
    let Some(wanted) = wanted else {
        return only(printers, |list| {
            Error::NoSuchPrinter(format!("More than one printer is plugged in; say which:\n{list}"))
        });
    };
    // From the exact to the vague: the first rule that anything fits decides.
    let lower = wanted.to_lowercase();
    let rules: [&dyn Fn(&Printer) -> bool; 4] = [
        &|printer| printer.id() == wanted,
        &|printer| !lower.is_empty() && printer.serial().to_lowercase() == lower,
        &|printer| {
            let model = printer.properties.text("Model").to_lowercase();
            model == lower || printer.name().to_lowercase() == lower
        },
        &|printer| {
            let starts = |text: String| text.to_lowercase().starts_with(&lower);
            let is_part =
                starts(printer.id()) || starts(printer.serial()) || printer.name().to_lowercase().contains(&lower);
            !lower.is_empty() && is_part
        },
    ];
    let all = listed(&printers);
    for rule in rules {
        if printers.iter().any(rule) {
            let fitting = printers.into_iter().filter(|printer| rule(printer)).collect();
            return only(fitting, |list| {
                Error::NoSuchPrinter(format!(
                    "\"{}\" fits more than one printer:\n{list}",
                    super::output::plain(wanted)
                ))
            });
        }
    }
    Err(Error::NoSuchPrinter(format!("No printer fits \"{}\". Plugged in:\n{all}", super::output::plain(wanted))))
}

fn only(mut printers: Vec<Printer>, otherwise: impl FnOnce(String) -> Error) -> Result<Printer, Error> {
    match (printers.pop(), printers.is_empty()) {
        (Some(printer), true) => Ok(printer),
        (last, _) => {
            printers.extend(last);
            Err(otherwise(listed(&printers)))
        }
    }
}

fn listed(printers: &[Printer]) -> String {
    printers.iter().map(|printer| format!("  {}  {}", printer.id(), printer.name())).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use std::collections::HashMap;

    use super::*;
    use zbus::{OwnedVariant, Variant};

    fn printer(id: &str, model: &str, serial: &str) -> Printer {
        let text = |value: &str| OwnedVariant::try_from(Variant::from(value.to_owned())).unwrap();
        let properties = HashMap::from([
            ("Id".to_owned(), text(id)),
            ("Manufacturer".to_owned(), text("HP")),
            ("Model".to_owned(), text(model)),
            ("SerialNumber".to_owned(), text(serial)),
        ]);
        Printer { path: format!("/p/{id}"), properties: Properties::new(properties), wps: None, wifi: None }
    }

    fn shelf() -> Vec<Printer> {
        vec![
            printer("envy_1", "ENVY 5000 series", "TH1"),
            printer("lj_1", "LaserJet Pro P1102w", "VN1"),
            printer("lj_2", "LaserJet Pro M1217nfw MFP", "VN2"),
        ]
    }

    #[test]
    fn the_exact_comes_before_the_vague() {
        for (wanted, id) in [
            ("lj_2", "lj_2"),
            ("vn1", "lj_1"),
            ("ENVY", "envy_1"),
            ("p1102", "lj_1"),
            ("hp envy 5000 series", "envy_1"),
            ("TH", "envy_1"),
        ] {
            assert_eq!(choose(shelf(), Some(wanted)).unwrap().id(), id, "{wanted}");
        }
    }

    #[test]
    fn what_fits_several_or_none_is_refused_with_the_list() {
        let several = choose(shelf(), Some("laserjet")).unwrap_err().to_string();
        assert!(several.contains("lj_1") && several.contains("lj_2") && !several.contains("envy"), "{several}");
        let none = choose(shelf(), Some("officejet")).unwrap_err().to_string();
        assert!(none.contains("envy_1"), "{none}");
        assert!(choose(shelf(), Some("")).is_err());
        assert!(choose(shelf(), None).unwrap_err().to_string().contains("More than one"));
        assert!(choose(Vec::new(), None).unwrap_err().to_string().contains("No printer"));
        assert_eq!(choose(vec![printer("a", "b", "c")], None).unwrap().id(), "a");
    }
}
