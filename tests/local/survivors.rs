//! A server that is killed outright leaves its functions running; the next one on the same data ends them.

use std::process::{Child, Command};

use serde_json::json;

use super::binary::{Server, busy, gone, lives, started, task, until};

#[test]
fn functions_of_a_killed_server_are_ended_by_the_next_one_with_all_they_started() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("ids"), folder.path().join("data"));
    let data = data.to_str().unwrap();
    // One that goes on alone, in a session of its own, and one that its parent waits for.
    let script = format!(
        "f=sh -c 'setsid sleep 600 & a=$!; sleep 600 & echo $$ $a $! > {0}.new; mv {0}.new {0}; wait'",
        file.display()
    );
    let mut server = Server::start(&["--data", data, "--function", &script]);
    let execution = server.run(&task());
    let ids = started(&file);
    let mut stranger = Stranger::start();
    let other = folder.path().join("other");
    let other_file = folder.path().join("other-ids");
    let neighbour = format!("f={}", busy(&other_file));
    let mut elsewhere = Server::start(&[
        "--data",
        other.to_str().unwrap(),
        "--grace",
        "0",
        "--function",
        &neighbour,
    ]);
    elsewhere.run(&task());
    let neighbours = started(&other_file);
    server.kill();
    assert!(ids.split(' ').all(lives), "nobody was there to end them");

    let server = Server::start(&["--data", data]);
    for id in ids.split(' ') {
        gone(id);
    }
    assert!(lives(&neighbours), "functions of another directory live on");
    assert!(stranger.0.try_wait().unwrap().is_none(), "so does everybody else");
    assert_eq!(server.ended(&execution)["error"], "States.TaskFailed");
    elsewhere.terminate();
    gone(&neighbours);
}

#[test]
fn a_stop_ends_what_functions_started_in_sessions_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("id"), folder.path().join("data"));
    let script = format!("f=sh -c 'setsid sleep 600 & echo $! > {}; wait'", file.display());
    let mut server =
        Server::start(&["--data", data.to_str().unwrap(), "--grace", "0", "--function", &script]);
    server.run(&task());
    let id = until("the function starts", || {
        std::fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n'))
    });
    server.terminate();
    gone(id.trim());
}

#[test]
fn a_handler_that_waits_for_work_ends_with_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.py");
    std::fs::write(&path, "import os\ndef handler(event, context):\n    return os.getpid()\n")
        .unwrap();
    let function = format!("f=python:{}:handler", path.display());
    let mut server = Server::start(&["--in-memory", "--function", &function]);
    let found = server.ended(&server.run(&task()));
    assert_eq!(found["status"], json!("SUCCEEDED"));
    let id = found["output"].as_str().unwrap().to_owned();
    assert!(lives(&id), "kept warm");
    server.kill();
    gone(&id);
}

/// A process that is nobody's function, though it has a variable of the name.
struct Stranger(Child);

impl Stranger {
    fn start() -> Stranger {
        let mut command = Command::new("sleep");
        Stranger(command.arg("600").env("STEPWRIGHT_FUNCTIONS_OF", "another").spawn().unwrap())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
