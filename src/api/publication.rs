//! Published versions of a state machine, and the aliases that route to them.
//!
//! They lie in one registry item per machine, so that whatever must hold between them (a version that an alias names is
//! not deleted, numbers are given once, quotas) is one conditional write.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwright_core::time::Timestamp;

use super::Api;
use super::error::Error;
use super::machine::StateMachine;
use crate::store::{Kind, Store};

/// What has been published of one machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Publications {
    /// When the machine was created. What an earlier machine of the same name left behind does not count.
    of: Timestamp,
    /// Number of the latest version that there ever was. No number is given twice.
    pub(super) last: u64,
    /// Versions in order of number.
    pub(super) versions: Vec<Version>,
    /// Aliases by name.
    pub(super) aliases: BTreeMap<Arc<str>, Alias>,
}

/// A version: an unchangeable name for a revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) number: u64,
    /// Id of the revision.
    pub(super) revision: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<Arc<str>>,
    pub(super) created: Timestamp,
}

/// An alias: a changeable name for one version or two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Alias {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<Arc<str>>,
    /// One or two; weights add up to 100.
    pub(super) routes: Vec<Route>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// The share of the executions of an alias that a version gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Route {
    /// Number of the version.
    pub(super) version: u64,
    /// In percent.
    pub(super) weight: u64,
}

impl Publications {
    /// A version by its number.
    pub(super) fn version(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// Names of the aliases that route to a version.
    pub(super) fn aliases_of(&self, number: u64) -> Vec<&str> {
        let routed = |alias: &Alias| alias.routes.iter().any(|route| route.version == number);
        self.aliases.iter().filter(|(_, alias)| routed(alias)).map(|(name, _)| &**name).collect()
    }

    fn publish(
        &mut self,
        machine: &StateMachine,
        description: Option<&Arc<str>>,
        now: Timestamp,
    ) -> Result<Version, Error> {
        let revision = &machine.current.id;
        if let Some(known) = self.versions.iter().rfind(|known| known.revision == *revision) {
            return Ok(known.clone());
        }
        if self.versions.len() >= MOST_VERSIONS {
            return Err(Error::quota(format!(
                "The maximum number of versions per state machine is {MOST_VERSIONS}"
            )));
        }
        self.last += 1;
        let version = Version {
            number: self.last,
            revision: revision.clone(),
            description: description.cloned(),
            created: now,
        };
        self.versions.push(version.clone());
        Ok(version)
    }
}

impl Alias {
    /// The version that gets a draw out of 0 to 99.
    pub(super) fn routed(&self, draw: u64) -> Option<u64> {
        let mut reached = 0;
        let taken = self.routes.iter().find(|route| {
            reached += route.weight;
            draw < reached
        });
        taken.map(|route| route.version)
    }
}

/// What has been published of a machine.
///
/// # Errors
/// The store is not available, or damaged.
pub(super) async fn of(
    store: &dyn Store,
    arn: &str,
    machine: &StateMachine,
) -> Result<Publications, Error> {
    Ok(read(store, arn, machine).await?.0)
}

/// Changes what has been published, as a whole or not at all.
///
/// # Errors
/// What `work` refuses; `ConflictException` if others are always faster.
pub(super) async fn change<T>(
    store: &dyn Store,
    arn: &str,
    machine: &StateMachine,
    mut work: impl FnMut(&mut Publications) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        let (mut publications, version) = read(store, arn, machine).await?;
        let before = publications.clone();
        let answer = work(&mut publications)?;
        if publications == before {
            return Ok(answer);
        }
        let body = serde_json::to_string(&publications).map_err(Error::internal)?;
        if store.put(Kind::Publications, arn, body, version).await? {
            return Ok(answer);
        }
    }
    Err(Error::conflict(
        "Other requests are changing the versions or aliases of this state machine",
    ))
}

/// Publishes the current revision of a machine, unless that was done before.
///
/// # Errors
/// `ServiceQuotaExceededException`, `ConflictException`
pub(super) async fn publish(
    api: &Api,
    arn: &str,
    machine: &StateMachine,
    description: Option<&Arc<str>>,
) -> Result<Version, Error> {
    let now = api.now();
    change(api.store(), arn, machine, |all| all.publish(machine, description, now)).await
}

/// Forgets all versions and aliases of a machine.
///
/// # Errors
/// The store is not available.
pub(super) async fn forget(store: &dyn Store, arn: &str) -> Result<(), Error> {
    while let Some(item) = store.item(Kind::Publications, arn).await? {
        if store.remove(Kind::Publications, arn, item.version).await? {
            break;
        }
    }
    Ok(())
}

async fn read(
    store: &dyn Store,
    arn: &str,
    machine: &StateMachine,
) -> Result<(Publications, Option<u64>), Error> {
    let none = Publications { of: machine.created, ..Publications::default() };
    let Some(item) = store.item(Kind::Publications, arn).await? else { return Ok((none, None)) };
    let found: Publications = serde_json::from_str(&item.body).map_err(Error::internal)?;
    let found = if found.of == machine.created { found } else { none };
    Ok((found, Some(item.version)))
}

/// Versions of a machine (source: quotas).
const MOST_VERSIONS: usize = 1000;
/// Aliases of a machine (source: quotas).
pub(super) const MOST_ALIASES: usize = 100;
const ATTEMPTS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_is_routed_by_weight() {
        let table = [
            (vec![(1, 100)], 100),
            (vec![(1, 30), (2, 70)], 30),
            (vec![(1, 0), (2, 100)], 0),
            (vec![(1, 100), (2, 0)], 100),
        ];
        for (routes, firsts) in table {
            let routes =
                routes.iter().map(|&(version, weight)| Route { version, weight }).collect();
            let (created, updated) = (Timestamp(0), Timestamp(0));
            let alias = Alias { description: None, routes, created, updated };
            let drawn: Vec<u64> = (0..100).filter_map(|draw| alias.routed(draw)).collect();
            assert_eq!(drawn.len(), 100);
            assert_eq!(drawn.iter().filter(|version| **version == 1).count(), firsts);
        }
    }
}
