//! Wait: until a number of seconds has passed or a time has come.

use super::super::Phase;
use super::super::data_flow::{integer, integer_at_path, plain, shown, unexpected};
use super::super::decide::Step;
use super::super::draft::{Draft, Look};
use crate::asl::model::{Moment, Number, QueryLanguage, State, Wait};
use crate::expr::path::Path;
use crate::expr::{Document, Error, Value};
use crate::time::Timestamp;

/// Longest wait in seconds (States Language).
const LONGEST: f64 = 99_999_999.0;

/// Begins the wait; one that is over already ends at once.
pub(crate) fn begin(draft: &mut Draft<'_>, state: &State, wait: &Wait) -> Result<Step, Error> {
    let input = draft.effective_input(state)?;
    let look = plain(&input, Draft::sight(state));
    let until = match wait {
        Wait::Seconds(seconds) => draft.set.now.plus_seconds(self::seconds(draft, seconds, look)?),
        Wait::Timestamp(moment) => time(draft, (state.language, moment), look)?,
    };
    if until > draft.set.now {
        return Ok(Step::Stay(Phase::Waiting { until }));
    }
    leave(draft, state, &input)
}

/// The time has come.
pub(crate) fn over(draft: &mut Draft<'_>, state: &State) -> Step {
    let left = draft.effective_input(state).and_then(|input| leave(draft, state, &input));
    left.unwrap_or_else(|error| super::failed(draft, &error))
}

fn leave(draft: &Draft<'_>, state: &State, input: &Document) -> Result<Step, Error> {
    let leaving = draft.leave_plainly(state, input, None)?;
    Ok(Step::Leave { leaving, next: state.next.clone() })
}

fn seconds(draft: &Draft<'_>, seconds: &Number, look: Look<'_>) -> Result<f64, Error> {
    let n = match seconds {
        Number::Literal(n) => return Ok(*n),
        Number::Path(path) => {
            let value = referenced(draft, path, look, "SecondsPath")?;
            let source = path.source();
            let n = integer_at_path(&value).ok_or_else(|| {
                let value = shown(&value);
                Error::runtime(format!("The SecondsPath parameter cannot be parsed as a long value: {source} == {value}"))
            })?;
            if n < 0 {
                return Err(Error::runtime(format!(
                    "The SecondsPath parameter references a negative value: {source} == {n}"
                )));
            }
            n as f64
        }
        Number::Expression(template) => {
            let value = draft.evaluate(look, |scope| template.evaluate(scope, "Seconds"))?;
            expression_seconds(template.source(), &value)?
        }
    };
    if n > LONGEST {
        return Err(Error::runtime("Wait state delay is too long."));
    }
    Ok(n)
}

/// What a path field of a Wait refers to (recorded on AWS: these fields word a path that finds nothing in their own way).
fn referenced(draft: &Draft<'_>, path: &Path, look: Look<'_>, field: &str) -> Result<Value, Error> {
    draft.evaluate(look, |scope| path.read(scope)).map_err(|_| {
        let source = path.source();
        Error::runtime(format!("The {field} parameter does not reference an input value: {source}"))
    })
}

fn expression_seconds(source: Option<&str>, value: &Value) -> Result<f64, Error> {
    if value.as_f64().is_none() {
        return Err(unexpected(source, "Seconds", "number", value));
    }
    match integer(value) {
        Some(n) if n >= 0 => Ok(n as f64),
        Some(n) => {
            Err(Error::query(format!("The Seconds parameter references a negative value: {n}"))
                .at("Seconds"))
        }
        None => Err(Error::query(format!(
            "The Seconds parameter cannot be parsed as a long value: {}",
            shown(value)
        ))
        .at("Seconds")),
    }
}

fn time(
    draft: &Draft<'_>,
    (language, moment): (QueryLanguage, &Moment),
    look: Look<'_>,
) -> Result<Timestamp, Error> {
    match moment {
        Moment::Literal(text) => Timestamp::parse(text).ok_or_else(|| unparsable(language, text)),
        Moment::Path(path) => {
            let value = referenced(draft, path, look, "TimestampPath")?;
            value.as_str().and_then(Timestamp::parse).ok_or_else(|| {
                Error::runtime(format!(
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {} == {}",
                    path.source(), shown(&value)
                ))
            })
        }
        Moment::Expression(template) => {
            let value = draft.evaluate(look, |scope| template.evaluate(scope, "Timestamp"))?;
            let Some(text) = value.as_str() else {
                return Err(unexpected(template.source(), "Timestamp", "string", &value));
            };
            Timestamp::parse(text).ok_or_else(|| unparsable(language, text))
        }
    }
}

/// Recorded on AWS for JSONata.
fn unparsable(language: QueryLanguage, text: &str) -> Error {
    let detail = format!(
        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
    );
    match language {
        QueryLanguage::JsonPath => Error::runtime(detail),
        QueryLanguage::Jsonata => Error::query(detail).at("Timestamp"),
    }
}
