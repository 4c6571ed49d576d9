//! Stores of earlier versions, as they were then: all in them is still there, and what was running goes on and ends.
//! A version of the tables that has been released gets a file here and keeps it.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::binary::Server;

const STORES: [(i32, &str); 2] =
    [(1, include_str!("stores/version-1.sql")), (2, include_str!("stores/version-2.sql"))];

/// How all times in these files begin (microseconds), and the rest of the first.
const WHEN: &str = "1732164";
const BEGUN: u128 = 461_000_000;

/// The version that this program writes.
const NEWEST: i32 = 2;

#[test]
fn a_store_of_any_earlier_version_is_read_and_what_ran_in_it_ends() {
    for (version, tables) in STORES {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(store(folder.path(), tables), version);
        let server = Server::start(&["--data", folder.path().to_str().unwrap()]);
        let found = server.describe(&arn("done:one"));
        assert_eq!(
            (&found["status"], &found["output"]),
            (&json!("SUCCEEDED"), &json!(r#"{"a": 1}"#))
        );
        let found = server.describe(&arn("failed:two"));
        assert_eq!((&found["error"], &found["cause"]), (&json!("E"), &json!("why")), "{version}");
        assert_eq!(events(&server, "done:one"), 4, "version {version}");
        let activity = "arn:aws:states:us-east-1:123456789012:activity:approve";
        let task = server.call("GetActivityTask", &json!({"activityArn": activity}));
        assert_eq!(task["input"], r#"{"c": 3}"#, "version {version}");
        server.call("SendTaskSuccess", &json!({"taskToken": task["taskToken"], "output": "7"}));
        let outputs =
            [("waiting:three", r#"{"b": 2}"#), ("asking:four", "7"), ("forked:five", "[1,2,3,4]")];
        for (name, output) in outputs {
            let found = server.ended(&arn(name));
            assert_eq!(found["output"], output, "version {version}: {name} {found}");
        }
        drop(server);
        let database = Connection::open(folder.path().join("stepwright.db")).unwrap();
        assert_eq!(version_of(&database), NEWEST);
        let complaint: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(complaint, "ok");
    }
}

#[test]
fn the_newest_version_has_a_file_here() {
    assert_eq!(STORES.map(|(version, _)| version).into_iter().max(), Some(NEWEST));
}

#[test]
fn a_store_of_a_later_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &format!("{}\nPRAGMA user_version = 3;", STORES[1].1));
    let output = Command::new(env!("CARGO_BIN_EXE_stepwright"))
        .args(["serve", "--port", "0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the data was written by a newer version of this program"), "{said}");
    let database = Connection::open(folder.path().join("stepwright.db")).unwrap();
    assert_eq!(version_of(&database), 3);
}

/// Makes a store; its version.
fn store(folder: &Path, tables: &str) -> i32 {
    let database = Connection::open(folder.join("stepwright.db")).unwrap();
    database.execute_batch(&at_present(tables)).unwrap();
    version_of(&database)
}

/// The same with all times moved to the last minute: an execution runs for a year at most.
fn at_present(tables: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut pieces = tables.split(WHEN);
    let mut moved = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let micros: u128 = piece[..9].parse().unwrap();
        moved += &(now.as_micros() - 60_000_000 + micros - BEGUN).to_string();
        moved += &piece[9..];
    }
    moved
}

fn version_of(database: &Connection) -> i32 {
    database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn arn(execution: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:execution:{execution}")
}

fn events(server: &Server, execution: &str) -> usize {
    let history: Value =
        server.call("GetExecutionHistory", &json!({"executionArn": arn(execution)}));
    history["events"].as_array().unwrap().len()
}
