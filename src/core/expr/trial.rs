//! For tests of this room: a scope of given data, so that a test is a table of texts.

use std::cell::RefCell;

use super::path::Path;
use super::template::Template;
use super::{Entropy, Error, Lazy, Map, Scope, States, Value};

/// What the expressions of a test can see.
pub(crate) struct Trial {
    input: Value,
    context: Value,
    variables: Map,
}

impl Trial {
    /// Only an input.
    pub(crate) fn of(input: &str) -> Trial {
        Trial { input: json(input), context: json("{}"), variables: Map::new() }
    }

    /// Also a context object.
    pub(crate) fn with_context(mut self, context: &str) -> Trial {
        self.context = json(context);
        self
    }

    /// Also variables, the members of an object.
    pub(crate) fn with_variables(mut self, variables: &str) -> Trial {
        self.variables = json(variables).as_object().unwrap().clone();
        self
    }

    /// What a path reads.
    pub(crate) fn read(&self, path: &str) -> Result<Value, Error> {
        self.within(|scope| Path::parse(path).unwrap().read(scope))
    }

    /// What a path or an intrinsic function call gives.
    pub(crate) fn call(&self, expression: &str) -> Result<Value, Error> {
        let template = Template::json_path_expression(expression).unwrap();
        self.within(|scope| template.evaluate(scope, "Field"))
    }

    /// What a template gives.
    pub(crate) fn fill(&self, template: &Template, field: &str) -> Result<Value, Error> {
        self.within(|scope| template.evaluate(scope, field))
    }

    fn within<T>(&self, work: impl FnOnce(&Scope<'_>) -> T) -> T {
        let make = || self.context.clone();
        work(&Scope {
            input: &self.input,
            context: &Lazy::new(&make),
            variables: &self.variables,
            states: States::default(),
            entropy: &RefCell::new(Entropy::of("execution", "", 1, "test")),
            now: 0,
        })
    }
}

/// The value of a JSON text.
pub(crate) fn json(text: &str) -> Value {
    Value::parse(text).unwrap()
}
