//! `$match`, `$contains`, `$replace` and `$split`, with strings, regular expressions and matcher functions.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::super::value::Value;
use super::super::error::{Fault, Outcome};
use super::super::eval::Evaluator;
use super::super::eval::bounds::ITEM;
use super::super::eval::function::{Arguments, Function};
use super::super::item::{Item, Record};
use super::super::pattern::{Found, Pattern};
use super::string::made;

/// One match, whoever found it.
struct Match {
    text: String,
    /// In bytes.
    start: usize,
    end: usize,
    groups: Vec<Item>,
    next: Next,
}

/// How to find the match after it.
enum Next {
    Pattern(Arc<Pattern>),
    Function(Item),
}

impl Evaluator<'_> {
    /// What a regular expression gives when it is called: its first match from a byte on, as an object.
    pub(crate) fn first_match(
        &self,
        pattern: &Arc<Pattern>,
        text: &Arc<str>,
        from: usize,
    ) -> Outcome<Item> {
        if from > 0 && from >= text.len() {
            return Ok(Item::Undefined);
        }
        let Some(found) = self.search(pattern, text, from)? else { return Ok(Item::Undefined) };
        let groups = groups(text, &found);
        let start = units(text, found.range.start);
        let matched = &text[found.range.clone()];
        let end = start + matched.encode_utf16().count();
        let next = Function::NextMatch {
            pattern: Arc::clone(pattern),
            text: Arc::clone(text),
            from: found.range.end,
        };
        let members: Record = IndexMap::from_iter([
            ("match".into(), Item::string(matched)),
            ("start".into(), self.number(start as f64)),
            ("end".into(), self.number(end as f64)),
            ("groups".into(), Item::plain_array(groups)),
            ("next".into(), Item::Function(std::rc::Rc::new(next))),
        ]);
        Ok(Item::object(members))
    }

    fn search(&self, pattern: &Pattern, text: &str, from: usize) -> Outcome<Option<Found>> {
        let found = pattern.find(text, from)?;
        self.meter.spend(pattern.cost(text, from, found.as_ref()))?;
        Ok(found)
    }

    fn match_first(&self, matcher: &Item, text: &str) -> Outcome<Option<Match>> {
        match regex_of(matcher) {
            Some(pattern) => self.match_from(pattern, text, 0),
            None => {
                let result = self.invoke(matcher, vec![Item::string(text)])?;
                custom_match(&result, text)
            }
        }
    }

    fn match_next(&self, found: &Match, text: &str) -> Outcome<Option<Match>> {
        match &found.next {
            Next::Pattern(_) if found.end >= text.len() => Ok(None),
            Next::Pattern(pattern) => self.match_from(pattern, text, found.end),
            Next::Function(next) => {
                let result = self.invoke(next, vec![Item::Undefined])?;
                custom_match(&result, text)
            }
        }
    }

    fn match_from(
        &self,
        pattern: &Arc<Pattern>,
        text: &str,
        from: usize,
    ) -> Outcome<Option<Match>> {
        Ok(self.search(pattern, text, from)?.map(|found| Match {
            text: text[found.range.clone()].to_owned(),
            start: found.range.start,
            end: found.range.end,
            groups: groups(text, &found),
            next: Next::Pattern(Arc::clone(pattern)),
        }))
    }

    /// Every match up to `limit`, one after the other.
    fn each_match(
        &self,
        matcher: &Item,
        text: &str,
        limit: Option<f64>,
        mut act: impl FnMut(&Match) -> Outcome<()>,
    ) -> Outcome<bool> {
        let Some(mut found) = self.match_first(matcher, text)? else { return Ok(false) };
        let mut count = 0.0;
        while limit.is_none_or(|limit| count < limit) {
            act(&found)?;
            count += 1.0;
            match self.match_next(&found, text)? {
                Some(next) => found = next,
                None => break,
            }
        }
        Ok(true)
    }
}

/// `$match(text, matcher, limit)`
pub(super) fn find_all(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let limit = arguments.get(2).as_f64();
    if limit.is_some_and(|limit| limit < 0.0) {
        return Err(Fault::new("D3040"));
    }
    let mut results = Vec::new();
    let mut place = Place::default();
    if limit.is_none_or(|limit| limit > 0.0) {
        evaluator.each_match(arguments.get(1), text, limit, |found| {
            evaluator.meter.allocate(found.text.len() + (3 + found.groups.len()) * ITEM)?;
            let members: Record = IndexMap::from_iter([
                ("match".into(), Item::string(found.text.as_str())),
                ("index".into(), Item::number(place.units(text, found.start) as f64)),
                ("groups".into(), Item::plain_array(found.groups.clone())),
            ]);
            results.push(Item::object(members));
            Ok(())
        })?;
    }
    Ok(Item::sequence(results))
}

