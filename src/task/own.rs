//! This engine's own Step Functions API, as tasks see it: a workflow that starts another one need not leave the house.

use std::sync::{Arc, Weak};

use async_trait::async_trait;

/// The Step Functions API of the engine that performs the task.
#[async_trait]
pub trait StepFunctions: Send + Sync {
    /// Region and account id of the ARNs that it knows.
    fn place(&self) -> (&str, &str);

    /// Does an operation (`StartExecution`): AWS JSON 1.0 in and out.
    async fn call(&self, operation: &str, body: &[u8]) -> Answer;

    /// The test case that an execution was started in, if it was.
    ///
    /// # Errors
    /// Why that is not known now, in words.
    async fn test_case(&self, execution: &str) -> Result<Option<String>, String>;
}

/// What the API answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: String,
}

impl Answer {
    /// The same, as long as this: servers that stand in for AWS pad their answers, and a history shows what AWS writes.
    pub(super) fn of_length(mut self, length: usize) -> Answer {
        for (_, value) in self.headers.iter_mut().filter(|(name, _)| name == "content-length") {
            *value = length.to_string();
        }
        self
    }
}

/// An API that is not kept alive by those who call it, for it needs them itself. Where it is gone the process is about to
/// end, and a call never returns: the next process finds the task's claim.
pub fn loosely(api: &Arc<dyn StepFunctions>) -> Arc<dyn StepFunctions> {
    let (region, account) = api.place();
    let place = (region.to_owned(), account.to_owned());
    Arc::new(Loose { place, api: Arc::downgrade(api) })
}

struct Loose {
    place: (String, String),
    api: Weak<dyn StepFunctions>,
}

#[async_trait]
impl StepFunctions for Loose {
    fn place(&self) -> (&str, &str) {
        (&self.place.0, &self.place.1)
    }

    async fn call(&self, operation: &str, body: &[u8]) -> Answer {
        match self.api.upgrade() {
            Some(api) => api.call(operation, body).await,
            None => std::future::pending().await,
        }
    }

    async fn test_case(&self, execution: &str) -> Result<Option<String>, String> {
        match self.api.upgrade() {
            Some(api) => api.test_case(execution).await,
            None => std::future::pending().await,
        }
    }
}
