//! Canonical form and signature against AWS's published examples, which sign for other services than this one.

use super::authorization::Scope;
use super::*;

/// The credentials of all published examples.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const DATE: &str = "20150830T123600Z";

struct Example {
    name: &'static str,
    service: &'static str,
    method: &'static str,
    path: &'static str,
    query: Option<&'static str>,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    signature: &'static str,
}

const HOST: (&str, &str) = ("Host", "example.amazonaws.com");
const AT: (&str, &str) = ("X-Amz-Date", DATE);
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

const PLAIN: Example = Example {
    name: "get-vanilla",
    service: "service",
    method: "GET",
    path: "/",
    query: None,
    headers: &[HOST, AT],
    body: "",
    signature: VANILLA,
};

const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
const POSTED: &str = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";

/// From the Signature Version 4 test suite, and the worked example of the IAM user guide.
const EXAMPLES: &[Example] = &[
    PLAIN,
    Example { name: "normalize-path/get-slash", path: "//", ..PLAIN },
    Example { name: "normalize-path/get-slash-dot-slash", path: "/./", ..PLAIN },
    Example { name: "normalize-path/get-relative", path: "/example/..", ..PLAIN },
    Example {
        name: "normalize-path/get-relative-relative",
        path: "/example1/example2/../..",
        ..PLAIN
    },
    Example {
        name: "get-unreserved",
        path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ..PLAIN
    },
    Example {
        name: "get-utf8",
        path: "/ሴ",
        signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ..PLAIN
    },
    Example {
        name: "get-vanilla-query-order-key-case",
        query: Some("Param2=value2&Param1=value1"),
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ..PLAIN
    },
    Example {
        name: "get-vanilla-empty-query-key",
        query: Some("Param1=value1"),
        signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ..PLAIN
    },
    Example {
        name: "get-vanilla-utf8-query",
        query: Some("ሴ=bar"),
        signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ..PLAIN
    },
    Example {
        name: "get-header-key-duplicate",
        headers: &[
            HOST,
            ("My-Header1", "value2"),
            ("My-Header1", "value2"),
            ("My-Header1", "value1"),
            AT,
        ],
        signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ..PLAIN
    },
    Example {
        name: "get-header-value-trim",
        headers: &[HOST, ("My-Header1", " value1"), ("My-Header2", " \"a   b   c\""), AT],
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ..PLAIN
    },
    Example { name: "post-vanilla", method: "POST", signature: POSTED, ..PLAIN },
    Example {
        name: "post-x-www-form-urlencoded",
        method: "POST",
        headers: &[FORM, HOST, AT],
        body: "Param1=value1",
        signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ..PLAIN
    },
    Example {
        name: "IAM user guide: ListUsers",
        service: "iam",
        query: Some("Action=ListUsers&Version=2010-05-08"),
        headers: &[
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("Host", "iam.amazonaws.com"),
            AT,
        ],
        signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ..PLAIN
    },
];

#[test]
fn published_examples_have_their_published_signatures() {
    let mut wrong = Vec::new();
    for example in EXAMPLES {
        let scope = scope(example.service);
        let key = signature::key(&Secret::new(SECRET), scope).unwrap();
        let text = signature::string_to_sign(DATE, scope, &canonical_of(example));
        if !signature::holds(&key, &text, example.signature) {
            wrong.push(example.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_signing_key_of_the_user_guide_is_derived() {
    let key = signature::key(&Secret::new(SECRET), scope("iam")).unwrap();
    let expected = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
    assert_eq!(canonical::hex(&key), expected);
}

#[test]
fn a_canonical_request_is_the_text_that_the_user_guide_shows() {
    let example = EXAMPLES.iter().find(|example| example.service == "iam").unwrap();
    let expected = "GET\n/\nAction=ListUsers&Version=2010-05-08\n\
        content-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n\
        content-type;host;x-amz-date\n\
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(String::from_utf8(canonical_of(example)).unwrap(), expected);
}

#[test]
fn paths_and_queries_have_one_form() {
    let table = [
        ("/", None, "/", ""),
        ("/a/b/", None, "/a/b/", ""),
        ("/a%20b", None, "/a%2520b", ""),
        ("/../a", None, "/a", ""),
        ("/", Some("b=2&a=%20&a=1"), "/", "a=%20&a=1&b=2"),
        ("/", Some("%41=%zz&x"), "/", "A=%25zz&x="),
        ("/", Some("a=1%"), "/", "a=1%25"),
    ];
    for (path, query, canonical_path, canonical_query) in table {
        let text = canonical_of(&Example { path, query, ..PLAIN });
        let text = String::from_utf8(text).unwrap();
        let start = format!("GET\n{canonical_path}\n{canonical_query}\nhost:");
        assert!(text.starts_with(&start), "{path} {query:?}: {text}");
    }
}

#[test]
fn signed_headers_are_named_in_order_and_once() {
    let table = [
        ("host;x-amz-date;x-amz-target", Ok(())),
        ("a;host;x-amz-date;x-amz-target", Ok(())),
        ("host;x-amz-target;x-amz-date", Err(Refusal::Mismatch)),
        ("host;host;x-amz-date;x-amz-target", Err(Refusal::Mismatch)),
    ];
    for (signed, expected) in table {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=K/20150830/us-east-1/states/aws4_request,SignedHeaders={signed},Signature=0"
        );
        let headers: Vec<(&str, &[u8])> = vec![
            ("host", b"h"),
            ("x-amz-date", DATE.as_bytes()),
            ("x-amz-target", b"t"),
            ("authorization", header.as_bytes()),
        ];
        let request = Request { method: "POST", path: "/", query: None, headers, body: b"" };
        let authorization = Authorization::read(&request).unwrap();
        assert_eq!(authorization.check(&request, SERVICE), expected, "{signed}");
    }
}

#[test]
fn a_secret_does_not_show_itself() {
    assert_eq!(format!("{:?}", Secret::new("hidden")), "Secret(…)");
}

fn canonical_of(example: &Example) -> Vec<u8> {
    let headers = example.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let request = Request {
        method: example.method,
        path: example.path,
        query: example.query,
        headers,
        body: example.body.as_bytes(),
    };
    let mut signed: Vec<_> = example.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    signed.sort();
    signed.dedup();
    let signed: Vec<_> = signed.iter().map(String::as_str).collect();
    canonical::request(&request, &signed).unwrap()
}

fn scope(service: &str) -> Scope<'_> {
    Scope { day: "20150830", region: "us-east-1", service, terminator: "aws4_request" }
}
