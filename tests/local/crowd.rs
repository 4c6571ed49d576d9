//! Slow, silent, greedy and many clients: none of them holds up the others. Real sockets throughout.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use stepwright::api::Api;
use stepwright::local::serve::{self, Bounds};
use stepwright::local::world::{Home, Place, Watchers, World};
use stepwright::task::function::Functions;
use stepwright::task::{Settings, Tasks};
use stepwright_core::engine::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::binary::{Server, until};

#[test]
fn ten_thousand_idle_connections_and_hundreds_of_polls_hold_up_nobody() {
    let allowed = raise_open_files();
    let server = Server::start(&["--in-memory"]);
    let activity = server.call("CreateActivity", &json!({"name": "a"}));
    let poll = json!({"activityArn": activity["activityArn"]}).to_string();
    // A test process has few things open beside these.
    let idle = allowed.saturating_sub(1_500).min(10_000);
    let connect = || TcpStream::connect(server.address()).unwrap();
    let silent: Vec<_> = (0..idle).map(|_| connect()).collect();
    let halves: Vec<_> = (0..200)
        .map(|n| {
            let mut stream = connect();
            let part = ["POST / HT", "POST / HTTP/1.1\r\nHost: x\r\n", HALF_A_BODY][n % 3];
            stream.write_all(part.as_bytes()).unwrap();
            stream
        })
        .collect();
    let mut polls: Vec<_> = (0..500)
        .map(|_| {
            let mut stream = connect();
            stream.write_all(request("GetActivityTask", &poll).as_bytes()).unwrap();
            stream
        })
        .collect();
    let pass = json!({"Type": "Pass", "End": true});
    assert_eq!(server.ended(&server.run(&pass))["status"], "SUCCEEDED");
    // The polls are alive, too: a task goes to one of them.
    let task = json!({"Type": "Task", "Resource": activity["activityArn"], "End": true});
    server.run(&task);
    polls.iter().for_each(|poll| poll.set_nonblocking(true).unwrap());
    until("a poll is answered", || {
        polls
            .iter_mut()
            .find_map(|poll| poll.read(&mut [0; 16]).is_ok_and(|read| read > 0).then_some(()))
    });
    drop((silent, halves));
}

#[test]
fn a_server_with_few_open_files_closes_whoever_is_idle_longest() {
    let (mut process, address) = starved_server();
    let mut kept = Vec::new();
    for _ in 0..1_000 {
        kept.push(TcpStream::connect(&address).unwrap());
    }
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(request("ListStateMachines", "{}").as_bytes()).unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert_eq!(kept[0].read(&mut [0; 1]).unwrap_or(0), 0, "the oldest has had to leave");
    process.kill().unwrap();
    process.wait().unwrap();
}

/// A server that may have 128 files open, sockets included.
fn starved_server() -> (std::process::Child, String) {
    use std::io::{BufRead, BufReader};
    let script = "ulimit -n 128; exec \"$0\" \"$@\"";
    let mut process = std::process::Command::new("sh")
        .args([
            "-c",
            script,
            env!("CARGO_BIN_EXE_stepwright"),
            "serve",
            "--port",
            "0",
            "--in-memory",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut greeting = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
    let (_, address) = greeting.split_once("http://").unwrap();
    (process, address.split(' ').next().unwrap().to_owned())
}

#[test]
fn huge_heads_are_refused() {
    let server = Server::start(&["--in-memory"]);
    let table = [
        ("one header of 100 KB", format!("X: {}\r\n", "x".repeat(100_000))),
        ("a thousand headers", "X: y\r\n".repeat(1_000)),
        ("a path of 100 KB", String::new()),
    ];
    for (what, headers) in table {
        let path = if headers.is_empty() { "x".repeat(100_000) } else { String::new() };
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let _ = write!(stream, "POST /{path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let mut answer = Vec::new();
        // It may be cut off while it still writes.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let refused = answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 414");
        assert!(refused || answer.is_empty(), "{what}: {answer}");
        assert_eq!(
            server.call("ListStateMachines", &json!({}))["stateMachines"],
            json!([]),
            "{what}"
        );
    }
}

/// Each is given up in its time, and says why where it can.
#[tokio::test]
async fn whoever_takes_too_long_is_given_up() {
    let address = impatient_server().await;
    let table = [
        ("nothing", "", ""),
        ("half a head", "POST / HTTP/1.1\r\nHost: x\r\n", ""),
        ("half a body", HALF_A_BODY, "HTTP/1.1 408"),
        ("a body in chunks without end", CHUNKS, "HTTP/1.1 408"),
    ];
    for (what, sent, expected) in table {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let (mut reading, mut writing) = stream.into_split();
        // A drop from time to time: silence alone is not what is limited.
        let dripping = tokio::spawn(async move {
            while sent == CHUNKS && writing.write_all(b"1\r\nx\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            writing
        });
        let mut answer = Vec::new();
        let _ = reading.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(expected), "{what}: {answer}");
        dripping.abort();
    }
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    stream.write_all(request("ListActivities", "{}").as_bytes()).await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

/// A server in this process that waits a tenth of a second.
async fn impatient_server() -> String {
    let tasks = Arc::new(Tasks::new(Functions::default(), Settings::default()));
    let place = Place { region: "us-east-1".to_owned(), account: "123456789012".to_owned() };
    let world = World::open(&Home::Memory, (place, Limits::AWS), tasks, Watchers::default());
    let world = world.await.unwrap();
    let api = Arc::new(Api::new(world.engine.clone()));
    let listener = serve::listen("127.0.0.1", 0).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let moment = Duration::from_millis(100);
    let bounds = Bounds { head: moment, body: moment, ..Bounds::default() };
    tokio::spawn(async move {
        serve::serve_within(bounds, listener, api, std::future::pending()).await;
        drop(world);
    });
    address
}

/// As many as the system lets this process have.
fn raise_open_files() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = maximum.map_or(32_768, |maximum| maximum.min(32_768));
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).unwrap();
    usize::try_from(current).unwrap()
}

fn request(operation: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const HALF_A_BODY: &str = "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.ListActivities\r\nContent-Length: 9\r\n\r\n{";
const CHUNKS: &str = "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.ListActivities\r\nTransfer-Encoding: chunked\r\n\r\n";
