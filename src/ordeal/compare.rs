//! Holds what a disturbed publication left in the register against what the undisturbed one left.

use std::collections::BTreeSet;

use bestand_sandbox::register::Book;

/// What is not as it must be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Changes that are not in the register, or not as planned.
    pub(super) lost: u64,
    /// Changes that were carried out twice, or that nobody planned.
    pub(super) doubled: u64,
    /// Each of them in words.
    pub(super) words: Vec<String>,
}

impl Differences {
    fn lost(&mut self, key: &str, what: &str) {
        self.lost += 1;
        self.words.push(format!("{key}: lost: {what}"));
    }

    fn doubled(&mut self, key: &str, what: &str) {
        self.doubled += 1;
        self.words.push(format!("{key}: doubled: {what}"));
    }
}

/// Compares every entry. Those that somebody else had written first must stand as he wrote them (`theirs`), and have no
/// change but those that were there before the plan (`before`).
pub(super) fn compare(before: &Book, expected: &Book, found: &Book, theirs: &Book) -> Differences {
    let mut differences = Differences::default();
    let keys: BTreeSet<&String> =
        expected.entries.keys().chain(found.entries.keys()).chain(found.applied.keys()).collect();
    for key in keys {
        let times = found.applied.get(key).copied().unwrap_or(0);
        let there = found.entries.get(key);
        if let Some(his) = theirs.entries.get(key) {
            if times != before.applied.get(key).copied().unwrap_or(0) || there != Some(his) {
                differences.doubled(key, "somebody else's entry was written over");
            }
            continue;
        }
        let Some(due) = expected.entries.get(key) else {
            differences.doubled(key, "an entry that nobody planned");
            continue;
        };
        let due_times = expected.applied.get(key).copied().unwrap_or(0);
        if times > due_times {
            differences.doubled(key, &format!("the audit log has it {times} times"));
        } else if times < due_times {
            differences.lost(key, "the audit log does not have it");
        } else if there != Some(due) {
            differences.lost(key, "the entry is not as planned");
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use bestand_sandbox::register::BookEntry;
    use serde_json::json;

    use super::*;

    fn entry(room: &str) -> BookEntry {
        BookEntry {
            state: "active".into(),
            account_id: None,
            version: 1,
            attributes: json!({ "room": room }),
        }
    }

    fn two() -> Book {
        let mut book = Book::default();
        for key in ["a", "b"] {
            book.entries.insert(key.into(), entry("1"));
            book.applied.insert(key.into(), 1);
        }
        book
    }

    fn counts(found: &Book) -> (u64, u64) {
        let differences = compare(&Book::default(), &two(), found, &Book::default());
        assert_eq!(differences.words.len() as u64, differences.lost + differences.doubled);
        (differences.lost, differences.doubled)
    }

    #[test]
    fn the_same_is_no_difference() {
        assert_eq!(counts(&two()), (0, 0));
    }

    #[test]
    fn a_lost_change_is_found() {
        let mut found = two();
        found.entries.remove("a");
        found.applied.remove("a");
        assert_eq!(counts(&found), (1, 0));
    }

    #[test]
    fn an_entry_that_is_not_as_planned_is_lost() {
        let mut found = two();
        found.entries.insert("a".into(), entry("2"));
        assert_eq!(counts(&found), (1, 0));
        let mut found = two();
        found.entries.remove("b");
        assert_eq!(counts(&found), (1, 0));
    }

    #[test]
    fn a_doubled_change_is_found() {
        let mut found = two();
        found.applied.insert("b".into(), 2);
        assert_eq!(counts(&found), (0, 1));
    }

    #[test]
    fn an_entry_that_nobody_planned_is_found() {
        let mut found = two();
        found.entries.insert("c".into(), entry("1"));
        assert_eq!(counts(&found), (0, 1));
        let mut found = two();
        found.applied.insert("c".into(), 1);
        assert_eq!(counts(&found), (0, 1));
    }

    #[test]
    fn what_a_second_writer_wrote_must_stand() {
        let mut theirs = Book::default();
        theirs.entries.insert("a".into(), entry("his"));
        let nothing = Book::default();
        assert_eq!(compare(&nothing, &two(), &two(), &theirs).doubled, 1);
        let mut found = two();
        found.applied.remove("a");
        found.entries.insert("a".into(), entry("his"));
        assert_eq!(compare(&nothing, &two(), &found, &theirs), Differences::default());
        // An entry that an earlier plan made has that one change, and none of this plan.
        let before = two();
        found.applied.insert("a".into(), 1);
        assert_eq!(compare(&before, &two(), &found, &theirs), Differences::default());
        found.applied.insert("a".into(), 2);
        assert_eq!(compare(&before, &two(), &found, &theirs).doubled, 1);
    }
}
