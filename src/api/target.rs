//! What a state machine ARN names: the machine, one of its versions, or, by an alias, one of one or two versions.

use std::sync::Arc;

use super::arn::MachineArn;
use super::error::Error;
use super::machine::{self, Revision, StateMachine};
use super::publication::{self, Version};
use crate::store::Store;

/// A machine, and what of it is meant.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) machine: StateMachine,
    /// The revision that is meant: the current one, or that of the version.
    pub(super) revision: Revision,
    /// The version, if the ARN names one or an alias.
    pub(super) version: Option<Version>,
    /// ARN of the version.
    pub(super) version_arn: Option<Arc<str>>,
    /// ARN of the alias, if the ARN names one.
    pub(super) alias_arn: Option<Arc<str>>,
}

/// Finds what an ARN names. `draw` decides between the versions of an alias, by a number from 0 to 99; it is told
/// whether the machine is an Express one.
///
/// # Errors
/// `StateMachineDoesNotExist`; `ValidationException` for an ARN with a label.
pub(super) async fn resolve(
    store: &dyn Store,
    arn: MachineArn<'_>,
    draw: impl FnOnce(bool) -> u64 + Send,
) -> Result<Target, Error> {
    if arn.label.is_some() {
        return Err(Error::labelled_arn(arn.whole));
    }
    let machine = machine::require(store, arn).await?.machine;
    let Some(qualifier) = arn.qualifier else {
        let revision = machine.current.clone();
        return Ok(Target { machine, revision, version: None, version_arn: None, alias_arn: None });
    };
    let published = publication::of(store, arn.base, &machine).await?;
    let (number, alias_arn) = match arn.version() {
        Some(number) => (Some(number), None),
        None => {
            let alias = published.aliases.get(qualifier);
            let draw = draw(machine.express);
            (alias.and_then(|alias| alias.routed(draw)), Some(Arc::from(arn.whole)))
        }
    };
    let version = number.and_then(|number| published.version(number));
    let version = version.cloned().ok_or_else(|| Error::no_machine(arn.whole))?;
    let revision = machine::revision(store, arn.base, &version.revision).await?;
    let version_arn = Some(version_arn(arn.base, version.number));
    Ok(Target { machine, revision, version: Some(version), version_arn, alias_arn })
}

/// ARN of a version.
pub(super) fn version_arn(machine: &str, number: u64) -> Arc<str> {
    format!("{machine}:{number}").into()
}
