//! From the written tree to the one that is walked: paths become flat, predicates go to their step, calls in tail
//! position are put off.

use std::sync::Arc;

use indexmap::IndexSet;

use super::super::super::value::Value;
use super::super::ast::{
    Block, Call, Condition, Element, Group, Kind, Lambda, Node, Operator, Partial, Program, Stage,
    Symbol, Term, Transform,
};
use super::super::error::{Fault, Outcome};
use super::super::function as builtins;
use super::super::pattern::Pattern;
use super::super::signature::Signature;
use super::ancestry::{Ancestors, inherit, underivable};
use super::shape::{
    extend, into_path, is_constructed, new, normalise_steps, on_target, put_off_tail_calls,
    single_step,
};
use super::syntax::{Form, Syntax};

/// Lowers a complete tree.
pub(super) fn lower(source: &str, tree: Syntax) -> Outcome<Program> {
    let mut lowering = Lowering::default();
    let root = lowering.node(tree)?;
    if matches!(root.kind, Kind::Parent(_)) || !root.seeking.is_empty() {
        return Err(underivable(&root.kind).at(root.position));
    }
    let compose = if lowering.chains { Some(lowering.compose()?) } else { None };
    let labels: Vec<usize> = lowering.ancestors.0.iter().map(|slot| slot.label).collect();
    let labels = labels.into_iter().map(|label| lowering.symbol(&format!("!{label}"))).collect();
    let symbols: Vec<Arc<str>> = lowering.symbols.into_iter().collect();
    let builtins = symbols.iter().map(|name| builtins::find(name)).collect();
    Ok(Program { source: source.into(), root, symbols, builtins, labels, compose })
}

#[derive(Default)]
struct Lowering {
    symbols: IndexSet<Arc<str>>,
    ancestors: Ancestors,
    /// `~>` occurs.
    chains: bool,
    /// How many bindings have been lowered so far.
    bindings: usize,
}

impl Lowering {
    fn symbol(&mut self, name: &str) -> Symbol {
        let index = match self.symbols.get_index_of(name) {
            Some(index) => index,
            None => self.symbols.insert_full(name.into()).0,
        };
        index as Symbol
    }

    fn compose(&mut self) -> Outcome<Arc<Lambda>> {
        let text = "function($f, $g) { function($x) { $g($f($x)) } }";
        let node = self.node(super::read(text)?)?;
        match node.kind {
            Kind::Lambda(lambda) => Ok(lambda),
            _ => Err(Fault::new("S0500")),
        }
    }

    fn node(&mut self, syntax: Syntax) -> Outcome<Node> {
        let Syntax { form, position, keep_array, .. } = syntax;
        let mut node = self.form(form, position, keep_array)?;
        node.keep_array |= keep_array;
        Ok(node)
    }

    // In parts, so that a level of nesting does not take the stack of all forms.
    fn form(&mut self, form: Form, position: usize, keep: bool) -> Outcome<Node> {
        match form {
            Form::Binary(operator, both) => self.binary(operator, *both, position),
            Form::Step(both) => self.step(*both, position),
            Form::Negate(operand) => self.negate(*operand, position),
            Form::Array(items) => self.array(items, position),
            Form::Block(items) => self.block(items, position),
            Form::Call(procedure, arguments) => self.call(*procedure, arguments, position),
            other => self.rarer_form(other, position, keep),
        }
    }

    fn rarer_form(&mut self, form: Form, position: usize, keep: bool) -> Outcome<Node> {
        match form {
            Form::Condition(both, otherwise) => self.condition(*both, otherwise, position),
            Form::Object(pairs) => self.object(pairs, position),
            Form::Predicate(both) => self.predicate(*both, position),
            Form::Group(left, pairs) => self.group(*left, pairs, position),
            Form::Apply(both) => self.apply(*both, position),
            Form::Bind(name, right) => self.bind(&name, *right, position),
            Form::Lambda(parameters, signature, body) => {
                self.lambda(&parameters, signature, *body, position)
            }
            other => self.rarest_form(other, position, keep),
        }
    }

