//! What the service asks, in words.

use crate::wifi::host::networkmanager::Withheld;

use super::super::prompter::{About, What};

/// What a secret is called.
#[must_use]
pub fn label(kind: &str, about: &About) -> String {
    match kind {
        "passphrase" => match about.network() {
            network if network.is_empty() => "Password of the network".to_owned(),
            network => format!("Password of the network \"{network}\""),
        },
        "paper-pin" => "WPS PIN on the page".to_owned(),
        "label-pin" => "PIN on the printer's label".to_owned(),
        "admin-password" => "Password of the printer's administrator".to_owned(),
        other => other.replace('-', " "),
    }
}

/// What a person should know or do, in sentences.
#[must_use]
pub fn sentence(what: &What, about: &About) -> String {
    let known = match what {
        What::Secret(kind) => match kind.as_str() {
            "passphrase" => return String::new(),
            "paper-pin" => "The PIN is on the page that the printer has printed: 8 digits, beside the words WPS PIN.",
            "admin-password" => {
                "The printer lets only its administrator do that; the password is that of its own web page."
            }
            _ => "",
        },
        What::Action(action) => match action.as_str() {
            "follow-panel" if !about.step.is_empty() => return about.step.clone(),
            // Which button, the service knows.
            "press-printer-button" if !about.text.is_empty() => return about.text.clone(),
            "press-printer-button" => {
                "Hold the printer's Wireless button for 3 seconds or more, until its light blinks."
            }
            "press-router-button" => "Now press the WPS button of the router.",
            "start-wps-on-panel" => "Start WPS by PIN on the printer's panel: it is in the menu for wireless set-up.",
            "type-pin-at-router" => "Type the PIN at the router, where a client is added by WPS PIN.",
            _ => "",
        },
        What::Confirmation(question) => match question.as_str() {
            "share-network" => {
                return match (about.network(), about.open) {
                    (network, _) if network.is_empty() => {
                        "The printer would get the password of this computer's own network.".to_owned()
                    }
                    (network, true) => {
                        format!(
                            "This computer is on the network \"{network}\", which is open. The printer would join it."
                        )
                    }
                    (network, false) => format!(
                        "This computer is on the network \"{network}\". The printer would join it, and get its password for that."
                    ),
                };
            }
            _ => "",
        },
    };
    match (known, about.text.is_empty(), what) {
        ("", false, _) => about.text.clone(),
        ("", true, What::Action(other) | What::Confirmation(other)) => other.replace('-', " "),
        (known, ..) => known.to_owned(),
    }
}

/// What became of this computer's own password.
#[must_use]
pub fn fetched(fetched: Result<(), Withheld>) -> String {
    match fetched {
        Ok(()) => "Its password comes from NetworkManager.".to_owned(),
        Err(Withheld::Enterprise) => format!("The printer can't have this network: {}.", Withheld::Enterprise),
        Err(why) => format!("Its password has to be typed: {why}."),
    }
}
