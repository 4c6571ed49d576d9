//! The evaluator: walks the tree over shared values.
//!
//! ```text
//! path       steps over sequences              tuple     steps that carry bound variables
//! filter     predicates                        group     {…} after a path and object constructors
//! sort       ^(…)                              operator  operators with two operands
//! call       calls, partial application, ~>    transform |…|…|
//! descend    * and **                          frame     scopes
//! bounds     what has been built: size, depth
//! ```

pub(crate) mod bounds;
pub(crate) mod call;
mod construct;
mod descend;
mod filter;
pub(crate) mod frame;
pub(crate) mod function;
mod group;
mod operator;
pub(crate) mod path;
pub(crate) mod sort;
mod transform;
mod tuple;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::entropy::Entropy;
use super::super::value::Value;
use super::ast::{Kind, Node, Program, Symbol};
use super::error::{Fault, Outcome};
use super::function as builtins;
use super::item::{Item, List, Marks};
use super::limit::{Limits, Meter};
use bounds::Extents;
use frame::{Frame, Graveyard, Scope};
use function::{Builtin, Closure, Function};

pub(crate) use operator::{compare_text, equal};
pub(crate) use path::lookup as field_of;

/// Where variables that the expression does not bind come from.
pub(crate) type Bindings<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// One evaluation.
pub(crate) struct Evaluator<'a> {
    pub(crate) program: &'a Program,
    bindings: Bindings<'a>,
    /// Values of free variables by symbol, looked up once.
    globals: RefCell<Vec<Option<Item>>>,
    root: Item,
    pub(crate) entropy: &'a RefCell<Entropy>,
    /// Microseconds since 1970.
    pub(crate) now: i64,
    pub(crate) meter: Meter,
    extents: Extents,
    graveyard: Rc<Graveyard>,
    /// A number that JSON cannot hold has come up.
    odd_number: Cell<bool>,
}

/// What an evaluation is given beside the expression and its input.
pub(crate) struct Setting<'a> {
    pub(crate) bindings: Bindings<'a>,
    pub(crate) entropy: &'a RefCell<Entropy>,
    pub(crate) now: i64,
    pub(crate) limits: Limits,
}

impl<'a> Evaluator<'a> {
    /// Evaluates the program.
    pub(crate) fn run(
        program: &'a Program,
        input: Option<&Value>,
        setting: &Setting<'a>,
    ) -> Outcome<(Item, bool)> {
        let root = input.map_or(Item::Undefined, |value| Item::Json(value.clone()));
        let evaluator = Evaluator {
            program,
            bindings: setting.bindings,
            globals: RefCell::new(vec![None; program.symbols.len()]),
            root: root.clone(),
            entropy: setting.entropy,
            now: setting.now,
            meter: Meter::new(setting.limits),
            extents: Extents::default(),
            graveyard: Rc::default(),
            odd_number: Cell::new(false),
        };
        let scope = Frame::root(Rc::clone(&evaluator.graveyard));
        let result = evaluator.eval(&program.root, &wrap(root), &scope);
        evaluator.graveyard.release(0);
        let result = result?;
        evaluator.finished(&result)?;
        Ok((result, evaluator.odd_number.get()))
    }

    /// The value of a node for an input.
    pub(crate) fn eval(&self, node: &Node, input: &Item, scope: &Scope) -> Outcome<Item> {
        self.meter.enter()?;
        let mut result = self.kind(node, input, scope)?;
        if !node.filters.is_empty() {
            for filter in &node.filters {
                result = self.filter(filter, result, scope)?;
            }
        }
        if let Some(group) = &node.group
            && !matches!(node.kind, Kind::Path(_))
        {
            result = self.group(group, &result, scope)?;
        }
        self.meter.leave();
        Ok(reduce(result, node.keep_array))
    }

    fn kind(&self, node: &Node, input: &Item, scope: &Scope) -> Outcome<Item> {
        match &node.kind {
            Kind::Literal(value) => Ok(Item::Json(value.clone())),
            Kind::Number(n) => Ok(Item::number(*n)),
            Kind::Context => Ok(unwrap(input)),
            Kind::Variable(name) => Ok(self.variable(*name, scope)),
            Kind::Name(name) => path::lookup(input, name, &self.meter),
            Kind::Path(path) => self.path(node, path, input, scope),
            Kind::Binary(operator, both) => self.binary(node, *operator, both, input, scope),
            Kind::Call(call) => self.call(node, call, input, scope, None),
            Kind::Object(pairs) => self.object(pairs, input, scope),
            Kind::Array(items) => self.array(node, items, input, scope),
            Kind::Block(block) => self.block(block, input, scope),
            Kind::Condition(condition) => {
                let test = self.eval(&condition.test, input, scope)?;
                match (self.truth(&test)?, &condition.otherwise) {
                    (true, _) => self.eval(&condition.then, input, scope),
                    (false, Some(otherwise)) => self.eval(otherwise, input, scope),
                    (false, None) => Ok(Item::Undefined),
                }
            }
            Kind::Bind(name, value) => {
                let value = self.eval(value, input, scope)?;
                scope.bind(*name, value.clone());
                Ok(value)
            }
            Kind::Lambda(lambda) => {
                self.graveyard.capture(scope);
                Ok(Item::Function(Rc::new(Function::Lambda(Closure {
                    lambda: lambda.clone(),
                    unbound: None,
                    scope: Rc::clone(scope),
                    input: input.clone(),
                    name: Cell::new(None),
                }))))
            }
            Kind::Negate(operand) => self.negate(node, operand, input, scope),
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendant => self.descendants(input),
            Kind::Parent(slot) => Ok(self.parent(*slot, scope)),
            Kind::Sort(_) => Err(Fault::new("S0206").at(node.position).token("sort")),
            Kind::Partial(partial) => self.partial(partial, input, scope),
            Kind::Regex(pattern) => Ok(Item::Function(Rc::new(Function::Regex(pattern.clone())))),
            Kind::Apply(both) => self.apply_to(node, both, input, scope),
            Kind::Transform(transform) => {
                self.graveyard.capture(scope);
                let (transform, scope) = (transform.clone(), Rc::clone(scope));
                Ok(Item::Function(Rc::new(Function::Transform { transform, scope })))
            }
        }
    }

