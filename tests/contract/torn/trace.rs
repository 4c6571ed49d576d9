//! A tape from the report of `strace`: what a process really did to the files of a directory, and what it said.

use std::collections::{BTreeMap, BTreeSet};

use super::tape::Step;

/// What `strace` must be told to say all that is needed here.
pub(super) const ARGUMENTS: &[&str] = &[
    "-f",
    "-qq",
    "-y",
    "-xx",
    "-s",
    "1000000",
    "-e",
    "signal=none",
    "-e",
    "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink",
];

/// The steps of a report, as far as they concern files right below `directory`, and lines on standard output that begin
/// with `mark`. A call that others interrupted counts when it is finished; what was said, when it was begun.
pub(super) fn steps(report: &str, directory: &str, mark: &str) -> Vec<Step> {
    let mut reader = Reader {
        directory,
        mark,
        begun: BTreeMap::new(),
        known: BTreeSet::new(),
        steps: Vec::new(),
    };
    report.lines().for_each(|line| reader.line(line));
    reader.steps
}

struct Reader<'a> {
    directory: &'a str,
    mark: &'a str,
    /// Calls that are under way, by thread.
    begun: BTreeMap<String, String>,
    known: BTreeSet<String>,
    steps: Vec<Step>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str) {
        let Some((thread, call)) = line.split_once(' ') else { return };
        let call = call.trim_start();
        if let Some(head) = call.strip_suffix(" <unfinished ...>") {
            self.said(head);
            self.begun.insert(thread.to_owned(), head.to_owned());
        } else if call.starts_with("<... ") {
            let rest = call.split_once("resumed>").map_or("", |(_, rest)| rest);
            let head = self.begun.remove(thread).unwrap_or_default();
            self.call(&format!("{head}{rest}"));
        } else {
            self.said(call);
            self.call(call);
        }
    }

    fn said(&mut self, call: &str) {
        if !call.starts_with("write(1<") {
            return;
        }
        let text = String::from_utf8(texts(call).pop().unwrap_or_default()).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.strip_prefix(self.mark));
        self.steps.extend(lines.map(|line| Step::Say(line.trim().to_owned())));
    }

    fn call(&mut self, call: &str) {
        let Some((name, rest)) = call.split_once('(') else { return };
        // All texts are written in hexadecimal digits, so nothing in them looks like this.
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { return };
        if result.starts_with('-') {
            return;
        }
        let arguments = arguments.trim_end().trim_end_matches(')');
        let texts = texts(arguments);
        let first = || String::from_utf8_lossy(texts.first().unwrap()).into_owned();
        let open = match name {
            "openat" | "unlink" => first(),
            _ => opened(arguments),
        };
        if matches!(name, "fsync" | "fdatasync") && open == self.directory {
            return self.steps.push(Step::SyncNames);
        }
        let Some(file) = self.file(&open) else { return };
        self.steps.push(match name {
            "openat" if !self.known.insert(file.clone()) => return,
            "openat" => Step::Make(file),
            "unlink" => {
                self.known.remove(&file);
                Step::Remove(file)
            }
            "pwrite64" => Step::Write(file, last_number(arguments), texts[0].clone()),
            "ftruncate" => Step::Resize(file, last_number(arguments)),
            "fsync" | "fdatasync" => Step::Sync(file),
            other => panic!("{other} of {file} is not understood"),
        });
    }

    /// The name of a database file right below the directory. What readers and the writer share in memory is no file to
    /// be kept, and locks hold nothing.
    fn file(&self, path: &str) -> Option<String> {
        let name = path.strip_prefix(self.directory)?.strip_prefix('/')?;
        FILES.contains(&name).then(|| name.to_owned())
    }
}

/// The database, its log, and the journal of the one commit from before it has a log.
const FILES: [&str; 3] = ["stepwright.db", "stepwright.db-wal", "stepwright.db-journal"];

/// The texts among the arguments of a call.
fn texts(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(bytes).collect()
}

/// The file that the first argument is open on.
fn opened(arguments: &str) -> String {
    let path = arguments.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    String::from_utf8_lossy(&bytes(path.map_or("", |(path, _)| path))).into_owned()
}

/// `\x2f\x74` is `/t`.
fn bytes(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect()
}

fn last_number(arguments: &str) -> usize {
    arguments.rsplit(", ").next().unwrap().trim().parse().unwrap()
}

#[test]
fn a_report_of_calls_that_overlap_is_read_in_the_order_of_their_ends() {
    let hex = |text: &str| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let (db, out) = (hex("/d/stepwright.db"), hex("/dev/pts/0"));
    let (line, other) = (hex("test told a 1\n"), hex("/d/lock"));
    let report = format!(
        "1  openat(AT_FDCWD<{0}>, \"{db}\", O_RDWR|O_CREAT, 0600) = 3<{db}>\n\
         1  openat(AT_FDCWD<{0}>, \"{other}\", O_RDWR|O_CREAT, 0600) = 4<{other}>\n\
         1  fsync(9<{0}>) = 0\n\
         1  pwrite64(3<{db}>, \"{1}\", 2, 7 <unfinished ...>\n\
         2  write(1<{out}>, \"{line}\", 14 <unfinished ...>\n\
         1  <... pwrite64 resumed>)    = 2\n\
         1  fdatasync(3<{db}>)  = 0\n\
         2  <... write resumed>) = 14\n\
         1  unlink(\"{db}-wal\") = -1 ENOENT (No such file or directory)\n",
        hex("/d"),
        hex("ab"),
    );
    let found: Vec<_> =
        steps(&report, "/d", "test told ").iter().map(|step| format!("{step:?}")).collect();
    let expected = [
        r#"Make("stepwright.db")"#,
        "SyncNames",
        r#"Say("a 1")"#,
        r#"Write("stepwright.db", 7, [97, 98])"#,
        r#"Sync("stepwright.db")"#,
    ];
    assert_eq!(found, expected);
}
