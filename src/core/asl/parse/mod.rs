//! From a JSON tree to a typed machine, in one walk: each object is held against its table of fields, then read.
//!
//! Reading never stops at a fault. What cannot be read gets a harmless stand-in and a finding; a machine with findings
//! is thrown away by the caller.

mod choice;
mod expression;
mod map;
mod recovery;
mod resource;
mod state;
mod task;

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::diagnostic::{Code, Diagnostic};
use super::model::{ExecutionType, Flow, FlowId, Machine, Name, QueryLanguage};
use super::validate::schema::{Schema, check};
use super::validate::scopes::Scopes;
use super::validate::{Findings, Here, fields, graph};
use crate::expr::value::{Map, Value};
pub use resource::actions;

/// Reads a whole definition.
pub(super) fn machine(definition: &Map, kind: ExecutionType) -> (Machine, Vec<Diagnostic>) {
    let language = language(definition).unwrap_or_default();
    let here = Here::top(language, kind);
    let mut parser = Parser::new(language);
    parser.check(&fields::MACHINE, definition, &here);
    parser.flow(definition, &here);
    parser.check_graph();
    let timeout_seconds = definition
        .get("TimeoutSeconds")
        .and_then(Value::as_i64)
        .and_then(|n| u64::try_from(n).ok());
    parser.finish(timeout_seconds)
}

/// Reads one state as a machine of its own; transitions are not looked at.
pub(super) fn single_state(state: Map, kind: ExecutionType) -> (Machine, Vec<Diagnostic>) {
    let name = Value::from("StateName");
    let states = Value::object([("StateName", Value::Object(state.into()))]);
    let definition = Map::from_iter([("StartAt".into(), name), ("States".into(), states)]);
    let mut parser = Parser::new(QueryLanguage::default());
    parser.flow(&definition, &Here::top(QueryLanguage::default(), kind));
    parser.finish(None)
}

/// What the walk gathers.
struct Parser {
    findings: Findings,
    /// The machine's own query language, which nested flows default to.
    language: QueryLanguage,
    flows: Vec<Flow>,
    /// The location of each flow, empty for the machine's own.
    places: Vec<String>,
    scopes: Scopes,
    names: BTreeSet<Name>,
    labels: BTreeSet<Name>,
}

impl Parser {
    fn new(language: QueryLanguage) -> Parser {
        Parser {
            findings: Findings::default(),
            language,
            flows: Vec::new(),
            places: Vec::new(),
            scopes: Scopes::default(),
            names: BTreeSet::new(),
            labels: BTreeSet::new(),
        }
    }

    fn check(&mut self, schema: &Schema, object: &Map, here: &Here<'_>) {
        check(schema, object, here, &mut self.findings);
    }

    /// Reads the states of a flow and those of the flows in it. The flow has its number before the flows in it.
    fn flow(&mut self, definition: &Map, here: &Here<'_>) -> FlowId {
        let id = FlowId::try_from(self.flows.len()).unwrap_or(FlowId::MAX);
        let place = here.to_string();
        self.places.push(if place == "/" { String::new() } else { place });
        self.flows.push(Flow { start_at: name_in(definition, "StartAt"), states: IndexMap::new() });
        let mut states = IndexMap::new();
        let place = here.field("States");
        for (name, value) in
            definition.get("States").and_then(Value::as_object).into_iter().flatten()
        {
            let here = place.field(name);
            self.check_name(name, &here);
            states.insert(name.clone(), self.state(name, value, &here));
        }
        if let Some(flow) = self.flows.get_mut(id as usize) {
            flow.states = states;
        }
        id
    }

    fn check_name(&mut self, name: &Name, here: &Here<'_>) {
        let length = name.chars().count();
        if !(1..=MAX_NAME).contains(&length) {
            self.findings.schema(here, format!("State name must have 1 to {MAX_NAME} characters"));
        }
        if !self.names.insert(name.clone()) {
            let code = Code::Other("DUPLICATE_STATE_NAME");
            self.findings.add(code, here, format!("Duplicate State name: {name}"));
        }
    }

    /// An object inside another one, held against its table.
    fn part<'a>(
        &mut self,
        schema: &Schema,
        object: &'a Map,
        place: &Here<'_>,
        field: &str,
    ) -> Option<&'a Map> {
        let part = object.get(field)?.as_object()?;
        self.check(schema, part, &place.field(field));
        Some(part)
    }

    /// Looks at transitions, once all fields are right (recorded on AWS: without `States`, `StartAt` is no finding).
    fn check_graph(&mut self) {
        self.scopes.check(&mut self.findings);
        if !self.findings.is_empty() {
            return;
        }
        for (flow, place) in self.flows.iter().zip(&self.places) {
            graph::check(flow, place, &mut self.findings);
        }
    }

    fn finish(self, timeout_seconds: Option<u64>) -> (Machine, Vec<Diagnostic>) {
        (Machine { timeout_seconds, flows: self.flows }, self.findings.into_vec())
    }
}

/// The `QueryLanguage` that an object names.
fn language(object: &Map) -> Option<QueryLanguage> {
    match object.get("QueryLanguage")?.as_str()? {
        "JSONPath" => Some(QueryLanguage::JsonPath),
        "JSONata" => Some(QueryLanguage::Jsonata),
        _ => None,
    }
}

/// The name that a field holds; empty where it holds none.
fn name_in(object: &Map, field: &str) -> Name {
    object.get(field).and_then(Value::as_str).unwrap_or_default().into()
}

const MAX_NAME: usize = 80;
