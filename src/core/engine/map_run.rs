//! The run of a distributed Map: what it works on, and within which bounds. It travels with the records of the frame that
//! runs it, from reading the items to writing the results.
//!
//! A *unit* is the input of one child execution: an item, or a batch of them. Few and small ones stay in the records; many
//! are kept in the store, where the reading has put them ([`Place`]).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{EventRef, Failure};
use crate::asl::model::{ExecutionType, FlowId};
use crate::expr::{Document, Value};
use crate::time::Timestamp;

/// A Map Run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapRun {
    /// `mapRunArn`
    #[serde(rename = "a")]
    pub arn: Arc<str>,
    /// ARN of the state machine with the label, as child executions name it.
    #[serde(rename = "m")]
    pub machine: Arc<str>,
    /// The flow that child executions run.
    #[serde(rename = "f")]
    pub flow: FlowId,
    /// Their type.
    #[serde(rename = "t")]
    pub kind: ExecutionType,
    /// What an item selector sees as `$`.
    #[serde(rename = "i")]
    pub input: Document,
    /// Where the items come from; until they have been read.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// How items are put into batches.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// `ResultWriter`, computed.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<Document>,
    /// What it may do.
    #[serde(rename = "l")]
    pub bounds: Bounds,
    /// Its `MapRunStarted`.
    #[serde(rename = "e")]
    pub started: EventRef,
    /// What was read.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// Why it has failed, while what there is of results is written.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How often it was redriven, and when last.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub redriven: Option<(u32, Timestamp)>,
    /// How far reading or collecting has come, once it has outlasted a turn.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

/// What a turn has done that had no time left for the rest: the next one goes on from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Progress {
    /// Of reading the items.
    #[serde(rename = "r")]
    Read(HalfRead),
    /// Of collecting the results.
    #[serde(rename = "c")]
    Collected(HalfCollected),
}

/// Items that were read, and where the next one is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HalfRead {
    /// What there is so far.
    #[serde(rename = "u")]
    pub units: Units,
    /// Where reading goes on, in the reader's own words.
    #[serde(rename = "m")]
    pub mark: Document,
}

/// Results that were collected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HalfCollected {
    /// The unit to go on with.
    #[serde(rename = "u")]
    pub unit: u64,
    /// Where the segment ends that begins there, if that has been settled: it was too long for a turn.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// How many of those before have succeeded.
    #[serde(rename = "w")]
    pub written: u64,
    /// Bytes of each file that was written, for each kind of file; 0 for one that was left out.
    #[serde(rename = "f")]
    pub files: [Vec<u64>; 3],
    /// The results themselves, if they become the state's result: an array.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Document>,
}

/// Where items come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// The state's own data: an array, or an object whose members count.
    Data(Document),
    /// `ItemReader`, computed.
    Reader(Document),
}

/// `ItemBatcher`, computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// `MaxItemsPerBatch`
    pub items: Option<u64>,
    /// `MaxInputBytesPerBatch`
    pub bytes: Option<u64>,
    /// `BatchInput`
    pub common: Option<Document>,
}

/// Bounds that UpdateMapRun can change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// `maxConcurrency`; 0 stands for the limit.
    pub concurrency: u64,
    /// `toleratedFailureCount`
    pub failures: u64,
    /// `toleratedFailurePercentage`
    pub percentage: f64,
}

/// What reading has come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Units {
    /// Number of items.
    #[serde(rename = "i")]
    pub items: u64,
    /// Number of units.
    #[serde(rename = "n")]
    pub count: u64,
    /// Where they are.
    #[serde(rename = "p")]
    pub place: Place,
}

/// Where units are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Place {
    /// Here: an array of pairs of a number of items and an input.
    Here(Document),
    /// In the store, under this key.
    Stored(Arc<str>),
}

impl Bounds {
    /// Whether so many failed items are too many.
    pub fn exceeded(&self, failed: u64, items: u64) -> bool {
        let percentage = failed as f64 * 100.0 > self.percentage * items as f64;
        // Either of the two, if it is given, is a bound of its own; nothing is tolerated if neither is.
        match (self.failures, self.percentage > 0.0) {
            (0, true) => percentage,
            (most, false) => failed > most,
            (most, true) => failed > most || percentage,
        }
    }

    /// How many lanes work at a time, of `most` that may.
    pub fn lanes(&self, units: u64, most: u32) -> u32 {
        let asked = if self.concurrency == 0 { u64::from(most) } else { self.concurrency };
        u32::try_from(asked.min(units)).unwrap_or(most).min(most).max(1)
    }
}

impl Batch {
    /// Whether one more input of so many bytes finds room in a batch.
    fn takes(&self, items: u64, bytes: u64) -> bool {
        self.items.is_none_or(|most| items < most) && self.bytes.is_none_or(|most| bytes <= most)
    }
}

