//! Whether a request has the shape that the API model demands, and the words in which AWS says that it has not.
//!
//! Two steps, as at AWS: values of the wrong JSON type are a `SerializationException` at the first of them; then all
//! violated constraints are collected into one `ValidationException`. What passes needs no further check of type,
//! length, range or enum. The data is in [`table`].

mod check;
mod pattern;
mod table;
#[cfg(test)]
mod tests;

pub(super) use check::check;

use pattern::Pattern;

/// The input shape of an operation; `None` if there is no such operation.
pub(super) fn of(operation: &str) -> Option<&'static Shape> {
    let at = table::INPUTS.binary_search_by_key(&operation, |(name, _)| name).ok()?;
    table::INPUTS.get(at).map(|(_, shape)| *shape)
}

/// Greatest length of an input or output in the API model: the one length that depends on the limits in force.
pub(super) const PAYLOAD: usize = 262_144;

/// A shape of the API model.
pub(super) enum Shape {
    /// A string.
    Text {
        /// Least and greatest length in characters.
        length: (usize, usize),
        /// Whether the value may not be repeated in an error.
        secret: bool,
        /// What it must match.
        pattern: Option<&'static Pattern>,
        /// The values it may have; any if empty.
        one_of: &'static [&'static str],
    },
    /// A number without fraction.
    Whole {
        /// Its type in AWS's words.
        kind: Kind,
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// Any number.
    Float {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// `true` or `false`
    Flag,
    /// A list.
    List {
        /// Shape of its items.
        of: &'static Shape,
        /// Least and greatest number of items.
        length: (usize, usize),
    },
    /// An object.
    Structure(&'static [Member]),
}

/// A member of a structure.
pub(super) struct Member {
    name: &'static str,
    shape: &'static Shape,
    required: bool,
}

/// Width of a whole number.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
}

const fn text(min: usize, max: usize) -> Shape {
    Shape::Text { length: (min, max), secret: false, pattern: None, one_of: &[] }
}

const fn secret(min: usize, max: usize) -> Shape {
    Shape::Text { length: (min, max), secret: true, pattern: None, one_of: &[] }
}

const fn matching(min: usize, max: usize, pattern: &'static Pattern) -> Shape {
    Shape::Text { length: (min, max), secret: false, pattern: Some(pattern), one_of: &[] }
}

const fn one_of(values: &'static [&'static str]) -> Shape {
    Shape::Text { length: (0, usize::MAX), secret: false, pattern: None, one_of: values }
}

const fn whole(kind: Kind, min: i64, max: i64) -> Shape {
    Shape::Whole { kind, min, max }
}

const fn list(of: &'static Shape, min: usize, max: usize) -> Shape {
    Shape::List { of, length: (min, max) }
}

const fn structure(members: &'static [Member]) -> Shape {
    Shape::Structure(members)
}

const fn member(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, shape, required: false }
}

const fn required(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, shape, required: true }
}
