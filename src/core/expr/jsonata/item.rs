//! What an expression computes with: JSON values as they are, and the few things JSONata has beyond them.
//!
//! A JSON value is shared, never converted. Arrays that carry JSONata's own marks (a result sequence, `[]`, an array
//! constructor in a path) or hold something that is not JSON are a [`List`]; objects that hold functions a [`Record`].

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::super::value::{Map, Value};
use super::ast::Symbol;
use super::eval::function::Function;

/// A value at run time.
#[derive(Clone, Debug, Default)]
pub(crate) enum Item {
    /// Nothing.
    #[default]
    Undefined,
    /// Plain JSON.
    Json(Value),
    /// An array with marks, or with items that are not JSON.
    List(Rc<List>),
    /// An object with members that are not JSON.
    Record(Rc<Record>),
    /// A function or a regular expression.
    Function(Rc<Function>),
    /// Items of a path with the variables bound along it. Never seen by functions.
    Tuples(Rc<Vec<Tuple>>),
}

/// Members of an object that may hold functions.
pub(crate) type Record = IndexMap<Arc<str>, Item>;

/// An array and its marks.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) items: Vec<Item>,
    pub(crate) marks: Marks,
}

/// What JSONata remembers about an array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The result of a query: of one item it is that item, of none it is nothing.
    pub(crate) sequence: bool,
    /// A sequence that stays an array with one item.
    pub(crate) keep: bool,
    /// Made by an array constructor within a path: not flattened into it.
    pub(crate) constructed: bool,
    /// The input document itself, wrapped because it is an array.
    pub(crate) wrapper: bool,
}

/// One item of a path and the variables bound on the way to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tuple {
    pub(crate) item: Item,
    pub(crate) bindings: Vec<(Symbol, Item)>,
}

impl Tuple {
    /// Binds a variable, replacing an earlier binding.
    pub(crate) fn bind(&mut self, name: Symbol, value: Item) {
        match self.bindings.iter_mut().find(|(bound, _)| *bound == name) {
            Some((_, old)) => *old = value,
            None => self.bindings.push((name, value)),
        }
    }
}

/// The items of either kind of array.
#[derive(Clone, Copy)]
pub(crate) enum Elements<'a> {
    Values(&'a [Value]),
    Items(&'a [Item]),
}

impl<'a> Elements<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Elements::Values(values) => values.len(),
            Elements::Items(items) => items.len(),
        }
    }

    pub(crate) fn at(self, index: usize) -> Option<Item> {
        match self {
            Elements::Values(values) => values.get(index).cloned().map(Item::Json),
            Elements::Items(items) => items.get(index).cloned(),
        }
    }

    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = Item> + ExactSizeIterator + 'a {
        (0..self.len()).map(move |index| self.at(index).unwrap_or_default())
    }
}

impl Item {
    /// `true` or `false`.
    pub(crate) fn boolean(value: bool) -> Item {
        Item::Json(Value::Bool(value))
    }

    /// A string.
    pub(crate) fn string(text: impl Into<Arc<str>>) -> Item {
        Item::Json(Value::String(text.into()))
    }

    /// A number; minus zero stays minus zero.
    pub(crate) fn number(n: f64) -> Item {
        if n == 0.0 && n.is_sign_negative() {
            return Item::Json(Value::Float(n));
        }
        Item::Json(Value::number(n))
    }

    /// An unmarked array; plain JSON where its items allow.
    pub(crate) fn plain_array(items: Vec<Item>) -> Item {
        if items.iter().all(Item::is_embeddable) {
            return Item::Json(Value::Array(Arc::new(
                items.into_iter().map(Item::into_value).collect(),
            )));
        }
        Item::List(Rc::new(List { items, marks: Marks::default() }))
    }

    /// A result sequence as it is, not yet reduced to a single value.
    pub(crate) fn sequence(items: Vec<Item>) -> Item {
        let marks = Marks { sequence: true, ..Marks::default() };
        Item::List(Rc::new(List { items, marks }))
    }

    /// A result sequence, reduced: nothing for no items, the item for one.
    pub(crate) fn reduced(mut items: Vec<Item>) -> Item {
        match items.len() {
            0 => Item::Undefined,
            1 => items.pop().unwrap_or_default(),
            _ => Item::sequence(items),
        }
    }

    /// An object; plain JSON where its members allow.
    pub(crate) fn object(members: Record) -> Item {
        if members.values().all(Item::is_embeddable) {
            let members: Map =
                members.into_iter().map(|(key, item)| (key, item.into_value())).collect();
            return Item::Json(Value::Object(Arc::new(members)));
        }
        Item::Record(Rc::new(members))
    }

