//! Payload templates of both query languages, compiled once.
//!
//! A template is a tree that keeps whatever holds no expression as one shared value, so a template without expressions
//! costs nothing to evaluate.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::intrinsic::Call;
use super::path::{Path, Root};
use super::query::Query;
use super::{Error, ErrorKind, Scope, Value};

/// A compiled template.
#[derive(Clone, Debug)]
pub struct Template {
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    /// No expression here or below.
    Literal(Value),
    Array(Arc<[Node]>),
    Object(Arc<[(Arc<str>, Node)]>),
    /// A path or call of JSONPath, and the key it stands under (`a.$`).
    JsonPath {
        key: Option<Arc<str>>,
        expression: Expression,
    },
    /// What stands in `{% … %}`, and where below the field that is (`/a[0]`).
    Jsonata {
        query: Query,
        place: Arc<str>,
    },
}

#[derive(Clone, Debug)]
enum Expression {
    Path(Path),
    Call(Call),
}

impl Template {
    /// Compiles a JSONPath payload template: keys ending in `.$` are paths or intrinsic function calls.
    ///
    /// # Errors
    /// The object that holds the wrong key (`/a/b`, below the field itself; the field's own object is the empty text,
    /// as AWS names it), and what is wrong in AWS's words.
    pub fn json_path(source: &Value) -> Result<Template, (String, String)> {
        Ok(Template { node: json_path(source, "")? })
    }

    /// Compiles a single path or intrinsic function call, as in `ErrorPath`.
    ///
    /// # Errors
    /// What is wrong, for the validator.
    pub fn json_path_expression(source: &str) -> Result<Template, String> {
        let expression = Expression::parse(source)?;
        Ok(Template { node: Node::JsonPath { key: None, expression } })
    }

    /// Compiles a JSONata template: strings of the form `{% … %}` are expressions.
    ///
    /// # Errors
    /// Where and what is wrong, for the validator.
    pub fn jsonata(source: &Value) -> Result<Template, (String, String)> {
        Ok(Template { node: jsonata(source, "")? })
    }

    /// For a template that is a single JSONata expression: its text between `{%` and `%}`, trimmed.
    pub fn source(&self) -> Option<&str> {
        if let Node::Jsonata { query, .. } = &self.node { Some(query.source()) } else { None }
    }

    /// Evaluates the template. `field` is the name of the field it stands in (`Output`, `Arguments`, `Assign`,
    /// `Parameters`), which JSONata causes mention as `Output/a/b`.
    ///
    /// # Errors
    /// The first expression that fails, worded as AWS words it.
    pub fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, Error> {
        self.node.evaluate(scope, field)
    }

    /// The value of a template that has no expressions.
    pub fn as_literal(&self) -> Option<&Value> {
        if let Node::Literal(value) = &self.node { Some(value) } else { None }
    }

    /// The members of `$states` that the template reads, each with the place of its expression below the field
    /// (`/a[0]`, empty for the field itself).
    pub fn state_members(&self) -> Vec<(&str, String)> {
        let mut members = Vec::new();
        self.node.queries(&mut |place, query| {
            members.extend(query.state_members().map(|member| (place, member)));
        });
        members
    }

    /// Every JSONPath in the template, arguments of intrinsic functions included.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.node.paths(&mut |path| paths.push(path));
        paths
    }

    /// Names of the variables that the template reads, without `$`; `states` is among them where `$states` is read.
    pub fn variables(&self) -> BTreeSet<String> {
        let by_path = self.paths().into_iter().filter_map(|path| match path.root() {
            Root::Variable(name) => Some(name.to_owned()),
            _ => None,
        });
        let mut names: BTreeSet<String> = by_path.collect();
        self.node.queries(&mut |_, query| names.extend(query.variables()));
        names
    }
}

