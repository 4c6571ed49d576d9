//! What came of the children of a Map Run, as the state's result or as files in S3 (AWS: ResultWriter).
//!
//! ```text
//! PREFIX/RUN/manifest.json        which files there are
//! PREFIX/RUN/SUCCEEDED_0.json …   likewise FAILED_n and PENDING_n; each an array, or lines
//! ```

use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use stepwright_core::engine::map_run::{HalfCollected, Progress};
use stepwright_core::engine::{Failure, MapRun, Record, Stimulus, failure, too_large};
use stepwright_core::expr::{Document, Value};

use super::child::child_id;
use super::files::{Files, Kind, SEGMENT_UNITS};
use super::{Closed, Engine, Error};
use crate::store::{Execution, Status};
use crate::task::object::Refused;

impl Engine {
    /// Collects the results of a run, or as many of them as there is time for.
    pub(in crate::turn) async fn collect(
        &self,
        record: &Record,
        run: &MapRun,
    ) -> Result<Stimulus, Error> {
        let plan = Plan::of(run);
        let half = match &run.progress {
            Some(Progress::Collected(half)) => half.clone(),
            _ => HalfCollected::default(),
        };
        let collected = match (&plan.target, &run.failure) {
            (Some(target), _) => match self.write_files(run, (&plan, target), half).await? {
                Ok(collected) => collected,
                Err(refused) => Collected::All(Err(writer_failed(&refused)), 0),
            },
            (None, None) => self.gather(record, run, &plan, half).await?,
            (None, Some(failure)) => Collected::All(Err(failure.clone()), 0),
        };
        let (result, written) = match collected {
            Collected::All(result, written) => (result, written),
            Collected::Some(half) => return Ok(Stimulus::Paused(Progress::Collected(half))),
        };
        let failed = run.failure.is_some() || result.is_err();
        let status = if failed { Status::Failed } else { Status::Succeeded };
        let closed = Some(Closed { status, stopped: self.clock.now(), written });
        self.note(&run.arn, |registered| registered.closed = registered.closed.or(closed)).await?;
        if let (Some(units), false) = (&run.units, failed) {
            self.forget_units(units).await?;
        }
        Ok(Stimulus::Collected(result))
    }

    /// The results as an array.
    async fn gather(
        &self,
        record: &Record,
        run: &MapRun,
        plan: &Plan,
        half: HalfCollected,
    ) -> Result<Collected, Error> {
        let mut all = half.results.map_or_else(|| "[]".to_owned(), |some| some.text().to_owned());
        all.pop();
        let first = half.unit;
        let mut rows = pin!(self.rows(run, first..count(run)));
        while let Some((unit, rows)) = rows.next().await.transpose()? {
            for child in rows.iter().flatten() {
                for text in plan.texts(child) {
                    if all.len() > 1 {
                        all.push(',');
                    }
                    all.push_str(&text);
                }
                if all.len() > self.config.limits.payload {
                    return Ok(Collected::All(Err(too_large(&record.frame.state)), 0));
                }
            }
            if self.hurried() && unit < count(run) && unit - first >= LEAST {
                let results = Some(Document::from_trusted_text(all + "]"));
                return Ok(Collected::Some(HalfCollected { unit, results, ..half }));
            }
        }
        Ok(Collected::All(Ok(Document::from_trusted_text(all + "]")), 0))
    }

