//! What goes wrong before a service answers, in AWS's words or in ours.

use std::error::Error;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;

/// Whether a request failed because there were no credentials to sign it with, and what to do about it.
pub(crate) fn credentials_failure(
    error: &(dyn Error + 'static),
    role: Option<&Arc<str>>,
) -> Option<Failure> {
    let found = sources(error).find_map(|source| source.downcast_ref::<CredentialsError>())?;
    let detail = deepest(found);
    let cause = match (role, found) {
        (Some(role), error) if format!("{error:?}").contains("AccessDenied") => {
            format!("{NO_MACHINE} is not authorized to assume the task state's role, {role}.")
        }
        (Some(role), _) => format!("The task state's role, {role}, cannot be assumed: {detail}"),
        (None, CredentialsError::CredentialsNotLoaded(_)) => NO_CREDENTIALS.to_owned(),
        (None, _) => format!("{NO_CREDENTIALS} (The last source that was tried says: {detail})"),
    };
    Some(Failure::new(name::TASK_FAILED, cause))
}

/// The same failure for a state machine with this role, which the text begins with where it may not assume another one
/// (recorded for `Credentials`).
pub(crate) fn for_machine(failure: Failure, role: &str) -> Failure {
    let refusal = failure.cause.as_deref().and_then(|cause| cause.strip_prefix(NO_MACHINE));
    match refusal {
        Some(rest) if !role.is_empty() => {
            Failure { cause: Some(format!("The role {role}{rest}").into()), ..failure }
        }
        _ => failure,
    }
}

/// The innermost reason of an error.
pub(crate) fn deepest(error: &(dyn Error + 'static)) -> String {
    sources(error).last().unwrap_or(error).to_string()
}

/// An error and what it came from.
pub(crate) fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

pub(super) fn no_region() -> Failure {
    Failure::new(name::TASK_FAILED, "There is no AWS region: set AWS_REGION or AWS_PROFILE.")
}

const NO_MACHINE: &str = "The role of the state machine";
const NO_CREDENTIALS: &str = "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.";
