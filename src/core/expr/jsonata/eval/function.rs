//! Functions as values.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::super::ast::{Lambda, Symbol, Transform};
use super::super::error::Outcome;
use super::super::item::Item;
use super::super::pattern::Pattern;
use super::Evaluator;
use super::frame::Scope;

/// A function, in one of the ways it can come about.
#[derive(Debug)]
pub(crate) enum Function {
    /// Built in.
    Native(&'static Builtin),
    /// Defined in the expression.
    Lambda(Closure),
    /// A built-in function with some arguments given.
    NativePartial(NativePartial),
    /// A regular expression: applied to a string, it finds its first match.
    Regex(Arc<Pattern>),
    /// What `next` of a match is: the search for the match after it.
    NextMatch { pattern: Arc<Pattern>, text: Arc<str>, from: usize },
    /// A transformation `|…|…|`.
    Transform { transform: Arc<Transform>, scope: Scope },
    /// A function that was handed to another function as an argument.
    Bound(Rc<Function>),
}

/// A function of the expression with what it refers to.
#[derive(Debug)]
pub(crate) struct Closure {
    pub(crate) lambda: Arc<Lambda>,
    /// Parameters that are still to be given, if some have been given by partial application.
    pub(crate) unbound: Option<Vec<Symbol>>,
    pub(crate) scope: Scope,
    /// The context where it was defined.
    pub(crate) input: Item,
    /// Under which name it was last called; errors mention it.
    pub(crate) name: Cell<Option<Symbol>>,
}

/// A built-in function with some arguments given; in `scope`, by their position.
#[derive(Debug)]
pub(crate) struct NativePartial {
    pub(crate) builtin: &'static Builtin,
    pub(crate) scope: Scope,
    /// Positions that are still to be given.
    pub(crate) unbound: Vec<Symbol>,
}

/// A built-in function.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    /// Its row in the table of functions, by which its signature is found.
    pub(crate) index: usize,
    /// How many arguments it is given when another function calls it.
    pub(crate) arity: usize,
    /// How many parameters it has, for partial application.
    pub(crate) parameters: usize,
    pub(crate) run: Run,
}

/// The code of a built-in function. It checks what it is given: partial application bypasses the signature.
pub(crate) type Run = fn(&Evaluator<'_>, &mut Arguments) -> Outcome<Item>;

impl fmt::Debug for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Arguments of a built-in function; those not given are nothing.
#[derive(Debug)]
pub(crate) struct Arguments(pub(crate) Vec<Item>);

impl Arguments {
    /// Takes the argument at a position.
    pub(crate) fn take(&mut self, index: usize) -> Item {
        self.0.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    /// Looks at the argument at a position.
    pub(crate) fn get(&self, index: usize) -> &Item {
        self.0.get(index).unwrap_or(&Item::Undefined)
    }
}

impl Function {
    /// How many arguments it wants when another function calls it.
    pub(crate) fn arity(&self) -> usize {
        match self {
            Function::Native(builtin) => builtin.arity,
            Function::Lambda(closure) => closure.parameters().len(),
            Function::NativePartial(partial) => partial.unbound.len(),
            Function::Regex(_) => 2,
            Function::NextMatch { .. } => 0,
            Function::Transform { .. } => 1,
            Function::Bound(inner) => inner.arity(),
        }
    }

    /// The function as another function sees it when it is an argument.
    pub(crate) fn bound(self: &Rc<Function>) -> Rc<Function> {
        match &**self {
            Function::Bound(_) => Rc::clone(self),
            _ => Rc::new(Function::Bound(Rc::clone(self))),
        }
    }

    /// The function behind a bound one.
    pub(crate) fn unbound(&self) -> &Function {
        match self {
            Function::Bound(inner) => inner.unbound(),
            other => other,
        }
    }
}

impl Closure {
    /// Parameters that are still to be given.
    pub(crate) fn parameters(&self) -> &[Symbol] {
        self.unbound.as_deref().unwrap_or(&self.lambda.parameters)
    }
}