    /// Whether there is nothing.
    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, Item::Undefined)
    }

    /// Whether it is an array of either kind.
    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Item::Json(Value::Array(_)) | Item::List(_) | Item::Tuples(_))
    }

    /// Whether it is marked as a result sequence.
    pub(crate) fn is_sequence(&self) -> bool {
        self.marks().sequence
    }

    /// The marks of an array; none for anything else.
    pub(crate) fn marks(&self) -> Marks {
        match self {
            Item::List(list) => list.marks,
            _ => Marks::default(),
        }
    }

    /// The items of an array.
    pub(crate) fn elements(&self) -> Option<Elements<'_>> {
        match self {
            Item::Json(Value::Array(values)) => Some(Elements::Values(values)),
            Item::List(list) => Some(Elements::Items(&list.items)),
            _ => None,
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Item::Json(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The double of a number, infinite ones included.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Item::Json(value) => value.as_f64(),
            _ => None,
        }
    }

    /// A member of an object.
    pub(crate) fn member(&self, key: &str) -> Option<Item> {
        match self {
            Item::Json(Value::Object(map)) => field(map, key).cloned().map(Item::Json),
            Item::Record(record) => record.get(key).cloned(),
            _ => None,
        }
    }

    /// Whether it is a JSON object, with or without functions in it.
    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Item::Json(Value::Object(_)) | Item::Record(_))
    }

    /// The members of an object in order.
    pub(crate) fn members(&self) -> Vec<(Arc<str>, Item)> {
        match self {
            Item::Json(Value::Object(map)) => {
                map.iter().map(|(key, value)| (key.clone(), Item::Json(value.clone()))).collect()
            }
            Item::Record(record) => {
                record.iter().map(|(key, item)| (key.clone(), item.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it can become a part of plain JSON without anyone noticing.
    fn is_embeddable(&self) -> bool {
        match self {
            Item::Json(_) => true,
            Item::List(list) => {
                let marks = list.marks;
                !marks.keep
                    && !marks.constructed
                    && (!marks.sequence || list.items.len() > 1)
                    && list.items.iter().all(Item::is_embeddable)
            }
            _ => false,
        }
    }

    /// Plain JSON, whatever it was: functions are empty text, nothing is `null` in an array and left out in an object.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Item::Json(value) => value,
            Item::List(list) => {
                let items = match Rc::try_unwrap(list) {
                    Ok(list) => list.items,
                    Err(shared) => shared.items.clone(),
                };
                Value::Array(Arc::new(items.into_iter().map(Item::into_value).collect()))
            }
            Item::Record(record) => {
                let members = record.iter().filter(|(_, item)| !item.is_undefined());
                let members =
                    members.map(|(key, item)| (key.clone(), item.clone().into_value())).collect();
                Value::Object(Arc::new(members))
            }
            Item::Function(_) => Value::string(""),
            Item::Undefined | Item::Tuples(_) => Value::Null,
        }
    }

    /// The items of an array, or the value alone; nothing for nothing.
    pub(crate) fn into_items(self) -> Vec<Item> {
        match self {
            Item::Undefined => Vec::new(),
            Item::List(list) => match Rc::try_unwrap(list) {
                Ok(list) => list.items,
                Err(shared) => shared.items.clone(),
            },
            Item::Json(Value::Array(values)) => match Arc::try_unwrap(values) {
                Ok(values) => values.into_iter().map(Item::Json).collect(),
                Err(shared) => shared.iter().cloned().map(Item::Json).collect(),
            },
            other => vec![other],
        }
    }

    /// JSON text as an error prints a value; functions and nothing have none.
    pub(crate) fn mention(&self) -> String {
        match self {
            Item::Undefined | Item::Function(_) | Item::Tuples(_) => "undefined".to_owned(),
            other => super::number::to_json(other),
        }
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Item {
        Item::Json(value)
    }
}

/// A member of a JSON object. Small objects are searched, which is faster than hashing the key.
pub(crate) fn field<'a>(map: &'a Map, key: &str) -> Option<&'a Value> {
    const SMALL: usize = 8;
    if map.len() > SMALL {
        return map.get(key);
    }
    map.iter().find(|(name, _)| &***name == key).map(|(_, value)| value)
}

/// Adds `more` to `items` the way `$append` and grouping do: arrays item by item.
pub(crate) fn append(items: &mut Vec<Item>, more: Item) {
    if more.is_array() {
        items.extend(more.into_items());
    } else if !more.is_undefined() {
        items.push(more);
    }
}
