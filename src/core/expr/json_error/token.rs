//! Keys and values that contain no others: strings, numbers, `true`, `false` and `null`.

use super::JsonError;
use super::mistake::{LITERALS, described, identifier_part, identifier_start};
use super::scanner::Scanner;
use crate::expr::Value;

impl Scanner<'_> {
    pub(super) fn scalar(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some('"') => self.string(Quoted::Value).map(Value::from),
            Some('-' | '0'..='9') => self.number(),
            Some('t') => self.word("true", Value::Bool(true)),
            Some('f') => self.word("false", Value::Bool(false)),
            Some('n') => self.word("null", Value::Null),
            Some('}') => Err(self.unexpected("expected a value")),
            Some('N') => self.non_standard("NaN"),
            Some('I') => self.non_standard("Infinity"),
            Some(c) if identifier_start(c) => Err(self.unrecognized_token()),
            _ => Err(self.unexpected(&format!("expected a valid value {LITERALS}"))),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ends = |after: &str| !after.starts_with(identifier_part);
        if rest.strip_prefix(word).is_some_and(ends) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.unrecognized_token())
    }

    fn non_standard(&mut self, word: &str) -> Result<Value, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.unrecognized_token());
        }
        self.at += word.len();
        Err(self.error(format!(
            "Non-standard token '{word}': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow"
        )))
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        let negative = self.eat('-');
        match self.peek() {
            None if negative => {
                return Err(self.error("Unexpected end-of-inputNo digit following minus sign"));
            }
            Some('0'..='9') => {}
            _ => {
                return Err(self.bad_digit(
                    "expected digit (0-9) to follow minus sign, for valid numeric value",
                ));
            }
        }
        let zero = self.eat('0');
        if zero && matches!(self.peek(), Some('0'..='9')) {
            return Err(self.error("Invalid numeric value: Leading zeroes not allowed"));
        }
        self.digits();
        if self.eat('.') && self.digits() == 0 {
            return Err(self.bad_digit("Decimal point not followed by a digit"));
        }
        if self.eat('e') || self.eat('E') {
            let _signed = self.eat('+') || self.eat('-');
            if self.digits() == 0 {
                return Err(self.bad_digit("Exponent indicator not followed by a digit"));
            }
        }
        let root_ends = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        if self.open.is_empty() && self.peek().is_some_and(|c| !root_ends(c)) {
            return Err(self.unexpected("Expected space separating root-level values"));
        }
        self.numeric_value(start)
    }

    fn numeric_value(&self, start: usize) -> Result<Value, JsonError> {
        let digits = self.text.get(start..self.at).unwrap_or_default();
        if digits == "-0" {
            return Ok(Value::Int(0));
        }
        if let Ok(whole) = digits.parse::<i64>() {
            return Ok(Value::Int(whole));
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err(self.error(format!("Numeric value ({digits}) out of range of double"))),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        self.at - start
    }

    pub(super) fn string(&mut self, quoted: Quoted) -> Result<String, JsonError> {
        self.at += 1;
        let mut units: Vec<u16> = Vec::new();
        let mut out = String::new();
        loop {
            let Some(c) = self.peek() else {
                return Err(self.error(format!("Unexpected end-of-input{}", quoted.unclosed())));
            };
            if c != '\\' {
                flush(&mut units, &mut out);
            }
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => units.push(self.escape()?),
                c if c < ' ' => {
                    let place = quoted.place();
                    let what = described(c);
                    return Err(self.error_past(
                        format!("Illegal unquoted character ({what}): has to be escaped using backslash to be included in {place}"),
                    ));
                }
                c => {
                    self.at += c.len_utf8();
                    out.push(c);
                }
            }
        }
    }

    /// One escape sequence as a UTF-16 unit; two may make one character.
    fn escape(&mut self) -> Result<u16, JsonError> {
        self.at += 1;
        let unit = match self.peek() {
            Some('b') => 0x08,
            Some('t') => 0x09,
            Some('n') => 0x0a,
            Some('f') => 0x0c,
            Some('r') => 0x0d,
            Some(c @ ('"' | '/' | '\\')) => c as u16,
            Some('u') => return self.hex_unit(),
            Some(c) => {
                return Err(
                    self.error_past(format!("Unrecognized character escape {}", described(c)))
                );
            }
            None => return Err(self.error("Unexpected end-of-input in character escape sequence")),
        };
        self.at += 1;
        Ok(unit)
    }

    fn hex_unit(&mut self) -> Result<u16, JsonError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = match self.peek() {
                None => {
                    return Err(self.error("Unexpected end-of-input in character escape sequence"));
                }
                Some(c) => c.to_digit(16).and_then(|digit| u16::try_from(digit).ok()),
            };
            let Some(digit) = digit else {
                return Err(self.unexpected("expected a hex-digit for character escape sequence"));
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }
}

/// Where a quoted text stands, since Jackson words its mistakes differently.
#[derive(Clone, Copy)]
pub(super) enum Quoted {
    Name,
    Value,
}

impl Quoted {
    fn unclosed(self) -> &'static str {
        match self {
            Quoted::Name => " in field name",
            Quoted::Value => ": was expecting closing quote for a string value",
        }
    }

    fn place(self) -> &'static str {
        match self {
            Quoted::Name => "name",
            Quoted::Value => "string value",
        }
    }
}

/// Turns collected UTF-16 units into characters; half a pair becomes `?`.
fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or('?')));
}
