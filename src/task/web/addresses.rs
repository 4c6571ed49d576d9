//! Every way to write an address that must not be reached: none passes.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Where machines are told their secrets, and other addresses of the link.
const GUARDED: [Ipv4Addr; 8] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 169, 253),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(169, 254, 0, 1),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The same in IPv6 proper.
const GUARDED_V6: [&str; 11] = [
    "fe80::1",
    "FE80::1",
    "fe80::a9fe:a9fe",
    "febf:ffff::1",
    "fe80:0:0:0:0:0:0:1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "FD00:0EC2:0000:0000:0000:0000:0000:0254",
    "fd00:ec2:0:0:0:0:0.0.2.84",
    "fd20:ce::254",
    "fd20:00ce:0:0:0:0:0:254",
];

/// Elsewhere in the network of this machine, where plain `http://` must not go.
const PRIVATE: [Ipv4Addr; 6] = [
    Ipv4Addr::new(10, 0, 0, 1),
    Ipv4Addr::new(172, 16, 0, 1),
    Ipv4Addr::new(192, 168, 1, 1),
    Ipv4Addr::new(100, 64, 0, 1),
    Ipv4Addr::new(0, 0, 0, 0),
    Ipv4Addr::new(255, 255, 255, 255),
];

#[tokio::test]
async fn no_spelling_of_a_metadata_or_link_local_address_passes() {
    let mut hosts: Vec<String> = GUARDED.iter().flat_map(|address| spellings(*address)).collect();
    hosts.extend(GUARDED_V6.iter().map(|address| format!("[{address}]")));
    hosts.extend(["[fe80::1%25eth0]", "[fe80::1%eth0]"].map(str::to_owned));
    let mut tried = 0;
    for host in &hosts {
        for (scheme, plain) in [("https", false), ("https", true), ("http", false), ("http", true)]
        {
            assert_refused(&format!("{scheme}://{host}/latest/meta-data/"), host, plain).await;
            assert_refused(&format!("{scheme}://user:password@{host}:443/"), host, plain).await;
            tried += 2;
        }
    }
    assert!(hosts.len() >= 200 && tried >= 1_600, "{} hosts, {tried} URLs", hosts.len());
}

#[tokio::test]
async fn plain_http_reaches_this_machine_only_and_only_where_it_is_allowed() {
    let elsewhere: Vec<String> = PRIVATE.iter().flat_map(|address| spellings(*address)).collect();
    for host in &elsewhere {
        assert_refused(&format!("http://{host}/"), host, true).await;
    }
    let mut here = spellings(Ipv4Addr::LOCALHOST);
    here.extend(spellings(Ipv4Addr::new(127, 8, 9, 10)));
    here.extend(["[::1]", "[0:0:0:0:0:0:0:1]", "localhost", "LOCALHOST"].map(str::to_owned));
    for host in elsewhere.iter().chain(&here) {
        assert_refused(&format!("http://{host}/"), host, false).await;
    }
    assert!(elsewhere.len() + here.len() >= 150);
}

#[test]
fn what_is_allowed_passes_in_every_spelling() {
    let open = Rule { link_local: true, loopback_only: false };
    let closed = Rule { link_local: false, loopback_only: false };
    for address in GUARDED {
        for spelled in in_v6(address) {
            assert!(open.check(IpAddr::V6(spelled)).is_ok(), "{spelled}");
            assert!(closed.check(IpAddr::V6(spelled)).is_err(), "{spelled}");
        }
    }
    let near = ["169.253.255.255", "169.255.0.0", "168.63.129.17", "100.100.100.201", "fec0::1"];
    for text in near {
        assert!(closed.check(text.parse().unwrap()).is_ok(), "{text} is nobody's metadata");
    }
}

/// A name server that answers something else each time: this machine, then the metadata, alone or among others.
#[derive(Clone, Debug)]
struct Rebinding {
    rule: Rule,
    asked: Arc<AtomicUsize>,
}

impl ResolveDns for Rebinding {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let metadata = IpAddr::V4(GUARDED[0]);
        let found = match self.asked.fetch_add(1, Ordering::SeqCst) {
            0 => vec![here],
            1 => vec![metadata],
            2 => vec![here, metadata],
            _ => vec![IpAddr::V6(GUARDED[0].to_ipv6_mapped())],
        };
        DnsFuture::ready(self.rule.admit(found))
    }
}

