//! A transition while it is being decided: the frame as it changes, and the events so far.

use std::cell::RefCell;

use super::context::{self, Sight};
use super::decide::{too_large, within_bounds};
use super::inspector::Inspector;
use super::{EventRef, Failure, Frame, Job, Setting};
use crate::asl::model::{self, Kind};
use crate::event::{Event, EventKind, StateClass};
use crate::expr::{self, Document, Entropy, Lazy, Map, Scope, States, Value};

/// What a decision has come to so far. A decision can be continued: a lane that asks for its next item goes on with it
/// in the same record.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The frame after the transition.
    pub frame: Frame,
    /// What happened.
    pub events: Vec<Event>,
    /// Results of Map iterations that ended.
    pub results: Vec<(u64, Document)>,
    /// States that were entered.
    pub entered: u32,
    /// The job that is left to itself.
    pub abandons: Option<Job>,
}

impl From<Frame> for Decision {
    /// A decision that has decided nothing yet.
    fn from(frame: Frame) -> Decision {
        Decision { frame, events: Vec::new(), results: Vec::new(), entered: 0, abandons: None }
    }
}

/// The working copy of a decision.
pub(crate) struct Draft<'a> {
    pub(crate) set: &'a Setting<'a>,
    pub(crate) made: Decision,
    pub(crate) entropy: RefCell<Entropy>,
    /// Who looks on; nobody, but in a trial.
    pub(crate) inspector: Option<Inspector>,
}

/// How a state's fields are to be evaluated: on what, and with what in sight.
#[derive(Clone, Copy)]
pub(crate) struct Look<'v> {
    /// `$` of JSONPath.
    pub(crate) input: &'v Value,
    /// `$states` of JSONata.
    pub(crate) states: States<'v>,
    /// The context object's changing parts.
    pub(crate) sight: Sight<'v>,
}

impl<'a> Draft<'a> {
    /// Takes a decision up. How far it has come is part of the seed: a decision that is continued must not draw again
    /// what it has drawn before.
    pub(crate) fn new(set: &'a Setting<'a>, made: Decision) -> Draft<'a> {
        let purpose = format!("expressions.{}", made.events.len());
        Draft::seeded(set, made, &purpose)
    }

    /// The same with a stream of random numbers of its own.
    pub(crate) fn seeded(set: &'a Setting<'a>, made: Decision, purpose: &str) -> Draft<'a> {
        let cursor = set.cursor;
        let entropy = Entropy::of(&cursor.execution.0, &cursor.frame.0, cursor.slot, purpose);
        Draft { set, made, entropy: RefCell::new(entropy), inspector: None }
    }

    /// The frame.
    pub(crate) fn frame(&mut self) -> &mut Frame {
        &mut self.made.frame
    }

    /// Adds an event that follows the last one, and is the last one from now on.
    pub(crate) fn push(&mut self, kind: EventKind) -> EventRef {
        let previous = self.made.frame.last.clone();
        let event = self.push_aside(kind, previous);
        self.made.frame.last = Some(event.clone());
        event
    }

    /// Adds an event that names `previous` as the one before it, without becoming the last one itself.
    pub(crate) fn push_aside(&mut self, kind: EventKind, previous: Option<EventRef>) -> EventRef {
        let cursor = self.set.cursor;
        let index = self.made.events.len() as u32;
        self.made.events.push(Event { kind, previous });
        EventRef { frame: cursor.frame.clone(), slot: cursor.slot, index }
    }

    /// Id that the next event will have, as far as this frame knows.
    pub(crate) fn next_event_id(&self) -> u64 {
        self.made.frame.events_before + self.made.events.len() as u64 + 1
    }

    /// Evaluates something with a scope.
    pub(crate) fn evaluate<T>(&self, look: Look<'_>, with: impl FnOnce(&Scope<'_>) -> T) -> T {
        let frame = &self.made.frame;
        let make = || match &self.inspector {
            None => context::object(self.set.execution, frame, look.sight),
            Some(inspector) => inspector.context(self.set.execution, frame, look.sight),
        };
        let context = Lazy::new(&make);
        let none = Map::new();
        let variables =
            frame.variables.as_ref().and_then(|v| v.value().as_object()).unwrap_or(&none);
        with(&Scope {
            input: look.input,
            context: &context,
            variables,
            states: look.states,
            entropy: &self.entropy,
            now: self.set.now.0,
        })
    }

    /// A failed evaluation as the state's failure. JSONata failures leave an EvaluationFailed event behind.
    pub(crate) fn evaluation_failed(&mut self, error: &expr::Error) -> Failure {
        let frame = &self.made.frame;
        let name = frame.state.clone();
        let failure = Failure::of_expression(error, &name, frame.visit.entered_event);
        if error.kind == expr::ErrorKind::QueryEvaluation {
            let location = error.location.clone();
            let kind =
                EventKind::EvaluationFailed { state: name, failure: failure.clone(), location };
            let previous = self.made.frame.visit.before.clone();
            let event = self.push_aside(kind, previous);
            self.made.frame.last = Some(event);
        }
        failure
    }

    /// Writes assigned variables over those in sight.
    ///
    /// # Errors
    /// What is assigned here is too large, or everything together is.
    pub(crate) fn assign(&mut self, assigned: &Value, state: &str) -> Result<(), Failure> {
        let Some(new) = assigned.as_object() else { return Ok(()) };
        within_bounds(self, state, &Document::from(assigned.clone()))?;
        let frame = &mut self.made.frame;
        let mut all = frame
            .variables
            .as_ref()
            .and_then(|v| v.value().as_object())
            .cloned()
            .unwrap_or_default();
        all.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
        let all = Value::Object(all.into());
        if all.measure(ALL_VARIABLES, usize::MAX).is_err() {
            return Err(too_large(state));
        }
        frame.variables = Some(Document::from(all));
        Ok(())
    }
}

/// Bytes that all variables of an execution may have together (AWS: workflow variables).
const ALL_VARIABLES: usize = 10 * 1024 * 1024;

/// The class of a state.
pub(crate) fn class(state: &model::State) -> StateClass {
    match state.kind {
        Kind::Pass(_) => StateClass::Pass,
        Kind::Task(_) => StateClass::Task,
        Kind::Choice(_) => StateClass::Choice,
        Kind::Wait(_) => StateClass::Wait,
        Kind::Succeed => StateClass::Succeed,
        Kind::Fail(_) => StateClass::Fail,
        Kind::Parallel(_) => StateClass::Parallel,
        Kind::Map(_) => StateClass::Map,
    }
}
