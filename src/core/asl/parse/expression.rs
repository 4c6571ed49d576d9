//! Fields that are computed from data: paths, templates, and numbers and texts that may be given either way.

use super::Parser;
use crate::asl::diagnostic::Code;
use crate::asl::model::{Moment, Number, QueryLanguage, ResultPath, Selection, Text};
use crate::asl::validate::schema::is_expression;
use crate::asl::validate::{Here, Outcome};
use crate::expr::path::{Path, Root};
use crate::expr::reference::ReferencePath;
use crate::expr::template::Template;
use crate::expr::value::{Map, Value};

impl Parser {
    /// A field that is a template of the state's query language.
    pub(super) fn template(
        &mut self,
        object: &Map,
        field: &str,
        here: &Here<'_>,
    ) -> Option<Template> {
        self.compile(object.get(field)?, &here.field(field))
    }

    /// Compiles a template.
    pub(super) fn compile(&mut self, source: &Value, here: &Here<'_>) -> Option<Template> {
        let compiled = match here.language {
            QueryLanguage::JsonPath => Template::json_path(source),
            QueryLanguage::Jsonata => Template::jsonata(source),
        };
        match (compiled, here.language) {
            (Ok(template), _) => {
                self.check_states(&template, here);
                return Some(template);
            }
            // AWS names the field in the message and gives the place of the object around it.
            (Err((below, message)), QueryLanguage::JsonPath) => {
                self.findings.schema(format!("{here}{below}"), message);
            }
            (Err((below, message)), QueryLanguage::Jsonata) => {
                self.findings.add(jsonata_code(&message), format!("{here}{below}"), message);
            }
        }
        None
    }

    /// `$states` has `result` and `errorOutput` only where there are any.
    fn check_states(&mut self, template: &Template, here: &Here<'_>) {
        for (place, member) in template.state_members() {
            if Outcome::of(&member).is_some_and(|needed| here.outcome != Some(needed)) {
                let message = format!("Reference to '$states.{member}' is not supported.");
                let code = Code::UnsupportedJsonataExpression;
                self.findings.add(code, format!("{here}{place}"), message);
            }
        }
    }

    /// `Assign`: a template whose keys are names of variables.
    pub(super) fn assign(&mut self, object: &Map, here: &Here<'_>) -> Option<Template> {
        let here = here.field("Assign");
        let variables = object.get("Assign")?.as_object()?;
        for key in variables.keys() {
            let name = match here.language {
                QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
                QueryLanguage::Jsonata => key,
            };
            if !is_variable_name(name) {
                self.findings
                    .schema(here.field(key), format!("'{name}' is not a valid variable name"));
            }
            self.scopes.assign(name, &here.field(key));
        }
        self.compile(object.get("Assign")?, &here)
    }

    /// A field that is a path.
    pub(super) fn path(&mut self, object: &Map, field: &str, here: &Here<'_>) -> Option<Path> {
        let source = object.get(field)?.as_str()?;
        self.parsed(Path::parse(source), NO_PATH, &here.field(field))
    }

    /// A field that is a reference path, or a path of names and indexes into the context object or a variable.
    pub(super) fn reference(&mut self, object: &Map, field: &str, here: &Here<'_>) -> Option<Path> {
        let source = object.get(field)?.as_str()?;
        let parsed = Path::parse(source).and_then(|path| match path.root() {
            _ if !path.is_reference() => Err("It must name exactly one place".to_owned()),
            Root::Context if WITHOUT_CONTEXT.contains(&field) => {
                Err("It can not start with '$$'".to_owned())
            }
            _ => Ok(path),
        });
        self.parsed(parsed, NO_REFERENCE, &here.field(field))
    }

    /// `InputPath` or `OutputPath`.
    pub(super) fn selection(&mut self, object: &Map, field: &str, here: &Here<'_>) -> Selection {
        match object.get(field) {
            None => Selection::Whole,
            Some(Value::Null) => Selection::Nothing,
            Some(source) if source.as_str() == Some("$") => Selection::Whole,
            Some(_) => self.path(object, field, here).map_or(Selection::Whole, Selection::Path),
        }
    }

    /// `ResultPath`.
    pub(super) fn result_path(&mut self, object: &Map, here: &Here<'_>) -> ResultPath {
        let here = here.field("ResultPath");
        match object.get("ResultPath") {
            Some(Value::Null) => ResultPath::Discard,
            Some(Value::String(source)) if &**source != "$" => self
                .parsed(ReferencePath::parse(source), NO_REFERENCE, &here)
                .map_or(ResultPath::Whole, ResultPath::At),
            _ => ResultPath::Whole,
        }
    }

