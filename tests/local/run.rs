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
