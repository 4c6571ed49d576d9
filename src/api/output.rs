//! Answers, written member by member into one string.

use stepwright_core::history::json::{push_number, push_string, push_time};
use stepwright_core::time::Timestamp;

/// A JSON object in the making.
pub(super) struct Object {
    out: String,
}

impl Object {
    pub(super) fn new() -> Object {
        Object { out: String::from("{") }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) -> &mut Object {
        push_string(self.key(name), text);
        self
    }

    /// Nothing if there is no text.
    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Object {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    pub(super) fn time(&mut self, name: &str, time: Timestamp) -> &mut Object {
        push_time(self.key(name), time);
        self
    }

    /// Nothing if there is no time.
    pub(super) fn optional_time(&mut self, name: &str, time: Option<Timestamp>) -> &mut Object {
        if let Some(time) = time {
            self.time(name, time);
        }
        self
    }

    pub(super) fn number(&mut self, name: &str, number: u64) -> &mut Object {
        push_number(self.key(name), number);
        self
    }

    /// A member whose value is JSON text.
    pub(super) fn raw(&mut self, name: &str, json: &str) -> &mut Object {
        self.key(name).push_str(json);
        self
    }

    /// A member that is an array of what `write` appends for each item.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut String, T),
    ) -> &mut Object {
        let out = self.key(name);
        out.push('[');
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write(out, item);
        }
        out.push(']');
        self
    }

    /// The finished object; the builder is empty after it.
    pub(super) fn finish(&mut self) -> String {
        self.out.push('}');
        std::mem::take(&mut self.out)
    }

    fn key(&mut self, name: &str) -> &mut String {
        if self.out.len() > 1 {
            self.out.push(',');
        }
        push_string(&mut self.out, name);
        self.out.push(':');
        &mut self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_its_members_in_order() {
        let mut object = Object::new();
        object.text("a", "x\"y").optional("b", None).time("c", Timestamp(1_500_000)).number("d", 7);
        object.raw("e", "[1]").list("f", [1, 2], push_number);
        assert_eq!(object.finish(), r#"{"a":"x\"y","c":1.500,"d":7,"e":[1],"f":[1,2]}"#);
        assert_eq!(Object::new().finish(), "{}");
    }
}
