//! Reference paths: the restricted paths that can be written to.

use std::fmt;
use std::sync::Arc;

use super::path::{Path, Root, Target};
use super::{Error, ErrorKind, Map, Scope, Value};

/// A compiled reference path into the input: `$`, `.name`, `['name']`, `[n]` only.
#[derive(Clone)]
pub struct ReferencePath {
    path: Path,
    targets: Arc<[Target]>,
}

impl ReferencePath {
    /// Compiles a reference path.
    ///
    /// # Errors
    /// What is wrong with it, for the validator.
    pub fn parse(source: &str) -> Result<ReferencePath, String> {
        let path = Path::parse(source)?;
        match path.root() {
            Root::Input => {}
            Root::Context => return Err("A reference path can not start with '$$'".into()),
            Root::Variable(_) => return Err("A reference path can not be a variable".into()),
        }
        let targets = path.targets().ok_or("A reference path must name exactly one place")?;
        Ok(ReferencePath { targets: targets.into(), path })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        self.path.source()
    }

    /// What stands where the path points.
    ///
    /// # Errors
    /// As [`Path::read`].
    pub fn read(&self, scope: &Scope<'_>) -> Result<Value, Error> {
        self.path.read(scope)
    }

    /// `document` with `value` put where the path points. Missing objects are created; arrays are not, and do not grow.
    ///
    /// # Errors
    /// `States.ResultPathMatchFailure` when the path runs through something that is no object or array, or an index
    /// is out of range.
    pub fn write(&self, document: &Value, value: Value) -> Result<Value, Error> {
        put(document, &self.targets, value).ok_or_else(|| {
            let text = format!(
                "Unable to apply ReferencePath {} to input {}",
                self.source(),
                document.to_json()
            );
            Error::new(ErrorKind::ResultPathMatch, text)
        })
    }
}

impl fmt::Debug for ReferencePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source())
    }
}

/// Copies the objects and arrays on the way, shares everything else. `None` if there is no way.
fn put(document: &Value, targets: &[Target], value: Value) -> Option<Value> {
    let Some((target, rest)) = targets.split_first() else { return Some(value) };
    match (target, document) {
        (Target::Member(name), Value::Object(members)) => {
            let member = match members.get(name) {
                Some(member) => put(member, rest, value)?,
                None => create(rest, value)?,
            };
            let mut members = Map::clone(members);
            members.insert(name.clone(), member);
            Some(Value::Object(Arc::new(members)))
        }
        (Target::Item(at), Value::Array(items)) => {
            let item = put(items.get(*at)?, rest, value)?;
            let mut items = Vec::clone(items);
            *items.get_mut(*at)? = item;
            Some(Value::Array(Arc::new(items)))
        }
        _ => None,
    }
}

/// The objects that are missing, with the value innermost.
fn create(targets: &[Target], value: Value) -> Option<Value> {
    targets.iter().rev().try_fold(value, |value, target| match target {
        Target::Member(name) => Some(Value::object([(name.clone(), value)])),
        Target::Item(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::expr::path::Query;

    fn json(text: &str) -> Value {
        Value::parse(text).unwrap()
    }

    #[test]
    fn only_names_and_indexes_of_the_input_are_accepted() {
        for good in ["$", "$.a", "$.a.b-c", "$['a b'].c", "$[0]", "$.a[12].b"] {
            assert_eq!(ReferencePath::parse(good).unwrap().source(), good);
        }
        let refused = [
            "",
            "a",
            "$$",
            "$$.a",
            "$name",
            "$.a[*]",
            "$.*",
            "$..a",
            "$.a[0,1]",
            "$.a[1:]",
            "$.a[-1]",
            "$['a','b']",
            "$[?(@.a)]",
            "$[(@.length-1)]",
            "$.a.",
            "$.a[",
            "$.a[x]",
        ];
        for bad in refused {
            assert!(ReferencePath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn writing_replaces_or_creates_and_keeps_everything_else() {
        let table = [
            ("$", r#"{"a":1}"#, "9", "the whole document"),
            ("$.a", r#"{"a":1,"b":2}"#, r#"{"a":9,"b":2}"#, "in its place"),
            ("$.c", r#"{"a":1}"#, r#"{"a":1,"c":9}"#, "a new member is the last"),
            ("$.c.d.e", "{}", r#"{"c":{"d":{"e":9}}}"#, "objects on the way are created"),
            ("$['x y']", "{}", r#"{"x y":9}"#, "quoted"),
            ("$[1]", "[1,2,3]", "[1,9,3]", "an item is replaced"),
            ("$[1].p", r#"[1,{"q":2}]"#, r#"[1,{"q":2,"p":9}]"#, "a member of an item"),
            ("$.a[0].b", r#"{"a":[{}]}"#, r#"{"a":[{"b":9}]}"#, "through an array"),
        ];
        for (path, before, after, reason) in table {
            let path = ReferencePath::parse(path).unwrap();
            let written = path.write(&json(before), json("9")).unwrap();
            assert_eq!(written.to_json(), after, "{reason}");
        }
    }

    #[test]
    fn a_path_without_a_way_is_a_result_path_match_failure() {
        let table = [
            ("$.a.b", r#"{"a":1}"#),
            ("$.a.b", r#"{"a":null}"#),
            ("$.a.b", r#"{"a":[]}"#),
            ("$.a", "null"),
            ("$.a", "[1]"),
            ("$[0]", "{}"),
            ("$[3]", "[1,2,3]"),
            ("$.a[0]", "{}"),
        ];
        for (path, document) in table {
            let error = ReferencePath::parse(path)
                .unwrap()
                .write(&json(document), Value::Null)
                .unwrap_err();
            assert_eq!(error.kind, ErrorKind::ResultPathMatch, "{path} {document}");
            let text = format!("Unable to apply ReferencePath {path} to input {document}");
            assert_eq!(error.detail, text);
        }
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::array),
                prop::collection::vec(("[a-c]", inner), 0..3).prop_map(Value::object),
            ]
        })
    }

    fn reference() -> impl Strategy<Value = String> {
        let step = prop_oneof!["\\.[a-c]", "\\['[a-c]'\\]", "\\[[0-2]\\]"];
        prop::collection::vec(step, 0..4).prop_map(|steps| format!("${}", steps.concat()))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_writing_it_again_changes_nothing(
            before in document(), path in reference(), value in document(),
        ) {
            let reference = ReferencePath::parse(&path).unwrap();
            if let Ok(after) = reference.write(&before, value.clone()) {
                prop_assert_eq!(Query::parse(&path).unwrap().read(&after).unwrap(), value.clone());
                prop_assert_eq!(reference.write(&after, value).unwrap(), after);
            }
        }

        #[test]
        fn what_can_be_read_can_be_written(before in document(), path in reference()) {
            if let Ok(value) = Query::parse(&path).unwrap().read(&before) {
                let written = ReferencePath::parse(&path).unwrap().write(&before, value);
                prop_assert_eq!(written.unwrap(), before);
            }
        }

        #[test]
        fn writing_one_member_leaves_its_siblings_alone(before in document(), value in document()) {
            let written = ReferencePath::parse("$.a").unwrap().write(&before, value);
            if let (Ok(after), Some(members)) = (written, before.as_object()) {
                for (key, member) in members.iter().filter(|(key, _)| &***key != "a") {
                    prop_assert_eq!(after.get(key), Some(member));
                }
            }
        }
    }
}
