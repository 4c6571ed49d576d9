//! What an expression refers to, found without evaluating it.

use std::sync::Arc;

use super::ast::{Group, Kind, Node, Program, Stage, Symbol};

/// A variable that an expression reads and does not bind itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name, without `$`.
    pub name: String,
    /// The members that directly follow, as in `$states.input.order`.
    pub members: Vec<String>,
    /// How many bytes of the expression had been read when the variable was complete.
    pub position: usize,
}

/// Variables that are read but not bound, in the order in which they are written.
pub(super) fn references(program: &Program) -> Vec<Reference> {
    let mut walk = Walk::new(program);
    walk.node(&program.root);
    walk.references
}

/// References to a context that there is not: `$` and bare names outside any path or predicate, and `$$` anywhere.
pub(super) fn unsupported(program: &Program) -> Vec<(String, usize)> {
    let mut walk = Walk::new(program);
    walk.node(&program.root);
    walk.unsupported
}

struct Walk<'p> {
    program: &'p Program,
    /// Names bound where the walk is, inner ones last.
    bound: Vec<Symbol>,
    /// Inside something that has a context of its own.
    has_context: bool,
    references: Vec<Reference>,
    unsupported: Vec<(String, usize)>,
}

impl<'p> Walk<'p> {
    fn new(program: &'p Program) -> Walk<'p> {
        Walk {
            program,
            bound: Vec::new(),
            has_context: false,
            references: Vec::new(),
            unsupported: Vec::new(),
        }
    }

    fn node(&mut self, node: &'p Node) {
        self.kind(node);
        self.in_context(|walk| node.filters.iter().for_each(|filter| walk.node(filter)));
        self.in_context(|walk| walk.group(node.group.as_deref()));
    }

    /// Walks what has a context of its own.
    fn in_context(&mut self, walk: impl FnOnce(&mut Walk<'p>)) {
        let outer = std::mem::replace(&mut self.has_context, true);
        walk(self);
        self.has_context = outer;
    }

    /// Walks what has bindings of its own.
    fn in_scope(&mut self, walk: impl FnOnce(&mut Walk<'p>)) {
        let depth = self.bound.len();
        walk(self);
        self.bound.truncate(depth);
    }

    fn kind(&mut self, node: &'p Node) {
        match &node.kind {
            Kind::Literal(_) | Kind::Number(_) | Kind::Regex(_) | Kind::Parent(_) => {}
            Kind::Name(name) => self.bare(name, node.position),
            Kind::Wildcard => self.bare("*", node.position),
            Kind::Descendant => self.bare("**", node.position),
            Kind::Context => self.bare("$", node.position),
            Kind::Variable(name) => self.variable(*name, Vec::new(), node.position),
            Kind::Path(path) => self.in_scope(|walk| walk.path(&path.steps)),
            Kind::Sort(terms) => {
                self.in_context(|walk| terms.iter().for_each(|term| walk.node(&term.key)));
            }
            Kind::Binary(_, both) | Kind::Apply(both) => {
                self.node(&both.0);
                self.node(&both.1);
            }
            Kind::Negate(operand) => self.node(operand),
            Kind::Array(elements) => elements.iter().for_each(|element| self.node(&element.node)),
            Kind::Object(group) => self.group(Some(group)),
            Kind::Call(call) => {
                self.node(&call.procedure);
                call.arguments.iter().for_each(|argument| self.node(argument));
            }
            Kind::Partial(partial) => {
                self.node(&partial.procedure);
                partial.arguments.iter().flatten().for_each(|argument| self.node(argument));
            }
            Kind::Lambda(lambda) => self.in_scope(|walk| {
                walk.bound.extend(&lambda.parameters);
                walk.node(&lambda.body);
            }),
            Kind::Condition(condition) => {
                self.node(&condition.test);
                self.node(&condition.then);
                condition.otherwise.iter().for_each(|branch| self.node(branch));
            }
            Kind::Block(block) => self.in_scope(|walk| {
                block.expressions.iter().for_each(|expression| walk.node(expression));
            }),
            Kind::Bind(name, value) => {
                // A function may call itself by the name it is about to get.
                if matches!(value.kind, Kind::Lambda(_)) {
                    self.bound.push(*name);
                    self.node(value);
                } else {
                    self.node(value);
                    self.bound.push(*name);
                }
            }
            Kind::Transform(transform) => self.in_context(|walk| {
                walk.node(&transform.pattern);
                walk.node(&transform.update);
                transform.delete.iter().for_each(|delete| walk.node(delete));
            }),
        }
    }

    fn path(&mut self, steps: &'p [Node]) {
        let outer = self.has_context;
        for (index, step) in steps.iter().enumerate() {
            match step.kind {
                Kind::Variable(name) if index == 0 => {
                    let members = steps[1..].iter().map_while(plain_name).collect();
                    self.variable(name, members, step.position);
                    self.in_context(|walk| step.filters.iter().for_each(|f| walk.node(f)));
                }
                _ => self.node(step),
            }
            self.has_context = true;
            self.bound.extend(step.step.focus);
            self.bound.extend(step.step.index);
            for stage in &step.step.stages {
                match stage {
                    Stage::Filter(filter) => self.node(filter),
                    Stage::Index(name) => self.bound.push(*name),
                }
            }
        }
        self.has_context = outer;
    }

    fn group(&mut self, group: Option<&'p Group>) {
        for (key, value) in group.iter().flat_map(|group| &group.pairs) {
            self.node(key);
            self.node(value);
        }
    }

    fn variable(&mut self, name: Symbol, members: Vec<String>, position: usize) {
        let Some(text) = self.program.symbols.get(name as usize) else { return };
        if &**text == "$" {
            self.unsupported.push(("$$".to_owned(), position));
        } else if !self.bound.contains(&name) && super::function::find(text).is_none() {
            self.references.push(Reference { name: text.to_string(), members, position });
        }
    }

    fn bare(&mut self, name: &str, position: usize) {
        if !self.has_context {
            self.unsupported.push((name.to_owned(), position));
        }
    }
}

fn plain_name(step: &Node) -> Option<String> {
    let plain = |name: &Arc<str>| step.step.focus.is_none().then(|| name.to_string());
    match &step.kind {
        Kind::Name(name) => plain(name),
        _ => None,
    }
}
