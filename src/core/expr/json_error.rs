//! What is wrong with a JSON text, in the words of the parser that AWS shows to its users (Jackson 2.x).
//!
//! ValidateStateMachineDefinition gives the words with a note on the source, StartExecution gives them bare; so an
//! error is words plus a place, and [`source_note`] makes the note.

use super::Value;

mod mistake;
mod scanner;
mod token;

use scanner::Repeats;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    /// Jackson's message without the note on the source.
    pub message: String,
    /// Line of the first character that was not read, from 1.
    pub line: usize,
    /// Its column in UTF-16 units, from 1.
    pub column: usize,
}

/// What Jackson says of a text; `None` if it takes it. Jackson stops reading after the first value, so `1 2` passes,
/// and blank text passes as no value at all.
pub fn jackson_message(text: &str) -> Option<JsonError> {
    read(text).err()
}

/// Reads a text as leniently as Jackson: what follows the first value is ignored, of a repeated key the last value
/// stays, and half a surrogate pair reads as `?`. Blank text is `None`.
///
/// # Errors
/// The first mistake. Beyond Jackson, numbers that no double can hold and nesting deeper than 256 are refused.
pub fn read(text: &str) -> Result<Option<Value>, JsonError> {
    scanner::read(text, Repeats::LastStays)
}

/// As [`read`], but a repeated key is a mistake (`Duplicate field 'x'`), as in a definition.
///
/// # Errors
/// The first mistake.
pub fn read_unique(text: &str) -> Result<Option<Value>, JsonError> {
    scanner::read(text, Repeats::Refused)
}

/// Jackson's note on where in which text something is: `[Source: (String)"…"; line: 1, column: 4]`. Of a long text it
/// quotes the first 500 UTF-16 units; a text that it would read as a stream is not quoted.
pub fn source_note(text: &str, line: usize, column: usize) -> String {
    let length = text.encode_utf16().count();
    if length > STREAMED_ABOVE {
        return format!("[Source: (StringReader); line: {line}, column: {column}]");
    }
    let (quoted, left_out) = match length.checked_sub(QUOTED) {
        None | Some(0) => (text.to_owned(), String::new()),
        Some(more) => {
            let units: Vec<u16> = text.encode_utf16().take(QUOTED).collect();
            (String::from_utf16_lossy(&units), format!("[truncated {more} chars]"))
        }
    };
    format!("[Source: (String)\"{quoted}\"{left_out}; line: {line}, column: {column}]")
}

