//! IPP messages as bytes (RFC 8010, 3): a request's attributes are read within bounds, an answer is composed.
//! Written here, so that nothing is shared with the agent's side.

/// The longest head (everything before the document), in bytes.
pub(in crate::emulator) const HEAD: usize = 128 * 1024;
/// Attributes in one message, members of collections counted.
const ATTRIBUTES: usize = 2000;
/// Collections inside collections.
const DEPTH: usize = 8;

/// Delimiter tags (RFC 8010, 3.5.1).
pub(super) const OPERATION: u8 = 0x01;
pub(super) const JOB: u8 = 0x02;
const END: u8 = 0x03;
pub(super) const PRINTER: u8 = 0x04;
pub(super) const UNSUPPORTED: u8 = 0x05;

const BEGIN_COLLECTION: u8 = 0x34;
const END_COLLECTION: u8 = 0x37;
const MEMBER_NAME: u8 = 0x4a;

/// A value with its syntax (RFC 8010, 3.5.2 and 3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Integer(i32),
    Boolean(bool),
    Enum(i32),
    Octets(Vec<u8>),
    /// RFC 2579 DateAndTime, eleven octets.
    DateTime([u8; 11]),
    /// Across the feed, along the feed, and the unit: 3 is dots per inch.
    Resolution(i32, i32, u8),
    Range(i32, i32),
    Collection(Vec<Attribute>),
    Text(String),
    Name(String),
    Keyword(String),
    Uri(String),
    UriScheme(String),
    Charset(String),
    Language(String),
    MimeType(String),
    /// Out of band: `unsupported` 0x10, `unknown` 0x12, `no-value` 0x13; and what this printer doesn't know.
    Other(u8, Vec<u8>),
}

impl Value {
    /// The out-of-band value `no-value`.
    pub const NO_VALUE: Self = Self::Other(0x13, Vec::new());
    /// The out-of-band value `not-settable` (RFC 3380, 8.1).
    pub const NOT_SETTABLE: Self = Self::Other(0x15, Vec::new());
    /// The out-of-band value `unsupported`.
    pub const UNSUPPORTED: Self = Self::Other(0x10, Vec::new());

    fn tag(&self) -> u8 {
        match self {
            Self::Integer(_) => 0x21,
            Self::Boolean(_) => 0x22,
            Self::Enum(_) => 0x23,
            Self::Octets(_) => 0x30,
            Self::DateTime(_) => 0x31,
            Self::Resolution(..) => 0x32,
            Self::Range(..) => 0x33,
            Self::Collection(_) => BEGIN_COLLECTION,
            Self::Text(_) => 0x41,
            Self::Name(_) => 0x42,
            Self::Keyword(_) => 0x44,
            Self::Uri(_) => 0x45,
            Self::UriScheme(_) => 0x46,
            Self::Charset(_) => 0x47,
            Self::Language(_) => 0x48,
            Self::MimeType(_) => 0x49,
            Self::Other(tag, _) => *tag,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Integer(value) | Self::Enum(value) => value.to_be_bytes().to_vec(),
            Self::Boolean(value) => vec![u8::from(*value)],
            Self::Octets(bytes) | Self::Other(_, bytes) => bytes.clone(),
            Self::DateTime(bytes) => bytes.to_vec(),
            Self::Resolution(across, along, unit) => {
                [&across.to_be_bytes()[..], &along.to_be_bytes(), &[*unit]].concat()
            }
            Self::Range(low, high) => [low.to_be_bytes(), high.to_be_bytes()].concat(),
            Self::Collection(_) => Vec::new(),
            Self::Text(text)
            | Self::Name(text)
            | Self::Keyword(text)
            | Self::Uri(text)
            | Self::UriScheme(text)
            | Self::Charset(text)
            | Self::Language(text)
            | Self::MimeType(text) => text.as_bytes().to_vec(),
        }
    }

