//! What all clients start from: region, credentials and endpoint, from settings, environment and profile.

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
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use super::Settings;

/// The configuration for calls in a role.
pub(super) async fn assumed(config: SdkConfig, role: &Arc<str>) -> SdkConfig {
    let builder = AssumeRoleProvider::builder(&**role).session_name("stepwright");
    let provider = builder.configure(&config).build().await;
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .identity_cache(aws_config::identity::IdentityCache::lazy().build())
        .build()
}

/// The configuration for calls as ourselves.
pub(super) async fn load(settings: &Settings) -> SdkConfig {
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

const METADATA_LIMIT: Duration = Duration::from_secs(1);
