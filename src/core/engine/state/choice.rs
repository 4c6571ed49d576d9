//! Choice: the first rule that applies says where to go.

use super::super::data_flow::{Leaving, plain, unexpected};
use super::super::decide::Step;
use super::super::draft::{Draft, Look};
use crate::asl::model::{
    Choice, ChoiceRule, Class, Condition, Operand, QueryLanguage, Relation, State, Test, Trait,
    Transition,
};
use crate::expr::path::Path;
use crate::expr::{Document, Error, States, Value};
use crate::time::Timestamp;
use std::cmp::Ordering;

/// Evaluates the rules in order.
pub(crate) fn run(draft: &mut Draft<'_>, state: &State, choice: &Choice) -> Result<Step, Error> {
    let input = draft.effective_input(state)?;
    let look = plain(&input, Draft::sight(state));
    for (index, rule) in choice.rules.iter().enumerate() {
        let at = format!("Choices[{index}]/");
        if holds(draft, &rule.condition, look, &at)? {
            let leaving = leave_by(draft, state, (rule, &at), &input)?;
            return Ok(Step::Leave { leaving, next: Transition::Next(rule.next.clone()) });
        }
    }
    let Some(default) = &choice.default else {
        // As AWS words it; not among the recordings.
        return Err(Error::runtime(
            "Failed to transition out of the state. The state does not point to a next state.",
        ));
    };
    let leaving = draft.leave_plainly(state, &input, None)?;
    Ok(Step::Leave { leaving, next: Transition::Next(default.clone()) })
}

/// A rule's own Assign and Output come before the state's.
fn leave_by(
    draft: &Draft<'_>,
    state: &State,
    (rule, at): (&ChoiceRule, &str),
    input: &Document,
) -> Result<Leaving, Error> {
    let look = plain(input, Draft::sight(state));
    let assigned = draft.assigned(&rule.assign, look, at)?;
    if state.language == QueryLanguage::Jsonata {
        let states = States { input: Some(input.value()), ..States::default() };
        let look = Look { states, ..look };
        let output = match (&rule.output, &state.data.output) {
            (Some(template), _) => draft.render(template, look, &format!("{at}Output"))?,
            (None, Some(template)) => draft.render(template, look, "Output")?,
            (None, None) => input.clone(),
        };
        return Ok(Leaving { output, assigned });
    }
    let output = draft.select(&state.data.output_path, input, look.sight)?;
    Ok(Leaving { output, assigned })
}

