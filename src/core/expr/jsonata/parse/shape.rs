//! The shapes that lowering puts together: paths, the steps that things attach to, calls that are put off.

use std::sync::Arc;

use super::super::super::value::Value;
use super::super::ast::{Kind, Lambda, Node, Path};
use super::super::error::{Fault, Outcome};

/// A node with nothing attached.
pub(super) fn new(kind: Kind, position: usize) -> Node {
    Node { kind, position, ..Node::default() }
}

/// A path of one name.
pub(super) fn single_step(name: Arc<str>, position: usize, keep_singleton: bool) -> Node {
    let mut step = new(Kind::Name(name), position);
    step.keep_array = keep_singleton;
    let path = Path { steps: vec![step], keep_singleton };
    new(Kind::Path(Box::new(path)), position)
}

/// The node as a path.
pub(super) fn into_path(node: Node) -> Node {
    if matches!(node.kind, Kind::Path(_)) {
        return node;
    }
    let position = node.position;
    let path = Path { steps: vec![node], keep_singleton: false };
    new(Kind::Path(Box::new(path)), position)
}

/// Adds steps at the end of a node that is a path.
pub(super) fn extend(node: &mut Node, more: impl IntoIterator<Item = Node>) {
    if let Kind::Path(path) = &mut node.kind {
        path.steps.extend(more);
    }
}

/// What follows a node attaches to the last step of a path (then the flag is set), or to the node itself.
pub(super) fn on_target<R>(node: &mut Node, act: impl FnOnce(bool, &mut Node) -> R) -> R {
    if let Kind::Path(path) = &mut node.kind
        && let Some(last) = path.steps.last_mut()
    {
        return act(true, last);
    }
    act(false, node)
}

/// Whether the expression begins with an array constructor that keeps its nesting.
pub(super) fn is_constructed(node: &Node) -> bool {
    let first = match &node.kind {
        Kind::Path(path) => path.steps.first(),
        _ => None,
    };
    node.step.constructed || first.is_some_and(|step| step.step.constructed)
}

/// Calls in tail position are wrapped, so that the caller's evaluation ends before they begin.
pub(super) fn put_off_tail_calls(mut node: Node) -> Node {
    match &mut node.kind {
        Kind::Call(_) if node.filters.is_empty() => {
            let position = node.position;
            let lambda =
                Lambda { parameters: Vec::new(), signature: None, body: node, thunk: true };
            return new(Kind::Lambda(Arc::new(lambda)), position);
        }
        Kind::Condition(condition) => {
            let then = std::mem::take(&mut condition.then);
            condition.then = put_off_tail_calls(then);
            condition.otherwise = condition.otherwise.take().map(put_off_tail_calls);
        }
        Kind::Block(block) => {
            if let Some(last) = block.expressions.pop() {
                block.expressions.push(put_off_tail_calls(last));
            }
        }
        _ => {}
    }
    node
}

/// Text steps are names; literals cannot be steps; arrays at the ends keep their nesting.
pub(super) fn normalise_steps(path: &mut Path) -> Outcome<()> {
    for step in &mut path.steps {
        let value = match &step.kind {
            Kind::Number(n) => Value::number(*n),
            Kind::Literal(Value::String(name)) => {
                step.kind = Kind::Name(name.clone());
                continue;
            }
            Kind::Literal(value) => value.clone(),
            _ => continue,
        };
        return Err(Fault::new("S0213").at(step.position).with("value", value.to_json()));
    }
    path.keep_singleton |= path.steps.iter().any(|step| step.keep_array);
    let last = path.steps.len().saturating_sub(1);
    for index in [0, last] {
        if let Some(step) = path.steps.get_mut(index)
            && matches!(step.kind, Kind::Array(_))
        {
            step.step.constructed = true;
        }
    }
    Ok(())
}
