//! `Retry` and `Catch`.

use std::sync::Arc;

use super::{Parser, name_in};
use crate::asl::model::{Catcher, QueryLanguage, ResultPath, Retrier};
use crate::asl::validate::schema::Schema;
use crate::asl::validate::{Here, Outcome, parts};
use crate::expr::value::{Map, Value};

impl Parser {
    /// `Retry`, in order.
    pub(super) fn retriers(&mut self, object: &Map, here: &Here<'_>) -> Vec<Retrier> {
        let here = here.field("Retry");
        let entries = self.entries(object, &here, &parts::RETRIER, "Retry");
        let whole = |entry: &Map, field: &str| {
            entry.get(field).and_then(Value::as_i64).and_then(|n| u64::try_from(n).ok())
        };
        let rate = |entry: &Map| entry.get("BackoffRate").and_then(Value::as_f64);
        entries
            .map(|entry| Retrier {
                error_equals: error_names(entry),
                interval_seconds: whole(entry, "IntervalSeconds").unwrap_or(1),
                max_attempts: whole(entry, "MaxAttempts").unwrap_or(3),
                backoff_rate: rate(entry).unwrap_or(2.0),
                max_delay_seconds: whole(entry, "MaxDelaySeconds"),
                full_jitter: entry.get("JitterStrategy").and_then(Value::as_str) == Some("FULL"),
            })
            .collect()
    }

    /// `Catch`, in order.
    pub(super) fn catchers(&mut self, object: &Map, here: &Here<'_>) -> Vec<Catcher> {
        let place = here.field("Catch");
        let entries = self.entries(object, &place, &parts::CATCHER, "Catch");
        let mut catchers = Vec::new();
        for (index, entry) in entries.enumerate() {
            let here = place.item(index).after(Outcome::ErrorOutput);
            let path = here.language == QueryLanguage::JsonPath;
            catchers.push(Catcher {
                error_equals: error_names(entry),
                next: name_in(entry, "Next"),
                result_path: if path { self.result_path(entry, &here) } else { ResultPath::Whole },
                output: if path { None } else { self.template(entry, "Output", &here) },
                assign: self.assign(entry, &here),
            });
        }
        catchers
    }

    /// The entries of a list, each held against its table and the rules for `ErrorEquals`.
    fn entries<'a>(
        &mut self,
        object: &'a Map,
        here: &Here<'_>,
        schema: &Schema,
        field: &str,
    ) -> impl Iterator<Item = &'a Map> + use<'a> {
        let entries = object.get(field).and_then(Value::as_array).unwrap_or_default();
        for (index, entry) in entries.iter().enumerate() {
            let place = here.item(index);
            let Some(entry) = entry.as_object() else {
                self.findings.schema(place, "Expected value of type Object");
                continue;
            };
            self.check(schema, entry, &place);
            let last = index + 1 == entries.len();
            self.check_error_names(entry, &place.field("ErrorEquals"), last);
        }
        entries.iter().filter_map(Value::as_object)
    }

    fn check_error_names(&mut self, entry: &Map, here: &Here<'_>, last: bool) {
        let names = entry.get("ErrorEquals").and_then(Value::as_array).unwrap_or_default();
        for (index, _) in names.iter().enumerate().filter(|(_, name)| name.as_str().is_none()) {
            self.findings.schema(here.item(index), "Expected value of type String");
        }
        if !names.iter().any(|name| name.as_str() == Some(ALL)) {
            return;
        }
        if names.len() > 1 {
            self.findings.schema(here, format!("'{ALL}' must appear alone"));
        }
        if !last {
            self.findings.schema(here, format!("'{ALL}' must appear in the last entry only"));
        }
    }
}

fn error_names(entry: &Map) -> Vec<Arc<str>> {
    let names = entry.get("ErrorEquals").and_then(Value::as_array).unwrap_or_default();
    names.iter().filter_map(Value::as_str).map(Arc::from).collect()
}

const ALL: &str = "States.ALL";
