//! Faults on purpose: what goes wrong, and at which resource.

use std::fmt;

/// Which resource a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// `/DevMgmt/DiscoveryTree.xml`
    Discovery,
    /// `/DevMgmt/InternalPrintCap.xml`
    Capabilities,
    /// `/DevMgmt/InternalPrintDyn.xml`
    Print,
    /// `/DevMgmt/ProductStatusDyn.xml`
    Status,
    /// `/DevMgmt/ProductConfigDyn.xml`
    Config,
    /// `/IoMgmt/Adapters`
    Adapters,
    /// `/IoMgmt/Adapters/NAME/Protocols`
    Protocols,
    /// `/IoMgmt/Adapters/NAME/Profiles` and below, read
    Profiles,
    /// A profile, written
    Join,
    /// `/IoMgmt/Adapters/NAME`, the radio's switch
    Power,
    /// `/IoMgmt/Adapters/NAME/WifiNetworks` and below
    Scan,
    /// `/IoMgmt/Adapters/NAME/VsaCodes.xml`
    Diagnosis,
    /// `/IoMgmt/IoMgmtManifest.xml`, `/IoMgmt/IoMgmtCap.xml`
    Manifest,
    /// `/IoMgmt/Adapters/NAME/WPS/Pin`
    Pin,
    /// `/cdm/ioConfig/v2/networkReset`
    Reset,
    /// `/cdm/remoteAuthentication/` and `/cdm/oauth2/`
    Tokens,
    /// `/ipp/print`
    Ipp,
    /// `/ipp/faxout`
    Fax,
    /// `/eSCL/` but for pages
    Escl,
    /// A scanned page: `/eSCL/ScanJobs/ID/NextDocument`
    Document,
    /// The web pages
    Web,
    /// Everything else.
    Other,
}

