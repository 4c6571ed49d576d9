//! JSON as it comes in: the elements of an array one by one, lines, or a whole document where nothing less will do.

use crate::expr::Value;

/// Every line that is not empty is an item.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn feed(&mut self, bytes: &[u8], items: &mut Vec<Value>) -> Result<(), String> {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let Some(first) = parts.next() else { return Ok(()) };
        self.line.extend_from_slice(first);
        for part in parts {
            self.end(items)?;
            self.line.extend_from_slice(part);
        }
        super::bounded(self.line.len())
    }

    pub(super) fn end(&mut self, items: &mut Vec<Value>) -> Result<(), String> {
        let line = std::mem::take(&mut self.line);
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        items.push(parse(&line)?);
        Ok(())
    }
}

/// A document that is an array is taken apart as it comes; any other one is taken as a whole.
#[derive(Debug)]
pub(super) struct Whole {
    state: State,
    held: Vec<u8>,
    depth: usize,
    text: Text,
    elements: u64,
}

#[derive(Debug, PartialEq)]
enum State {
    Before,
    Elements,
    Entire,
    After,
}

/// Whether the next byte is inside of a string.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Text {
    Outside,
    Inside,
    Escaped,
}

impl Whole {
    /// With `entire` even an array is taken as a whole.
    pub(super) fn new(entire: bool) -> Whole {
        let state = if entire { State::Entire } else { State::Before };
        Whole { state, held: Vec::new(), depth: 0, text: Text::Outside, elements: 0 }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], items: &mut Vec<Value>) -> Result<(), String> {
        for (at, byte) in bytes.iter().enumerate() {
            match self.state {
                State::Before if byte.is_ascii_whitespace() => {}
                State::Before if *byte == b'[' => self.state = State::Elements,
                State::Before | State::Entire => {
                    self.state = State::Entire;
                    self.held.extend_from_slice(bytes.get(at..).unwrap_or_default());
                    return if self.held.len() > LARGEST_DOCUMENT {
                        Err("The document is too large to be read as a whole.".to_owned())
                    } else {
                        Ok(())
                    };
                }
                State::Elements => self.element(*byte, items)?,
                State::After if byte.is_ascii_whitespace() => {}
                State::After => {
                    return Err("The data is no JSON: there is something after its end".into());
                }
            }
        }
        Ok(())
    }

    fn element(&mut self, byte: u8, items: &mut Vec<Value>) -> Result<(), String> {
        let outside = self.text == Text::Outside;
        self.text = match (self.text, byte) {
            (Text::Outside, b'"') | (Text::Escaped, _) => Text::Inside,
            (Text::Inside, b'\\') => Text::Escaped,
            (Text::Inside, b'"') => Text::Outside,
            (text, _) => text,
        };
        match byte {
            b',' if outside && self.depth == 0 => return self.end_element(true, items),
            b']' if outside && self.depth == 0 => {
                self.state = State::After;
                return self.end_element(self.elements > 0, items);
            }
            b'[' | b'{' if outside => self.depth += 1,
            b']' | b'}' if outside => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.held.push(byte);
        super::bounded(self.held.len())
    }

    fn end_element(&mut self, due: bool, items: &mut Vec<Value>) -> Result<(), String> {
        let held = std::mem::take(&mut self.held);
        if due || !held.iter().all(u8::is_ascii_whitespace) {
            self.elements += 1;
            items.push(parse(&held)?);
        }
        Ok(())
    }

    /// The document, if it was taken as a whole.
    pub(super) fn finish(&mut self) -> Result<Option<Value>, String> {
        match self.state {
            State::Entire => parse(&std::mem::take(&mut self.held)).map(Some),
            State::After => Ok(None),
            State::Before | State::Elements => Err("The data is no JSON: it has no end".to_owned()),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| super::NO_UTF8.to_owned())?;
    Value::parse(text).map_err(|error| format!("The data is no JSON: {error}"))
}

/// Bytes of a document that has to be taken as a whole.
const LARGEST_DOCUMENT: usize = 256 << 20;
