//! The trace of a request that leaves.
//!
//! Inside Lambda the SDK would hand the trace on, and with it the count of invocations in a row by which Lambda stops
//! loops; a workflow that calls one function many times is no loop. So every request leaves with a trace without it.

use std::sync::Arc;

/// The header. Signatures leave it out, since those who pass a request on may change it; the SDK respects one that is
/// there.
pub(crate) const TRACE_HEADER: &str = "x-amzn-trace-id";

tokio::task_local! {
    /// The trace of which the task is part that is being performed.
    static TRACE: Arc<str>;
}

/// Performs a task as part of a trace: what it calls gets this header.
pub async fn in_trace<F: Future>(header: Option<String>, work: F) -> F::Output {
    match header {
        Some(header) => TRACE.scope(header.into(), work).await,
        None => work.await,
    }
}

/// Its value for a request that leaves: the trace of the task or, inside of Lambda, that of the invocation.
pub(crate) fn trace_header() -> Option<String> {
    if let Ok(header) = TRACE.try_with(|header| header.to_string()) {
        return Some(header);
    }
    std::env::var_os("AWS_LAMBDA_FUNCTION_NAME")?;
    std::env::var("_X_AMZN_TRACE_ID").ok().map(|trace| without_lineage(&trace))
}

/// The trace without the part by which Lambda counts.
fn without_lineage(trace: &str) -> String {
    let kept = trace
        .split(';')
        .filter(|part| !part.trim_start().to_ascii_lowercase().starts_with("lineage="));
    kept.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_goes_on_without_the_count_of_invocations() {
        let table = [
            ("Root=1-a;Parent=b;Sampled=1;Lineage=1:c:3", "Root=1-a;Parent=b;Sampled=1"),
            ("Lineage=1:c:3;Root=1-a", "Root=1-a"),
            ("Root=1-a", "Root=1-a"),
        ];
        for (trace, expected) in table {
            assert_eq!(without_lineage(trace), expected);
        }
    }
}