    fn parent(&self, slot: u32, scope: &Scope) -> Item {
        let label = self.program.labels.get(slot as usize);
        label.and_then(|label| scope.find(*label)).unwrap_or_default()
    }

    /// The value of a variable, bound in the expression or outside it.
    pub(crate) fn variable(&self, name: Symbol, scope: &Scope) -> Item {
        if let Some(value) = scope.find(name) {
            return value;
        }
        let known = self.globals.borrow().get(name as usize).cloned().flatten();
        if let Some(value) = known {
            return value;
        }
        let builtin = self.program.builtins.get(name as usize).copied().flatten();
        let value = self.symbol(name).map(|text| self.global(text, builtin)).unwrap_or_default();
        if let Some(place) = self.globals.borrow_mut().get_mut(name as usize) {
            *place = Some(value.clone());
        }
        value
    }

    /// A free variable: the document, one from outside, or a built-in function.
    fn global(&self, name: &str, builtin: Option<&'static Builtin>) -> Item {
        if name == "$" {
            return self.root.clone();
        }
        if let Some(value) = (self.bindings)(name) {
            return Item::Json(value);
        }
        match builtin {
            Some(builtin) => Item::Function(Rc::new(Function::Native(builtin))),
            None => Item::Undefined,
        }
    }

    /// The value of a variable by its text.
    pub(crate) fn variable_named(&self, name: &str, scope: &Scope) -> Item {
        let symbol = self.program.symbols.iter().position(|symbol| &**symbol == name);
        match symbol {
            Some(symbol) => self.variable(symbol as Symbol, scope),
            None => self.global(name, builtins::find(name)),
        }
    }

    /// The text of a symbol.
    pub(crate) fn symbol(&self, name: Symbol) -> Option<&str> {
        self.program.symbols.get(name as usize).map(|text| &**text)
    }

    /// A number as a value; notes numbers that JSON cannot hold.
    pub(crate) fn number(&self, n: f64) -> Item {
        if !n.is_finite() || (n == 0.0 && n.is_sign_negative()) {
            self.odd_number.set(true);
        }
        Item::number(n)
    }

    fn block(&self, block: &super::ast::Block, input: &Item, scope: &Scope) -> Outcome<Item> {
        let Some((last, before)) = block.expressions.split_last() else {
            return Ok(Item::Undefined);
        };
        if !block.scoped {
            return self.in_turn(before, last, input, scope);
        }
        let start = self.start();
        let result = self.in_turn(before, last, input, &Frame::inside(scope, Vec::new()))?;
        self.settle_scope(start, &result);
        Ok(result)
    }

    fn in_turn(&self, before: &[Node], last: &Node, input: &Item, scope: &Scope) -> Outcome<Item> {
        for expression in before {
            self.eval(expression, input, scope)?;
        }
        self.eval(last, input, scope)
    }
}

/// A sequence of one item is the item, of none is nothing, unless it is to stay an array.
pub(crate) fn reduce(item: Item, keep: bool) -> Item {
    let Item::List(mut list) = item else { return item };
    if !list.marks.sequence {
        return Item::List(list);
    }
    if keep && !list.marks.keep {
        Rc::make_mut(&mut list).marks.keep = true;
    }
    match list.items.as_slice() {
        [] => Item::Undefined,
        [only] if !list.marks.keep => only.clone(),
        _ => Item::List(list),
    }
}

/// The document as the context of the whole expression: an array counts as one value.
fn wrap(root: Item) -> Item {
    if !root.is_array() {
        return root;
    }
    let marks = Marks { sequence: true, wrapper: true, ..Marks::default() };
    Item::List(Rc::new(List { items: vec![root], marks }))
}

/// The context as `$` shows it.
fn unwrap(input: &Item) -> Item {
    match input {
        Item::List(list) if list.marks.wrapper => list.items.first().cloned().unwrap_or_default(),
        other => other.clone(),
    }
}
