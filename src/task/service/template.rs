//! Paths into answers, and templates of parameters.

use stepwright_core::expr::{Map, Value};

/// What is at a path of member names and places of lists, `Jobs.0.Status`.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, step| match step.parse::<usize>() {
        Ok(place) => value.as_array()?.get(place),
        Err(_) => value.get(step),
    })
}

/// A JSON template with `$Name` filled in from a handle; `null` where a part is missing.
pub(super) fn filled(template: &str, handle: &Value) -> Value {
    // Templates are part of the program, and a test reads them all.
    fill(&Value::parse(template).unwrap_or_default(), handle)
}

fn fill(value: &Value, handle: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(name) => handle.get(name).cloned().unwrap_or_default(),
            None => value.clone(),
        },
        Value::Array(items) => Value::array(items.iter().map(|item| fill(item, handle))),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), fill(value, handle)));
            Value::Object(members.collect::<Map>().into())
        }
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_members_and_places() {
        let value = Value::parse(r#"{"Jobs":[{"Status":"S"}]}"#).unwrap();
        assert_eq!(at(&value, "Jobs.0.Status"), Some(&"S".into()));
        for path in ["Jobs.1.Status", "Jobs.Status", "Job", "Jobs.0.Status.x"] {
            assert_eq!(at(&value, path), None, "{path}");
        }
    }

    #[test]
    fn templates_take_parts_of_the_handle() {
        let handle = Value::parse(r#"{"Id":"i"}"#).unwrap();
        let found = filled(r#"{"Ids":["$Id"],"Reason":"why","Other":"$No"}"#, &handle);
        assert_eq!(found.to_json(), r#"{"Ids":["i"],"Reason":"why","Other":null}"#);
    }
}
