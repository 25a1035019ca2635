//! From a printer's bytes to an IPP message: bounded in size, counts, depth and time, and ending in a value
//! whatever the bytes are. It reads the encoding of RFC 8010 section 3 and keeps the order of groups,
//! attributes, members and values.
//!
//! Where real printers leave the specification and the meaning is still plain it goes along: unknown
//! delimiter and value tags, text that isn't UTF-8, names longer than 255 bytes, numbers of a wrong size (kept
//! as bytes), collections with named attributes instead of memberAttrName (seen on hardware: Pantum M7300FDW).

/// How much of a message is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes up to the end-of-attributes tag. Document data after it doesn't count.
    pub size: usize,
    /// Attribute groups.
    pub groups: usize,
    /// Attributes, members of collections included.
    pub attributes: usize,
    /// Values, collections included.
    pub values: usize,
    /// Collections inside one another.
    pub depth: usize,
}

impl Default for Limits {
    /// Ten times and more what the largest answer known asks for (Xerox B235: 102,742 bytes, some 3,500 values [C]).
    fn default() -> Self {
        Self { size: 1 << 20, groups: 1024, attributes: 65_536, values: 131_072, depth: 16 }
    }
}

/// Why a message was not accepted. `at` counts bytes from the message's beginning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// The message ends in the middle of something.
    #[error("the IPP message ends early, at byte {at}")]
    Truncated {
        /// Where more was expected.
        at: usize,
    },
    /// One of the [`Limits`] is exceeded.
    #[error("the IPP message has more {what} than {limit}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The structure does not hold together.
    #[error("malformed IPP message at byte {at}: {what}")]
    Malformed {
        /// Where.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

/// A decoded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// version-number, major and minor.
    pub version: (u8, u8),
    /// operation-id of a request, status-code of a response.
    pub code: u16,
    /// request-id.
    pub request_id: i32,
    /// Groups, in order. The same delimiter may come again (one group per job in a Get-Jobs response).
    pub groups: Vec<Group>,
    /// How many bytes all this took; document data begins here.
    pub length: usize,
}

/// Attributes that follow one delimiter tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The delimiter: 1 operation, 2 job, 4 printer, 5 unsupported; others are kept.
    pub tag: u8,
    /// Attributes, in order.
    pub attributes: Vec<Attribute>,
}

/// One attribute, or one member of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name; bytes that aren't UTF-8 are replaced.
    pub name: String,
    /// Its values, in order: one or more, but none where a collection's member has none.
    pub values: Vec<Value>,
}