    /// The results as files.
    async fn write_files(
        &self,
        run: &MapRun,
        (plan, target): (&Plan, &Target),
        half: HalfCollected,
    ) -> Result<Result<Collected, Refused>, Error> {
        let first = half.unit;
        let end = half.until.unwrap_or(count(run)).min(first + SEGMENT_UNITS).min(count(run));
        let mut files = Files::going_on(target.folder(run), plan.lines, half.clone());
        let mut rows = pin!(self.rows(run, first..end));
        while let Some((unit, rows)) = rows.next().await.transpose()? {
            let mut full = Vec::new();
            for (child, number) in rows.iter().zip(unit - rows.len() as u64..) {
                let (kind, texts) = self.shown(run, plan, (child.as_deref(), number)).await?;
                full.extend(files.push(kind, &texts));
            }
            let segment = files.segment(unit, unit == end);
            if segment.is_none() && unit - first > LEAST && self.hurried() {
                let until = first + LEAST.max((unit - first) / 2);
                return Ok(Ok(Collected::Some(Files::shortened(half, until))));
            }
            full.extend(segment.iter().flatten().cloned());
            for (key, bytes) in full {
                if let Err(refused) = self.put(target, &key, bytes).await {
                    return Ok(Err(refused));
                }
            }
            // In a record, whatever the time: a turn that is cut short loses the segment that it is at, and no more.
            if segment.is_some() && unit < count(run) {
                return Ok(Ok(Collected::Some(files.half())));
            }
        }
        let written = files.succeeded();
        let (key, manifest) = manifest(run, target, &files);
        Ok(match self.put(target, &key, manifest.into()).await {
            Ok(()) => Ok(Collected::All(Ok(target.result(run, &key)), written)),
            Err(refused) => Err(refused),
        })
    }

    /// The children of these units, some at a time, each time with the unit behind them. A few are asked for before it is
    /// their turn.
    fn rows<'a>(
        &'a self,
        run: &'a MapRun,
        units: Range<u64>,
    ) -> impl Stream<Item = Result<(u64, Rows), Error>> + Send + 'a {
        let end = units.end;
        let asked = units.step_by(AT_ONCE as usize).map(move |first| async move {
            let behind = end.min(first + AT_ONCE);
            let ids: Vec<_> = (first..behind).map(|unit| child_id(run, unit)).collect();
            let rows = self.patiently(|| self.store.executions(&ids)).await?;
            Ok((behind, rows))
        });
        stream::iter(asked).buffered(ASKED)
    }

    /// What is written of the child of a unit, and where.
    async fn shown(
        &self,
        run: &MapRun,
        plan: &Plan,
        (child, unit): (Option<&Execution>, u64),
    ) -> Result<(Kind, Vec<String>), Error> {
        Ok(match child {
            Some(child) if child.status() == Status::Succeeded => {
                (Kind::Succeeded, plan.texts(child))
            }
            Some(child) if child.closing.is_some() => (Kind::Failed, vec![record_of(child)]),
            _ => (Kind::Pending, self.pending(run, unit).await?),
        })
    }

    async fn put(&self, target: &Target, key: &str, bytes: Bytes) -> Result<(), Refused> {
        self.tasks.objects().put(&target.bucket, key, bytes).await
    }

    /// What is written of a unit whose child was never started.
    async fn pending(&self, run: &MapRun, unit: u64) -> Result<Vec<String>, Error> {
        let Some(units) = &run.units else { return Ok(Vec::new()) };
        let input = self.unit(units, unit).await?.map(|(_, input)| input);
        let input = input.map_or(Value::Null, |input| Value::from(input.text()));
        let included = Value::object([("Included", Value::Bool(true))]);
        Ok(vec![Value::object([("Input", input), ("InputDetails", included)]).to_json()])
    }
}

/// What collecting comes to.
enum Collected {
    /// What the state's result is, or why there is none; and of how many children results were written to S3.
    All(Result<Document, Failure>, u64),
    /// There was no time for more.
    Some(HalfCollected),
}

/// What is to be made of the results.
struct Plan {
    target: Option<Target>,
    transformation: Transformation,
    lines: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Transformation {
    /// Outputs with all that is known of their executions.
    None,
    /// Outputs.
    Compact,
    /// Outputs, the elements of those that are arrays.
    Flatten,
}

/// Where files go.
struct Target {
    bucket: String,
    prefix: String,
}

impl Plan {
    fn of(run: &MapRun) -> Plan {
        let none = Value::Null;
        let writer = run.writer.as_ref().map_or(&none, Document::value);
        let word = |field: &str| writer.get("WriterConfig").and_then(|c| c.get(field)?.as_str());
        let arguments = writer.get("Parameters").or_else(|| writer.get("Arguments"));
        let argument = |field: &str| arguments.and_then(|a| a.get(field)?.as_str());
        let target = argument("Bucket").map(|bucket| Target {
            bucket: bucket.to_owned(),
            prefix: argument("Prefix").unwrap_or_default().trim_end_matches('/').to_owned(),
        });
        let transformation = match word("Transformation") {
            Some("COMPACT") => Transformation::Compact,
            Some("FLATTEN") => Transformation::Flatten,
            Some(_) => Transformation::None,
            None if target.is_some() => Transformation::None,
            None => Transformation::Compact,
        };
        Plan { target, transformation, lines: word("OutputType") == Some("JSONL") }
    }

