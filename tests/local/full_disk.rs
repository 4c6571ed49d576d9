//! A disk that is full, and one that can only be read. Where the system lets this process mount a small file system in a
//! namespace of its own, the disk is a real one; otherwise a limit on the size of files stands for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};

use super::binary::until;

#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_forgets_nothing() {
    let mut server = Server::start(Disk::small());
    let wait = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "P"}, "P": {"Type": "Pass", "End": true}}});
    let machine = json!({"name": "m", "roleArn": "arn:aws:iam::123456789012:role/any", "definition": wait.to_string()});
    let (status, machine) = server.call("CreateStateMachine", &machine);
    assert_eq!(status, 200, "{machine}");
    let input = json!({"ballast": "x".repeat(40_000)}).to_string();
    let start = json!({"stateMachineArn": machine["stateMachineArn"], "input": input});
    let mut acknowledged = Vec::new();
    let refused = loop {
        let (status, answer) = server.call("StartExecution", &start);
        if status != 200 {
            break (status, answer);
        }
        acknowledged.push(answer["executionArn"].clone());
        assert!(acknowledged.len() < 2_000, "the disk is never full");
    };
    assert_eq!(
        (refused.0, &refused.1["__type"]),
        (503, &json!("ServiceUnavailable")),
        "{}",
        refused.1
    );
    let text = refused.1["message"].as_str().unwrap();
    assert!(text.starts_with("the store is not available: "), "{text}");
    for execution in &acknowledged {
        let (status, found) = server.call("DescribeExecution", &json!({"executionArn": execution}));
        assert_eq!((status, &found["input"]), (200, &json!(input)), "it can still be read");
    }
    server.make_space();
    until("executions are started again", || {
        (server.call("StartExecution", &start).0 == 200).then_some(())
    });
    for execution in &acknowledged {
        until("what was acknowledged ends", || {
            let (_, found) = server.call("DescribeExecution", &json!({"executionArn": execution}));
            (found["status"] == "SUCCEEDED").then_some(())
        });
    }
    let said = server.end();
    assert_eq!(said.matches("nothing can be written").count(), 1, "it is told once: {said}");
    assert_eq!(said.matches("the store can be written again").count(), 1, "{said}");
    assert!(said.lines().count() < 10, "a log that grows makes a full disk fuller: {said}");
}

#[test]
fn a_disk_that_can_only_be_read_is_refused_with_a_reason() {
    // Nothing can be mounted in some containers.
    let Some(unshare) = namespace() else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o ro none \"$1\" && exec \"$0\" serve --port 0 --data \"$1\"";
    let output = Command::new("unshare")
        .args(unshare)
        .args(["sh", "-c", script, env!("CARGO_BIN_EXE_stepwright")])
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(said.contains(folder.path().to_str().unwrap()), "{said}");
}

/// What is full before long.
enum Disk {
    /// A file system of its own, with a file in it that can be removed.
    Mounted(&'static [&'static str]),
    /// Files of a limited size.
    Limited,
}

impl Disk {
    fn small() -> Disk {
        namespace().map_or(Disk::Limited, Disk::Mounted)
    }
}

/// How to get a namespace in which a file system can be mounted.
fn namespace() -> Option<&'static [&'static str]> {
    let ways: [&'static [&'static str]; 2] =
        [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let works = |way: &&'static [&'static str]| {
        let probe = Command::new("unshare")
            .args(*way)
            .args(["mount", "-t", "tmpfs", "none", "/mnt"])
            .stderr(Stdio::null())
            .status();
        probe.is_ok_and(|status| status.success())
    };
    ways.into_iter().find(works)
}

struct Server {
    process: Child,
    address: String,
    disk: Disk,
    folder: tempfile::TempDir,
}

impl Server {
    fn start(disk: Disk) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let serve = "trap '' XFSZ; exec \"$0\" serve --port 0 --data \"$1/data\"";
        let mount =
            "mount -t tmpfs -o size=24m none \"$1\" && head -c 20000000 /dev/zero > \"$1/ballast\"";
        let mut command = match disk {
            Disk::Mounted(unshare) => {
                let mut command = Command::new("unshare");
                command.args(unshare).args(["sh", "-c", &format!("{mount} && {serve}")]);
                command
            }
            Disk::Limited => {
                let mut command = Command::new("sh");
                command.args(["-c", serve]);
                command
            }
        };
        command.arg(env!("CARGO_BIN_EXE_stepwright")).arg(folder.path());
        command.env_remove("STEPWRIGHT_LOG").env_remove("AWS_ACCOUNT_ID").env("NO_COLOR", "1");
        let said = std::fs::File::create(said(folder.path())).unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(said).spawn().unwrap();
        let mut greeting = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let (_, address) = greeting.split_once("http://").expect("a greeting");
        let address = address.split(' ').next().unwrap().to_owned();
        let server = Server { process, address, disk, folder };
        if matches!(server.disk, Disk::Limited) {
            server.limit(Some(3_000_000));
        }
        server
    }

    fn make_space(&self) {
        match self.disk {
            Disk::Mounted(_) => {
                let root = format!("/proc/{}/root", self.process.id());
                let below = self.folder.path().strip_prefix("/").unwrap();
                std::fs::remove_file(Path::new(&root).join(below).join("ballast")).unwrap();
            }
            Disk::Limited => self.limit(None),
        }
    }

    fn limit(&self, bytes: Option<u64>) {
        let process = Pid::from_raw(self.process.id().try_into().unwrap());
        let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
        prlimit(process, Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
    }

    fn call(&self, operation: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    /// Kills it; what it said.
    fn end(&mut self) -> String {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::fs::read_to_string(said(self.folder.path())).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Beside the folder that may be mounted over.
fn said(folder: &Path) -> PathBuf {
    folder.with_extension("said")
}