/// One value, by its syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// integer
    Integer(i32),
    /// enum
    Enum(i32),
    /// boolean
    Boolean(bool),
    /// rangeOfInteger
    Range {
        /// Lower bound.
        from: i32,
        /// Upper bound.
        to: i32,
    },
    /// resolution
    Resolution {
        /// Cross-feed direction.
        cross_feed: i32,
        /// Feed direction.
        feed: i32,
        /// 3 per inch, 4 per centimetre.
        units: u8,
    },
    /// dateTime, as RFC 2579 DateAndTime.
    DateTime([u8; 11]),
    /// Every character-string syntax: text, name, keyword, uri, charset, mimeMediaType …
    Text {
        /// The value tag, 0x35, 0x36 or 0x40 to 0x5f.
        tag: u8,
        /// The language of textWithLanguage and nameWithLanguage.
        language: Option<String>,
        /// The text.
        text: String,
    },
    /// A collection's members, in order.
    Collection(Vec<Attribute>),
    /// unsupported, unknown, no-value and their like (tags 0x10 to 0x1f).
    OutOfBand(u8),
    /// octetString, and whatever does not fit its own syntax: unknown tags, text that isn't UTF-8, numbers of
    /// a wrong size.
    Octets {
        /// The value tag.
        tag: u8,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Whether these bytes may be given to the `ipp` crate: it then neither panics nor overflows its stack, and takes
/// time linear in the message's size. It may still refuse them (strings over 255 or 1,023 bytes, tags above
/// 0x4a), and it still loses values of collections: [`parse`] does not.
///
/// # Errors
/// [`Reject`], for the same messages as [`parse`].
pub fn check(message: &[u8], limits: Limits) -> Result<(), Reject> {
    parse(message, limits).map(drop)
}

/// Decodes a request or a response, up to its end-of-attributes tag.
///
/// # Errors
/// [`Reject`] where the message is cut short, exceeds a limit, or has no sound structure.
pub fn parse(message: &[u8], limits: Limits) -> Result<Message, Reject> {
    let mut bytes = Cursor { bytes: message, at: 0, limit: limits.size };
    let version = (bytes.u8()?, bytes.u8()?);
    let code = bytes.u16()?;
    let request_id = bytes.i32()?;
    let mut tree = Tree { limits, groups: Vec::new(), open: Vec::new(), attributes: 0, values: 0 };
    loop {
        let at = bytes.at;
        let tag = bytes.u8()?;
        let done = match tag {
            0x00 => Err("delimiter tag 0x00"),
            END_OF_ATTRIBUTES if tree.open.is_empty() => break,
            0x01..=0x0f => tree.group(tag)?,
            _ => {
                let name = bytes.counted()?;
                let value = bytes.counted()?;
                match tag {
                    BEGIN_COLLECTION if value.is_empty() => tree.begin(name)?,
                    END_COLLECTION if value.is_empty() => tree.end()?,
                    BEGIN_COLLECTION | END_COLLECTION => Err("a collection's bracket with a value"),
                    MEMBER_NAME => tree.member(value)?,
                    _ => match read_value(tag, value) {
                        Ok(value) => tree.value(name, value)?,
                        Err(what) => Err(what),
                    },
                }
            }
        };
        done.map_err(|what| Reject::Malformed { at, what })?;
    }
    Ok(Message { version, code, request_id, groups: tree.groups, length: bytes.at })
}

pub(super) const END_OF_ATTRIBUTES: u8 = 0x03;
pub(super) const BEGIN_COLLECTION: u8 = 0x34;
const TEXT_WITH_LANGUAGE: u8 = 0x35;
const NAME_WITH_LANGUAGE: u8 = 0x36;
pub(super) const END_COLLECTION: u8 = 0x37;
pub(super) const MEMBER_NAME: u8 = 0x4a;

/// Reads fields and never past the end or the limit.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    limit: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Reject> {
        let end = self.at.saturating_add(count);
        if end > self.limit {
            return Err(Reject::TooMany { what: "bytes", limit: self.limit });
        }
        let taken = self.bytes.get(self.at..end).ok_or(Reject::Truncated { at: self.bytes.len() })?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reject> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| Reject::Truncated { at })
    }

    fn u8(&mut self) -> Result<u8, Reject> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, Reject> {
        self.array().map(u16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, Reject> {
        self.array().map(i32::from_be_bytes)
    }

    /// A two-byte length and as many bytes.
    fn counted(&mut self) -> Result<&'a [u8], Reject> {
        let count = self.u16()?;
        self.take(usize::from(count))
    }
}

/// What is wrong with the structure; [`parse`] adds where.
type Sound = Result<(), &'static str>;

/// The message as it grows. Open collections lie on a stack of our own, so that depth costs no native stack.
struct Tree {
    limits: Limits,
    groups: Vec<Group>,
    open: Vec<Vec<Attribute>>,
    attributes: usize,
    values: usize,
}

impl Tree {
    fn group(&mut self, tag: u8) -> Result<Sound, Reject> {
        if !self.open.is_empty() {
            return Ok(Err("a collection is not closed"));
        }
        count(self.groups.len() + 1, "groups", self.limits.groups)?;
        self.groups.push(Group { tag, attributes: Vec::new() });
        Ok(Ok(()))
    }

