//! The reader behind [`super::read`]: one loop over the text with its own stack, so that no depth of nesting can
//! exhaust the thread's. Which word it finds missing where follows Jackson's order of looking.

use std::sync::Arc;

use super::JsonError;
use super::mistake::described;
use super::token::Quoted;
use crate::expr::value::{Map, Value};

/// What to do with a key that an object already has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    LastStays,
    Refused,
}

/// Reads the first value of a text; `None` if there is nothing but white space.
pub(super) fn read(text: &str, repeats: Repeats) -> Result<Option<Value>, JsonError> {
    let mut scanner = Scanner { text, at: 0, repeats, open: Vec::new() };
    scanner.skip_space()?;
    if scanner.peek().is_none() {
        return Ok(None);
    }
    if let Some(closer @ (']' | '}')) = scanner.peek() {
        scanner.at += 1;
        return Err(scanner.wrong_closer(closer));
    }
    scanner.document().map(Some)
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    /// Byte offset of the first character not yet read.
    pub(super) at: usize,
    repeats: Repeats,
    pub(super) open: Vec<Open>,
}

/// A container that is not closed yet.
pub(super) struct Open {
    pub(super) start: usize,
    content: Content,
}

enum Content {
    Array(Vec<Value>),
    Object { members: Map, key: Arc<str> },
}

impl Open {
    pub(super) fn noun(&self) -> &'static str {
        match self.content {
            Content::Array(_) => "Array",
            Content::Object { .. } => "Object",
        }
    }

    fn closer(&self) -> char {
        match self.content {
            Content::Array(_) => ']',
            Content::Object { .. } => '}',
        }
    }
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<Value, JsonError> {
        loop {
            let mut value = match self.peek() {
                Some('[' | '{') => match self.enter()? {
                    Some(empty) => empty,
                    None => continue,
                },
                _ => self.scalar()?,
            };
            loop {
                value = match self.attach(value) {
                    Some(whole) => return Ok(whole),
                    None => match self.after_value()? {
                        Some(closed) => closed,
                        None => break,
                    },
                };
            }
        }
    }

    /// Opens a container and gives it back at once if it is empty.
    fn enter(&mut self) -> Result<Option<Value>, JsonError> {
        let content = match self.bump() {
            Some('[') => Content::Array(Vec::new()),
            _ => Content::Object { members: Map::new(), key: "".into() },
        };
        let in_object = matches!(content, Content::Object { .. });
        self.open.push(Open { start: self.at, content });
        if self.open.len() > MAX_DEPTH {
            let message = format!(
                "Document nesting depth ({}) exceeds the maximum allowed ({MAX_DEPTH})",
                self.open.len()
            );
            return Err(self.error(message));
        }
        self.skip_space()?;
        if let Some(closed) = self.close()? {
            return Ok(Some(closed));
        }
        if in_object {
            self.key()?;
        }
        Ok(None)
    }

    /// Puts a finished value where it belongs; gives it back if it belongs nowhere, being the whole text.
    fn attach(&mut self, value: Value) -> Option<Value> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => return Some(value),
            Some(Content::Array(items)) => items.push(value),
            Some(Content::Object { members, key }) => {
                members.insert(key.clone(), value);
            }
        }
        None
    }

    /// After a member: closes the container and gives it back, or moves on to the next member.
    fn after_value(&mut self) -> Result<Option<Value>, JsonError> {
        self.skip_space()?;
        if let Some(closed) = self.close()? {
            return Ok(Some(closed));
        }
        let noun = self.noun();
        if self.peek() != Some(',') {
            return Err(self.unexpected(&format!("was expecting comma to separate {noun} entries")));
        }
        self.at += 1;
        self.skip_space()?;
        if self.peek().is_none() {
            return Err(
                self.error(format!("Unexpected end-of-input within/between {noun} entries"))
            );
        }
        if matches!(self.open.last(), Some(Open { content: Content::Object { .. }, .. })) {
            self.key()?;
        }
        Ok(None)
    }

    /// Closes the innermost container if its closing bracket is next.
    fn close(&mut self) -> Result<Option<Value>, JsonError> {
        let closer = match self.peek() {
            Some(closer @ (']' | '}')) => closer,
            Some(_) => return Ok(None),
            None => return Err(self.never_closed()),
        };
        self.at += 1;
        if self.open.last().is_none_or(|open| open.closer() != closer) {
            return Err(self.wrong_closer(closer));
        }
        Ok(self.open.pop().map(|open| match open.content {
            Content::Array(items) => Value::array(items),
            Content::Object { members, .. } => Value::Object(Arc::new(members)),
        }))
    }

    /// Reads a key and its colon, up to the value.
    fn key(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some('"') {
            return Err(self.unexpected("was expecting double-quote to start field name"));
        }
        let name: Arc<str> = self.string(Quoted::Name)?.into();
        let refuse = self.repeats == Repeats::Refused;
        if let Some(Open { content: Content::Object { members, key }, .. }) = self.open.last_mut() {
            if refuse && members.contains_key(&name) {
                return Err(self.error(format!("Duplicate field '{name}'")));
            }
            *key = name;
        }
        self.skip_space()?;
        match self.peek() {
            Some(':') => self.at += 1,
            Some(_) => {
                return Err(
                    self.unexpected("was expecting a colon to separate field name and value")
                );
            }
            None => return Err(self.between()),
        }
        self.skip_space()?;
        if self.peek().is_none() { Err(self.between()) } else { Ok(()) }
    }

    fn skip_space(&mut self) -> Result<(), JsonError> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r' | '\n') => self.at += 1,
                Some('/') => {
                    return Err(self.unexpected(
                        "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
                    ));
                }
                Some(c) if c < ' ' => {
                    let what = described(c);
                    return Err(self.error_past(format!(
                        "Illegal character ({what}): only regular white space (\\r, \\n, \\t) is allowed between tokens"
                    )));
                }
                _ => return Ok(()),
            }
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }
}

const MAX_DEPTH: usize = 256;