    fn rarest_form(&mut self, form: Form, position: usize, keep: bool) -> Outcome<Node> {
        match form {
            Form::Order(left, terms) => self.order(*left, terms, position),
            Form::Focus(left, name) => self.focus(*left, &name, position, keep),
            Form::Index(left, name) => self.index(*left, &name),
            Form::Partial(procedure, arguments) => self.partial(*procedure, arguments, position),
            Form::Transform(both, delete) => self.transform(*both, delete, position),
            leaf => self.leaf(leaf, position, keep),
        }
    }

    fn leaf(&mut self, form: Form, position: usize, keep: bool) -> Outcome<Node> {
        let kind = match form {
            Form::Literal(value) => Kind::Literal(value),
            Form::Number(n) => Kind::Number(n),
            Form::String(text) => Kind::Literal(Value::String(text)),
            Form::Name(name) => return Ok(single_step(name, position, keep)),
            Form::Variable(name) => self.variable(&name),
            Form::Regex(source, flags) => {
                let pattern = Pattern::new(&source, &flags, position);
                Kind::Regex(Arc::new(pattern.map_err(|fault| fault.at(position))?))
            }
            Form::Wildcard => Kind::Wildcard,
            Form::Descendant => Kind::Descendant,
            Form::Parent => Kind::Parent(self.ancestors.open()),
            _ => return Err(Fault::new("S0207").at(position).token("(end)")),
        };
        Ok(new(kind, position))
    }

    fn lambda(
        &mut self,
        parameters: &[Arc<str>],
        signature: Option<Signature>,
        body: Syntax,
        position: usize,
    ) -> Outcome<Node> {
        let parameters = parameters.iter().map(|name| self.symbol(name)).collect();
        let body = put_off_tail_calls(self.node(body)?);
        let lambda = Lambda { parameters, signature, body, thunk: false };
        Ok(new(Kind::Lambda(Arc::new(lambda)), position))
    }

    fn transform(
        &mut self,
        (pattern, update): (Syntax, Syntax),
        delete: Option<Box<Syntax>>,
        position: usize,
    ) -> Outcome<Node> {
        let pattern = self.node(pattern)?;
        let update = self.node(update)?;
        let delete = delete.map(|node| self.node(*node)).transpose()?;
        let transform = Transform { pattern, update, delete };
        Ok(new(Kind::Transform(Arc::new(transform)), position))
    }

    fn variable(&mut self, name: &str) -> Kind {
        if name.is_empty() { Kind::Context } else { Kind::Variable(self.symbol(name)) }
    }

    fn step(&mut self, (left, right): (Syntax, Syntax), position: usize) -> Outcome<Node> {
        let left = self.node(left)?;
        let parent = if let Kind::Parent(slot) = left.kind { Some(slot) } else { None };
        let mut path = into_path(left);
        path.seeking.extend(parent);
        let mut rest = self.node(right)?;
        if let Kind::Path(more) = &mut rest.kind {
            let more = std::mem::take(&mut more.steps);
            extend(&mut path, more);
        } else {
            if !rest.filters.is_empty() {
                rest.step.stages = rest.filters.drain(..).map(Stage::Filter).collect();
            }
            extend(&mut path, [rest]);
        }
        if let Kind::Path(path) = &mut path.kind {
            normalise_steps(path)?;
        }
        path.position = position;
        self.ancestors.resolve(&mut path)?;
        Ok(path)
    }

    fn predicate(&mut self, (left, right): (Syntax, Syntax), position: usize) -> Outcome<Node> {
        let mut node = self.node(left)?;
        let mut predicate = self.node(right)?;
        on_target(&mut node, |is_path, target| {
            if target.group.is_some() {
                return Err(Fault::new("S0209").at(position));
            }
            self.ancestors.enter_predicate(target, &predicate)?;
            predicate.seeking.clear();
            if is_path {
                target.step.stages.push(Stage::Filter(predicate));
            } else {
                target.filters.push(predicate);
            }
            Ok(())
        })?;
        Ok(node)
    }