    /// A number by value, by expression, or by the companion field that ends in `Path`.
    pub(super) fn number(&mut self, object: &Map, field: &str, here: &Here<'_>) -> Option<Number> {
        if let Some(expression) = self.expression(object, field, here) {
            return Some(Number::Expression(expression));
        }
        if let Some(number) = object.get(field).and_then(Value::as_f64) {
            return Some(Number::Literal(number));
        }
        self.reference(object, &format!("{field}Path"), here).map(Number::Path)
    }

    /// A text by value, by expression, or by the companion field that ends in `Path`.
    pub(super) fn text(&mut self, object: &Map, field: &str, here: &Here<'_>) -> Option<Text> {
        if let Some(expression) = self.expression(object, field, here) {
            return Some(Text::Expression(expression));
        }
        if let Some(text) = object.get(field).and_then(Value::as_str) {
            return Some(Text::Literal(text.into()));
        }
        let companion = format!("{field}Path");
        let source = object.get(&*companion)?.as_str()?;
        let template = Template::json_path_expression(source).and_then(|template| {
            let calls = source.split_once('(').filter(|_| source.starts_with("States."));
            let text = match (calls, template.paths().first()) {
                (Some((function, _)), _) => TEXT_FUNCTIONS.contains(&function.trim()),
                (None, path) => path.is_some_and(|path| path.is_reference()),
            };
            if text { Ok(template) } else { Err("It must yield a string".to_owned()) }
        });
        self.parsed(template, NO_TEXT, &here.field(&companion)).map(Text::Path)
    }

    /// `Timestamp` or `TimestampPath`.
    pub(super) fn moment(&mut self, object: &Map, here: &Here<'_>) -> Option<Moment> {
        if let Some(expression) = self.expression(object, "Timestamp", here) {
            return Some(Moment::Expression(expression));
        }
        if let Some(text) = object.get("Timestamp").and_then(Value::as_str) {
            return Some(Moment::Literal(text.into()));
        }
        self.reference(object, "TimestampPath", here).map(Moment::Path)
    }

    /// A field that is a JSONata expression.
    pub(super) fn expression(
        &mut self,
        object: &Map,
        field: &str,
        here: &Here<'_>,
    ) -> Option<Template> {
        let source = object.get(field)?;
        let expression = source.as_str().is_some_and(is_expression);
        if !expression || here.language != QueryLanguage::Jsonata {
            return None;
        }
        self.compile(source, &here.field(field))
    }

    fn parsed<T>(&mut self, parsed: Result<T, String>, no: &str, here: &Here<'_>) -> Option<T> {
        parsed.map_err(|why| self.findings.schema(here, format!("{no}: {why}"))).ok()
    }
}

const NO_PATH: &str = "Value is not a valid JSONPath";
const NO_REFERENCE: &str = "Value is not a Reference Path";
const NO_TEXT: &str =
    "Value is not a Reference Path or an intrinsic function that returns a string";

/// Fields that take a path of the input or a variable, but not of the context object.
const WITHOUT_CONTEXT: &[&str] = &[
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "MaxItemsPath",
    "MaxItemsPerBatchPath",
    "MaxInputBytesPerBatchPath",
];

/// What `ErrorPath` and `CausePath` may call (AWS's documentation of the Fail state).
const TEXT_FUNCTIONS: &[&str] = &[
    "States.Format",
    "States.JsonToString",
    "States.ArrayGetItem",
    "States.Base64Encode",
    "States.Base64Decode",
    "States.Hash",
    "States.UUID",
];

/// Two codes for faults of expressions: those that JSONata itself has, and those that only Step Functions sees, as in
/// `Reference to 'x' at the top level is not supported.`
fn jsonata_code(message: &str) -> Code {
    if message.ends_with(" is not supported.") {
        Code::UnsupportedJsonataExpression
    } else {
        Code::InvalidJsonataExpression
    }
}

/// Unicode identifiers (UAX #31) of at most 80 characters. Outside ASCII this is lenient.
fn is_variable_name(name: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    let continues = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    name.starts_with(starts)
        && name.chars().all(continues)
        && name.chars().count() <= 80
        && name != "states"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_step_functions_refuses_has_its_own_code() {
        let unsupported = "Reference to 'phone' at the top level is not supported.";
        assert_eq!(jsonata_code(unsupported), Code::UnsupportedJsonataExpression);
        assert_eq!(jsonata_code("Expected \"]\", got \",\""), Code::InvalidJsonataExpression);
    }

    #[test]
    fn variables_are_named_like_identifiers() {
        let long = "v".repeat(81);
        let table = [
            ("total", true),
            ("größe_2", true),
            ("_x", true),
            ("2nd", false),
            ("order.id", false),
            ("a b", false),
            ("", false),
            ("states", false),
            (long.as_str(), false),
        ];
        for (name, expected) in table {
            assert_eq!(is_variable_name(name), expected, "{name}");
        }
    }
}
