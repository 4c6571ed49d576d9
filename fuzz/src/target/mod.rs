//! The targets: one file for each, and the table of them.

#[cfg(feature = "home")]
mod api;
mod definition;
#[cfg(feature = "home")]
mod interpreter;
mod intrinsic;
mod jsonata;
#[cfg(feature = "home")]
mod message;
mod path;
#[cfg(feature = "home")]
mod reader;
mod record;
#[cfg(feature = "home")]
mod rest;
#[cfg(feature = "home")]
mod signature;
mod timestamp;
#[cfg(feature = "home")]
mod token;

use crate::seed::{Source, followed_by};

#[cfg(feature = "home")]
pub use api::OPERATIONS;
#[cfg(feature = "home")]
pub(crate) use api::{is_aws, round as api_round};

/// Something that reads what comes from outside.
pub struct Target {
    /// Its name, also of its corpus.
    pub name: &'static str,
    /// Reads an input. Panics if what came of it is not what may come of any input.
    pub run: fn(&[u8]),
    /// Where inputs come from.
    pub(crate) seeds: &'static [Source],
    /// Makes an input of a seed, for instance by adding the parts that go with it.
    pub(crate) shape: fn(Vec<u8>) -> Vec<u8>,
    /// How many inputs are tried by `make test`.
    pub slice: usize,
}

/// Text in which expressions are looked for: its data.
const DATA: &str = r#"{"a":1,"b":[1,2.5,{"c":"x","a":[]},null,true,"2024-02-29T12:00:00Z"],"o":{"a":{"a":"é💥"}},"n":-0.1,"items":[{"id":1,"q":2},{"id":2,"q":3}]}"#;

/// Everything that is fuzzed.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    CORE.iter().chain(HOME)
}

#[cfg(not(feature = "home"))]
static HOME: &[Target] = &[];

/// What the core reads.
static CORE: &[Target] = &[
    Target {
        name: "definition",
        run: definition::run,
        seeds: DEFINITIONS,
        shape: |seed| seed,
        slice: 1_500,
    },
    Target {
        name: "path",
        run: path::run,
        seeds: &[
            Source::Literals("src/core/expr/path"),
            Source::Literals("src/core/expr/reference.rs"),
        ],
        shape: |seed| followed_by(seed, &[DATA]),
        slice: 8_000,
    },
    Target {
        name: "intrinsic",
        run: intrinsic::run,
        seeds: &[
            Source::Literals("src/core/expr/intrinsic"),
            Source::Literals("src/core/asl/tests"),
        ],
        shape: |seed| followed_by(seed, &[DATA]),
        slice: 6_000,
    },
    Target {
        name: "jsonata",
        run: jsonata::run,
        seeds: &[Source::Literals("src/core/expr/jsonata"), Source::Made(jsonata::expressions)],
        shape: |seed| followed_by(seed, &[DATA]),
        slice: 3_000,
    },
    Target {
        name: "timestamp",
        run: timestamp::run,
        seeds: &[
            Source::Literals("src/core/time.rs"),
            Source::Literals("src/core/asl/validate/timestamp.rs"),
            Source::Literals("src/core/expr/jsonata/datetime"),
            Source::Made(timestamp::pictures),
        ],
        shape: |seed| seed,
        slice: 6_000,
    },
    Target {
        name: "record",
        run: record::run,
        seeds: &[Source::Made(record::records)],
        shape: |seed| seed,
        slice: 2_000,
    },
];

/// What needs a home: stores, queues, files.
#[cfg(feature = "home")]
static HOME: &[Target] = &[
    Target {
        name: "api",
        run: api::run,
        seeds: &[Source::Made(api::requests)],
        shape: |seed| seed,
        slice: 700,
    },
    Target {
        name: "rest",
        run: rest::run,
        seeds: &[Source::Made(rest::events), Source::Files("infra/events")],
        shape: |seed| seed,
        slice: 500,
    },
    Target {
        name: "signature",
        run: signature::run,
        seeds: &[Source::Made(signature::requests)],
        shape: |seed| seed,
        slice: 6_000,
    },
    Target {
        name: "reader",
        run: reader::run,
        seeds: &[Source::Made(reader::files)],
        shape: |seed| seed,
        slice: 3_000,
    },
    Target {
        name: "parquet",
        run: reader::run,
        seeds: &[Source::Made(reader::parquet_files)],
        shape: |seed| seed,
        slice: 700,
    },
    Target {
        name: "token",
        run: token::run,
        seeds: &[Source::Made(token::tokens)],
        shape: |seed| seed,
        slice: 500,
    },
    Target {
        name: "message",
        run: message::run,
        seeds: &[Source::Made(message::bodies), Source::Literals("src/queue/body.rs")],
        shape: |seed| seed,
        slice: 1_000,
    },
    Target {
        name: "interpreter",
        run: interpreter::run,
        seeds: DEFINITIONS,
        shape: |seed| followed_by(seed, &[DATA, "\0\0\u{1}\u{3}\0\u{4}"]),
        slice: 500,
    },
];

/// Definitions of the project's tests and examples.
const DEFINITIONS: &[Source] = &[
    Source::Having("tests", "StartAt"),
    Source::Having("src", "StartAt"),
    Source::Having("src/core/asl/tests", "Type"),
    Source::Files("examples/order-fulfilment/workflow.asl.json"),
    Source::Made(definition::definitions),
];
