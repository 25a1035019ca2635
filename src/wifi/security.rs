//! How a network is secured.

use std::fmt;

/// How a network is secured.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// Not at all.
    Open,
    /// Encrypted without a passphrase (Opportunistic Wireless Encryption, RFC 8110).
    EnhancedOpen,
    /// WEP: broken, and no printer of today is set up with it.
    Wep,
    /// WPA with a passphrase.
    WpaPersonal,
    /// WPA and WPA2 with the same passphrase.
    WpaWpa2Personal,
    /// WPA2 with a passphrase.
    Wpa2Personal,
    /// WPA2 and WPA3 with the same passphrase ("transition mode").
    Wpa2Wpa3Personal,
    /// WPA3 only: SAE.
    Wpa3Personal,
    /// A name and a password for each user (IEEE 802.1X).
    Enterprise,
    /// Another word, at most 64 characters of it. Escape it before it is shown.
    Unknown(String),
}

const NAMES: [(Security, &str); 9] = [
    (Security::Open, "open"),
    (Security::EnhancedOpen, "owe"),
    (Security::Wep, "wep"),
    (Security::WpaPersonal, "wpa-psk"),
    (Security::WpaWpa2Personal, "wpa-wpa2-psk"),
    (Security::Wpa2Personal, "wpa2-psk"),
    (Security::Wpa2Wpa3Personal, "wpa2-psk-sae"),
    (Security::Wpa3Personal, "sae"),
    (Security::Enterprise, "enterprise"),
];

impl Security {
    /// Reads the name that it has on D-Bus and on the command line.
    ///
    /// ```
    /// use plugprint::wifi::Security;
    ///
    /// assert_eq!(Security::from_name("wpa2-psk"), Security::Wpa2Personal);
    /// assert_eq!(Security::from_name("wapi"), Security::Unknown("wapi".into()));
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let known = NAMES.iter().find(|(_, known)| *known == name).map(|(security, _)| security.clone());
        known.unwrap_or_else(|| Self::Unknown(name.chars().take(64).collect()))
    }

    /// The name that it has on D-Bus and on the command line.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Open => "open",
            Self::EnhancedOpen => "owe",
            Self::Wep => "wep",
            Self::WpaPersonal => "wpa-psk",
            Self::WpaWpa2Personal => "wpa-wpa2-psk",
            Self::Wpa2Personal => "wpa2-psk",
            Self::Wpa2Wpa3Personal => "wpa2-psk-sae",
            Self::Wpa3Personal => "sae",
            Self::Enterprise => "enterprise",
            Self::Unknown(name) => name,
        }
    }

    /// Whether it is joined by a passphrase that all share. Not known for an unknown one: `false`.
    #[must_use]
    pub fn takes_passphrase(&self) -> bool {
        matches!(
            self,
            Self::WpaPersonal
                | Self::WpaWpa2Personal
                | Self::Wpa2Personal
                | Self::Wpa2Wpa3Personal
                | Self::Wpa3Personal
        )
    }

    /// Whether WPS can lead to it: WPS hands out passphrases of WPA and WPA2, and access points switch it off for
    /// WEP and for WPA3 alone (Wi-Fi Simple Configuration 2.0, 4.3; hostap). An open network needs none.
    #[must_use]
    pub fn takes_wps(&self) -> bool {
        matches!(self, Self::WpaPersonal | Self::WpaWpa2Personal | Self::Wpa2Personal | Self::Wpa2Wpa3Personal)
    }
}

impl fmt::Display for Security {
    /// For people; an unknown word is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::EnhancedOpen => "open, encrypted (OWE)",
            Self::Wep => "WEP",
            Self::WpaPersonal => "WPA",
            Self::WpaWpa2Personal => "WPA/WPA2",
            Self::Wpa2Personal => "WPA2",
            Self::Wpa2Wpa3Personal => "WPA2/WPA3",
            Self::Wpa3Personal => "WPA3",
            Self::Enterprise => "WPA Enterprise",
            Self::Unknown(word) => return write!(f, "{}", word.escape_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (security, name) in NAMES {
            assert_eq!(security.name(), name);
            assert_eq!(Security::from_name(name), security);
        }
    }

    proptest! {
        #[test]
        fn any_word_is_kept_bounded_and_shown_harmless(word in "\\PC{0,100}|[\\x00-\\x7f]{0,100}") {
            let security = Security::from_name(&word);
            prop_assert!(security.name().chars().count() <= 64);
            prop_assert!(security.to_string().bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }
}
