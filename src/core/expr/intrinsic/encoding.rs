//! `States.Base64Encode`, `States.Base64Decode`, `States.Hash`.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::Digest;

use super::arguments::{Arg, Given, Kind, Signature, UNCHECKED, parameter};
use crate::expr::Value;

/// Documented for all three functions.
const LONGEST: usize = 10_000;

/// As Java's decoder: padding may be missing, unused bits may be set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature::new("States.Base64Encode", &[parameter("data", Kind::Data(LONGEST))], encode),
    Signature::new("States.Base64Decode", &[parameter("data", Kind::Data(LONGEST))], decode),
    Signature::new(
        "States.Hash",
        &[parameter("data", Kind::Data(LONGEST)), parameter("algorithm", Kind::Text)],
        hash,
    ),
];

fn encode(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Text(text)] = given.arguments else { return Err(UNCHECKED.into()) };
    Ok(BASE64.encode(text.as_bytes()).into())
}

/// Bytes that are no UTF-8 become replacement characters.
fn decode(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Text(text)] = given.arguments else { return Err(UNCHECKED.into()) };
    let bytes = BASE64
        .decode(text.as_bytes())
        .map_err(|error| format!("the argument 'data' is not valid Base64: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).as_ref().into())
}

fn hash(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Text(data), Arg::Text(algorithm)] = given.arguments else {
        return Err(UNCHECKED.into());
    };
    let data = data.as_bytes();
    let digest = match &**algorithm {
        "MD5" => md5::Md5::digest(data).to_vec(),
        "SHA-1" => sha1::Sha1::digest(data).to_vec(),
        "SHA-256" => sha2::Sha256::digest(data).to_vec(),
        "SHA-384" => sha2::Sha384::digest(data).to_vec(),
        "SHA-512" => sha2::Sha512::digest(data).to_vec(),
        other => {
            return Err(format!(
                "the algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512 but was '{other}'"
            ));
        }
    };
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}