/// Puts inputs into batches as they come.
#[derive(Debug)]
pub struct Batcher<'a> {
    batch: Option<&'a Batch>,
    held: Vec<Value>,
    bytes: u64,
}

/// A unit: the number of items in it, and the input of its child execution.
pub type Unit = (u64, Document);

impl<'a> Batcher<'a> {
    /// Without a batch each input is a unit of its own.
    pub fn new(batch: Option<&'a Batch>) -> Batcher<'a> {
        Batcher { batch, held: Vec::new(), bytes: 0 }
    }

    /// Takes an input; a unit that is complete now.
    pub fn push(&mut self, input: Document) -> Option<Unit> {
        let Some(batch) = self.batch else { return Some((1, input)) };
        let more = input.text().len() as u64 + 1;
        let room = batch.takes(self.held.len() as u64, self.bytes + more);
        let full = if self.held.is_empty() || room { None } else { self.finish() };
        if self.held.is_empty() {
            self.bytes = batch.common.as_ref().map_or(0, |common| common.text().len() as u64);
        }
        self.bytes += more;
        self.held.push(input.value().clone());
        full
    }

    /// The unit that is not full, if there is one.
    pub fn finish(&mut self) -> Option<Unit> {
        let items = std::mem::take(&mut self.held);
        if items.is_empty() {
            return None;
        }
        let count = items.len() as u64;
        let common = self.batch.and_then(|batch| batch.common.as_ref());
        let common = common.map(|common| ("BatchInput", common.value().clone()));
        let input = Value::object(common.into_iter().chain([("Items", Value::array(items))]));
        Some((count, Document::from(input)))
    }
}

/// Child executions of one run at a time (AWS: MaxConcurrency, Step Functions quotas).
pub const LANES: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_bound_is_one_and_nothing_is_tolerated_without() {
        let table = [
            ((0, 0.0), (0, 10), false, "no failure is never too many"),
            ((0, 0.0), (1, 10), true, "nothing is tolerated"),
            ((2, 0.0), (2, 10), false, "as many as are tolerated"),
            ((2, 0.0), (3, 10), true, "one more"),
            ((0, 20.0), (2, 10), false, "a percentage alone"),
            ((0, 20.0), (3, 10), true, "more than the percentage"),
            ((5, 20.0), (3, 10), true, "either of both"),
            ((1, 100.0), (2, 10), true, "the other of both"),
            ((0, 100.0), (10, 10), false, "everything may fail"),
        ];
        for ((failures, percentage), (failed, items), expected, reason) in table {
            let bounds = Bounds { concurrency: 0, failures, percentage };
            assert_eq!(bounds.exceeded(failed, items), expected, "{reason}");
        }
    }

    #[test]
    fn there_are_as_many_lanes_as_asked_for_but_not_more_than_units() {
        let table = [((0, 5), 5), ((0, 500), 100), ((3, 5), 3), ((7, 5), 5), ((700, 500), 100)];
        for ((concurrency, units), expected) in table {
            let bounds = Bounds { concurrency, failures: 0, percentage: 0.0 };
            assert_eq!(bounds.lanes(units, 100), expected, "{concurrency} {units}");
        }
    }

    #[test]
    fn inputs_are_put_into_batches_by_number_and_by_size() {
        let common = || Some(Document::from_trusted_text(r#"{"c":1}"#));
        let table = [
            (
                Batch { items: Some(2), ..Batch::default() },
                vec![r#"{"Items":[10,20]}"#, r#"{"Items":[30]}"#],
            ),
            (Batch { bytes: Some(9), ..Batch::default() }, vec![r#"{"Items":[10,20,30]}"#]),
            (
                Batch { bytes: Some(8), ..Batch::default() },
                vec![r#"{"Items":[10,20]}"#, r#"{"Items":[30]}"#],
            ),
            (
                Batch { bytes: Some(1), common: common(), ..Batch::default() },
                vec![
                    r#"{"BatchInput":{"c":1},"Items":[10]}"#,
                    r#"{"BatchInput":{"c":1},"Items":[20]}"#,
                    r#"{"BatchInput":{"c":1},"Items":[30]}"#,
                ],
            ),
        ];
        for (batch, expected) in table {
            let mut batcher = Batcher::new(Some(&batch));
            let mut units = Vec::new();
            for input in ["10", "20", "30"] {
                units.extend(batcher.push(Document::from_trusted_text(input)));
            }
            units.extend(batcher.finish());
            assert_eq!(units.iter().map(|(count, _)| count).sum::<u64>(), 3);
            let texts: Vec<&str> = units.iter().map(|(_, input)| input.text()).collect();
            assert_eq!(texts, expected, "{batch:?}");
        }
    }
}
