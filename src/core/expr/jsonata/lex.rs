//! The lexer: an expression's text to tokens, one at a time, because whether `/` opens a regular expression depends on
//! what the parser has just seen.

use std::sync::Arc;

use super::super::value::Value;
use super::error::{Fault, Outcome};

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// An operator or a bracket.
    Operator(&'static str),
    /// A field name, bare or in backquotes.
    Name(Arc<str>),
    /// `$name`, without the dollar.
    Variable(Arc<str>),
    /// A string literal.
    String(Arc<str>),
    /// A number literal.
    Number(f64),
    /// `true`, `false`, `null`.
    Literal(Value),
    /// A regular expression and its flags.
    Regex(Arc<str>, String),
    /// Nothing is left.
    End,
}

/// A token and how far the text had been read when it was complete.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) position: usize,
}

impl Token {
    /// Whether this is the operator.
    pub(crate) fn is(&self, operator: &str) -> bool {
        matches!(self.kind, TokenKind::Operator(name) if name == operator)
    }

    /// The token as an error mentions it.
    pub(crate) fn mention(&self) -> Value {
        match &self.kind {
            TokenKind::Operator(name) => Value::string(*name),
            TokenKind::Name(text) | TokenKind::Variable(text) | TokenKind::String(text) => {
                Value::String(text.clone())
            }
            TokenKind::Number(n) => Value::number(*n),
            TokenKind::Literal(value) => value.clone(),
            TokenKind::Regex(..) => Value::object::<&str>([]),
            TokenKind::End => Value::string("(end)"),
        }
    }
}

/// Reads tokens from a text.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `text`.
    pub(crate) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, position: 0 }
    }

    /// The next token. `after_operand`: a `/` is a division, not the start of a regular expression.
    pub(crate) fn next(&mut self, after_operand: bool) -> Outcome<Token> {
        self.skip_blanks()?;
        let Some(first) = self.peek() else {
            return Ok(Token { kind: TokenKind::End, position: self.text.len() });
        };
        let kind = match first {
            '/' if !after_operand => self.regex()?,
            '"' | '\'' => self.string(first)?,
            '`' => self.quoted_name()?,
            '0'..='9' => self.number()?,
            _ => match self.operator() {
                Some(operator) => TokenKind::Operator(operator),
                None => self.word(),
            },
        };
        Ok(Token { kind, position: self.position })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fault(&self, code: &'static str) -> Box<Fault> {
        Fault::new(code).at(self.position)
    }

    fn skip_blanks(&mut self) -> Outcome<()> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(BLANKS);
            self.position += rest.len() - trimmed.len();
            let Some(comment) = trimmed.strip_prefix("/*") else { return Ok(()) };
            let Some(end) = comment.find("*/") else {
                return Err(Fault::new("S0106").at(self.position));
            };
            self.position += end + 4;
        }
    }

    fn operator(&mut self) -> Option<&'static str> {
        let rest = self.rest();
        let found = DOUBLE.iter().chain(SINGLE).find(|name| rest.starts_with(**name))?;
        self.position += found.len();
        Some(found)
    }

    fn word(&mut self) -> TokenKind {
        let rest = self.rest();
        let ends = |c: char| BLANKS.contains(&c) || SINGLE_CHARS.contains(c);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.position += word.len();
        if let Some(name) = word.strip_prefix('$') {
            return TokenKind::Variable(name.into());
        }
        match word {
            "and" => TokenKind::Operator("and"),
            "or" => TokenKind::Operator("or"),
            "in" => TokenKind::Operator("in"),
            "true" => TokenKind::Literal(Value::Bool(true)),
            "false" => TokenKind::Literal(Value::Bool(false)),
            "null" => TokenKind::Literal(Value::Null),
            _ => TokenKind::Name(word.into()),
        }
    }

    fn quoted_name(&mut self) -> Outcome<TokenKind> {
        self.position += 1;
        let rest = self.rest();
        let Some(end) = rest.find('`') else {
            self.position = self.text.len();
            return Err(self.fault("S0105"));
        };
        self.position += end + 1;
        Ok(TokenKind::Name(rest[..end].into()))
    }

    fn number(&mut self) -> Outcome<TokenKind> {
        let text = number_prefix(self.rest());
        let value = text.parse::<f64>().unwrap_or(f64::INFINITY);
        if !value.is_finite() {
            return Err(self.fault("S0102").token(text));
        }
        self.position += text.len();
        Ok(TokenKind::Number(value))
    }

    fn string(&mut self, quote: char) -> Outcome<TokenKind> {
        self.position += 1;
        let mut out = String::new();
        let mut units = Surrogates::default();
        while let Some(c) = self.peek() {
            self.position += c.len_utf8();
            if c == '\\' {
                self.escape(&mut out, &mut units)?;
                continue;
            }
            units.flush(&mut out);
            if c == quote {
                return Ok(TokenKind::String(out.into()));
            }
            out.push(c);
        }
        Err(self.fault("S0101"))
    }

    fn escape(&mut self, out: &mut String, units: &mut Surrogates) -> Outcome<()> {
        let Some(c) = self.peek() else { return Ok(()) };
        if c == 'u' {
            let hex = self.rest().get(1..5).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
            let Some(unit) = hex.and_then(|hex| u16::from_str_radix(hex, 16).ok()) else {
                return Err(self.fault("S0104"));
            };
            units.push(unit, out);
            self.position += 5;
            return Ok(());
        }
        let Some((_, plain)) = ESCAPES.iter().find(|(name, _)| *name == c) else {
            return Err(self.fault("S0103").token(c.to_string()));
        };
        units.flush(out);
        out.push(*plain);
        self.position += c.len_utf8();
        Ok(())
    }

    fn regex(&mut self) -> Outcome<TokenKind> {
        self.position += 1;
        let start = self.position;
        let (mut depth, mut before) = (0i32, '/');
        while let Some(c) = self.peek() {
            if c == '/' && before != '\\' && depth == 0 {
                return self.end_of_regex(start);
            }
            if before != '\\' {
                match c {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth -= 1,
                    _ => {}
                }
            }
            before = c;
            self.position += c.len_utf8();
        }
        Err(self.fault("S0302"))
    }

    fn end_of_regex(&mut self, start: usize) -> Outcome<TokenKind> {
        let source = &self.text[start..self.position];
        if source.is_empty() {
            return Err(self.fault("S0301"));
        }
        self.position += 1;
        let rest = self.rest();
        let flags = &rest[..rest.find(|c| c != 'i' && c != 'm').unwrap_or(rest.len())];
        self.position += flags.len();
        Ok(TokenKind::Regex(source.into(), flags.to_owned()))
    }
}

