//! A loss of power: what was acknowledged is there again, whatever became of what was not synced.
//!
//! Two tapes. One is made from the log of a store that was just used: its bytes are what a commit writes, cut at every
//! place after the last commit that was acknowledged. It needs nothing but the store, but takes the syncs for granted. The
//! other one (`make torn`) is what a process was *seen* to do, by `strace`: making the tables, group commits, moving the
//! log into the database, closing, opening again, every write and every fsync in their true order.

mod tape;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use stepwright::store::embedded::{Durability, EmbeddedStore};
use stepwright::store::{Journal, Kind, Registry};
use stepwright_core::engine::{FrameId, Phase};
use stepwright_core::expr::Document;

use self::tape::{Disk, Files, Luck, Step};
use crate::support::build::{at, cursor, execution, id, record_with, succeeded};
use crate::support::random::Random;

/// What a crash point showed, all of them taken together.
#[derive(Debug, Default)]
struct Shown {
    points: usize,
    /// Looked at with something acknowledged.
    acknowledged: usize,
    /// Acknowledged changes that were not there.
    lost: Vec<String>,
    /// Stores that could not be opened, or that held something that no process had written.
    damaged: Vec<String>,
}

/// What was said to be done up to a step.
#[derive(Clone, Debug, Default)]
struct Said {
    tails: BTreeMap<String, Option<u64>>,
    closed: BTreeSet<String>,
    items: BTreeSet<String>,
}

impl Said {
    fn add(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (what, name) = (words.next().unwrap(), words.next().unwrap().to_owned());
        match what {
            "created" => drop(self.tails.insert(name, None)),
            "wrote" => {
                let slot: u64 = words.next().unwrap().parse().unwrap();
                let tail = self.tails.entry(name).or_default();
                *tail = (*tail).max(Some(slot));
            }
            "closed" => drop(self.closed.insert(name)),
            "put" => drop(self.items.insert(name)),
            other => panic!("{other}?"),
        }
    }
}

#[tokio::test]
async fn whatever_a_loss_of_power_leaves_of_the_log_holds_what_was_acknowledged() {
    let mut shown = Shown::default();
    let (base, log, marks) = used_store().await;
    let mut disk = Disk::with(base);
    let (mut said, mut random, mut from) = (Said::default(), Random::seeded(3), 0);
    for (end, lines) in marks {
        while from < end {
            // A header of 32 bytes, then frames: 24 bytes and a page each.
            let to = if from == 0 { 32 } else { end.min(from + 24 + 4096) };
            disk.step(&Step::Write(LOG.to_owned(), from, log[from..to].to_vec()));
            from = to;
            for luck in Luck::ALL {
                look(&disk, luck, &said, (&mut random, &mut shown)).await;
            }
        }
        disk.step(&Step::Sync(LOG.to_owned()));
        lines.iter().for_each(|line| said.add(line));
        look(&disk, Luck::None, &said, (&mut random, &mut shown)).await;
    }
    assert!(shown.lost.is_empty() && shown.damaged.is_empty(), "{shown:#?}");
    assert!(shown.acknowledged > 300, "{shown:?}");
}

/// The files of a store as it was opened, the log at the end, and how long the log was when what had been said.
async fn used_store() -> (Files, Vec<u8>, Vec<(usize, Vec<String>)>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = Arc::new(EmbeddedStore::open(path).unwrap());
    let log = || std::fs::read(path.join(LOG)).unwrap();
    let mut marks = vec![(log().len(), Vec::new())];
    for round in 0..8 {
        let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
        let told = lines.clone();
        use_store(&store, &format!("r{round}"), 3, move |line| told.lock().unwrap().push(line))
            .await;
        marks.push((log().len(), std::mem::take(&mut *lines.lock().unwrap())));
    }
    let database = std::fs::read(path.join(DATABASE)).unwrap();
    let base = [(DATABASE.to_owned(), database), (LOG.to_owned(), Vec::new())];
    (base.into(), log(), marks)
}

