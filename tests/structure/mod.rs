//! The house keeps its direction: a room uses only the rooms to its left, and AWS's SDK is named in its own places only.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of the root package in the order of dependency. Rooms in one row may not use each other.
const SHELL: &[&[&str]] = &[
    &["telemetry"],
    &["retry"],
    &["store", "queue", "task"],
    &["log"],
    &["turn"],
    &["api", "console"],
    &["local"],
    &["cloud"],
    &["cli"],
];
/// Rooms of the core in the order of dependency.
const CORE: &[&[&str]] = &[&["time"], &["expr"], &["asl"], &["event"], &["engine"], &["history"]];
/// Crates of the AWS SDK and of the Lambda runtime.
const SDK: &[&str] =
    &["aws_sdk_", "aws_config", "aws_smithy", "aws_types", "aws_lambda_events", "lambda_runtime"];
/// Where they may be named.
const AWS: &[&str] = &[
    "src/retry",
    "src/store/dynamodb",
    "src/queue/dynamodb",
    "src/queue/sqs",
    "src/task/",
    "src/cloud/",
];

#[test]
fn rooms_use_only_rooms_to_their_left() {
    let mut wrong = Vec::new();
    for (root, order) in [("src", SHELL), ("src/core", CORE)] {
        for file in sources(Path::new(root)) {
            let below = file.strip_prefix(root).unwrap();
            if root == "src" && below.starts_with("core") {
                continue;
            }
            let Some(here) = position(order, &room(below)) else { continue };
            let text = fs::read_to_string(&file).unwrap();
            for used in crate_uses(&text) {
                let there = position(order, &used);
                let own = used == room(below);
                if !own
                    && there.is_some_and(|there| there > here || (there == here && root == "src"))
                {
                    wrong.push(format!(
                        "{}: uses `crate::{used}`, which lies to its right",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "a room may use rooms to its left only (style: reading order is dependency order):\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_aws_sdk_is_named_in_its_own_places_only() {
    let named: Vec<_> = sources(Path::new("src"))
        .into_iter()
        .filter(|file| {
            fs::read_to_string(file).unwrap().lines().any(|l| {
                !l.trim_start().starts_with("//") && SDK.iter().any(|name| l.contains(name))
            })
        })
        .map(|file| file.display().to_string())
        .filter(|file| !AWS.iter().any(|place| file.starts_with(place)))
        .collect();
    assert!(named.is_empty(), "the AWS SDK belongs into {AWS:?} only, but is named in {named:?}");
}

#[test]
fn the_core_depends_on_nothing_that_can_reach_the_world() {
    let manifest = fs::read_to_string("src/core/Cargo.toml").unwrap();
    let dependencies =
        manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for forbidden in [
        "tokio", "aws", "rand", "hyper", "reqwest", "rusqlite", "async", "futures", "uuid",
        "chrono",
    ] {
        let listed = dependencies.lines().any(|line| line.starts_with(forbidden));
        assert!(!listed, "the core may not depend on {forbidden}");
    }
    for file in sources(Path::new("src/core")) {
        let text = fs::read_to_string(&file).unwrap();
        let asynchronous = text
            .lines()
            .any(|l| l.trim_start().starts_with("async fn") || l.contains("pub async fn"));
        assert!(!asynchronous, "{} has an async function", file.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources(Path::new("src"))
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "these files do not open with `//!`: {silent:?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// `turn/emit.rs` and `turn.rs` are in room `turn`.
fn room(below: &Path) -> String {
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn position(order: &[&[&str]], room: &str) -> Option<usize> {
    order.iter().position(|row| row.contains(&room))
}

/// The rooms that a file names by `crate::room`, tests at its end left out.
fn crate_uses(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

/// What lines of the program's own log may hold. Nothing of it is data of users: no input, output, cause, body, token,
/// key, header.
const LOGGED: &[&str] = &[
    // Whom it concerns.
    "execution_arn",
    "execution_id",
    "state",
    "frame",
    "slot",
    "request_id",
    "operation",
    "activity",
    "resource",
    "action",
    "group",
    "partition",
    "id",
    // What happened.
    "error",
    "why",
    "reason",
    "place",
    "status",
    "abandoned",
    "changes",
    "count",
    "ended",
    "looked_at",
    "lost",
    "redrive",
    "refused",
    "running",
    "turns",
];

#[test]
fn the_log_has_fields_of_known_names_only_and_messages_without_values() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in sources(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for event in log_events(code) {
            seen += 1;
            let (message, fields) = event.split_last().unwrap();
            let constant = message.strip_prefix("\"{").and_then(|m| m.strip_suffix("}\""));
            let constant = constant.is_some_and(|name| name == name.to_uppercase());
            if !message.starts_with('"') || (message.contains('{') && !constant) {
                wrong.push(format!("{}: the message {message}", file.display()));
            }
            for field in fields {
                let name = field.split('=').next().unwrap().trim().trim_start_matches('%');
                if !LOGGED.contains(&name) || field.contains('?') {
                    wrong.push(format!("{}: the field {field}", file.display()));
                }
            }
        }
    }
    assert!(seen > 40, "only {seen} log events were found");
    assert!(wrong.is_empty(), "the log may not hold these (see LOGGED):\n{}", wrong.join("\n"));
}

/// The arguments of each `tracing::…!(…)`, split at commas outside of brackets and strings.
fn log_events(code: &str) -> Vec<Vec<String>> {
    let calls = code.split("tracing::").skip(1).filter_map(|rest| {
        let (level, rest) = rest.split_once("!(")?;
        ["error", "warn", "info", "debug", "trace"].contains(&level).then_some(rest)
    });
    let split = |rest: &str| {
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        let mut arguments = vec![String::new()];
        for c in rest.chars() {
            match c {
                ')' if depth == 0 && !quoted => break,
                ',' if depth == 0 && !quoted => arguments.push(String::new()),
                _ => {
                    match c {
                        '"' if !escaped => quoted = !quoted,
                        '(' | '[' | '{' if !quoted => depth += 1,
                        ')' | ']' | '}' if !quoted => depth -= 1,
                        _ => {}
                    }
                    escaped = c == '\\' && !escaped;
                    arguments.last_mut().unwrap().push(c);
                }
            }
        }
        let arguments = arguments.into_iter().map(|argument| argument.trim().to_owned());
        arguments.filter(|argument| !argument.is_empty()).collect::<Vec<_>>()
    };
    calls.map(split).collect()
}
