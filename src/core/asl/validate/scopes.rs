//! Scopes of variables: an inner flow sees the variables of the flows around it and must not assign them (AWS's
//! documentation of workflow variables). Children of a distributed Map are executions of their own and see none.

use std::collections::BTreeSet;

use super::{Findings, Here};

/// The scopes of a definition, gathered while it is read.
#[derive(Debug)]
pub(crate) struct Scopes {
    scopes: Vec<Scope>,
    current: usize,
    /// Whether the next flow sees nothing of those around it.
    closed: bool,
}

/// The variables that one flow assigns.
#[derive(Debug, Default)]
struct Scope {
    outer: Option<usize>,
    names: BTreeSet<String>,
    /// In the order of the text.
    places: Vec<(String, String)>,
}

impl Default for Scopes {
    /// The scope of the machine itself.
    fn default() -> Scopes {
        Scopes { scopes: vec![Scope::default()], current: 0, closed: false }
    }
}

impl Scopes {
    /// Notes that the current flow assigns a variable.
    pub(crate) fn assign(&mut self, name: &str, here: &Here<'_>) {
        if let Some(scope) = self.scopes.get_mut(self.current) {
            scope.names.insert(name.to_owned());
            scope.places.push((name.to_owned(), here.to_string()));
        }
    }

    /// The next flow to enter sees nothing of those around it.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Enters a flow; gives what [`Scopes::leave`] wants back.
    pub(crate) fn enter(&mut self) -> usize {
        let outer = (!std::mem::take(&mut self.closed)).then_some(self.current);
        self.scopes.push(Scope { outer, ..Scope::default() });
        std::mem::replace(&mut self.current, self.scopes.len() - 1)
    }

    /// Leaves a flow.
    pub(crate) fn leave(&mut self, outer: usize) {
        self.current = outer;
    }

    /// Finds variables that an inner flow assigns although one around it does.
    pub(crate) fn check(&self, findings: &mut Findings) {
        for scope in &self.scopes {
            for (name, place) in &scope.places {
                if self.is_outer(name, scope.outer) {
                    let message = format!(
                        "Variable '{name}' is already assigned in an outer scope and can not be assigned here"
                    );
                    findings.schema(place, message);
                }
            }
        }
    }

    fn is_outer(&self, name: &str, from: Option<usize>) -> bool {
        let next = |scope: &&Scope| scope.outer.and_then(|outer| self.scopes.get(outer));
        std::iter::successors(from.and_then(|outer| self.scopes.get(outer)), next)
            .any(|scope| scope.names.contains(name))
    }
}