const QUOTED: usize = 500;
const STREAMED_ABOVE: usize = 0x8000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_worded_and_placed_as_jackson_does() {
        const LITERALS: &str =
            "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        for (text, words, line, column) in MISTAKES {
            let message = words.replace("<literals>", LITERALS);
            assert_eq!(jackson_message(text), Some(JsonError { message, line, column }), "{text}");
        }
    }

    #[test]
    fn an_unclosed_or_wrongly_closed_value_names_where_it_began() {
        let said = |text| jackson_message(text).unwrap().message;
        assert_eq!(
            said("{\"a\":\n [1"),
            "Unexpected end-of-input: expected close marker for Array (start marker at [Source: (String)\"{\"a\":\n [1\"; line: 2, column: 2])"
        );
        assert_eq!(
            said("[1}"),
            "Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)\"[1}\"; line: 1, column: 1])"
        );
        assert_eq!(
            said("]"),
            "Unexpected close marker ']': expected '}' (for root starting at [Source: (String)\"]\"; line: 1, column: 0])"
        );
    }

    #[test]
    fn values_come_out_as_jackson_reads_them() {
        let table = [
            (
                r#" {"b": [1, -0, 2.50, 1e2], "a": "x\u00e9\n\ud83d\ude00"} "#,
                r#"{"b":[1,0,2.5,100.0],"a":"xé\n😀"}"#,
            ),
            (r#"{"a":1,"b":0,"a":2}"#, r#"{"a":2,"b":0}"#),
            ("1 2", "1"),
            (r#"["\ud800", [], {}, null, true, false]"#, r#"["?",[],{},null,true,false]"#),
            ("9007199254740993", "9007199254740993"),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).unwrap().unwrap().to_json(), expected, "{text}");
        }
        assert_eq!(read(" \n"), Ok(None));
    }

    #[test]
    fn a_repeated_key_is_a_mistake_only_where_keys_must_be_unique() {
        let error = read_unique(r#"{"a": {"b": 1, "b": 2}}"#).unwrap_err();
        assert_eq!((error.message.as_str(), error.column), ("Duplicate field 'b'", 19));
        assert_eq!(read_unique(r#"[{"a":1},{"a":2}]"#).map(|_| ()), Ok(()));
    }

    #[test]
    fn deep_nesting_is_refused_and_not_a_crash() {
        assert!(
            read(&"[".repeat(100_000))
                .unwrap_err()
                .message
                .starts_with("Document nesting depth (257)")
        );
        assert_eq!(read(&format!("{}{}", "[".repeat(256), "]".repeat(256))).map(|_| ()), Ok(()));
    }

    #[test]
    fn a_long_text_is_quoted_in_part() {
        let note = source_note(&"x".repeat(510), 3, 4);
        assert_eq!(
            note,
            format!(
                "[Source: (String)\"{}\"[truncated 10 chars]; line: 3, column: 4]",
                "x".repeat(500)
            )
        );
        assert_eq!(
            source_note(&"x".repeat(40_000), 1, 1),
            "[Source: (StringReader); line: 1, column: 1]"
        );
    }

    /// Text, words, line and column.
    #[rustfmt::skip]
    const MISTAKES: [(&str, &str, usize, usize); 27] = [
        ("no such thing", "Unrecognized token 'no': was expecting <literals>", 1, 3),
        ("truely", "Unrecognized token 'truely': was expecting <literals>", 1, 7),
        ("[nul]", "Unrecognized token 'nul': was expecting <literals>", 1, 5),
        ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 1, 3),
        ("{a: 1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 1, 3),
        ("{\"a\" 1}", "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 1, 7),
        ("{\"a\": 1\n \"b\": 2}", "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries", 2, 3),
        ("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 1, 5),
        ("[1,]", "Unexpected character (']' (code 93)): expected a valid value <literals>", 1, 5),
        ("{\"a\":}", "Unexpected character ('}' (code 125)): expected a value", 1, 7),
        ("{\"a\": 1,}", "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 1, 10),
        ("{\"a\": 1,", "Unexpected end-of-input within/between Object entries", 1, 9),
        ("{\"a\"", "Unexpected end-of-input within/between Object entries", 1, 5),
        ("\"abc", "Unexpected end-of-input: was expecting closing quote for a string value", 1, 5),
        ("{\"abc", "Unexpected end-of-input in field name", 1, 6),
        ("\"a\nb\"", "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value", 1, 4),
        ("\"\\x\"", "Unrecognized character escape 'x' (code 120)", 1, 4),
        ("\"\\u12g4\"", "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence", 1, 7),
        ("[01]", "Invalid numeric value: Leading zeroes not allowed", 1, 3),
        ("[-a]", "Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value", 1, 4),
        ("[1.]", "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit", 1, 5),
        ("[1e]", "Unexpected character (']' (code 93)) in numeric value: Exponent indicator not followed by a digit", 1, 5),
        ("12x", "Unexpected character ('x' (code 120)): Expected space separating root-level values", 1, 4),
        ("[NaN]", "Non-standard token 'NaN': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow", 1, 5),
        ("// x", "Unexpected character ('/' (code 47)): maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)", 1, 2),
        ("[\u{1}]", "Illegal character ((CTRL-CHAR, code 1)): only regular white space (\\r, \\n, \\t) is allowed between tokens", 1, 3),
        ("“a”", "Unexpected character ('“' (code 8220 / 0x201c)): expected a valid value <literals>", 1, 2),
    ];
}
