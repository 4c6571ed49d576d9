//! Signature Version 4, in headers or in the URL.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign as signed,
};
use aws_sigv4::sign::v4;
use hyper::Request;

/// What a signature is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Service, as signatures name it.
    pub(crate) service: String,
    /// Region.
    pub(crate) region: String,
    /// The signature leaves out the body.
    pub(crate) unsigned_payload: bool,
}

impl Scope {
    /// For whole requests to a service in a region.
    pub(crate) fn new(service: &str, region: &str) -> Scope {
        let (service, region) = (service.to_owned(), region.to_owned());
        Scope { service, region, unsigned_payload: false }
    }

    /// How a service wants to be signed: S3 takes paths as they are, and wants to know the body's hash.
    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        let s3 = self.service.starts_with("s3");
        if s3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        if s3 || self.unsigned_payload {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings
    }
}

/// Signs a request by headers.
///
/// # Errors
/// Why it cannot be signed, in words.
pub(crate) fn sign<B: AsRef<[u8]>>(
    request: &mut Request<B>,
    scope: &Scope,
    credentials: &Credentials,
) -> Result<(), String> {
    apply(request, scope, credentials, scope.settings())
}

/// Signs a request by its URL, for so long.
///
/// # Errors
/// Why it cannot be signed, in words.
pub(crate) fn presign<B: AsRef<[u8]>>(
    request: &mut Request<B>,
    scope: &Scope,
    credentials: &Credentials,
    valid: Duration,
) -> Result<(), String> {
    let mut settings = scope.settings();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(valid);
    apply(request, scope, credentials, settings)
}

fn apply<B: AsRef<[u8]>>(
    request: &mut Request<B>,
    scope: &Scope,
    credentials: &Credentials,
    settings: SigningSettings,
) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(&scope.service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|error| told(&error))?
        .into();
    let uri = request.uri().to_string();
    let headers = request.headers().iter().filter_map(|(name, value)| {
        Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?))
    });
    let body = match scope.unsigned_payload {
        true => SignableBody::UnsignedPayload,
        false => SignableBody::Bytes(request.body().as_ref()),
    };
    let signable = SignableRequest::new(request.method().as_str(), &uri, headers, body)
        .map_err(|error| told(&error))?;
    let (instructions, _) =
        signed(signable, &parameters).map_err(|error| told(&error))?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str) -> Request<&'static str> {
        Request::get(uri).header("x-more", "ü").body("").unwrap()
    }

    #[test]
    fn s3_alone_is_told_the_hash_of_the_body_unless_the_body_is_left_out() {
        let credentials = Credentials::new("id", "secret", None, None, "test");
        for (service, unsigned_payload, hashed) in
            [("s3", false, true), ("sqs", false, false), ("sqs", true, true)]
        {
            let mut request = request("https://h.example/a%20b");
            let scope = Scope { unsigned_payload, ..Scope::new(service, "eu-west-1") };
            sign(&mut request, &scope, &credentials).unwrap();
            let headers = request.headers();
            assert_eq!(headers.contains_key("x-amz-content-sha256"), hashed, "{service}");
            let signature = headers["authorization"].to_str().unwrap();
            assert!(
                signature.contains(&format!("/eu-west-1/{service}/aws4_request")),
                "{signature}"
            );
            assert!(signature.contains("x-more"), "values beyond ASCII are signed: {signature}");
        }
    }

    #[test]
    fn a_presigned_request_has_its_signature_in_the_url() {
        let credentials = Credentials::new("id", "secret", Some("t".into()), None, "test");
        let mut request = request("https://h.example/?Action=A");
        let scope = Scope::new("sts", "eu-west-1");
        presign(&mut request, &scope, &credentials, Duration::from_secs(60)).unwrap();
        let uri = request.uri().to_string();
        for part in [
            "?Action=A&",
            "X-Amz-Expires=60",
            "X-Amz-SignedHeaders=host%3Bx-more",
            "X-Amz-Security-Token=t",
        ] {
            assert!(uri.contains(part), "{part} in {uri}");
        }
        assert!(!request.headers().contains_key("authorization"));
    }
}
