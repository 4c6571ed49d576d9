//! Ids of executions: who knows the machine and the name knows the id, so a name is taken by one conditional insert.

use sha2::{Digest, Sha256};
use stepwright_core::engine::ExecutionId;

/// The id of an execution: 26 base-32 characters of a hash of machine ARN and name, and which run of that name it is.
/// So a name is taken by one conditional insert, without asking first.
pub fn execution_id(machine: &str, name: &str, run: u32) -> ExecutionId {
    let hash = Sha256::new().chain_update(machine).chain_update([0]).chain_update(name).finalize();
    let mut text = String::with_capacity(ID_CHARACTERS + 2);
    let (mut bits, mut held) = (0u32, 0);
    for byte in hash {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        while held >= 5 && text.len() < ID_CHARACTERS {
            held -= 5;
            let index = (bits >> held & 31) as usize;
            text.extend(ALPHABET.get(index).map(|b| char::from(*b)));
        }
        bits &= 0xff;
    }
    text.push('.');
    text.push_str(&run.to_string());
    ExecutionId(text.into())
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const ID_CHARACTERS: usize = 26;

#[cfg(test)]
mod tests {
    use super::execution_id as id;

    #[test]
    fn an_id_is_the_hash_of_machine_and_name_and_the_run() {
        // By another program: base32(sha256("m\0n")), lower case.
        assert_eq!(&*id("m", "n", 0).0, "ls4b33wgliycjy5pgk7loc5g62.0");
        assert_ne!(id("m", "n", 0), id("m", "n", 1));
        assert_ne!(id("ab", "c", 0), id("a", "bc", 0), "the parts must not run into each other");
    }
}
