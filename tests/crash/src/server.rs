//! `stepwright serve` as a process that is killed and started again, always on the same data and port.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use fastrand::Rng;

/// The server, running or not.
pub(crate) struct Server {
    binary: PathBuf,
    folder: PathBuf,
    lambda: u16,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// One that keeps its data in a folder and calls functions at a port.
    pub(crate) fn new(binary: &Path, folder: &Path, lambda: u16) -> Server {
        let port = free_port();
        Server { binary: binary.to_owned(), folder: folder.to_owned(), lambda, port, process: None }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it writes its complaints.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Starts the process and does not wait for it.
    pub(crate) fn spawn(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--port", &self.port.to_string(), "--data"]);
        command.arg(self.folder.join("data"));
        command.env("AWS_ENDPOINT_URL_LAMBDA", format!("http://127.0.0.1:{}", self.lambda));
        command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any");
        command.env("AWS_REGION", "us-east-1").env("STEPWRIGHT_LOG", "info").env("NO_COLOR", "1");
        command.env_remove("AWS_ENDPOINT_URL").env_remove("AWS_ACCOUNT_ID");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        self.process = Some(command.spawn().unwrap());
    }

    /// Starts the process and waits until it greets.
    pub(crate) async fn start(&mut self) {
        self.spawn();
        let output = self.process.as_mut().unwrap().stdout.take().unwrap();
        let mut greeting = String::new();
        let mut output = BufReader::new(output);
        let read = tokio::time::timeout(LONGEST_START, output.read_line(&mut greeting)).await;
        read.expect("the server does not start").unwrap();
        assert!(greeting.contains("http://"), "{greeting:?}, and in its log:\n{}", self.said());
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.unwrap();
        }
    }

    /// How often it said that it panicked.
    pub(crate) fn panics(&self) -> usize {
        self.said().lines().filter(|line| line.contains("panicked")).count()
    }

    /// Its log from a place on.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log()).unwrap_or_default()).into_owned()
    }

    /// Time from the start of the process until its log has a line with `text`, which is given back.
    pub(crate) async fn start_until(&mut self, text: &str) -> (Duration, String) {
        File::create(self.log()).unwrap();
        let begun = Instant::now();
        self.spawn();
        loop {
            let said = self.said();
            if let Some(line) = said.lines().find(|line| line.contains(text)) {
                return (begun.elapsed(), line.to_owned());
            }
            assert!(begun.elapsed() < LONGEST_START, "never said: {text}\n{said}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Below the range that the system takes ports of clients from, or one of them might have it at the next start.
fn free_port() -> u16 {
    // Two servers of one process must not choose alike.
    static CHOSEN: AtomicU64 = AtomicU64::new(0);
    let seed = u64::from(std::process::id()) << 32 | CHOSEN.fetch_add(1, Ordering::Relaxed);
    let mut random = Rng::with_seed(seed);
    loop {
        let port = 21_000 + u16::try_from(random.u64(..9_000)).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

const LONGEST_START: Duration = Duration::from_secs(60);
