//! Payloads that come in as strings: execution inputs and task outputs must be JSON.

use stepwright_core::expr::json_error::{self, JsonError};
use stepwright_core::expr::{Document, Value};

/// Reads a payload. JSON keeps its own text; what only AWS's parser takes for JSON (it ignores what follows the first
/// value, say) becomes the text of the value that it sees. Text without a value is `Ok(None)`.
///
/// # Errors
/// The mistake, in that parser's words.
pub(super) fn read(text: &str) -> Result<Option<Document>, JsonError> {
    if let Ok(document) = Document::parse(text) {
        return Ok(Some(document));
    }
    let value = json_error::read(text)?;
    Ok(value.as_ref().map(Value::to_json).and_then(|text| Document::parse(text).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_text_and_the_rest_is_worded() {
        let table = [
            (r#"{"a" :  1}"#, Ok(Some(r#"{"a" :  1}"#))),
            ("null", Ok(Some("null"))),
            ("1 2", Ok(Some("1"))),
            ("", Ok(None)),
            ("  ", Ok(None)),
            (
                "not some json",
                Err(
                    "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
                ),
            ),
            (
                "{'not': 'json'",
                Err(
                    "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
                ),
            ),
        ];
        for (text, expected) in table {
            let read = read(text);
            let read = read.as_ref().map(|d| d.as_ref().map(Document::text));
            assert_eq!(read.map_err(|e| e.message.as_str()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_not_taken_for_null() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(!matches!(read(&deep), Ok(Some(_))));
    }
}
