//! `States.UUID`.

use super::arguments::{Given, Signature};
use crate::expr::Value;

pub(super) const FUNCTIONS: &[Signature] = &[Signature::new("States.UUID", &[], uuid)];

fn uuid(given: &Given<'_>) -> Result<Value, String> {
    Ok(given.entropy.borrow_mut().uuid().into())
}
