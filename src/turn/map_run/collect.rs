//! What came of the children of a Map Run, as the state's result or as files in S3 (AWS: ResultWriter).
//!
//! ```text
//! PREFIX/RUN/manifest.json        which files there are
//! PREFIX/RUN/SUCCEEDED_0.json …   likewise FAILED_n and PENDING_n; each an array, or lines
//! ```

use std::sync::Arc;

use bytes::Bytes;
use stepwright_core::engine::{Failure, MapRun, Record, Stimulus, failure, too_large};
use stepwright_core::expr::{Document, Value};

use super::child::child_id;
use super::{Closed, Engine, Error};
use crate::store::{Execution, Status};
use crate::task::object::Refused;

impl Engine {
    /// Collects the results of a run whose frame is at `here`.
    pub(in crate::turn) async fn collect(
        &self,
        record: &Record,
        run: &MapRun,
    ) -> Result<Stimulus, Error> {
        let plan = Plan::of(run);
        let (result, written) = match (&plan.target, &run.failure) {
            (Some(target), _) => match self.write_files(run, &plan, target).await? {
                Ok((result, written)) => (Ok(result), written),
                Err(refused) => (Err(writer_failed(&refused)), 0),
            },
            (None, None) => (self.gather(record, run, &plan).await?, 0),
            (None, Some(failure)) => (Err(failure.clone()), 0),
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
    ) -> Result<Result<Document, Failure>, Error> {
        let mut all = String::from("[");
        for unit in 0..run.units.as_ref().map_or(0, |units| units.count) {
            let Some(child) = self.child_row(run, unit).await? else { continue };
            for text in plan.texts(&child) {
                if all.len() > 1 {
                    all.push(',');
                }
                all.push_str(&text);
            }
            if all.len() > self.config.limits.payload {
                return Ok(Err(too_large(&record.frame.state)));
            }
        }
        all.push(']');
        Ok(Ok(Document::from_trusted_text(all)))
    }

    /// The results as files, and how many children they are of.
    async fn write_files(
        &self,
        run: &MapRun,
        plan: &Plan,
        target: &Target,
    ) -> Result<Result<(Document, u64), Refused>, Error> {
        let folder = target.folder(run);
        let mut files =
            ["FAILED", "PENDING", "SUCCEEDED"].map(|name| Files::new(name, &folder, plan.lines));
        let mut written = 0;
        for unit in 0..run.units.as_ref().map_or(0, |units| units.count) {
            let child = self.child_row(run, unit).await?;
            let (place, texts) = match &child {
                Some(child) if child.status() == Status::Succeeded => (2, plan.texts(child)),
                Some(child) if child.closing.is_some() => (0, vec![record_of(child)]),
                _ => (1, self.pending(run, unit).await?),
            };
            written += u64::from(place == 2);
            let Some(files) = files.get_mut(place) else { continue };
            for text in texts {
                if let Some((key, bytes)) = files.push(&text)
                    && let Err(refused) = self.put(target, &key, bytes).await
                {
                    return Ok(Err(refused));
                }
            }
        }
        for files in &mut files {
            if let Some((key, bytes)) = files.finish()
                && let Err(refused) = self.put(target, &key, bytes).await
            {
                return Ok(Err(refused));
            }
        }
        let (key, manifest) = manifest(run, target, &files);
        if let Err(refused) = self.put(target, &key, manifest.into()).await {
            return Ok(Err(refused));
        }
        Ok(Ok((target.result(run, &key), written)))
    }

    async fn child_row(&self, run: &MapRun, unit: u64) -> Result<Option<Arc<Execution>>, Error> {
        let id = child_id(run, unit);
        self.patiently(|| self.store.execution(&id)).await
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

/// The files of one kind: each is written when it is full.
struct Files {
    name: &'static str,
    folder: String,
    lines: bool,
    held: Vec<u8>,
    written: Vec<(String, usize)>,
}

impl Files {
    fn new(name: &'static str, folder: &str, lines: bool) -> Files {
        Files { name, folder: folder.to_owned(), lines, held: Vec::new(), written: Vec::new() }
    }

    /// Adds an entry; a file that is full.
    fn push(&mut self, text: &str) -> Option<(String, Bytes)> {
        if !self.lines {
            self.held.push(if self.held.is_empty() { b'[' } else { b',' });
        }
        self.held.extend_from_slice(text.as_bytes());
        if self.lines {
            self.held.push(b'\n');
        }
        if self.held.len() >= FILE_BYTES { self.finish() } else { None }
    }

    /// The file that is not full, if there is one.
    fn finish(&mut self) -> Option<(String, Bytes)> {
        if self.held.is_empty() {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.held);
        if !self.lines {
            bytes.push(b']');
        }
        let ending = if self.lines { "jsonl" } else { "json" };
        let key = format!("{}/{}_{}.{ending}", self.folder, self.name, self.written.len());
        self.written.push((key.clone(), bytes.len()));
        Some((key, bytes.into()))
    }

    fn entries(&self) -> Value {
        Value::array(self.written.iter().map(|(key, size)| {
            let size = Value::Int(i64::try_from(*size).unwrap_or(i64::MAX));
            Value::object([("Key", Value::from(key.as_str())), ("Size", size)])
        }))
    }
}

fn manifest(run: &MapRun, target: &Target, files: &[Files]) -> (String, String) {
    let kinds = Value::object(files.iter().map(|files| (files.name, files.entries())));
    let manifest = Value::object([
        ("DestinationBucket", Value::from(target.bucket.as_str())),
        ("MapRunArn", Value::String(run.arn.clone())),
        ("ResultFiles", kinds),
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

/// A file of results is written when it has so many bytes.
const FILE_BYTES: usize = 16 << 20;