#[tokio::test]
async fn a_name_that_resolves_differently_each_time_is_looked_at_each_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).unwrap();
        let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let rule = Rule { link_local: false, loopback_only: false };
    let resolver = Rebinding { rule, asked: asked.clone() };
    let tls = Provider::Rustls(CryptoMode::Ring);
    let connector = Connector::builder().tls_provider(tls).build_with_resolver(resolver);
    for expected in [true, false, false, false] {
        let request = Request::get(format!("http://rebinding.test:{port}/")).body(SdkBody::empty());
        let request = HttpRequest::try_from(request.unwrap()).unwrap();
        let answer = connector.call(request).await;
        let told = answer.as_ref().map(|answer| answer.status().as_u16());
        assert_eq!(told.is_ok(), expected, "{:?}", asked.load(Ordering::SeqCst));
        if let Err(error) = answer {
            let why = broken(&error);
            assert!(matches!(why, Unanswered::Forbidden(_)), "{why}");
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 4, "each connection is one look and one only");
    server.join().unwrap();
}

/// A URL is refused before anything is connected to: for what it is, or because its host is no name of anything.
async fn assert_refused(url: &str, host: &str, plain: bool) {
    let web = Web::new(Reach { plain, link_local: false });
    let Ok(request) = Request::get(url).body(Vec::new()) else { return };
    match web.send(request).await {
        Err(Unanswered::Forbidden(_) | Unanswered::NoUrl(_)) => {}
        // TLS looks for the name of a server, before anything is connected to, and finds a number.
        Err(Unanswered::Broken(why)) if why == "invalid dns name" => {}
        Err(Unanswered::Broken(why)) => {
            let resolved = tokio::net::lookup_host((host, 0)).await;
            assert!(resolved.is_err(), "{url}: {why}");
        }
        Err(Unanswered::TooLarge) | Ok(_) => panic!("{url} was reached"),
    }
}

/// An IPv4 address as it can be written in a URL.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    let (last_two, last_three) = (number & 0xffff, number & 0x00ff_ffff);
    let mut all = vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{number}"),
        format!("{number}."),
        format!("{number:#x}"),
        format!("{number:#X}"),
        format!("0{number:o}"),
        format!("0x{a:02x}.0x{b:02x}.0x{c:02x}.0x{d:02x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0000{a:o}.0000{b:o}.0000{c:o}.0000{d:o}"),
        format!("{a}.0x{b:x}.0{c:o}.{d}"),
        format!("{a}.{b}.{last_two}"),
        format!("{a}.{b}.{last_two:#x}"),
        format!("{a}.{last_three}"),
        format!("0x{a:x}.{last_three}"),
        format!("0{a:o}.{last_three:#x}"),
        format!("{a}%2e{b}%2e{c}%2e{d}"),
    ];
    all.extend(in_v6(address).into_iter().map(|spelled| format!("[{spelled}]")));
    all.push(format!("[::ffff:{a}.{b}.{c}.{d}]"));
    all.push(format!("[0:0:0:0:0:FFFF:{a}.{b}.{c}.{d}]"));
    all.push(format!("[0000:0000:0000:0000:0000:ffff:{a:02X}{b:02X}:{c:02X}{d:02X}]"));
    all
}

/// The IPv6 addresses that stand for an IPv4 one.
fn in_v6(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let number = u32::from(address);
    let (high, low) = ((number >> 16) as u16, number as u16);
    [
        [0, 0, 0, 0, 0, 0xffff, high, low],
        [0, 0, 0, 0, 0xffff, 0, high, low],
        [0x64, 0xff9b, 0, 0, 0, 0, high, low],
        [0x64, 0xff9b, 1, 0, 0, 0, high, low],
        [0x2002, high, low, 0, 0, 0, 0, 1],
        [0x2001, 0, 0x4136, 0xe378, 0x8000, 0x63bf, !high, !low],
        [0x2001, 0xdb8, 0, 0, 0, 0x5efe, high, low],
        [0x2001, 0xdb8, 0, 0, 0x200, 0x5efe, high, low],
    ]
    .into_iter()
    .map(Ipv6Addr::from)
    .chain((high != 0).then(|| Ipv6Addr::from([0, 0, 0, 0, 0, 0, high, low])))
    .collect()
}
