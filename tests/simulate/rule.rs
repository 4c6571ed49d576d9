//! What tasks do: their names say it, and the attempt that they are told of.

use stepwright_core::asl::model::{Pattern, Resource};
use stepwright_core::engine::TaskCall;
use stepwright_core::expr::Document;

use super::tree::Deed;
use crate::support::tasks::Act;

/// What a function or a job does.
pub(crate) fn rule(name: &str, call: &TaskCall) -> Act {
    let token = Pattern::WaitForTaskToken;
    if matches!(&call.resource, Resource::Service(service) if service.pattern == token) {
        return Act::Echo;
    }
    let job =
        matches!(&call.resource, Resource::Service(service) if service.pattern == Pattern::Sync);
    match named(name) {
        Deed::Done(0) => Act::Echo,
        Deed::Done(seconds) => Act::Take(seconds.into()),
        Deed::Flaky(times) if attempt(&call.parameters) < times => Act::Fail("Flaky", "for now"),
        Deed::Bad => Act::Fail("Bad", "worse"),
        Deed::Late if job => Act::Take(50_000.0),
        Deed::Late => Act::Take(30.0),
        Deed::Flaky(_) | Deed::Beats(_) | Deed::Silent => Act::Echo,
    }
}

/// What a name says.
pub(crate) fn named(name: &str) -> Deed {
    let digits = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
    let number = name[digits..].parse().unwrap_or(0);
    match &name[..digits] {
        "flaky" => Deed::Flaky(number),
        "bad" => Deed::Bad,
        "late" => Deed::Late,
        "beats" => Deed::Beats(number),
        "silent" => Deed::Silent,
        _ => Deed::Done(number),
    }
}

/// Which retry a task is, as it was told.
pub(crate) fn attempt(sent: &Document) -> u32 {
    let sent = sent.value();
    let own = sent.get("retry").or_else(|| sent.get("Payload")?.get("retry"));
    own.and_then(|n| n.as_i64()).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}
