//! Definitions as templates have them: with placeholders (`${Name}`) whose values come from elsewhere.

use std::collections::BTreeMap;

/// A definition with its placeholders replaced (`DefinitionSubstitutions`). A value becomes part of the JSON string in which
/// its placeholder stands, so quotes and backslashes in it are escaped. A placeholder without a value stays.
pub fn substituted(definition: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(definition.len());
    let mut rest = definition;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let found = after.split_once('}').and_then(|(name, tail)| Some((values.get(name)?, tail)));
        match found {
            Some((value, tail)) => {
                out.push_str(&escaped(value));
                rest = tail;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted
        .strip_prefix('"')
        .and_then(|q| q.strip_suffix('"'))
        .map_or_else(String::new, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_with_a_value_are_replaced() {
        let values = [("Fn", "arn:x"), ("N", "3"), ("Q", "a\"b\\")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let table = [
            (r#"{"Resource":"${Fn}"}"#, r#"{"Resource":"arn:x"}"#, "a whole string"),
            (r#""${Fn}:${N}""#, r#""arn:x:3""#, "two in one string"),
            (r#"{"TimeoutSeconds":${N}}"#, r#"{"TimeoutSeconds":3}"#, "a number"),
            (r#""${Q}""#, r#""a\"b\\""#, "what would end the string"),
            (r#""${Other} ${ ${Fn}""#, r#""${Other} ${ arn:x""#, "what has no value stays"),
            ("${", "${", "no end"),
        ];
        for (definition, expected, reason) in table {
            assert_eq!(substituted(definition, &values), expected, "{reason}");
        }
    }
}
