//! The one value type of the engine. Both query languages compute on it; nothing is converted between them.
//!
//! A [`Value`] is cheap to clone (strings, arrays and objects are shared) and keeps the order of keys. Numbers are
//! `i64` where the text was an integer that fits, `f64` otherwise, as Jackson's tree behaves on AWS for both.
//!
//! A [`Document`] is a JSON text and the value it stands for, each made from the other when first asked for. A payload
//! that only passes through is therefore never parsed and keeps its own white space, which is what AWS shows
//! (recorded: a Pass state hands on `[[1, 2, 3]]` with its spaces).

use std::fmt;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// Members of a JSON object in the order in which they were written; of a repeated key the last value stays, in the
/// first one's place.
pub type Map = IndexMap<Arc<str>, Value>;

/// A JSON value that is cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer within 64 bits.
    Int(i64),
    /// Any other number; never NaN or infinite when it came from JSON.
    Float(f64),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Arc<Vec<Value>>),
    /// An object.
    Object(Arc<Map>),
}

impl Value {
    /// A string value.
    pub fn string(text: impl Into<Arc<str>>) -> Value {
        Value::String(text.into())
    }

    /// An array value.
    pub fn array(items: impl IntoIterator<Item = Value>) -> Value {
        Value::Array(Arc::new(items.into_iter().collect()))
    }

