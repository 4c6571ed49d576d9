//! Text of a call into an invocation: `States.Name(argument, …)`, where an argument is a path, a `'string'`, a number,
//! `true`, `false`, `null` or another call.

use super::{Argument, Call, Invocation, function};
use crate::expr::Value;
use crate::expr::path::Path;

/// Documented: functions can be nested ten deep.
const DEEPEST: usize = 10;

/// Compiles the whole text.
///
/// # Errors
/// What is wrong, for the validator.
pub(super) fn invocation(source: &str) -> Result<Invocation, String> {
    let mut parser = Parser { rest: source, depth: 0 };
    let invocation = parser.call()?;
    parser.skip_space();
    if parser.rest.is_empty() {
        return Ok(invocation);
    }
    Err(format!("'{}' follows the intrinsic function call", parser.rest))
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn call(&mut self) -> Result<Invocation, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("Intrinsic functions can not be nested more than {DEEPEST} deep"));
        }
        let (name, rest) =
            self.rest.split_once('(').ok_or("An intrinsic function call needs parentheses")?;
        let function = function(name.trim())
            .ok_or_else(|| format!("'{}' is not an intrinsic function", name.trim()))?;
        self.rest = rest;
        let arguments = self.arguments()?;
        function.check_count(arguments.len())?;
        self.depth -= 1;
        Ok(Invocation { function, arguments })
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, String> {
        let mut arguments = Vec::new();
        self.skip_space();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            self.skip_space();
            arguments.push(self.argument()?);
            self.skip_space();
            if self.take(')') {
                return Ok(arguments);
            }
            if !self.take(',') {
                return Err("Arguments must be separated by ',' and end with ')'".into());
            }
        }
    }

    fn argument(&mut self) -> Result<Argument, String> {
        if self.take('\'') {
            return self.quoted();
        }
        if self.rest.starts_with('$') {
            let text = self.cut(path_length(self.rest));
            return Ok(Argument::Path(Path::parse(text.trim_end())?));
        }
        if Call::is_meant(self.rest) {
            return Ok(Argument::Call(self.call()?));
        }
        let text = self.cut(self.rest.find([',', ')']).unwrap_or(self.rest.len()));
        match Value::parse(text) {
            Ok(Value::String(_) | Value::Array(_) | Value::Object(_)) | Err(_) => {
                Err(format!("'{}' is not an argument of an intrinsic function", text.trim()))
            }
            Ok(value) => Ok(Argument::Literal(value)),
        }
    }

    /// A string after its opening quote. A backslash may stand before `'`, `{`, `}` and itself only (recorded: AWS
    /// refuses `\"` when the machine is created).
    fn quoted(&mut self) -> Result<Argument, String> {
        let mut text = String::new();
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next() {
                Some('\'') => break,
                Some('\\') => match chars.next() {
                    Some(c @ ('\'' | '{' | '}' | '\\')) => {
                        text.push(c);
                        piece.push(c);
                    }
                    Some(c) => return Err(format!("'\\{c}' is not an escape sequence")),
                    None => return Err("A string is not closed".into()),
                },
                Some('{') if chars.as_str().starts_with('}') => {
                    chars.next();
                    text.push_str("{}");
                    pieces.push(std::mem::take(&mut piece).into());
                }
                Some(c) => {
                    text.push(c);
                    piece.push(c);
                }
                None => return Err("A string is not closed".into()),
            }
        }
        self.rest = chars.as_str();
        pieces.push(piece.into());
        Ok(Argument::Quoted { text: text.into(), pieces: pieces.into() })
    }

    fn cut(&mut self, length: usize) -> &str {
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        text
    }

    fn take(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

/// How long the path is that the text starts with: up to a comma or parenthesis that is not its own.
fn path_length(text: &str) -> usize {
    let (mut square, mut round) = (0usize, 0usize);
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' if square > 0 => quoted = !quoted,
            _ if quoted => {}
            '[' => square += 1,
            ']' => square = square.saturating_sub(1),
            '(' => round += 1,
            ')' | ',' if square == 0 && round == 0 => return at,
            ')' => round = round.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}
