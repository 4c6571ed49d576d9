//! An HTTP server in Lambda's place, which outlives the servers that call it. It counts a task when it is done, whether
//! the caller is still there to hear of it or not.
//!
//! | function | what it does |
//! |---|---|
//! | `work` | takes a moment, is done |
//! | `flaky` | the same, but its first try for each key fails |
//! | `call` | hands the token in its event to whoever answers tokens |

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::book::Book;
use fastrand::Rng;

use super::chance::upto;
use super::wire::head;

/// Starts it; the port.
pub(crate) async fn start(book: Arc<Book>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut random = Rng::with_seed(1);
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, book.clone(), Rng::with_seed(random.u64(..))));
            }
        }
    });
    port
}

async fn converse(stream: TcpStream, book: Arc<Book>, mut random: Rng) {
    let mut stream = BufReader::new(stream);
    while let Some((first, length)) = head(&mut stream).await {
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        // Whoever asks for something else is no server of ours.
        let Some((_, function)) = first.split_once("/functions/") else { return };
        let event: Value = serde_json::from_slice(&body).unwrap();
        let name = ["work", "flaky", "call"].into_iter().find(|name| function.contains(name));
        tokio::time::sleep(upto(&mut random, LONGEST)).await;
        let (failed, answer) = perform(name.unwrap(), &event, &book);
        let failed = if failed { "X-Amz-Function-Error: Unhandled\r\n" } else { "" };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\n{failed}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(format!("{head}{answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn perform(function: &str, event: &Value, book: &Book) -> (bool, Value) {
    let key = event["key"].as_str().unwrap();
    let times = book.performed(key);
    match function {
        "flaky" if times == 1 => (true, json!({"errorType": "First", "errorMessage": "no"})),
        "call" => {
            book.offer_token(key, event["token"].as_str().unwrap());
            (false, json!({}))
        }
        _ => (false, json!({"done": key})),
    }
}

const LONGEST: Duration = Duration::from_millis(40);
