//! What can be chosen about CDM: for each inferred behaviour its second variant.

use std::time::Duration;

/// How a boolean is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Booleans {
    /// `"true"` and `"false"` \[C, Smart Tank 580-590\].
    #[default]
    Text,
    /// `"enabled"` and `"disabled"` \[I\].
    Words,
    /// As JSON has them \[I\].
    Json,
}

/// For what a printer with token authentication wants a token \[all I\]. The adapters are always among it \[C, HPLIP\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wants {
    /// Every write.
    #[default]
    Writes,
    /// Writes about the network only: reports are printed for anybody.
    Network,
    /// Reading too.
    Everything,
}

/// How the network is reset. Neither method nor body is public.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// PATCH of the one value that its constraints name.
    #[default]
    Patch,
    /// PUT of another.
    Put,
    /// Its constraints leave a choice of two.
    Choice,
    /// It has no constraints.
    Unexplained,
    /// It is not there.
    Missing,
}

/// Which of the ways to a token are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// The button on the printer.
    pub button: bool,
    /// The PIN on its label.
    pub label: bool,
}

/// What a printer with LEDM has below `/cdm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// A few documents that LEDM has not \[C, Smart Tank 750; that they are discovered I\].
    #[default]
    Few,
    /// The same, and nothing says so.
    Undiscovered,
    /// Reports too.
    Reports,
    /// Reports and the network too.
    Network,
}

/// How CDM behaves. [`Options::default`] is as the models do.
#[derive(Clone, Debug)]
pub struct Options {
    /// How a boolean is written.
    pub booleans: Booleans,
    /// An adapter is switched off by `"disabled"`, though on by `"true"` \[I\].
    pub off_is_disabled: bool,
    /// Numbers are written as texts \[I\].
    pub text_numbers: bool,
    /// The station is `wifi1`; both names C \[HPLIP\].
    pub station_is_wifi1: bool,
    /// An adapter tells its type, and the station what became of its last attempt, as HP's class AdapterConfig for
    /// "Dune" has them \[C\]; `None` is as the model: with token authentication yes, otherwise HPLIP's members only \[I\].
    pub full_adapter: Option<bool>,
    /// A scan is over at the second look after it could be.
    pub slow_scan: bool,
    /// A scan says `wpaOrWpa2` as its authentication and no version; a profile says `auto` for it. HPLIP maps the one
    /// word to the other in this field \[C\]; which model says which, I.
    pub combined_security: bool,
    /// How the network is reset.
    pub reset: Reset,
    /// For what a token is wanted.
    pub wants: Wants,
    /// Asking for the button's session is answered when it was pressed, or never \[I\]; otherwise at once, and asking
    /// for its token is 409 until then \[409 for whatever is not right C\].
    pub button_is_waited_for: bool,
    /// Somebody presses the button so long after it is lit; `None` is nobody but who sends orders.
    pub pressed_after: Option<Duration>,
    /// Which ways to a token are open.
    pub ways: Ways,
    /// A token is good for so long.
    pub token_life: Duration,
    /// A report is answered when its page has come out. It takes three seconds and more to be accepted \[C\]; that it can
    /// take the whole page, I.
    pub waits_for_page: bool,
    /// What stands in the way is told in words that nobody knows; otherwise in those of HP's class for alerts \[C\].
    pub other_alerts: bool,
    /// What a printer with LEDM has.
    pub extent: Extent,
    /// Documents are not zipped, where the model zips them over its network \[C; over USB I\].
    pub plain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            booleans: Booleans::default(),
            off_is_disabled: false,
            text_numbers: false,
            station_is_wifi1: false,
            full_adapter: None,
            slow_scan: false,
            combined_security: false,
            reset: Reset::default(),
            wants: Wants::default(),
            button_is_waited_for: false,
            pressed_after: None,
            ways: Ways { button: true, label: true },
            token_life: Duration::from_secs(600),
            waits_for_page: false,
            other_alerts: false,
            extent: Extent::default(),
            plain: false,
        }
    }
}

/// What is no setting of CDM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no setting of CDM; known are {}, with whole seconds in place of SECONDS", Options::SETTINGS.join(" "))]
pub struct Unknown;

