//! What a pack may ask of whoever checks it: somebody else may have made it.

use std::io::{self, BufRead, BufReader, Read};

/// Deflate gives at most so many bytes for one: whatever claims more lies.
const DEFLATE_MAX_RATIO: u64 = 1032;
/// A document is read whole.
const DOCUMENT_MAX_BYTES: u64 = 64 << 20;
/// A line is read whole; bestand's own are a thousandth of it.
const LINE_MAX_BYTES: u64 = 64 << 20;

/// Tells why a file is too large for its pack, if it is.
pub(super) fn too_large(path: &str, bytes: u64, packed: u64) -> Option<String> {
    if bytes > packed.saturating_mul(DEFLATE_MAX_RATIO) {
        Some(format!("`{path}`: claims {bytes} bytes out of {packed}: nothing unpacks to that"))
    } else if path.ends_with(".json") && bytes > DOCUMENT_MAX_BYTES {
        Some(format!("`{path}`: has {bytes} bytes, such a file has at most {DOCUMENT_MAX_BYTES}"))
    } else {
        None
    }
}

/// Checks that no line of a file is too long to be read, compressed ones (`.zst`) unpacked as they stream.
///
/// # Errors
/// One is, or the file cannot be unpacked.
pub fn check_lines(path: &str, file: &mut (dyn Read + '_)) -> io::Result<()> {
    if path.ends_with(".zst") {
        lines(&mut BufReader::new(zstd::Decoder::new(file)?))
    } else if path.ends_with(".ndjson") {
        lines(&mut BufReader::new(file))
    } else {
        Ok(())
    }
}

fn lines(file: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let mut line = (&mut *file).take(LINE_MAX_BYTES);
        let length = line.skip_until(b'\n')?;
        if length == 0 {
            return Ok(());
        }
        if length as u64 == LINE_MAX_BYTES {
            return Err(io::Error::other(format!("a line has more than {LINE_MAX_BYTES} bytes")));
        }
    }
}