/// Executions at the same time, from their creation to their closing.
async fn use_store(
    store: &Arc<EmbeddedStore>,
    name: &str,
    count: usize,
    say: impl Fn(String) + Clone + Send + 'static,
) {
    let running: Vec<_> = (0..count)
        .map(|n| {
            let (store, name, say) = (store.clone(), format!("{name}-{n}"), say.clone());
            tokio::spawn(async move {
                store.create(execution(&name, at(1.0))).await.unwrap();
                say(format!("created {name}"));
                for slot in 0..4 {
                    let payload = format!("\"{}\"", "x".repeat(40 + 900 * (n % 4)));
                    let payload = Document::from_trusted_text(payload);
                    let record = record_with(slot, &name, payload, Phase::Ready);
                    store.insert(&cursor(&name, "", slot), record).await.unwrap();
                    say(format!("wrote {name} {slot}"));
                }
                store.put(Kind::Secret, &name, "{}".to_owned(), None).await.unwrap();
                say(format!("put {name}"));
                store.close(&id(&name), succeeded(at(2.0))).await.unwrap();
                say(format!("closed {name}"));
            })
        })
        .collect();
    for one in running {
        one.await.unwrap();
    }
}

/// Opens what a loss of power leaves, and looks whether what was said is there.
async fn look(disk: &Disk, luck: Luck, said: &Said, (random, shown): (&mut Random, &mut Shown)) {
    let files = disk.crash(luck, random);
    let directory = tempfile::tempdir_in(fast()).unwrap();
    for (name, bytes) in &files {
        std::fs::write(directory.path().join(name), bytes).unwrap();
    }
    shown.points += 1;
    if !said.tails.is_empty() {
        shown.acknowledged += 1;
    }
    let store = match EmbeddedStore::open(directory.path()) {
        Ok(store) => store,
        Err(error) => return shown.damaged.push(format!("{luck:?}: {error}")),
    };
    if let Err(why) = compare(&store, said, shown).await {
        shown.damaged.push(format!("{luck:?}: {why}"));
    }
}

async fn compare(
    store: &EmbeddedStore,
    said: &Said,
    shown: &mut Shown,
) -> Result<(), stepwright::store::Error> {
    for (name, tail) in &said.tails {
        let Some(row) = store.execution(&id(name)).await? else {
            shown.lost.push(format!("execution {name}"));
            continue;
        };
        if said.closed.contains(name) && row.closing.is_none() {
            shown.lost.push(format!("closing of {name}"));
        }
        let records = store.records(&id(name), &FrameId::root(), None).await?;
        if records.iter().zip(0..).any(|((_, record), slot)| record.slot != slot) {
            shown.damaged.push(format!("the journal of {name} has a hole"));
        }
        if records.last().map(|(_, record)| record.slot) < *tail {
            shown.lost.push(format!("{name} {tail:?}"));
        }
        if said.items.contains(name) && store.item(Kind::Secret, name).await?.is_none() {
            shown.lost.push(format!("item {name}"));
        }
    }
    Ok(())
}

/// Memory as a file system, where there is one: it is opened a hundred thousand times.
fn fast() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// `make torn`: `STEPWRIGHT_CRASH_POINTS` says how many.
#[tokio::test]
#[ignore = "needs strace, and minutes"]
async fn whatever_a_loss_of_power_leaves_after_any_write_holds_what_was_acknowledged() {
    let wanted = std::env::var("STEPWRIGHT_CRASH_POINTS").unwrap_or_default();
    let wanted: usize = wanted.parse().unwrap_or(100_000);
    let (mut shown, mut round) = (Shown::default(), 0);
    while shown.points < wanted {
        replay(&traced(Durability::Full, round), round, &mut shown).await;
        round += 1;
        println!(
            "{} crash points, {} lost, {} damaged",
            shown.points,
            shown.lost.len(),
            shown.damaged.len()
        );
    }
    println!(
        "--durability full: {} crash points on {round} tapes, {} of them with acknowledged changes; {} lost, {} stores damaged",
        shown.points,
        shown.acknowledged,
        shown.lost.len(),
        shown.damaged.len()
    );
    assert!(shown.lost.is_empty() && shown.damaged.is_empty(), "{shown:#?}");
    let mut system = Shown::default();
    replay(&traced(Durability::System, 0), 0, &mut system).await;
    println!(
        "--durability system: {} crash points; {} changes taken back, {} stores damaged",
        system.points,
        system.lost.len(),
        system.damaged.len()
    );
    assert!(system.damaged.is_empty(), "{:#?}", system.damaged);
    assert!(
        !system.lost.is_empty(),
        "without waiting for the disk something must be lost, or this test sees nothing"
    );
}

