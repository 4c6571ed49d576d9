//! Ids of traces and spans. All processes that work on an execution make them from what its records say, so none has to
//! tell another; and a trace that somebody began who started the execution (`traceHeader`, as X-Ray has it) goes on.

use std::fmt;

use sha2::{Digest as _, Sha256};
use stepwright_core::event::{ExecutionId, FrameId};
use stepwright_core::time::Timestamp;

/// Id of a trace. Its first four bytes are a time in seconds, as X-Ray wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// Id of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId([u8; 8]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The trace that an execution belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// What the execution is part of, if somebody else began the trace.
    pub parent: Option<SpanId>,
    /// Whether anybody wants it.
    pub sampled: bool,
}

impl Trace {
    /// Of an execution that began then, with this `traceHeader`.
    pub fn of(execution: &ExecutionId, started: Timestamp, header: Option<&str>) -> Trace {
        let fields = || header.into_iter().flat_map(|header| header.split(';'));
        let field = |name: &str| {
            fields().find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let root = field("Root").and_then(root);
        let parent = field("Parent").and_then(bytes).map(SpanId);
        let sampled = field("Sampled") != Some("0");
        match root {
            Some(id) => Trace { id: TraceId(id), parent, sampled },
            None => Trace { id: made(execution, started), parent: None, sampled },
        }
    }

    /// The header by which what a span calls takes part in the trace: root, parent and sampling, and nothing else that
    /// came with it. Lambda stops what it takes for loops by a part that names the functions before.
    pub fn header(&self, parent: SpanId) -> String {
        let id = self.id.to_string();
        let (time, rest) = id.split_at(8);
        format!("Root=1-{time}-{rest};Parent={parent};Sampled={}", u8::from(self.sampled))
    }
}

/// The span of an execution, of which this is the `run`-th redrive.
pub fn execution(id: &ExecutionId, run: u32) -> SpanId {
    span(&["execution", &id.0, &run.to_string()])
}

/// The span of a visit of a state, by the number of the event that entered it.
pub fn visit(id: &ExecutionId, frame: &FrameId, entered: u64) -> SpanId {
    span(&["visit", &id.0, &frame.0, &entered.to_string()])
}

/// The span of the lanes that a frame made at a slot.
pub fn lanes(id: &ExecutionId, frame: &FrameId, slot: u64) -> SpanId {
    span(&["lanes", &id.0, &frame.0, &slot.to_string()])
}

fn span(parts: &[&str]) -> SpanId {
    SpanId(digest(parts))
}

fn made(execution: &ExecutionId, started: Timestamp) -> TraceId {
    let mut id: [u8; 16] = digest(&["trace", &execution.0]);
    let seconds = started.0.div_euclid(1_000_000) as u32;
    let (time, _) = id.split_at_mut(4);
    time.copy_from_slice(&seconds.to_be_bytes());
    TraceId(id)
}

fn digest<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hash.finalize();
    std::array::from_fn(|at| hash.get(at).copied().unwrap_or_default())
}

/// `1-5759e988-bd862e3fe1be46a994272793`
fn root(text: &str) -> Option<[u8; 16]> {
    let (version, rest) = text.split_once('-')?;
    let (time, rest) = rest.split_once('-')?;
    let whole = version == "1" && time.len() == 8 && rest.len() == 24;
    whole.then(|| bytes(&format!("{time}{rest}"))).flatten()
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != 2 * N || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

    fn trace(header: Option<&str>) -> Trace {
        Trace::of(&ExecutionId("e".into()), Timestamp(0x5759_e988 * 1_000_000), header)
    }

    #[test]
    fn a_trace_goes_on_that_was_begun_by_who_started_the_execution() {
        let table = [
            (format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"), true, true),
            (format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=a:1"), true, false),
            (ROOT.to_owned(), false, true),
            (format!("{ROOT}; Parent=5399"), false, true),
        ];
        for (header, has_parent, sampled) in table {
            let trace = trace(Some(&header));
            assert_eq!(trace.id.to_string(), "5759e988bd862e3fe1be46a994272793", "{header}");
            assert_eq!((trace.parent.is_some(), trace.sampled), (has_parent, sampled), "{header}");
        }
    }

    #[test]
    fn an_execution_without_a_trace_has_one_of_its_own_always_the_same() {
        for header in
            [None, Some(""), Some("Root=2-1-1"), Some("Root=1-5759e98ö-bd862e3fe1be46a99427279")]
        {
            let made = trace(header);
            assert_eq!(made, trace(None), "{header:?}");
            assert!(made.id.to_string().starts_with("5759e988"), "its time is the start's");
        }
        let other = Trace::of(&ExecutionId("f".into()), Timestamp(0), None);
        assert_ne!(other.id, trace(None).id);
    }

    #[test]
    fn what_goes_on_to_functions_has_no_lineage() {
        let begun =
            trace(Some(&format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1;Self=x")));
        let parent = visit(&ExecutionId("e".into()), &FrameId::root(), 2);
        assert_eq!(begun.header(parent), format!("{ROOT};Parent={parent};Sampled=1"));
    }
}
