//! AWS, as far as all services share it: where it is, who we are, and how errors of its APIs are worded.
//!
//! Everything is looked up when it is first needed. A client never repeats a request: repeating is the business of the
//! workflow's own retriers, and a repeated task would be done twice.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::service_config::ServiceConfigKey;
use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;
use tokio::sync::OnceCell;

use super::http::Connections;
use super::web::Reach;

/// How AWS is reached. What is `None` is found in the environment, when it is first needed.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Region; by default that of the environment or the profile, else that of the function's ARN.
    pub region: Option<String>,
    /// Endpoint of the Lambda API, over all others; by default `LAMBDA_ENDPOINT` (as Step Functions Local has it), then
    /// `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL` and AWS itself.
    pub lambda_endpoint: Option<String>,
    /// Endpoint of all other services, over all others; by default the variable that Step Functions Local has for the
    /// service, then `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the same of the profile, and AWS itself.
    pub endpoint: Option<String>,
    /// Credentials; by default those of environment, profile, web identity, container or instance, in this order.
    pub credentials: Option<SharedCredentialsProvider>,
    /// Which addresses tasks may reach that name them.
    pub reach: Reach,
    /// Connections of HTTP Tasks on this machine; others are looked up in EventBridge.
    pub connections: Connections,
}

/// The configuration that all clients start from.
pub(super) struct Aws {
    settings: Settings,
    base: OnceCell<SdkConfig>,
}

impl Aws {
    /// Nothing is looked up yet.
    pub(super) fn new(settings: Settings) -> Aws {
        Aws { settings, base: OnceCell::new() }
    }

    /// The settings as they were given.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The configuration for calls as ourselves or in a role; who makes a client of it keeps the client. `region` is taken
    /// if no other is known.
    pub(super) async fn config(
        &self,
        region: Option<&str>,
        role: Option<&Arc<str>>,
    ) -> Result<SdkConfig, Failure> {
        let base = self.base.get_or_init(|| load(&self.settings)).await;
        let config = match (base.region(), region) {
            (Some(_), _) => base.clone(),
            (None, Some(region)) => {
                base.to_builder().region(Region::new(region.to_owned())).build()
            }
            (None, None) => return Err(no_region()),
        };
        match role {
            None => Ok(config),
            Some(role) => Ok(assumed(config, role).await),
        }
    }
}

/// Where a service is, if not at AWS: what a variable or the profile says. Empty values say nothing.
pub(super) fn endpoint_override(config: &SdkConfig, service_id: &str) -> Option<String> {
    let local = LOCAL_VARIABLES.iter().find(|(id, _)| *id == service_id);
    let local = local.and_then(|(_, variable)| std::env::var(variable).ok());
    let own = || {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        config.service_config()?.load_config(key.ok()?)
    };
    let said = |endpoint: &String| !endpoint.trim().is_empty();
    let own = local.filter(said).or_else(|| own().filter(said));
    own.or_else(|| config.endpoint_url().map(str::to_owned).filter(said))
}

tokio::task_local! {
    /// The trace that the task is part of which is being performed.
    static TRACE: Arc<str>;
}

/// Performs a task as part of a trace: what it calls gets this header.
pub async fn traced<F: Future>(header: Option<String>, work: F) -> F::Output {
    match header {
        Some(header) => TRACE.scope(header.into(), work).await,
        None => work.await,
    }
}

/// The trace header of a request that leaves: that of the task, or of the invocation. Inside Lambda the SDK would hand the trace on, and with it the count of
/// invocations in a row by which Lambda stops loops; a workflow that calls one function many times is no loop. The SDK
/// respects a header that is there.
pub(crate) fn trace_header() -> Option<String> {
    if let Ok(header) = TRACE.try_with(|header| header.to_string()) {
        return Some(header);
    }
    std::env::var_os("AWS_LAMBDA_FUNCTION_NAME")?;
    std::env::var("_X_AMZN_TRACE_ID").ok().map(|trace| without_lineage(&trace))
}

/// The header of [`trace_header`]. Signatures leave it out, since those who pass a request on may change it.
pub(crate) const TRACE_HEADER: &str = "x-amzn-trace-id";

