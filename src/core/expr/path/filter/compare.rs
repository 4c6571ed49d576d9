//! How the library orders two values of a filter: null before everything, text as text, a number with a number or, on
//! the right, a text as decimals, a truth value with another or, on the right, a word; nothing else.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use fancy_regex::Regex;

use super::decimal::Decimal;
use crate::expr::Value;

/// One side of a comparison, evaluated.
pub(super) enum Side<'a> {
    /// What a path found.
    Value(Cow<'a, Value>),
    /// Text of the filter itself.
    Text(&'a Literal),
    /// A regular expression.
    Pattern(&'a Regex),
}

/// Text of a filter, with its numeric reading made once.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    text: Arc<str>,
    number: Result<Decimal, String>,
}

impl Literal {
    pub(super) fn new(text: &str) -> Literal {
        Literal { text: text.into(), number: Decimal::parse(text) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// The order of two sides; `None` when they cannot be compared, which fails every operator.
///
/// # Errors
/// A number meets a text that is no number.
pub(super) fn order(left: &Side<'_>, right: &Side<'_>) -> Result<Option<Ordering>, String> {
    if same(left, right) {
        return Ok(Some(Ordering::Equal));
    }
    match (is_nullish(left), is_nullish(right)) {
        (true, true) => return Ok(Some(Ordering::Equal)),
        (true, false) => return Ok(Some(Ordering::Less)),
        (false, true) => return Ok(Some(Ordering::Greater)),
        (false, false) => {}
    }
    if let (Some(left), Some(right)) = (left.text(), right.text()) {
        // The library undoes `\'` on the right side only.
        return Ok(Some(left.cmp(&right.replace("\\'", "'"))));
    }
    if let (Some(left), Some(right)) = (left.truth(), right.truth_or_word()) {
        return Ok(Some(left.cmp(&right)));
    }
    if !left.is_number() {
        return Ok(None);
    }
    let (Some(left), Some(right)) = (left.decimal(), right.decimal()) else { return Ok(None) };
    let (left, right) = (left?, right?);
    Ok(Some(left.cmp(&right)))
}

impl Side<'_> {
    /// Whether a path found null. The word `null` of a filter is text, though equal to it.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Side::Value(value) if **value == Value::Null)
    }

    fn text(&self) -> Option<&str> {
        match self {
            Side::Value(value) => value.as_str(),
            Side::Text(literal) => Some(literal.text()),
            Side::Pattern(_) => None,
        }
    }

    fn truth(&self) -> Option<bool> {
        if let Side::Value(value) = self { value.as_bool() } else { None }
    }

    /// As Java's `Boolean.valueOf`: any text but "true" is false.
    fn truth_or_word(&self) -> Option<bool> {
        self.truth().or_else(|| Some(self.text()?.eq_ignore_ascii_case("true")))
    }

    fn is_number(&self) -> bool {
        matches!(self, Side::Value(value) if value.as_f64().is_some())
    }

    fn decimal(&self) -> Option<Result<Cow<'_, Decimal>, String>> {
        match self {
            Side::Text(literal) => {
                Some(literal.number.as_ref().map(Cow::Borrowed).map_err(String::clone))
            }
            Side::Value(value) => match &**value {
                Value::Int(i) => Some(Ok(Cow::Owned(Decimal::from(*i)))),
                Value::Float(x) => Some(Ok(Cow::Owned(Decimal::from(*x)))),
                Value::String(text) => Some(Decimal::parse(text).map(Cow::Owned)),
                _ => None,
            },
            Side::Pattern(_) => None,
        }
    }
}

/// Whether both sides are one array or object, not merely equal ones.
fn same(left: &Side<'_>, right: &Side<'_>) -> bool {
    let (Side::Value(left), Side::Value(right)) = (left, right) else { return false };
    match (&**left, &**right) {
        (Value::Array(a), Value::Array(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// Null, or the text "null".
fn is_nullish(side: &Side<'_>) -> bool {
    side.is_null() || side.text() == Some("null")
}
