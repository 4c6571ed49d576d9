//! A path on one document, with the rules of the path library that AWS uses (Jayway JsonPath 2.0.0).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::step::Step;
use super::trail::Trail;
use super::walk::{Stop, Walk};
use super::{Target, parse};
use crate::expr::{Error, Value};

/// A compiled path of the library: `$.a[0]`, `@.a`, `a.b`. It knows one document only; AWS's roots `$$` and `$name`
/// are [`Path`](super::Path)'s business.
#[derive(Clone)]
pub struct Query {
    steps: Arc<[Step]>,
    /// The first step from which on every step is definite.
    definite_from: usize,
    /// Only names and indexes, so that it can be followed without bookkeeping.
    direct: bool,
    /// Whether it may find the same thing more than once.
    repeats: bool,
}

impl Query {
    /// Compiles a path.
    ///
    /// # Errors
    /// What is wrong, in the library's words where it has some.
    pub fn parse(source: &str) -> Result<Query, String> {
        Query::compile(source, false)
    }

    /// Compiles a path that stands in a filter.
    pub(super) fn parse_in_filter(source: &str) -> Result<Query, String> {
        Query::compile(source, true)
    }

    fn compile(source: &str, in_filter: bool) -> Result<Query, String> {
        let text = source.trim_matches(|c| c <= ' ');
        if text.is_empty() {
            return Err("json can not be null or empty".into());
        }
        let Some(rest) = text.strip_prefix(['$', '@']) else {
            return Ok(Query::of(parse::steps(&format!(".{text}"), in_filter)?));
        };
        if !rest.is_empty() && !rest.starts_with(['.', '[']) {
            return Err(format!("Invalid path ${rest}"));
        }
        Ok(Query::of(parse::steps(rest, in_filter)?))
    }

    fn of(steps: Vec<Step>) -> Query {
        Query {
            definite_from: steps.iter().rposition(|s| !s.is_definite()).map_or(0, |at| at + 1),
            direct: steps.iter().all(|s| matches!(s, Step::Name(_) | Step::Index(_))),
            repeats: steps.iter().any(|s| matches!(s, Step::Deep | Step::Indexes(_))),
            steps: steps.into(),
        }
    }

    /// Whether the path finds exactly one value; otherwise it yields a list.
    pub fn is_definite(&self) -> bool {
        self.definite_from == 0
    }

    /// Whether the path has the form of a reference path: names and indexes only.
    pub fn is_reference(&self) -> bool {
        self.targets().is_some()
    }

    pub(super) fn targets(&self) -> Option<Vec<Target>> {
        self.steps.iter().map(Step::target).collect()
    }

    /// What the path finds in `document`.
    ///
    /// # Errors
    /// The library's text, as `States.Runtime`.
    pub fn read(&self, document: &Value) -> Result<Value, Error> {
        Ok(self.find(document, Some(&Trail::Root))?.into_owned())
    }

    /// What the path finds, borrowed where it can be. `trail` is where `document` itself stands, `None` if nobody
    /// wants to know why nothing is found.
    pub(super) fn find<'v>(
        &self,
        document: &'v Value,
        trail: Option<&Trail<'_>>,
    ) -> Result<Cow<'v, Value>, Stop> {
        if self.direct
            && let Some(value) = self.follow(document)
        {
            return Ok(Cow::Borrowed(value));
        }
        let mut hits = Walk::run(self, document, trail)?;
        if !self.is_definite() {
            return Ok(Cow::Owned(Value::Array(Arc::new(hits))));
        }
        hits.pop()
            .map(Cow::Owned)
            .ok_or_else(|| Stop::NotFound(format!("No results for path: ${self}")))
    }

    fn follow<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(document, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::Index(n) => value.as_array()?.get(usize::try_from(*n).ok()?),
            _ => None,
        })
    }

    /// Whether an object made by `['a','b']` has all the members asked for.
    pub(super) fn is_complete(&self, found: &Value) -> bool {
        match self.steps.last() {
            Some(Step::Names(names)) => names.iter().all(|name| found.get(name).is_some()),
            _ => true,
        }
    }

    /// Whether it may find the same thing, or parts of it, more than once.
    pub(super) fn repeats(&self) -> bool {
        self.repeats
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the path is definite from the step before `at` on, which decides what a missing member means.
    pub(super) fn is_definite_before(&self, at: usize) -> bool {
        at.saturating_sub(1) >= self.definite_from
    }
}

/// The steps as the library prints them, without `$`.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| step.fmt(f))
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}
