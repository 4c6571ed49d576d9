//! Stored records: read, written again, shown as history, gone on from. A damaged one is an error, and one that can be
//! read can be gone on from, whatever is in it.

use std::sync::Arc;

use stepwright_core::asl::model::ExecutionType;
use stepwright_core::engine::{
    Answer, Cursor, Decision, ExecutionId, Facts, Failure, FrameId, Limits, Record, Setting,
    Stimulus, TaskOutcome, decide, effects,
};
use stepwright_core::expr::Document;
use stepwright_core::history::{log, order, wire};
use stepwright_core::time::Timestamp;

use super::definition;

pub(super) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(record) = Record::decode(text) else { return };
    let written = record.encode().expect("what was read can be written");
    assert_eq!(Record::decode(&written).expect("what was written can be read"), record);
    shown(&record);
    let machine = definition::definitions();
    let machine =
        std::str::from_utf8(&machine[record.slot as usize % machine.len()]).expect("text");
    let machine = stepwright_core::asl::parse(machine, ExecutionType::Standard).expect("a machine");
    let cursor = Cursor {
        execution: ExecutionId("e.0".into()),
        frame: FrameId("".into()),
        slot: record.slot.saturating_add(1),
    };
    let facts = facts();
    let setting = Setting {
        machine: &machine,
        execution: &facts,
        cursor: &cursor,
        now: NOW.plus_seconds(1e6),
        states: 20,
        limits: Limits { events: Some(1_000), ..Limits::AWS },
        token: &|cursor| cursor.slot.to_string(),
        activity_exists: &|_| true,
    };
    let _ = effects(&setting, &record);
    for stimulus in stimuli() {
        let _ = decide(&setting, Decision::from(record.frame_after()), stimulus);
    }
}

fn shown(record: &Record) {
    let record = Arc::new(record.clone());
    let entries =
        order::assemble(&[(FrameId("".into()), record.clone()), (FrameId("3.1".into()), record)]);
    let mut out = String::new();
    for entry in &entries {
        out.clear();
        wire::write(&mut out, entry, true);
        serde_json::from_str::<serde_json::Value>(&out).expect("history is JSON");
        out.clear();
        log::write(&mut out, entry, true, ("arn", 0));
        serde_json::from_str::<serde_json::Value>(&out).expect("a log is JSON");
    }
}

fn stimuli() -> Vec<Stimulus> {
    let document = || Document::from_trusted_text("{\"a\":[1]}");
    vec![
        Stimulus::Advance,
        Stimulus::Due { beat: Some(NOW) },
        Stimulus::Due { beat: None },
        Stimulus::Task(TaskOutcome::Succeeded(document())),
        Stimulus::Task(TaskOutcome::TimedOut),
        Stimulus::Task(TaskOutcome::Submitted { output: document(), handle: document() }),
        Stimulus::Reclaim,
        Stimulus::ActivityStarted { worker_name: None },
        Stimulus::Callback(Answer::Failure(Failure::default())),
        Stimulus::Granted(None),
        Stimulus::ItemsRead(Err(Failure::default())),
        Stimulus::Unit(None),
        Stimulus::Park { until: Timestamp(i64::MAX) },
        Stimulus::ChildEnded(None),
        Stimulus::Collected(Ok(document())),
        Stimulus::Stop(Failure::default()),
        Stimulus::Deadline,
    ]
}

fn facts() -> Facts {
    Facts {
        arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
        name: "e".into(),
        role: "arn:aws:iam::123456789012:role/r".into(),
        started: NOW,
        input: Document::empty_object(),
        redriven: None,
        version: None,
        alias: None,
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
        machine_name: "m".into(),
        region: "us-east-1".into(),
        flow: 0,
    }
}

/// Any time.
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

#[cfg(not(feature = "home"))]
pub(super) fn records() -> Vec<Vec<u8>> {
    Vec::new()
}

/// All records that the definitions of this house leave behind.
#[cfg(feature = "home")]
pub(super) fn records() -> Vec<Vec<u8>> {
    use crate::home::{Home, block_on};
    let mut found = Vec::new();
    for (number, definition) in definition::definitions().into_iter().enumerate() {
        let data = br#"{"a":1,"b":["ab"],"o":{"a":2},"items":[]}"#;
        let run = block_on(async {
            let home = Home::new().await;
            home.script(&[0, 1, 3, 0, 1, 4, 0, 0]);
            super::interpreter::start(&home, &definition, data).await;
            home.idle().await;
            super::interpreter::records(&home).await
        });
        let mut run: Vec<_> = run.iter().filter_map(|record| record.encode().ok()).collect();
        run.dedup();
        assert!(!run.is_empty(), "definition {number} leaves no record");
        found.extend(run.into_iter().map(String::into_bytes));
    }
    found
}
