//! Nobody reads what is printed, or the disk is full: an inconvenience, and never the end of anything else.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};

const COMPLAINER: &str = "sh -c 'echo about to work >&2; echo 1'";
const ROLE: &str = "arn:aws:iam::123456789012:role/any";

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

fn task(function: &str) -> Value {
    let resource = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
    let then = json!({"Type": "Task", "Resource": resource, "TimeoutSeconds": 60, "End": true});
    json!({"StartAt": "T", "States": {"T": then}})
}

#[test]
fn a_run_does_not_need_its_standard_error() {
    let directory = tempfile::tempdir().unwrap();
    let definition = directory.path().join("d.asl.json");
    std::fs::write(&definition, task("f").to_string()).unwrap();
    let run = |stdout: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepwright"));
        command.arg("run").arg(&definition).args(["--function", &format!("f={COMPLAINER}")]);
        command.stdin(Stdio::null()).stdout(stdout).stderr(full()).spawn().unwrap()
    };
    let printed = run(Stdio::piped()).wait_with_output().unwrap();
    assert_eq!((printed.status.code(), printed.stdout.as_slice()), (Some(0), b"1\n".as_slice()));
    let unread = run(full().into()).wait().unwrap();
    assert_eq!(unread.code(), Some(1), "an output that cannot be printed is a failure");
}

#[test]
fn a_server_does_not_need_its_standard_error() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let machine = server.machine("t", &task("f"));
    let execution = server.must("StartExecution", &json!({"stateMachineArn": machine}));
    let ended = loop {
        let question = json!({"executionArn": execution["executionArn"]});
        let row = server.must("DescribeExecution", &question);
        if row["status"] != "RUNNING" {
            break row;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!("1")));
}

#[test]
fn a_server_that_cannot_even_complain_of_a_full_disk_works_again_when_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let machine = json!({"stateMachineArn": server.machine("p", &pass)});
    server.limit_files(Some(1));
    for _ in 0..2 {
        let (status, body) = server.call("StartExecution", &machine).expect("an answer");
        assert_eq!(status, 503, "{body}");
    }
    server.limit_files(None);
    server.must("StartExecution", &machine);
}

/// A server in a directory, without anybody who reads its standard error.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(directory: &Path) -> Server {
        // A signal that is ignored stays so: what is written beyond a limit is then an error, as on a full disk.
        let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_stepwright"), "serve", "--port", "0"]);
        command.arg("--data").arg(directory).args(["--function", &format!("f={COMPLAINER}")]);
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(full());
        let mut process = command.spawn().unwrap();
        let mut greeting = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let (_, address) = greeting.split_once("http://127.0.0.1:").unwrap();
        let port = address.split(' ').next().unwrap().parse().unwrap();
        Server { process, port }
    }

    /// No file may grow beyond so many bytes.
    fn limit_files(&self, bytes: Option<u64>) {
        let process = Pid::from_raw(self.process.id().try_into().unwrap());
        let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
        let limit = Rlimit { current: bytes.or(maximum), maximum };
        prlimit(process, Resource::Fsize, limit).unwrap();
    }

    fn machine(&self, name: &str, definition: &Value) -> Value {
        let machine = json!({"name": name, "roleArn": ROLE, "definition": definition.to_string()});
        self.must("CreateStateMachine", &machine)["stateMachineArn"].clone()
    }

    fn must(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) = self.call(operation, body).expect("an answer");
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Status and body; nothing if the connection was cut.
    fn call(&self, operation: &str, body: &Value) -> Option<(u16, Value)> {
        let body = body.to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).ok()?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
