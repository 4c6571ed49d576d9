//! Parameters of a Task as the API's own types: what a workflow says in JSON is checked and converted once, so that the
//! protocols only write.

use aws_smithy_types::DateTime;
use stepwright_core::expr::Value;

use super::models::{Kind, Member, Operation, Service, Shape, ShapeId};
use super::{moment, name};

/// A value of one of the API's types.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Float(f64),
    /// A point in time.
    Time(DateTime),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Vec<(String, Node)>),
    /// A structure: places of members, and their values.
    Structure(Vec<(usize, Node)>),
    /// Any JSON.
    Document(Value),
}

impl Node {
    /// A structure without members.
    pub(super) const EMPTY: Node = Node::Structure(Vec::new());

    /// The members of a structure.
    pub(super) fn members(&self) -> &[(usize, Node)] {
        if let Node::Structure(members) = self { members } else { &[] }
    }
}

/// Converts the parameters of an operation. Members that are `null` are left out, as the AWS SDK does; what is marked as
/// idempotency token and left out is filled with `token`.
///
/// # Errors
/// What is wrong with them, in AWS's words.
pub(super) fn convert(
    service: &Service,
    operation: &Operation,
    parameters: &Value,
    token: &str,
) -> Result<Node, Vec<String>> {
    let mut reader = Reader { service, token, problems: Vec::new() };
    let node = match operation.input {
        Some(input) => reader.whole(input, parameters),
        None => {
            reader.no_members(parameters);
            Some(Node::EMPTY)
        }
    };
    match node {
        Some(node) if reader.problems.is_empty() => Ok(node),
        _ => Err(reader.problems),
    }
}

struct Reader<'a> {
    service: &'a Service,
    token: &'a str,
    problems: Vec<String>,
}

impl Reader<'_> {
    /// The parameters themselves: what is required must be named, be it as `null` (recorded: a null `Item` reaches
    /// DynamoDB and is refused there).
    fn whole(&mut self, input: ShapeId, parameters: &Value) -> Option<Node> {
        let node = self.structure(input, "Parameters", parameters);
        for member in self.service.members(input) {
            let named =
                || parameters.as_object()?.keys().find(|key| name::means(key, &member.name));
            if member.required && !member.idempotency_token && named().is_none() {
                let name = name::pascal(&member.name);
                self.problems.push(format!("The field '{name}' is required but was missing"));
            }
        }
        node
    }

    fn no_members(&mut self, parameters: &Value) {
        for key in parameters.as_object().into_iter().flat_map(|members| members.keys()) {
            self.problems.push(unsupported(key));
        }
    }

    fn node(&mut self, shape: ShapeId, field: &str, value: &Value) -> Option<Node> {
        let node = match self.service.shape(shape) {
            Shape::Structure { .. } => return self.structure(shape, field, value),
            Shape::List { member, .. } => return self.list(*member, field, value),
            Shape::Map { value: of, .. } => return self.map(*of, field, value),
            Shape::String => Some(Node::Text(text(value))),
            Shape::Blob => Some(Node::Bytes(text(value).into_bytes())),
            Shape::Timestamp(_) => moment::read(value).map(Node::Time),
            Shape::Plain(kind) => plain(*kind, value),
        };
        if node.is_none() {
            self.invalid(field);
        }
        node
    }

    fn structure(&mut self, shape: ShapeId, field: &str, value: &Value) -> Option<Node> {
        let Some(given) = value.as_object() else {
            self.invalid(field);
            return None;
        };
        let members = self.service.members(shape);
        let mut node = Vec::with_capacity(given.len());
        for (key, value) in given {
            let Some(place) = members.iter().position(|member| name::means(key, &member.name))
            else {
                self.problems.push(unsupported(key));
                continue;
            };
            if *value != Value::Null {
                node.extend(self.node(members[place].shape, key, value).map(|node| (place, node)));
            }
        }
        let filled = |place: usize| node.iter().any(|(there, _)| *there == place);
        let missing =
            |(place, member): &(usize, &Member)| member.idempotency_token && !filled(*place);
        let tokens: Vec<usize> =
            members.iter().enumerate().filter(missing).map(|(place, _)| place).collect();
        node.extend(tokens.into_iter().map(|place| (place, Node::Text(self.token.to_owned()))));
        // In the order of the model, whatever that of the parameters.
        node.sort_by_key(|(place, _)| *place);
        Some(Node::Structure(node))
    }

    fn list(&mut self, member: ShapeId, field: &str, value: &Value) -> Option<Node> {
        let Some(items) = value.as_array() else {
            self.invalid(field);
            return None;
        };
        let items = items.iter().filter(|item| **item != Value::Null);
        let items: Vec<Node> = items.filter_map(|item| self.node(member, field, item)).collect();
        Some(Node::List(items))
    }

    fn map(&mut self, of: ShapeId, field: &str, value: &Value) -> Option<Node> {
        let Some(entries) = value.as_object() else {
            self.invalid(field);
            return None;
        };
        let entries = entries.iter().filter(|(_, value)| **value != Value::Null);
        let entries: Vec<(String, Node)> = entries
            .filter_map(|(key, value)| Some((key.to_string(), self.node(of, field, value)?)))
            .collect();
        Some(Node::Map(entries))
    }

    fn invalid(&mut self, field: &str) {
        self.problems.push(format!("The value of the field '{field}' has an invalid format"));
    }
}

