//! What a running emulator is told, one line each: so that a script can switch faults and pull the cable.

use super::faults::Fault;
use super::radio::Hushed;

/// What a person presses on the printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// WPS by PIN, in the panel's menu.
    Wps,
    /// The Wireless button, held: WPS by push button.
    Wireless,
    /// The button that is lit, which lets in whoever asked for it.
    Lit,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// `fault NAME`, `fault NAME@RESOURCE`, `fault none`.
    Fault(Option<Fault>),
    /// `unplug`: pull the cable, keep the printer.
    Unplug,
    /// `replug`: put it in again.
    Replug,
    /// `press wps`, `press wireless`, `press lit`.
    Press(Button),
    /// `type PIN`: somebody types it at the router.
    Type(Hushed),
    /// `push`: somebody pushes the router's WPS button.
    Push,
    /// `quit`.
    Quit,
}

/// What is no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No such order.
    #[error(
        "unknown order {0:?}; known are fault NAME[@RESOURCE], fault none, unplug, replug, press wps, press wireless, press lit, type PIN, push, quit"
    )]
    Order(String),
    /// No such fault.
    #[error("unknown fault {0:?}")]
    Fault(String),
}

impl Order {
    /// Reads a line. An empty one is none.
    ///
    /// # Errors
    /// [`Unknown`], with at most 80 characters of the line.
    pub fn parse(line: &str) -> Result<Option<Self>, Unknown> {
        let brief = |text: &str| text.chars().take(80).collect::<String>();
        let mut words = line.split_whitespace();
        let order = match (words.next(), words.next(), words.next()) {
            (None, ..) => return Ok(None),
            (Some("fault"), Some("none"), None) => Self::Fault(None),
            (Some("fault"), Some(name), None) => {
                Self::Fault(Some(Fault::from_name(name).ok_or_else(|| Unknown::Fault(brief(name)))?))
            }
            (Some("unplug"), None, _) => Self::Unplug,
            (Some("replug"), None, _) => Self::Replug,
            (Some("press"), Some("wps"), None) => Self::Press(Button::Wps),
            (Some("press"), Some("wireless"), None) => Self::Press(Button::Wireless),
            (Some("press"), Some("lit"), None) => Self::Press(Button::Lit),
            (Some("type"), Some(pin), None) if pin.len() <= 8 => Self::Type(pin.into()),
            (Some("push"), None, _) => Self::Push,
            (Some("quit"), None, _) => Self::Quit,
            _ => return Err(Unknown::Order(brief(line))),
        };
        Ok(Some(order))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::faults::{Kind, Resource};
    use super::*;

    #[test]
    fn orders() {
        let fault = Fault { kind: Kind::Hang, at: Some(Resource::Status) };
        assert_eq!(Order::parse("fault hang@status\n"), Ok(Some(Order::Fault(Some(fault)))));
        assert_eq!(Order::parse(" fault none"), Ok(Some(Order::Fault(None))));
        assert_eq!(Order::parse("replug"), Ok(Some(Order::Replug)));
        assert_eq!(Order::parse("press wps"), Ok(Some(Order::Press(Button::Wps))));
        assert!(!format!("{:?}", Order::parse("type 12345670")).contains("1234"));
        assert_eq!(Order::parse(""), Ok(None));
        assert_eq!(Order::parse("fault hang@moon"), Err(Unknown::Fault("hang@moon".to_owned())));
        assert!(Order::parse("unplug now").unwrap_err().to_string().contains("unplug now"));
    }

    #[test]
    fn every_fault_is_known_by_its_name() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(fault));
            for at in Resource::ALL {
                let at = Fault { at: Some(*at), ..fault };
                assert_eq!(Fault::from_name(&at.to_string()), Some(at));
            }
        }
    }
}