/// `$contains(text, string or matcher)`
pub(super) fn contains(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let (Some(text), token) = (arguments.get(0).as_str(), arguments.get(1)) else {
        return Ok(Item::Undefined);
    };
    match token {
        Item::Undefined => Ok(Item::Undefined),
        Item::Json(Value::String(part)) => {
            evaluator.meter.spend(text.len() as u64 / 64)?;
            Ok(Item::boolean(text.contains(&**part)))
        }
        matcher => Ok(Item::boolean(evaluator.match_first(matcher, text)?.is_some())),
    }
}

/// `$split(text, string or matcher, limit)`
pub(super) fn split(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let limit = arguments.get(2).as_f64();
    if limit.is_some_and(|limit| limit < 0.0) {
        return Err(Fault::new("D3020"));
    }
    let mut parts: Vec<Item> = Vec::new();
    let push = |parts: &mut Vec<Item>, part: &str| {
        parts.push(Item::string(part));
        evaluator.meter.allocate(part.len() + ITEM)
    };
    if limit.is_some_and(|limit| limit <= 0.0) {
        return Ok(Item::plain_array(parts));
    }
    match arguments.get(1) {
        Item::Undefined => return Ok(Item::Undefined),
        Item::Json(Value::String(separator)) => {
            let most = limit.map_or(usize::MAX, |limit| limit as usize);
            if separator.is_empty() {
                let mut buffer = [0; 4];
                for c in text.chars().take(most) {
                    push(&mut parts, c.encode_utf8(&mut buffer))?;
                }
            } else {
                for part in text.split(&**separator).take(most) {
                    push(&mut parts, part)?;
                }
            }
        }
        matcher => {
            let mut start = 0;
            evaluator.each_match(matcher, text, limit, |found| {
                push(&mut parts, slice(text, start, found.start))?;
                start = found.end;
                Ok(())
            })?;
            if limit.is_none_or(|limit| (parts.len() as f64) < limit) {
                push(&mut parts, slice(text, start, text.len()))?;
            }
        }
    }
    Ok(Item::plain_array(parts))
}

/// `$replace(text, string or matcher, string or function, limit)`
pub(super) fn replace(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let (pattern, replacement) = (arguments.get(1), arguments.get(2));
    if pattern.as_str() == Some("") {
        return Err(Fault::new("D3010"));
    }
    let limit = arguments.get(3).as_f64();
    if limit.is_some_and(|limit| limit < 0.0) {
        return Err(Fault::new("D3011"));
    }
    if limit.is_some_and(|limit| limit <= 0.0) {
        return Ok(arguments.get(0).clone());
    }
    match pattern {
        Item::Undefined => Ok(Item::Undefined),
        Item::Json(Value::String(part)) => replace_text(evaluator, text, part, replacement, limit),
        matcher => replace_matches(evaluator, text, matcher, replacement, limit),
    }
}

fn replace_text(
    evaluator: &Evaluator<'_>,
    text: &str,
    part: &str,
    replacement: &Item,
    limit: Option<f64>,
) -> Outcome<Item> {
    let with = match replacement {
        Item::Json(Value::String(with)) => &**with,
        Item::Undefined => "undefined",
        _ if text.contains(part) => return Err(Fault::new("D3012")),
        _ => "",
    };
    let mut out = String::new();
    let (mut position, mut count) = (0, 0.0);
    for (start, _) in text.match_indices(part) {
        if limit.is_some_and(|limit| count >= limit) {
            break;
        }
        out.push_str(slice(text, position, start));
        out.push_str(with);
        position = start + part.len();
        count += 1.0;
        evaluator.meter.spend(1)?;
        evaluator.meter.foresee(out.len())?;
    }
    out.push_str(slice(text, position, text.len()));
    made(evaluator, out)
}

fn replace_matches(
    evaluator: &Evaluator<'_>,
    text: &str,
    matcher: &Item,
    replacement: &Item,
    limit: Option<f64>,
) -> Outcome<Item> {
    let mut out = String::new();
    let mut position = 0;
    evaluator.each_match(matcher, text, limit, |found| {
        out.push_str(slice(text, position, found.start));
        match replacement {
            Item::Json(Value::String(template)) => substitute(template, found, &mut out),
            function => {
                let with = evaluator.invoke(function, vec![as_object(text, found)])?;
                out.push_str(with.as_str().ok_or_else(|| Fault::new("D3012"))?);
            }
        }
        position = found.start + found.text.len();
        evaluator.meter.foresee(out.len())
    })?;
    out.push_str(slice(text, position, text.len()));
    made(evaluator, out)
}