    /// Reads a value that is no collection. A length that doesn't fit the syntax is malformed (RFC 8010, 3.9).
    fn read(tag: u8, bytes: &[u8]) -> Result<Self, Malformed> {
        let text = || String::from_utf8(bytes.to_vec()).map_err(|_| Malformed("a string is not UTF-8"));
        let size = Malformed("a value's length does not fit its syntax");
        Ok(match tag {
            0x21 => Self::Integer(i32::from_be_bytes(bytes.try_into().map_err(|_| size)?)),
            0x22 => match bytes {
                [0] => Self::Boolean(false),
                [1] => Self::Boolean(true),
                _ => return Err(Malformed("a boolean is neither 0 nor 1")),
            },
            0x23 => Self::Enum(i32::from_be_bytes(bytes.try_into().map_err(|_| size)?)),
            0x30 => Self::Octets(bytes.to_vec()),
            0x31 => Self::DateTime(bytes.try_into().map_err(|_| size)?),
            0x32 => match bytes.split_first_chunk::<4>() {
                Some((across, rest)) => match rest.split_first_chunk::<4>() {
                    Some((along, [unit])) => {
                        Self::Resolution(i32::from_be_bytes(*across), i32::from_be_bytes(*along), *unit)
                    }
                    _ => return Err(size),
                },
                None => return Err(size),
            },
            0x33 => match bytes.split_first_chunk::<4>() {
                Some((low, high)) => {
                    Self::Range(i32::from_be_bytes(*low), i32::from_be_bytes(high.try_into().map_err(|_| size)?))
                }
                None => return Err(size),
            },
            0x41 => Self::Text(text()?),
            0x42 => Self::Name(text()?),
            // textWithLanguage, nameWithLanguage: the language is not kept (RFC 8010, 3.9).
            0x35 => Self::Text(without_language(bytes)?),
            0x36 => Self::Name(without_language(bytes)?),
            0x44 => Self::Keyword(text()?),
            0x45 => Self::Uri(text()?),
            0x46 => Self::UriScheme(text()?),
            0x47 => Self::Charset(text()?),
            0x48 => Self::Language(text()?),
            0x49 => Self::MimeType(text()?),
            _ => Self::Other(tag, bytes.to_vec()),
        })
    }

    /// The text of a string syntax.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text)
            | Self::Name(text)
            | Self::Keyword(text)
            | Self::Uri(text)
            | Self::UriScheme(text)
            | Self::Charset(text)
            | Self::Language(text)
            | Self::MimeType(text) => Some(text),
            _ => None,
        }
    }
}

fn without_language(bytes: &[u8]) -> Result<String, Malformed> {
    let size = Malformed("a value's length does not fit its syntax");
    let mut reader = Reader { bytes, at: 0 };
    let (Some(_), Some(text)) = (reader.sized(), reader.sized()) else { return Err(size) };
    if reader.at != bytes.len() {
        return Err(size);
    }
    String::from_utf8(text.to_vec()).map_err(|_| Malformed("a string is not UTF-8"))
}

/// A name with its values; never without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub name: String,
    pub values: Vec<Value>,
}

impl Attribute {
    pub fn new(name: impl Into<String>, values: Vec<Value>) -> Self {
        Self { name: name.into(), values }
    }
}

/// Attributes between two delimiters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub tag: u8,
    pub attributes: Vec<Attribute>,
}

impl Group {
    /// The first attribute of this name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The text of its first value.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.values.first()?.text()
    }
}

/// A request or an answer, without the document that may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub version: (u8, u8),
    /// operation-id or status-code.
    pub code: u16,
    pub request_id: i32,
    pub groups: Vec<Group>,
}

/// What is no IPP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed IPP message: {0}")]
pub(in crate::emulator) struct Malformed(pub &'static str);

/// Looks for the end of the attributes while bytes arrive; goes over each byte once.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::emulator) struct Scanner {
    /// Everything before this has been looked at; here begins a tag.
    at: usize,
}

impl Scanner {
    /// Where the document begins, once `bytes` has all before it.
    pub fn head(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        let mut reader = Reader { bytes, at: self.at.max(8) };
        while let Some(tag) = reader.byte() {
            match tag {
                END => return Ok(Some(reader.at)),
                0x00..=0x0f => {}
                _ => {
                    if reader.sized().is_none() || reader.sized().is_none() {
                        break;
                    }
                }
            }
            self.at = reader.at;
        }
        if bytes.len() > HEAD { Err(Malformed("the attributes are too long")) } else { Ok(None) }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// A two-octet length and so many octets. Lengths are signed shorts (RFC 8010, 3.1).
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.short()?;
        self.take(usize::from(length))
    }

    /// Tag, name and value of one attribute-with-one-value, additional value, or piece of a collection.
    fn piece(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        Some((self.byte()?, self.sized()?, self.sized()?))
    }

    /// The members of a collection, up to and with its end (RFC 8010, 3.1.6).
    fn collection(&mut self, depth: usize, left: &mut usize) -> Result<Vec<Attribute>, Malformed> {
        let broken = Malformed("a collection breaks off");
        if depth > DEPTH {
            return Err(Malformed("collections are nested too deep"));
        }
        let mut members: Vec<Attribute> = Vec::new();
        loop {
            let (tag, name, bytes) = self.piece().ok_or(broken)?;
            if !name.is_empty() {
                return Err(Malformed("a piece of a collection has a name of its own"));
            }
            *left = left.checked_sub(1).ok_or(Malformed("too many attributes"))?;
            match tag {
                END_COLLECTION => {
                    return match members.iter().all(|member| !member.values.is_empty()) {
                        true => Ok(members),
                        false => Err(Malformed("a member has no value")),
                    };
                }
                MEMBER_NAME => {
                    let name = String::from_utf8(bytes.to_vec()).map_err(|_| Malformed("a name is not UTF-8"))?;
                    members.push(Attribute::new(name, Vec::new()));
                }
                0x00..=0x0f => return Err(broken),
                _ => {
                    let value = self.value(tag, bytes, depth, left)?;
                    members.last_mut().ok_or(Malformed("a member has no name"))?.values.push(value);
                }
            }
        }
    }

