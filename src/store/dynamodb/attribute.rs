//! Items as maps of attributes, read without trust: what is missing or of another type is damage, not a panic.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::schema::{PARTITION, SORT};
use crate::store::Error;

/// An item.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// A place in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    /// An item that has nothing but this key.
    pub(super) fn item(&self) -> Attributes {
        HashMap::from([
            (PARTITION.to_owned(), string(&self.partition)),
            (SORT.to_owned(), string(&self.sort)),
        ])
    }
}

pub(super) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(n: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(n.into().to_string())
}

pub(super) fn binary(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// A string attribute that must be there.
pub(super) fn text<'a>(item: &'a Attributes, name: &str) -> Result<&'a str, Error> {
    text_if_any(item, name)?.ok_or_else(|| damaged(item, name))
}

/// A string attribute that may be missing.
pub(super) fn text_if_any<'a>(item: &'a Attributes, name: &str) -> Result<Option<&'a str>, Error> {
    let read = |value: &'a AttributeValue| value.as_s().map_err(|_| damaged(item, name));
    item.get(name).map(read).transpose().map(|text| text.map(String::as_str))
}

/// A number attribute that may be missing.
pub(super) fn number_if_any<T: FromStr>(item: &Attributes, name: &str) -> Result<Option<T>, Error> {
    item.get(name).map(|value| number_of(value).ok_or_else(|| damaged(item, name))).transpose()
}

/// A number attribute that must be there.
pub(super) fn number_in<T: FromStr>(item: &Attributes, name: &str) -> Result<T, Error> {
    number_if_any(item, name)?.ok_or_else(|| damaged(item, name))
}

/// The number that a value is.
pub(super) fn number_of<T: FromStr>(value: &AttributeValue) -> Option<T> {
    value.as_n().ok()?.parse().ok()
}

/// A set of numbers; a set that is missing is empty.
pub(super) fn numbers(item: &Attributes, name: &str) -> Result<Vec<u32>, Error> {
    let Some(value) = item.get(name) else { return Ok(Vec::new()) };
    let set = value.as_ns().map_err(|_| damaged(item, name))?;
    set.iter().map(|n| n.parse().map_err(|_| damaged(item, name))).collect()
}

/// The error that an attribute is not what it should be.
pub(super) fn damaged(item: &Attributes, name: &str) -> Error {
    let key = |name| item.get(name).and_then(|value| value.as_s().ok()).map_or("?", |key| key);
    Error::Damaged(format!("attribute {name} of item {} / {}", key(PARTITION), key(SORT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_of_another_type_is_told_with_its_place() {
        let mut item = Key { partition: "e.0".into(), sort: "e".into() }.item();
        item.insert("t".into(), string("text"));
        item.insert("n".into(), number(7));
        item.insert("s".into(), AttributeValue::Ns(vec!["3".into(), "1".into()]));
        assert_eq!(text(&item, "t").unwrap(), "text");
        assert_eq!(number_in::<u64>(&item, "n").unwrap(), 7);
        assert_eq!(numbers(&item, "s").unwrap(), [3, 1]);
        assert_eq!(numbers(&item, "none").unwrap(), [0; 0]);
        let wrong = [
            text(&item, "n").map(|_| ()),
            text(&item, "none").map(|_| ()),
            number_in::<u64>(&item, "t").map(|_| ()),
            numbers(&item, "n").map(|_| ()),
        ];
        for error in wrong {
            let told = error.unwrap_err().to_string();
            assert!(told.ends_with(" of item e.0 / e"), "{told}");
        }
    }
}
