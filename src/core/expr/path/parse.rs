//! Path text into steps, as permissive as the library: a dot name may hold anything but `.`, `[` and space, quoted
//! names know no escapes, and a few malformed brackets have a meaning.

use std::sync::Arc;

use super::filter::Filter;
use super::step::Step;
use super::subscript;

/// More steps than any real path has; bounds the depth of the evaluation.
const MOST_STEPS: usize = 256;

/// What follows `$` or `@`. With `in_filter` a filter is not compiled but stands as an indefinite step: inside another
/// filter it is refused anyway, and this way nesting costs no stack.
///
/// # Errors
/// What is wrong, in the library's words where it has some.
pub(super) fn steps(text: &str, in_filter: bool) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (step, after) = match first {
            ' ' => return Err("Space not allowed in path".into()),
            '$' => return Err("'$' can only stand at the start of a path".into()),
            '[' => bracket(rest, in_filter)?,
            '.' if rest.starts_with("..") => (Step::Deep, &rest[2..]),
            '.' if rest.len() == 1 => return Err("A path can not end with a dot.".into()),
            '.' if rest[1..].starts_with(['.', '[', ' ']) => {
                rest = &rest[1..];
                continue;
            }
            '.' => dotted(&rest[1..])?,
            '*' => (Step::Every, &rest[1..]),
            _ => name(rest)?,
        };
        steps.push(step);
        rest = after;
        if steps.len() > MOST_STEPS {
            return Err(format!("A path can not have more than {MOST_STEPS} steps."));
        }
    }
    if matches!(steps.last(), Some(Step::Deep)) {
        return Err("A path can not end with a scan.".into());
    }
    Ok(steps)
}

/// `name` or `*` after a dot.
fn dotted(text: &str) -> Result<(Step, &str), String> {
    let (word, rest) = word(text);
    if word == "*" { Ok((Step::Every, rest)) } else { name(text) }
}

/// A bare name. Quotes and `]` in it act as they do in brackets.
fn name(text: &str) -> Result<(Step, &str), String> {
    let (word, rest) = word(text);
    if !word.contains(['\'', ']']) {
        return Ok((Step::Name(word.into()), rest));
    }
    Ok((Step::named(quoted_names(&format!("{word}']"))?), rest))
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[', ' ']).unwrap_or(text.len()))
}

/// A bracket, which ends where as many brackets are closed as opened, whether quoted or not.
fn bracket(text: &str, in_filter: bool) -> Result<(Step, &str), String> {
    let mut open = 0usize;
    let end = text.char_indices().find_map(|(at, c)| {
        match c {
            '[' => open += 1,
            ']' => open -= 1,
            _ => {}
        }
        (open == 0).then_some(at + 1)
    });
    let (inside, rest) = text.split_at(end.unwrap_or(text.len()));
    Ok((in_brackets(inside, in_filter)?, rest))
}

/// The first telling character decides what a bracket holds; anything before it is passed over.
fn in_brackets(text: &str, in_filter: bool) -> Result<Step, String> {
    if text == "[*]" {
        return Ok(Step::Every);
    }
    if is_placeholder(text) {
        return Err(format!("A filter must have a condition: {text}"));
    }
    for (at, c) in text.char_indices() {
        match c {
            '?' if in_filter => return Ok(Step::Every),
            '?' => return Ok(Step::Filter(Filter::parse(text, at)?)),
            '\'' => return Ok(Step::named(quoted_names(&text[at + 1..])?)),
            '0'..='9' | ':' | '-' => return subscript::numbers(&text[at..]),
            '@' => return subscript::from_end(&text[at..]),
            _ => {}
        }
    }
    Err(format!("Could not analyze path component: {text}"))
}

/// `[?]`, `[?,?]`: filters that only a program can fill in.
fn is_placeholder(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) else {
        return false;
    };
    let inside = inside.trim();
    inside.starts_with('?')
        && inside.chars().all(|c| matches!(c, '?' | ',' | '*') || c.is_whitespace())
}

/// The names up to `]`, the first quote being open. What stands between quotes is passed over.
fn quoted_names(text: &str) -> Result<Vec<Arc<str>>, String> {
    let mut names = Vec::new();
    let mut open = true;
    let mut name = String::new();
    for c in text.chars() {
        match c {
            ']' => return Ok(names),
            '\'' if open => {
                names.push(std::mem::take(&mut name).into());
                open = false;
            }
            '\'' => open = true,
            c if open => name.push(c),
            _ => {}
        }
    }
    Err(format!("A bracket is not closed: ['{text}"))
}
