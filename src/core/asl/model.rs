//! The typed machine. Parsed once from text; the engine never looks up `"Type"` while it runs, and a `Machine` that
//! exists is one that can be run: names resolve, exclusive fields are exclusive, expressions are compiled.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::expr::path::Path;
use crate::expr::reference::ReferencePath;
use crate::expr::template::Template;
use crate::expr::{Document, Value};

/// A state's name: 1 to 80 characters.
pub type Name = Arc<str>;

/// Position of a [`Flow`] in [`Machine::flows`]; 0 is the machine's own.
pub type FlowId = u32;

/// A whole state machine definition.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Top-level `TimeoutSeconds`, at most 99,999,999.
    pub timeout_seconds: Option<u64>,
    /// All flows, depth first in document order: the machine's own, then each branch and item processor.
    pub flows: Vec<Flow>,
}

/// A set of states with a start: the machine itself, a Parallel branch or an item processor.
#[derive(Clone, Debug)]
pub struct Flow {
    /// `StartAt`; a key of `states`.
    pub start_at: Name,
    /// States by name.
    pub states: IndexMap<Name, State>,
}

impl Machine {
    /// The state `name` of a flow. `None` only if the two come from different definitions.
    pub fn state(&self, flow: FlowId, name: &str) -> Option<&State> {
        self.flows.get(flow as usize)?.states.get(name)
    }

    /// A flow. `None` only if the id comes from another definition.
    pub fn flow(&self, flow: FlowId) -> Option<&Flow> {
        self.flows.get(flow as usize)
    }
}

/// How a state's fields are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryLanguage {
    /// Paths, payload templates, intrinsic functions.
    #[default]
    JsonPath,
    /// `{% … %}` expressions.
    Jsonata,
}

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its key in `States`.
    pub name: Name,
    /// Its own query language, or the machine's.
    pub language: QueryLanguage,
    /// What it does.
    pub kind: Kind,
    /// What it does with its data.
    pub data: DataFlow,
    /// `Retry`, in order.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order.
    pub catch: Vec<Catcher>,
    /// `Next` or `End`; for Choice, Succeed and Fail it is `End` and not used.
    pub next: Transition,
}

/// Where a state leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `Next`; a state of the same flow.
    Next(Name),
    /// `End: true`
    End,
}

/// The eight state types.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Hands on its input, or `Result`.
    Pass(Pass),
    /// Work.
    Task(Box<Task>),
    /// Branches on data.
    Choice(Choice),
    /// Waits.
    Wait(Wait),
    /// Ends the flow well.
    Succeed,
    /// Ends the execution badly.
    Fail(Fail),
    /// Runs branches side by side.
    Parallel(Parallel),
    /// Runs one flow for each item.
    Map(Box<Map>),
}

/// The fields that move data through a state. Those of the other query language stay at their defaults.
#[derive(Clone, Debug, Default)]
pub struct DataFlow {
    /// `InputPath`; default `$`.
    pub input_path: Selection,
    /// `Parameters` (JSONPath; for Map the old name of ItemSelector is in [`Map::item_selector`]) or `Arguments`.
    pub arguments: Option<Template>,
    /// `ResultSelector`.
    pub result_selector: Option<Template>,
    /// `ResultPath`; default `$`.
    pub result_path: ResultPath,
    /// `OutputPath`; default `$`.
    pub output_path: Selection,
    /// `Output` (JSONata).
    pub output: Option<Template>,
    /// `Assign`: variable name (without `$`) to value, as one object template.
    pub assign: Option<Template>,
}

/// `InputPath` or `OutputPath`.
#[derive(Clone, Debug, Default)]
pub enum Selection {
    /// `$`: the document as it is.
    #[default]
    Whole,
    /// `null`: an empty object.
    Nothing,
    /// What the path finds.
    Path(Path),
}

/// `ResultPath`.
#[derive(Clone, Debug, Default)]
pub enum ResultPath {
    /// `$`: the result replaces the input.
    #[default]
    Whole,
    /// `null`: the result is dropped.
    Discard,
    /// The result is written into the input.
    At(ReferencePath),
}

/// Pass.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// `Result` (JSONPath).
    pub result: Option<Document>,
}

