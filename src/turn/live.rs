//! The tasks that this process is performing right now. A claim of this process that is not among them is dead: its turn
//! ended without an outcome, by a defect of ours or because the store gave way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stepwright_core::engine::{Cursor, Phase, Record};

/// Claims that are being performed, or are about to be; counted, since two turns can be about to claim the same.
#[derive(Clone, Default)]
pub(super) struct Live(Arc<Mutex<HashMap<Cursor, usize>>>);

impl Live {
    /// Whether the claim made at slot `ticket` of a frame is being performed here.
    pub(super) fn performs(&self, frame: &Cursor, ticket: u64) -> bool {
        self.claims().contains_key(&Cursor { slot: ticket, ..frame.clone() })
    }

    fn claims(&self) -> MutexGuard<'_, HashMap<Cursor, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, a claim is being performed.
pub(super) struct Performing {
    live: Live,
    claim: Cursor,
}

impl Performing {
    /// From before the claim is committed until it is dropped; `None` if the record claims nothing.
    pub(super) fn of(live: &Live, cursor: &Cursor, record: &Record) -> Option<Performing> {
        let Phase::Claimed(claim) = &record.frame.phase else { return None };
        let claim = Cursor { slot: claim.ticket, ..cursor.clone() };
        *live.claims().entry(claim.clone()).or_default() += 1;
        Some(Performing { live: live.clone(), claim })
    }
}

impl Drop for Performing {
    fn drop(&mut self) {
        let mut claims = self.live.claims();
        if let Some(count) = claims.get_mut(&self.claim) {
            *count -= 1;
            if *count == 0 {
                claims.remove(&self.claim);
            }
        }
    }
}
