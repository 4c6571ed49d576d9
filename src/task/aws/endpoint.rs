//! Where a service is, if not at AWS. One order for all services, the first that says something wins:
//!
//! 1. what the program was told ([`super::Settings`]),
//! 2. the variable that Step Functions Local has for the service (`LAMBDA_ENDPOINT`),
//! 3. `AWS_ENDPOINT_URL_<SERVICE>`, or the profile's section for the service,
//! 4. `AWS_ENDPOINT_URL`, or the profile's `endpoint_url`.
//!
//! Empty values say nothing. Services go by the id of their API (`CloudWatch Logs`).

use aws_config::SdkConfig;
use aws_types::origin::Origin;
use aws_types::service_config::ServiceConfigKey;

use super::Settings;

impl Settings {
    /// The endpoint of a service that the program was told.
    fn told(&self, service_id: &str) -> Option<String> {
        let own = self.lambda_endpoint.as_ref().filter(|_| service_id == "Lambda");
        own.or(self.endpoint.as_ref()).cloned()
    }
}

/// Where a service is, by everything that can say so.
pub(super) fn endpoint(
    settings: &Settings,
    config: &SdkConfig,
    service_id: &str,
) -> Option<String> {
    let profiled = || {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env(ALL)
            .profile("endpoint_url")
            .build();
        config.service_config()?.load_config(key.ok()?)
    };
    let said = |endpoint: &String| !endpoint.trim().is_empty();
    let own = settings.told(service_id).filter(said).or_else(|| of_service(service_id));
    let own = own.or_else(|| profiled().filter(said));
    own.or_else(|| config.endpoint_url().map(str::to_owned).filter(said))
}

/// The endpoint of a service, as far as variables say it (2 to 4).
pub(crate) fn of_environment(service_id: &str) -> Option<String> {
    of_service(service_id).or_else(|| variable(ALL))
}

/// The endpoint that variables give to this service and to no other (2 and 3).
pub(crate) fn of_service(service_id: &str) -> Option<String> {
    let local = LOCAL_VARIABLES.iter().find(|(id, _)| *id == service_id);
    let own = format!("{ALL}_{}", service_id.to_ascii_uppercase().replace([' ', '-'], "_"));
    local.and_then(|(_, name)| variable(name)).or_else(|| variable(&own))
}

/// The configuration with this endpoint, before all that the SDK finds in the environment.
pub(super) fn with(config: SdkConfig, endpoint: String) -> SdkConfig {
    let mut builder = config.into_builder().endpoint_url(endpoint);
    builder.insert_origin("endpoint_url", Origin::shared_config());
    builder.build()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|url| !url.trim().is_empty())
}

const ALL: &str = "AWS_ENDPOINT_URL";

/// The variables of Step Functions Local, by the id of the service's API.
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
