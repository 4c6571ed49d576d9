//! What SQS cannot hold, in DynamoDB: timers further away than its longest delay, and activity tasks on offer to workers
//! that poll. Both lie in one table, with `pk`, `sk` and the expiry `ttl` as in the store's table, and no index.
//!
//! ```text
//!  pk                    sk               item
//!  T#<5 minutes>#<shard> <due>#<hash>     a message and when it is due
//!  T                     swept            up to when the sweep has sent what was due
//!  A#<activity>          <time>#<hash>    an activity task on offer
//! ```

mod offers;
mod timers;

pub use self::offers::DynamoOffers;
pub use self::timers::{Due, Timers};

/// Environment variable that names the table of timers and offers.
pub const TIMERS_TABLE_VARIABLE: &str = "STEPWRIGHT_TIMERS_TABLE";

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};
use stepwright_core::time::Timestamp;

use super::Error;

type Attributes = HashMap<String, AttributeValue>;

fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(n: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(n.into().to_string())
}

fn text<'a>(item: &'a Attributes, name: &str) -> Result<&'a str, Error> {
    let text = item.get(name).and_then(|value| value.as_s().ok());
    text.map(String::as_str).ok_or_else(|| Error(format!("an item has no {name}")))
}

/// Tells texts apart, in a few letters.
fn hash(text: &str) -> [u8; 16] {
    let digest = Sha256::digest(text.as_bytes());
    let mut short = [0; 16];
    short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    short
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(8);
