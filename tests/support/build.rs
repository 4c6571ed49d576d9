//! Builders: the smallest execution, record and message that a store or queue takes, and what tests vary of them.

use std::sync::Arc;

use stepwright::store::{Closing, Execution, Status};
use stepwright_core::engine::record::FORMAT;
use stepwright_core::engine::{
    Cursor, ExecutionId, Failure, Frame, FrameId, Message, MessageKind, Outcome, Phase, Record,
    Visit,
};
use stepwright_core::event::{Event, EventKind, StateClass};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

/// A Tuesday.
pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000_000);

pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:orders";

pub(crate) fn id(text: &str) -> ExecutionId {
    ExecutionId(text.into())
}

/// So many seconds after [`START`].
pub(crate) fn at(seconds: f64) -> Timestamp {
    START.plus_seconds(seconds)
}

/// A running execution of [`MACHINE`].
pub(crate) fn execution(name: &str, started: Timestamp) -> Execution {
    Execution {
        id: id(name),
        arn: format!("arn:aws:states:us-east-1:123456789012:execution:orders:{name}").into(),
        name: name.into(),
        machine: MACHINE.into(),
        revision: "1".into(),
        role: "arn:aws:iam::123456789012:role/orders".into(),
        input: Document::from_trusted_text(r#"{"order": 1}"#),
        started,
        deadline: None,
        trace_header: None,
        version: None,
        alias: None,
        redriven: None,
        parent: None,
        closing: None,
    }
}

pub(crate) fn succeeded(stopped: Timestamp) -> Closing {
    Closing {
        status: Status::Succeeded,
        stopped,
        output: Some(Document::from_trusted_text("[1,  2]")),
        failure: Failure::default(),
    }
}

pub(crate) fn failed(stopped: Timestamp) -> Closing {
    Closing {
        status: Status::Failed,
        stopped,
        output: None,
        failure: Failure::new("Broken", "It \u{1F4A5} broke\0"),
    }
}

pub(crate) fn cursor(execution: &str, frame: &str, slot: u64) -> Cursor {
    Cursor { execution: id(execution), frame: FrameId(frame.into()), slot }
}

/// A record of a frame that is ready to go on, told from others by its nonce.
pub(crate) fn record(slot: u64, nonce: &str) -> Arc<Record> {
    record_with(slot, nonce, Document::from_trusted_text("{}"), Phase::Ready)
}

/// A record of a frame that has ended.
pub(crate) fn last_record(slot: u64, nonce: &str) -> Arc<Record> {
    let output = Document::from_trusted_text("true");
    record_with(slot, nonce, output.clone(), Phase::Done(Outcome::Succeeded(output)))
}

/// A record with a payload and a phase.
pub(crate) fn record_with(slot: u64, nonce: &str, payload: Document, phase: Phase) -> Arc<Record> {
    let entered = EventKind::StateEntered {
        class: StateClass::Pass,
        name: "Check".into(),
        input: payload.clone(),
    };
    Arc::new(Record {
        format: FORMAT,
        slot,
        time: START,
        guard: "message".into(),
        nonce: nonce.into(),
        frame: Frame {
            flow: 0,
            lane: None,
            state: "Check".into(),
            input: payload,
            variables: None,
            visit: Visit::default(),
            last: None,
            events_before: 0,
            phase,
        },
        events: vec![Event { kind: entered, previous: None }],
        cancels: false,
        lanes: 0,
        results: Vec::new(),
        abandons: None,
    })
}

/// A message that is told from others by its slot.
pub(crate) fn message(slot: u64) -> Message {
    Message { cursor: cursor("execution", "", slot), kind: MessageKind::Advance }
}