    /// Where attributes go now: into the innermost open collection, else into the last group.
    fn place(&mut self) -> Result<&mut Vec<Attribute>, &'static str> {
        match self.open.last_mut() {
            Some(members) => Ok(members),
            None => self.groups.last_mut().map(|group| &mut group.attributes).ok_or("an attribute before any group"),
        }
    }

    fn attribute(&mut self, name: &[u8]) -> Result<Sound, Reject> {
        self.attributes += 1;
        count(self.attributes, "attributes", self.limits.attributes)?;
        let attribute = Attribute { name: String::from_utf8_lossy(name).into_owned(), values: Vec::new() };
        Ok(self.place().map(|place| place.push(attribute)))
    }

    fn value(&mut self, name: &[u8], value: Value) -> Result<Sound, Reject> {
        self.values += 1;
        count(self.values, "values", self.limits.values)?;
        if !name.is_empty()
            && let Err(what) = self.attribute(name)?
        {
            return Ok(Err(what));
        }
        Ok(self.place().and_then(|place| {
            place.last_mut().map(|attribute| attribute.values.push(value)).ok_or("a further value of no attribute")
        }))
    }

    fn begin(&mut self, name: &[u8]) -> Result<Sound, Reject> {
        count(self.open.len() + 1, "levels of collections", self.limits.depth)?;
        if !name.is_empty()
            && let Err(what) = self.attribute(name)?
        {
            return Ok(Err(what));
        }
        if self.place().is_ok_and(|place| place.is_empty()) {
            return Ok(Err("a collection of no attribute"));
        }
        if let Err(what) = self.place() {
            return Ok(Err(what));
        }
        self.open.push(Vec::new());
        Ok(Ok(()))
    }

    fn member(&mut self, name: &[u8]) -> Result<Sound, Reject> {
        if self.open.is_empty() {
            return Ok(Err("a member name outside a collection"));
        }
        self.attribute(name)
    }

    fn end(&mut self) -> Result<Sound, Reject> {
        match self.open.pop() {
            Some(members) => self.value(&[], Value::Collection(members)),
            None => Ok(Err("the end of a collection that never began")),
        }
    }
}

fn count(have: usize, what: &'static str, limit: usize) -> Result<(), Reject> {
    if have > limit { Err(Reject::TooMany { what, limit }) } else { Ok(()) }
}

fn read_value(tag: u8, value: &[u8]) -> Result<Value, &'static str> {
    let octets = || Value::Octets { tag, bytes: value.to_vec() };
    Ok(match (tag, value) {
        (0x10..=0x1f, _) => Value::OutOfBand(tag),
        (0x21, &[a, b, c, d]) => Value::Integer(i32::from_be_bytes([a, b, c, d])),
        (0x22, &[truth]) => Value::Boolean(truth != 0),
        (0x23, &[a, b, c, d]) => Value::Enum(i32::from_be_bytes([a, b, c, d])),
        (0x31, _) => value.try_into().map_or_else(|_| octets(), Value::DateTime),
        (0x32, &[a, b, c, d, e, f, g, h, units]) => Value::Resolution {
            cross_feed: i32::from_be_bytes([a, b, c, d]),
            feed: i32::from_be_bytes([e, f, g, h]),
            units,
        },
        (0x33, &[a, b, c, d, e, f, g, h]) => {
            Value::Range { from: i32::from_be_bytes([a, b, c, d]), to: i32::from_be_bytes([e, f, g, h]) }
        }
        (TEXT_WITH_LANGUAGE | NAME_WITH_LANGUAGE, _) => {
            // Refused as a whole, where other misfits are kept: the ipp crate panics on this one.
            let (language, text) = with_language(value).ok_or("inner lengths that do not add up")?;
            match (str::from_utf8(language), str::from_utf8(text)) {
                (Ok(language), Ok(text)) => {
                    Value::Text { tag, language: Some(language.to_owned()), text: text.to_owned() }
                }
                _ => octets(),
            }
        }
        (0x40..=0x5f, _) => match str::from_utf8(value) {
            Ok(text) => Value::Text { tag, language: None, text: text.to_owned() },
            Err(_) => octets(),
        },
        _ => octets(),
    })
}

/// Language and text, each after its own two-byte length (RFC 8010 section 3.9).
fn with_language(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = value.split_first_chunk()?;
    let (language, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (length, text) = rest.split_first_chunk()?;
    (text.len() == usize::from(u16::from_be_bytes(*length))).then_some((language, text))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
