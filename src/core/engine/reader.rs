//! What an ItemReader makes of the data that it has read: a list of items (AWS: ItemReader).
//!
//! JSON (an array, or an object whose members count), JSON lines and CSV; for anything else (a manifest, a listing) the
//! data is taken for the array of its entries.

use std::sync::Arc;

use crate::expr::{Document, Map, Value};

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
    let word = |field: &str| config.get(field).and_then(Value::as_str);
    let mut pointed = None;
    let mut items = match word("InputType") {
        Some("JSONL") => lines(data)?,
        Some("CSV") => csv(config, data)?,
        _ => {
            let whole = parse(data)?;
            let list = match word("ItemsPointer") {
                Some(pointer) => {
                    let found = point(&whole, pointer).ok_or_else(|| {
                        format!("The ItemsPointer '{pointer}' points to nothing.")
                    })?;
                    pointed = Some(Document::from(found.clone()));
                    found.clone()
                }
                None => whole,
            };
            entries(&list)?
        }
    };
    let most = config.get("MaxItems").and_then(Value::as_i64).and_then(|n| usize::try_from(n).ok());
    // 0 stands for no limit.
    if let Some(most) = most.filter(|most| *most > 0) {
        items.truncate(most);
    }
    Ok(Items { pointed, all: Document::from(Value::array(items)) })
}

fn parse(text: &str) -> Result<Value, String> {
    Value::parse(text).map_err(|error| format!("The data is no JSON: {error}"))
}

fn entries(list: &Value) -> Result<Vec<Value>, String> {
    match list {
        Value::Array(items) => Ok(items.to_vec()),
        Value::Object(members) => Ok(members.values().cloned().collect()),
        _ => Err("The data is neither an array nor an object.".to_owned()),
    }
}

fn lines(data: &str) -> Result<Vec<Value>, String> {
    data.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

/// A JSON pointer (RFC 6901).
fn point<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    pointer.split('/').skip(1).try_fold(value, |value, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.get(&step),
        }
    })
}

/// Every row an object of strings; a short row is filled up with empty ones, a long one is cut.
fn csv(config: &Value, data: &str) -> Result<Vec<Value>, String> {
    let delimiter = match config.get("CSVDelimiter").and_then(Value::as_str) {
        Some("PIPE") => '|',
        Some("SEMICOLON") => ';',
        Some("SPACE") => ' ',
        Some("TAB") => '\t',
        _ => ',',
    };
    let mut rows = rows(data, delimiter).into_iter();
    let headers: Vec<Arc<str>> = match config.get("CSVHeaders").and_then(Value::as_array) {
        Some(given) => given.iter().filter_map(Value::as_str).map(Arc::from).collect(),
        None => {
            let first = rows.next().ok_or("The data has no row of headers.")?;
            first.into_iter().map(Arc::from).collect()
        }
    };
    Ok(rows
        .map(|row| {
            let mut cells = row.into_iter();
            let members = headers
                .iter()
                .map(|header| (header.clone(), Value::from(cells.next().unwrap_or_default())));
            Value::Object(members.collect::<Map>().into())
        })
        .collect())
}

/// The rows of a CSV text. Inside quotes two quotes stand for one; a backslash escapes itself, a quote or the delimiter,
/// and is dropped before anything else.
fn rows(data: &str, delimiter: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = data.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => cell.extend(chars.next_if(|c| ['\\', '"', delimiter].contains(c))),
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            c if c == delimiter && !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    // An empty line is no row.
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    rows
}

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
    fn data_becomes_items_by_its_type() {
        let csv = r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}"#;
        let given = r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a"],"CSVDelimiter":"PIPE"}"#;
        let table = [
            (r#"{"InputType":"JSON"}"#, "[1, 2]", "[1,2]"),
            (r#"{"InputType":"JSON"}"#, r#"{"x":1,"y":2}"#, "[1,2]"),
            (r#"{"InputType":"JSON"}"#, "7", "The data is neither an array nor an object."),
            (r#"{"InputType":"JSON","MaxItems":1}"#, "[1,2]", "[1]"),
            (r#"{"InputType":"JSON","MaxItems":0}"#, "[1,2]", "[1,2]"),
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
            (r#"{"InputType":"JSONL"}"#, "{\"a\":1}\n\n2\n", r#"[{"a":1},2]"#),
            (
                csv,
                "a,b\n1,2\r\n\n3\n4,5,6",
                r#"[{"a":"1","b":"2"},{"a":"3","b":""},{"a":"4","b":"5"}]"#,
            ),
            (
                csv,
                "a\n\"x,\"\"y\"\"\nz\"\n\\q\\\\\\,",
                "[{\"a\":\"x,\\\"y\\\"\\nz\"},{\"a\":\"q\\\\,\"}]",
            ),
            (given, "1|2", r#"[{"a":"1"}]"#),
            (csv, "", "The data has no row of headers."),
            ("null", r#"[{"Key":"k"}]"#, r#"[{"Key":"k"}]"#),
        ];
        for (config, data, expected) in table {
            assert_eq!(items(config, data), expected, "{config} {data}");
        }
    }
}
