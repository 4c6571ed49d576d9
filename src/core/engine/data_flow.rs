//! How data moves through a state, in the order in which it moves:
//! input → InputPath → Parameters → (the work) → ResultSelector → ResultPath → OutputPath for JSONPath,
//! input → Arguments → (the work) → Output for JSONata; Assign beside the output, from the same values.

use super::context::Sight;
use super::draft::{Draft, Look};
use crate::asl::model;
use crate::asl::model::{DataFlow, Number, QueryLanguage, ResultPath, Selection, State, Text};
use crate::expr::template::Template;
use crate::expr::{Document, Error, States, Value};

/// What leaves a state.
pub(crate) struct Leaving {
    /// The state's output.
    pub(crate) output: Document,
    /// Variables to be assigned, as one object.
    pub(crate) assigned: Option<Value>,
}

impl Draft<'_> {
    /// The sight that a state's fields have.
    pub(crate) fn sight<'v>(state: &State) -> Sight<'v> {
        let retries = matches!(
            state.kind,
            model::Kind::Task(_) | model::Kind::Parallel(_) | model::Kind::Map(_)
        );
        Sight { retries, ..Sight::default() }
    }

    /// The effective input: what InputPath selects (JSONPath), or the input as it is (JSONata).
    pub(crate) fn effective_input(&self, state: &State) -> Result<Document, Error> {
        let input = self.made.frame.input.clone();
        let selected = self.select(&state.data.input_path, &input, Draft::sight(state))?;
        // A mocked Parallel shows nothing of what comes before its branches (recorded).
        let shows = !matches!(state.kind, model::Kind::Parallel(_));
        if state.language == QueryLanguage::JsonPath && shows {
            self.note("afterInputPath", &selected);
        }
        Ok(selected)
    }

    /// What Parameters or Arguments make of the effective input; the effective input where there are none.
    pub(crate) fn arguments(
        &self,
        state: &State,
        input: &Document,
        sight: Sight<'_>,
    ) -> Result<Document, Error> {
        let jsonata = state.language == QueryLanguage::Jsonata;
        let shows = !matches!(state.kind, model::Kind::Parallel(_));
        let Some(template) = &state.data.arguments else {
            if shows && !jsonata {
                self.note("afterParameters", input);
            }
            return Ok(input.clone());
        };
        let field = if jsonata { "Arguments" } else { "Parameters" };
        let look = Look {
            input: input.value(),
            states: States { input: Some(input.value()), ..States::default() },
            sight,
        };
        let made = self.render(template, look, field)?;
        if shows {
            self.note(if jsonata { "afterArguments" } else { "afterParameters" }, &made);
        }
        Ok(made)
    }

    /// Output and variables of a state that had a result (Task, Parallel, Map).
    pub(crate) fn leave_with_result(
        &self,
        state: &State,
        result: &Document,
    ) -> Result<Leaving, Error> {
        let sight = Draft::sight(state);
        let raw = self.made.frame.input.clone();
        if state.language == QueryLanguage::Jsonata {
            let states = States {
                input: Some(raw.value()),
                result: Some(result.value()),
                error_output: None,
            };
            return self.leave_jsonata(
                &state.data,
                result,
                Look { input: raw.value(), states, sight },
            );
        }
        let result = match &state.data.result_selector {
            Some(template) => self.render(template, plain(result, sight), "ResultSelector")?,
            None => result.clone(),
        };
        self.leave_json_path(&state.data, &result, &result, sight)
    }

    /// Output and variables of a state that has none but its effective input (Choice, Wait, Succeed), or a Pass result.
    /// `placed` is what ResultPath puts into the input; without it the output is the effective input.
    pub(crate) fn leave_plainly(
        &self,
        state: &State,
        input: &Document,
        placed: Option<&Document>,
    ) -> Result<Leaving, Error> {
        let sight = Draft::sight(state);
        if state.language == QueryLanguage::Jsonata {
            let states = States { input: Some(input.value()), ..States::default() };
            return self.leave_jsonata(
                &state.data,
                input,
                Look { input: input.value(), states, sight },
            );
        }
        if let Some(result) = placed {
            return self.leave_json_path(&state.data, result, result, sight);
        }
        let assigned = self.assigned(&state.data.assign, plain(input, sight), "")?;
        let output = self.select(&state.data.output_path, input, sight)?;
        Ok(Leaving { output, assigned })
    }

    fn leave_json_path(
        &self,
        data: &DataFlow,
        result: &Document,
        seen: &Document,
        sight: Sight<'_>,
    ) -> Result<Leaving, Error> {
        self.note("afterResultSelector", result);
        let assigned = self.assigned(&data.assign, plain(seen, sight), "")?;
        let merged = self.place(&data.result_path, result)?;
        self.note("afterResultPath", &merged);
        let output = self.select(&data.output_path, &merged, sight)?;
        Ok(Leaving { output, assigned })
    }

    fn leave_jsonata(
        &self,
        data: &DataFlow,
        otherwise: &Document,
        look: Look<'_>,
    ) -> Result<Leaving, Error> {
        let assigned = self.assigned(&data.assign, look, "")?;
        let output = match &data.output {
            Some(template) => self.render(template, look, "Output")?,
            None => otherwise.clone(),
        };
        Ok(Leaving { output, assigned })
    }

    /// The value of an Assign field, which is the state's own or, by `at`, that of a part of it (`Catch[0]/`).
    pub(crate) fn assigned(
        &self,
        assign: &Option<Template>,
        look: Look<'_>,
        at: &str,
    ) -> Result<Option<Value>, Error> {
        let Some(template) = assign else { return Ok(None) };
        let field = format!("{at}Assign");
        self.evaluate(look, |scope| template.evaluate(scope, &field)).map(Some)
    }

    /// A template's value as a document.
    pub(crate) fn render(
        &self,
        template: &Template,
        look: Look<'_>,
        field: &str,
    ) -> Result<Document, Error> {
        self.evaluate(look, |scope| template.evaluate(scope, field)).map(Document::from)
    }

    /// InputPath or OutputPath.
    pub(crate) fn select(
        &self,
        selection: &Selection,
        document: &Document,
        sight: Sight<'_>,
    ) -> Result<Document, Error> {
        match selection {
            Selection::Whole => Ok(document.clone()),
            Selection::Nothing => Ok(Document::empty_object()),
            Selection::Path(path) => self.read(path, plain(document, sight)).map(Document::from),
        }
    }

    /// What a path finds, with the wrapping that path fields give an error.
    pub(crate) fn read(
        &self,
        path: &crate::expr::path::Path,
        look: Look<'_>,
    ) -> Result<Value, Error> {
        self.evaluate(look, |scope| path.read(scope)).map_err(|e| Error {
            detail: format!("Invalid path '{}' : {}", path.source(), e.detail),
            ..e
        })
    }

    /// The input with a result put where ResultPath says.
    pub(crate) fn place(
        &self,
        result_path: &ResultPath,
        result: &Document,
    ) -> Result<Document, Error> {
        let raw = &self.made.frame.input;
        match result_path {
            ResultPath::Whole => Ok(result.clone()),
            ResultPath::Discard => Ok(raw.clone()),
            ResultPath::At(path) => {
                path.write(raw.value(), result.value().clone()).map(Document::from)
            }
        }
    }

    /// A number field; `None` where it is absent.
    pub(crate) fn number(
        &self,
        number: &Option<Number>,
        look: Look<'_>,
        field: &str,
    ) -> Result<Option<f64>, Error> {
        let value = match number {
            None => return Ok(None),
            Some(Number::Literal(n)) => return Ok(Some(*n)),
            Some(Number::Path(path)) => {
                let value = self.read(path, look)?;
                // Of the fields that are numbers, percentages alone need not be whole (recorded).
                let (found, kind) = match field.ends_with("Percentage") {
                    true => (float_at_path(&value), "float"),
                    false => (integer_at_path(&value).map(|n| n as f64), "integer"),
                };
                let invalid = || no_number((field, kind), &value, path.source());
                return match found.ok_or_else(invalid)? {
                    n if in_range(n, field) => Ok(Some(n)),
                    n if n < 0.0 && field == "MaxConcurrency" => Err(negative_concurrency(n)),
                    _ => Err(invalid()),
                };
            }
            Some(Number::Expression(template)) => {
                self.evaluate(look, |scope| template.evaluate(scope, field))?
            }
        };
        let Some(n) = value.as_f64() else {
            let source = number_source(number);
            return Err(unexpected(source, field, "number", &value));
        };
        if !in_range(n, field) {
            let detail = format!(
                "The field '{field}' must be an integer that is not negative and at most {} but was: {}",
                asl_most(field),
                value.to_json()
            );
            return Err(Error::query(detail).at(field));
        }
        Ok(Some(n))
    }

    /// A text field of a Fail state.
    pub(crate) fn text(
        &self,
        text: &Option<Text>,
        look: Look<'_>,
        field: &str,
    ) -> Result<Option<std::sync::Arc<str>>, Error> {
        let (template, path) = match text {
            None => return Ok(None),
            Some(Text::Literal(text)) => return Ok(Some(text.clone())),
            Some(Text::Path(template)) => (template, true),
            Some(Text::Expression(template)) => (template, false),
        };
        let shown_as = if path { format!("{field}Path") } else { field.to_owned() };
        let value = self.evaluate(look, |scope| template.evaluate(scope, &shown_as))?;
        match value {
            Value::String(text) => Ok(Some(text)),
            other if path => Err(Error::runtime(format!(
                "The {shown_as} field must refer to a string value but was: {}",
                other.to_json()
            ))),
            other => Err(unexpected(template.source(), field, "string", &other)),
        }
    }
}

