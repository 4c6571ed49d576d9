//! Array brackets: `[0]`, `[0,2]`, `[1:3]`, `[-2:]`, `[:2]`, `[(@.length-1)]`.

use super::step::{Slice, Step};

/// Reads indexes and slices. Spaces are passed over, the first character that fits nothing ends the list, a third
/// number of a slice has no meaning.
///
/// # Errors
/// A number that is none or does not fit 32 bits, or a bracket that is not closed.
pub(super) fn numbers(text: &str) -> Result<Step, String> {
    let mut reader = Reader { rest: text };
    let mut list = Vec::new();
    let mut digits = String::new();
    let mut form: Option<Form> = None;
    let mut several = false;
    loop {
        match reader.current()? {
            ' ' => {}
            ':' if digits.is_empty() => {
                reader.advance();
                list.push(number(&reader.digits()?)?);
                form = Some(form.map_or(Form::To, |form| form.min(Form::To)));
            }
            ':' => {
                list.push(number(&std::mem::take(&mut digits))?);
                reader.advance();
                let end = reader.digits()?;
                let seen = if end.is_empty() { Form::From } else { Form::Between };
                form = Some(form.map_or(seen, |form| form.min(seen)));
                if !end.is_empty() {
                    list.push(number(&end)?);
                }
            }
            ',' => {
                several = true;
                list.push(number(&std::mem::take(&mut digits))?);
            }
            c if c.is_ascii_digit() || c == '-' => digits.push(c),
            _ => break,
        }
        if reader.current()? == ']' {
            break;
        }
        reader.advance();
    }
    if !digits.is_empty() {
        list.push(number(&digits)?);
    }
    step(list, form, several)
}

fn step(list: Vec<i32>, form: Option<Form>, several: bool) -> Result<Step, String> {
    match (form, &list[..]) {
        (None, [only]) => Ok(Step::Index(*only)),
        _ if several => Ok(Step::Indexes(list)),
        (Some(Form::From), [from, ..]) => Ok(Step::Slice(Slice::From(*from))),
        (Some(Form::To), [to, ..]) => Ok(Step::Slice(Slice::To(*to))),
        (Some(Form::Between), [from, to, ..]) => Ok(Step::Slice(Slice::Between(*from, *to))),
        _ => Err("An array index is missing".into()),
    }
}

/// Reads `@.length-n` (also `size`, with or without parentheses) from the `@` on.
///
/// # Errors
/// Another function, a number that is none, or a bracket that is not closed.
pub(super) fn from_end(text: &str) -> Result<Step, String> {
    const OPEN: &str = "An array index that counts from the end must look like [(@.length-1)]";
    let (function, rest) = text.split_once('-').ok_or(OPEN)?;
    let function: String = function.chars().skip(2).filter(|c| !" ()".contains(*c)).collect();
    if function != "size" && function != "length" {
        return Err(format!(
            "Invalid function: @.{function}. Supported functions are: [(@.length - n)] and [(@.size() - n)]"
        ));
    }
    let (digits, _) = rest.split_once(')').ok_or(OPEN)?;
    let digits: String = digits.chars().filter(|c| *c != ' ').collect();
    Ok(Step::FromEnd(number(&format!("-{digits}"))?))
}

fn number(digits: &str) -> Result<i32, String> {
    digits.parse().map_err(|_| format!("For input string: \"{digits}\""))
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn current(&self) -> Result<char, String> {
        self.rest.chars().next().ok_or_else(|| "A bracket is not closed".into())
    }

    fn advance(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    /// Digits and signs from here on, without the spaces between them.
    fn digits(&mut self) -> Result<String, String> {
        let mut digits = String::new();
        loop {
            match self.current()? {
                ' ' => {}
                c if c.is_ascii_digit() || c == '-' => digits.push(c),
                _ => return Ok(digits),
            }
            self.advance();
        }
    }
}

/// Which kind of slice the colons make; when they make several, the first of these counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    From,
    To,
    Between,
}
