//! What a printer's firmware has to be spared, or needs to be told.

use std::time::Duration;

use ::http::{HeaderName, HeaderValue};

/// How a printer is to be spoken to. The default is what the specifications say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Links in use at once; `None`: as many as are useful.
    pub most_links: Option<usize>,
    /// Header fields that every request carries, in place of the client's; `None`: that every request goes without.
    pub headers: Vec<(HeaderName, Option<HeaderValue>)>,
    /// Between the claim of the first link and the first request.
    pub init_delay: Duration,
    /// For an answer while it is found out what the printer is; `None`: the usual time.
    pub init_timeout: Option<Duration>,
    /// What is done to the device before the first request.
    pub init_reset: Reset,
    /// Before each request.
    pub request_delay: Duration,
    /// After each OUT transfer that is larger than `send_delay_threshold`.
    pub send_delay: Duration,
    /// In bytes.
    pub send_delay_threshold: usize,
    /// A zero-length packet ends each OUT transfer that is a multiple of the packet size.
    pub zlp_send: bool,
    /// At the first requests a zero-length packet followed by silence is the end of a body.
    pub zlp_recv_hack: bool,
}

/// How a device is brought to its senses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// Not at all.
    #[default]
    None,
    /// SOFT_RESET (USB Printing Devices 1.1, 4.2.3).
    Soft,
    /// A reset of the port.
    Hard,
}
