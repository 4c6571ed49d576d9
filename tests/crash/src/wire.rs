//! One HTTP connection to the server, made anew when it breaks.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A client with a connection of its own.
pub(crate) struct Client {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

/// Status and body.
pub(crate) type Answer = (u16, Value);

impl Client {
    pub(crate) fn of(port: u16) -> Client {
        Client { port, stream: None }
    }

    /// What an operation answers; nothing if the connection broke, and then nobody knows whether it was done.
    pub(crate) async fn call(&mut self, operation: &str, body: &Value) -> Option<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await.ok()?),
        };
        let body = body.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let answer = answer(&mut stream).await?;
        self.stream = Some(stream);
        Some(answer)
    }

    /// Asks until there is an answer that is not the server's fault; says too whether it was the first try that was
    /// answered so.
    pub(crate) async fn insist(&mut self, operation: &str, body: &Value) -> (Answer, bool) {
        let mut first = true;
        loop {
            match self.call(operation, body).await {
                Some(answer) if answer.0 < 500 => return (answer, first),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
            first = false;
        }
    }

    /// The answer of an operation that must succeed.
    pub(crate) async fn must(&mut self, operation: &str, body: &Value) -> Value {
        let ((status, answer), _) = self.insist(operation, body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }
}

async fn answer(stream: &mut BufReader<TcpStream>) -> Option<Answer> {
    let (first, length) = head(stream).await?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((status, serde_json::from_slice(&body).ok()?))
}

/// The first line of a message, and the length of its body.
pub(crate) async fn head(stream: &mut BufReader<TcpStream>) -> Option<(String, usize)> {
    let (mut first, mut length) = (String::new(), 0);
    if stream.read_line(&mut first).await.ok()? == 0 {
        return None;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Some((first.trim_end().to_owned(), length));
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
}