    /// What is shown of a child that has ended. Of one that failed that is everything, whatever is asked for.
    fn texts(&self, child: &Execution) -> Vec<String> {
        let output = child.closing.as_ref().and_then(|closing| closing.output.as_ref());
        match (self.transformation, output) {
            (Transformation::Compact, Some(output)) => vec![output.text().to_owned()],
            (Transformation::Flatten, Some(output)) => match output.value() {
                Value::Array(items) => items.iter().map(Value::to_json).collect(),
                _ => vec![output.text().to_owned()],
            },
            _ => vec![record_of(child)],
        }
    }
}

impl Target {
    fn folder(&self, run: &MapRun) -> String {
        let id = run.arn.rsplit(':').next().unwrap_or_default();
        if self.prefix.is_empty() { id.to_owned() } else { format!("{}/{id}", self.prefix) }
    }

    fn result(&self, run: &MapRun, key: &str) -> Document {
        let details = Value::object([
            ("Bucket", Value::from(self.bucket.as_str())),
            ("Key", Value::from(key)),
        ]);
        let arn = Value::String(run.arn.clone());
        Value::object([("MapRunArn", arn), ("ResultWriterDetails", details)]).into()
    }
}

fn manifest(run: &MapRun, target: &Target, files: &Files) -> (String, String) {
    let manifest = Value::object([
        ("DestinationBucket", Value::from(target.bucket.as_str())),
        ("MapRunArn", Value::String(run.arn.clone())),
        ("ResultFiles", files.entries()),
    ]);
    (format!("{}/manifest.json", target.folder(run)), manifest.to_json())
}

/// All that is known of a child.
fn record_of(child: &Execution) -> String {
    let text = |text: &str| Some(Value::from(text));
    let included = || Some(Value::object([("Included", Value::Bool(true))]));
    let closing = child.closing.as_ref();
    let output = closing.and_then(|closing| closing.output.as_ref());
    let failure = closing.map(|closing| closing.failure.clone()).unwrap_or_default();
    let status = child.status();
    let redrives = child.redriven.map_or(0, |redriven| redriven.count);
    let (redrivable, reason) = match status {
        Status::Succeeded => {
            ("NOT_REDRIVABLE", Some("Execution is SUCCEEDED and cannot be redriven"))
        }
        _ => ("REDRIVABLE_BY_MAP_RUN", None),
    };
    let members = [
        ("Cause", failure.cause.map(Value::String)),
        ("Error", failure.error.map(Value::String)),
        ("ExecutionArn", text(&child.arn)),
        ("Input", text(child.input.text())),
        ("InputDetails", included()),
        ("Name", text(&child.name)),
        ("Output", output.and_then(|output| text(output.text()))),
        ("OutputDetails", output.and_then(|_| included())),
        ("RedriveCount", Some(Value::Int(i64::from(redrives)))),
        ("RedriveStatus", text(redrivable)),
        ("RedriveStatusReason", reason.and_then(text)),
        ("StartDate", text(&child.started.to_string())),
        ("StateMachineArn", text(&child.machine)),
        ("Status", text(status.as_str())),
        ("StopDate", closing.and_then(|closing| text(&closing.stopped.to_string()))),
    ];
    let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Value::object(members).to_json()
}

fn writer_failed(refused: &Refused) -> Failure {
    Failure::new(failure::name::RESULT_WRITER_FAILED, refused.to_string())
}

fn count(run: &MapRun) -> u64 {
    run.units.as_ref().map_or(0, |units| units.count)
}

/// Rows of some children.
type Rows = Vec<Option<Arc<Execution>>>;

/// Children whose rows are read with one question, and how many questions are open at a time. Rows come with their inputs
/// and outputs.
const AT_ONCE: u64 = 10;
const ASKED: usize = 10;
/// Children that a turn looks at, however little time it has.
const LEAST: u64 = 50;
