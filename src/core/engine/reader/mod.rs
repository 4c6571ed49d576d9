//! What an ItemReader makes of the data that it has read: items (AWS: ItemReader).
//!
//! JSON (an array, or an object whose members count), JSON lines and CSV; for anything else (a manifest, a listing) the
//! data is taken for the array of its entries. Data comes in pieces, and never needs to be there as a whole unless it is
//! one JSON object, or has to be pointed into.

mod csv;
mod json;

use std::sync::Arc;

use crate::engine::data_flow::integer_at_path;
use crate::expr::{Document, Value};

/// An item, with its name if it is a member of an object.
pub type Entry = (Option<Arc<str>>, Value);

/// Makes items of the bytes of one file, as they come.
#[derive(Debug)]
pub struct Decoder {
    format: Format,
    pointer: Option<Arc<str>>,
    made: Vec<Value>,
    begun: bool,
}

#[derive(Debug)]
enum Format {
    Json(json::Whole),
    Lines(json::Lines),
    Csv(Box<csv::Csv>),
}

impl Decoder {
    /// By a `ReaderConfig` that was computed.
    pub fn of(config: &Value) -> Decoder {
        let word = |field: &str| config.get(field).and_then(Value::as_str);
        let pointer: Option<Arc<str>> = word("ItemsPointer").map(Arc::from);
        let format = match word("InputType") {
            Some("JSONL") => Format::Lines(json::Lines::default()),
            Some("CSV") => Format::Csv(Box::new(csv::Csv::of(config))),
            _ => Format::Json(json::Whole::new(pointer.is_some())),
        };
        Decoder { format, pointer, made: Vec::new(), begun: false }
    }

    /// How many bytes are to be fed at a time, at most, so that the items in them take little memory: a row of one byte
    /// is an object with all columns.
    pub fn bite(&self) -> usize {
        match &self.format {
            Format::Csv(csv) => (BITE / (1 + csv.columns() / 32)).max(1),
            Format::Json(_) | Format::Lines(_) => BITE,
        }
    }

    /// Takes the next bytes; the items that are complete now.
    ///
    /// # Errors
    /// What is wrong with the data.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Entry>, String> {
        // A byte order mark is no data. It does not matter that one in two pieces would be.
        let bytes = match std::mem::replace(&mut self.begun, true) {
            false => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
            true => bytes,
        };
        match &mut self.format {
            Format::Json(whole) => whole.feed(bytes, &mut self.made),
            Format::Lines(lines) => lines.feed(bytes, &mut self.made),
            Format::Csv(csv) => csv.feed(bytes, &mut self.made),
        }?;
        Ok(self.made.drain(..).map(|value| (None, value)).collect())
    }

    /// The end of the data; the items that are left.
    ///
    /// # Errors
    /// What is wrong with the data.
    pub fn finish(mut self) -> Result<Vec<Entry>, String> {
        match &mut self.format {
            Format::Lines(lines) => lines.end(&mut self.made)?,
            Format::Csv(csv) => csv.finish(&mut self.made)?,
            Format::Json(whole) => {
                if let Some(whole) = whole.finish()? {
                    return match &self.pointer {
                        Some(pointer) => entries(&pointed(&whole, pointer)?),
                        None => entries(&whole),
                    };
                }
            }
        }
        Ok(self.made.into_iter().map(|value| (None, value)).collect())
    }
}

/// The items of some data.
#[derive(Debug, PartialEq)]
pub(crate) struct Items {
    /// What `ItemsPointer` points to, if there is one.
    pub(crate) pointed: Option<Document>,
    /// The items, an array.
    pub(crate) all: Document,
}

