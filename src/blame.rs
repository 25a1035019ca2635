//! Whose failure it is. Every error of this house can say so, and what to do about it.

use std::fmt;

/// Who a failure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// This computer: its kernel, permissions, services.
    Host,
    /// This program.
    Agent,
    /// The printer.
    Printer,
    /// The network: router, registrar, DHCP.
    Network,
    /// The person or program that asked.
    Caller,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "this computer",
            Self::Agent => "plugprint",
            Self::Printer => "the printer",
            Self::Network => "the network",
            Self::Caller => "the request",
        })
    }
}