/// The longest JSON number at the start of `text`.
fn number_prefix(text: &str) -> &str {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count() + from;
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let mut end = if at(0) == b'0' { 1 } else { digits(0) };
    if at(end) == b'.' && at(end + 1).is_ascii_digit() {
        end = digits(end + 1);
    }
    if matches!(at(end), b'e' | b'E') {
        let sign = usize::from(matches!(at(end + 1), b'+' | b'-'));
        if at(end + 1 + sign).is_ascii_digit() {
            end = digits(end + 1 + sign);
        }
    }
    &text[..end]
}

/// Joins the two halves of a character written as `\uD83D\uDE00`; a half alone becomes U+FFFD.
#[derive(Default)]
struct Surrogates {
    high: Option<u16>,
}

impl Surrogates {
    fn push(&mut self, unit: u16, out: &mut String) {
        if let Some(high) = self.high.take() {
            if (0xdc00..0xe000).contains(&unit) {
                out.extend(char::decode_utf16([high, unit]).flatten());
                return;
            }
            out.push(char::REPLACEMENT_CHARACTER);
        }
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            out.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn flush(&mut self, out: &mut String) {
        if self.high.take().is_some() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

const BLANKS: &[char] = &[' ', '\t', '\n', '\r', '\u{b}'];
const DOUBLE: &[&str] = &["..", ":=", "!=", ">=", "<=", "**", "~>"];
const SINGLE: &[&str] = &[
    ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+", "-", "*", "/", "%", "|",
    "=", "<", ">", "^", "&", "!", "~",
];
const SINGLE_CHARS: &str = ".[]{}(),@#;:?+-*/%|=<>^&!~";
const ESCAPES: &[(char, char)] = &[
    ('"', '"'),
    ('\\', '\\'),
    ('/', '/'),
    ('b', '\u{8}'),
    ('f', '\u{c}'),
    ('n', '\n'),
    ('r', '\r'),
    ('t', '\t'),
];