    fn group(
        &mut self,
        left: Syntax,
        pairs: Vec<(Syntax, Syntax)>,
        position: usize,
    ) -> Outcome<Node> {
        let mut node = self.node(left)?;
        if node.group.is_some() {
            return Err(Fault::new("S0210").at(position));
        }
        let pairs = self.pairs(pairs)?;
        node.group = Some(Box::new(Group::new(pairs, position)));
        Ok(node)
    }

    fn pairs(&mut self, pairs: Vec<(Syntax, Syntax)>) -> Outcome<Vec<(Node, Node)>> {
        pairs.into_iter().map(|(key, value)| Ok((self.node(key)?, self.node(value)?))).collect()
    }

    fn order(
        &mut self,
        left: Syntax,
        terms: Vec<(bool, Syntax)>,
        position: usize,
    ) -> Outcome<Node> {
        let mut path = into_path(self.node(left)?);
        let mut sort = new(Kind::Context, position);
        let mut keys = Vec::with_capacity(terms.len());
        for (descending, term) in terms {
            let key = self.node(term)?;
            inherit(&mut sort, &key);
            keys.push(Term { descending, key });
        }
        sort.kind = Kind::Sort(keys);
        extend(&mut path, [sort]);
        self.ancestors.resolve(&mut path)?;
        Ok(path)
    }

    fn focus(&mut self, left: Syntax, name: &str, position: usize, keep: bool) -> Outcome<Node> {
        let mut node = self.node(left)?;
        let name = self.symbol(name);
        on_target(&mut node, |_, target| {
            if !target.step.stages.is_empty() || !target.filters.is_empty() {
                return Err(Fault::new("S0215").at(position));
            }
            if matches!(target.kind, Kind::Sort(_)) {
                return Err(Fault::new("S0216").at(position));
            }
            target.keep_array |= keep;
            target.step.focus = Some(name);
            target.step.tuple = true;
            Ok(())
        })?;
        Ok(node)
    }

    fn index(&mut self, left: Syntax, name: &str) -> Outcome<Node> {
        let mut node = self.node(left)?;
        let name = self.symbol(name);
        if !matches!(node.kind, Kind::Path(_)) {
            node.step.stages.extend(node.filters.drain(..).map(Stage::Filter));
            node = into_path(node);
        }
        on_target(&mut node, |_, target| {
            if target.step.stages.is_empty() {
                target.step.index = Some(name);
            } else {
                target.step.stages.push(Stage::Index(name));
            }
            target.step.tuple = true;
        });
        Ok(node)
    }

    fn binary(
        &mut self,
        operator: &'static str,
        (left, right): (Syntax, Syntax),
        position: usize,
    ) -> Outcome<Node> {
        let Some(operator) = Operator::named(operator) else {
            return Err(Fault::new("S0206").at(position).token(operator));
        };
        let (left, right) = (self.node(left)?, self.node(right)?);
        let mut node = new(Kind::Context, position);
        inherit(&mut node, &left);
        inherit(&mut node, &right);
        node.kind = Kind::Binary(operator, Box::new((left, right)));
        Ok(node)
    }

    fn bind(&mut self, name: &str, right: Syntax, position: usize) -> Outcome<Node> {
        let symbol = self.symbol(name);
        let right = self.node(right)?;
        self.bindings += 1;
        let mut node = new(Kind::Context, position);
        inherit(&mut node, &right);
        node.kind = Kind::Bind(symbol, Box::new(right));
        Ok(node)
    }

    fn apply(&mut self, (left, right): (Syntax, Syntax), position: usize) -> Outcome<Node> {
        self.chains = true;
        let (left, right) = (self.node(left)?, self.node(right)?);
        let keep_array = left.keep_array || right.keep_array;
        let mut node = new(Kind::Apply(Box::new((left, right))), position);
        node.keep_array = keep_array;
        Ok(node)
    }