/// Looks at every kind of luck after every step.
async fn replay(tape: &[Step], seed: u64, shown: &mut Shown) {
    let (mut disk, mut said) = (Disk::default(), Said::default());
    let mut random = Random::seeded(seed);
    for step in tape {
        disk.step(step);
        if let Step::Say(line) = step {
            said.add(line);
            continue;
        }
        if !disk.pending() {
            look(&disk, Luck::None, &said, (&mut random, shown)).await;
            continue;
        }
        for luck in Luck::ALL {
            look(&disk, luck, &said, (&mut random, shown)).await;
        }
    }
}

/// The tape of a process of its own.
fn traced(durability: Durability, round: u64) -> Vec<Step> {
    let folder = tempfile::tempdir().unwrap();
    let (directory, report) = (folder.path().join("data"), folder.path().join("report"));
    let traced = Command::new("strace")
        .args(trace::ARGUMENTS)
        .arg("-o")
        .arg(&report)
        .arg(std::env::current_exe().unwrap())
        .args(["contract::torn::writes_to_be_traced", "--exact", "--ignored", "--nocapture"])
        .env(DIRECTORY, &directory)
        .env(HOW, format!("{durability:?}"))
        .env(ROUND, round.to_string())
        .output()
        .expect("strace is not installed");
    assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
    let report = std::fs::read_to_string(&report).unwrap();
    let steps = trace::steps(&report, directory.to_str().unwrap(), MARK);
    let count = |wanted: fn(&Step) -> bool| steps.iter().filter(|step| wanted(step)).count();
    let said = count(|step| matches!(step, Step::Say(_)));
    let synced = count(|step| matches!(step, Step::Sync(_)));
    assert!(said > 50 && synced > 10, "{said} said, {synced} synced, of {}", steps.len());
    steps
}

/// Twice in one process: opened, used by many at a time, closed.
#[tokio::test]
#[ignore = "runs in a process of its own, under strace"]
async fn writes_to_be_traced() {
    let directory = std::env::var(DIRECTORY).unwrap();
    let durability = match std::env::var(HOW).unwrap().as_str() {
        "Full" => Durability::Full,
        _ => Durability::System,
    };
    let round: usize = std::env::var(ROUND).unwrap().parse().unwrap();
    for session in 0..2 {
        let store = EmbeddedStore::open_with(Path::new(&directory), durability).unwrap();
        let store = Arc::new(store);
        let say = |line: String| {
            use std::io::Write;
            std::io::stdout().write_all(format!("{MARK}{line}\n").as_bytes()).unwrap();
        };
        use_store(&store, &format!("s{session}"), 3 + round % 4, say).await;
        use_store(&store, &format!("t{session}"), 1 + round % 2, say).await;
    }
}

const DATABASE: &str = "stepwright.db";
const LOG: &str = "stepwright.db-wal";
const MARK: &str = "acknowledged ";
const DIRECTORY: &str = "STEPWRIGHT_TEST_DIRECTORY";
const HOW: &str = "STEPWRIGHT_TEST_DURABILITY";
const ROUND: &str = "STEPWRIGHT_TEST_ROUND";
