//! Where log events go on this machine: standard output, a file, a directory. Each event is one line of JSON.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use stepwright_core::time::Timestamp;

/// One log event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// ARN of the log group.
    pub group: Arc<str>,
    /// Name of the state machine.
    pub machine: Arc<str>,
    /// When it happened.
    pub time: Timestamp,
    /// The event, as JSON.
    pub text: String,
}

/// Takes log events.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Delivers events, which are in order of time; gives back those that are worth another try later.
    async fn write(&self, lines: Vec<Line>) -> Vec<Line>;

    /// Whether executions of a machine can log to a group, which is made ready for them; `true` where that cannot be
    /// found out.
    async fn admits(&self, _group: &str, _machine: &str, _now: Timestamp) -> bool {
        true
    }
}

/// Standard output.
pub struct Stdout;

/// One file, which grows.
pub struct File(pub PathBuf);

/// A directory: `<machine>/<day>.jsonl`
pub struct Directory(pub PathBuf);

#[async_trait]
impl Sink for Stdout {
    async fn write(&self, lines: Vec<Line>) -> Vec<Line> {
        off_thread(lines, |lines| {
            let mut out = io::stdout().lock();
            // Whoever read it may be gone; that is no reason to keep events for them.
            let _ = out.write_all(text(lines.iter()).as_bytes()).and_then(|()| out.flush());
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Sink for File {
    async fn write(&self, lines: Vec<Line>) -> Vec<Line> {
        let path = self.0.clone();
        off_thread(lines, move |lines| append(&path, &text(lines.iter()))).await
    }
}

#[async_trait]
impl Sink for Directory {
    async fn write(&self, lines: Vec<Line>) -> Vec<Line> {
        let root = self.0.clone();
        off_thread(lines, move |lines| {
            let mut files: BTreeMap<PathBuf, Vec<&Line>> = BTreeMap::new();
            for line in lines {
                files.entry(place(&root, line)).or_default().push(line);
            }
            files.iter().try_for_each(|(path, lines)| append(path, &text(lines.iter().copied())))
        })
        .await
    }
}

/// Writes where it may take its time; all lines come back if it fails.
async fn off_thread(
    lines: Vec<Line>,
    write: impl FnOnce(&[Line]) -> io::Result<()> + Send + 'static,
) -> Vec<Line> {
    let written = tokio::task::spawn_blocking(move || match write(&lines) {
        Ok(()) => Vec::new(),
        Err(error) => {
            tracing::warn!(%error, "the execution log cannot be written, trying again");
            lines
        }
    });
    written.await.unwrap_or_default()
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

fn text<'a>(lines: impl Iterator<Item = &'a Line>) -> String {
    let mut all = String::new();
    for line in lines {
        all.push_str(&line.text);
        all.push('\n');
    }
    all
}

/// The file of an event. Names of machines may contain what paths should not.
fn place(root: &Path, line: &Line) -> PathBuf {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let name: String = line.machine.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let name = if name.starts_with('.') { format!("_{name}") } else { name };
    let stamp = line.time.to_string();
    let day = stamp.get(..DAY).unwrap_or("undated");
    root.join(name).join(format!("{day}.jsonl"))
}

/// Length of `2023-11-14`.
const DAY: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_of_a_machine_are_lines_of_the_file_of_their_day() {
        let folder = tempfile::tempdir().unwrap();
        let sink = Directory(folder.path().join("logs"));
        let day = 86_400_000_000;
        let lines =
            vec![line("a", 0, "1"), line("a", 1, "2"), line("a", day, "3"), line("../b", 0, "4")];
        assert!(sink.write(lines).await.is_empty());
        assert!(sink.write(vec![line("a", 2, "5")]).await.is_empty());
        let read = |path: &str| fs::read_to_string(folder.path().join("logs").join(path)).unwrap();
        assert_eq!(read("a/1970-01-01.jsonl"), "1\n2\n5\n");
        assert_eq!(read("a/1970-01-02.jsonl"), "3\n");
        assert_eq!(read("_.._b/1970-01-01.jsonl"), "4\n", "no name leads out of the directory");
    }

    #[tokio::test]
    async fn what_cannot_be_written_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").unwrap();
        let sink = File(blocked.join("log.jsonl"));
        assert_eq!(sink.write(vec![line("a", 0, "1")]).await, [line("a", 0, "1")]);
    }

    fn line(machine: &str, time: i64, text: &str) -> Line {
        let time = Timestamp(time);
        Line { group: "g".into(), machine: machine.into(), time, text: text.into() }
    }
}
