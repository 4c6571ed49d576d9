//! The mistakes that the reader can find, each with its words and its place.

use super::scanner::{Open, Scanner};
use super::{JsonError, source_note};

impl Scanner<'_> {
    /// An error where the reader stands.
    pub(super) fn error(&self, message: impl Into<String>) -> JsonError {
        JsonError {
            message: message.into(),
            line: self.line_at(self.at),
            column: self.column_at(self.at),
        }
    }

    /// An error just past the next character, which Jackson has taken by then.
    pub(super) fn error_past(&self, message: String) -> JsonError {
        let width = self.peek().map_or(0, char::len_utf16);
        let here = self.error(message);
        JsonError { column: here.column + width, ..here }
    }

    pub(super) fn unexpected(&self, expected: &str) -> JsonError {
        match self.peek() {
            None => self.error("Unexpected end-of-input"),
            Some(c) => {
                self.error_past(format!("Unexpected character ({}): {expected}", described(c)))
            }
        }
    }

    pub(super) fn bad_digit(&self, expected: &str) -> JsonError {
        let found = self.peek().unwrap_or('\0');
        self.error_past(format!(
            "Unexpected character ({}) in numeric value: {expected}",
            described(found)
        ))
    }

    /// A bare word that is none of JSON's, from the next character on.
    pub(super) fn unrecognized_token(&mut self) -> JsonError {
        let start = self.at;
        while self.peek().is_some_and(identifier_part) {
            self.bump();
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        let shown: String = word.chars().take(MAX_TOKEN).collect();
        let more = if shown.len() < word.len() { "..." } else { "" };
        self.error(format!("Unrecognized token '{shown}{more}': was expecting {LITERALS}"))
    }

    pub(super) fn never_closed(&self) -> JsonError {
        let Some(open) = self.open.last() else {
            return self.error("Unexpected end-of-input");
        };
        let (noun, start) = (open.noun(), self.note_at(open));
        self.error(format!(
            "Unexpected end-of-input: expected close marker for {noun} (start marker at {start})"
        ))
    }

    pub(super) fn wrong_closer(&self, found: char) -> JsonError {
        let wanted = if found == ']' { '}' } else { ']' };
        let start = match self.open.last() {
            Some(open) => self.note_at(open),
            None => source_note(self.text, 1, 0),
        };
        let noun = self.noun();
        self.error(format!("Unexpected close marker '{found}': expected '{wanted}' (for {noun} starting at {start})"))
    }

    pub(super) fn between(&self) -> JsonError {
        self.error(format!("Unexpected end-of-input within/between {} entries", self.noun()))
    }

    pub(super) fn noun(&self) -> &'static str {
        self.open.last().map_or("root", Open::noun)
    }

    fn note_at(&self, open: &Open) -> String {
        source_note(self.text, self.line_at(open.start), self.column_at(open.start) - 1)
    }

    fn line_at(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or_default();
        let feeds = before.matches('\n').count();
        let bare_returns = before.matches('\r').count() - before.matches("\r\n").count();
        1 + feeds + bare_returns
    }

    fn column_at(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
        1 + line.encode_utf16().count()
    }
}

/// A character as Jackson names it.
pub(super) fn described(c: char) -> String {
    let code = u32::from(c);
    match c {
        c if c.is_control() => format!("(CTRL-CHAR, code {code})"),
        c if code > 255 => format!("'{c}' (code {code} / 0x{code:x})"),
        c => format!("'{c}' (code {code})"),
    }
}

pub(super) fn identifier_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '$')
}

pub(super) fn identifier_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// What Jackson would have taken for a value.
pub(super) const LITERALS: &str =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const MAX_TOKEN: usize = 256;