/// Whether a condition holds; `at` is the place of its rule in the state.
fn holds(
    draft: &Draft<'_>,
    condition: &Condition,
    look: Look<'_>,
    at: &str,
) -> Result<bool, Error> {
    match condition {
        Condition::Constant(truth) => Ok(*truth),
        Condition::Not(inner) => holds(draft, inner, look, at).map(|truth| !truth),
        Condition::And(all) => {
            for inner in all {
                if !holds(draft, inner, look, at)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Condition::Or(any) => {
            for inner in any {
                if holds(draft, inner, look, at)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Expression(template) => {
            let field = format!("{at}Condition");
            let value = draft.evaluate(look, |scope| template.evaluate(scope, &field))?;
            let truth = value.as_bool();
            truth.ok_or_else(|| unexpected(template.source(), &field, "boolean", &value))
        }
        Condition::Test { variable, test } => passes(draft, variable, test, look),
    }
}

fn passes(draft: &Draft<'_>, variable: &Path, test: &Test, look: Look<'_>) -> Result<bool, Error> {
    let found = draft.evaluate(look, |scope| variable.read(scope));
    if let Test::Is(Trait::Present, wanted) = test {
        return Ok(found.is_ok() == *wanted);
    }
    let value = found.map_err(|_| invalid(variable))?;
    match test {
        Test::Is(kind, wanted) => Ok(is(*kind, &value) == *wanted),
        Test::Matches(pattern) => Ok(value.as_str().is_some_and(|text| matches(text, pattern))),
        Test::Compare { class, relation, with } => {
            let right = match with {
                Operand::Literal(value) => value.clone(),
                Operand::Path(path) => {
                    draft.evaluate(look, |scope| path.read(scope)).map_err(|_| invalid(path))?
                }
            };
            Ok(compare(*class, &value, &right).is_some_and(|ordering| related(*relation, ordering)))
        }
    }
}

/// As AWS words it; not among the recordings.
fn invalid(path: &Path) -> Error {
    Error::runtime(format!(
        "Invalid path '{}': The choice state's condition path references an invalid value.",
        path.source()
    ))
}

fn is(kind: Trait, value: &Value) -> bool {
    match kind {
        Trait::Null => *value == Value::Null,
        Trait::Present => true,
        Trait::Numeric => value.as_f64().is_some(),
        Trait::String => value.as_str().is_some(),
        Trait::Boolean => value.as_bool().is_some(),
        Trait::Timestamp => value.as_str().is_some_and(|text| Timestamp::parse(text).is_some()),
    }
}

/// How two values of a class stand to each other; `None` if either is not of the class.
fn compare(class: Class, left: &Value, right: &Value) -> Option<Ordering> {
    match class {
        Class::String => Some(left.as_str()?.encode_utf16().cmp(right.as_str()?.encode_utf16())),
        Class::Numeric => match (left, right) {
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        Class::Boolean => Some(left.as_bool()?.cmp(&right.as_bool()?)),
        Class::Timestamp => {
            let nanos = |v: &Value| {
                Timestamp::parse(v.as_str()?)?;
                v.as_str()?.parse::<jiff::Timestamp>().ok()
            };
            Some(nanos(left)?.cmp(&nanos(right)?))
        }
    }
}

fn related(relation: Relation, ordering: Ordering) -> bool {
    match relation {
        Relation::Equals => ordering.is_eq(),
        Relation::LessThan => ordering.is_lt(),
        Relation::GreaterThan => ordering.is_gt(),
        Relation::LessThanEquals => ordering.is_le(),
        Relation::GreaterThanEquals => ordering.is_ge(),
    }
}

/// `*` stands for any run of characters, a backslash makes the next character stand for itself. Takes time proportional
/// to both lengths: after a mismatch only the last `*` is tried again.
fn matches(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut wanted: Vec<Option<char>> = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => wanted.push(None),
            '\\' => wanted.push(Some(chars.next().unwrap_or('\\'))),
            c => wanted.push(Some(c)),
        }
    }
    let (mut t, mut w, mut star) = (0, 0, None);
    while t < text.len() {
        match wanted.get(w) {
            Some(None) => {
                star = Some((w, t));
                w += 1;
            }
            Some(Some(c)) if *c == text[t] => {
                t += 1;
                w += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                t = from + 1;
                w = at + 1;
            }
        }
    }
    wanted[w..].iter().all(Option::is_none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_run_and_can_be_escaped() {
        let table = [
            ("foo23.log", "foo*.log", true),
            ("zebra.log", "*.log", true),
            ("foobar.zebra", "foo*.*", true),
            ("a*b", r"a\*b", true),
            ("axb", r"a\*b", false),
            ("", "*", true),
            ("", "", true),
            ("abcabd", "*abd", true),
            ("abc", "ab", false),
        ];
        for (text, pattern, expected) in table {
            assert_eq!(matches(text, pattern), expected, "{text} against {pattern}");
        }
    }

    #[test]
    fn values_of_different_types_do_not_compare() {
        assert_eq!(compare(Class::Numeric, &Value::from("1"), &Value::Int(1)), None);
        assert_eq!(
            compare(Class::Numeric, &Value::Int(1), &Value::Float(1.0)),
            Some(Ordering::Equal)
        );
        assert_eq!(
            compare(
                Class::Timestamp,
                &Value::from("2024-01-01T00:00:00Z"),
                &Value::from("2024-01-01T01:00:00+01:00")
            ),
            Some(Ordering::Equal)
        );
    }
}