/// Collects children; all of them literal makes a literal.
fn json_path(source: &Value, place: &str) -> Result<Node, (String, String)> {
    match source {
        Value::Array(items) => {
            let nodes =
                items.iter().enumerate().map(|(n, item)| json_path(item, &format!("{place}[{n}]")));
            Ok(array(source, nodes.collect::<Result<_, _>>()?))
        }
        Value::Object(members) => {
            let nodes = members.iter().map(|(key, member)| json_path_member(key, member, place));
            Ok(object(source, nodes.collect::<Result<_, _>>()?))
        }
        leaf => Ok(Node::Literal(leaf.clone())),
    }
}

fn json_path_member(
    key: &Arc<str>,
    member: &Value,
    place: &str,
) -> Result<(Arc<str>, Node), (String, String)> {
    let Some(name) = key.strip_suffix(".$") else {
        return Ok((key.clone(), json_path(member, &format!("{place}/{key}"))?));
    };
    let refuse =
        |what: String| (place.to_owned(), format!("The value for the field '{key}' {what}"));
    let text = member.as_str().ok_or_else(|| refuse(no_string(member)))?;
    let expression = Expression::parse(text).map_err(|_| {
        refuse("must be a valid JSONPath or a valid intrinsic function call".into())
    })?;
    Ok((name.into(), Node::JsonPath { key: Some(key.clone()), expression }))
}

fn no_string(value: &Value) -> String {
    let kind = match value {
        Value::Null => "NULL",
        Value::Bool(_) => "a BOOLEAN",
        Value::Int(_) | Value::Float(_) => "a NUMBER",
        Value::String(_) => "a STRING",
        Value::Array(_) => "an ARRAY",
        Value::Object(_) => "an OBJECT",
    };
    format!("must be a STRING that contains a JSONPath but was {kind}")
}

fn jsonata(source: &Value, place: &str) -> Result<Node, (String, String)> {
    Ok(match source {
        Value::String(text) => {
            let found =
                between_brackets(text).and_then(|found| found.map(Query::parse).transpose());
            match found.map_err(|what| (place.to_owned(), what))? {
                Some(query) => Node::Jsonata { query, place: place.into() },
                None => Node::Literal(source.clone()),
            }
        }
        Value::Array(items) => {
            let nodes =
                items.iter().enumerate().map(|(n, item)| jsonata(item, &format!("{place}[{n}]")));
            array(source, nodes.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let nodes = members.iter().map(|(key, member)| {
                Ok((key.clone(), jsonata(member, &format!("{place}/{key}"))?))
            });
            object(source, nodes.collect::<Result<_, (String, String)>>()?)
        }
        leaf => Node::Literal(leaf.clone()),
    })
}

/// What stands between `{%` and `%}`; `None` for text without them.
///
/// # Errors
/// Only one of the two is there, or space around them (AWS documents that it refuses both).
fn between_brackets(text: &str) -> Result<Option<&str>, String> {
    if let Some(inside) = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")) {
        return Ok(Some(inside));
    }
    let (opens, closes) = (text.starts_with("{%"), text.ends_with("%}"));
    match opens != closes {
        true => Err("A JSONata expression must start with '{%' and end with '%}'".to_owned()),
        false => Ok(None),
    }
}

fn array(source: &Value, nodes: Vec<Node>) -> Node {
    if nodes.iter().all(Node::is_literal) {
        return Node::Literal(source.clone());
    }
    Node::Array(nodes.into())
}

fn object(source: &Value, nodes: Vec<(Arc<str>, Node)>) -> Node {
    if nodes.iter().all(|(_, node)| node.is_literal()) {
        return Node::Literal(source.clone());
    }
    Node::Object(nodes.into())
}

impl Node {
    fn is_literal(&self) -> bool {
        matches!(self, Node::Literal(_))
    }

    fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, Error> {
        match self {
            Node::Literal(value) => Ok(value.clone()),
            Node::Array(nodes) => {
                let items: Result<Vec<Value>, Error> =
                    nodes.iter().map(|node| node.evaluate(scope, field)).collect();
                Ok(Value::Array(Arc::new(items?)))
            }
            Node::Object(nodes) => {
                let members: Result<_, Error> = nodes
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), node.evaluate(scope, field)?)))
                    .collect();
                Ok(Value::Object(Arc::new(members?)))
            }
            Node::JsonPath { key, expression } => {
                expression.evaluate(scope, key.as_deref().unwrap_or(field))
            }
            Node::Jsonata { query, place } => query.evaluate(scope, &format!("{field}{place}")),
        }
    }

    fn queries<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a Query)) {
        match self {
            Node::Array(nodes) => nodes.iter().for_each(|node| node.queries(visit)),
            Node::Object(nodes) => nodes.iter().for_each(|(_, node)| node.queries(visit)),
            Node::Jsonata { query, place } => visit(place, query),
            Node::Literal(_) | Node::JsonPath { .. } => {}
        }
    }

    fn paths<'a>(&'a self, visit: &mut dyn FnMut(&'a Path)) {
        match self {
            Node::Array(nodes) => nodes.iter().for_each(|node| node.paths(visit)),
            Node::Object(nodes) => nodes.iter().for_each(|(_, node)| node.paths(visit)),
            Node::JsonPath { expression: Expression::Path(path), .. } => visit(path),
            Node::JsonPath { expression: Expression::Call(call), .. } => call.paths(visit),
            Node::Literal(_) | Node::Jsonata { .. } => {}
        }
    }
}

impl Expression {
    fn parse(source: &str) -> Result<Expression, String> {
        if Call::is_meant(source) {
            return Ok(Expression::Call(Call::parse(source)?));
        }
        Ok(Expression::Path(Path::parse(source)?))
    }

    fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, Error> {
        match self {
            Expression::Call(call) => call.evaluate(scope),
            Expression::Path(path) => path.read(scope).map_err(|error| match error.kind {
                ErrorKind::Runtime => Error::runtime(format!(
                    "The JSONPath '{}' specified for the field '{field}' could not be found in the input '{}'",
                    path.source(),
                    path.searched(scope)
                )),
                _ => error,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::trial::{Trial, json};

    fn fill(template: &str) -> Result<String, Error> {
        Trial::of(r#"{"a":{"b":[1,2]},"s":"x"}"#)
            .with_context(r#"{"Execution":{"Name":"e"}}"#)
            .with_variables(r#"{"v":{"w":7}}"#)
            .fill(&Template::json_path(&json(template)).unwrap(), "Parameters")
            .map(|value| value.to_json())
    }

    #[test]
    fn keys_that_end_in_dollar_are_replaced_at_any_depth() {
        let table = [
            (r#"{"x.$":"$.a.b[1]","y":1}"#, r#"{"x":2,"y":1}"#),
            (r#"{"x.$":"$"}"#, r#"{"x":{"a":{"b":[1,2]},"s":"x"}}"#),
            (r#"{"p":{"q":[{"r.$":"$.s"},3]}}"#, r#"{"p":{"q":[{"r":"x"},3]}}"#),
            (r#"{"c.$":"$$.Execution.Name","v.$":"$v.w"}"#, r#"{"c":"e","v":7}"#),
            (r#"{"f.$":"States.Format('{}!', $.s)"}"#, r#"{"f":"x!"}"#),
            (r#"{"all.$":"$.nope[*]"}"#, r#"{"all":[]}"#),
            (r#"{"x":"$.a","y":"States.UUID()"}"#, r#"{"x":"$.a","y":"States.UUID()"}"#),
            (r#""$.a""#, r#""$.a""#),
        ];
        for (template, expected) in table {
            assert_eq!(fill(template), Ok(expected.to_owned()), "{template}");
        }
    }

    #[test]
    fn a_path_that_finds_nothing_names_path_key_and_what_was_searched() {
        let input = r#"{"a":{"b":[1,2]},"s":"x"}"#;
        let table = [
            (r#"{"k.$":"$.nope"}"#, "$.nope", input),
            (r#"{"p":[{"k.$":"$.s[0]"}]}"#, "$.s[0]", input),
            (r#"{"k.$":"$$.Task.Token"}"#, "$$.Task.Token", r#"{"Execution":{"Name":"e"}}"#),
            (r#"{"k.$":"$v.nope"}"#, "$v.nope", r#"{"v":{"w":7}}"#),
            (r#"{"k.$":"$nope"}"#, "$nope", r#"{"v":{"w":7}}"#),
        ];
        for (template, path, searched) in table {
            let text = format!(
                "The JSONPath '{path}' specified for the field 'k.$' could not be found in the input '{searched}'"
            );
            assert_eq!(fill(template), Err(Error::runtime(text)), "{template}");
        }
    }

    #[test]
    fn a_single_expression_is_named_by_its_field() {
        let template = Template::json_path_expression("$.nope").unwrap();
        let error = Trial::of("{}").fill(&template, "ErrorPath").unwrap_err();
        assert_eq!(
            error.detail,
            "The JSONPath '$.nope' specified for the field 'ErrorPath' could not be found in the input '{}'"
        );
        assert!(Template::json_path_expression("text").is_err());
    }

    #[test]
    fn wrong_expressions_are_refused_with_the_object_that_holds_them() {
        let sentence = "must be a valid JSONPath or a valid intrinsic function call";
        let table = [
            (r#"{"x.$":"text"}"#, "", "x.$", sentence),
            (r#"{"x.$":"$.a."}"#, "", "x.$", sentence),
            (r#"{"x.$":"States.Nope()"}"#, "", "x.$", sentence),
            (r#"{"x.$":"States.Array('An \\\"x\\\"')"}"#, "", "x.$", sentence),
            (r#"{"a":{"b":[1,{"c.$":""}]}}"#, "/a/b[1]", "c.$", sentence),
            (
                r#"{"x.$":1}"#,
                "",
                "x.$",
                "must be a STRING that contains a JSONPath but was a NUMBER",
            ),
        ];
        for (template, place, key, what) in table {
            let (at, message) = Template::json_path(&json(template)).unwrap_err();
            assert_eq!(
                (at.as_str(), message),
                (place, format!("The value for the field '{key}' {what}"))
            );
        }
    }

    #[test]
    fn what_holds_no_expression_is_shared_not_copied() {
        let source = json(r#"{"a":[1,{"b":2}]}"#);
        let template = Template::json_path(&source).unwrap();
        let Some(Value::Object(kept)) = template.as_literal() else { panic!("not a literal") };
        let Value::Object(given) = &source else { panic!("not an object") };
        assert!(Arc::ptr_eq(kept, given));
    }

    #[test]
    fn variables_and_paths_are_listed_wherever_they_are_read() {
        let source = r#"{"a.$":"$z.x","b":[{"c.$":"States.Format('{}{}', $y, States.Array($$.Id))"}],"d":"$no"}"#;
        let template = Template::json_path(&json(source)).unwrap();
        assert_eq!(Vec::from_iter(template.variables()), ["y".to_owned(), "z".to_owned()]);
        let paths: Vec<&str> = template.paths().into_iter().map(Path::source).collect();
        assert_eq!(paths, ["$z.x", "$y", "$$.Id"]);
    }

    #[test]
    fn jsonata_strings_in_exact_brackets_are_expressions_and_errors_say_where() {
        let template = |text: &str| {
            Template::jsonata(&Value::object([("a", Value::array([text.into()]))])).unwrap()
        };
        for literal in ["{%}", " {% 1 %} ", "{ % 1 % }", "50 {% of %} it", "x"] {
            assert!(template(literal).as_literal().is_some(), "{literal}");
        }
        for half in ["{%", "%}", "{% 1", "1 %}", " {% 1 %}", "{% 1 %} "] {
            let source = Value::object([("a", Value::array([half.into()]))]);
            let (place, message) = Template::jsonata(&source).unwrap_err();
            assert_eq!(place, "/a[0]", "{half}");
            assert!(message.ends_with("must start with '{%' and end with '%}'"), "{message}");
        }
        let error = Trial::of("{}").fill(&template("{% $x %}"), "Output").unwrap_err();
        assert_eq!(error.kind, ErrorKind::QueryEvaluation);
        assert!(
            error.detail.contains("expression '$x' specified for the field 'Output/a[0]'"),
            "{error}"
        );
    }
}
