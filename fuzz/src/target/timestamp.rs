//! Times: of the States Language, and the picture strings of JSONata. Parts: a time, a picture, a zone.

use std::cell::RefCell;

use stepwright_core::expr::jsonata::{Environment, Expression, Limits};
use stepwright_core::expr::{Entropy, Value};
use stepwright_core::time::Timestamp;

use crate::seed::followed_by;
use crate::texts;

pub(super) fn run(input: &[u8]) {
    let Some([time, picture, zone]) = texts(input) else { return };
    if let Some(read) = Timestamp::parse(time) {
        let _ =
            (read.plus_seconds(1e300), read.plus_seconds(-1e300).to_string(), read.epoch_seconds());
        let again = Timestamp::parse(&read.to_string()).expect("what is written can be read");
        assert_eq!(again.0.div_euclid(1000), read.0.div_euclid(1000));
    }
    let number = time.parse::<f64>().unwrap_or(1.7e12);
    let given = Value::object([
        ("t", Value::from(time)),
        ("p", Value::from(picture)),
        ("z", Value::from(zone)),
        ("n", Value::Float(number)),
    ]);
    thread_local! {
        static CALLS: Vec<Expression> =
            CALLS_OF.iter().map(|call| Expression::parse(call).expect("a call")).collect();
    }
    let entropy = RefCell::new(Entropy::of("e", "f", 1, "fuzz"));
    let environment = Environment {
        variables: &|_| None,
        entropy: &entropy,
        now: 1_700_000_000_000_000,
        limits: Limits::default(),
    };
    CALLS.with(|calls| {
        for call in calls {
            let _ = call.evaluate(Some(&given), &environment);
        }
    });
}

const CALLS_OF: [&str; 10] = [
    "$toMillis(t)",
    "$toMillis(t, p)",
    "$fromMillis(n)",
    "$fromMillis(n, p)",
    "$fromMillis(n, p, z)",
    "$now(p, z)",
    "$formatInteger(n, p)",
    "$parseInteger(t, p)",
    "$formatNumber(n, p)",
    "$formatBase(n, $length(p) + 2)",
];

/// Times with pictures.
pub(super) fn pictures() -> Vec<Vec<u8>> {
    let times = [
        "2016-12-05T21:29:29.123+02:00",
        "1969-12-31T23:59:60Z",
        "-271821-04-20T00:00:00Z",
        "1e300",
        "-62167219200000",
        "twelve thousand and first",
        "MCMXCIV",
    ];
    let pictures = [
        "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]",
        "[FNn,*-3], [D1o] of [MNn], [YI] [h#1]:[m]:[s] [PN] [z]",
        "[W]-[w]-[d][X0001][E][C]",
        "#,##0.00;(#)",
        "##,##,#00;o",
        "Ww;o",
        "i",
        "0,000.0##e0%",
    ];
    let pairs = times.iter().flat_map(|time| pictures.iter().map(move |picture| (time, picture)));
    pairs
        .map(|(time, picture)| followed_by(time.as_bytes().to_vec(), &[picture, "+0530"]))
        .collect()
}
