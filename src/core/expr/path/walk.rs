//! The evaluation of a path, step by step, depth first.
//!
//! What is missing is handled as the library does it: a missing last member is always an error, one on the way only
//! when the path is definite from the step before it on. `*` over an array passes over items below which something is
//! missing, `*` over an object does not.

use std::sync::Arc;

use super::java_text::JavaText;
use super::query::Query;
use super::step::{NameList, Slice, Step};
use super::trail::Trail;
use crate::expr::value::MOST_TEXT;
use crate::expr::{Error, ErrorKind, Map, Value};

/// Steps taken before an evaluation is given up: several `..` multiply. A payload within AWS's size limit needs far
/// fewer for any path with a result that fits the limit.
const MOST_STEPS_TAKEN: u32 = 4_000_000;

/// Values found after which an evaluation is given up: their text alone would be larger than any payload.
const MOST_HITS: usize = 1 << 20;

/// What an object that a path makes takes at least, and each of its members: more than their text where that is short.
const OBJECT_BYTES: usize = 128;
const MEMBER_BYTES: usize = 64;

/// Why an evaluation ends without a value.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is not there; a filter takes this for "no", `*` over an array for "skip".
    NotFound(String),
    /// The path does not fit the data.
    Invalid(String),
    /// Too many steps taken.
    TooMuch,
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Error {
        match stop {
            Stop::NotFound(text) | Stop::Invalid(text) => Error::runtime(text),
            Stop::TooMuch => Error::new(
                ErrorKind::DataLimit,
                "The path visits more values than an evaluation may visit.",
            ),
        }
    }
}

/// One evaluation under way.
pub(super) struct Walk<'q, 'v> {
    query: &'q Query,
    root: &'v Value,
    hits: Vec<Value>,
    left: u32,
    text_left: usize,
    /// Somebody above drops what is not found, so its text need not be made.
    silent: bool,
}

impl<'q, 'v> Walk<'q, 'v> {
    /// Every value found, in the library's order. Without a trail the texts of what is not found are left empty.
    pub(super) fn run(
        query: &'q Query,
        root: &'v Value,
        trail: Option<&Trail<'_>>,
    ) -> Result<Vec<Value>, Stop> {
        let silent = trail.is_none();
        let (hits, left, text_left) = (Vec::new(), MOST_STEPS_TAKEN, MOST_TEXT);
        let mut walk = Walk { query, root, hits, left, text_left, silent };
        walk.take(0, trail.unwrap_or(&Trail::Root), root)?;
        Ok(walk.hits)
    }

    /// Takes step `at` and all that follow from `here`.
    fn take(&mut self, at: usize, trail: &Trail<'_>, here: &Value) -> Result<(), Stop> {
        self.spend()?;
        let Some(step) = self.query.steps().get(at) else {
            return self.hit(here.clone());
        };
        match step {
            Step::Name(name) => self.member(at, trail, here, name),
            Step::Names(names) => self.members(at, trail, here, names),
            Step::Every => self.every(at, trail, here),
            Step::Deep => self.deep(at + 1, trail, here),
            Step::Filter(_) => self.filtered(at, trail, here),
            Step::Index(n) => self.items(at, trail, here, &[*n]),
            Step::Indexes(list) => self.items(at, trail, here, list),
            Step::FromEnd(n) => {
                let items = self.array(at, trail, here)?;
                self.item(at, trail, items, items.len() as i64 + i64::from(*n))
            }
            Step::Slice(slice) => {
                let items = self.array(at, trail, here)?;
                range(*slice, items.len() as i64).try_for_each(|n| self.item(at, trail, items, n))
            }
        }
    }

    fn hit(&mut self, found: Value) -> Result<(), Stop> {
        if self.hits.len() == MOST_HITS || self.query.repeats() && !found.fits(&mut self.text_left)
        {
            return Err(Stop::TooMuch);
        }
        self.hits.push(found);
        Ok(())
    }

    fn member(
        &mut self,
        at: usize,
        trail: &Trail<'_>,
        here: &Value,
        name: &str,
    ) -> Result<(), Stop> {
        let Value::Object(members) = here else {
            return Err(self.missing(|| format!("Property ['{name}'] not found in path {trail}")));
        };
        let place = Trail::Member(trail, name);
        match members.get(name) {
            Some(member) => self.take(at + 1, &place, member),
            None if self.is_last(at) => {
                Err(self.missing(|| format!("No results for path: {place}")))
            }
            None if self.query.is_definite_before(at) => {
                Err(self.missing(|| format!("Missing property in path {place}")))
            }
            None => Ok(()),
        }
    }

    fn members(
        &mut self,
        at: usize,
        trail: &Trail<'_>,
        here: &Value,
        names: &[Arc<str>],
    ) -> Result<(), Stop> {
        let list = NameList(names);
        let Value::Object(members) = here else {
            return Err(self.missing(|| format!("Property {list} not found in path {trail}")));
        };
        if !self.is_last(at) {
            return Err(Stop::Invalid(format!(
                "Multi properties can only be used as path leafs: {trail}{list}"
            )));
        }
        if self.query.repeats() {
            let made = OBJECT_BYTES + names.len() * MEMBER_BYTES;
            self.text_left = self.text_left.checked_sub(made).ok_or(Stop::TooMuch)?;
        }
        let found =
            names.iter().filter_map(|name| Some((name.clone(), members.get(name)?.clone())));
        self.hit(Value::object(found))
    }

