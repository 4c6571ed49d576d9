//! Requests that are signed, changed and sent.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use proptest::prelude::*;
use proptest::sample::Index;
use stepwright::api::auth::{Keys, Refusal, Request, Secret, verify};
use stepwright_core::time::Timestamp;

pub(super) const KEY: &str = "SWAKEXAMPLEEXAMPLE22";
pub(super) const SECRET: &str = "abcdefghijklmnopqrstuvwxyz234567abcdefgh";
/// 2023-11-14T22:13:20Z, where the clock of the test world stands.
pub(super) const NOW: i64 = 1_700_000_000;
/// A request that can be signed, changed and sent.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Signed {
    pub(super) fn new(target: &str, body: &str) -> Signed {
        let mut request = Signed::bare(target, body);
        request.sign(SECRET, "us-east-1");
        request
    }

    /// Not signed yet.
    pub(super) fn bare(target: &str, body: &str) -> Signed {
        let headers = [
            ("Host", "127.0.0.1:8083"),
            ("Content-Type", "application/x-amz-json-1.0"),
            ("X-Amz-Date", "20231114T221320Z"),
            ("X-Amz-Target", target),
        ];
        Signed {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: None,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: body.to_owned(),
        }
    }

    pub(super) fn sign(&mut self, secret: &str, region: &str) {
        let body = self.body.clone();
        self.sign_body(secret, region, SignableBody::Bytes(body.as_bytes()));
    }

    /// As AWS's signer for Rust does it.
    pub(super) fn sign_body(&mut self, secret: &str, region: &str, body: SignableBody<'_>) {
        let identity = Credentials::new(KEY, secret, None, None, "test").into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("states")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW as u64))
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let uri = match &self.query {
            Some(query) => format!("http://127.0.0.1:8083{}?{query}", self.path),
            None => format!("http://127.0.0.1:8083{}", self.path),
        };
        let headers = self.headers.iter().filter(|(name, _)| name != "X-Amz-Date");
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        let request = SignableRequest::new(&self.method, uri, headers, body).unwrap();
        let (instructions, _) = sign(request, &parameters.into()).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            self.set(name, value);
        }
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.drop(name);
        self.add(name, value);
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn drop(&mut self, name: &str) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    pub(super) fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).unwrap().1
    }

    /// Changes a part of the Authorization header.
    pub(super) fn swap(&mut self, old: &str, new: &str) {
        let value = self.header("authorization").to_owned();
        assert!(value.contains(old), "{old} is not in {value}");
        self.set("authorization", &value.replacen(old, new, 1));
    }

    /// The request after one stroke in the method, path, query, body, or the name or value of a header.
    pub(super) fn changed(&self, place: usize, at: Index, stroke: &Stroke) -> Option<Signed> {
        let mut changed = self.clone();
        let headers = changed.headers.len();
        let slot = match place {
            0 => &mut changed.method,
            1 => &mut changed.path,
            2 => changed.query.get_or_insert_default(),
            3 => &mut changed.body,
            4 => &mut changed.headers[at.index(headers)].0,
            // The signature's own header is the longest and the most interesting.
            5 | 6 => &mut changed.headers.iter_mut().find(|(n, _)| n == "authorization")?.1,
            _ => &mut changed.headers[at.index(headers)].1,
        };
        let new = struck(slot, at.index(slot.len() + 1), stroke)?;
        // Empty and dotted segments of a path say nothing, nor does the case of a header's name.
        let same_path = place == 1 && (new.contains("//") || new.contains("/."));
        if same_path || (place == 4 && new.eq_ignore_ascii_case(slot)) {
            return None;
        }
        *slot = new;
        Some(changed)
    }

    pub(super) fn verified(&self) -> Result<(), Refusal> {
        self.verified_at(NOW)
    }

    pub(super) fn verified_at(&self, second: i64) -> Result<(), Refusal> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let request = Request {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: headers.collect(),
            body: self.body.as_bytes(),
        };
        verify(&request, &OneKey, Timestamp(second * 1_000_000))
    }

    pub(super) fn wire(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (method, path, length) = (&self.method, &self.path, self.body.len());
        format!(
            "{method} {path}{query} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{}",
            self.body
        )
    }
}

/// The only key there is.
pub(super) struct OneKey;

impl Keys for OneKey {
    fn secret(&self, id: &str) -> Result<Option<Secret>, Refusal> {
        Ok((id == KEY).then(|| Secret::new(SECRET)))
    }
}

/// One stroke: where, at which byte, and what.
#[derive(Clone, Debug)]
pub(super) enum Stroke {
    Replace(u8),
    Insert(u8),
    Remove,
    Double,
}

pub(super) fn strokes() -> impl Strategy<Value = Stroke> {
    prop_oneof![
        (0x21_u8..0x7f).prop_map(Stroke::Replace),
        (0x21_u8..0x7f).prop_map(Stroke::Insert),
        Just(Stroke::Remove),
        Just(Stroke::Double),
    ]
}

/// `None` where the stroke would change nothing, or only blanks.
fn struck(text: &str, at: usize, stroke: &Stroke) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let old = bytes.get(at).copied();
    match (stroke, old) {
        (Stroke::Insert(new), _) => bytes.insert(at.min(text.len()), *new),
        (_, None | Some(b' ')) => return None,
        (Stroke::Replace(new), Some(old)) if *new != old => bytes[at] = *new,
        (Stroke::Replace(_), _) => return None,
        (Stroke::Remove, _) => drop(bytes.remove(at)),
        (Stroke::Double, Some(old)) => bytes.insert(at, old),
    }
    String::from_utf8(bytes).ok()
}
