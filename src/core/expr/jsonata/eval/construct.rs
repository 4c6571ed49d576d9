//! Array constructors.

use std::rc::Rc;

use super::super::ast::{Element, Node};
use super::super::error::Outcome;
use super::super::item::{Item, List, Marks, append};
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::Scope;

impl Evaluator<'_> {
    /// `[a, b]`: values in order, arrays item by item unless they are written as arrays themselves.
    pub(super) fn array(
        &self,
        node: &Node,
        elements: &[Element],
        input: &Item,
        scope: &Scope,
    ) -> Outcome<Item> {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let value = self.eval(&element.node, input, scope)?;
            if element.nested {
                items.push(value);
            } else if items.is_empty() && value.is_array() {
                // The items of a sequence of its own have been accounted for.
                items = value.into_items();
            } else {
                let before = items.len();
                append(&mut items, value);
                self.meter.allocate((items.len() - before) * ITEM)?;
            }
        }
        self.nested(&items)?;
        if node.step.constructed {
            let marks = Marks { constructed: true, ..Marks::default() };
            return Ok(Item::List(Rc::new(List { items, marks })));
        }
        Ok(Item::plain_array(items))
    }
}
