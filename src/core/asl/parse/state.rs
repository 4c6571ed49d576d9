//! States: what all of them share, and the types that need no room of their own.

use super::{Parser, language, name_in};
use crate::asl::model::{
    DataFlow, Fail, Kind, Name, Number, Parallel, Pass, QueryLanguage, State, Transition, Wait,
};
use crate::asl::validate::{Here, Outcome, fields};
use crate::expr::value::{Document, Map, Value};

impl Parser {
    /// Reads the state at `here`, where the language is that of the flow.
    pub(super) fn state(&mut self, name: &Name, value: &Value, here: &Here<'_>) -> State {
        let Some(object) = value.as_object() else {
            self.findings.schema(here, "Expected value of type Object");
            return stand_in(name, here);
        };
        let here = Here { language: self.state_language(object, here), ..*here };
        let state_type = object.get("Type").and_then(Value::as_str).unwrap_or_default();
        let Some(schema) = fields::of_state(state_type) else {
            self.check(&fields::UNTYPED, object, &here);
            return stand_in(name, &here);
        };
        self.check(schema, object, &here);
        State {
            name: name.clone(),
            language: here.language,
            data: self.data_flow(object, &here),
            kind: self.kind(state_type, object, &here),
            retry: self.retriers(object, &here),
            catch: self.catchers(object, &here),
            next: transition(object),
        }
    }

    /// A JSONata machine has no JSONPath states; the reverse is allowed.
    fn state_language(&mut self, object: &Map, here: &Here<'_>) -> QueryLanguage {
        let own = language(object).unwrap_or(here.language);
        if self.language == QueryLanguage::Jsonata && own == QueryLanguage::JsonPath {
            self.findings.schema(
                here,
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            );
        }
        own
    }

    fn kind(&mut self, state_type: &str, object: &Map, here: &Here<'_>) -> Kind {
        match state_type {
            "Pass" => {
                Kind::Pass(Pass { result: object.get("Result").cloned().map(Document::from) })
            }
            "Task" => Kind::Task(Box::new(self.task(object, here))),
            "Choice" => Kind::Choice(self.choice(object, here)),
            "Wait" => Kind::Wait(self.wait(object, here)),
            "Fail" => Kind::Fail(Fail {
                error: self.text(object, "Error", here),
                cause: self.text(object, "Cause", here),
            }),
            "Parallel" => Kind::Parallel(self.parallel(object, here)),
            "Map" => Kind::Map(Box::new(self.map(object, here))),
            _ => Kind::Succeed,
        }
    }

    fn data_flow(&mut self, object: &Map, here: &Here<'_>) -> DataFlow {
        let after = match object.get("Type").and_then(Value::as_str) {
            Some("Task" | "Parallel" | "Map") => here.after(Outcome::Result),
            _ => *here,
        };
        let assign = self.assign(object, &after);
        match here.language {
            QueryLanguage::JsonPath => DataFlow {
                input_path: self.selection(object, "InputPath", here),
                arguments: match object.get("Type").and_then(Value::as_str) {
                    Some("Map") => None,
                    _ => self.template(object, "Parameters", here),
                },
                result_selector: self.template(object, "ResultSelector", here),
                result_path: self.result_path(object, here),
                output_path: self.selection(object, "OutputPath", here),
                output: None,
                assign,
            },
            QueryLanguage::Jsonata => DataFlow {
                arguments: self.template(object, "Arguments", here),
                output: self.template(object, "Output", &after),
                assign,
                ..DataFlow::default()
            },
        }
    }

    fn wait(&mut self, object: &Map, here: &Here<'_>) -> Wait {
        if let Some(moment) = self.moment(object, here) {
            return Wait::Timestamp(moment);
        }
        Wait::Seconds(self.number(object, "Seconds", here).unwrap_or(Number::Literal(0.0)))
    }

    fn parallel(&mut self, object: &Map, here: &Here<'_>) -> Parallel {
        let place = here.field("Branches");
        let branches = object.get("Branches").and_then(Value::as_array).unwrap_or_default();
        let mut flows = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let here = place.item(index);
            let Some(branch) = branch.as_object() else {
                self.findings.schema(here, "Expected value of type Object");
                continue;
            };
            self.check(&fields::BRANCH, branch, &here);
            flows.push(self.nested_flow(branch, &here));
        }
        Parallel { branches: flows }
    }

    /// A flow inside a state. Its states default to the machine's query language, not to that of the state around.
    pub(super) fn nested_flow(&mut self, definition: &Map, here: &Here<'_>) -> u32 {
        let language = language(definition).unwrap_or(self.language);
        let outer = self.scopes.enter();
        let flow = self.flow(definition, &Here { language, ..*here });
        self.scopes.leave(outer);
        flow
    }
}

fn transition(object: &Map) -> Transition {
    match object.get("Next") {
        Some(_) => Transition::Next(name_in(object, "Next")),
        None => Transition::End,
    }
}

/// What takes the place of a state that cannot be read.
fn stand_in(name: &Name, here: &Here<'_>) -> State {
    State {
        name: name.clone(),
        language: here.language,
        kind: Kind::Succeed,
        data: DataFlow::default(),
        retry: Vec::new(),
        catch: Vec::new(),
        next: Transition::End,
    }
}
