//! `stepwright` as a process, and what a client on the wire needs to speak with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// `stepwright serve` on a free port; killed when it is dropped.
pub(super) struct Server {
    process: Child,
    address: String,
    complaints: Option<std::thread::JoinHandle<String>>,
}

impl Server {
    pub(super) fn start(arguments: &[&str]) -> Server {
        Server::start_with(arguments, &[])
    }

    /// The same, with variables in its environment.
    pub(super) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut process = stepwright()
            .args(["serve", "--port", "0"])
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let address = greeting.split("http://").nth(1).expect("an address");
        let address = address.split(' ').next().unwrap().to_owned();
        let mut errors = process.stderr.take().unwrap();
        // Read all the while: a pipe that is full would hold the server up.
        let complaints = Some(std::thread::spawn(move || {
            let mut complaints = String::new();
            errors.read_to_string(&mut complaints).unwrap();
            complaints
        }));
        Server { process, address, complaints }
    }

    /// Where the greeting says that it is.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// What an operation answers.
    pub(super) fn call(&self, operation: &str, body: &Value) -> Value {
        let body = body.to_string();
        // Whoever listens on all addresses is reached on loopback.
        let address = self.address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Starts an execution of a machine of this one state; its ARN.
    pub(super) fn run(&self, state: &Value) -> String {
        let definition = json!({"StartAt": "S", "States": {"S": state}}).to_string();
        self.start_machine(&format!("m{}", definition.len()), &definition)
    }

    /// Starts an execution of a new machine; its ARN.
    pub(super) fn start_machine(&self, name: &str, definition: &str) -> String {
        let role = "arn:aws:iam::123456789012:role/r";
        let machine = json!({"name": name, "definition": definition, "roleArn": role});
        let machine = self.call("CreateStateMachine", &machine);
        let started =
            self.call("StartExecution", &json!({"stateMachineArn": machine["stateMachineArn"]}));
        started["executionArn"].as_str().unwrap().to_owned()
    }

    pub(super) fn describe(&self, execution: &str) -> Value {
        self.call("DescribeExecution", &json!({"executionArn": execution}))
    }

    /// The execution as it is described after its end.
    pub(super) fn ended(&self, execution: &str) -> Value {
        until("the execution ends", || {
            let found = self.describe(execution);
            (found["status"] != "RUNNING").then_some(found)
        })
    }

    /// SIGTERM, and what it wrote to standard error until it ended.
    pub(super) fn terminate(&mut self) -> String {
        self.ask_to_stop();
        self.stopped()
    }

    /// SIGTERM.
    pub(super) fn ask_to_stop(&self) {
        signal(&self.process, Signal::TERM);
    }

    /// Waits for its end; what it wrote to standard error.
    pub(super) fn stopped(&mut self) -> String {
        assert!(self.process.wait().unwrap().success());
        self.complaints.take().unwrap().join().unwrap()
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The binary, without what the environment may set for it.
pub(super) fn stepwright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwright"));
    command.env_remove("AWS_ACCOUNT_ID").env_remove("AWS_DEFAULT_REGION");
    command.env_remove("STEPWRIGHT_LOG").env_remove("STEPWRIGHT_EXECUTION_LOGS");
    command.env_remove("AWS_ENDPOINT_URL").env_remove("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS");
    command
}

pub(super) fn signal(process: &Child, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

/// A Task that calls the function `f`.
pub(super) fn task() -> Value {
    json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true})
}

/// A command that writes its process id to a file and works for ten minutes.
pub(super) fn busy(file: &Path) -> String {
    format!("sh -c 'echo $$ > {0}.new; mv {0}.new {0}; sleep 600'", file.display())
}

/// The process id in a file, as soon as it is there.
pub(super) fn started(file: &Path) -> String {
    let id = until("the function starts", || std::fs::read_to_string(file).ok());
    id.trim().to_owned()
}

/// Whether a process is there and does not only wait to be buried.
pub(super) fn lives(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

pub(super) fn gone(process: &str) {
    until("the process is gone", || (!lives(process)).then_some(()));
}

/// What `look` finds, as soon as it finds something.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}");
}
