//! The fields of machines, flows and states, by query language.
//!
//! Source: the States Language and AWS's developer guide; where only one language has a field, the other's states
//! refuse it.

use super::schema::{Alternative, Field, Schema, Shape, both, json_path, jsonata};

/// The table of a state type; `None` for a type that does not exist.
pub(crate) fn of_state(state_type: &str) -> Option<&'static Schema> {
    STATES.iter().find(|(name, _)| *name == state_type).map(|(_, schema)| schema)
}

/// A whole definition.
pub(crate) const MACHINE: Schema = Schema::of(&[
    FLOW,
    &[both("Version", Shape::Word(&["1.0"])), both("TimeoutSeconds", Shape::Whole(0, MAX_SECONDS))],
]);

/// A branch of a Parallel state.
pub(crate) const BRANCH: Schema = Schema::of(&[FLOW]);

/// `ItemProcessor` or `Iterator` of a Map state.
pub(crate) const PROCESSOR: Schema = Schema::of(&[FLOW, &[both("ProcessorConfig", Shape::Object)]]);

/// A state whose type is missing or unknown: only that is looked at.
pub(crate) const UNTYPED: Schema = Schema::of(&[ALWAYS]).and(anything);

/// The longest time that a definition can ask for, in seconds.
pub(crate) const MAX_SECONDS: i64 = 99_999_999;

fn anything(_: &str) -> Option<super::schema::Takes> {
    Some(super::schema::Takes::new(None, Shape::Any))
}

static STATES: [(&str, Schema); 8] = [
    ("Pass", Schema::of(&[ALWAYS, LEADS, SELECTS, ASSIGNS, PARAMETERS, PASS]).with(&[LEADS_ON])),
    (
        "Task",
        Schema::of(&[
            ALWAYS, LEADS, SELECTS, ASSIGNS, PARAMETERS, ARGUMENTS, RESHAPES, RECOVERS, TASK,
        ])
        .with(&[LEADS_ON, TIMEOUT, HEARTBEAT]),
    ),
    ("Choice", Schema::of(&[ALWAYS, SELECTS, ASSIGNS, CHOICE])),
    ("Wait", Schema::of(&[ALWAYS, LEADS, SELECTS, ASSIGNS, WAIT]).with(&[LEADS_ON, MOMENT])),
    ("Succeed", Schema::of(&[ALWAYS, SELECTS])),
    ("Fail", Schema::of(&[ALWAYS, FAIL]).with(&[ERROR, CAUSE])),
    (
        "Parallel",
        Schema::of(&[
            ALWAYS, LEADS, SELECTS, ASSIGNS, PARAMETERS, ARGUMENTS, RESHAPES, RECOVERS, PARALLEL,
        ])
        .with(&[LEADS_ON]),
    ),
    (
        "Map",
        Schema::of(&[
            ALWAYS,
            LEADS,
            SELECTS,
            ASSIGNS,
            PARAMETERS,
            RESHAPES,
            RECOVERS,
            MAP,
            DISTRIBUTED,
        ])
        .with(&[LEADS_ON, PROCESSORS, SELECTORS, CONCURRENCY, FAILURES, PERCENTAGE]),
    ),
];

const FLOW: &[Field] = &[
    both("States", Shape::FilledObject).required(),
    both("StartAt", Shape::Text).required(),
    both("Comment", Shape::Any),
    both("QueryLanguage", Shape::Word(LANGUAGES)),
];
const ALWAYS: &[Field] = &[
    both("Type", Shape::Word(TYPES)).required(),
    both("Comment", Shape::Any),
    both("QueryLanguage", Shape::Word(LANGUAGES)),
];
const LEADS: &[Field] = &[both("Next", Shape::Text), both("End", Shape::Flag)];
const SELECTS: &[Field] = &[
    json_path("InputPath", Shape::NullOrText),
    json_path("OutputPath", Shape::NullOrText),
    jsonata("Output", Shape::Any),
];
const ASSIGNS: &[Field] = &[both("Assign", Shape::Object)];
const PARAMETERS: &[Field] =
    &[json_path("Parameters", Shape::Any), json_path("ResultPath", Shape::NullOrText)];
