//! Scopes: a few variables each, searched in order, linked to the scope around them.
//!
//! A function holds the scope it was made in, and a scope can hold that function, so scopes can keep each other alive
//! and can form chains as long as an evaluation. Promise: none outlives its evaluation, and letting go of a chain takes
//! no more stack than letting go of one.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::super::ast::Symbol;
use super::super::item::Item;

/// A scope, shared.
pub(crate) type Scope = Rc<Frame>;

/// Variables of one scope.
#[derive(Debug)]
pub(crate) struct Frame {
    variables: RefCell<Vec<(Symbol, Item)>>,
    parent: Option<Scope>,
    captured: Cell<bool>,
    graveyard: Rc<Graveyard>,
}

impl Frame {
    /// The outermost scope.
    pub(crate) fn root(graveyard: Rc<Graveyard>) -> Scope {
        Rc::new(Frame {
            variables: RefCell::default(),
            parent: None,
            captured: Cell::new(false),
            graveyard,
        })
    }

    /// A scope inside `parent` that starts with these variables.
    pub(crate) fn inside(parent: &Scope, variables: Vec<(Symbol, Item)>) -> Scope {
        Rc::new(Frame {
            variables: RefCell::new(variables),
            parent: Some(Rc::clone(parent)),
            captured: Cell::new(false),
            graveyard: Rc::clone(&parent.graveyard),
        })
    }

    /// Binds a variable in this scope.
    pub(crate) fn bind(&self, name: Symbol, value: Item) {
        let mut variables = self.variables.borrow_mut();
        let old = match variables.iter_mut().find(|(bound, _)| *bound == name) {
            Some((_, old)) => std::mem::replace(old, value),
            None => {
                variables.push((name, value));
                return;
            }
        };
        // Letting go of a value can let go of scopes; by then this one must not be borrowed.
        drop(variables);
        drop(old);
    }

    /// The value of a variable here or further out. Bound to nothing, it hides outer ones.
    pub(crate) fn find(&self, name: Symbol) -> Option<Item> {
        let mut frame = self;
        loop {
            let variables = frame.variables.borrow();
            if let Some((_, value)) = variables.iter().find(|(bound, _)| *bound == name) {
                return Some(value.clone());
            }
            drop(variables);
            frame = frame.parent.as_deref()?;
        }
    }

    /// The value of a variable bound in this scope itself.
    pub(crate) fn own(&self, name: Symbol) -> Option<Item> {
        let variables = self.variables.borrow();
        variables.iter().find(|(bound, _)| *bound == name).map(|(_, value)| value.clone())
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let variables = std::mem::take(self.variables.get_mut());
        self.graveyard.bury(variables, self.parent.take());
    }
}

/// Where scopes go, one after the other, and the list of those that could keep themselves alive.
#[derive(Debug, Default)]
pub(crate) struct Graveyard {
    waiting: RefCell<Vec<Remains>>,
    digging: Cell<bool>,
    captured: RefCell<Vec<Weak<Frame>>>,
    live: Cell<usize>,
}

type Remains = (Vec<(Symbol, Item)>, Option<Scope>);

impl Graveyard {
    fn bury(&self, variables: Vec<(Symbol, Item)>, parent: Option<Scope>) {
        if !variables.is_empty() || parent.is_some() {
            self.waiting.borrow_mut().push((variables, parent));
        }
        if self.digging.replace(true) {
            return;
        }
        loop {
            let Some(remains) = self.waiting.borrow_mut().pop() else { break };
            drop(remains);
        }
        self.digging.set(false);
    }

    /// Notes that a function holds this scope.
    pub(crate) fn capture(&self, scope: &Scope) {
        if scope.captured.replace(true) {
            return;
        }
        let mut captured = self.captured.borrow_mut();
        captured.push(Rc::downgrade(scope));
        if captured.len() > 2 * self.live.get() + 1024 {
            captured.retain(|frame| frame.strong_count() > 0);
            self.live.set(captured.len());
        }
    }

    /// How many scopes have been noted.
    pub(crate) fn captured(&self) -> usize {
        self.captured.borrow().len()
    }

    /// Empties the scopes noted since, which nobody can reach any more except through each other.
    pub(crate) fn release(&self, since: usize) {
        if self.captured.borrow().len() <= since {
            return;
        }
        let frames = {
            let mut captured = self.captured.borrow_mut();
            let since = since.min(captured.len());
            captured.split_off(since)
        };
        for frame in frames {
            if let Some(frame) = frame.upgrade() {
                let variables = std::mem::take(&mut *frame.variables.borrow_mut());
                self.bury(variables, None);
            }
        }
    }
}
