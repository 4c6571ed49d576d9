//! Choice states: the operators of JSONPath rules as data, and rules of both query languages.

use super::{Parser, name_in};
use crate::asl::model::{
    Choice, ChoiceRule, Class, Condition, Operand, QueryLanguage, Relation, Test, Trait,
};
use crate::asl::validate::schema::{Schema, Shape, Takes, check, is_expression, required};
use crate::asl::validate::{Here, parts};
use crate::expr::value::{Map, Value};

impl Parser {
    /// `Choices` and `Default`.
    pub(super) fn choice(&mut self, object: &Map, here: &Here<'_>) -> Choice {
        let place = here.field("Choices");
        let entries = object.get("Choices").and_then(Value::as_array).unwrap_or_default();
        let rules = entries
            .iter()
            .enumerate()
            .filter_map(|(index, rule)| self.rule(rule, &place.item(index)))
            .collect();
        let default = object.contains_key("Default").then(|| name_in(object, "Default"));
        Choice { rules, default }
    }

    fn rule(&mut self, rule: &Value, here: &Here<'_>) -> Option<ChoiceRule> {
        let rule = self.checked_rule(&parts::RULE, rule, here)?;
        let jsonata = here.language == QueryLanguage::Jsonata;
        Some(ChoiceRule {
            condition: self.condition(rule, here),
            next: name_in(rule, "Next"),
            assign: self.assign(rule, here),
            output: if jsonata { self.template(rule, "Output", here) } else { None },
        })
    }

    fn checked_rule<'a>(
        &mut self,
        schema: &Schema,
        rule: &'a Value,
        here: &Here<'_>,
    ) -> Option<&'a Map> {
        let Some(rule) = rule.as_object() else {
            self.findings.schema(here, "Expected value of type Object");
            return None;
        };
        let schema = Schema { further: operator_takes, ..*schema };
        check(&schema, rule, here, &mut self.findings);
        Some(rule)
    }

    fn condition(&mut self, rule: &Map, here: &Here<'_>) -> Condition {
        let condition = match here.language {
            QueryLanguage::JsonPath => self.comparison(rule, here),
            QueryLanguage::Jsonata => self.boolean(rule, here),
        };
        condition.unwrap_or(Condition::Constant(false))
    }

    fn boolean(&mut self, rule: &Map, here: &Here<'_>) -> Option<Condition> {
        match rule.get("Condition")? {
            Value::Bool(constant) => Some(Condition::Constant(*constant)),
            Value::String(text) if is_expression(text) => {
                self.expression(rule, "Condition", here).map(Condition::Expression)
            }
            _ => {
                let message = "Value must be a JSONata expression or a Boolean";
                self.findings.schema(here.field("Condition"), message);
                None
            }
        }
    }

    fn comparison(&mut self, rule: &Map, here: &Here<'_>) -> Option<Condition> {
        let mut operators =
            rule.iter().filter_map(|(name, value)| Some((&**name, operator(name)?, value)));
        let (Some((name, operator, value)), None) = (operators.next(), operators.next()) else {
            self.findings.schema(here, "Exactly one comparison operator is required");
            return None;
        };
        let here_operand = here.field(name);
        match operator {
            Operator::And => Some(Condition::And(self.nested(value, &here_operand))),
            Operator::Or => Some(Condition::Or(self.nested(value, &here_operand))),
            Operator::Not => {
                let rule = self.checked_rule(&parts::NESTED_RULE, value, &here_operand)?;
                Some(Condition::Not(Box::new(self.condition(rule, &here_operand))))
            }
            Operator::Test(test) => {
                if !rule.contains_key("Variable") {
                    self.findings.schema(here, required(&["Variable"]));
                }
                let test = self.test(test, rule, name, here);
                let variable = self.path(rule, "Variable", here)?;
                Some(Condition::Test { variable, test: test? })
            }
        }
    }

    fn nested(&mut self, rules: &Value, here: &Here<'_>) -> Vec<Condition> {
        let rules = rules.as_array().unwrap_or_default();
        let read = |(index, rule): (usize, &Value)| {
            let here = here.item(index);
            let rule = self.checked_rule(&parts::NESTED_RULE, rule, &here)?;
            Some(self.condition(rule, &here))
        };
        rules.iter().enumerate().filter_map(read).collect()
    }

    fn test(
        &mut self,
        test: TestOperator,
        rule: &Map,
        name: &str,
        here: &Here<'_>,
    ) -> Option<Test> {
        let value = rule.get(name)?;
        Some(match test {
            TestOperator::Literal(class, relation) => {
                Test::Compare { class, relation, with: Operand::Literal(value.clone()) }
            }
            TestOperator::Path(class, relation) => {
                let with = Operand::Path(self.path(rule, name, here)?);
                Test::Compare { class, relation, with }
            }
            TestOperator::Matches => Test::Matches(value.as_str()?.into()),
            TestOperator::Is(asked) => Test::Is(asked, value.as_bool()?),
        })
    }
}

