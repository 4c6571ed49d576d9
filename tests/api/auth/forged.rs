//! Forgeries by the thousand: what somebody without the secret can make of requests that were signed and of headers that
//! were not. `make test-forgery` makes far more of them.

use super::signed::{KEY, NOW, SECRET, Signed};
use crate::support::random::Random;

/// What a forger does to a request that somebody signed.
type Trick = (&'static str, fn(&mut Signed, &mut Random));

const TRICKS: &[Trick] = &[
    ("a digit of the signature", |r, random| {
        let signature = part(r, "Signature=");
        if signature.is_empty() {
            return;
        }
        let mut digits = signature.clone().into_bytes();
        let at = random.below(digits.len());
        let others: Vec<u8> =
            b"0123456789abcdef".iter().copied().filter(|d| *d != digits[at]).collect();
        digits[at] = others[random.below(others.len())];
        swap(r, &signature, &String::from_utf8(digits).unwrap());
    }),
    ("a signature out of thin air", |r, random| {
        let signature = part(r, "Signature=");
        let made: String = (0..64).map(|_| format!("{:x}", random.below(16))).collect();
        swap(r, &signature, &made);
    }),
    ("a signature of another form", |r, random| {
        let signature = part(r, "Signature=");
        let forms = [
            String::new(),
            "0".repeat(64),
            signature.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
            signature.chars().take(62).collect(),
            format!("{signature}00"),
            format!("00{signature}"),
            format!("{signature}\u{0}"),
        ];
        swap(r, &signature, &forms[random.below(forms.len())]);
    }),
    ("the signature of another request", |r, random| {
        let other = signed(random, "another body");
        let (old, new) = (part(r, "Signature="), part(&other, "Signature="));
        swap(r, &old, &new);
    }),
    ("the whole header of another request", |r, random| {
        let header = signed(random, "yet another body").header("authorization").to_owned();
        r.set("authorization", &header);
    }),
    ("another time", |r, random| {
        let date = format!("20231114T22{:02}{:02}Z", random.below(60), random.below(60));
        let same = date == value(r, "x-amz-date");
        r.set("X-Amz-Date", if same { "20231114T221319Z" } else { &date });
    }),
    ("another scope", |r, random| {
        let table = [
            ("20231114/", "20231113/"),
            ("20231114/", "20231115/"),
            ("/us-east-1/", "/us-east-2/"),
            ("/us-east-1/", "/US-EAST-1/"),
            ("/us-east-1/", "//"),
            ("/states/", "/sts/"),
            ("/states/", "/States/"),
            ("aws4_request", "aws4_request/"),
            ("aws4_request", "AWS4_REQUEST"),
        ];
        let (old, new) = table[random.below(table.len())];
        swap(r, old, new);
    }),
    ("another body", |r, random| {
        let at = random.below(r.body.len());
        r.body.insert(at, b" {}[]\"0a"[random.below(8)].into());
    }),
    ("another operation", |r, random| {
        let names =
            ["StopExecution", "DeleteStateMachine", "listStateMachines", "ListStateMachines2"];
        r.set("X-Amz-Target", &format!("AWSStepFunctions.{}", names[random.below(names.len())]));
    }),
    ("another host", |r, random| {
        let hosts = ["127.0.0.1:8084", "evil.example", "127.0.0.1", ""];
        r.set("Host", hosts[random.below(hosts.len())]);
    }),
    ("another method", |r, random| {
        ["GET", "PUT", "post", "DELETE"][random.below(4)].clone_into(&mut r.method);
    }),
    ("another path or query", |r, random| {
        let paths = ["/x", "/%2e", "/a/..b", "/?", "/executions"];
        paths[random.below(paths.len())].clone_into(&mut r.path);
        if random.chance(0.5) {
            r.query = Some("Action=DeleteStateMachine".to_owned());
        }
    }),
    ("fewer signed headers", |r, random| {
        let names = ["host;", "x-amz-date;", ";x-amz-target", "content-type;"];
        let name = names[random.below(names.len())];
        swap(r, name, "");
    }),
    ("more signed headers", |r, random| {
        let name = ["a;", "authorization;", "host;", ";"][random.below(4)];
        swap(r, "SignedHeaders=", &format!("SignedHeaders={name}"));
    }),
    ("a header that is there twice", |r, random| {
        let names = ["Host", "X-Amz-Date", "X-Amz-Target", "Authorization", "Content-Type"];
        let name = names[random.below(names.len())];
        let value = value(r, name);
        r.add(name, &value);
    }),
    ("another key", |r, random| {
        let keys = ["SWAKEXAMPLEEXAMPLE23", "SWAKEXAMPLEEXAMPLE2", "", "swakexampleexample22", "*"];
        swap(r, KEY, keys[random.below(keys.len())]);
    }),
    ("another algorithm", |r, random| {
        let names = [
            "AWS4-HMAC-SHA1",
            "AWS4-HMAC-SHA256-PAYLOAD",
            "AWS4-ECDSA-P256-SHA256",
            "AWS4",
            "NONE",
        ];
        swap(r, "AWS4-HMAC-SHA256", names[random.below(names.len())]);
    }),
    ("a secret that is nearly right", |r, random| {
        let near = [&SECRET[1..], &SECRET[..39], "", &SECRET.to_uppercase(), &format!("{SECRET}=")]
            .map(str::to_owned);
        r.drop("authorization");
        r.sign(&near[random.below(near.len())], "us-east-1");
    }),
    ("a header made of noise", |r, random| {
        let signs = b"AWS4-HMAC256 Credential=/,;Signature=SignedHeaders=0123456789abcdef%\t\"";
        let noise = |length: usize, random: &mut Random| -> String {
            (0..length).map(|_| char::from(signs[random.below(signs.len())])).collect()
        };
        let length = random.below(200);
        let text = noise(length, random);
        r.set("authorization", &text);
    }),
];

#[test]
fn no_forged_request_is_accepted() {
    let mut random = Random::seeded(seed());
    let (mut counts, mut changed) = (vec![0_u64; TRICKS.len()], 0);
    for number in 0..forgeries() {
        let mut request = signed(&mut random, "what was signed");
        assert_eq!(request.verified(), Ok(()));
        let before = format!("{request:?}");
        // Alone, and with others on top of it.
        for _ in 0..=random.below(3) * usize::from(number % 4 == 0) {
            let which = random.below(TRICKS.len());
            counts[which] += 1;
            TRICKS[which].1(&mut request, &mut random);
        }
        assert!(request.verified().is_err() || format!("{request:?}") == before, "{request:?}");
        changed += u64::from(format!("{request:?}") != before);
    }
    assert!(changed * 100 > forgeries() * 99, "{changed} requests were forged");
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn a_request_can_be_repeated_for_five_minutes_and_not_longer() {
    // Signature Version 4 knows no nonce: who overhears a request (TLS is there against that) can send that very request
    // again until it expires. It cannot be changed by one byte.
    let request = signed(&mut Random::seeded(1), "once");
    let table = [
        (-301, false),
        (-300, true),
        (0, true),
        (0, true),
        (300, true),
        (301, false),
        (86_400, false),
    ];
    for (later, accepted) in table {
        assert_eq!(request.verified_at(NOW + later).is_ok(), accepted, "{later} s later");
    }
}

fn signed(random: &mut Random, what: &str) -> Signed {
    let body = format!("{{\"{what}\":{}}}", random.next());
    Signed::new("AWSStepFunctions.ListStateMachines", &body)
}

/// The value of a parameter of the Authorization header, if it is there.
fn part(request: &Signed, name: &str) -> String {
    let header = value(request, "authorization");
    let rest = header.split(name).nth(1).unwrap_or_default();
    rest.split(',').next().unwrap_or_default().trim().to_owned()
}

/// The value of a header, if it is there.
fn value(request: &Signed, name: &str) -> String {
    let found = request.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Changes a part of the Authorization header, if it is there.
fn swap(request: &mut Signed, old: &str, new: &str) {
    let changed = value(request, "authorization").replacen(old, new, 1);
    request.set("authorization", &changed);
}

/// How many; set `STEPWRIGHT_FORGERIES` for more.
fn forgeries() -> u64 {
    number("STEPWRIGHT_FORGERIES").unwrap_or(4_000)
}

fn seed() -> u64 {
    number("STEPWRIGHT_SEED").unwrap_or(7)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