    /// An object value; of a repeated key the last value stays.
    pub fn object<K: Into<Arc<str>>>(members: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Object(Arc::new(members.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// A number from a double: an integer where the double is one that `i64` holds exactly.
    pub fn number(n: f64) -> Value {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if n.trunc() == n && n.abs() <= EXACT { Value::Int(n as i64) } else { Value::Float(n) }
    }

    /// The member `key` of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(s) = self { Some(s) } else { None }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(a) = self { Some(a) } else { None }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Map> {
        if let Value::Object(m) = self { Some(m) } else { None }
    }

    /// The truth value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }

    /// The number as a double, whichever way it is held.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(i) => Some(*i as f64),
            Value::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// The number as an integer, if it is held as one.
    pub fn as_i64(&self) -> Option<i64> {
        if let Value::Int(i) = self { Some(*i) } else { None }
    }

    /// Whether the value's JSON text is at most so many bytes long and nested at most so deep, found without writing
    /// it: shared parts make small values of enormous texts.
    ///
    /// # Errors
    /// Which of the two is exceeded.
    pub fn measure(&self, bytes: usize, depth: usize) -> Result<(), Excess> {
        let mut left = bytes;
        self.spend(&mut left, depth)
    }

    /// Takes the length of the value's JSON text off what is left, as far as there is enough; whether there was.
    pub(crate) fn fits(&self, left: &mut usize) -> bool {
        self.spend(left, usize::MAX).is_ok()
    }

    fn spend(&self, left: &mut usize, depth: usize) -> Result<(), Excess> {
        let own = match self {
            Value::Null | Value::Bool(_) => 4,
            Value::Int(_) | Value::Float(_) => 1,
            Value::String(text) => text.len() + 2,
            Value::Array(items) => items.len() + 1,
            Value::Object(members) => members.len() * 2 + 1,
        };
        *left = left.checked_sub(own).ok_or(Excess::Size)?;
        let below = || depth.checked_sub(1).ok_or(Excess::Depth);
        match self {
            Value::Array(items) => {
                let depth = below()?;
                items.iter().try_for_each(|item| item.spend(left, depth))
            }
            Value::Object(members) => {
                let depth = below()?;
                members.iter().try_for_each(|(key, value)| {
                    *left = left.checked_sub(key.len() + 2).ok_or(Excess::Size)?;
                    value.spend(left, depth)
                })
            }
            _ => Ok(()),
        }
    }

    /// Compact JSON text, keys in their order.
    pub fn to_json(&self) -> String {
        // Writing a tree into memory fails only on a map key that is no string, and ours all are.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads JSON text.
    ///
    /// # Errors
    /// The parser's own error with line and column; nesting beyond 128 is refused.
    pub fn parse(text: &str) -> Result<Value, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Bytes of JSON text that a path may find, and that all arguments of an intrinsic function may have. Shared parts make a
/// text out of any proportion to what is held (`$..*..*` finds the same long string a thousand times), and no payload is
/// nearly as large.
pub(crate) const MOST_TEXT: usize = 16 << 20;

/// What is too much about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Its text would be too long.
    Size,
    /// It is nested too deep.
    Depth,
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text.into())
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Bool(b)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => out.serialize_unit(),
            Value::Bool(b) => out.serialize_bool(*b),
            Value::Int(i) => out.serialize_i64(*i),
            Value::Float(f) => out.serialize_f64(*f),
            Value::String(s) => out.serialize_str(s),
            Value::Array(items) => {
                let mut seq = out.serialize_seq(Some(items.len()))?;
                for item in items.iter() {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Value::Object(members) => {
                let mut map = out.serialize_map(Some(members.len()))?;
                for (key, value) in members.iter() {
                    map.serialize_entry(&**key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Value, D::Error> {
        input.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Value, E> {
        Ok(i64::try_from(n).map_or(Value::Float(n as f64), Value::Int))
    }

    fn visit_f64<E: de::Error>(self, n: f64) -> Result<Value, E> {
        // Recorded on AWS: `-0` comes out as `0`. serde_json reads it as the double -0.0.
        Ok(if n == 0.0 && n.is_sign_negative() { Value::Int(0) } else { Value::Float(n) })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(Arc::new(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::with_capacity(map.size_hint().unwrap_or(0).min(1024));
        while let Some((key, value)) = map.next_entry::<Arc<str>, Value>()? {
            members.insert(key, value);
        }
        Ok(Value::Object(Arc::new(members)))
    }
}

/// A JSON text and its value, each made from the other at most once. Cloning shares both.
#[derive(Clone)]
pub struct Document(Arc<Both>);

#[derive(Default)]
struct Both {
    text: OnceLock<Box<str>>,
    value: OnceLock<Value>,
}

impl Document {
    /// A document from text that has been seen to be JSON (at the API, by a task, by our own writer).
    pub fn from_trusted_text(text: impl Into<Box<str>>) -> Document {
        let both = Both::default();
        both.text.get_or_init(|| text.into());
        Document(Arc::new(both))
    }

    /// A document from any text.
    ///
    /// # Errors
    /// The parser's error when the text is no JSON.
    pub fn parse(text: impl Into<Box<str>>) -> Result<Document, serde_json::Error> {
        let text = text.into();
        let value = Value::parse(&text)?;
        let both = Both::default();
        both.value.get_or_init(|| value);
        both.text.get_or_init(|| text);
        Ok(Document(Arc::new(both)))
    }

    /// The JSON text: the original one where there is one, compact otherwise.
    pub fn text(&self) -> &str {
        self.0
            .text
            .get_or_init(|| self.0.value.get().map(Value::to_json).unwrap_or_default().into())
    }

    /// The value. Text that is not JSON after all (a damaged store) reads as `null`.
    pub fn value(&self) -> &Value {
        self.0.value.get_or_init(|| {
            self.0.text.get().and_then(|text| Value::parse(text).ok()).unwrap_or_default()
        })
    }

    /// `{}`
    pub fn empty_object() -> Document {
        Document::from_trusted_text("{}")
    }

    /// Whether the document is within bounds. Only what was computed is looked at: a text that came from outside was
    /// measured when it came.
    ///
    /// # Errors
    /// Which bound is exceeded.
    pub fn measure(&self, bytes: usize, depth: usize) -> Result<(), Excess> {
        match (self.0.text.get(), self.0.value.get()) {
            (Some(text), _) if text.len() > bytes => Err(Excess::Size),
            (None, Some(value)) => {
                value.measure(bytes, depth)?;
                if self.text().len() > bytes { Err(Excess::Size) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Whether two documents are one and the same in memory (then they are equal; the reverse need not hold).
    pub fn same(&self, other: &Document) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A stable address while the document lives, to find repeats without comparing texts.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Document {
        let both = Both::default();
        both.value.get_or_init(|| value);
        Document(Arc::new(both))
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Document) -> bool {
        self.same(other) || self.text() == other.text()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_jackson_keeps() {
        let table = [
            ("9007199254740993", "9007199254740993"),
            ("9223372036854775807", "9223372036854775807"),
            ("-0", "0"),
            ("1.10", "1.1"),
            ("1.0", "1.0"),
        ];
        for (text, expected) in table {
            assert_eq!(Value::parse(text).unwrap().to_json(), expected, "{text}");
        }
    }

    #[test]
    fn a_value_is_measured_without_being_written() {
        let mut doubled = Value::string("x".repeat(10));
        for _ in 0..60 {
            doubled = Value::array([doubled.clone(), doubled]);
        }
        assert_eq!(doubled.measure(1_000_000, 100), Err(Excess::Size));
        let deep = (0..50).fold(Value::Null, |inner, _| Value::array([inner]));
        assert_eq!(deep.measure(1_000, 49), Err(Excess::Depth));
        assert_eq!(deep.measure(1_000, 50), Ok(()));
    }

    #[test]
    fn a_repeated_key_keeps_its_first_place_and_its_last_value() {
        let value = Value::parse(r#"{"a":1,"b":0,"a":2}"#).unwrap();
        assert_eq!(value.to_json(), r#"{"a":2,"b":0}"#);
    }

    #[test]
    fn a_document_that_passes_through_keeps_its_white_space() {
        let document = Document::parse("[1,  2]").unwrap();
        assert_eq!(document.value().as_array().map(<[Value]>::len), Some(2));
        assert_eq!(document.text(), "[1,  2]");
    }
}