impl Options {
    /// What [`Options::set`] knows.
    pub const SETTINGS: &'static [&'static str] = &[
        "cdm-booleans=words",
        "cdm-booleans=json",
        "cdm-off=disabled",
        "cdm-numbers=text",
        "cdm-station=wifi1",
        "cdm-adapter=full",
        "cdm-adapter=bare",
        "cdm-scan=second-look",
        "cdm-security=combined",
        "cdm-reset=put",
        "cdm-reset=choice",
        "cdm-reset=unexplained",
        "cdm-reset=missing",
        "cdm-wants=network",
        "cdm-wants=everything",
        "cdm-button=waited-for",
        "cdm-button=SECONDS",
        "cdm-ways=button",
        "cdm-ways=label",
        "cdm-ways=none",
        "cdm-token=SECONDS",
        "cdm-print=waits",
        "cdm-alerts=other",
        "cdm-extent=undiscovered",
        "cdm-extent=reports",
        "cdm-extent=network",
        "cdm-plain=yes",
    ];

    /// Sets one thing by its name, `KEY=VALUE`.
    ///
    /// # Errors
    /// [`Unknown`], which names all that can be set.
    pub fn set(&mut self, setting: &str) -> Result<(), Unknown> {
        let (key, value) = setting.split_once('=').ok_or(Unknown)?;
        let seconds = || value.parse::<u16>().map(|seconds| Duration::from_secs(seconds.into())).map_err(|_| Unknown);
        match (key, value) {
            ("cdm-booleans", "words") => self.booleans = Booleans::Words,
            ("cdm-booleans", "json") => self.booleans = Booleans::Json,
            ("cdm-off", "disabled") => self.off_is_disabled = true,
            ("cdm-numbers", "text") => self.text_numbers = true,
            ("cdm-station", "wifi1") => self.station_is_wifi1 = true,
            ("cdm-adapter", "full") => self.full_adapter = Some(true),
            ("cdm-adapter", "bare") => self.full_adapter = Some(false),
            ("cdm-scan", "second-look") => self.slow_scan = true,
            ("cdm-security", "combined") => self.combined_security = true,
            ("cdm-reset", "put") => self.reset = Reset::Put,
            ("cdm-reset", "choice") => self.reset = Reset::Choice,
            ("cdm-reset", "unexplained") => self.reset = Reset::Unexplained,
            ("cdm-reset", "missing") => self.reset = Reset::Missing,
            ("cdm-wants", "network") => self.wants = Wants::Network,
            ("cdm-wants", "everything") => self.wants = Wants::Everything,
            ("cdm-button", "waited-for") => self.button_is_waited_for = true,
            ("cdm-button", _) => self.pressed_after = Some(seconds()?),
            ("cdm-ways", "button") => self.ways = Ways { button: true, label: false },
            ("cdm-ways", "label") => self.ways = Ways { button: false, label: true },
            ("cdm-ways", "none") => self.ways = Ways { button: false, label: false },
            ("cdm-token", _) => self.token_life = seconds()?,
            ("cdm-print", "waits") => self.waits_for_page = true,
            ("cdm-alerts", "other") => self.other_alerts = true,
            ("cdm-extent", "undiscovered") => self.extent = Extent::Undiscovered,
            ("cdm-extent", "reports") => self.extent = Extent::Reports,
            ("cdm-extent", "network") => self.extent = Extent::Network,
            ("cdm-plain", "yes") => self.plain = true,
            _ => return Err(Unknown),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_setting_is_known_by_its_name() {
        let mut options = Options::default();
        for setting in Options::SETTINGS {
            options.set(&setting.replace("SECONDS", "7")).unwrap();
        }
        assert_eq!((options.pressed_after, options.token_life), (Some(Duration::from_secs(7)), Duration::from_secs(7)));
        for wrong in ["", "cdm-reset", "cdm-reset=maybe", "cdm-button=-1", "reset=put"] {
            assert_eq!(options.set(wrong), Err(Unknown), "{wrong}");
        }
        assert!(Unknown.to_string().contains("cdm-wants=everything"));
    }
}
