//! The API of AWS Step Functions: 37 operations of AWS JSON 1.0, of which `operation` lists those that are built.
//!
//! ```text
//! bytes -> protocol -> shape (from data) -> operation/<name>.rs -> store, engine
//!       <- protocol <- output | error    <-
//! ```
//!
//! Promise: whatever a request holds, the answer is one that AWS could give, in its types and words; no operation
//! panics, none blocks its thread, and what it has answered with success is durable.

mod arn;
pub mod auth;
mod definition;
mod document;
mod error;
mod execution;
mod express;
mod history;
mod input;
mod integration;
mod machine;
mod mock;
mod name;
mod operation;
mod output;
mod own;
mod page;
pub mod protocol;
mod publication;
mod quota;
mod settings;
mod shape;
mod tags;
mod target;
mod test_case;
mod variables;

use std::sync::Arc;

use tokio::sync::watch;

pub use error::Error;
pub use execution::id as execution_id;
pub use protocol::Response;
pub use quota::Quotas;

use crate::store::Store;
use crate::telemetry::metrics::prometheus;
use crate::turn::Engine;
use crate::turn::express::Express;

/// The API over one engine.
pub struct Api {
    engine: Arc<Engine>,
    express: Option<Arc<Express>>,
    keys: Option<Arc<dyn auth::Keys>>,
    pages: page::Pages,
    histories: history::Histories,
    account: quota::Account,
    closing: watch::Sender<bool>,
}

impl Api {
    /// The API of an engine.
    pub fn new(engine: Arc<Engine>) -> Api {
        Api {
            account: quota::Account::with(Quotas::beside(&engine.config.limits)),
            engine,
            express: None,
            keys: None,
            pages: page::Pages::default(),
            histories: history::Histories::default(),
            closing: watch::Sender::new(false),
        }
    }

    /// The same with other quotas than those that go with the limits of workflows.
    pub fn with_quotas(self, quotas: Quotas) -> Api {
        Api { account: quota::Account::with(quotas), ..self }
    }

    /// The same, with Express executions.
    pub fn with_express(self, express: Arc<Express>) -> Api {
        Api { express: Some(express), ..self }
    }

    /// The same, for those only who sign with one of these keys.
    pub fn with_keys(self, keys: Arc<dyn auth::Keys>) -> Api {
        Api { keys: Some(keys), ..self }
    }

    /// Lets a request in, or says why not. Without [`Api::with_keys`] all are let in and nothing is looked at. To be asked
    /// before [`Api::call`], by whoever has the request in its outer form.
    ///
    /// # Errors
    /// The answer to a request that is not let in.
    pub fn admit<'a>(&self, request: impl FnOnce() -> auth::Request<'a>) -> Result<(), Response> {
        let Some(keys) = &self.keys else { return Ok(()) };
        auth::verify(&request(), &**keys, self.now()).map_err(|refusal| {
            self.engine.metrics().request("-", Some(refusal.kind()));
            tracing::debug!(error = refusal.kind(), "a request was not let in");
            Response::refused(refusal)
        })
    }

    /// Whether everybody is let in.
    pub fn is_open(&self) -> bool {
        self.keys.is_none()
    }

    /// Metrics of its engines, as Prometheus reads them.
    pub fn metrics(&self) -> String {
        let express = self.express.as_ref().and_then(|express| express.engine().queue.backlog());
        let backlog = self.engine.queue.backlog().unwrap_or_default();
        prometheus::text(self.engine.metrics(), backlog.and(express.unwrap_or_default()))
    }

    /// Does one request: an operation by its name, and the body as it came.
    ///
    /// Dropping the future abandons the request; nothing that was to be answered with success is lost by it.
    pub async fn call(&self, operation: &str, body: &[u8]) -> Response {
        protocol::respond(self, operation, body).await
    }

    /// The largest body of a request, in bytes: AWS's limit, or more where payloads may be larger than at AWS.
    pub fn max_body(&self) -> usize {
        protocol::MAX_BODY.max(self.engine.config.limits.payload.saturating_mul(2))
    }

    /// Lets requests that only wait for something (GetActivityTask) end at once, with the answer that nothing came.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    fn store(&self) -> &dyn Store {
        &*self.engine.store
    }

    fn now(&self) -> stepwright_core::time::Timestamp {
        self.engine.clock.now()
    }

    /// Ends when [`Api::close`] was called.
    async fn closed(&self) {
        // The sender lives as long as `self`, so waiting fails only when it would be over anyway.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}
