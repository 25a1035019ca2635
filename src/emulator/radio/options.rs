//! What can be chosen about the radio: for each inferred behaviour its second variant, and the impostors of
//! success.

use std::path::PathBuf;
use std::time::Duration;

use super::{Admin, Hushed, Network, Typed, neighbourhood};

/// What looks like success and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impostor {
    /// A profile is taken with 200, and the station stays where it was.
    OldAssociation,
    /// Only the printer's own access point is up, under the wanted name; the station joins nothing.
    SoftAp,
    /// A network cable is in, with an address; the station joins nothing.
    Ethernet,
}

/// The address that the printer takes when DHCP gives none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lost {
    /// 169.254.x.x (RFC 3927).
    #[default]
    AutoIp,
    /// 192.0.0.192.
    Fallback,
    /// None at all.
    Nothing,
}

/// How WPS by PIN starts. Not public for any model; both are inferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enrolment {
    /// Reading `WPS/Pin` starts it.
    #[default]
    ByReading,
    /// Somebody starts it on the printer's panel.
    AtPanel,
}

/// Which document switches the radio \[both C, HPLIP\]; which model takes which is inferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PowerForm {
    /// `io:Adapters` on the inkjet, `io:Adapter` on the LaserJet; the other gets 400.
    #[default]
    Model,
    /// `io:Adapters` only.
    Adapters,
    /// `io:Adapter` only.
    Adapter,
}

/// Which profile can be written. The collection names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfileForm {
    /// `Profiles/Active` on the inkjet \[C, HPLIP\]; `Profiles/1` on the LaserJet, which reads under both names
    /// \[C, M28w; that it reads under both I\].
    #[default]
    Model,
    /// `Profiles/1`, and `Profiles/Active` does not exist.
    NumberedOnly,
}

/// What a scan answers while the radio is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offline {
    /// An empty list on the inkjet \[C, DeskJet 3750\]; on the LaserJet it fails with an empty body \[C, M28w;
    /// that the status is 500, I\].
    #[default]
    Model,
    /// 200 with an empty body \[I\].
    EmptyBody,
}

/// What happens on USB when the radio is switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switching {
    /// Nothing.
    #[default]
    Stays,
    /// The device drops off and comes back after this time \[C, DeskJet 3750\].
    Returns(Duration),
    /// It drops off for good.
    Gone,
}

/// How the radio behaves. [`Options::default`] is a radio that is on, in [`neighbourhood`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The control socket of a wpa_supplicant: a real radio, on which nobody but the stations and access points
    /// around it decides what happens.
    pub supplicant: Option<PathBuf>,
    /// A real radio's DHCP client: a program that is run each time the station is associated. It writes `ip=`,
    /// `subnet=`, `router=` and `dns=` lines and ends; without `ip=` there was no address.
    pub dhcp: Option<PathBuf>,
    /// Who is on the air. The first is the network that the printer is on, where it is on one.
    pub networks: Vec<Network>,
    /// The radio is on at the beginning.
    pub powered: bool,
    /// It hears 5 GHz too.
    pub five_ghz: bool,
    /// It can do WPA3.
    pub wpa3: bool,
    /// It shows WPA3-only networks as WPA2, as firmware does that doesn't know SAE \[I\].
    pub wpa3_as_wpa2: bool,
    /// What looks like success and is none.
    pub impostor: Option<Impostor>,
    /// Its address without DHCP.
    pub lost: Lost,
    /// How WPS by PIN starts.
    pub enrolment: Enrolment,
    /// For how long WPS waits for a registrar.
    pub walk: Duration,
    /// Who sits at the router.
    pub admin: Admin,
    /// Which document switches the radio.
    pub power_form: PowerForm,
    /// Which profile can be written.
    pub profile_form: ProfileForm,
    /// What a scan answers while the radio is off.
    pub offline: Offline,
    /// It goes on to tell why the attempt before failed until the next one has come to something \[I\]; otherwise it
    /// forgets that when it is given a network.
    pub keeps_diagnosis: bool,
    /// What happens on USB when it is switched on.
    pub switching: Switching,
    /// The administrator's password; writes need it then: 401 Digest, user `admin` \[C\].
    pub password: Option<Hushed>,
    /// How long a scan takes: 202 until then.
    pub scan_time: Duration,
    /// From the profile to the association, or to its failure.
    pub join_time: Duration,
    /// From the association to the address.
    pub address_time: Duration,
    /// For how long it waits for DHCP before it takes another address.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            supplicant: None,
            dhcp: None,
            networks: neighbourhood(),
            powered: true,
            five_ghz: false,
            wpa3: false,
            wpa3_as_wpa2: false,
            impostor: None,
            lost: Lost::default(),
            enrolment: Enrolment::default(),
            // Walk time (WSC 2.0): also for how long a PIN is announced.
            walk: Duration::from_secs(120),
            admin: Admin::Absent,
            power_form: PowerForm::default(),
            profile_form: ProfileForm::default(),
            offline: Offline::default(),
            keeps_diagnosis: false,
            switching: Switching::default(),
            password: None,
            scan_time: Duration::from_secs(4),
            join_time: Duration::from_secs(3),
            address_time: Duration::from_secs(2),
            patience: Duration::from_secs(20),
        }
    }
}