/// Reads the data by the reader's `ReaderConfig`.
///
/// # Errors
/// What is wrong with the data.
pub(crate) fn read(reader: &Value, data: &str) -> Result<Items, String> {
    let none = Value::Null;
    let config = reader.get("ReaderConfig").unwrap_or(&none);
    let pointed = match config.get("ItemsPointer").and_then(Value::as_str) {
        Some(pointer) => {
            let whole =
                Value::parse(data).map_err(|error| format!("The data is no JSON: {error}"))?;
            Some(Document::from(pointed(&whole, pointer)?))
        }
        None => None,
    };
    let mut decoder = Decoder::of(config);
    let mut items = decoder.feed(data.as_bytes())?;
    items.extend(decoder.finish()?);
    if let Some(most) = most(config)? {
        items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    let items = items.into_iter().map(|(_, value)| value);
    Ok(Items { pointed, all: Document::from(Value::array(items)) })
}

/// `MaxItems`; 0 stands for no limit, and so does what is beyond the largest (recorded).
///
/// # Errors
/// It is negative.
pub fn most(config: &Value) -> Result<Option<u64>, String> {
    let Some(most) = config.get("MaxItems").and_then(integer_at_path) else { return Ok(None) };
    let most = u64::try_from(most).map_err(|_| NEGATIVE)?;
    Ok(Some(most).filter(|most| *most > 0))
}

/// The items of a list, or the members of an object.
///
/// # Errors
/// It is neither.
pub fn entries(list: &Value) -> Result<Vec<Entry>, String> {
    match list {
        Value::Array(items) => Ok(items.iter().map(|item| (None, item.clone())).collect()),
        Value::Object(members) => {
            Ok(members.iter().map(|(key, value)| (Some(key.clone()), value.clone())).collect())
        }
        _ => Err(NO_ITEMS.to_owned()),
    }
}

/// What a JSON pointer (RFC 6901) points to.
fn pointed(value: &Value, pointer: &str) -> Result<Value, String> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!(
            "The ItemsPointer '{pointer}' is no JSON Pointer: it has to begin with a '/'."
        ));
    }
    let found = pointer.split('/').skip(1).try_fold(value, |value, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.get(&step),
        }
    });
    found.cloned().ok_or_else(|| format!("The ItemsPointer '{pointer}' points to nothing."))
}

/// AWS: an item that is read from S3 has at most 8 MB.
fn bounded(bytes: usize) -> Result<(), String> {
    if bytes > LARGEST_ITEM {
        Err("An item of the data has more than 8 MB.".to_owned())
    } else {
        Ok(())
    }
}

const LARGEST_ITEM: usize = 8 << 20;
const BITE: usize = 16 << 10;
/// As AWS words it; not among the recordings.
const NEGATIVE: &str = "field MaxItems must be positive";
/// As AWS words it; not among the recordings.
const NO_ITEMS: &str = "Attempting to map over non-iterable node.";
const NO_UTF8: &str = "The data is not encoded in UTF-8.";

#[cfg(test)]
mod tests {
    use super::*;

