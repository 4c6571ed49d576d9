//! Every operation against every way in which a request can have a wrong shape, all of them from the table.

use serde_json::{Value, json};

use super::table::INPUTS;
use super::{Kind, Member, PAYLOAD, Shape, of};

/// What refuses a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Its JSON type.
    Type,
    /// A constraint on values of its type.
    Constraint,
}

#[test]
fn every_wrong_member_of_every_operation_is_refused_and_its_place_is_named() {
    let mut tried = 0;
    for (operation, shape) in INPUTS {
        assert_eq!(check(operation, &right(shape)), Ok(()), "{operation}");
        for Wrong { value, by, place } in wrong(shape) {
            tried += 1;
            let refusal = check(operation, &value).expect_err(&format!("{operation} {place}"));
            let expected = match by {
                By::Type => "SerializationException",
                By::Constraint => "ValidationException",
            };
            assert_eq!(refusal.0, expected, "{operation} {place}: {}", refusal.1);
            if by == By::Constraint {
                let named = format!("at '{place}' failed to satisfy constraint: Member must");
                assert!(refusal.1.contains(&named), "{operation} {place}: {}", refusal.1);
            }
        }
    }
    // 37 operations with some hundred members; far fewer would mean that the table is not walked.
    assert!(tried > 1_500, "{tried}");
}

#[test]
fn several_violations_are_told_of_together_and_each_once() {
    for (operation, shape) in INPUTS {
        let Shape::Structure(members) = shape else { panic!("{operation}") };
        let required = members.iter().filter(|member| member.required);
        let names: Vec<_> = required.map(|member| member.name).collect();
        let Some((first, _)) = names.split_first() else { continue };
        let (_, message) = check(operation, &json!({})).unwrap_err();
        let noun = if names.len() == 1 { "error" } else { "errors" };
        let count = names.len();
        let start = format!("{count} validation {noun} detected: Value null at '{first}'");
        assert!(message.starts_with(&start), "{operation}: {message}");
        assert_eq!(message.matches("Member must not be null").count(), names.len(), "{operation}");
    }
}

#[test]
fn the_table_is_in_order_of_name_and_has_all_operations() {
    assert!(INPUTS.is_sorted_by_key(|(name, _)| name));
    assert_eq!(INPUTS.len(), 37);
    assert!(of("StartExecution").is_some() && of("Start").is_none());
}

/// A request that has a wrong value somewhere.
struct Wrong {
    value: Value,
    by: By,
    place: String,
}

fn wrong(shape: &Shape) -> Vec<Wrong> {
    let mut found: Vec<Wrong> = other_types(shape)
        .into_iter()
        .map(|value| Wrong { value, by: By::Type, place: String::new() })
        .collect();
    found.extend(out_of_bounds(shape).into_iter().map(|value| Wrong {
        value,
        by: By::Constraint,
        place: String::new(),
    }));
    match shape {
        Shape::Structure(members) => {
            found.extend(members.iter().flat_map(|member| wrong_member(shape, member)));
        }
        Shape::List { of, .. } => {
            let inner = wrong(of).into_iter().map(|inner| Wrong {
                value: json!([inner.value]),
                by: inner.by,
                place: path("1.member", &inner.place),
            });
            found.extend(inner);
            let place = "1.member".to_owned();
            found.push(Wrong { value: json!([null]), by: By::Constraint, place });
        }
        _ => {}
    }
    found
}

fn wrong_member(shape: &Shape, member: &Member) -> Vec<Wrong> {
    let with = |value: Value| {
        let mut whole = right(shape);
        whole[member.name] = value;
        whole
    };
    let mut found: Vec<Wrong> = wrong(member.shape)
        .into_iter()
        .map(|inner| Wrong {
            value: with(inner.value),
            by: inner.by,
            place: path(member.name, &inner.place),
        })
        .collect();
    if member.required {
        let mut without = right(shape);
        without.as_object_mut().unwrap().remove(member.name);
        for value in [with(Value::Null), without] {
            found.push(Wrong { value, by: By::Constraint, place: member.name.to_owned() });
        }
    }
    found
}

fn path(outer: &str, inner: &str) -> String {
    if inner.is_empty() { outer.to_owned() } else { format!("{outer}.{inner}") }
}

/// Values of JSON types that the shape does not take.
fn other_types(shape: &Shape) -> Vec<Value> {
    let all = [json!(true), json!("x"), json!(1), json!(1.5), json!([]), json!({}), json!([[1]])];
    let takes = |value: &Value| match shape {
        Shape::Text { .. } => value.is_string(),
        Shape::Whole { .. } => value.is_i64(),
        Shape::Float { .. } => value.is_number(),
        Shape::Flag => value.is_boolean(),
        Shape::List { .. } => value.is_array(),
        Shape::Structure(_) => value.is_object(),
    };
    let mut others: Vec<Value> = all.into_iter().filter(|value| !takes(value)).collect();
    match shape {
        Shape::Whole { kind: Kind::Integer, .. } => others.push(json!(i64::from(i32::MAX) + 1)),
        Shape::Whole { kind: Kind::Long, .. } => others.push(json!(1e300)),
        _ => {}
    }
    others
}

/// Values of the right type that the shape does not take.
fn out_of_bounds(shape: &Shape) -> Vec<Value> {
    match shape {
        Shape::Text { length: (least, most), pattern, one_of, .. } => {
            let mut found = Vec::new();
            found.extend((*least > 0).then(|| json!("")));
            found.extend((*most < usize::MAX).then(|| json!("ä".repeat(most + 1))));
            found.extend(pattern.map(|_| json!("é \u{7}")));
            found.extend((!one_of.is_empty()).then(|| json!("NONSENSE")));
            found.extend(one_of.first().map(|one| json!(one.to_lowercase())));
            found
        }
        Shape::Whole { min, max, kind } => {
            let top = if matches!(kind, Kind::Integer) { i64::from(i32::MAX) } else { i64::MAX };
            let mut found = vec![json!(min - 1)];
            found.extend((*max < top).then(|| json!(max + 1)));
            found
        }
        Shape::Float { min, max } => vec![json!(min - 0.5), json!(max + 0.5)],
        Shape::List { of, length: (least, most) } => {
            let mut found = Vec::new();
            found.extend((*least > 0).then(|| json!([])));
            found.extend((*most < 1_000).then(|| Value::Array(vec![right(of); most + 1])));
            found
        }
        Shape::Flag | Shape::Structure(_) => Vec::new(),
    }
}

/// A value that the shape takes, with all its members.
fn right(shape: &Shape) -> Value {
    match shape {
        Shape::Text { length, one_of, .. } => {
            json!(one_of.first().map_or_else(|| "a".repeat(length.0.max(1)), |one| (*one).into()))
        }
        Shape::Whole { min, .. } => json!(min),
        Shape::Float { min, .. } => json!(min),
        Shape::Flag => json!(true),
        Shape::List { of, .. } => json!([right(of)]),
        Shape::Structure(members) => {
            members.iter().map(|m| (m.name.to_owned(), right(m.shape))).collect()
        }
    }
}

/// Type and message of the refusal of a request.
fn check(operation: &str, body: &Value) -> Result<(), (&'static str, String)> {
    let value = serde_json::from_str(&body.to_string()).unwrap();
    let checked = super::check(of(operation).unwrap(), &value, PAYLOAD);
    checked.map_err(|error| (error.kind(), error.message().to_owned()))
}
