//! History: the events of the records in the order they are shown in ([`order`], and [`sequence`] while it grows), as
//! GetExecutionHistory tells them ([`wire`]) and as execution logs do ([`log`]).

pub mod json;
pub mod log;
pub mod order;
pub mod sequence;
pub mod wire;

pub use order::{Entry, assemble};
pub use sequence::Sequence;
