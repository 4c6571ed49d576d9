//! What only the API models of AWS's services can say of a definition: whether an `aws-sdk` resource exists, and whether
//! it has the parameters that a state names.

use stepwright_core::asl::diagnostic::{Code, Diagnostic, Severity};
use stepwright_core::expr::{Map, Value};

use crate::task::sdk::Sdk;

/// The findings in a definition; none in text that is no definition.
pub(super) fn findings(definition: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if definition.contains(RESOURCE) {
        flow(&Value::parse(definition).unwrap_or_default(), "", &mut found);
    }
    found
}

fn flow(flow: &Value, here: &str, found: &mut Vec<Diagnostic>) {
    let states = flow.get("States").and_then(Value::as_object);
    for (name, state) in states.into_iter().flatten() {
        let here = format!("{here}/States/{name}");
        task(state, &here, found);
        for part in ["ItemProcessor", "Iterator"] {
            if let Some(inner) = state.get(part) {
                self::flow(inner, &format!("{here}/{part}"), found);
            }
        }
        let branches = state.get("Branches").and_then(Value::as_array).unwrap_or_default();
        for (place, branch) in branches.iter().enumerate() {
            self::flow(branch, &format!("{here}/Branches[{place}]"), found);
        }
    }
}

fn task(state: &Value, here: &str, found: &mut Vec<Diagnostic>) {
    let Some(arn) = state.get("Resource").and_then(Value::as_str) else { return };
    let Some((_, rest)) = arn.split_once(RESOURCE) else { return };
    let rest = rest.strip_suffix(".waitForTaskToken").unwrap_or(rest);
    let Some((service, action)) = rest.split_once(':') else { return };
    if !Sdk::knows(service, action) {
        let message = format!(
            "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
        );
        return found.push(finding(message, format!("{here}/Resource")));
    }
    for field in ["Parameters", "Arguments"] {
        let Some(given) = state.get(field).and_then(Value::as_object) else { continue };
        let problems = problems(&Sdk::members(service, action), given).into_iter();
        found.extend(problems.map(|problem| finding(problem, format!("{here}/{field}"))));
    }
}

/// What is wrong with the names of parameters; those of paths end with `.$`.
fn problems(known: &[(String, bool)], given: &Map) -> Vec<String> {
    let given: Vec<&str> = given.keys().map(|key| key.strip_suffix(".$").unwrap_or(key)).collect();
    let strange = given.iter().filter(|name| !known.iter().any(|(known, _)| known == *name));
    let strange =
        strange.map(|name| format!("The field '{name}' is not supported by Step Functions"));
    let missing = known.iter().filter(|(name, required)| *required && !given.contains(&&**name));
    let missing =
        missing.map(|(name, _)| format!("The field '{name}' is required but was missing"));
    strange.chain(missing).collect()
}

fn finding(message: String, location: String) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code: Code::SchemaValidationFailed, message, location }
}

const RESOURCE: &str = ":states:::aws-sdk:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_held_to_the_api_models() {
        let table = [
            (
                r#""Resource":"arn:aws:states:::aws-sdk:dynamodb:putItem","Parameters":{"TableName":"t","Item.$":"$.i"}"#,
                vec![],
            ),
            (
                r#""Resource":"arn:aws:states:::aws-sdk:dynamodb:putItem","Arguments":"{% $states.input %}""#,
                vec![],
            ),
            (
                r#""Resource":"arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken","Arguments":{"TableName":"t","Item":{}}"#,
                vec![],
            ),
            (
                r#""Resource":"arn:aws:states:::aws-sdk:dynamodb:putItem","Parameters":{"tableName":"t","Item":{}}"#,
                vec![
                    "SCHEMA_VALIDATION_FAILED: The field 'tableName' is not supported by Step Functions at /States/P/Branches[0]/States/A/Parameters",
                    "SCHEMA_VALIDATION_FAILED: The field 'TableName' is required but was missing at /States/P/Branches[0]/States/A/Parameters",
                ],
            ),
            (
                r#""Resource":"arn:aws:states:::aws-sdk:dynamo:putItem""#,
                vec![
                    "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::aws-sdk:dynamo:putItem is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/P/Branches[0]/States/A/Resource",
                ],
            ),
            (
                r#""Resource":"arn:aws:states:::aws-sdk:bedrockruntime:invokeModelWithResponseStream","Parameters":{"ModelId":"m"}"#,
                vec![
                    "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::aws-sdk:bedrockruntime:invokeModelWithResponseStream is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/P/Branches[0]/States/A/Resource",
                ],
            ),
        ];
        for (fields, expected) in table {
            let text = format!(
                r#"{{"States":{{"P":{{"Branches":[{{"States":{{"A":{{"Type":"Task",{fields}}}}}}}]}}}}}}"#
            );
            let found: Vec<String> = findings(&text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected);
        }
    }
}
