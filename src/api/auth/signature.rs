//! Keys and signatures: HMAC-SHA-256 all the way.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::Secret;
use super::authorization::{ALGORITHM, Scope};
use super::canonical::hex;

/// The text that is signed.
pub(super) fn string_to_sign(date: &str, scope: Scope<'_>, canonical: &[u8]) -> String {
    let Scope { day, region, service, terminator } = scope;
    let hash = hex(&Sha256::digest(canonical));
    format!("{ALGORITHM}\n{date}\n{day}/{region}/{service}/{terminator}\n{hash}")
}

/// The key that a secret gives for a scope. (Never `None`: HMAC takes keys of every length.)
pub(super) fn key(secret: &Secret, scope: Scope<'_>) -> Option<[u8; 32]> {
    let mut key = mac(format!("AWS4{}", secret.reveal()).as_bytes(), scope.day)?;
    for part in [scope.region, scope.service, scope.terminator] {
        key = mac(&key.finalize().into_bytes(), part)?;
    }
    Some(key.finalize().into_bytes().into())
}

/// Does a signature hold? Takes the same time wherever a wrong one is wrong.
pub(super) fn holds(key: &[u8; 32], text: &str, signature: &str) -> bool {
    let Some(signature) = unhex(signature) else { return false };
    mac(key, text).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
}

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    Some(Hmac::<Sha256>::new_from_slice(key).ok()?.chain_update(text))
}

/// 64 lower-case hexadecimal digits: a signature has one spelling.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