/// What is no setting of the radio.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no setting of the radio; known are {}, with whole seconds in place of SECONDS",
    Options::SETTINGS.join(" ")
)]
pub struct Unknown;

impl Options {
    /// What [`Options::set`] knows.
    pub const SETTINGS: &'static [&'static str] = &[
        "power=on",
        "power=off",
        "impostor=old-association",
        "impostor=soft-ap",
        "impostor=ethernet",
        "lost=auto-ip",
        "lost=fallback",
        "lost=nothing",
        "wps=by-reading",
        "wps=at-panel",
        "admin=absent",
        "admin=right",
        "admin=wrong-first-half",
        "admin=wrong-second-half",
        "registrar=none",
        "registrar=ready",
        "registrar=locked",
        "registrar=crowded",
        "usb=stays",
        "usb=gone",
        "usb=SECONDS",
        "walk=SECONDS",
        "profile=numbered",
        "offline=empty-body",
        "diagnosis=kept",
        "wpa3=yes",
        "wpa3=as-wpa2",
        "band=5",
        "password=PASSWORD",
        "supplicant=SOCKET",
        "dhcp=PROGRAM",
    ];

    /// Sets one thing by its name, `KEY=VALUE`. `registrar` is the first network's.
    ///
    /// # Errors
    /// [`Unknown`], which names all that can be set.
    pub fn set(&mut self, setting: &str) -> Result<(), Unknown> {
        use super::Registrar;
        let (key, value) = setting.split_once('=').ok_or(Unknown)?;
        let seconds = || value.parse::<u16>().map(|seconds| Duration::from_secs(seconds.into())).map_err(|_| Unknown);
        let acts = |typed| Admin::Acts(Duration::from_secs(2), typed);
        match (key, value) {
            ("power", "on") => self.powered = true,
            ("power", "off") => self.powered = false,
            ("impostor", "old-association") => self.impostor = Some(Impostor::OldAssociation),
            ("impostor", "soft-ap") => self.impostor = Some(Impostor::SoftAp),
            ("impostor", "ethernet") => self.impostor = Some(Impostor::Ethernet),
            ("lost", "auto-ip") => self.lost = Lost::AutoIp,
            ("lost", "fallback") => self.lost = Lost::Fallback,
            ("lost", "nothing") => self.lost = Lost::Nothing,
            ("wps", "by-reading") => self.enrolment = Enrolment::ByReading,
            ("wps", "at-panel") => self.enrolment = Enrolment::AtPanel,
            ("admin", "absent") => self.admin = Admin::Absent,
            ("admin", "right") => self.admin = acts(Typed::Right),
            ("admin", "wrong-first-half") => self.admin = acts(Typed::WrongFirstHalf),
            ("admin", "wrong-second-half") => self.admin = acts(Typed::WrongSecondHalf),
            ("registrar", _) => {
                let home = self.networks.first_mut().ok_or(Unknown)?;
                home.registrar = match value {
                    "none" => Registrar::None,
                    "ready" => Registrar::Ready,
                    "locked" => Registrar::Locked,
                    "crowded" => Registrar::Crowded,
                    _ => return Err(Unknown),
                };
            }
            ("usb", "stays") => self.switching = Switching::Stays,
            ("usb", "gone") => self.switching = Switching::Gone,
            ("usb", _) => self.switching = Switching::Returns(seconds()?),
            ("walk", _) => self.walk = seconds()?,
            ("profile", "numbered") => self.profile_form = ProfileForm::NumberedOnly,
            ("offline", "empty-body") => self.offline = Offline::EmptyBody,
            ("diagnosis", "kept") => self.keeps_diagnosis = true,
            ("wpa3", "yes") => self.wpa3 = true,
            ("wpa3", "as-wpa2") => self.wpa3_as_wpa2 = true,
            ("band", "5") => self.five_ghz = true,
            ("password", _) => self.password = Some(value.into()),
            ("supplicant", "") | ("dhcp", "") => return Err(Unknown),
            ("supplicant", _) => self.supplicant = Some(value.into()),
            ("dhcp", _) => self.dhcp = Some(value.into()),
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
            options.set(&setting.replace("SECONDS", "30")).unwrap();
        }
        assert_eq!(
            (options.switching, options.walk),
            (Switching::Returns(Duration::from_secs(30)), Duration::from_secs(30))
        );
        for wrong in ["", "power", "power=maybe", "usb=-1", "registrar=", "walk=99999"] {
            assert_eq!(options.set(wrong), Err(Unknown), "{wrong}");
        }
        assert!(Unknown.to_string().contains("impostor=ethernet"));
        assert!(!format!("{options:?}").contains("PASSWORD"));
    }
}
