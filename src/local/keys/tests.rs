//! Keys as they lie on disk, and what a server makes of them.

use std::fs;

use crate::api::auth::{Keys as _, Refusal};

use super::*;

fn made(file: &KeyFile, name: &str) -> (AccessKey, Secret) {
    file.create(name, "2026-01-01T00:00:00Z".to_owned()).unwrap()
}

#[test]
fn a_key_has_the_form_that_clients_expect_and_no_two_are_alike() {
    let directory = tempfile::tempdir().unwrap();
    let file = KeyFile::of(&directory.path().join("new"));
    let (one, first) = made(&file, "ci");
    let (two, second) = made(&file, "");
    for (key, secret) in [(&one, &first), (&two, &second)] {
        assert_eq!((key.id.len(), secret.reveal().len()), (20, 40));
        assert!(key.id.starts_with("SWAK") && key.id.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
    assert!(one.id != two.id && first != second);
    assert_eq!(file.list().unwrap(), [one, two]);
}

#[test]
fn a_running_server_sees_at_once_what_is_made_and_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let (file, server) = (KeyFile::of(directory.path()), WatchedKeys::of(directory.path()));
    assert_eq!(server.secret("SWAKNOBODY"), Ok(None), "no key was made yet");
    let (key, secret) = made(&file, "first");
    assert_eq!(server.secret(&key.id), Ok(Some(secret.clone())));
    let (other, other_secret) = made(&file, "second");
    assert_eq!(server.secret(&other.id), Ok(Some(other_secret)));
    assert!(file.delete(&other.id).unwrap(), "is there");
    assert!(!file.delete(&other.id).unwrap(), "is gone");
    assert_eq!(server.secret(&other.id), Ok(None));
    assert_eq!(server.secret(&key.id), Ok(Some(secret)));
}

#[test]
fn what_is_damaged_lets_nobody_in() {
    let directory = tempfile::tempdir().unwrap();
    let (file, server) = (KeyFile::of(directory.path()), WatchedKeys::of(directory.path()));
    let (one, _) = made(&file, "");
    let (two, _) = made(&file, "");
    let whole = fs::read_to_string(file.path()).unwrap();
    assert!(matches!(server.secret(&one.id), Ok(Some(_))));
    let unknown = whole.replace("\"version\": 1", "\"version\": 2");
    // The secret of one key under the id of another: sealed by us, but for somebody else.
    let swapped = whole.replace(&one.id, "SWAP").replace(&two.id, &one.id).replace("SWAP", &two.id);
    for damaged in ["", "{", &unknown, &swapped] {
        assert_ne!(damaged, whole);
        fs::write(file.path(), damaged).unwrap();
        assert!(matches!(server.secret(&one.id), Err(Refusal::Unavailable(_))), "{damaged}");
    }
    private::replace(&file.path(), whole.as_bytes()).unwrap();
    assert!(matches!(server.secret(&one.id), Ok(Some(_))));
    fs::write(file.seal_path(), [0; 32]).unwrap();
    assert!(matches!(
        WatchedKeys::of(directory.path()).secret(&one.id),
        Err(Refusal::Unavailable(_))
    ));
    fs::write(file.seal_path(), [0; 31]).unwrap();
    let error = file.create("", String::new()).unwrap_err();
    assert!(error.to_string().ends_with("keys.key is damaged: it has 31 bytes, not 32"), "{error}");
}

#[test]
fn many_at_once_lose_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let file = KeyFile::of(directory.path());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5).for_each(|_| drop(made(&file, ""))));
        }
    });
    assert_eq!(file.list().unwrap().len(), 40);
}

#[test]
fn secrets_are_sealed_and_the_files_private() {
    let directory = tempfile::tempdir().unwrap();
    let file = KeyFile::of(&directory.path().join("new"));
    let (_, secret) = made(&file, "");
    for path in [file.path(), file.seal_path()] {
        let bytes = fs::read(&path).unwrap();
        let found = bytes.windows(40).any(|window| window == secret.reveal().as_bytes());
        assert!(!found, "{}", path.display());
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &fs::metadata(&path).unwrap().permissions(),
            );
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }
}

#[test]
fn a_name_cannot_disturb_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let file = KeyFile::of(directory.path());
    for name in ["a\u{1b}[2J", "two\nlines", &"x".repeat(81)] {
        assert!(matches!(file.create(name, String::new()), Err(Error::Name)), "{name:?}");
    }
    assert_eq!(file.list().unwrap(), []);
}

#[test]
fn letters_are_base_32() {
    let table: [(&[u8; 5], &str); 3] =
        [(&[0; 5], "AAAAAAAA"), (&[255; 5], "77777777"), (b"hello", "NBSWY3DP")];
    for (bytes, expected) in table {
        assert_eq!(letters(bytes, UPPER), expected);
    }
}
