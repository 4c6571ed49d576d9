//! The `Authorization` header. An input is a request: `METHOD path?query`, headers, an empty line, the body. It is
//! verified as it stands, and once more as a stranger who knows the form but not the secret would sign it.

use stepwright::api::auth::{Keys, Refusal, Request, Secret, verify};
use stepwright_core::time::Timestamp;

pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_once(' ').unwrap_or((first, "/"));
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name, value.trim().as_bytes())).collect();
    let request = Request { method, path, query, headers, body: body.as_bytes() };
    let verified = verify(&request, &One, NOW);
    let Err(refusal) = verified else { panic!("nobody knows the secret") };
    assert!(!refusal.to_string().contains(SECRET), "the secret is told");
    assert!(refusal.to_string().len() < 4 * text.len() + 1_000);
}

struct One;

impl Keys for One {
    fn secret(&self, id: &str) -> Result<Option<Secret>, Refusal> {
        Ok((id == "AKID").then(|| Secret::new(SECRET)))
    }
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// Requests that are almost right.
pub(super) fn requests() -> Vec<Vec<u8>> {
    let signed = |key: &str, headers: &str, more: &str| {
        format!(
            "POST /?b=2&a=%20x\nHost: localhost:8083\nX-Amz-Date: 20231114T221320Z\nX-Amz-Target: AWSStepFunctions.ListActivities\nContent-Type: application/x-amz-json-1.0\nAuthorization: AWS4-HMAC-SHA256 Credential={key}/20231114/us-east-1/states/aws4_request, SignedHeaders={headers}, Signature={}\n{more}\n{{}}",
            "0123456789abcdef".repeat(4)
        )
        .into_bytes()
    };
    let usual = "host;x-amz-date;x-amz-target";
    vec![
        signed("AKID", usual, ""),
        signed("OTHER", usual, ""),
        signed("AKID", "content-type;host;x-amz-date;x-amz-target", ""),
        signed("AKID", "x-amz-target;host;x-amz-date", ""),
        signed("AKID", "host", "X-Amz-Security-Token: t\n"),
        signed("", &"host;".repeat(100), ""),
        signed("AKID", usual, "Host: other\nAuthorization: Basic x\n"),
        b"POST /\nAuthorization: AWS4-ECDSA-P256-SHA256 Credential=a\n\n".to_vec(),
        b"POST /\nAuthorization: Bearer x\nDate: Tue, 14 Nov 2023 22:13:20 GMT\n\n".to_vec(),
        b"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00\nHost: h\n\n".to_vec(),
    ]
}
