//! What single services want beside their models. AWS's SDKs have the same exceptions by hand.

use super::endpoint::Place;
use super::models::{Operation, Service};
use super::protocol::{Answered, Request};

/// Changes a request as its service wants it. `place` is `None` where the endpoint is not AWS's own.
///
/// # Errors
/// What this client does not do.
pub(super) fn adapt(
    service: &Service,
    operation: &Operation,
    request: &mut Request,
    place: Option<&mut Place>,
) -> Result<(), String> {
    match service.name {
        "eventbridge" if place.is_some() && asks_for_global_endpoint(&request.body) => {
            Err(format!("A global endpoint of EventBridge (EndpointId) {UNSIGNED}"))
        }
        "s3" if operation.uri.starts_with("/{Bucket}") => bucket(request, place),
        "route53" => {
            // Ids come as `/hostedzone/Z1` and go as `Z1`.
            for kind in ["hostedzone", "change", "delegationset"] {
                let doubled = format!("/{kind}/%2F{kind}%2F");
                request.path = request.path.replace(&doubled, &format!("/{kind}/"));
            }
            Ok(())
        }
        "glacier" => {
            request.headers.push(("x-amz-glacier-version".into(), service.api_version.to_string()));
            Ok(())
        }
        // It answers in another format otherwise.
        "apigateway" => {
            request.headers.push(("accept".into(), "application/json".into()));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether events are put onto a bus of several regions.
fn asks_for_global_endpoint(body: &[u8]) -> bool {
    let parameters: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    parameters.get("EndpointId").is_some_and(|id| !id.is_null())
}

/// S3's buckets are hosts at AWS where their names allow it, and paths everywhere else.
fn bucket(request: &mut Request, place: Option<&mut Place>) -> Result<(), String> {
    let path = request.path.trim_start_matches('/');
    let (bucket, rest) = path.split_once('/').unwrap_or((path, ""));
    if let Some(arn) = bucket.strip_prefix("arn%3A") {
        let Some(place) = place else { return Ok(()) };
        (place.host, place.signing_region) = access_point(arn, &place.host)?;
        request.path = format!("/{rest}");
        return Ok(());
    }
    if bucket.ends_with("--x-s3") {
        return Err(format!("The bucket {bucket} is a directory bucket, which is not supported"));
    }
    if let Some(place) = place.filter(|_| is_host(bucket)) {
        place.host = format!("{bucket}.{}", place.host);
        request.path = format!("/{rest}");
    }
    Ok(())
}

/// Host and region of `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`, which comes encoded and without its beginning.
fn access_point(arn: &str, host: &str) -> Result<(String, String), String> {
    let arn = arn.replace("%3A", ":").replace("%2F", "/");
    let parts: Vec<&str> = arn.split([':', '/']).collect();
    match parts[..] {
        [_, "s3", region, account, "accesspoint", name] if !region.is_empty() => {
            let suffix = host
                .rsplit_once(".amazonaws")
                .map_or("com", |(_, rest)| rest.trim_start_matches('.'));
            let host = format!("{name}-{account}.s3-accesspoint.{region}.amazonaws.{suffix}");
            Ok((host, region.to_owned()))
        }
        [_, "s3", "", ..] if arn.ends_with(".mrap") => {
            Err(format!("The multi-Region access point arn:{arn} {UNSIGNED}"))
        }
        _ => Err(format!("The bucket arn:{arn} is of a kind that is not supported")),
    }
}

/// What can be said of a request to several regions at once.
const UNSIGNED: &str =
    "takes signatures of version 4A only, which are not supported. Name a resource of one region.";

/// Whether a bucket's name can be part of a host that a certificate of AWS covers.
fn is_host(bucket: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| plain(byte) || byte == b'-')
        && bucket.bytes().next().is_some_and(plain)
        && bucket.bytes().next_back().is_some_and(plain)
}

/// Completes an error. A HEAD request is answered without a body, so that only the status says what is wrong.
pub(super) fn complete(service: &Service, operation: &Operation, error: &mut Answered) {
    if service.name != "s3" || error.code.is_some() || error.status != 404 {
        return;
    }
    error.exception = match &*operation.name {
        "HeadObject" => Some("NoSuchKeyException".to_owned()),
        "HeadBucket" => Some("NoSuchBucketException".to_owned()),
        _ => None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            host: "s3.eu-west-1.amazonaws.com".into(),
            signing_region: "eu-west-1".into(),
            signing_name: "s3".into(),
        }
    }

    #[test]
    fn a_bucket_is_a_host_at_aws_and_a_path_elsewhere() {
        let table = [
            ("/my-bucket/a/b", true, "my-bucket.s3.eu-west-1.amazonaws.com", "/a/b"),
            ("/my-bucket", true, "my-bucket.s3.eu-west-1.amazonaws.com", "/"),
            ("/my.bucket/a", true, "s3.eu-west-1.amazonaws.com", "/my.bucket/a"),
            ("/Bucket/a", true, "s3.eu-west-1.amazonaws.com", "/Bucket/a"),
            ("/my-bucket/a", false, "", "/my-bucket/a"),
            (
                "/arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3Aaccesspoint%2Fmine/a",
                true,
                "mine-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
                "/a",
            ),
        ];
        for (path, at_aws, host, expected) in table {
            let mut request = Request::new("GET", path);
            let mut place = at_aws.then(place);
            bucket(&mut request, place.as_mut()).unwrap();
            let found = place.map_or_else(String::new, |place| place.host);
            assert_eq!((&*found, &*request.path), (host, expected), "{path}");
        }
        assert!(bucket(&mut Request::new("GET", "/b--use1-az4--x-s3/k"), None).is_err());
    }

    #[test]
    fn what_wants_a_signature_for_several_regions_is_refused_and_says_so() {
        let many = "/arn%3Aaws%3As3%3A%3A123456789012%3Aaccesspoint%2Fmfzwi23gnjvgw.mrap/k";
        let refused = bucket(&mut Request::new("GET", many), Some(&mut place())).unwrap_err();
        let expected = "The multi-Region access point arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap takes signatures of version 4A only";
        assert!(refused.starts_with(expected), "{refused}");

        let models = super::super::models::Models::shared();
        let events = models.service("eventbridge").unwrap();
        let operation = events.operation("putEvents").unwrap();
        for (body, at_aws, taken) in [
            (r#"{"EndpointId":"a.veo","Entries":[]}"#, true, false),
            (r#"{"EndpointId":"a.veo","Entries":[]}"#, false, true),
            (r#"{"EndpointId":null,"Entries":[]}"#, true, true),
            (r#"{"Entries":[{"Detail":"{\"EndpointId\":1}"}]}"#, true, true),
        ] {
            let mut request = Request { body: body.into(), ..Request::new("POST", "/") };
            let mut place = at_aws.then(place);
            let adapted = adapt(&events, operation, &mut request, place.as_mut());
            assert_eq!(adapted.is_ok(), taken, "{body} {at_aws}");
        }
    }
}
