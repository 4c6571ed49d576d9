//! The syntax tree as the evaluator walks it: paths are flat lists of steps, predicates hang on the step they filter,
//! names of variables are numbers, and what `%` refers to has been found.

use std::sync::Arc;

use super::super::value::{Map, Value};
use super::eval::function::Builtin;
use super::pattern::Pattern;
use super::signature::Signature;

/// The number of a variable's name in its expression.
pub(crate) type Symbol = u32;

/// Which `%` a step answers; an index into [`Program::labels`].
pub(crate) type Slot = u32;

/// A complete expression.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) source: Arc<str>,
    pub(crate) root: Node,
    /// Names of variables by symbol, without `$`.
    pub(crate) symbols: Vec<Arc<str>>,
    /// Built-in functions by symbol.
    pub(crate) builtins: Vec<Option<&'static Builtin>>,
    /// The hidden variable that holds the value of each `%`.
    pub(crate) labels: Vec<Symbol>,
    /// `function($f, $g) { function($x) { $g($f($x)) } }`, where the expression chains functions with `~>`.
    pub(crate) compose: Option<Arc<Lambda>>,
}

/// A node and what has been attached to it.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// How far the source had been read.
    pub(crate) position: usize,
    /// `[]` follows: a single result stays an array.
    pub(crate) keep_array: bool,
    /// Filters on the value of the node itself.
    pub(crate) filters: Vec<Node>,
    /// `{…}` follows.
    pub(crate) group: Option<Box<Group>>,
    /// What the node does as a step of a path.
    pub(crate) step: Step,
    /// Occurrences of `%` below that are still looking for their object; used while lowering.
    pub(crate) seeking: Vec<Slot>,
}

impl Node {
    /// The text of a node that is nothing but a string literal.
    pub(crate) fn literal_text(&self) -> Option<&Arc<str>> {
        match &self.kind {
            Kind::Literal(Value::String(text))
                if self.filters.is_empty() && self.group.is_none() =>
            {
                Some(text)
            }
            _ => None,
        }
    }
}

/// What a node does as a step of a path.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Filters and index bindings, in order.
    pub(crate) stages: Vec<Stage>,
    /// `@$name`
    pub(crate) focus: Option<Symbol>,
    /// `#$name` before any filter
    pub(crate) index: Option<Symbol>,
    /// A `%` further on refers to the context of this step.
    pub(crate) ancestor: Option<Slot>,
    /// From here on, bindings travel with each item.
    pub(crate) tuple: bool,
    /// The step is an array constructor at an end of the path; what it makes is not flattened.
    pub(crate) constructed: bool,
}

/// Something done to the results of a step.
#[derive(Debug)]
pub(crate) enum Stage {
    /// `[…]`
    Filter(Node),
    /// `#$name`
    Index(Symbol),
}

/// The kinds of nodes.
#[derive(Debug, Default)]
pub(crate) enum Kind {
    /// A constant.
    Literal(Value),
    /// A constant number, kept apart because it selects by position as a predicate.
    Number(f64),
    /// A field.
    Name(Arc<str>),
    /// `*`
    Wildcard,
    /// `**`
    Descendant,
    /// `%`
    Parent(Slot),
    /// `$`
    #[default]
    Context,
    /// `$name`
    Variable(Symbol),
    /// A path.
    Path(Box<Path>),
    /// A sort as a step of a path.
    Sort(Vec<Term>),
    /// An operator with two operands.
    Binary(Operator, Box<(Node, Node)>),
    /// Unary minus.
    Negate(Box<Node>),
    /// `[a, b]`
    Array(Vec<Element>),
    /// `{k: v}`
    Object(Box<Group>),
    /// `f(a)`
    Call(Box<Call>),
    /// `f(?, a)`
    Partial(Box<Partial>),
    /// `function($a) { … }`
    Lambda(Arc<Lambda>),
    /// `a ? b : c`
    Condition(Box<Condition>),
    /// `(a; b)`
    Block(Block),
    /// `$a := b`
    Bind(Symbol, Box<Node>),
    /// `/…/`
    Regex(Arc<Pattern>),
    /// `a ~> b`
    Apply(Box<(Node, Node)>),
    /// `| a | b, c |`
    Transform(Arc<Transform>),
}

/// Steps of a path.
#[derive(Debug, Default)]
pub(crate) struct Path {
    pub(crate) steps: Vec<Node>,
    /// Some step says `[]`.
    pub(crate) keep_singleton: bool,
}

/// An item of an array constructor.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) node: Node,
    /// The item is itself an array constructor: it stays one item.
    pub(crate) nested: bool,
}

/// The pairs of an object constructor or of a grouping.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) pairs: Vec<(Node, Node)>,
    pub(crate) position: usize,
    /// An object with all keys, if they are constant and different.
    pub(crate) template: Option<Map>,
}

impl Group {
    /// A group of pairs.
    pub(crate) fn new(pairs: Vec<(Node, Node)>, position: usize) -> Group {
        let keys = pairs.iter().map(|(key, _)| Some((key.literal_text()?.clone(), Value::Null)));
        let template: Option<Map> = keys.collect();
        let template = template.filter(|template| template.len() == pairs.len());
        Group { pairs, position, template }
    }
}

/// One key of a sort.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) descending: bool,
    pub(crate) key: Node,
}

/// A function call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) procedure: Node,
    pub(crate) arguments: Vec<Node>,
}

/// A partial application; `None` stands for `?`.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) procedure: Node,
    pub(crate) arguments: Vec<Option<Node>>,
}

/// A function definition.
#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) parameters: Vec<Symbol>,
    pub(crate) signature: Option<Signature>,
    pub(crate) body: Node,
    /// Not written by the user: a call in tail position, put off until the caller has returned.
    pub(crate) thunk: bool,
}

/// `a ? b : c`
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) test: Node,
    pub(crate) then: Node,
    pub(crate) otherwise: Option<Node>,
}

/// `(a; b)`
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) expressions: Vec<Node>,
    /// Whether the block can bind variables and so needs a scope of its own.
    pub(crate) scoped: bool,
}

/// `| pattern | update, delete |`
#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) pattern: Node,
    pub(crate) update: Node,
    pub(crate) delete: Option<Node>,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Concatenate,
    And,
    Or,
    In,
    Range,
}

impl Operator {
    /// The operator of this spelling.
    pub(crate) fn named(text: &str) -> Option<Operator> {
        OPERATORS.iter().find(|(name, _)| *name == text).map(|(_, operator)| *operator)
    }

    /// Its spelling.
    pub(crate) fn text(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }
}

const OPERATORS: &[(&str, Operator)] = &[
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
    ("=", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<", Operator::Less),
    ("<=", Operator::LessEqual),
    (">", Operator::Greater),
    (">=", Operator::GreaterEqual),
    ("&", Operator::Concatenate),
    ("and", Operator::And),
    ("or", Operator::Or),
    ("in", Operator::In),
    ("..", Operator::Range),
];