/// An operator of a JSONPath rule.
#[derive(Clone, Copy)]
enum Operator {
    And,
    Or,
    Not,
    Test(TestOperator),
}

/// An operator that holds `Variable` against something.
#[derive(Clone, Copy)]
enum TestOperator {
    Literal(Class, Relation),
    Path(Class, Relation),
    Matches,
    Is(Trait),
}

/// The operator of a name. Comparisons are composed: class, relation and, for the right side by path, `Path`.
fn operator(name: &str) -> Option<Operator> {
    if let Some((_, operator)) = SINGLE.iter().find(|(known, _)| *known == name) {
        return Some(*operator);
    }
    let (_, class, relations) = CLASSES.iter().find(|(prefix, ..)| name.starts_with(prefix))?;
    let (by_path, bare) = match name.strip_suffix("Path") {
        Some(bare) => (true, bare),
        None => (false, name),
    };
    let (_, relation) = relations.iter().find(|(suffix, _)| {
        bare.strip_suffix(suffix)
            .is_some_and(|prefix| CLASSES.iter().any(|(known, ..)| *known == prefix))
    })?;
    Some(Operator::Test(match by_path {
        true => TestOperator::Path(*class, *relation),
        false => TestOperator::Literal(*class, *relation),
    }))
}

/// What an operator takes; all are JSONPath's.
fn operator_takes(name: &str) -> Option<Takes> {
    let shape = match operator(name)? {
        Operator::And | Operator::Or => Shape::FilledArray,
        Operator::Not => Shape::Object,
        Operator::Test(TestOperator::Is(_)) => Shape::Flag,
        Operator::Test(TestOperator::Matches | TestOperator::Path(..)) => Shape::Text,
        Operator::Test(TestOperator::Literal(class, _)) => match class {
            Class::String => Shape::Text,
            Class::Numeric => Shape::Number(-f64::MAX, f64::MAX),
            Class::Boolean => Shape::Flag,
            Class::Timestamp => Shape::Timestamp,
        },
    };
    Some(Takes::new(Some(QueryLanguage::JsonPath), shape))
}

const SINGLE: &[(&str, Operator)] = &[
    ("And", Operator::And),
    ("Or", Operator::Or),
    ("Not", Operator::Not),
    ("StringMatches", Operator::Test(TestOperator::Matches)),
    ("IsNull", Operator::Test(TestOperator::Is(Trait::Null))),
    ("IsPresent", Operator::Test(TestOperator::Is(Trait::Present))),
    ("IsNumeric", Operator::Test(TestOperator::Is(Trait::Numeric))),
    ("IsString", Operator::Test(TestOperator::Is(Trait::String))),
    ("IsBoolean", Operator::Test(TestOperator::Is(Trait::Boolean))),
    ("IsTimestamp", Operator::Test(TestOperator::Is(Trait::Timestamp))),
];

type Relations = &'static [(&'static str, Relation)];

const CLASSES: &[(&str, Class, Relations)] = &[
    ("String", Class::String, RELATIONS),
    ("Numeric", Class::Numeric, RELATIONS),
    ("Timestamp", Class::Timestamp, RELATIONS),
    ("Boolean", Class::Boolean, &[("Equals", Relation::Equals)]),
];

const RELATIONS: Relations = &[
    ("LessThanEquals", Relation::LessThanEquals),
    ("GreaterThanEquals", Relation::GreaterThanEquals),
    ("LessThan", Relation::LessThan),
    ("GreaterThan", Relation::GreaterThan),
    ("Equals", Relation::Equals),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_composed_of_class_relation_and_path() {
        let shown = |name: &str| match operator(name) {
            Some(Operator::Test(TestOperator::Literal(class, relation))) => {
                format!("{class:?} {relation:?}")
            }
            Some(Operator::Test(TestOperator::Path(class, relation))) => {
                format!("{class:?} {relation:?} by path")
            }
            Some(_) => "other".to_owned(),
            None => "none".to_owned(),
        };
        let table = [
            ("StringLessThanEquals", "String LessThanEquals"),
            ("NumericGreaterThanPath", "Numeric GreaterThan by path"),
            ("TimestampEquals", "Timestamp Equals"),
            ("BooleanEqualsPath", "Boolean Equals by path"),
            ("BooleanLessThan", "none"),
            ("StringMatchesPath", "none"),
            ("StringStringEquals", "none"),
            ("IsPresent", "other"),
            ("String", "none"),
            ("Equals", "none"),
        ];
        for (name, expected) in table {
            assert_eq!(shown(name), expected, "{name}");
        }
    }
}
