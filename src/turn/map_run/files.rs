//! The files of a ResultWriter: what goes into which, and when one is complete.
//!
//! A file is complete when it has 16 MB, and all are at the end of a *segment* of 2,000 children or 32 MB. Where segments
//! end follows from the children alone. So whoever goes on from the end of a segment, in another turn or twice, writes
//! the same files.
//!
//! A segment that takes longer than a turn has is made shorter, which a record says before anything of it is written. Who
//! does not know that yet may still be writing the segment as it was; so its files are numbered on behind those.

use bytes::Bytes;
use stepwright_core::engine::map_run::HalfCollected;
use stepwright_core::expr::Value;

/// What has become of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has failed, timed out, or was stopped.
    Failed,
    /// It was never started.
    Pending,
    /// It has succeeded.
    Succeeded,
}

/// A file to be written: its key and its content.
pub(super) type File = (String, Bytes);

/// The files of a run.
pub(super) struct Files {
    folder: String,
    lines: bool,
    half: HalfCollected,
    held: [Vec<u8>; 3],
    succeeded: u64,
    bytes: usize,
}

impl Files {
    /// Files of which some are written already.
    pub(super) fn going_on(folder: String, lines: bool, half: HalfCollected) -> Files {
        let succeeded = half.written;
        Files { folder, lines, half, held: Default::default(), succeeded, bytes: 0 }
    }

    /// Adds what is to be said of a child; the files that are full.
    pub(super) fn push(&mut self, kind: Kind, texts: &[String]) -> Vec<File> {
        self.succeeded += u64::from(kind == Kind::Succeeded);
        let mut full = Vec::new();
        for text in texts {
            self.bytes += text.len();
            full.extend(self.add(kind, text));
        }
        full
    }

    /// At the end of a segment, or where one has to end, the files that were not full; `None` elsewhere. `unit` is the next
    /// one.
    pub(super) fn segment(&mut self, unit: u64, ends: bool) -> Option<Vec<File>> {
        if !ends && unit - self.half.unit < SEGMENT_UNITS && self.bytes < SEGMENT_BYTES {
            return None;
        }
        let files = KINDS.into_iter().filter_map(|kind| self.finish(kind)).collect();
        self.bytes = 0;
        (self.half.unit, self.half.until, self.half.written) = (unit, None, self.succeeded);
        Some(files)
    }

    /// The same beginning with a segment that ends earlier.
    pub(super) fn shortened(half: HalfCollected, until: u64) -> HalfCollected {
        let mut files = half.files;
        files.iter_mut().for_each(|sizes| sizes.extend([0; SEGMENT_FILES]));
        HalfCollected { until: Some(until), files, ..half }
    }

    /// What there is at the end of a segment.
    pub(super) fn half(self) -> HalfCollected {
        self.half
    }

    /// How many children have succeeded.
    pub(super) fn succeeded(&self) -> u64 {
        self.succeeded
    }

    /// `ResultFiles`
    pub(super) fn entries(&self) -> Value {
        Value::object(KINDS.map(|kind| {
            let sizes = self.written(kind).iter().enumerate().filter(|(_, size)| **size > 0);
            let files = sizes.map(|(number, size)| {
                let size = Value::Int(i64::try_from(*size).unwrap_or(i64::MAX));
                let key = Value::from(self.key(kind, number).as_str());
                Value::object([("Key", key), ("Size", size)])
            });
            (name(kind), Value::array(files))
        }))
    }

    fn add(&mut self, kind: Kind, text: &str) -> Option<File> {
        let lines = self.lines;
        let [failed, pending, succeeded] = &mut self.held;
        let held = match kind {
            Kind::Failed => failed,
            Kind::Pending => pending,
            Kind::Succeeded => succeeded,
        };
        if !lines {
            held.push(if held.is_empty() { b'[' } else { b',' });
        }
        held.extend_from_slice(text.as_bytes());
        if lines {
            held.push(b'\n');
        }
        if held.len() >= FILE_BYTES { self.finish(kind) } else { None }
    }

    /// The file that is not full, if there is one.
    fn finish(&mut self, kind: Kind) -> Option<File> {
        let [failed, pending, succeeded] = &mut self.held;
        let [failed_files, pending_files, succeeded_files] = &mut self.half.files;
        let (held, written) = match kind {
            Kind::Failed => (failed, failed_files),
            Kind::Pending => (pending, pending_files),
            Kind::Succeeded => (succeeded, succeeded_files),
        };
        if held.is_empty() {
            return None;
        }
        let mut bytes = std::mem::take(held);
        if !self.lines {
            bytes.push(b']');
        }
        let number = written.len();
        written.push(bytes.len() as u64);
        Some((self.key(kind, number), bytes.into()))
    }

