//! A JSONata expression as a field of a state has it: what it can see, and how AWS words what goes wrong with it.

use std::sync::Arc;

use super::jsonata::{Environment, Expression, Limits, Outcome};
use super::{Error, Map, Scope, Value};

/// What stands in `{% … %}`, compiled.
#[derive(Clone, Debug)]
pub(super) struct Query {
    source: Arc<str>,
    expression: Expression,
}

impl Query {
    /// Compiles an expression, given without its brackets.
    ///
    /// # Errors
    /// What is wrong, in AWS's words: a syntax error, or a name at the top level, where there is no context.
    pub(super) fn parse(source: &str) -> Result<Query, String> {
        let source = source.trim();
        let expression = Expression::parse(source).map_err(|error| error.message)?;
        if let Some((name, _)) = expression.unsupported().first() {
            return Err(format!("Reference to '{name}' at the top level is not supported."));
        }
        Ok(Query { source: source.into(), expression })
    }

    /// The expression as written, without brackets and the space inside them.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Names of the variables that the expression reads, without `$`, `states` among them.
    pub(super) fn variables(&self) -> Vec<String> {
        self.expression.references().into_iter().map(|reference| reference.name).collect()
    }

    /// The members of `$states` that the expression reads by name.
    pub(super) fn state_members(&self) -> impl Iterator<Item = String> {
        let states = self.expression.references().into_iter().filter(|read| read.name == "states");
        states.filter_map(|read| read.members.into_iter().next())
    }

    /// The value of the expression, which stands at `place` (`Output/a[0]`).
    ///
    /// # Errors
    /// `States.QueryEvaluationError`, worded as recorded on AWS.
    pub(super) fn evaluate(&self, scope: &Scope<'_>, place: &str) -> Result<Value, Error> {
        let variables = |name: &str| match name {
            "states" => Some(states(scope)),
            name => scope.variables.get(name).cloned(),
        };
        let environment = Environment {
            variables: &variables,
            entropy: scope.entropy,
            now: scope.now,
            limits: Limits::default(),
        };
        let failed = |how: String| {
            let source = &self.source;
            Error::query(format!(
                "The JSONata expression '{source}' specified for the field '{place}' {how}"
            ))
            .at(place)
        };
        match self.expression.evaluate(None, &environment) {
            Ok(Outcome::Value(value)) => Ok(value),
            Ok(Outcome::Undefined) => Err(failed("returned nothing (undefined).".into())),
            Ok(Outcome::NotData) => Err(failed("returned an unsupported result type.".into())),
            Err(error) => Err(failed(format!("threw an error during evaluation. {error}"))),
        }
    }
}

/// `$states`, with the members that are accessible where the expression stands.
fn states(scope: &Scope<'_>) -> Value {
    let mut members = Map::new();
    let mut add = |name: &str, value: Option<&Value>| {
        if let Some(value) = value {
            members.insert(name.into(), value.clone());
        }
    };
    add("input", scope.states.input);
    add("result", scope.states.result);
    add("errorOutput", scope.states.error_output);
    add("context", Some(scope.context.get()));
    Value::Object(Arc::new(members))
}
