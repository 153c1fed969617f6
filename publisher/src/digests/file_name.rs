//! Names of files that are made of owners: safe on any file system, one for each owner.

use bestand_model::digest::sha256_hex;

/// Characters of the owner's name that a person may recognise it by.
const READABLE: usize = 40;
/// Digits of the digest that tell owners apart.
const DIGITS: usize = 16;
/// The file of findings that nobody is known to answer for.
const NO_OWNER: &str = "no-owner.md";

/// Gives the name of an owner's file. What a person reads of it may be the same for two owners (`Ops` and `ops`, or
/// Latin and Cyrillic letters); the digest of the name, letter by letter, is not.
pub fn file_name(owner: Option<&str>) -> String {
    let Some(owner) = owner else { return NO_OWNER.to_owned() };
    let mut readable = String::new();
    for character in owner.chars().take(4 * READABLE) {
        if readable.len() >= READABLE {
            break;
        }
        if character.is_ascii_alphanumeric() {
            readable.push(character.to_ascii_lowercase());
        } else if !readable.is_empty() && !readable.ends_with('-') {
            readable.push('-');
        }
    }
    let readable = readable.trim_end_matches('-');
    let readable = if readable.is_empty() { "owner" } else { readable };
    let digest: String = sha256_hex(owner.as_bytes()).chars().take(DIGITS).collect();
    format!("{readable}-{digest}.md")
}

/// Tells whether a file's name is one that [`file_name`] gives.
pub fn is_file_name(name: &str) -> bool {
    if name == NO_OWNER {
        return true;
    }
    let parts = name.strip_suffix(".md").and_then(|stem| stem.rsplit_once('-'));
    parts.is_some_and(|(readable, digest)| {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !readable.is_empty()
            && readable.chars().all(is_plain)
            && digest.len() == DIGITS
            && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_owner_has_a_file_of_its_own_whatever_it_is_called() {
        let long = "x".repeat(64 << 10);
        let longer = "x".repeat((64 << 10) + 1);
        let owners = [
            "..",
            "/",
            ".",
            "../../etc/passwd",
            "Ops",
            "ops",
            "OPS",
            "ops ",
            "оps",
            "o\u{200b}ps",
            "con",
            "NUL",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            "\u{202e}spo",
            "no-owner",
            "index.csv",
            "",
            "-",
            &long,
            &longer,
        ];
        let mut names = BTreeSet::from([file_name(None)]);
        for owner in owners {
            let name = file_name(Some(owner));
            assert!(name.len() <= 64 && is_file_name(&name), "{name}");
            assert!(names.insert(name.to_lowercase()), "{name}");
        }
        assert!(file_name(Some("Team Fahrplan")).starts_with("team-fahrplan-"));
    }

    #[test]
    fn other_files_are_not_taken_for_ours() {
        for name in [
            "index.csv",
            "notes.md",
            "a-0123456789abcdeF.md",
            "-0123456789abcdef.md",
            "ä-0123456789abcdef.md",
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