/// Task.
#[derive(Clone, Debug)]
pub struct Task {
    /// `Resource`, parsed.
    pub resource: Resource,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`.
    pub timeout: Option<Number>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat: Option<Number>,
    /// `Credentials`.
    pub credentials: Option<Template>,
}

/// A Task's `Resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`: the whole ARN.
    LambdaFunction(Arc<str>),
    /// `arn:aws:states:REGION:ACCOUNT:activity:NAME`: the whole ARN.
    Activity(Arc<str>),
    /// `arn:aws:states:::SERVICE:ACTION[.PATTERN]`.
    Service(ServiceResource),
}

/// An optimized or `aws-sdk` service integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceResource {
    /// The whole ARN as written.
    pub arn: Arc<str>,
    /// As history shows it in `resourceType`: `lambda`, `aws-sdk:sfn`, …
    pub resource_type: Arc<str>,
    /// The API action without the pattern: `invoke`, `startExecution`, …
    pub action: Arc<str>,
    /// The suffix of the action.
    pub pattern: Pattern,
}

impl ServiceResource {
    /// As history shows it in `resource`: `invoke.waitForTaskToken`.
    pub fn shown(&self) -> Arc<str> {
        match self.pattern.suffix() {
            "" => self.action.clone(),
            suffix => format!("{}{suffix}", self.action).into(),
        }
    }
}

/// How a service integration is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pattern {
    /// No suffix: the response is the result.
    #[default]
    RequestResponse,
    /// `.sync`
    Sync,
    /// `.sync:2`
    Sync2,
    /// `.waitForTaskToken`
    WaitForTaskToken,
}

impl Pattern {
    /// The suffix of the resource, with its dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Pattern::RequestResponse => "",
            Pattern::Sync => ".sync",
            Pattern::Sync2 => ".sync:2",
            Pattern::WaitForTaskToken => ".waitForTaskToken",
        }
    }
}

/// A number that a definition gives directly, by path, or (JSONata) by expression.
#[derive(Clone, Debug)]
pub enum Number {
    /// The field itself: `"TimeoutSeconds": 5`.
    Literal(f64),
    /// The field with suffix `Path`.
    Path(Path),
    /// `{% … %}`
    Expression(Template),
}

/// A string that a definition gives directly, by path or intrinsic function, or (JSONata) by expression.
#[derive(Clone, Debug)]
pub enum Text {
    /// The field itself.
    Literal(Arc<str>),
    /// The field with suffix `Path`: a path or an intrinsic function, as a template of one expression.
    Path(Template),
    /// `{% … %}`
    Expression(Template),
}

/// Choice.
#[derive(Clone, Debug)]
pub struct Choice {
    /// `Choices`, in order.
    pub rules: Vec<ChoiceRule>,
    /// `Default`.
    pub default: Option<Name>,
}

/// One top-level rule of a Choice state.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    /// When it applies.
    pub condition: Condition,
    /// `Next`.
    pub next: Name,
    /// `Assign` of the rule.
    pub assign: Option<Template>,
    /// `Output` of the rule (JSONata).
    pub output: Option<Template>,
}

/// A Choice rule's condition.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All of these.
    And(Vec<Condition>),
    /// Any of these.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// `Variable` against an operator.
    Test {
        /// `Variable`
        variable: Path,
        /// What it is held against.
        test: Test,
    },
    /// `Condition` (JSONata).
    Expression(Template),
    /// `Condition: true` or `false` (JSONata).
    Constant(bool),
}

/// What a variable is held against.
#[derive(Clone, Debug)]
pub enum Test {
    /// `StringLessThan…`, `NumericEquals…`, `BooleanEquals…`, `TimestampGreaterThan…`.
    Compare {
        /// The type that both sides must have.
        class: Class,
        /// The relation.
        relation: Relation,
        /// The right side.
        with: Operand,
    },
    /// `StringMatches`: `*` stands for any run of characters, `\\` escapes.
    Matches(Arc<str>),
    /// `IsNull`, `IsPresent`, …: whether the variable is of the kind must equal the flag.
    Is(Trait, bool),
}

/// Types that Choice comparisons know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `String…`
    String,
    /// `Numeric…`
    Numeric,
    /// `Boolean…`
    Boolean,
    /// `Timestamp…`
    Timestamp,
}

/// Relations of Choice comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `…Equals`
    Equals,
    /// `…LessThan`
    LessThan,
    /// `…GreaterThan`
    GreaterThan,
    /// `…LessThanEquals`
    LessThanEquals,
    /// `…GreaterThanEquals`
    GreaterThanEquals,
}

/// The right side of a comparison.
#[derive(Clone, Debug)]
pub enum Operand {
    /// Given in the definition.
    Literal(Value),
    /// `…Path`: found in the input.
    Path(Path),
}

/// What `Is…` operators ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// `IsNull`
    Null,
    /// `IsPresent`
    Present,
    /// `IsNumeric`
    Numeric,
    /// `IsString`
    String,
    /// `IsBoolean`
    Boolean,
    /// `IsTimestamp`
    Timestamp,
}

/// Wait.
#[derive(Clone, Debug)]
pub enum Wait {
    /// `Seconds` or `SecondsPath`.
    Seconds(Number),
    /// `Timestamp` or `TimestampPath`; the path form as [`Moment::Path`].
    Timestamp(Moment),
}

/// A point in time that a definition gives.
#[derive(Clone, Debug)]
pub enum Moment {
    /// RFC 3339 text, checked by the parser.
    Literal(Arc<str>),
    /// `TimestampPath`
    Path(Path),
    /// `{% … %}`
    Expression(Template),
}

/// Fail.
#[derive(Clone, Debug, Default)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<Text>,
    /// `Cause` or `CausePath`.
    pub cause: Option<Text>,
}

/// Parallel.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// `Branches`, in order; never empty.
    pub branches: Vec<FlowId>,
}

/// Map.
#[derive(Clone, Debug)]
pub struct Map {
    /// `ItemProcessor` (or `Iterator`).
    pub processor: FlowId,
    /// `ItemsPath` (JSONPath).
    pub items_path: Option<Path>,
    /// `Items` (JSONata).
    pub items: Option<Template>,
    /// `ItemSelector` (or the old `Parameters`), and the name it was given by, as causes mention it.
    pub item_selector: Option<Template>,
    /// `MaxConcurrency` or `MaxConcurrencyPath`; 0 and absent mean the limit.
    pub max_concurrency: Option<Number>,
    /// `ToleratedFailureCount` (`…Path`).
    pub tolerated_failure_count: Option<Number>,
    /// `ToleratedFailurePercentage` (`…Path`).
    pub tolerated_failure_percentage: Option<Number>,
    /// The parts that only `Mode: DISTRIBUTED` has.
    pub distributed: Option<Distributed>,
}

/// The fields of a distributed Map. ItemReader, ItemBatcher and ResultWriter come with service integrations.
#[derive(Clone, Debug)]
pub struct Distributed {
    /// `ExecutionType` of the child executions.
    pub execution_type: ExecutionType,
    /// `Label`.
    pub label: Option<Arc<str>>,
}

/// The two types of workflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutionType {
    /// Durable, at most a year.
    #[default]
    Standard,
    /// In memory, at most five minutes.
    Express,
}

/// One entry of `Retry`.
#[derive(Clone, Debug)]
pub struct Retrier {
    /// `ErrorEquals`
    pub error_equals: Vec<Arc<str>>,
    /// `IntervalSeconds`, default 1.
    pub interval_seconds: u64,
    /// `MaxAttempts`, default 3.
    pub max_attempts: u64,
    /// `BackoffRate`, default 2.0.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`
    pub max_delay_seconds: Option<u64>,
    /// `JitterStrategy: FULL`
    pub full_jitter: bool,
}

/// One entry of `Catch`.
#[derive(Clone, Debug)]
pub struct Catcher {
    /// `ErrorEquals`
    pub error_equals: Vec<Arc<str>>,
    /// `Next`
    pub next: Name,
    /// `ResultPath` (JSONPath)
    pub result_path: ResultPath,
    /// `Output` (JSONata)
    pub output: Option<Template>,
    /// `Assign`
    pub assign: Option<Template>,
}
