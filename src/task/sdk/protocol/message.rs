//! Requests and responses on their way through the protocols.

pub(crate) use crate::task::aws::Response;

/// An HTTP request without a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// HTTP method.
    pub(crate) method: &'static str,
    /// What stands before the host's own name.
    pub(crate) host_prefix: String,
    /// Encoded path.
    pub(crate) path: String,
    /// Names and values, not yet encoded.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request with nothing in it.
    pub(crate) fn new(method: &'static str, path: &str) -> Request {
        Request { method, path: path.to_owned(), ..Request::default() }
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Path and query string.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        format!("{}?{}", self.path, form(&self.query))
    }
}

/// `a=1&b=2`, encoded.
pub(super) fn form(pairs: &[(String, String)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| {
        // S3 takes `?acl` for `?acl=`, and signatures are made of the latter.
        format!("{}={}", encoded(name, false), encoded(value, false))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Text with everything but the unreserved characters of RFC 3986 as `%XX`; a slash may stay.
pub(crate) fn encoded(text: &str, slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if slashes => out.push('/'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Bytes as Step Functions shows them: text, or base64 where they are none.
pub(super) fn shown(bytes: Vec<u8>) -> String {
    use base64::Engine as _;
    String::from_utf8(bytes)
        .unwrap_or_else(|error| base64::engine::general_purpose::STANDARD.encode(error.as_bytes()))
}