const ARGUMENTS: &[Field] = &[jsonata("Arguments", Shape::Any)];
const RESHAPES: &[Field] = &[json_path("ResultSelector", Shape::Any)];
const RECOVERS: &[Field] = &[both("Retry", Shape::Array), both("Catch", Shape::Array)];

const PASS: &[Field] = &[json_path("Result", Shape::Any)];
const TASK: &[Field] = &[
    both("Resource", Shape::Text).required(),
    both("Credentials", Shape::Object).computed(),
    both("TimeoutSeconds", Shape::Whole(0, MAX_SECONDS)).computed(),
    json_path("TimeoutSecondsPath", Shape::Text),
    both("HeartbeatSeconds", Shape::Whole(0, MAX_SECONDS)).computed(),
    json_path("HeartbeatSecondsPath", Shape::Text),
];
const CHOICE: &[Field] =
    &[both("Choices", Shape::FilledArray).required(), both("Default", Shape::Text)];
const WAIT: &[Field] = &[
    both("Seconds", Shape::Whole(0, MAX_SECONDS)).computed(),
    json_path("SecondsPath", Shape::Text),
    both("Timestamp", Shape::Timestamp).computed(),
    json_path("TimestampPath", Shape::Text),
];
const FAIL: &[Field] = &[
    both("Error", Shape::Text),
    json_path("ErrorPath", Shape::Text),
    both("Cause", Shape::Text),
    json_path("CausePath", Shape::Text),
];
const PARALLEL: &[Field] = &[both("Branches", Shape::FilledArray).required()];
const MAP: &[Field] = &[
    both("ItemProcessor", Shape::Object),
    both("Iterator", Shape::Object),
    json_path("ItemsPath", Shape::Text),
    jsonata("Items", Shape::Any),
    both("ItemSelector", Shape::Any),
    both("MaxConcurrency", Shape::Whole(0, i64::MAX)).computed(),
    json_path("MaxConcurrencyPath", Shape::Text),
];
const DISTRIBUTED: &[Field] = &[
    both("ItemReader", Shape::Object),
    both("ItemBatcher", Shape::FilledObject),
    both("ResultWriter", Shape::FilledObject),
    both("Label", Shape::Text),
    both("ToleratedFailureCount", Shape::Whole(0, i64::MAX)).computed(),
    json_path("ToleratedFailureCountPath", Shape::Text),
    both("ToleratedFailurePercentage", Shape::Number(0.0, 100.0)).computed(),
    json_path("ToleratedFailurePercentagePath", Shape::Text),
];

const LEADS_ON: Alternative = exactly_one(&["Next", "End"]);
const MOMENT: Alternative = exactly_one(&["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]);
const PROCESSORS: Alternative = exactly_one(&["ItemProcessor", "Iterator"]);
const TIMEOUT: Alternative = at_most_one(&["TimeoutSeconds", "TimeoutSecondsPath"]);
const HEARTBEAT: Alternative = at_most_one(&["HeartbeatSeconds", "HeartbeatSecondsPath"]);
const ERROR: Alternative = at_most_one(&["Error", "ErrorPath"]);
const CAUSE: Alternative = at_most_one(&["Cause", "CausePath"]);
const SELECTORS: Alternative = at_most_one(&["ItemSelector", "Parameters"]);
const CONCURRENCY: Alternative = at_most_one(&["MaxConcurrency", "MaxConcurrencyPath"]);
const FAILURES: Alternative = at_most_one(&["ToleratedFailureCount", "ToleratedFailureCountPath"]);
const PERCENTAGE: Alternative =
    at_most_one(&["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"]);

/// Of these fields one must be there, and only one.
pub(super) const fn exactly_one(fields: &'static [&'static str]) -> Alternative {
    Alternative { fields, required: true }
}

/// Of these fields only one may be there.
pub(super) const fn at_most_one(fields: &'static [&'static str]) -> Alternative {
    Alternative { fields, required: false }
}

const TYPES: &[&str] = &["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"];
const LANGUAGES: &[&str] = &["JSONPath", "JSONata"];