impl Resource {
    /// Every resource, in the order a list shows them.
    pub const ALL: &'static [Self] = &[
        Self::Discovery,
        Self::Capabilities,
        Self::Print,
        Self::Status,
        Self::Config,
        Self::Adapters,
        Self::Protocols,
        Self::Profiles,
        Self::Join,
        Self::Power,
        Self::Scan,
        Self::Diagnosis,
        Self::Manifest,
        Self::Pin,
        Self::Reset,
        Self::Tokens,
        Self::Ipp,
        Self::Fax,
        Self::Escl,
        Self::Document,
        Self::Web,
        Self::Other,
    ];

    /// How it is named after the `@` of a fault.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Capabilities => "capabilities",
            Self::Print => "print",
            Self::Status => "status",
            Self::Config => "config",
            Self::Adapters => "adapters",
            Self::Protocols => "protocols",
            Self::Profiles => "profiles",
            Self::Join => "join",
            Self::Power => "power",
            Self::Scan => "scan",
            Self::Diagnosis => "diagnosis",
            Self::Manifest => "manifest",
            Self::Pin => "pin",
            Self::Reset => "reset",
            Self::Tokens => "tokens",
            Self::Ipp => "ipp",
            Self::Fax => "fax",
            Self::Escl => "escl",
            Self::Document => "document",
            Self::Web => "web",
            Self::Other => "other",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// What goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])+ $variant,)+ }

        impl Kind {
            /// Every kind, in the order a list shows them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// How it is named on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// The request is taken, and nothing ever comes back.
    Hang = "hang",
    /// The same, and only a re-enumeration helps.
    Wedged = "wedged",
    /// The same, and only SOFT_RESET or a re-enumeration helps.
    Deadlocked = "deadlocked",
    /// A request that comes while another one is being answered hangs. Answers take a second.
    Crowded = "crowded",
    /// The response stops in the middle of its head.
    HangHead = "hang-head",
    /// The response stops in the middle of its body.
    HangBody = "hang-body",
    /// The response is whole; after it nothing is taken and nothing comes.
    HangAfter = "hang-after",
    /// The first bytes of the request's body are taken, then no more; nothing ever comes back.
    HangUpload = "hang-upload",
    /// The response comes before the request's body has ended; what follows of it is taken. For IPP documents.
    Early = "early-response",
    /// The same, and what follows is not taken.
    EarlyDeaf = "early-deaf",
    /// A chunked response stops in the middle of a chunk; then a short packet and silence.
    TruncatedChunk = "truncated-chunk",
    /// A chunked response ends after a whole chunk, without its last one; then silence.
    NoLastChunk = "no-last-chunk",
    /// No request is read before a transfer of it ended with a short or a zero-length packet \[ipp-usb has a quirk
    /// for such printers, `zlp-send`; I\].
    Unterminated = "unterminated",
    /// Zero-length packets before, in and after the response.
    ZeroLength = "zero-length",
    /// The OUT endpoint takes nothing.
    Deaf = "deaf",
    /// 503 for a minute \[503 = busy C\].
    Busy = "busy",
    /// 503 until the fault is lifted.
    BusyForever = "busy-forever",
    /// 202 for five seconds, then the answer \[202 = repeat C\].
    Working = "working",
    /// 202 until the fault is lifted.
    WorkingForever = "working-forever",
    /// An empty 200, then the real response \[C, nginx EWS\].
    Doubled = "doubled",
    /// `100 Continue` before the response.
    Interim = "interim",
    /// Content-Length says more than comes; then a short packet and silence.
    Truncated = "truncated",
    /// A chunked body without end.
    Endless = "endless",
    /// Header lines without end.
    EndlessHead = "endless-head",
    /// What comes back is not HTTP.
    Garbage = "garbage",
    /// Collections in IPP answers have named attributes for members \[C, Pantum M7300FDW\].
    NamedMembers = "named-members",
    /// The document breaks off in an element, with a right length.
    BrokenXml = "broken-xml",
    /// A document of 10,000 nested elements.
    DeepXml = "deep-xml",
    /// A document of 16 MiB.
    HugeXml = "huge-xml",
    /// The end of an older response lies in the FIFO at the claim \[C, DeskJet 3750\].
    Stale = "stale",
    /// The IN endpoint sends bytes for ever from the claim on.
    Babble = "babble",
    /// The IN endpoint halts instead of answering.
    Stall = "stall",
    /// The OUT endpoint halts after the request.
    StallOut = "stall-out",
    /// No Content-Length, no chunks: the transfer's end is the body's \[C that it occurs\].
    NoLength = "no-length",
    /// Every response chunked.
    Chunked = "chunked",
    /// Every response gzip, though nobody asked \[C, Smart Tank 580-590\].
    Gzip = "gzip",
    /// Short packets of 100 bytes all through the response.
    Ragged = "ragged",
    /// 64 bytes every 100 ms.
    Slow = "slow",
    /// The response comes after eight seconds.
    Late = "late",
    /// No paper: `trayEmptyOrOpen`.
    OutOfPaper = "out-of-paper",
    /// `closeDoorOrCover`.
    DoorOpen = "door-open",
    /// `jamInPrinter`.
    PaperJam = "paper-jam",
    /// `hardError`.
    HardError = "hard-error",
    /// `initializing`: still starting up.
    Initializing = "initializing",
    /// The paper runs out while the page is printed.
    RunsOut = "runs-out",
    /// 401 with a Digest challenge \[C\].
    AuthRequired = "auth-required",
    /// 403.
    Forbidden = "forbidden",
    /// 404.
    NotFound = "not-found",
    /// 500.
    ServerError = "server-error",
    /// `WPS/Pin` answers 404.
    PinMissing = "pin-missing",
    /// `WPS/Pin` answers 401.
    PinDenied = "pin-denied",
    /// The PIN's checksum is wrong.
    PinInvalid = "pin-invalid",
    /// `wifi:WpsPin` is empty.
    PinEmpty = "pin-empty",
    /// A PIN of four digits, which is legal.
    PinShort = "pin-short",
    /// The cable is pulled when the request has arrived.
    Unplug = "unplug",
    /// The cable is pulled in the middle of the response.
    UnplugBody = "unplug-body",
    /// The cable is pulled when the response has left.
    UnplugAfter = "unplug-after",
}

/// A kind, everywhere or at one resource: `hang`, `hang@status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Where; `None` is everywhere.
    pub at: Option<Resource>,
}

impl Fault {
    /// Every kind, everywhere. Each also takes `@RESOURCE`.
    pub const ALL: [Self; Kind::ALL.len()] = {
        let mut all = [Self { kind: Kind::Hang, at: None }; Kind::ALL.len()];
        let mut at = 0;
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        while at < all.len() {
            all[at].kind = Kind::ALL[at];
            at += 1;
        }
        all
    };

    /// The fault of this name: `KIND` or `KIND@RESOURCE`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (kind, at) = match name.split_once('@') {
            Some((kind, at)) => (kind, Some(at)),
            None => (name, None),
        };
        let kind = Kind::ALL.iter().copied().find(|known| known.name() == kind)?;
        let at = match at {
            Some(at) => Some(Resource::ALL.iter().copied().find(|known| known.name() == at)?),
            None => None,
        };
        Some(Self { kind, at })
    }

    /// Its kind's name; with `@RESOURCE` use the `Display` form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }
}

impl From<Kind> for Fault {
    fn from(kind: Kind) -> Self {
        Self { kind, at: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        self.at.map_or(Ok(()), |at| write!(f, "@{}", at.name()))
    }
}
