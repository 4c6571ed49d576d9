//! One comparison or existence test of a filter.

use std::cmp::Ordering;

use fancy_regex::{Regex, RegexBuilder};

use super::compare::{Literal, Side, order};
use crate::expr::Value;
use crate::expr::path::java_text::java_text;
use crate::expr::path::query::Query;
use crate::expr::path::walk::Stop;

/// A regular expression that needs more steps than this on one value is given up.
const MOST_BACKTRACKS: usize = 100_000;

/// A test on one item.
#[derive(Clone, Debug)]
pub(super) enum Criterion {
    /// `@.a` (there and not null) or `!@.a`; the library looks in the item even when the path starts with `$`.
    Exists { path: Query, wanted: bool },
    /// `@.a == 1`
    Compare { left: Operand, operator: Operator, right: Operand },
}

/// What a comparison asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operator {
    /// Whether the two sides are equal, or are not.
    Equality(fn(Ordering) -> bool),
    /// Whether the two sides are ordered in this way; never true when just one of them is null.
    Order(fn(Ordering) -> bool),
    /// Whether a regular expression matches the whole text.
    Matches,
}

/// The text is searched for these in this order, so `=<` is `<` with a left side that ends in `=`.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equality(Ordering::is_eq)),
    (">=", Operator::Order(Ordering::is_ge)),
    ("<=", Operator::Order(Ordering::is_le)),
    ("!=", Operator::Equality(Ordering::is_ne)),
    ("<", Operator::Order(Ordering::is_lt)),
    (">", Operator::Order(Ordering::is_gt)),
    ("=~", Operator::Matches),
];

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// `@.a` or `$.a`
    Path(FilterPath),
    /// Any other text: number, word or quoted string; the library keeps them all as text.
    Text(Literal),
    /// `/expression/` or `/expression/i`
    Pattern(Box<Regex>),
}

/// A definite path on the item (`@`) or on the whole document (`$`).
#[derive(Clone, Debug)]
pub(super) struct FilterPath {
    query: Query,
    on_root: bool,
}

impl Criterion {
    /// Compiles one part of a condition.
    ///
    /// # Errors
    /// What is wrong, in the library's words where it has some.
    pub(super) fn parse(text: &str) -> Result<Criterion, String> {
        let split = OPERATORS.iter().find_map(|(sign, operator)| {
            let (left, right) = text.split_once(sign)?;
            Some((left.trim(), *operator, right.trim()))
        });
        let Some((left, operator, right)) = split else {
            return exists(text);
        };
        // In a comparison the library drops a negation on the left.
        let left = Operand::parse(if left.starts_with("!@") { &left[1..] } else { left })?;
        if right.starts_with("!@") {
            return Err(
                "Invalid negation! Can only be used for existence check e.g [?(!@.foo)]".into()
            );
        }
        Ok(Criterion::Compare { left, operator, right: Operand::parse(right)? })
    }

    /// Whether the test holds. A path that finds nothing makes it fail, whatever the operator.
    pub(super) fn holds(&self, item: &Value, root: &Value) -> Result<bool, Stop> {
        let held = match self {
            Criterion::Exists { path, wanted } => {
                let found = match path.find(item, None) {
                    Ok(value) => *value != Value::Null && path.is_complete(&value),
                    Err(Stop::NotFound(_)) => false,
                    Err(stop) => return Err(stop),
                };
                return Ok(found == *wanted);
            }
            Criterion::Compare { left, operator, right } => left
                .side(item, root)
                .and_then(|left| Ok((left, right.side(item, root)?)))
                .and_then(|(left, right)| operator.test(&left, &right)),
        };
        match held {
            Err(Stop::NotFound(_)) => Ok(false),
            held => held,
        }
    }
}

fn exists(text: &str) -> Result<Criterion, String> {
    let (path, wanted) = match text.strip_prefix('!') {
        Some(path) if path.starts_with('@') => (path, false),
        _ => (text, true),
    };
    if path.is_empty() {
        return Err("A condition of a filter is empty".into());
    }
    if !path.starts_with(['$', '@']) {
        return Err("CriteriaType  can not be parsed".into());
    }
    Ok(Criterion::Exists { path: definite(path)?, wanted })
}

impl Operator {
    fn test(self, left: &Side<'_>, right: &Side<'_>) -> Result<bool, Stop> {
        match (self, left, right) {
            (Operator::Order(_), _, _) if left.is_null() != right.is_null() => Ok(false),
            (Operator::Order(wanted) | Operator::Equality(wanted), _, _) => {
                Ok(order(left, right).map_err(Stop::Invalid)?.is_some_and(wanted))
            }
            (Operator::Matches, Side::Pattern(pattern), target)
            | (Operator::Matches, target, Side::Pattern(pattern)) => matches(pattern, target),
            (Operator::Matches, _, _) => Err(Stop::Invalid(
                "Neither side of =~ is a regular expression of the form /…/ or /…/i".into(),
            )),
        }
    }
}

fn matches(pattern: &Regex, target: &Side<'_>) -> Result<bool, Stop> {
    let text = match target {
        Side::Text(literal) => literal.text().into(),
        Side::Pattern(_) => return Ok(false),
        Side::Value(_) if target.is_null() => return Ok(false),
        Side::Value(value) => java_text(value),
    };
    pattern.is_match(&text).map_err(|error| Stop::Invalid(format!("Regular expression: {error}")))
}

impl Operand {
    fn parse(text: &str) -> Result<Operand, String> {
        if text.starts_with(['$', '@']) {
            return Ok(Operand::Path(FilterPath::parse(text)?));
        }
        if text == "'" || text == "/" {
            return Err(format!("{text} is not closed"));
        }
        if let Some(quoted) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
            return Ok(Operand::Text(Literal::new(quoted)));
        }
        if let Some(pattern) = text.strip_prefix('/') {
            for (end, any_case) in [("/", false), ("/i", true)] {
                if let Some(pattern) = pattern.strip_suffix(end) {
                    return Ok(Operand::Pattern(Box::new(compile(pattern, any_case)?)));
                }
            }
        }
        Ok(Operand::Text(Literal::new(text)))
    }

    fn side<'a>(&'a self, item: &'a Value, root: &'a Value) -> Result<Side<'a>, Stop> {
        Ok(match self {
            Operand::Path(path) => Side::Value(path.find(item, root)?),
            Operand::Text(literal) => Side::Text(literal),
            Operand::Pattern(pattern) => Side::Pattern(pattern),
        })
    }
}

/// A regular expression that must match the whole text.
fn compile(pattern: &str, any_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(&format!("\\A(?:{pattern})\\z"))
        .case_insensitive(any_case)
        .backtrack_limit(MOST_BACKTRACKS)
        .build()
        .map_err(|error| error.to_string())
}

impl FilterPath {
    fn parse(text: &str) -> Result<FilterPath, String> {
        Ok(FilterPath { query: definite(text)?, on_root: text.starts_with('$') })
    }

    fn find<'a>(
        &self,
        item: &'a Value,
        root: &'a Value,
    ) -> Result<std::borrow::Cow<'a, Value>, Stop> {
        self.query.find(if self.on_root { root } else { item }, None)
    }
}

fn definite(text: &str) -> Result<Query, String> {
    let query = Query::parse_in_filter(text)?;
    if query.is_definite() {
        return Ok(query);
    }
    Err(format!("the predicate path: {text} is not definite"))
}
