//! Where in a document an evaluation stands, for error texts: `$['a'][0]['b']`.
//!
//! A trail lives on the stack and is printed only when something is not found.

use std::fmt;

/// The way from the root to a value, innermost step first.
pub(super) enum Trail<'t> {
    /// `$`
    Root,
    /// A member of the object that the rest leads to.
    Member(&'t Trail<'t>, &'t str),
    /// An item of the array that the rest leads to.
    Item(&'t Trail<'t>, i64),
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trail::Root => f.write_str("$"),
            Trail::Member(rest, name) => write!(f, "{rest}['{name}']"),
            Trail::Item(rest, index) => write!(f, "{rest}[{index}]"),
        }
    }
}