    fn value(&mut self, tag: u8, bytes: &[u8], depth: usize, left: &mut usize) -> Result<Value, Malformed> {
        match tag {
            BEGIN_COLLECTION => Ok(Value::Collection(self.collection(depth + 1, left)?)),
            END_COLLECTION | MEMBER_NAME => Err(Malformed("a collection's piece is outside of one")),
            _ => Value::read(tag, bytes),
        }
    }
}

impl Message {
    /// The eight octets in front of the attributes: version, operation and request id (RFC 8010, 3.1.1).
    pub fn start(bytes: &[u8]) -> Option<((u8, u8), u16, i32)> {
        let [major, minor, c0, c1, id @ ..] = bytes.first_chunk::<8>()?;
        Some(((*major, *minor), u16::from_be_bytes([*c0, *c1]), i32::from_be_bytes(*id)))
    }

    /// Reads all attributes. `bytes` ends with the end-of-attributes-tag, as [`Scanner`] found it.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed("it breaks off");
        let (version, code, request_id) = Self::start(bytes).ok_or(short)?;
        let mut reader = Reader { bytes, at: 8 };
        let mut groups: Vec<Group> = Vec::new();
        let mut left = ATTRIBUTES;
        loop {
            let at = reader.at;
            let tag = reader.byte().ok_or(short)?;
            match tag {
                END => return Ok(Self { version, code, request_id, groups }),
                0x00 => return Err(Malformed("a reserved delimiter")),
                0x01..=0x0f => {
                    groups.push(Group { tag, attributes: Vec::new() });
                    if groups.len() > 64 {
                        return Err(Malformed("too many groups"));
                    }
                }
                _ => {
                    reader.at = at;
                    let (tag, name, bytes) = reader.piece().ok_or(short)?;
                    left = left.checked_sub(1).ok_or(Malformed("too many attributes"))?;
                    let value = reader.value(tag, bytes, 0, &mut left)?;
                    let group = groups.last_mut().ok_or(Malformed("an attribute is in no group"))?;
                    if name.is_empty() {
                        let last = group.attributes.last_mut();
                        last.ok_or(Malformed("an additional value has no attribute"))?.values.push(value);
                    } else {
                        let name = String::from_utf8(name.to_vec()).map_err(|_| Malformed("a name is not UTF-8"))?;
                        // RFC 8011, 4.1.3: an attribute occurs once in a group.
                        if group.get(&name).is_some() {
                            return Err(Malformed("an attribute occurs twice"));
                        }
                        group.attributes.push(Attribute::new(name, vec![value]));
                    }
                }
            }
        }
    }

    /// The message as bytes. Names and values longer than a signed short can say are cut off.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = vec![self.version.0, self.version.1];
        bytes.extend(self.code.to_be_bytes());
        bytes.extend(self.request_id.to_be_bytes());
        for group in &self.groups {
            bytes.push(group.tag);
            for attribute in &group.attributes {
                let mut name = attribute.name.as_str();
                for value in &attribute.values {
                    write_value(&mut bytes, name, value);
                    name = "";
                }
            }
        }
        bytes.push(END);
        bytes
    }
}

/// A message of ours with each memberAttrName put in as the name of the value that follows. `None`: it is none.
pub(super) fn with_named_members(message: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader { bytes: message, at: 8 };
    let mut changed = message.get(..8)?.to_vec();
    let mut member: &[u8] = &[];
    loop {
        let at = reader.at;
        match reader.byte()? {
            END => {
                changed.extend_from_slice(message.get(at..)?);
                return Some(changed);
            }
            tag @ 0x00..=0x0f => changed.push(tag),
            _ => {
                reader.at = at;
                let (tag, name, value) = reader.piece()?;
                if tag == MEMBER_NAME {
                    member = value;
                    continue;
                }
                let name = if name.is_empty() { std::mem::take(&mut member) } else { name };
                changed.push(tag);
                for part in [name, value] {
                    changed.extend(u16::try_from(part.len()).ok()?.to_be_bytes());
                    changed.extend(part);
                }
            }
        }
    }
}

fn write_value(bytes: &mut Vec<u8>, name: &str, value: &Value) {
    piece(bytes, value.tag(), name, &value.bytes());
    if let Value::Collection(members) = value {
        for member in members {
            piece(bytes, MEMBER_NAME, "", member.name.as_bytes());
            for value in &member.values {
                write_value(bytes, "", value);
            }
        }
        piece(bytes, END_COLLECTION, "", &[]);
    }
}

fn piece(bytes: &mut Vec<u8>, tag: u8, name: &str, value: &[u8]) {
    bytes.push(tag);
    for part in [name.as_bytes(), value] {
        let part = part.get(..0x7fff).unwrap_or(part);
        bytes.extend(u16::try_from(part.len()).unwrap_or(0).to_be_bytes());
        bytes.extend(part);
    }
}
