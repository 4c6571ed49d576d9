//! An HTTP server in this process that answers as a test tells it to, and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request as it came in.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Method and target: `GET /x?y`
    pub(super) line: String,
    /// The operation in `X-Amz-Target`.
    pub(super) operation: String,
    headers: Vec<(String, String)>,
    pub(super) text: String,
    /// The body as JSON, or `null`.
    pub(super) body: Value,
}

impl Call {
    /// A header, or the empty text.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: &'static str,
    /// Lines of the head.
    pub(super) headers: &'static str,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// 200, JSON.
    pub(super) fn json(body: impl Into<Value>) -> Answer {
        let headers = "Content-Type: application/json\r\n";
        Answer { status: "200 OK", headers, body: body.into().to_string().into() }
    }
}

pub(super) struct Fake {
    pub(super) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Fake {
    pub(super) fn start(answer: fn(&Call) -> Answer) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let kept = calls.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = kept.clone();
                std::thread::spawn(move || converse(&stream.unwrap(), answer, &kept));
            }
        });
        Fake { url, calls }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

fn converse(mut stream: &TcpStream, answer: fn(&Call) -> Answer, calls: &Mutex<Vec<Call>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(call) = receive(&mut reader) {
        let Answer { status, headers, body } = answer(&call);
        calls.lock().unwrap().push(call);
        let length = body.len();
        // Whoever asked may be gone.
        let _ = write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
        let _ = stream.write_all(&body);
    }
}

fn receive(reader: &mut BufReader<TcpStream>) -> Option<Call> {
    let mut next = || {
        let mut line = String::new();
        (reader.read_line(&mut line).unwrap_or(0) > 0).then(|| line.trim().to_owned())
    };
    let line = next()?.replace(" HTTP/1.1", "");
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let line = next()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let text = String::from_utf8(body).unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    let operation = header("x-amz-target").and_then(|target| target.rsplit('.').next());
    let operation = operation.unwrap_or_default().to_owned();
    Some(Call { line, operation, headers, text, body })
}
