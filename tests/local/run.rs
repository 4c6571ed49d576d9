//! `stepwright run` as a process.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use super::binary::{busy, gone, signal, started, stepwright, task};

#[test]
fn a_run_that_is_told_to_stop_leaves_no_function_behind() {
    for asked in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let (definition, file) = (folder.path().join("m.json"), folder.path().join("id"));
        let text = json!({"StartAt": "S", "States": {"S": task()}}).to_string();
        std::fs::write(&definition, text).unwrap();
        let mut process = stepwright()
            .arg("run")
            .arg(&definition)
            .args(["--function", &format!("f={}", busy(&file))])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let function = started(&file);
        signal(&process, asked);
        assert_eq!(process.wait().unwrap().code(), Some(1), "{asked:?}");
        gone(&function);
    }
}

#[test]
fn a_run_shows_the_states_of_a_distributed_map_and_of_each_of_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let (definition, input) = (folder.path().join("m.json"), folder.path().join("in.json"));
    let each = json!({
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Each", "States": {"Each": task()}
    });
    let map = json!({"Type": "Map", "End": true, "ItemProcessor": each});
    let text = json!({"StartAt": "All", "States": {"All": map}}).to_string();
    std::fs::write(&definition, text).unwrap();
    std::fs::write(&input, "[1, 2, 3]").unwrap();
    let ran = stepwright()
        .arg("run")
        .arg(&definition)
        .arg("--input")
        .arg(&input)
        .args(["--function", "f=cat"])
        .output()
        .unwrap();
    let shown = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), "[1,2,3]\n", "{shown}");
    assert_eq!(shown.matches("✓ Each").count(), 3, "{shown}");
    assert_eq!(shown.matches("✓ All").count(), 1, "{shown}");
}
