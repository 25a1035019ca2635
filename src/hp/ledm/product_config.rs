//! `GET /DevMgmt/ProductConfigDyn.xml`: which printer it is, and whether it has been set up.
//!
//! ```
//! use plugprint::hp::ledm::product_config::{self, OobePhase};
//!
//! // Two revisions of one namespace in one document, as an ENVY Photo 7830 writes it.
//! let config = product_config::parse(br#"<b:ProductConfigDyn
//!         xmlns:a="http://www.hp.com/schemas/imaging/con/ledm/productconfigdyn/2007/11/05"
//!         xmlns:b="http://www.hp.com/schemas/imaging/con/ledm/productconfigdyn/2009/03/16"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <a:ProductInformation><dd:MakeAndModel>ENVY Photo 7800 series</dd:MakeAndModel></a:ProductInformation>
//!     <b:ProductSettings><dd:OobePhase>setupComplete</dd:OobePhase></b:ProductSettings>
//! </b:ProductConfigDyn>"#).unwrap();
//! assert_eq!(config.make_and_model, "ENVY Photo 7800 series");
//! assert_eq!(config.oobe_phase, Some(OobePhase::SetupComplete));
//! ```

use super::token::{shown, tokens};
use super::xml;
use super::{DD, PRDCFG};

/// Where it is.
pub const PATH: &str = "/DevMgmt/ProductConfigDyn.xml";

tokens! {
    /// How far the printer is with its first set-up, `dd:OobePhase`.
    pub enum OobePhase {
        /// It has been set up \[C: ENVY Photo 7830\]. Every other word means that it has not \[I\].
        SetupComplete = "setupComplete",
    }
}

tokens! {
    /// Whether an administrator's password is set, `dd:PasswordStatus`.
    pub enum PasswordStatus {
        /// It is \[C: ENVY Photo 7830\]: what changes something needs authentication.
        Set = "set",
        /// It is not \[I\].
        NotSet = "notSet",
    }
}

/// Which printer it is. Texts are cleaned of control characters and cut; empty where the printer says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductConfig {
    /// `dd:MakeAndModel`.
    pub make_and_model: String,
    /// `dd:SerialNumber`.
    pub serial_number: String,
    /// `dd:ProductNumber`, HP's order number.
    pub product_number: String,
    /// `dd:UUID`.
    pub uuid: String,
    /// The firmware: `dd:Version/dd:Revision` of the product.
    pub firmware: String,
    /// How far its first set-up is; `None` where it does not say.
    pub oobe_phase: Option<OobePhase>,
    /// Whether an administrator's password is set; `None` where it does not say.
    pub password: Option<PasswordStatus>,
}

impl ProductConfig {
    /// Whether it says that its first set-up is still to be done.
    #[must_use]
    pub fn out_of_box(&self) -> bool {
        self.oobe_phase.as_ref().is_some_and(|phase| *phase != OobePhase::SetupComplete)
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<ProductConfig, xml::Error> {
    let root = xml::parse_as(document, PRDCFG, "ProductConfigDyn")?;
    let information = root.child(PRDCFG, "ProductInformation");
    let settings = root.child(PRDCFG, "ProductSettings");
    let text = |name| information.and_then(|i| i.value(DD, name)).map(shown).unwrap_or_default();
    let firmware = information.and_then(|i| i.child(DD, "Version")).and_then(|version| version.value(DD, "Revision"));
    Ok(ProductConfig {
        make_and_model: text("MakeAndModel"),
        serial_number: text("SerialNumber"),
        product_number: text("ProductNumber"),
        uuid: text("UUID"),
        firmware: firmware.map(shown).unwrap_or_default(),
        oobe_phase: settings.and_then(|s| s.value(DD, "OobePhase")).map(OobePhase::from_word),
        password: information.and_then(|i| i.value(DD, "PasswordStatus")).map(PasswordStatus::from_word),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn an_inkjet_that_is_set_up() {
        let config = parse(&fixture("product-config.xml")).unwrap();
        assert_eq!(config.make_and_model, "Example 5000 All-in-One Printer series");
        assert_eq!(config.serial_number, "EX00000042");
        assert_eq!(config.firmware, "EXAMPLE003.2420A.00");
        assert_eq!(config.password, Some(PasswordStatus::Set));
        assert!(!config.out_of_box());
    }

    #[test]
    fn one_that_is_not_and_one_that_does_not_say() {
        let set_up = String::from_utf8(fixture("product-config.xml")).unwrap();
        let fresh = parse(set_up.replace("setupComplete", "setupIncomplete").as_bytes()).unwrap();
        assert_eq!(fresh.oobe_phase, Some(OobePhase::Unknown("setupIncomplete".into())));
        assert!(fresh.out_of_box());
        assert!(!parse(set_up.replace("setupComplete", "").as_bytes()).unwrap().out_of_box());
    }

    #[test]
    fn texts_reach_no_terminal_unclean() {
        let hostile = String::from_utf8(fixture("product-config.xml"))
            .unwrap()
            .replace("Example 5000", "&#27;[2J\u{202e}Example\u{7f} 5000");
        let config = parse(hostile.as_bytes()).unwrap();
        assert_eq!(config.make_and_model, "[2JExample 5000 All-in-One Printer series");
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("product-config.xml", |bytes| parse(bytes).map(drop));
    }
}
