//! Results as the optimized integrations show them: as version 1 of the AWS SDK for Java had them, times are milliseconds
//! since 1970.

use stepwright_core::expr::{Map, Value};

use super::models::{Models, Service, Shape, ShapeId};
use super::{moment, name};

/// The result of an operation in the old form.
pub(super) fn form(service: &str, action: &str, result: Value) -> Value {
    let Some(service) = Models::shared().service(service) else { return result };
    match service.operation(action).and_then(|operation| operation.output) {
        Some(output) => old(&service, output, &result),
        None => result,
    }
}

fn old(service: &Service, shape: ShapeId, value: &Value) -> Value {
    match (service.shape(shape), value) {
        (Shape::Structure { members, .. }, Value::Object(given)) => {
            let found = given.iter().map(|(key, value)| {
                let member = members.iter().find(|member| name::means(key, &member.name));
                let value = member.map_or_else(|| value.clone(), |m| old(service, m.shape, value));
                (key.clone(), value)
            });
            Value::Object(found.collect::<Map>().into())
        }
        (Shape::List { member, .. }, Value::Array(items)) => {
            Value::array(items.iter().map(|item| old(service, *member, item)))
        }
        (Shape::Map { value: of, .. }, Value::Object(entries)) => {
            let entries =
                entries.iter().map(|(key, value)| (key.clone(), old(service, *of, value)));
            Value::Object(entries.collect::<Map>().into())
        }
        (Shape::Timestamp(_), value) => {
            let time = moment::read(value).and_then(|time| time.to_millis().ok());
            time.map_or_else(|| value.clone(), Value::Int)
        }
        (_, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_milliseconds_wherever_the_model_has_them() {
        let result = r#"{"Tasks":[{"CreatedAt":"2026-03-02T10:00:00.123Z","Group":"2026-03-02T10:00:00Z"}]}"#;
        let expected = r#"{"Tasks":[{"CreatedAt":1772445600123,"Group":"2026-03-02T10:00:00Z"}]}"#;
        let found = form("ecs", "runTask", Value::parse(result).unwrap());
        assert_eq!(found.to_json(), expected);
    }
}
