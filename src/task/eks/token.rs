//! The bearer token by which a cluster's API server knows who asks: a URL that the caller has signed and that would tell
//! the caller's identity, which the cluster's authenticator calls (source: aws-iam-authenticator, "API Authorization
//! from Outside a Cluster").

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Request;
use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;

use crate::task::aws::{Aws, Partition, Scope, presign};

/// A token for a cluster of a region.
///
/// # Errors
/// There are no credentials, or the role cannot be assumed.
pub(super) async fn token(
    aws: &Aws,
    (cluster, region): (&str, Option<&str>),
    role: Option<&Arc<str>>,
) -> Result<String, Failure> {
    let config = aws.config(region, role).await?;
    let credentials = aws.credentials(&config, role).await?;
    let own = config.region().map(ToString::to_string).unwrap_or_default();
    let region = region.unwrap_or(&own);
    // Always AWS's own host: an authenticator believes no other.
    let suffix = Partition::of(region).suffix;
    let url = format!("https://sts.{region}.{suffix}/?Action=GetCallerIdentity&Version=2011-06-15");
    let failed = |why: String| {
        Failure::new(name::TASK_FAILED, format!("No token can be made for the cluster: {why}"))
    };
    let request = Request::get(url).header("x-k8s-aws-id", cluster).body("");
    let mut request = request.map_err(|error| failed(error.to_string()))?;
    presign(&mut request, &Scope::new("sts", region), &credentials, VALID).map_err(failed)?;
    Ok(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(request.uri().to_string())))
}

/// As the clients of AWS sign it; authenticators take a token for 15 minutes.
const VALID: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;

    use super::*;
    use crate::task::Settings;

    #[tokio::test]
    async fn a_token_is_a_signed_url_that_names_the_cluster_in_a_signed_header() {
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let credentials = Some(SharedCredentialsProvider::new(credentials));
        let region = Some("us-east-1".to_owned());
        let aws = Aws::new(Settings { region, credentials, ..Settings::default() });
        for (region, host) in [
            (None, "https://sts.us-east-1.amazonaws.com/?"),
            (Some("eu-west-1"), "https://sts.eu-west-1.amazonaws.com/?"),
            (Some("cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn/?"),
        ] {
            let token = token(&aws, ("c", region), None).await.unwrap();
            let url = URL_SAFE_NO_PAD.decode(token.strip_prefix("k8s-aws-v1.").unwrap()).unwrap();
            let url = String::from_utf8(url).unwrap();
            assert!(url.starts_with(host), "{url}");
            for part in [
                "Action=GetCallerIdentity&Version=2011-06-15",
                "X-Amz-Expires=60",
                "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
                "X-Amz-Signature=",
            ] {
                assert!(url.contains(part), "{part} in {url}");
            }
        }
    }
}