/// `$0`, `$1` … and `$$` in a replacement.
fn substitute(template: &str, found: &Match, out: &mut String) {
    let mut rest = template;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('0') {
            out.push_str(&found.text);
            rest = after;
        } else {
            rest = substitute_group(rest, found, out);
        }
    }
    out.push_str(rest);
}

/// A group number takes as many digits as the number of groups has, one less if it would be too large.
fn substitute_group<'t>(rest: &'t str, found: &Match, out: &mut String) -> &'t str {
    let count = found.groups.len();
    let most = count.max(1).to_string().len();
    let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let mut number: Option<usize> = rest[..digits].parse().ok();
    if most > 1 && number.is_some_and(|number| number > count) {
        number = rest[..digits.min(most - 1)].parse().ok();
    }
    let Some(number) = number else {
        out.push('$');
        return rest;
    };
    if let Some(group) = number.checked_sub(1).and_then(|index| found.groups.get(index)) {
        out.push_str(group.as_str().unwrap_or(""));
    }
    &rest[number.to_string().len().min(digits)..]
}

fn regex_of(matcher: &Item) -> Option<&Arc<Pattern>> {
    match matcher {
        Item::Function(function) => match function.unbound() {
            Function::Regex(pattern) => Some(pattern),
            _ => None,
        },
        _ => None,
    }
}

/// What a matcher function has returned, read as a match.
fn custom_match(result: &Item, text: &str) -> Outcome<Option<Match>> {
    if !result.is_object() {
        let nothing =
            matches!(result, Item::Undefined | Item::Json(Value::Null | Value::Bool(false)))
                || result.as_str() == Some("")
                || result.as_f64() == Some(0.0);
        return if nothing { Ok(None) } else { Err(Fault::new("T1010")) };
    }
    let member = |name| result.member(name).unwrap_or_default();
    let (start, end) = (member("start").as_f64(), member("end").as_f64());
    let (groups, next) = (member("groups"), member("next"));
    let is_function = matches!(next, Item::Function(_));
    if start.is_none() && end.is_none() && !groups.is_array() && !is_function {
        return Err(Fault::new("T1010"));
    }
    Ok(Some(Match {
        text: member("match").as_str().unwrap_or("").to_owned(),
        start: bytes(text, start.unwrap_or(0.0)),
        end: bytes(text, end.unwrap_or(0.0)),
        groups: groups.into_items(),
        next: Next::Function(next),
    }))
}

fn as_object(text: &str, found: &Match) -> Item {
    let start = units(text, found.start);
    let members: Record = IndexMap::from_iter([
        ("match".into(), Item::string(found.text.as_str())),
        ("start".into(), Item::number(start as f64)),
        ("end".into(), Item::number((start + found.text.encode_utf16().count()) as f64)),
        ("groups".into(), Item::plain_array(found.groups.clone())),
    ]);
    Item::object(members)
}

fn groups(text: &str, found: &Found) -> Vec<Item> {
    let group = |range: &Option<std::ops::Range<usize>>| match range {
        Some(range) => Item::string(slice(text, range.start, range.end)),
        None => Item::Undefined,
    };
    found.groups.iter().map(group).collect()
}

/// A part of a text; empty where the bounds make no sense.
fn slice(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or("")
}

/// UTF-16 units before a byte.
fn units(text: &str, byte: usize) -> usize {
    slice(text, 0, byte).encode_utf16().count()
}

/// The byte at a number of UTF-16 units.
fn bytes(text: &str, units: f64) -> usize {
    let mut left = units;
    for (index, c) in text.char_indices() {
        if left <= 0.0 {
            return index;
        }
        left -= c.len_utf16() as f64;
    }
    text.len()
}

/// Remembers how far positions have been counted, so that many matches are counted once.
#[derive(Default)]
struct Place {
    byte: usize,
    units: usize,
}

impl Place {
    fn units(&mut self, text: &str, byte: usize) -> usize {
        if byte < self.byte {
            *self = Place::default();
        }
        self.units += slice(text, self.byte, byte).encode_utf16().count();
        self.byte = byte;
        self.units
    }
}
