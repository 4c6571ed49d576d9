//! Checksums of bodies, where an operation takes or demands one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Crc;
use sha2::{Digest, Sha256};

use super::models::Operation;
use super::protocol::Request;

/// Adds the checksum that an operation's body needs: of the algorithm that the parameters name, CRC32 where the operation
/// knows algorithms and none is named (as AWS's SDKs do since 2025), MD5 where it only demands one.
///
/// # Errors
/// The named algorithm is none that is known here.
pub(super) fn add(request: &mut Request, operation: &Operation) -> Result<(), String> {
    let has = |start: &str| request.headers.iter().any(|(name, _)| name.starts_with(start));
    if has("x-amz-checksum-") || has("content-md5") {
        return Ok(());
    }
    if operation.checksum_member.is_empty() {
        if operation.checksum_required {
            let sum = md5::Md5::digest(&request.body);
            request.headers.push(("content-md5".to_owned(), STANDARD.encode(sum)));
        }
        return Ok(());
    }
    let named = request.headers.iter().find(|(name, _)| name == ALGORITHM);
    let algorithm = named.map_or("CRC32", |(_, algorithm)| algorithm.as_str()).to_owned();
    let sum = match &*algorithm {
        "CRC32" => crc32(&request.body).to_be_bytes().to_vec(),
        "CRC32C" => crc32c(&request.body).to_be_bytes().to_vec(),
        "SHA256" => Sha256::digest(&request.body).to_vec(),
        other => return Err(format!("The checksum algorithm {other} is not supported")),
    };
    if named.is_none() {
        request.headers.push((ALGORITHM.to_owned(), algorithm.clone()));
    }
    let header = format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase());
    request.headers.push((header, STANDARD.encode(sum)));
    Ok(())
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Castagnoli's polynomial, bit by bit: bodies are small, and hardly anybody asks for it.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

const ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithms_give_their_check_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
