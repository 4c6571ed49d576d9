//! Requests to servers that a workflow names: over TLS, without following redirects, and not to every address.
//!
//! | refused | unless |
//! | --- | --- |
//! | link-local addresses and those where clouds tell machines their secrets, in every way to write or resolve them | `link_local` |
//! | `http://` | `plain`, and then on this machine only |
//!
//! The address is looked at when it is connected to, so a name that resolves differently the next time gains nothing.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use hyper::{Request, Uri};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::aws::{deepest, sources};

/// Which addresses may be reached beyond those that are always allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// `http://` on loopback. AWS takes `https://` only.
    pub plain: bool,
    /// Link-local and metadata addresses.
    pub link_local: bool,
}

/// A client for servers out there.
pub(super) struct Web {
    reach: Reach,
    trust: TlsContext,
    secure: OnceLock<Connector>,
    plain: OnceLock<Connector>,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Names in small letters, in the order of coming.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The URL is none that may be asked for.
    #[error("{0}")]
    NoUrl(String),
    /// The address is none that may be reached.
    #[error("{0}")]
    Forbidden(String),
    /// The connection failed.
    #[error("{0}")]
    Broken(String),
    /// There is too much of it.
    #[error("the response is larger than {MOST_BYTES} bytes")]
    TooLarge,
}

impl Web {
    /// Nothing is connected yet.
    pub(super) fn new(reach: Reach) -> Web {
        Web::with(reach, TlsContext::default())
    }

    /// For servers that an authority of their own vouches for, and no other: its certificates in PEM.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn trusting(reach: Reach, authority: &[u8]) -> Result<Web, String> {
        // The connector would rather break down than say so.
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        let store = TrustStore::empty().with_pem_certificate(authority);
        let trust = TlsContext::builder().with_trust_store(store).build();
        Ok(Web::with(reach, trust.map_err(|error| error.to_string())?))
    }

    fn with(reach: Reach, trust: TlsContext) -> Web {
        Web { reach, trust, secure: OnceLock::new(), plain: OnceLock::new() }
    }

    /// Sends a request, once.
    pub(super) async fn send(&self, request: Request<Vec<u8>>) -> Result<Reply, Unanswered> {
        let connector = self.connector(request.uri())?;
        let request = HttpRequest::try_from(request.map(SdkBody::from))
            .map_err(|error| Unanswered::NoUrl(error.to_string()))?;
        let response = connector.call(request).await.map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let headers =
            response.headers().iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(&*error))?;
            let Ok(data) = frame.into_data() else { continue };
            bytes.extend_from_slice(&data);
            if bytes.len() > MOST_BYTES {
                return Err(Unanswered::TooLarge);
            }
        }
        Ok(Reply { status, headers, body: bytes })
    }

    /// The connector for an address, if it may be reached.
    fn connector(&self, uri: &Uri) -> Result<&Connector, Unanswered> {
        let host = uri.host().unwrap_or_default();
        let rule = match uri.scheme_str() {
            Some("https") => Rule { link_local: self.reach.link_local, loopback_only: false },
            Some("http") if self.reach.plain => Rule { link_local: false, loopback_only: true },
            // The rest of the URL may hold secrets.
            Some("http") => {
                return Err(Unanswered::NoUrl(format!("http://{host}: only https:// is allowed")));
            }
            scheme => {
                let scheme = scheme.unwrap_or_default();
                return Err(Unanswered::NoUrl(format!("{scheme}://{host} is no URL of a server")));
            }
        };
        // A name is looked at when it is resolved.
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            rule.check(address).map_err(|why| Unanswered::Forbidden(why.0))?;
        }
        let cell = if rule.loopback_only { &self.plain } else { &self.secure };
        Ok(cell.get_or_init(|| {
            let tls = Provider::Rustls(CryptoMode::Ring);
            let trust = self.trust.clone();
            Connector::builder().tls_provider(tls).tls_context(trust).build_with_resolver(rule)
        }))
    }
}

/// Which addresses one connector reaches.
#[derive(Clone, Copy, Debug)]
struct Rule {
    link_local: bool,
    loopback_only: bool,
}

impl Rule {
    fn check(self, address: IpAddr) -> Result<(), Forbidden> {
        let address = plain_address(address);
        if !self.link_local && is_link_local(address) {
            return Err(Forbidden(format!(
                "{address} is a link-local or metadata address, which must not be reached"
            )));
        }
        if self.loopback_only && !address.is_loopback() {
            let why = format!("{address} is not on this machine: only https:// is allowed");
            return Err(Forbidden(why));
        }
        Ok(())
    }
}

