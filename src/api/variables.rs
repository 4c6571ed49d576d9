//! `variableReferences`: which variables each state reads, by names of states and in the order of the alphabet (recorded).
//! A state that reads none is not listed; what a state's inner states read is theirs.

use std::collections::BTreeSet;

use stepwright_core::asl;
use stepwright_core::asl::model::{
    Choice, ChoiceRule, Condition, DataFlow, Distributed, ExecutionType, Fail, Kind, Machine, Map,
    Moment, Number, Operand, QueryLanguage, Selection, State, Task, Test, Text, Wait,
};
use stepwright_core::expr::Value;
use stepwright_core::expr::path::{Path, Root};
use stepwright_core::expr::template::Template;
use stepwright_core::history::json::push_string;

use super::output::Object;

/// Appends `variableReferences` of a definition, if it has any.
pub(super) fn describe(answer: &mut Object, definition: &str, express: bool) {
    let kind = if express { ExecutionType::Express } else { ExecutionType::Standard };
    let Ok(machine) = asl::parse(definition, kind) else { return };
    let found = references(&machine);
    if found.is_empty() {
        return;
    }
    let mut all = Object::new();
    for (state, names) in &found {
        all.list(state, names, |out, name| push_string(out, name));
    }
    answer.raw("variableReferences", &all.finish());
}

/// States that read variables, in the order of the definition, with the names of those variables.
fn references(machine: &Machine) -> Vec<(&str, BTreeSet<String>)> {
    let states = machine.flows.iter().flat_map(|flow| flow.states.values());
    let read = states.map(|state| {
        let mut names = Names(BTreeSet::new());
        names.state(state);
        // `$states` is no variable.
        names.0.remove("states");
        (&*state.name, names.0)
    });
    read.filter(|(_, names)| !names.is_empty()).collect()
}

/// Names of variables, gathered from every field that can read one.
struct Names(BTreeSet<String>);

impl Names {
    fn state(&mut self, state: &State) {
        self.data(&state.data);
        for catcher in &state.catch {
            self.templates([&catcher.output, &catcher.assign]);
        }
        match &state.kind {
            Kind::Pass(_) | Kind::Succeed | Kind::Parallel(_) => {}
            Kind::Task(task) => self.task(task),
            Kind::Choice(choice) => self.choice(choice),
            Kind::Wait(wait) => self.wait(wait),
            Kind::Fail(fail) => self.fail(fail),
            Kind::Map(map) => self.map(map, state.language),
        }
    }

    fn data(&mut self, data: &DataFlow) {
        for selection in [&data.input_path, &data.output_path] {
            if let Selection::Path(path) = selection {
                self.path(path);
            }
        }
        self.templates([&data.arguments, &data.result_selector, &data.output, &data.assign]);
    }

    fn task(&mut self, task: &Task) {
        self.numbers([&task.timeout, &task.heartbeat]);
        self.templates([&task.credentials]);
    }

    fn choice(&mut self, choice: &Choice) {
        for ChoiceRule { condition, assign, output, .. } in &choice.rules {
            self.condition(condition);
            self.templates([assign, output]);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(all) | Condition::Or(all) => {
                all.iter().for_each(|condition| self.condition(condition));
            }
            Condition::Not(condition) => self.condition(condition),
            Condition::Test { variable, test } => {
                self.path(variable);
                if let Test::Compare { with: Operand::Path(path), .. } = test {
                    self.path(path);
                }
            }
            Condition::Expression(template) => self.template(template),
            Condition::Constant(_) => {}
        }
    }

    fn wait(&mut self, wait: &Wait) {
        match wait {
            Wait::Seconds(number) => self.number(number),
            Wait::Timestamp(Moment::Path(path)) => self.path(path),
            Wait::Timestamp(Moment::Expression(template)) => self.template(template),
            Wait::Timestamp(Moment::Literal(_)) => {}
        }
    }

    fn fail(&mut self, fail: &Fail) {
        for text in [&fail.error, &fail.cause].into_iter().flatten() {
            if let Text::Path(template) | Text::Expression(template) = text {
                self.template(template);
            }
        }
    }

    fn map(&mut self, map: &Map, language: QueryLanguage) {
        if let Some(path) = &map.items_path {
            self.path(path);
        }
        self.templates([&map.items, &map.item_selector]);
        self.numbers([
            &map.max_concurrency,
            &map.tolerated_failure_count,
            &map.tolerated_failure_percentage,
        ]);
        if let Some(Distributed { item_reader, item_batcher, result_writer, .. }) = &map.distributed
        {
            for part in [item_reader, item_batcher, result_writer].into_iter().flatten() {
                self.written(part, language);
            }
        }
    }

    /// A field that the model holds as it is written.
    fn written(&mut self, value: &Value, language: QueryLanguage) {
        if language == QueryLanguage::Jsonata {
            if let Ok(template) = Template::jsonata(value) {
                self.template(&template);
            }
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.written(item, language)),
            Value::Object(members) => {
                for (key, member) in members.iter() {
                    let expression = key.ends_with(".$") || key.ends_with("Path");
                    match member.as_str().filter(|_| expression) {
                        Some(text) => {
                            if let Ok(template) = Template::json_path_expression(text) {
                                self.template(&template);
                            }
                        }
                        None => self.written(member, language),
                    }
                }
            }
            _ => {}
        }
    }

    fn numbers<const N: usize>(&mut self, numbers: [&Option<Number>; N]) {
        numbers.into_iter().flatten().for_each(|number| self.number(number));
    }

    fn number(&mut self, number: &Number) {
        match number {
            Number::Literal(_) => {}
            Number::Path(path) => self.path(path),
            Number::Expression(template) => self.template(template),
        }
    }

    fn templates<const N: usize>(&mut self, templates: [&Option<Template>; N]) {
        templates.into_iter().flatten().for_each(|template| self.template(template));
    }

    fn template(&mut self, template: &Template) {
        self.0.extend(template.variables());
    }

    fn path(&mut self, path: &Path) {
        if let Root::Variable(name) = path.root() {
            self.0.insert(name.to_owned());
        }
    }
}
