//! Clients of the services that the engine itself stands on, made from what Lambda puts into the environment: nothing is
//! looked up in files or at metadata services, which would cost a cold start tens of milliseconds.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use super::settings::Settings;
use crate::task::aws::endpoint::of_environment;

/// Clients of a deployed function.
pub(super) struct Clients {
    pub(super) dynamodb: aws_sdk_dynamodb::Client,
    pub(super) sqs: aws_sdk_sqs::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
}

impl Clients {
    /// Nothing is connected yet.
    pub(super) fn new(settings: &Settings) -> Clients {
        let config = config(settings);
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&config);
        dynamodb.set_endpoint_url(of_environment("DynamoDB"));
        let mut sqs = aws_sdk_sqs::config::Builder::from(&config);
        sqs.set_endpoint_url(of_environment("SQS"));
        let mut lambda = aws_sdk_lambda::config::Builder::from(&config);
        lambda.set_endpoint_url(of_environment("Lambda"));
        Clients {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            lambda: aws_sdk_lambda::Client::from_conf(lambda.build()),
        }
    }
}

/// Store and queue repeat requests themselves, within the time that a turn has; an SDK that did so too would multiply.
fn config(settings: &Settings) -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(10))
        .build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::disabled())
        .build()
}