impl Rule {
    /// What a name resolved to, if all of it may be reached: who connects takes any of them.
    fn admit(self, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, ResolveDnsError> {
        for address in &found {
            self.check(*address).map_err(ResolveDnsError::new)?;
        }
        Ok(found)
    }
}

impl ResolveDns for Rule {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let rule = *self;
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            rule.admit(found.map(|address| address.ip()).collect())
        })
    }
}

/// An address that must not be reached, found when its name was resolved.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Forbidden(String);

fn broken(error: &(dyn std::error::Error + 'static)) -> Unanswered {
    match sources(error).find_map(|source| source.downcast_ref::<Forbidden>()) {
        Some(Forbidden(why)) => Unanswered::Forbidden(why.clone()),
        None => Unanswered::Broken(deepest(error)),
    }
}

/// The IPv4 address in an IPv6 one that stands for it: mapped, compatible, translated (NAT64, also of the network's own
/// prefix; SIIT) or tunnelled (6to4, Teredo, ISATAP).
fn plain_address(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        [0x2001, 0, _, _, _, _, high, low] => v4(!high, !low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

/// Addresses of the link, and those where clouds (AWS, Azure, Google, Alibaba, Oracle) tell machines about themselves.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || METADATA.contains(&v4),
        IpAddr::V6(v6) => {
            let metadata = matches!(v6.segments(), [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..]);
            v6.is_unicast_link_local() || metadata
        }
    }
}

const METADATA: [Ipv4Addr; 3] = [
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// Far more than any limit on payloads.
const MOST_BYTES: usize = 1 << 24;

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_and_metadata_addresses_are_refused_however_they_are_written() {
        let refused = [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.1",
            "168.63.129.16",
            "100.100.100.200",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "fd00:ec2::254",
        ];
        let rule = Rule { link_local: false, loopback_only: false };
        for text in refused {
            assert!(rule.check(text.parse().unwrap()).is_err(), "{text}");
            let open = Rule { link_local: true, ..rule };
            assert!(open.check(text.parse().unwrap()).is_ok(), "{text}");
        }
        for text in ["127.0.0.1", "10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111", "fd00::1"] {
            assert!(rule.check(text.parse().unwrap()).is_ok(), "{text}");
        }
        let plain = Rule { loopback_only: true, ..rule };
        for (text, allowed) in
            [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false)]
        {
            assert_eq!(plain.check(text.parse().unwrap()).is_ok(), allowed, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_or_number_that_stands_for_such_an_address_is_refused_when_it_is_resolved() {
        let rule = Rule { link_local: false, loopback_only: false };
        // 169.254.169.254 as one number.
        let found = rule.resolve_dns("2852039166").await;
        let why = found.map_err(|error| deepest(&error));
        assert!(why.unwrap_err().contains("metadata address"));
        assert!(rule.resolve_dns("localhost").await.is_ok());
    }

    #[test]
    fn what_is_no_authority_is_said_and_not_trusted() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (pem, expected) in [("", "no certificate"), ("text", "no certificate"), (broken, "")] {
            let Err(why) = Web::trusting(Reach::default(), pem.as_bytes()) else {
                panic!("{pem} is no authority");
            };
            assert!(why.contains(expected), "{why}");
        }
    }

    #[tokio::test]
    async fn what_may_not_be_reached_is_not_connected_to() {
        let table = [
            ("http://127.0.0.1:9/", false, "only https:// is allowed"),
            ("http://192.0.2.1/", true, "only https:// is allowed"),
            ("http://169.254.169.254/latest/meta-data", true, "metadata address"),
            ("https://169.254.169.254/", true, "metadata address"),
            ("https://[::ffff:169.254.169.254]/", true, "metadata address"),
            ("http://2852039166/", true, "metadata address"),
            ("ftp://example.com/", true, "no URL of a server"),
        ];
        for (url, plain, expected) in table {
            let web = Web::new(Reach { plain, link_local: false });
            let request = Request::get(url).body(Vec::new()).unwrap();
            let why = web.send(request).await.unwrap_err().to_string();
            assert!(why.contains(expected), "{url}: {why}");
        }
    }
}