    fn written(&self, kind: Kind) -> &[u64] {
        let [failed, pending, succeeded] = &self.half.files;
        match kind {
            Kind::Failed => failed,
            Kind::Pending => pending,
            Kind::Succeeded => succeeded,
        }
    }

    fn key(&self, kind: Kind, number: usize) -> String {
        let ending = if self.lines { "jsonl" } else { "json" };
        format!("{}/{}_{number}.{ending}", self.folder, name(kind))
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Failed => "FAILED",
        Kind::Pending => "PENDING",
        Kind::Succeeded => "SUCCEEDED",
    }
}

const KINDS: [Kind; 3] = [Kind::Failed, Kind::Pending, Kind::Succeeded];
/// A file is written when it has so many bytes.
const FILE_BYTES: usize = 16 << 20;
/// Units and bytes of a segment.
pub(super) const SEGMENT_UNITS: u64 = 2_000;
const SEGMENT_BYTES: usize = 32 << 20;
/// More files of one kind than a segment has.
const SEGMENT_FILES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// All files for 6,050 children, of which every seventh failed, written in turns of so many segments.
    fn written(segments: usize) -> (Vec<File>, String, u64) {
        const COUNT: u64 = 6_050;
        let mut all = Vec::new();
        let mut half = HalfCollected::default();
        loop {
            let mut unit = half.unit;
            let mut files = Files::going_on("run".to_owned(), false, half);
            let mut left = segments;
            while unit < COUNT && left > 0 {
                let kind = if unit.is_multiple_of(7) { Kind::Failed } else { Kind::Succeeded };
                all.extend(files.push(kind, &[unit.to_string()]));
                unit += 1;
                if let Some(last) = files.segment(unit, unit == COUNT) {
                    all.extend(last);
                    left -= 1;
                }
            }
            if unit == COUNT {
                return (all, files.entries().to_json(), files.succeeded());
            }
            half = files.half();
        }
    }

    #[test]
    fn files_are_the_same_in_however_many_turns_they_are_written() {
        let (files, manifest, succeeded) = written(usize::MAX);
        assert_eq!(succeeded, 6_050 - 6_050_u64.div_ceil(7));
        let keys: Vec<&str> = files.iter().map(|(key, _)| key.as_str()).collect();
        let expected = (0..4)
            .flat_map(|n| [format!("run/FAILED_{n}.json"), format!("run/SUCCEEDED_{n}.json")]);
        assert_eq!(keys, expected.collect::<Vec<_>>());
        assert!(manifest.contains(r#""PENDING":[]"#), "{manifest}");
        for turns in [1, 2, 3] {
            assert_eq!(written(turns), (files.clone(), manifest.clone(), succeeded), "{turns}");
        }
    }

    #[test]
    fn a_file_that_is_full_is_written_at_once_and_large_children_end_a_segment() {
        let mut files = Files::going_on("run".to_owned(), true, HalfCollected::default());
        let large = "x".repeat(5 << 20);
        let mut full = Vec::new();
        for unit in 1..=7 {
            full.extend(files.push(Kind::Succeeded, std::slice::from_ref(&large)));
            let segment = files.segment(unit, false);
            assert_eq!(segment.is_some(), unit == 7, "{unit}");
            full.extend(segment.into_iter().flatten());
        }
        let sizes: Vec<usize> = full.iter().map(|(_, bytes)| bytes.len() >> 20).collect();
        assert_eq!(sizes, [20, 15]);
        assert_eq!(full.last().unwrap().0, "run/SUCCEEDED_1.jsonl");
        assert_eq!(files.half().unit, 7);
    }

    #[test]
    fn a_segment_that_was_made_shorter_writes_no_file_that_the_whole_one_has() {
        let whole =
            HalfCollected { unit: 7, files: [vec![], vec![], vec![2]], ..Default::default() };
        let mut files = Files::going_on("run".to_owned(), false, whole.clone());
        files.push(Kind::Succeeded, &["1".to_owned()]);
        let before = files.segment(9, true).unwrap();
        let short = Files::shortened(whole, 8);
        assert_eq!((short.unit, short.until), (7, Some(8)));
        let mut files = Files::going_on("run".to_owned(), false, short);
        files.push(Kind::Succeeded, &["1".to_owned()]);
        let after = files.segment(8, true).unwrap();
        let keys = |files: &[File]| files.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&before), ["run/SUCCEEDED_1.json"]);
        assert_eq!(keys(&after), ["run/SUCCEEDED_5.json"]);
        let told = files.entries().to_json();
        let listed = |name: &str| told.contains(&format!("run/{name}.json"));
        assert!(listed("SUCCEEDED_0") && listed("SUCCEEDED_5"), "{told}");
        assert!(!listed("SUCCEEDED_1") && !listed("FAILED_0"), "{told}");
        assert_eq!(files.half().until, None);
    }
}
