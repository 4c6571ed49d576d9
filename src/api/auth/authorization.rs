//! The `Authorization` header: who signed, for what, and which headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Refusal, Request};

/// What a request says about its signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    /// Access key id.
    pub key: &'a str,
    /// What the signing key is good for.
    pub scope: Scope<'a>,
    /// Names of the signed headers.
    pub signed: Vec<&'a str>,
    /// Hexadecimal.
    pub signature: &'a str,
    /// `X-Amz-Date` as it was sent.
    pub date: &'a str,
    /// The same, understood.
    pub time: stepwright_core::time::Timestamp,
}

/// The credential scope: `day/region/service/aws4_request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope<'a> {
    /// `YYYYMMDD`
    pub day: &'a str,
    /// Region.
    pub region: &'a str,
    /// Service.
    pub service: &'a str,
    /// Always `aws4_request`.
    pub terminator: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads what a request says. What it says is not yet to be believed.
    pub(super) fn read(request: &Request<'a>) -> Result<Authorization<'a>, Refusal> {
        if request.values("authorization").next().is_none() {
            return Err(Refusal::Missing);
        }
        let text = request.only("authorization").ok_or_else(|| {
            Refusal::Incomplete("The request must have one Authorization header.".into())
        })?;
        let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(match algorithm.strip_prefix("AWS4-") {
                Some(_) => {
                    Refusal::Incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'."))
                }
                None => Refusal::Missing,
            });
        }
        let [key, signature, signed] = parameters(text, rest)?;
        let date = request.only("x-amz-date");
        let (Some(credential), Some(signature), Some(signed), Some(date)) =
            (key, signature, signed, date)
        else {
            return Err(lacks(text, [key, signature, signed, date]));
        };
        let (key, scope) = credential_parts(credential)?;
        let time = super::moment::parse(date)?;
        let signed = signed.split(';').collect();
        Ok(Authorization { key, scope, signed, signature, date, time })
    }

    /// Is it meant for us, and is enough of the request signed?
    pub(super) fn check(&self, request: &Request<'_>, service: &str) -> Result<(), Refusal> {
        let scope = self.scope;
        if scope.terminator != TERMINATOR {
            let found = scope.terminator;
            return Err(Refusal::Invalid(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{found}'."
            )));
        }
        if scope.service != service {
            return Err(Refusal::Invalid(format!(
                "Credential should be scoped to correct service: '{service}'."
            )));
        }
        if scope.region.is_empty() {
            return Err(Refusal::Invalid(
                "Credential should be scoped to a valid region.".to_owned(),
            ));
        }
        for (name, shown) in MUST_BE_SIGNED {
            // A route of its own says what it does by its path, which is signed always.
            if name == TARGET && request.values(TARGET).next().is_none() {
                continue;
            }
            if !self.signed.contains(&name) {
                return Err(Refusal::Invalid(format!(
                    "{shown} must be a 'SignedHeader' in the AWS Authorization."
                )));
            }
            // Of two values the signature might cover both and the server believe the first.
            if request.only(name).is_none() {
                return Err(Refusal::Mismatch);
            }
        }
        // In one order and once each, as every signer writes them: a list of repetitions would make the canonical
        // request as long as its sender likes.
        if self.signed.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(Refusal::Mismatch) }
    }
}

/// The three parameters in the order of [`PARAMETERS`].
fn parameters<'a>(text: &str, rest: &'a str) -> Result<[Option<&'a str>; 3], Refusal> {
    let mut found = [None; 3];
    for part in rest.split(',').map(str::trim).filter(|_| !rest.trim().is_empty()) {
        let place = part.split_once('=').and_then(|(name, value)| {
            let at = PARAMETERS.iter().position(|known| *known == name)?;
            Some((found.get_mut(at)?, value))
        });
        match place {
            Some((slot @ None, value)) => *slot = Some(value),
            _ => {
                return Err(Refusal::Incomplete(format!(
                    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and \
                     encoded with Base64): '{}'.",
                    hashed(text)
                )));
            }
        }
    }
    Ok(found)
}

/// `KEY/day/region/service/aws4_request`
fn credential_parts(credential: &str) -> Result<(&str, Scope<'_>), Refusal> {
    let parts: Vec<_> = credential.split('/').collect();
    let [key, day, region, service, terminator] = parts[..] else {
        return Err(Refusal::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             '{credential}'"
        )));
    };
    Ok((key, Scope { day, region, service, terminator }))
}

fn lacks(text: &str, found: [Option<&str>; 4]) -> Refusal {
    let mut message = String::new();
    for (name, _) in PARAMETERS.iter().zip(found).filter(|(_, found)| found.is_none()) {
        message += &format!("Authorization header requires '{name}' parameter. ");
    }
    if found[3].is_none() {
        message +=
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    message += "(Hashed with SHA-256 and encoded with Base64) Authorization=";
    Refusal::Incomplete(message + &hashed(text))
}

/// A header that may hold something that works is not repeated, only recognisable.
fn hashed(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// The one algorithm.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last element of every scope.
pub(super) const TERMINATOR: &str = "aws4_request";

const PARAMETERS: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];

/// What decides where a request goes, when, and what it does; and how AWS writes their names.
const MUST_BE_SIGNED: [(&str, &str); 3] = [
    ("host", "'host' or ':authority'"),
    ("x-amz-date", "'x-amz-date'"),
    (TARGET, "'x-amz-target'"),
];
const TARGET: &str = "x-amz-target";