/// An expression came to a value of a type that its field cannot take (the text is recorded for `Items`).
pub(crate) fn unexpected(source: Option<&str>, field: &str, wanted: &str, value: &Value) -> Error {
    let (source, text) = (source.unwrap_or_default(), value.to_json());
    Error::query(format!(
        "The JSONata expression '{source}' specified for the field '{field}' returned an unexpected result type. Expected '{wanted}', but was '{}' for value: {text}",
        type_name(value)
    ))
    .at(field)
}

/// A path of a number field refers to something else (recorded for the tolerated failures of a Map and for MaxItemsPath).
pub(crate) fn no_number((field, kind): (&str, &str), value: &Value, path: &str) -> Error {
    Error::runtime(format!(
        "The {field}Path field refers to value \"{}\" which is not a valid {kind}: {path}",
        shown(value)
    ))
}

/// As AWS words it; not among the recordings.
fn negative_concurrency(n: f64) -> Error {
    Error::runtime(format!(
        "Expected non-negative integer for MaxConcurrency, but got '{n}' instead."
    ))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn number_source(number: &Option<Number>) -> Option<&str> {
    match number {
        Some(Number::Expression(template)) => template.source(),
        _ => None,
    }
}

/// Whether a computed number is within the bounds that the validator holds the literal field to. The tolerated failures
/// of a Map have bounds and texts of their own.
fn in_range(n: f64, field: &str) -> bool {
    let bounded = matches!(field, "TimeoutSeconds" | "HeartbeatSeconds" | "MaxConcurrency");
    !bounded || (n.trunc() == n && n >= 0.0 && n <= asl_most(field) as f64)
}

fn asl_most(field: &str) -> i64 {
    if field == "MaxConcurrency" { i64::from(u32::MAX) } else { MAX_SECONDS }
}

/// The longest time that a Task can ask for.
const MAX_SECONDS: i64 = 99_999_999;

/// A look at a document and at nothing else.
pub(crate) fn plain<'v>(document: &'v Document, sight: Sight<'v>) -> Look<'v> {
    let value = document.value();
    Look { input: value, states: States { input: Some(value), ..States::default() }, sight }
}

/// An integer in any of the forms that JSON has for one.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Float(f) if f.trunc() == *f && f.abs() < 9e15 => Some(*f as i64),
        _ => None,
    }
}

/// An integer that a path field refers to: AWS takes the digits of a string as well (recorded for MaxConcurrencyPath).
pub(crate) fn integer_at_path(value: &Value) -> Option<i64> {
    integer(value).or_else(|| value.as_str()?.parse().ok())
}

fn float_at_path(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|n| n.is_finite())
}

/// A value as messages show it: strings bare, the rest as JSON.
pub(crate) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}
