//! Documents inside a larger serialized thing are stored once each: a record names the same payload as a state's output,
//! the next one's input and the frame's data, and writes it a single time.
//!
//! While a [`write()`] or [`read()`] runs on this thread, a [`Document`] serializes as its number in a table; outside of it, as
//! raw JSON. (Why a thread-local: serde hands no context through derived implementations, and deriving is worth more
//! than the purity of ten lines whose effect cannot be seen from outside.)

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use super::value::Document;

#[derive(Default)]
struct Pool {
    documents: Vec<Document>,
    numbers: BTreeMap<usize, u32>,
}

thread_local! {
    static POOL: RefCell<Option<Pool>> = const { RefCell::new(None) };
}

/// `{"d":[documents],"b":body}` as JSON text.
///
/// # Errors
/// Those of serde_json.
pub fn write<T: Serialize>(body: &T) -> Result<String, serde_json::Error> {
    POOL.set(Some(Pool::default()));
    let body = serde_json::to_string(body);
    let documents = POOL.take().map(|pool| pool.documents).unwrap_or_default();
    let body = body?;
    let size = documents.iter().map(|d| d.text().len() + 1).sum::<usize>();
    let mut out = String::with_capacity(body.len() + size + 16);
    out.push_str("{\"d\":[");
    for (i, document) in documents.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(document.text());
    }
    out.push_str("],\"b\":");
    out.push_str(&body);
    out.push('}');
    Ok(out)
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// The text is not what [`write()`] writes for a `T`.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Parts<'a> {
        #[serde(borrow)]
        d: Vec<&'a RawValue>,
        #[serde(borrow)]
        b: &'a RawValue,
    }
    let parts: Parts<'_> = serde_json::from_str(text)?;
    let documents = parts.d.iter().map(|raw| Document::from_trusted_text(raw.get())).collect();
    POOL.set(Some(Pool { documents, numbers: BTreeMap::new() }));
    let body = serde_json::from_str(parts.b.get());
    POOL.set(None);
    body
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let number = POOL.with_borrow_mut(|pool| {
            let pool = pool.as_mut()?;
            let next = pool.documents.len() as u32;
            let number = *pool.numbers.entry(self.address()).or_insert(next);
            if number == next {
                pool.documents.push(self.clone());
            }
            Some(number)
        });
        match number {
            Some(number) => out.serialize_u32(number),
            None => RawValue::from_string(self.text().to_owned())
                .map_err(S::Error::custom)?
                .serialize(out),
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Document, D::Error> {
        if POOL.with_borrow(Option::is_some) {
            let number = u32::deserialize(input)? as usize;
            return POOL
                .with_borrow(|pool| pool.as_ref()?.documents.get(number).cloned())
                .ok_or_else(|| D::Error::custom("a document number that is not in the table"));
        }
        let raw = Box::<RawValue>::deserialize(input)?;
        Ok(Document::from_trusted_text(raw.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_named_twice_is_written_once_and_read_as_one() {
        let document = Document::from_trusted_text("[1,  2]");
        let text = write(&vec![document.clone(), document]).unwrap();
        assert_eq!(text, r#"{"d":[[1,  2]],"b":[0,0]}"#);
        let read: Vec<Document> = read(&text).unwrap();
        assert!(read[0].same(&read[1]));
        assert_eq!(read[0].text(), "[1,  2]");
    }

    #[test]
    fn outside_a_pool_a_document_is_plain_json() {
        let text = serde_json::to_string(&Document::from_trusted_text("{\"a\": 1}")).unwrap();
        assert_eq!(text, "{\"a\": 1}");
        let back: Document = serde_json::from_str(&text).unwrap();
        assert_eq!(back.text(), "{\"a\": 1}");
    }

    #[test]
    fn a_damaged_text_is_an_error() {
        assert!(read::<Vec<Document>>(r#"{"d":[],"b":[0]}"#).is_err());
        assert!(read::<Vec<Document>>("[]").is_err());
    }
}
