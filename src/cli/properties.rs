//! What an object says about itself, read without trust: a property that is missing or of another type counts
//! as empty, and each text is made harmless.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use zbus::{OwnedVariant, Variant};

use super::output::plain;

/// The properties of one interface of one object.
#[derive(Debug, Default)]
pub struct Properties(HashMap<String, OwnedVariant>);

impl Properties {
    /// As they came over the bus.
    #[must_use]
    pub fn new(properties: HashMap<String, OwnedVariant>) -> Self {
        Self(properties)
    }

    /// Takes over what has changed.
    pub fn update(&mut self, changed: HashMap<String, OwnedVariant>) {
        self.0.extend(changed);
    }

    /// Takes over what these say.
    pub fn take(&mut self, changed: Self) {
        self.0.extend(changed.0);
    }

    /// All of them for a program.
    #[must_use]
    pub fn json(&self) -> Value {
        self.0.iter().map(|(name, value)| (plain(name), as_json(value))).collect::<serde_json::Map<_, _>>().into()
    }

    fn get(&self, name: &str) -> Option<&Variant<'static>> {
        self.0.get(name).map(|value| innermost(value))
    }

    /// A string or a path.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.get(name).and_then(text).unwrap_or_default()
    }

    /// A number without sign; 0 where there is none.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(Variant::U8(n)) => u64::from(*n),
            Some(Variant::U16(n)) => u64::from(*n),
            Some(Variant::U32(n)) => u64::from(*n),
            Some(Variant::U64(n)) => *n,
            Some(Variant::I32(n)) => u64::try_from(*n).unwrap_or_default(),
            Some(Variant::I64(n)) => u64::try_from(*n).unwrap_or_default(),
            _ => 0,
        }
    }

    /// A fraction between 0 and 1; `None` where it is unknown.
    #[must_use]
    pub fn fraction(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Variant::F64(d)) if (0.0..=1.0).contains(d) => Some(*d),
            _ => None,
        }
    }

    /// Whether it is so; `None` where it is not said.
    #[must_use]
    pub fn truth(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(Variant::Bool(yes)) => Some(*yes),
            _ => None,
        }
    }

    /// A number that may be negative; `None` where there is none.
    #[must_use]
    pub fn signed(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Variant::I16(n)) => Some(i64::from(*n)),
            Some(Variant::I32(n)) => Some(i64::from(*n)),
            Some(Variant::I64(n)) => Some(*n),
            _ => None,
        }
    }

    /// Bytes; `None` where there are none.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let Some(Variant::Array(bytes)) = self.get(name) else { return None };
        let byte = |item: &Variant<'_>| if let Variant::U8(byte) = item { Some(*byte) } else { None };
        bytes.inner().iter().map(byte).collect()
    }

    /// A list of dictionaries.
    #[must_use]
    pub fn dictionaries(&self, name: &str) -> Vec<Self> {
        let Some(Variant::Array(items)) = self.get(name) else { return Vec::new() };
        let entries = |item: &Variant<'static>| match innermost(item) {
            Variant::Dict(entries) => entries
                .iter()
                .filter_map(|(key, value)| Some((text(key)?, OwnedVariant::try_from(value.clone()).ok()?)))
                .collect(),
            _ => HashMap::new(),
        };
        items.inner().iter().map(|item| Self(entries(item))).collect()
    }

    /// A list of structures, the texts and truths of each in order.
    #[must_use]
    pub fn rows(&self, name: &str) -> Vec<Vec<String>> {
        let Some(Variant::Array(items)) = self.get(name) else { return Vec::new() };
        let cells = |item: &Variant<'_>| match innermost(item) {
            Variant::Structure(row) => row
                .fields()
                .iter()
                .map(|cell| match innermost(cell) {
                    Variant::Bool(yes) => yes.to_string(),
                    other => text(other).unwrap_or_default(),
                })
                .collect(),
            _ => Vec::new(),
        };
        items.inner().iter().map(cells).collect()
    }

    /// A list of strings.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Variant::Array(array)) => array.inner().iter().filter_map(|item| text(innermost(item))).collect(),
            _ => Vec::new(),
        }
    }

    /// Names and texts, in the order of the names.
    #[must_use]
    pub fn map(&self, name: &str) -> BTreeMap<String, String> {
        match self.get(name) {
            Some(Variant::Dict(dict)) => {
                dict.iter().filter_map(|(key, value)| Some((text(key)?, text(innermost(value))?))).collect()
            }
            _ => BTreeMap::new(),
        }
    }
}

impl Properties {
    /// Names, and texts of several lines, each line made harmless, in the order of the names.
    #[must_use]
    pub fn lines(&self, name: &str) -> BTreeMap<String, Vec<String>> {
        let Some(Variant::Dict(entries)) = self.get(name) else { return BTreeMap::new() };
        entries
            .iter()
            .filter_map(|(key, value)| match innermost(value) {
                Variant::Str(text) => Some((self::text(key)?, text.as_str().lines().map(plain).collect())),
                _ => None,
            })
            .collect()
    }
}

/// A variant within variants is what it holds.
fn innermost<'a, 'v>(mut value: &'a Variant<'v>) -> &'a Variant<'v> {
    while let Variant::Variant(inner) = value {
        value = inner;
    }
    value
}

/// Any value; its nesting is bounded by what D-Bus allows (64 levels).
fn as_json(value: &Variant<'_>) -> Value {
    match innermost(value) {
        Variant::Bool(yes) => (*yes).into(),
        Variant::U8(n) => (*n).into(),
        Variant::U16(n) => (*n).into(),
        Variant::U32(n) => (*n).into(),
        Variant::U64(n) => (*n).into(),
        Variant::I16(n) => (*n).into(),
        Variant::I32(n) => (*n).into(),
        Variant::I64(n) => (*n).into(),
        Variant::F64(n) => (*n).into(),
        Variant::Array(items) => items.inner().iter().map(as_json).collect::<Vec<_>>().into(),
        Variant::Dict(entries) => entries
            .iter()
            .filter_map(|(key, value)| Some((text(key)?, as_json(value))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => text(other).map_or(Value::Null, Value::from),
    }
}

fn text(value: &Variant<'_>) -> Option<String> {
    match value {
        Variant::Str(text) => Some(plain(text.as_str())),
        Variant::ObjectPath(path) => Some(plain(path.as_str())),
        _ => None,
    }
}
