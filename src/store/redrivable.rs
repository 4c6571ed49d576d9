//! Whether an execution that ended badly can be redriven, as far as its row tells (AWS: RedriveExecution, `redriveStatusReason`).

use stepwright_core::time::Timestamp;

use super::{Execution, Status};

impl Execution {
    /// Why it cannot be redriven, in AWS's words; `None` if nothing in its row forbids it. An Express child of a Map Run is
    /// started anew, so its age and its history do not matter.
    pub fn not_redrivable(&self, now: Timestamp) -> Option<&'static str> {
        let Some(closing) = &self.closing else { return Some(RUNNING) };
        if closing.status == Status::Succeeded {
            return Some(SUCCEEDED);
        }
        if self.express_child() {
            return None;
        }
        if now.seconds_since(self.started) > LONGEST_SECONDS {
            return Some(TOO_LONG);
        }
        if now.seconds_since(closing.stopped) > REDRIVABLE_SECONDS {
            return Some(TOO_LATE);
        }
        closing.failure.is_full_history().then_some(HISTORY_FULL)
    }
}

const RUNNING: &str = "Execution is RUNNING and cannot be redriven";
const SUCCEEDED: &str = "Execution is SUCCEEDED and cannot be redriven";
const TOO_LONG: &str = "Execution has exceeded the max execution time";
const TOO_LATE: &str = "Execution redrivable period exceeded";
/// As [`Execution::not_redrivable`] says it of an execution whose events are too many.
pub const HISTORY_FULL: &str = "Execution history event limit exceeded";
/// 14 days (source: RedriveExecution).
pub const REDRIVABLE_SECONDS: f64 = 14.0 * 86_400.0;
/// A year (source: quotas).
const LONGEST_SECONDS: f64 = 365.0 * 86_400.0;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stepwright_core::engine::Failure;

    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn execution(arn: &str, stopped: i64, failure: &Failure) -> Execution {
        let lane = json!({"execution": "e", "frame": "", "slot": 1});
        let mut row = json!({
            "id": "x", "arn": arn, "name": "n", "machine": "m", "revision": "r", "role": "r",
            "input": 1, "started": 0, "deadline": Value::Null, "trace_header": Value::Null,
            "closing": {"status": "FAILED", "stopped": stopped, "output": Value::Null, "failure": failure}
        });
        row["parent"] = json!({"run": "a", "lane": lane, "flow": 0, "items": 1});
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn age_and_a_full_history_forbid_a_redrive_but_not_of_an_express_child() {
        let (standard, express) =
            ("arn:aws:states:r:a:execution:m/l:n", "arn:aws:states:r:a:express:m/l:n:u");
        let (failed, full) = (Failure::new("E", "c"), Failure::full_history(25_000));
        let table = [
            (1, 2, &failed, None, "failed a day ago"),
            (1, 15, &failed, None, "14 days are not over yet"),
            (1, 16, &failed, Some(TOO_LATE), "15 days ago"),
            (350, 366, &failed, Some(TOO_LONG), "a year after its start"),
            (1, 2, &full, Some(HISTORY_FULL), "no room for more events"),
        ];
        for (stopped, now, failure, expected, reason) in table {
            let told =
                |arn| execution(arn, stopped * DAY, failure).not_redrivable(Timestamp(now * DAY));
            assert_eq!(told(standard), expected, "{reason}");
            assert_eq!(told(express), None, "{reason}, Express");
        }
    }
}