/// The trace without the part by which Lambda counts.
fn without_lineage(trace: &str) -> String {
    let kept = trace
        .split(';')
        .filter(|part| !part.trim_start().to_ascii_lowercase().starts_with("lineage="));
    kept.collect::<Vec<_>>().join(";")
}

/// The same, in a role.
async fn assumed(config: SdkConfig, role: &Arc<str>) -> SdkConfig {
    let builder = AssumeRoleProvider::builder(&**role).session_name("stepwright");
    let provider = builder.configure(&config).build().await;
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .identity_cache(aws_config::identity::IdentityCache::lazy().build())
        .build()
}

async fn load(settings: &Settings) -> SdkConfig {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = Builder::new().tls_provider(tls).build_https();
    // Without the instance's metadata: off AWS, that would be seconds of waiting for nothing.
    let region = RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .region()
        .await;
    let credentials = match &settings.credentials {
        Some(credentials) => credentials.clone(),
        None => {
            let provider = ProviderConfig::without_region()
                .with_http_client(http.clone())
                .with_region(region.clone());
            SharedCredentialsProvider::new(chain(region.clone(), provider).await)
        }
    };
    let defaults = aws_config::defaults(BehaviorVersion::latest());
    let defaults = match &settings.endpoint {
        Some(endpoint) => defaults.endpoint_url(endpoint),
        None => defaults,
    };
    defaults
        .region(region)
        .http_client(http)
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        // A function may take 15 minutes to say its first word.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .load()
        .await
}

/// The default chain, but quick to give up on instance metadata.
async fn chain(region: Option<Region>, provider: ProviderConfig) -> impl ProvideCredentials {
    let metadata = imds::Client::builder()
        .configure(&provider)
        .max_attempts(1)
        .connect_timeout(METADATA_LIMIT)
        .read_timeout(METADATA_LIMIT)
        .build();
    DefaultCredentialsChain::builder()
        .region(region)
        .imds_client(metadata)
        .configure(provider)
        .build()
        .await
}

/// Whether a request failed because there were no credentials to sign it with, and what to do about it.
pub(super) fn credentials_failure(
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
pub(super) fn for_machine(failure: Failure, role: &str) -> Failure {
    let refusal = failure.cause.as_deref().and_then(|cause| cause.strip_prefix(NO_MACHINE));
    match refusal {
        Some(rest) if !role.is_empty() => {
            Failure { cause: Some(format!("The role {role}{rest}").into()), ..failure }
        }
        _ => failure,
    }
}

/// The cause of an error that a service answered with, as optimized integrations word it (recorded:
/// `… (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: …; Proxy: null)`).
pub(super) fn service_cause(
    service: &str,
    status: u16,
    error: &aws_sdk_lambda::error::ErrorMetadata,
    request_id: Option<&str>,
) -> String {
    format!(
        "{} (Service: {service}; Status Code: {status}; Error Code: {}; Request ID: {}; Proxy: null)",
        error.message().unwrap_or("null"),
        error.code().unwrap_or("null"),
        request_id.unwrap_or("null"),
    )
}

/// The innermost reason of an error.
pub(super) fn deepest(error: &(dyn Error + 'static)) -> String {
    sources(error).last().unwrap_or(error).to_string()
}

/// An error and what it came from.
pub(super) fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn no_region() -> Failure {
    Failure::new(name::TASK_FAILED, "There is no AWS region: set AWS_REGION or AWS_PROFILE.")
}

const NO_MACHINE: &str = "The role of the state machine";
const NO_CREDENTIALS: &str = "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.";
const METADATA_LIMIT: Duration = Duration::from_secs(1);

/// The variables of Step Functions Local, by the name of the service's API.
const LOCAL_VARIABLES: [(&str, &str); 9] = [
    ("Lambda", "LAMBDA_ENDPOINT"),
    ("Batch", "BATCH_ENDPOINT"),
    ("DynamoDB", "DYNAMODB_ENDPOINT"),
    ("ECS", "ECS_ENDPOINT"),
    ("Glue", "GLUE_ENDPOINT"),
    ("SageMaker", "SAGE_MAKER_ENDPOINT"),
    ("SQS", "SQS_ENDPOINT"),
    ("SNS", "SNS_ENDPOINT"),
    ("SFN", "STEP_FUNCTIONS_ENDPOINT"),
];

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