    fn negate(&mut self, operand: Syntax, position: usize) -> Outcome<Node> {
        let mut operand = self.node(operand)?;
        if let Kind::Number(n) = &mut operand.kind {
            *n = -*n;
            return Ok(operand);
        }
        let mut node = new(Kind::Context, position);
        inherit(&mut node, &operand);
        node.kind = Kind::Negate(Box::new(operand));
        Ok(node)
    }

    fn array(&mut self, items: Vec<Syntax>, position: usize) -> Outcome<Node> {
        let mut node = new(Kind::Context, position);
        let mut elements = Vec::with_capacity(items.len());
        for item in items {
            let item = self.node(item)?;
            inherit(&mut node, &item);
            let nested = matches!(item.kind, Kind::Array(_));
            elements.push(Element { node: item, nested });
        }
        node.kind = Kind::Array(elements);
        Ok(node)
    }

    fn object(&mut self, pairs: Vec<(Syntax, Syntax)>, position: usize) -> Outcome<Node> {
        let mut node = new(Kind::Context, position);
        let pairs = self.pairs(pairs)?;
        for (key, value) in &pairs {
            inherit(&mut node, key);
            inherit(&mut node, value);
        }
        node.kind = Kind::Object(Box::new(Group::new(pairs, position)));
        Ok(node)
    }

    fn block(&mut self, items: Vec<Syntax>, position: usize) -> Outcome<Node> {
        let mut node = new(Kind::Context, position);
        let mut expressions = Vec::with_capacity(items.len());
        let bindings = self.bindings;
        for item in items {
            let part = self.node(item)?;
            inherit(&mut node, &part);
            node.step.constructed |= is_constructed(&part);
            expressions.push(part);
        }
        let scoped = self.bindings > bindings;
        if !scoped && matches!(expressions.as_slice(), [Node { kind: Kind::Binary(..), .. }]) {
            // Parentheses round an operator have said all they have to say.
            return Ok(expressions.pop().unwrap_or_default());
        }
        node.kind = Kind::Block(Block { expressions, scoped });
        Ok(node)
    }

    fn call(
        &mut self,
        procedure: Syntax,
        arguments: Vec<Syntax>,
        position: usize,
    ) -> Outcome<Node> {
        let mut node = new(Kind::Context, position);
        let mut lowered = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let argument = self.node(argument)?;
            inherit(&mut node, &argument);
            lowered.push(argument);
        }
        let procedure = self.node(procedure)?;
        node.kind = Kind::Call(Box::new(Call { procedure, arguments: lowered }));
        Ok(node)
    }

    fn partial(
        &mut self,
        procedure: Syntax,
        arguments: Vec<Option<Syntax>>,
        position: usize,
    ) -> Outcome<Node> {
        let mut node = new(Kind::Context, position);
        let mut lowered = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let argument = argument.map(|argument| self.node(argument)).transpose()?;
            if let Some(argument) = &argument {
                inherit(&mut node, argument);
            }
            lowered.push(argument);
        }
        let procedure = self.node(procedure)?;
        node.kind = Kind::Partial(Box::new(Partial { procedure, arguments: lowered }));
        Ok(node)
    }

    fn condition(
        &mut self,
        (test, then): (Syntax, Syntax),
        otherwise: Option<Box<Syntax>>,
        position: usize,
    ) -> Outcome<Node> {
        let mut node = new(Kind::Context, position);
        let test = self.node(test)?;
        inherit(&mut node, &test);
        let then = self.node(then)?;
        inherit(&mut node, &then);
        let otherwise = otherwise.map(|branch| self.node(*branch)).transpose()?;
        if let Some(branch) = &otherwise {
            inherit(&mut node, branch);
        }
        node.kind = Kind::Condition(Box::new(Condition { test, then, otherwise }));
        Ok(node)
    }
}
