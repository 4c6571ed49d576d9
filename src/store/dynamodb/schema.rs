//! The table: its keys, its index, its attributes, and the names by which a deployment hands it over.
//!
//! ```text
//!  pk                   sk                  item
//!  <id>                 e                   row of the execution; alone in the index `list`
//!  <id>                 p<hash>             a payload of the row that is too long for it
//!  <id>                 r<frame>#<slot>     record of the root frame, or of one of the first 100 lanes of a fork
//!  <id>#<fork>.<n>      r<frame>#<slot>     record of one of the lanes n*100.. of a fork, or of what is below them
//!  <as its lanes>       j<fork>             join leaf of 100 lanes
//!  <id>                 k<fork>#<level>.<n> join node of 100 leaves or nodes
//!  <id>                 d<fork>#<group>     dispenser of the items of 40 lanes
//!  <as its frame>       b<frame>#<slot>     last heartbeat for a token
//!  item#<kind>          <key>               registry item
//!  machines             <ARN>               a machine that was ever started, for the sweep
//! ```
//!
//! Lanes of wide forks lie under partition keys of their own, a hundred under each: one key takes 1,000 writes a second.
//! What is small lies together, so that the history of most executions is one query.

use std::sync::Arc;

/// Environment variable that names the table of executions.
pub const TABLE_VARIABLE: &str = "STEPWRIGHT_TABLE";

/// Environment variable that names the bucket for payloads above the claim-check threshold; optional.
pub const BUCKET_VARIABLE: &str = "STEPWRIGHT_BUCKET";

/// Partition key, a string.
pub const PARTITION: &str = "pk";

/// Sort key, a string.
pub const SORT: &str = "sk";

/// When DynamoDB may remove an item, in seconds since 1970. The table's TimeToLiveSpecification names it.
pub const EXPIRY: &str = "ttl";

/// The global secondary index that lists executions, with [`INDEX_PROJECTED`] projected.
pub const INDEX: &str = "list";

/// Partition key of the index, a string: machine, status and shard.
pub const INDEX_PARTITION: &str = "lp";

/// Sort key of the index, a string: time in the list and execution id.
pub const INDEX_SORT: &str = "ls";

/// What the index projects besides the keys: all of a row but its payloads.
pub const INDEX_PROJECTED: &[&str] = &["m", "c", "rc", "ra", "d"];

/// Days for which a closed execution is kept, as AWS keeps it.
pub const RETENTION_DAYS: u32 = 90;

/// Where a store keeps what.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Name or ARN of the table of executions.
    pub executions: Arc<str>,
    /// Days for which closed executions are kept.
    pub retention_days: u32,
    /// Partitions of the list of executions for each machine and status. One takes some 300 starts a second. May be
    /// raised at any time, never lowered.
    pub list_shards: u32,
}

impl Tables {
    /// The table of this name, with AWS's retention.
    pub fn named(executions: &str) -> Tables {
        Tables { executions: executions.into(), retention_days: RETENTION_DAYS, list_shards: 1 }
    }

    /// What the environment of a deployed function names; `None` if it names no table.
    pub fn from_environment() -> Option<Tables> {
        let name = std::env::var(TABLE_VARIABLE).ok().filter(|name| !name.is_empty())?;
        Some(Tables::named(&name))
    }
}
