//! The steps that a path is made of.

use std::fmt;
use std::sync::Arc;

use super::Target;
use super::filter::Filter;

/// One step of a compiled path.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `.name` or `['name']`
    Name(Arc<str>),
    /// `['a','b']`: one object made of those members that exist. The list is empty for a few malformed brackets
    /// that the library accepts.
    Names(Vec<Arc<str>>),
    /// `*`
    Every,
    /// `..`: the next step is tried on every object and array below.
    Deep,
    /// `[n]`; a negative index is accepted and never found.
    Index(i32),
    /// `[a,b]`
    Indexes(Vec<i32>),
    /// `[(@.length-n)]`, the number kept with its sign.
    FromEnd(i32),
    /// `[a:b]`, either end open.
    Slice(Slice),
    /// `[?(…)]`
    Filter(Filter),
}

/// The forms of an array slice. They differ in what a negative number means, so they are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slice {
    /// `[a:]`; negative counts from the end.
    From(i32),
    /// `[:b]`; negative counts from the end.
    To(i32),
    /// `[a:b]`; negative numbers are plain positions that do not exist.
    Between(i32, i32),
}

impl Step {
    /// A step for names found in quotes: one is a member, several (or none) make an object.
    pub(super) fn named(names: Vec<Arc<str>>) -> Step {
        match <[Arc<str>; 1]>::try_from(names) {
            Ok([name]) => Step::Name(name),
            Err(names) => Step::Names(names),
        }
    }

    /// Whether the step finds exactly one value.
    pub(super) fn is_definite(&self) -> bool {
        match self {
            Step::Name(_) | Step::Names(_) | Step::Index(_) | Step::FromEnd(_) => true,
            Step::Every | Step::Deep | Step::Indexes(_) | Step::Slice(_) | Step::Filter(_) => false,
        }
    }

    /// The place that the step names, if it may stand in a reference path.
    pub(super) fn target(&self) -> Option<Target> {
        match self {
            Step::Name(name) => Some(Target::Member(name.clone())),
            Step::Index(n) => usize::try_from(*n).ok().map(Target::Item),
            _ => None,
        }
    }
}

/// As the library prints steps in its error texts.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Name(name) => write!(f, "['{name}']"),
            Step::Names(names) => NameList(names).fmt(f),
            Step::Every => f.write_str("[*]"),
            Step::Deep => f.write_str(".."),
            Step::Index(n) => write!(f, "[{n}]"),
            Step::Indexes(list) => {
                let list: Vec<String> = list.iter().map(i32::to_string).collect();
                write!(f, "[{}]", list.join(","))
            }
            Step::FromEnd(n) => write!(f, "[@.size(){n}]"),
            Step::Slice(Slice::From(a)) => write!(f, "[{a}:]"),
            Step::Slice(Slice::To(b)) => write!(f, "[:{b}]"),
            Step::Slice(Slice::Between(a, b)) => write!(f, "[{a}:{b}]"),
            Step::Filter(_) => f.write_str("[?]"),
        }
    }
}

/// `['a', 'b']`
pub(super) struct NameList<'a>(pub(super) &'a [Arc<str>]);

impl fmt::Display for NameList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<String> = self.0.iter().map(|name| format!("'{name}'")).collect();
        write!(f, "[{}]", quoted.join(", "))
    }
}
