//! History: what happened, as the engine records it ([`event`]) and as GetExecutionHistory tells it (`wire`).

pub mod event;

pub use event::{Event, EventKind, Service, StateClass};
