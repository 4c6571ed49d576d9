//! What cannot be used is said when the program starts, not when a workflow needs it.

use std::process::{Command, Stdio};

#[test]
fn a_directory_of_buckets_that_is_not_there_is_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let definition = directory.path().join("d.asl.json");
    std::fs::write(&definition, r#"{"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}"#)
        .unwrap();
    let missing = directory.path().join("nowhere");
    let commands: [&[&str]; 2] =
        [&["run", definition.to_str().unwrap()], &["serve", "--in-memory", "--port", "0"]];
    for (buckets, reason) in [(&missing, "No such file"), (&definition, "Not a directory")] {
        for command in commands {
            let mut started = Command::new("timeout");
            started.args(["60", env!("CARGO_BIN_EXE_stepwright")]).args(command);
            started.arg("--buckets").arg(buckets).stdin(Stdio::null());
            let output = started.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && output.status.code() != Some(124), "{command:?}");
            let expected = format!("the buckets in {} cannot be read: {reason}", buckets.display());
            assert!(said.contains(&expected), "{command:?}: {said}");
        }
    }
}
