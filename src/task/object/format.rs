//! Bytes of an object as they come, unpacked: by the end of its key, gzip (`.gz`), Zstandard (`.zst`) or neither.

use std::io::Write;

use super::Refused;

/// Unpacks pieces of bytes.
pub enum Unpacking {
    /// As they are.
    Plain,
    /// gzip, of one member or several.
    Gzip(Box<flate2::write::MultiGzDecoder<Vec<u8>>>),
    /// Zstandard.
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
}

impl Unpacking {
    /// As the key says.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn of(key: &str) -> Result<Unpacking, String> {
        let ends = |ending: &str| key.to_ascii_lowercase().ends_with(ending);
        if ends(".gz") || ends(".gzip") {
            return Ok(Unpacking::Gzip(Box::new(flate2::write::MultiGzDecoder::new(Vec::new()))));
        }
        if ends(".zst") || ends(".zstd") {
            let decoder = zstd::stream::write::Decoder::new(Vec::new());
            return Ok(Unpacking::Zstd(Box::new(decoder.map_err(|error| error.to_string())?)));
        }
        Ok(Unpacking::Plain)
    }

    /// How many bytes are to be fed at a time, at most. Of gzip a piece can come to a thousand times as much, of
    /// Zstandard (blocks of one repeated byte) to thirty thousand times.
    pub fn piece(&self) -> usize {
        match self {
            Unpacking::Plain => 16 << 10,
            Unpacking::Gzip(_) => 1 << 10,
            Unpacking::Zstd(_) => 256,
        }
    }

    /// What a piece of bytes comes to; see [`Unpacking::piece`].
    ///
    /// # Errors
    /// The bytes are not packed as the key says.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let wrong = |error: std::io::Error| format!("The data cannot be decompressed: {error}");
        match self {
            Unpacking::Plain => Ok(bytes.to_vec()),
            Unpacking::Gzip(decoder) => {
                decoder.write_all(bytes).map_err(wrong)?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Unpacking::Zstd(decoder) => {
                decoder.write_all(bytes).map_err(wrong)?;
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
    }

    /// What is left at the end.
    ///
    /// # Errors
    /// The data breaks off.
    pub fn finish(self) -> Result<Vec<u8>, String> {
        let wrong = |error: std::io::Error| format!("The data cannot be decompressed: {error}");
        match self {
            Unpacking::Plain => Ok(Vec::new()),
            Unpacking::Gzip(decoder) => decoder.finish().map_err(wrong),
            Unpacking::Zstd(mut decoder) => {
                decoder.flush().map_err(wrong)?;
                Ok(decoder.into_inner())
            }
        }
    }
}

/// What cannot be had, as a cause.
impl From<Refused> for String {
    fn from(refused: Refused) -> String {
        refused.to_string()
    }
}
