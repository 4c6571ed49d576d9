//! The engine: what happens next. Its door is one function, [`decide`]: the machine, the frame as its last record left it
//! and a stimulus go in; the frame after the transition and the events of it come out. No I/O, no clock, no randomness.
//!
//! ```text
//!   Frame (last record) + Stimulus ──▶ decide ──▶ Decision { frame, events } ──▶ Record (inserted by the turn)
//!                                                                                    │
//!                                    messages, task calls, joins ◀── effects ◀───────┘
//! ```
//!
//! Reading order: [`frame`] (the state of one thread of control), [`record`] (one transition of it),
//! [`map_run`] (the run of a distributed Map), [`stimulus`] (what may come in), `decide` with `state/` (what happens),
//! [`effect`] and `emit` (what must follow), [`redrive`] (where an execution that ended badly goes on),
//! [`trial`] (one state on its own, under an inspector).

mod context;
mod data_flow;
mod decide;
mod draft;
pub mod effect;
mod emit;
pub mod frame;
mod inspector;
pub mod job;
pub mod map_run;
mod part;
pub mod reader;
pub mod record;
pub mod redrive;
mod retry;
mod setting;
mod state;
pub mod stimulus;
pub mod trial;

pub use crate::event::{Cursor, EventRef, ExecutionId, Failure, FrameId, failure};
pub use decide::{Decided, EVENTS_PER_RECORD, begin, decide, too_large};
pub use draft::Decision;
pub use effect::{Effect, Message, MessageKind, Offer, Origin, TaskCall, TaskOutcome};
pub use emit::{activities, effects, failure_of, item, lane, task_call, unit_input};
pub use frame::{
    ActivityTask, Answer, Claim, EarlierFork, Fork, Frame, Item, Lane, NextIndex, Outcome, Pending,
    Phase, Resumed, Visit,
};
pub use inspector::Notes;
pub use job::{Job, JobCall};
pub use map_run::{MapRun, Units};
pub use record::Record;
pub use redrive::{Resumption, resumption};
pub use setting::{Facts, Limits, Setting};
pub use stimulus::{LaneFailure, Lanes, Stimulus};