/// Text as it stands, and anything else as JSON (recorded: `Input` of `sfn:startExecution` and `Body` of `s3:putObject`
/// may be objects).
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}

fn plain(kind: Kind, value: &Value) -> Option<Node> {
    match (kind, value) {
        (Kind::Document, value) => Some(Node::Document(value.clone())),
        (Kind::Boolean, Value::Bool(truth)) => Some(Node::Bool(*truth)),
        (Kind::Boolean, Value::String(text)) => text.parse().ok().map(Node::Bool),
        (Kind::Integer, Value::Int(n)) => Some(Node::Int(*n)),
        (Kind::Integer, Value::Float(n)) => Value::number(*n).as_i64().map(Node::Int),
        (Kind::Integer, Value::String(text)) => text.parse().ok().map(Node::Int),
        (Kind::Float, Value::String(text)) => text.parse().ok().map(Node::Float),
        (Kind::Float, value) => value.as_f64().map(Node::Float),
        _ => None,
    }
}

fn unsupported(key: &str) -> String {
    format!("The field '{key}' is not supported by Step Functions")
}

#[cfg(test)]
mod tests {
    use super::super::models::Models;
    use super::*;

    fn problems(service: &str, action: &str, parameters: &str) -> Vec<String> {
        let service = Models::shared().service(service).unwrap();
        let operation = service.operation(action).unwrap();
        let parameters = Value::parse(parameters).unwrap();
        convert(&service, operation, &parameters, "token").err().unwrap_or_default()
    }

    #[test]
    fn parameters_that_no_request_can_be_made_of_are_named() {
        let table: [(&str, &str, &str, &[&str]); 8] = [
            ("dynamodb", "putItem", r#"{"TableName":"t","Item":{"a":{"S":"x"}}}"#, &[]),
            ("dynamodb", "putItem", r#"{"TableName":"t","Item":null}"#, &[]),
            (
                "dynamodb",
                "putItem",
                r#"{"tableName":"t","Item":{}}"#,
                &[
                    "The field 'tableName' is not supported by Step Functions",
                    "The field 'TableName' is required but was missing",
                ],
            ),
            (
                "dynamodb",
                "putItem",
                r#"{"TableName":"t","Item":{"a":{"s":"x"}}}"#,
                &["The field 's' is not supported by Step Functions"],
            ),
            (
                "dynamodb",
                "putItem",
                r#"{"TableName":"t","Item":[]}"#,
                &["The value of the field 'Item' has an invalid format"],
            ),
            (
                "sqs",
                "receiveMessage",
                r#"{"QueueUrl":"q","MaxNumberOfMessages":"ten"}"#,
                &["The value of the field 'MaxNumberOfMessages' has an invalid format"],
            ),
            ("sqs", "receiveMessage", r#"{"QueueUrl":"q","MaxNumberOfMessages":"10"}"#, &[]),
            (
                "sts",
                "getCallerIdentity",
                r#"{"A":1}"#,
                &["The field 'A' is not supported by Step Functions"],
            ),
        ];
        for (service, action, parameters, expected) in table {
            assert_eq!(problems(service, action, parameters), expected, "{parameters}");
        }
    }

    #[test]
    fn a_token_is_filled_in_where_the_model_has_one_and_the_workflow_has_not() {
        let service = Models::shared().service("secretsmanager").unwrap();
        let operation = service.operation("createSecret").unwrap();
        let table =
            [(r#"{"Name":"n"}"#, "token"), (r#"{"Name":"n","ClientRequestToken":"own"}"#, "own")];
        for (parameters, expected) in table {
            let parameters = Value::parse(parameters).unwrap();
            let node = convert(&service, operation, &parameters, "token").unwrap();
            let members = service.members(operation.input.unwrap());
            let token = members.iter().position(|m| &*m.name == "ClientRequestToken").unwrap();
            let found = node.members().iter().find(|(place, _)| *place == token);
            assert_eq!(found.map(|(_, node)| node), Some(&Node::Text(expected.to_owned())));
        }
    }
}