    fn every(&mut self, at: usize, trail: &Trail<'_>, here: &Value) -> Result<(), Stop> {
        match here {
            Value::Object(members) => members.iter().try_for_each(|(key, member)| {
                self.take(at + 1, &Trail::Member(trail, key), member)
            }),
            Value::Array(items) => {
                let silent = std::mem::replace(&mut self.silent, true);
                for (n, item) in items.iter().enumerate() {
                    match self.take(at + 1, &Trail::Item(trail, n as i64), item) {
                        Ok(()) | Err(Stop::NotFound(_)) => {}
                        Err(stop) => return Err(stop),
                    }
                }
                self.silent = silent;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Tries step `at` on `here` and on every object and array below it. On an array that fits, the library applies the
    /// step itself only when it is the last one; otherwise it goes on with the next step for every item.
    fn deep(&mut self, at: usize, trail: &Trail<'_>, here: &Value) -> Result<(), Stop> {
        self.spend()?;
        match here {
            Value::Object(members) => {
                if self.fits_object(at, here, members)? {
                    self.take(at, trail, here)?;
                }
                members
                    .iter()
                    .try_for_each(|(key, member)| self.deep(at, &Trail::Member(trail, key), member))
            }
            Value::Array(items) => {
                if self.fits_array(at, here)? {
                    self.deep_array(at, trail, here, items)?;
                }
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(n, item)| self.deep(at, &Trail::Item(trail, n as i64), item))
            }
            _ => Ok(()),
        }
    }

    fn deep_array(
        &mut self,
        at: usize,
        trail: &Trail<'_>,
        here: &Value,
        items: &[Value],
    ) -> Result<(), Stop> {
        if self.is_last(at) {
            return self.take(at, trail, here);
        }
        items
            .iter()
            .enumerate()
            .try_for_each(|(n, item)| self.take(at + 1, &Trail::Item(trail, n as i64), item))
    }

    fn fits_object(&self, at: usize, here: &Value, members: &Map) -> Result<bool, Stop> {
        match self.query.steps().get(at) {
            Some(Step::Name(name)) => Ok(members.contains_key(name)),
            Some(Step::Names(names)) => Ok(names.iter().all(|name| members.contains_key(name))),
            Some(Step::Every) => Ok(true),
            Some(Step::Filter(filter)) => filter.accepts(here, self.root),
            _ => Ok(false),
        }
    }

    fn fits_array(&self, at: usize, here: &Value) -> Result<bool, Stop> {
        match self.query.steps().get(at) {
            Some(Step::Name(_) | Step::Names(_) | Step::Deep) | None => Ok(false),
            Some(Step::Filter(filter)) => filter.accepts(here, self.root),
            Some(_) => Ok(true),
        }
    }

    /// A filter on an object tests the object itself, on an array its items.
    fn filtered(&mut self, at: usize, trail: &Trail<'_>, here: &Value) -> Result<(), Stop> {
        let Some(Step::Filter(filter)) = self.query.steps().get(at) else { return Ok(()) };
        match here {
            Value::Object(_) => {
                if filter.accepts(here, self.root)? {
                    self.take(at + 1, trail, here)?;
                }
                Ok(())
            }
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.spend()?;
                    if filter.accepts(item, self.root)? {
                        self.take(at + 1, &Trail::Item(trail, n as i64), item)?;
                    }
                }
                Ok(())
            }
            _ => Err(Stop::Invalid(format!(
                "Filter: {} can not be applied to primitives. Current context is: {}",
                self.text_from(at),
                JavaText(here)
            ))),
        }
    }

    fn items(
        &mut self,
        at: usize,
        trail: &Trail<'_>,
        here: &Value,
        list: &[i32],
    ) -> Result<(), Stop> {
        let items = self.array(at, trail, here)?;
        list.iter().try_for_each(|n| self.item(at, trail, items, i64::from(*n)))
    }

    fn item(&mut self, at: usize, trail: &Trail<'_>, items: &[Value], n: i64) -> Result<(), Stop> {
        let place = Trail::Item(trail, n);
        match usize::try_from(n).ok().and_then(|n| items.get(n)) {
            Some(item) => self.take(at + 1, &place, item),
            None => {
                Err(self.missing(|| format!("Index out of bounds when evaluating path {place}")))
            }
        }
    }

    fn array<'h>(
        &self,
        at: usize,
        trail: &Trail<'_>,
        here: &'h Value,
    ) -> Result<&'h [Value], Stop> {
        match here {
            Value::Array(items) => Ok(items),
            Value::Null => Err(self.missing(|| format!("The path {trail} is null"))),
            _ => Err(Stop::Invalid(format!(
                "Filter: {} can only be applied to arrays. Current context is: {}",
                self.text_from(at),
                JavaText(here)
            ))),
        }
    }

    fn missing(&self, text: impl FnOnce() -> String) -> Stop {
        Stop::NotFound(if self.silent { String::new() } else { text() })
    }

    fn is_last(&self, at: usize) -> bool {
        at + 1 == self.query.steps().len()
    }

    fn text_from(&self, at: usize) -> String {
        self.query.steps().iter().skip(at).map(Step::to_string).collect()
    }

    fn spend(&mut self) -> Result<(), Stop> {
        self.left = self.left.checked_sub(1).ok_or(Stop::TooMuch)?;
        Ok(())
    }
}

/// The positions that a slice of an array of this length names.
fn range(slice: Slice, length: i64) -> std::ops::Range<i64> {
    let from_either_end = |n: i32| if n < 0 { length + i64::from(n) } else { i64::from(n) };
    match slice {
        Slice::From(a) => from_either_end(a).max(0)..length,
        Slice::To(b) => 0..from_either_end(b).min(length),
        Slice::Between(..) if length == 0 => 0..0,
        Slice::Between(a, b) => i64::from(a)..i64::from(b).min(length),
    }
}
