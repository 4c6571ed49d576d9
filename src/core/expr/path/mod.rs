//! JSONPath as AWS evaluates it.
//!
//! A [`Path`] is one of AWS's three roots and a [`Query`] on the document found there. The query follows the rules of
//! Jayway JsonPath 2.0.0, which explain every behaviour recorded on AWS: there are no functions, `[-1]` finds nothing,
//! `['a','b']` makes one object, and whether a path is definite decides whether nothing found is an error or `[]`.
//!
//! ```text
//! parse, subscript, filter/   text -> steps
//! walk, trail                 steps and a document -> values, or a text saying what is missing where
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use super::{Error, Scope, Value};

mod filter;
mod java_text;
mod parse;
mod query;
mod step;
mod subscript;
mod trail;
mod walk;

pub use self::java_text::java_text;
pub use self::query::Query;
use self::trail::Trail;

/// A compiled path: `$…` on the input, `$$…` on the context object, `$name…` on a variable.
#[derive(Clone, Debug)]
pub struct Path {
    source: Arc<str>,
    root: OwnedRoot,
    query: Query,
}

/// What a path starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    /// `$`: the data that the field is applied to.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(&'a str),
}

/// One place on the way of a reference path.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A member of an object.
    Member(Arc<str>),
    /// An item of an array.
    Item(usize),
}

#[derive(Clone, Debug)]
enum OwnedRoot {
    Input,
    Context,
    Variable(Arc<str>),
}

impl Path {
    /// Compiles a path.
    ///
    /// # Errors
    /// What is wrong with it, for the validator.
    pub fn parse(source: &str) -> Result<Path, String> {
        let (root, query) = split_root(source)?;
        Ok(Path { source: source.into(), root, query: Query::parse(&query)? })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The path as written, from the document that it is applied to: without the mark of the context object.
    pub fn within(&self) -> &str {
        match self.root {
            OwnedRoot::Context => self.source.get(1..).unwrap_or_default(),
            OwnedRoot::Input | OwnedRoot::Variable(_) => &self.source,
        }
    }

    /// What the path starts from.
    pub fn root(&self) -> Root<'_> {
        match &self.root {
            OwnedRoot::Input => Root::Input,
            OwnedRoot::Context => Root::Context,
            OwnedRoot::Variable(name) => Root::Variable(name),
        }
    }

    /// Whether the path finds exactly one value; otherwise it yields a list, which may be empty.
    pub fn is_definite(&self) -> bool {
        self.query.is_definite()
    }

    /// Whether the path has the form of a reference path: names and array indexes only, whatever its root.
    pub fn is_reference(&self) -> bool {
        self.query.is_reference()
    }

    /// The places that a reference path names one after the other; `None` for any other path.
    pub(super) fn targets(&self) -> Option<Vec<Target>> {
        self.query.targets()
    }

    /// What the path finds. The error text is the path library's (`No results for path: $['x']`), without the wrapping
    /// that the field it stands in gives it. A variable that does not exist is worded as a missing member of an object
    /// of all variables.
    ///
    /// # Errors
    /// Nothing found, or an index or filter that does not fit the data.
    pub fn read(&self, scope: &Scope<'_>) -> Result<Value, Error> {
        let found = match &self.root {
            OwnedRoot::Input => self.query.find(scope.input, Some(&Trail::Root)),
            OwnedRoot::Context => self.query.find(scope.context.get(), Some(&Trail::Root)),
            OwnedRoot::Variable(name) => {
                let trail = Trail::Member(&Trail::Root, name);
                let Some(variable) = scope.variables.get(name) else {
                    return Err(Error::runtime(format!("No results for path: {trail}")));
                };
                self.query.find(variable, Some(&trail))
            }
        };
        Ok(found.map(Cow::into_owned)?)
    }

    /// JSON of what the path is applied to, for error texts that quote it.
    pub(crate) fn searched(&self, scope: &Scope<'_>) -> String {
        match &self.root {
            OwnedRoot::Input => scope.input.to_json(),
            OwnedRoot::Context => scope.context.get().to_json(),
            OwnedRoot::Variable(_) => Value::Object(Arc::new(scope.variables.clone())).to_json(),
        }
    }
}

/// The root that the path names, and the rest as a path of the library.
fn split_root(source: &str) -> Result<(OwnedRoot, Cow<'_, str>), String> {
    let rest = source.strip_prefix('$').ok_or("A path must start with '$'")?;
    if rest.starts_with('$') {
        return Ok((OwnedRoot::Context, Cow::Borrowed(rest)));
    }
    let (name, rest) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
    if name.is_empty() {
        return Ok((OwnedRoot::Input, Cow::Borrowed(source)));
    }
    if !is_variable_name(name) {
        return Err(format!("Invalid path {source}"));
    }
    Ok((OwnedRoot::Variable(name.into()), Cow::Owned(format!("${rest}"))))
}

/// At most 80 letters, digits and underscores, a digit not first (AWS documentation of `Assign`).
fn is_variable_name(name: &str) -> bool {
    const LONGEST: usize = 80;
    !name.starts_with(|c: char| c.is_numeric())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= LONGEST
}

#[cfg(test)]
mod tests;
