//! The API as the tasks of its own engine call it: without HTTP, without keys.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::{Api, protocol, test_case};
use crate::task::own::{Answer, StepFunctions};

#[async_trait]
impl StepFunctions for Api {
    fn place(&self) -> (&str, &str) {
        (&self.engine.config.region, &self.engine.config.account)
    }

    async fn call(&self, operation: &str, body: &[u8]) -> Answer {
        let response = protocol::respond(self, operation, body).await;
        let now = Duration::from_micros(u64::try_from(self.now().0).unwrap_or_default());
        let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + now);
        let headers = [
            ("x-amzn-requestid", response.request_id),
            ("content-length", response.body.len().to_string()),
            ("date", date),
            ("content-type", protocol::CONTENT_TYPE.to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Answer { status: response.status, headers, body: response.body }
    }

    async fn test_case(&self, execution: &str) -> Result<Option<String>, String> {
        test_case::of(self, execution).await.map_err(|error| error.to_string())
    }
}
