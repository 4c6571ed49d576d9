//! What a process did to its files, step by step, and what the disk may hold if the power fails after a step.
//!
//! The model of a disk is the least that POSIX promises: what was written to a file is on the disk for certain when a
//! later fsync of that file has returned; a file's name, when an fsync of its directory has. Until then any part of it may
//! be there, in any order, sectors of one write included. What was synced stays.

use std::collections::BTreeMap;

use crate::support::random::Random;

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A file that was not there is made.
    Make(String),
    /// A file is removed.
    Remove(String),
    /// Bytes are written at an offset.
    Write(String, usize, Vec<u8>),
    /// A file is cut, or stretched with zeros.
    Resize(String, usize),
    /// What was written to a file is on the disk.
    Sync(String),
    /// So are the names in the directory.
    SyncNames,
    /// Somebody was told that this is done.
    Say(String),
}

/// Names and contents of the files.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// How much of what was not synced is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Luck {
    /// Nothing.
    None,
    /// Everything.
    All,
    /// What was written first, and a part of the write after it.
    Prefix,
    /// Any of the writes.
    Some,
    /// Any sectors of any of the writes.
    Sectors,
    /// The files have their lengths, and zeros where the data should be.
    Zeros,
}

impl Luck {
    pub(super) const ALL: [Luck; 6] =
        [Luck::None, Luck::All, Luck::Prefix, Luck::Some, Luck::Sectors, Luck::Zeros];
}

/// A disk between two steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    /// By number, for a name may pass from one file to another.
    contents: BTreeMap<usize, Content>,
    /// The names that are on the disk.
    durable: BTreeMap<String, usize>,
    /// What became of names since, in order: the directory is a log.
    renaming: Vec<(String, Option<usize>)>,
    /// The names as the process sees them.
    names: BTreeMap<String, usize>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Resize(usize),
}

impl Disk {
    /// A disk with these files, all synced.
    pub(super) fn with(files: Files) -> Disk {
        let mut disk = Disk::default();
        for (number, (name, durable)) in files.into_iter().enumerate() {
            disk.contents.insert(number, Content { durable, pending: Vec::new() });
            disk.durable.insert(name.clone(), number);
            disk.names.insert(name, number);
        }
        disk
    }

    /// Does a step.
    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Make(name) => {
                let number = self.contents.len();
                self.contents.insert(number, Content::default());
                self.names.insert(name.clone(), number);
                self.renaming.push((name.clone(), Some(number)));
            }
            Step::Remove(name) => {
                self.names.remove(name);
                self.renaming.push((name.clone(), None));
            }
            Step::Write(name, at, bytes) => {
                self.content(name).pending.push(Change::Write(*at, bytes.clone()));
            }
            Step::Resize(name, length) => {
                self.content(name).pending.push(Change::Resize(*length));
            }
            Step::Sync(name) => {
                let content = self.content(name);
                for change in std::mem::take(&mut content.pending) {
                    change.apply(&mut content.durable);
                }
            }
            Step::SyncNames => {
                self.durable = self.names.clone();
                self.renaming.clear();
            }
            Step::Say(_) => {}
        }
    }

    /// Whether something is not synced.
    pub(super) fn pending(&self) -> bool {
        !self.renaming.is_empty()
            || self.contents.values().any(|content| !content.pending.is_empty())
    }

    /// What is there after a loss of power.
    pub(super) fn crash(&self, luck: Luck, random: &mut Random) -> Files {
        let mut names = self.durable.clone();
        let renamed = match luck {
            Luck::None => 0,
            Luck::All | Luck::Zeros => self.renaming.len(),
            Luck::Prefix | Luck::Some | Luck::Sectors => random.below(self.renaming.len() + 1),
        };
        for (name, number) in self.renaming.iter().take(renamed) {
            match number {
                Some(number) => names.insert(name.clone(), *number),
                None => names.remove(name),
            };
        }
        let content = |number: &usize| self.contents[number].after(luck, &mut random.clone());
        let files = names.iter().map(|(name, number)| (name.clone(), content(number))).collect();
        random.next();
        files
    }

    fn content(&mut self, name: &str) -> &mut Content {
        let number = self.names.get(name).unwrap_or_else(|| panic!("{name} is not there"));
        self.contents.get_mut(number).unwrap()
    }
}

