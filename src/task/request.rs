//! Parameters as requests have them. What the engine lets through has the right names and forms.

use stepwright_core::expr::Value;
use stepwright_core::expr::value::Map;

/// The members of the parameters that are there: `null` is as good as nothing, at any depth.
pub(super) fn members(parameters: &Value) -> Map {
    let given = parameters.as_object().cloned().unwrap_or_default();
    given.into_iter().filter(|(_, value)| *value != Value::Null).collect()
}

/// The text of a value where the service wants text: a string as it stands, anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}

/// Puts the text of a member in its place.
pub(super) fn make_text(members: &mut Map, name: &str) {
    if let Some(value) = members.get_mut(name) {
        *value = Value::string(text(value));
    }
}

/// Puts the number or boolean that a string spells in the string's place.
pub(super) fn make_plain(members: &mut Map, name: &str) {
    if let Some(value) = members.get_mut(name)
        && let Some(read) = value.as_str().and_then(|text| Value::parse(text).ok())
    {
        *value = read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_made_of_what_is_none_and_numbers_of_text() {
        let mut members = members(
            &Value::parse(r#"{"a":{"b": [1]},"c":"x","d":null,"e":"7","f":true}"#).unwrap(),
        );
        for name in ["a", "c", "f", "g"] {
            make_text(&mut members, name);
        }
        make_plain(&mut members, "e");
        let expected = r#"{"a":"{\"b\":[1]}","c":"x","e":7,"f":"true"}"#;
        assert_eq!(Value::Object(members.into()).to_json(), expected);
    }
}