    fn items(config: &str, data: &str) -> String {
        let reader = Value::parse(&format!(r#"{{"ReaderConfig":{config}}}"#)).unwrap();
        match read(&reader, data) {
            Ok(Items { pointed: None, all }) => all.text().to_owned(),
            Ok(Items { pointed: Some(pointed), all }) => {
                format!("{} -> {}", pointed.text(), all.text())
            }
            Err(why) => why,
        }
    }

    #[test]
    fn data_may_come_in_pieces_of_any_size() {
        let table = [
            (r#"{"InputType":"JSON"}"#, " [1 , {\"a\":\"x,]\\\"\"} ,[2,3]] "),
            (r#"{"InputType":"JSON"}"#, "{\"a\": [1]}"),
            (r#"{"InputType":"JSON"}"#, "[ ]"),
            (r#"{"InputType":"JSONL"}"#, "{\"a\":1}\n\n2"),
            (r#"{"InputType":"CSV"}"#, "\u{feff}a,b\r\n\"x\"\"\n\",\\,\u{e9}\r\n\n,\n"),
        ];
        for (config, data) in table {
            let config = Value::parse(config).unwrap();
            let all = |size: usize| {
                let mut decoder = Decoder::of(&config);
                let mut items = Vec::new();
                for piece in data.as_bytes().chunks(size) {
                    items.extend(decoder.feed(piece).unwrap());
                }
                items.extend(decoder.finish().unwrap());
                items
            };
            // A byte order mark comes in one piece.
            for size in [3, 4, 5, 7, 11] {
                assert_eq!(all(size), all(1000), "{data} by {size}");
            }
        }
    }

    #[test]
    fn an_array_that_is_none_is_told_from_one() {
        for wrong in ["[1,]", "[,]", "[1", "[1]]", "[1] 2", "[1 2]", "", " "] {
            assert!(
                items(r#"{"InputType":"JSON"}"#, wrong).starts_with("The data is no JSON"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn data_becomes_items_by_its_type() {
        let csv = r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}"#;
        let given = r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a"],"CSVDelimiter":"PIPE"}"#;
        let twice = r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","a"]}"#;
        let table = [
            (r#"{"InputType":"JSON"}"#, "[1, 2]", "[1,2]"),
            (r#"{"InputType":"JSON"}"#, r#"{"x":1,"y":2}"#, "[1,2]"),
            (r#"{"InputType":"JSON"}"#, "7", NO_ITEMS),
            (r#"{"InputType":"JSON","MaxItems":1}"#, "[1,2]", "[1]"),
            (r#"{"InputType":"JSON","MaxItems":0}"#, "[1,2]", "[1,2]"),
            (r#"{"InputType":"JSON","MaxItems":-1}"#, "[1,2]", NEGATIVE),
            (
                r#"{"InputType":"JSON","ItemsPointer":"/a~1b/1"}"#,
                r#"{"a/b":[0,[5]]}"#,
                "[5] -> [5]",
            ),
            (
                r#"{"InputType":"JSON","ItemsPointer":"/no"}"#,
                "{}",
                "The ItemsPointer '/no' points to nothing.",
            ),
            (
                r#"{"InputType":"JSON","ItemsPointer":"a/b"}"#,
                r#"{"a":{"b":[1]}}"#,
                "The ItemsPointer 'a/b' is no JSON Pointer: it has to begin with a '/'.",
            ),
            (r#"{"InputType":"JSONL"}"#, "{\"a\":1}\n\n2\n", r#"[{"a":1},2]"#),
            (
                csv,
                "a,b\n1,2\r\n\n3\n4,5,6",
                r#"[{"a":"1","b":"2"},{"a":"3","b":""},{"a":"4","b":"5"}]"#,
            ),
            (csv, "a,b\n,\n", r#"[{"a":"","b":""}]"#),
            (csv, "a,b,a\n1,2,3\n", "CSV headers cannot contain duplicates."),
            (twice, "1,2\n", "CSV headers cannot contain duplicates."),
            (twice, "", "CSV headers cannot contain duplicates."),
            (csv, "0,True,{}\n1,2,3", r#"[{"0":"1","{}":"3","True":"2"}]"#),
            (
                csv,
                "a\n\"x,\"\"y\"\"\nz\"\n\\q\\\\\\,",
                "[{\"a\":\"x,\\\"y\\\"\\nz\"},{\"a\":\"q\\\\,\"}]",
            ),
            (given, "1|2", r#"[{"a":"1"}]"#),
            (given, &"|".repeat(1 << 20), r#"[{"a":""}]"#),
            (csv, &"a,".repeat(5_121), "The row of headers has more than 10 KiB."),
            (csv, "", "The data has no row of headers."),
            ("null", r#"[{"Key":"k"}]"#, r#"[{"Key":"k"}]"#),
        ];
        for (config, data, expected) in table {
            assert_eq!(items(config, data), expected, "{config} {data}");
        }
    }
}
