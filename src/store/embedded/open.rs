//! Opening: the directory, the lock, the connections and how they are set.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::schema;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Only one process can have a store open.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// An older program must not touch what it does not understand.
    #[error(
        "the data was written by a newer version of this program (its tables have version {found}, \
         this program knows {known})"
    )]
    Newer {
        /// Version of the tables in the file.
        found: i32,
        /// Newest version that this program knows.
        known: i32,
    },
    /// Not a store at all.
    #[error("the file is a database of another program")]
    Foreign,
    /// The directory or a file in it cannot be made or read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// SQLite cannot work with the file.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] rusqlite::Error),
    /// Some network file systems cannot hold the log that readers and the writer share.
    #[error("the file system of {} cannot hold the write-ahead log of a database", .0.display())]
    NoLog(PathBuf),
    /// The system gave no thread.
    #[error("the writer cannot be started: {0}")]
    Thread(io::Error),
}

/// What an acknowledged change survives. The end of the process, however it comes, it survives in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power too: each commit waits until the disk has it. Changes that queue up share the wait.
    #[default]
    Full,
    /// Whatever the operating system survives: the disk gets changes when the log is moved into the database. A loss of
    /// power takes back the last changes, all of them from some commit on, and never leaves a part of one.
    System,
}

/// Held while the store is open; given up by the system when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

/// Makes the directory if need be, and locks it.
pub(super) fn lock(directory: &Path) -> Result<DirectoryLock, OpenError> {
    make_directory(directory).map_err(|error| file_error(directory, error))?;
    let path = directory.join("lock");
    let file = private_file(&path).map_err(|error| file_error(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(DirectoryLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(file_error(&path, error)),
    }
}

/// The database file. It is made here, empty, so that it and what SQLite puts beside it are private from the first moment.
pub(super) fn database(directory: &Path) -> Result<PathBuf, OpenError> {
    let path = directory.join("stepwright.db");
    private_file(&path).map_err(|error| file_error(&path, error))?;
    sync_directory(directory).map_err(|error| file_error(directory, error))?;
    Ok(path)
}

/// The one connection that writes, with the tables in place.
pub(super) fn writing(path: &Path, durability: Durability) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, FLAGS | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::NoLog(path.to_owned()));
    }
    connection.execute_batch(WRITER_SETTINGS)?;
    connection.execute_batch(durability.setting())?;
    keep_statements(&connection)?;
    schema::prepare(&connection)?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn reading(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, FLAGS | OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch("PRAGMA cache_size = -384")?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// A statement is planned once. Without the "query planner stability guarantee" SQLite plans it again for each new value
/// that is bound to it, in case a histogram of the column (which we never make) knows better; that took more than half
/// of the time of a read.
fn keep_statements(connection: &Connection) -> Result<(), OpenError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    directory.parent().map_or(Ok(()), sync_directory)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the names in a directory durable, where the system has such a thing.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) && !directory.as_os_str().is_empty() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

fn file_error(path: &Path, error: io::Error) -> OpenError {
    OpenError::File { path: path.to_owned(), error }
}

impl Durability {
    /// In write-ahead mode `NORMAL` leaves out the wait of each commit, and nothing else: before the log is moved into the
    /// database it is on the disk, and before it is begun anew the database is.
    fn setting(self) -> &'static str {
        match self {
            Durability::Full => "PRAGMA synchronous = FULL",
            Durability::System => "PRAGMA synchronous = NORMAL",
        }
    }
}

/// No mutex inside SQLite: each connection stands behind one of ours or belongs to one thread.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

/// `fullfsync` is what a wait for the disk takes on macOS. The log is moved into the
/// database every 16 MB: pages that change often are then written there once for many commits.
const WRITER_SETTINGS: &str = "
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -2048;
PRAGMA temp_store = MEMORY;
";

/// More than there are statements in this program.
const STATEMENTS: usize = 64;

#[cfg(test)]
mod tests {
    use rusqlite::{StatementStatus, params};

    use super::*;

    #[test]
    fn a_directory_can_be_locked_once_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = lock(directory.path()).unwrap();
        let second = lock(directory.path()).unwrap_err();
        assert!(second.to_string().ends_with(" is in use by another process"), "{second}");
        drop(first);
        lock(directory.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn directory_and_files_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let outer = tempfile::tempdir().unwrap();
        let directory = outer.path().join("a/b");
        let _lock = lock(&directory).unwrap();
        let database = database(&directory).unwrap();
        let _writing = writing(&database, Durability::Full).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        for file in fs::read_dir(&directory).unwrap() {
            let path = file.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }

    #[test]
    fn a_commit_waits_for_the_disk_unless_told_not_to() {
        for (durability, synchronous) in [(Durability::Full, "2"), (Durability::System, "1")] {
            let directory = tempfile::tempdir().unwrap();
            let connection = writing(&database(directory.path()).unwrap(), durability).unwrap();
            let table = [
                ("journal_mode", "wal"),
                ("synchronous", synchronous),
                ("fullfsync", "1"),
                ("checkpoint_fullfsync", "1"),
            ];
            for (setting, expected) in table {
                let query = format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}");
                let found: String = connection.query_row(&query, [], |row| row.get(0)).unwrap();
                assert_eq!(found, expected, "{setting} {durability:?}");
            }
        }
    }

    #[test]
    fn a_statement_is_planned_once_whatever_is_bound_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = database(directory.path()).unwrap();
        for connection in [writing(&path, Durability::Full).unwrap(), reading(&path).unwrap()] {
            let query = "SELECT 1 FROM execution e LEFT JOIN closing c ON c.execution = e.key \
                 WHERE e.id = ?1 AND (?2 IS NULL OR e.name < ?2) LIMIT ?3";
            for id in ["a", "b", "c"] {
                let mut statement = connection.prepare_cached(query).unwrap();
                assert!(!statement.exists(params![id, id, 2]).unwrap());
                assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
            }
        }
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stepwright.db");
        fs::write(&path, "not a database, but long enough to be looked at".repeat(100)).unwrap();
        assert!(matches!(writing(&path, Durability::Full), Err(OpenError::Database(_))));
    }
}
