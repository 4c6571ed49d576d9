//! Journals of earlier engines stay readable: each generation in `written/` is what an engine of its time wrote, and today's
//! engine goes on from every moment of it to the same end.
//!
//! `make journals` adds a generation; one that is there is never changed.

mod flows;
mod queue;
mod tape;
mod tasks;
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use stepwright_core::engine::Record;
use stepwright_core::engine::record::{Error, FORMAT};

use flows::{Flow, flows};
use tape::{Entry, Write, unfinished};
use world::{Restart, World};

/// What stands in the first line of a file; the entries of the tape follow, one in each line.
#[derive(Serialize, Deserialize)]
struct Header {
    /// Version of the program that wrote it.
    engine: String,
    /// How the execution ended.
    end: Json,
    /// What its history told.
    events: Vec<String>,
}

/// A journal as an engine of its time wrote it.
struct Written {
    /// `1/task`
    name: String,
    header: Header,
    entries: Vec<Entry>,
}

#[tokio::test]
async fn an_engine_goes_on_from_every_moment_of_every_journal_ever_written() {
    let known = flows();
    let (mut continued, mut wrong) = (0, Vec::new());
    for written in journals() {
        let name = written.name.split_once('/').unwrap().1;
        let flow = known.iter().find(|flow| flow.name == name).unwrap_or_else(|| panic!("{name}"));
        for moment in moments(&written.entries) {
            // Where everything sent is lost, what was sent makes no difference.
            let sent = !written.entries[moment - 1].write.is_stored();
            for restart in [Restart::Kept, Restart::Swept] {
                if sent && restart == Restart::Swept {
                    continue;
                }
                if let Some(why) = goes_wrong(&written, flow, moment, restart).await {
                    wrong.push(format!(
                        "{} after {moment} writes, {restart:?}: {why}",
                        written.name
                    ));
                }
                continued += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {continued}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(continued > 1_500, "{continued}");
}

/// What another end it comes to, if it does.
async fn goes_wrong(
    written: &Written,
    flow: &Flow,
    moment: usize,
    restart: Restart,
) -> Option<String> {
    let left = &written.entries[..moment];
    let mut world = World::open(flow.outside, left, restart).await;
    world.run().await;
    let (end, header) = (world.end().await, &written.header);
    if end != header.end {
        return Some(format!("{end} instead of {}", header.end));
    }
    if flow.races || unfinished(left) {
        return None;
    }
    let events = world.events().await;
    (events != header.events).then(|| format!("{events:#?} instead of {:#?}", header.events))
}

#[test]
fn every_record_ever_written_is_read_as_it_was_meant() {
    let mut records = 0;
    for written in journals() {
        for text in texts(&written.entries) {
            let record = Record::decode(&text).unwrap();
            assert!(record.format <= FORMAT, "{}", written.name);
            records += 1;
        }
    }
    assert!(records > 250, "{records}");
}

#[test]
fn the_latest_generation_is_what_this_engine_writes() {
    let latest = generations().pop().unwrap();
    for written in journals().filter(|written| written.name.starts_with(&format!("{latest}/"))) {
        for text in texts(&written.entries) {
            assert_eq!(
                Record::decode(&text).unwrap().encode().unwrap(),
                text,
                "{}: the form of records has changed. If an engine of yesterday could misread the new form, raise FORMAT \
                 in src/core/engine/record.rs; then add a generation with `make journals`.",
                written.name
            );
        }
    }
    let names: BTreeSet<_> = journals().map(|written| written.name).collect();
    let missing: Vec<_> = flows()
        .iter()
        .map(|flow| format!("{latest}/{}", flow.name))
        .filter(|name| !names.contains(name))
        .collect();
    assert!(missing.is_empty(), "add a generation with `make journals`: {missing:?}");
}

#[test]
fn the_journals_hold_everything_that_a_frame_can_wait_for_and_every_event_of_the_engine() {
    let held: String =
        journals().flat_map(|written| written.entries).map(|entry| text_of(&entry)).collect();
    let mut wrong = Vec::new();
    let table = [
        ("src/core/engine/frame.rs", "pub enum Phase {", NO_PHASE),
        ("src/core/engine/frame.rs", "pub enum Outcome {", NO_OUTCOME),
        ("src/core/event/mod.rs", "pub enum EventKind {", NO_EVENT),
    ];
    for (file, opening, never) in table {
        let source = fs::read_to_string(file).unwrap();
        for variant in variants(&source, opening) {
            let held = held.contains(&format!("\"{variant}\""));
            if held == never.iter().any(|(name, _)| *name == variant) {
                wrong.push(format!("{opening} {variant}: held {held}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_record_of_a_newer_engine_is_refused_for_being_newer_whatever_it_holds() {
    let first = journals().next().unwrap();
    let text = texts(&first.entries).remove(0);
    let newer = text.replacen("\"f\":1,", "\"f\":2,", 1);
    assert_ne!(newer, text);
    let table = [
        newer.clone(),
        newer.replacen("\"Ready\"", "\"Dreaming\"", 1),
        newer.replacen("\"fr\":", "\"frames\":", 1),
        r#"{"d":[],"b":{"f":2,"s":"a new way to count"}}"#.to_owned(),
        r#"{"d":{"documents":"elsewhere"},"b":{"f":2}}"#.to_owned(),
    ];
    for text in table {
        let why = Record::decode(&text).unwrap_err();
        assert!(matches!(why, Error::Newer(2)), "{text}: {why}");
        assert_eq!(why.to_string(), "a stored record has format 2, this engine reads up to 1");
    }
}

/// Adds a generation: `make journals`.
#[tokio::test]
#[ignore = "writes files; see `make journals`"]
async fn a_new_generation_is_written() {
    let number = generations().pop().unwrap_or(0) + 1;
    let place = Path::new(ROOT).join(number.to_string());
    fs::create_dir_all(ROOT).unwrap();
    fs::create_dir(&place).expect("a generation is never changed");
    for flow in flows() {
        let mut world = World::begin(&flow).await;
        world.run().await;
        let header = Header {
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            end: world.end().await,
            events: world.events().await,
        };
        let mut text = serde_json::to_string(&header).unwrap();
        for entry in world.entries() {
            text = text + "\n" + &serde_json::to_string(&entry).unwrap();
        }
        fs::write(place.join(format!("{}.jsonl", flow.name)), text + "\n").unwrap();
    }
}

/// From the creation of the execution on, after each write.
fn moments(entries: &[Entry]) -> impl Iterator<Item = usize> {
    let created = entries.iter().position(|entry| matches!(entry.write, Write::Create(_)));
    created.unwrap() + 1..=entries.len()
}

fn texts(entries: &[Entry]) -> Vec<String> {
    let record = |entry: &Entry| match &entry.write {
        Write::Insert(_, text) => Some(text.clone()),
        _ => None,
    };
    entries.iter().filter_map(record).collect()
}

/// A record or a message as text; nothing for what else was written.
fn text_of(entry: &Entry) -> String {
    match &entry.write {
        Write::Insert(_, text) | Write::Send(_, text, ..) => text.clone(),
        _ => String::new(),
    }
}

fn generations() -> Vec<u32> {
    let mut found: Vec<u32> = files(Path::new(ROOT))
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().parse().unwrap())
        .collect();
    found.sort_unstable();
    found
}

fn journals() -> impl Iterator<Item = Written> {
    generations()
        .into_iter()
        .flat_map(|number| files(&Path::new(ROOT).join(number.to_string())))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let mut lines = text.lines();
            let header = serde_json::from_str(lines.next().unwrap()).unwrap();
            let entries = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
            let generation = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            Written { name: format!("{generation}/{name}"), header, entries }
        })
}

fn files(place: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(place).into_iter().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Names of the variants of an enum in a source text.
fn variants(source: &str, opening: &str) -> Vec<String> {
    let body = source.split(opening).nth(1).unwrap().split("\n}").next().unwrap();
    let line = |line: &str| {
        let name = line.strip_prefix("    ")?;
        let word: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
        word.starts_with(|c: char| c.is_ascii_uppercase()).then_some(word)
    };
    body.lines().filter_map(line).collect()
}

const ROOT: &str = "tests/journals/written";

/// What no journal holds, and why.
const NO_PHASE: &[(&str, &str)] = &[];
const NO_OUTCOME: &[(&str, &str)] = &[];
const NO_EVENT: &[(&str, &str)] = &[
    ("LambdaFunctionScheduleFailed", NEVER),
    ("LambdaFunctionStartFailed", NEVER),
    ("TaskStartFailed", NEVER),
    ("TaskSubmitFailed", NEVER),
    ("ActivityScheduleFailed", NEVER),
    ("MapIterationAborted", NEVER),
];
const NEVER: &str = "known to AWS, but no engine has written it so far";
