//! Keyed arithmetic that turns a place in the estate into ids and facts, and ids back into places.
//!
//! Nothing is stored per resource: an id is an encrypted place, a property is a hash of it. That is what lets
//! an estate of a million resources fit into a few megabytes and a lookup by id take no index.

/// Mixes one word so that neighbouring inputs have unrelated outputs (the finaliser of SplitMix64).
pub(crate) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Hashes words, in their order.
pub(crate) fn hash(words: &[u64]) -> u64 {
    words.iter().fold(0x6265_7374_616e_6421, |state, word| mix(state ^ *word))
}

/// Hashes text under a key.
pub(crate) fn hash_text(key: u64, text: &str) -> u64 {
    text.bytes().fold(mix(key), |state, byte| mix(state ^ u64::from(byte)))
}

const ROUNDS: u64 = 4;

/// Encrypts 64 bits under a key; [`open64`] undoes it.
pub(crate) fn seal64(key: u64, plain: u64) -> u64 {
    let (mut left, mut right) = (plain >> 32, plain & 0xffff_ffff);
    for round in 0..ROUNDS {
        (left, right) = (right, left ^ (hash(&[key, round, right]) & 0xffff_ffff));
    }
    (left << 32) | right
}

/// Decrypts what [`seal64`] made.
pub(crate) fn open64(key: u64, sealed: u64) -> u64 {
    let (mut left, mut right) = (sealed >> 32, sealed & 0xffff_ffff);
    for round in (0..ROUNDS).rev() {
        (left, right) = (right ^ (hash(&[key, round, left]) & 0xffff_ffff), left);
    }
    (left << 32) | right
}

/// Encrypts 32 bits under a key; [`open32`] undoes it.
pub(crate) fn seal32(key: u64, plain: u32) -> u32 {
    let (mut left, mut right) = (plain >> 16, plain & 0xffff);
    for round in 0..ROUNDS {
        (left, right) = (right, left ^ low16(hash(&[key, round, u64::from(right)])));
    }
    (left << 16) | right
}

/// Decrypts what [`seal32`] made.
pub(crate) fn open32(key: u64, sealed: u32) -> u32 {
    let (mut left, mut right) = (sealed >> 16, sealed & 0xffff);
    for round in (0..ROUNDS).rev() {
        (left, right) = (right ^ low16(hash(&[key, round, u64::from(left)])), left);
    }
    (left << 16) | right
}

fn low16(value: u64) -> u32 {
    u32::from(value as u16)
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// How many base 32 characters 64 bits take.
pub(crate) const BASE32_LENGTH: usize = 13;

/// Writes 64 bits as thirteen upper-case base 32 characters.
pub(crate) fn base32(value: u64) -> String {
    (0..BASE32_LENGTH).map(|at| char::from(ALPHABET[(value >> (5 * at)) as usize & 31])).collect()
}

/// Reads what [`base32`] wrote; `None` for anything else.
pub(crate) fn from_base32(text: &str) -> Option<u64> {
    if text.len() != BASE32_LENGTH {
        return None;
    }
    text.bytes().enumerate().try_fold(0, |value, (at, byte)| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)? as u64;
        Some(value | digit.checked_shl(5 * at as u32)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_places_open_again_and_do_not_collide() {
        let mut seen = std::collections::BTreeSet::new();
        for plain in 0..10_000_u64 {
            let sealed = seal64(7, plain);
            assert_eq!(open64(7, sealed), plain);
            assert_eq!(from_base32(&base32(sealed)), Some(sealed));
            assert!(seen.insert(sealed));
            assert_eq!(open32(7, seal32(7, plain as u32)), plain as u32);
        }
        assert_ne!(seal64(7, 1), seal64(8, 1));
    }
}
