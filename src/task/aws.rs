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
use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;
use tokio::sync::OnceCell;

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
    aws_config::defaults(BehaviorVersion::latest())
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
/// `machine_role` begins the text where the role is refused (recorded for `Credentials`).
pub(super) fn credentials_failure(
    error: &(dyn Error + 'static),
    role: Option<&Arc<str>>,
    machine_role: &str,
) -> Option<Failure> {
    let found = sources(error).find_map(|source| source.downcast_ref::<CredentialsError>())?;
    let detail = deepest(found);
    let cause = match (role, found) {
        (Some(role), error) if format!("{error:?}").contains("AccessDenied") => format!(
            "The role {machine_role} is not authorized to assume the task state's role, {role}."
        ),
        (Some(role), _) => format!("The task state's role, {role}, cannot be assumed: {detail}"),
        (None, CredentialsError::CredentialsNotLoaded(_)) => NO_CREDENTIALS.to_owned(),
        (None, _) => format!("{NO_CREDENTIALS} (The last source that was tried says: {detail})"),
    };
    Some(Failure::new(name::TASK_FAILED, cause))
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

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn no_region() -> Failure {
    Failure::new(name::TASK_FAILED, "There is no AWS region: set AWS_REGION or AWS_PROFILE.")
}

const NO_CREDENTIALS: &str = "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.";
const METADATA_LIMIT: Duration = Duration::from_secs(1);