impl Content {
    fn after(&self, luck: Luck, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let whole = match luck {
            Luck::Prefix => random.below(self.pending.len() + 1),
            _ => self.pending.len(),
        };
        for (number, change) in self.pending.iter().enumerate() {
            match luck {
                Luck::None => return bytes,
                Luck::Prefix if number == whole => {
                    change.first_part(random).apply(&mut bytes);
                    return bytes;
                }
                Luck::Some if random.chance(0.5) => {}
                Luck::Sectors => change.sectors(random, &mut bytes),
                Luck::Zeros => change.zeros().apply(&mut bytes),
                Luck::All | Luck::Prefix | Luck::Some => change.apply(&mut bytes),
            }
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(at, written) => {
                let end = at + written.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*at..end].copy_from_slice(written);
            }
            Change::Resize(length) => bytes.resize(*length, 0),
        }
    }

    fn first_part(&self, random: &mut Random) -> Change {
        match self {
            Change::Write(at, bytes) => {
                Change::Write(*at, bytes[..random.below(bytes.len() + 1)].to_vec())
            }
            Change::Resize(length) => Change::Resize(*length),
        }
    }

    /// Writes those sectors that chance chooses.
    fn sectors(&self, random: &mut Random, bytes: &mut Vec<u8>) {
        let Change::Write(at, written) = self else {
            return if random.chance(0.5) {
                self.apply(bytes)
            };
        };
        let mut from = 0;
        while from < written.len() {
            let to = written.len().min(from + SECTOR - (at + from) % SECTOR);
            if random.chance(0.5) {
                Change::Write(at + from, written[from..to].to_vec()).apply(bytes);
            }
            from = to;
        }
    }

    fn zeros(&self) -> Change {
        match self {
            Change::Write(at, bytes) => Change::Write(*at, vec![0; bytes.len()]),
            Change::Resize(length) => Change::Resize(*length),
        }
    }
}

const SECTOR: usize = 512;

#[test]
fn what_was_synced_stays_and_the_rest_may_be_gone_or_there_in_part() {
    let write = |at: usize, byte: u8| Step::Write("f".to_owned(), at, vec![byte; 1024]);
    let mut disk = Disk::default();
    let made =
        [Step::Make("f".to_owned()), Step::SyncNames, write(0, 1), Step::Sync("f".to_owned())];
    made.iter().for_each(|step| disk.step(step));
    assert!(!disk.pending());
    disk.step(&write(512, 2));
    let mut random = Random::seeded(1);
    let mut after = |luck| disk.crash(luck, &mut random).remove("f").unwrap();
    assert_eq!(after(Luck::None), [1; 1024]);
    assert_eq!(after(Luck::All), [[1; 512], [2; 512], [2; 512]].concat());
    assert_eq!(after(Luck::Zeros), [[1; 512], [0; 512], [0; 512]].concat());
    let torn: Vec<_> = (0..64).map(|_| after(Luck::Sectors)).collect();
    assert!(torn.contains(&[[1; 512], [1; 512], [2; 512]].concat()), "the later sector alone");
    assert!((0..64).any(|_| !after(Luck::Prefix).len().is_multiple_of(512)), "half a sector");
}

#[test]
fn a_name_is_there_for_certain_when_its_directory_is_synced() {
    let mut disk = Disk::default();
    disk.step(&Step::Make("f".to_owned()));
    disk.step(&Step::Sync("f".to_owned()));
    let mut random = Random::seeded(1);
    assert!(disk.crash(Luck::None, &mut random).is_empty());
    disk.step(&Step::SyncNames);
    disk.step(&Step::Remove("f".to_owned()));
    assert_eq!(disk.crash(Luck::None, &mut random).len(), 1);
    assert!(disk.crash(Luck::All, &mut random).is_empty());
}
