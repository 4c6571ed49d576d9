//! The pure core of Stepwright.
//!
//! Reading order is dependency order: [`expr`] (expressions), [`asl`] (definitions), [`history`] (what happened),
//! [`engine`] (what happens next).

pub mod asl;
pub mod engine;
pub mod expr;
pub mod history;
pub mod time;
