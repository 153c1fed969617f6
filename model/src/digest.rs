//! Digests over values in canonical form: keys sorted, no space, so that a digest depends on what is said and
//! not on how it was written down.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Gives the SHA-256 of some bytes as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Gives the SHA-256 of a value in canonical form.
pub fn canonical_digest(value: &Value) -> String {
    sha256_hex(canonical(value).as_bytes())
}

/// Writes a value in canonical form, whatever order its maps iterate in.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, inner)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(&Value::String(key.clone()), out);
                out.push(':');
                write_canonical(inner, out);
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (index, inner) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(inner, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{value}");
        }
    }
}

/// A digest over bytes that come piece by piece.
#[derive(Clone, Debug, Default)]
pub struct ByteDigest(Sha256);

impl ByteDigest {
    /// Adds some bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Gives the SHA-256 over all that was added.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// A digest over many digests, taken one by one: a plan's changes are never held together.
#[derive(Clone, Debug, Default)]
pub struct RunningDigest(Sha256);

impl RunningDigest {
    /// Adds one digest.
    pub fn add(&mut self, digest: &str) {
        self.0.update(digest.as_bytes());
        self.0.update(b"\n");
    }

    /// Gives the digest over all that was added, in its order.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_canonical_form_sorts_keys_at_every_depth() {
        let value = json!({"b": [1, {"z": null, "a": "x\"y"}], "a": true});
        assert_eq!(canonical(&value), r#"{"a":true,"b":[1,{"a":"x\"y","z":null}]}"#);
    }

    #[test]
    fn a_running_digest_depends_on_the_order() {
        let digest = |parts: [&str; 2]| {
            let mut running = RunningDigest::default();
            parts.iter().for_each(|part| running.add(part));
            running.finish()
        };
        assert_ne!(digest(["a", "b"]), digest(["b", "a"]));
        assert_ne!(digest(["a", "b"]), digest(["ab", ""]));
    }
}
