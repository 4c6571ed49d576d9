//! Finding the object that each `%` stands for.
//!
//! Every `%` has a slot. The slot climbs from where `%` is written to the step whose context it means; that step then
//! binds its context to the slot's label, and `%` reads the label like a variable.

use super::super::ast::{Kind, Node, Slot};
use super::super::error::{Fault, Outcome};

/// A `%` on its way up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ancestor {
    /// Steps still to climb.
    level: i32,
    /// Which hidden variable it reads; slots that mean the same step share one.
    pub(super) label: usize,
}

/// All slots of an expression.
#[derive(Debug, Default)]
pub(super) struct Ancestors(pub(super) Vec<Ancestor>);

impl Ancestors {
    /// A slot for another `%`.
    pub(super) fn open(&mut self) -> Slot {
        let index = self.0.len();
        self.0.push(Ancestor { level: 1, label: index });
        index as Slot
    }

    fn level(&mut self, slot: Slot) -> Option<&mut i32> {
        self.0.get_mut(slot as usize).map(|ancestor| &mut ancestor.level)
    }

    fn is_seeking(&mut self, slot: Slot) -> bool {
        self.level(slot).is_some_and(|level| *level > 0)
    }

    fn climb(&mut self, slot: Slot, by: i32) {
        if let Some(level) = self.level(slot) {
            *level += by;
        }
    }

    /// A predicate's slots: those one level up mean the filtered step's own context.
    pub(super) fn enter_predicate(&mut self, step: &mut Node, predicate: &Node) -> Outcome<()> {
        for slot in predicate.seeking.clone() {
            if self.level(slot).is_some_and(|level| *level == 1) {
                self.seek(step, slot)?;
            } else {
                self.climb(slot, -1);
            }
        }
        inherit(step, predicate);
        Ok(())
    }

    /// Lets the slots of the last step climb through the steps before it.
    pub(super) fn resolve(&mut self, path: &mut Node) -> Outcome<()> {
        let Kind::Path(inner) = &mut path.kind else { return Ok(()) };
        let Some((last, before)) = inner.steps.split_last_mut() else { return Ok(()) };
        let mut slots = last.seeking.clone();
        if let Kind::Parent(slot) = last.kind {
            slots.push(slot);
        }
        for slot in slots {
            let mut index = before.len();
            while self.is_seeking(slot) {
                if index == 0 {
                    path.seeking.push(slot);
                    break;
                }
                index -= 1;
                // Steps that each bind their focus all have the same context; only the first of them counts.
                while index > 0
                    && before[index].step.focus.is_some()
                    && before[index - 1].step.focus.is_some()
                {
                    index -= 1;
                }
                self.seek(&mut before[index], slot)?;
            }
        }
        Ok(())
    }

    fn seek(&mut self, node: &mut Node, slot: Slot) -> Outcome<()> {
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.climb(slot, -1);
                if !self.is_seeking(slot) {
                    self.settle(node, slot);
                }
            }
            Kind::Parent(_) => self.climb(slot, 1),
            Kind::Block(block) => {
                if let Some(last) = block.expressions.last_mut() {
                    self.seek(last, slot)?;
                    node.step.tuple = true;
                }
            }
            Kind::Path(path) => {
                node.step.tuple = true;
                for (number, step) in path.steps.iter_mut().rev().enumerate() {
                    if number == 0 || self.is_seeking(slot) {
                        self.seek(step, slot)?;
                    }
                }
            }
            other => return Err(underivable(other).at(node.position)),
        }
        Ok(())
    }

    fn settle(&mut self, node: &mut Node, slot: Slot) {
        if let Some(known) = node.step.ancestor
            && let Some(label) = self.0.get(known as usize).map(|known| known.label)
            && let Some(ancestor) = self.0.get_mut(slot as usize)
        {
            ancestor.label = label;
        }
        node.step.ancestor = Some(slot);
        node.step.tuple = true;
    }
}

/// `node` takes over what `part` is still looking for.
pub(super) fn inherit(node: &mut Node, part: &Node) {
    node.seeking.extend_from_slice(&part.seeking);
    if let Kind::Parent(slot) = part.kind {
        node.seeking.push(slot);
    }
}

/// The parent of this kind of expression is not known.
pub(super) fn underivable(kind: &Kind) -> Box<Fault> {
    let token = match kind {
        Kind::Literal(super::super::super::value::Value::String(_)) => "string",
        Kind::Literal(_) => "value",
        Kind::Number(_) => "number",
        Kind::Name(_) => "name",
        Kind::Wildcard => "wildcard",
        Kind::Descendant => "descendant",
        Kind::Parent(_) => "parent",
        Kind::Context | Kind::Variable(_) => "variable",
        Kind::Path(_) => "path",
        Kind::Sort(_) => "sort",
        Kind::Binary(..) => "binary",
        Kind::Negate(_) | Kind::Array(_) | Kind::Object(_) => "unary",
        Kind::Call(_) => "function",
        Kind::Partial(_) => "partial",
        Kind::Lambda(_) => "lambda",
        Kind::Condition(_) => "condition",
        Kind::Block(_) => "block",
        Kind::Bind(..) => "bind",
        Kind::Regex(_) => "regex",
        Kind::Apply(_) => "apply",
        Kind::Transform(_) => "transform",
    };
    Fault::new("S0217").token(token)
}
