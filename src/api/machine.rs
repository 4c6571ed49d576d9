//! State machines as the registry keeps them: a small document that changes (which revision is current), and for each
//! revision two that never do (its definition, its settings).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwright_core::time::Timestamp;
use uuid::Uuid;

use super::arn::MachineArn;
use super::error::Error;
use super::input::Input;
use super::settings::Settings;
use crate::store::{Kind, Store};
use crate::turn::definition_key;

/// A state machine without its definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StateMachine {
    /// `name`
    pub(super) name: Arc<str>,
    /// Whether its type is `EXPRESS`.
    pub(super) express: bool,
    /// `creationDate`
    pub(super) created: Timestamp,
    /// The current revision.
    pub(super) current: Revision,
    /// Whether its status is `DELETING`.
    #[serde(default)]
    pub(super) deleting: bool,
    /// `tags`, key and value, as they were given.
    #[serde(default)]
    pub(super) tags: Vec<(String, String)>,
    /// Whether it was created with `publish`: what creating it again is held against.
    #[serde(default)]
    pub(super) published: Option<Publishing>,
}

/// `publish: true`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Publishing {
    /// `versionDescription`
    pub(super) description: Option<Arc<str>>,
}

impl Publishing {
    /// What a request says.
    ///
    /// # Errors
    /// `ValidationException` for a description of nothing (recorded).
    pub(super) fn of(input: &Input) -> Result<Option<Publishing>, Error> {
        let publish = input.flag("publish").unwrap_or(false);
        let description = input.text("versionDescription").cloned();
        if description.is_some() && !publish {
            let why = "Version description can only be set when publish is true";
            return Err(Error::validation(why));
        }
        Ok(publish.then_some(Publishing { description }))
    }
}

/// One revision: what an execution that starts now will run on for its whole life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Revision {
    /// Its id: part of the key of its definition.
    pub(super) id: Arc<str>,
    /// Whether it came by an update: only then AWS shows its id.
    pub(super) updated: bool,
    /// `roleArn`
    pub(super) role: Arc<str>,
    /// Top-level `TimeoutSeconds` of its definition.
    pub(super) timeout_seconds: Option<u64>,
    /// Logging, tracing, encryption.
    pub(super) settings: Settings,
    /// `updateDate`
    pub(super) since: Timestamp,
}

/// A machine and the version of its registry item.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) machine: StateMachine,
    pub(super) version: u64,
}

impl Revision {
    /// A new id.
    pub(super) fn new_id() -> Arc<str> {
        Uuid::new_v4().to_string().into()
    }

    /// `revisionId`, if AWS would show one.
    pub(super) fn shown_id(&self) -> Option<&str> {
        self.updated.then_some(&*self.id)
    }
}

impl StateMachine {
    /// `type`
    pub(super) fn kind(&self) -> &'static str {
        if self.express { "EXPRESS" } else { "STANDARD" }
    }

    /// `status`
    pub(super) fn status(&self) -> &'static str {
        if self.deleting { "DELETING" } else { "ACTIVE" }
    }

    /// Reads a machine from the text of its registry item.
    ///
    /// # Errors
    /// The store is damaged.
    pub(super) fn read(body: &str) -> Result<StateMachine, Error> {
        serde_json::from_str(body).map_err(Error::internal)
    }

    /// The text of its registry item.
    ///
    /// # Errors
    /// None for machines made here.
    pub(super) fn body(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}

/// The machine with this ARN, if there is one.
///
/// # Errors
/// The store is not available, or damaged.
pub(super) async fn find(store: &dyn Store, arn: &str) -> Result<Option<Stored>, Error> {
    let Some(item) = store.item(Kind::StateMachine, arn).await? else { return Ok(None) };
    Ok(Some(Stored { machine: StateMachine::read(&item.body)?, version: item.version }))
}

/// The machine that a request means.
///
/// # Errors
/// `StateMachineDoesNotExist`
pub(super) async fn require(store: &dyn Store, arn: MachineArn<'_>) -> Result<Stored, Error> {
    find(store, arn.base).await?.ok_or_else(|| Error::no_machine(arn.whole))
}

/// Keeps a new revision, before any machine refers to it.
///
/// # Errors
/// The store is not available.
pub(super) async fn keep_revision(
    store: &dyn Store,
    arn: &str,
    revision: &Revision,
    definition: &str,
) -> Result<(), Error> {
    let key = definition_key(arn, &revision.id);
    let settings = serde_json::to_string(revision).map_err(Error::internal)?;
    store.put(Kind::Definition, &key, definition.to_owned(), None).await?;
    store.put(Kind::Revision, &key, settings, None).await?;
    Ok(())
}

/// Changes the document of a machine by itself, as often as it takes. `None`: there is no such machine.
///
/// # Errors
/// What `work` refuses; `ConflictException` if others are always faster.
pub(super) async fn change(
    store: &dyn Store,
    arn: &str,
    mut work: impl FnMut(&mut StateMachine) -> Result<(), Error> + Send,
) -> Result<Option<()>, Error> {
    for _ in 0..ATTEMPTS {
        let Some(Stored { mut machine, version }) = find(store, arn).await? else {
            return Ok(None);
        };
        work(&mut machine)?;
        if store.put(Kind::StateMachine, arn, machine.body()?, Some(version)).await? {
            return Ok(Some(()));
        }
    }
    Err(Error::conflict("Other requests are changing this state machine"))
}

/// The definition of a revision.
///
/// # Errors
/// The store is not available, or damaged.
pub(super) async fn definition(
    store: &dyn Store,
    arn: &str,
    revision: &str,
) -> Result<String, Error> {
    let key = definition_key(arn, revision);
    let item = store.item(Kind::Definition, &key).await?;
    item.map(|item| item.body)
        .ok_or_else(|| Error::internal(format!("definition {key} is missing")))
}

/// A revision, current or not.
///
/// # Errors
/// The store is not available, or damaged.
pub(super) async fn revision(store: &dyn Store, arn: &str, id: &str) -> Result<Revision, Error> {
    let key = definition_key(arn, id);
    let item = store.item(Kind::Revision, &key).await?;
    let item = item.ok_or_else(|| Error::internal(format!("revision {key} is missing")))?;
    serde_json::from_str(&item.body).map_err(Error::internal)
}

const ATTEMPTS: u32 = 20;
