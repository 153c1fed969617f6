//! The figures of one scenario.

use serde::Serialize;

use super::compare::Differences;
use super::trial::Ended;

/// How many differences are kept in words.
const KEPT: usize = 20;

/// What became of a scenario.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    /// Its name.
    pub(super) scenario: String,
    /// How often the plan was published.
    pub(super) publications: u64,
    /// How many kills, faults or refusals struck.
    pub(super) struck: u64,
    /// Changes to be carried out, over all publications.
    pub(super) changes: u64,
    pub(super) applied: u64,
    pub(super) conflicted: u64,
    pub(super) rejected: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    /// What is not as it must be, in words.
    pub(super) wrong: Vec<String>,
}

impl Row {
    pub(super) fn new(scenario: &str) -> Self {
        Self { scenario: scenario.to_owned(), ..Self::default() }
    }

    /// Notes something that must not be.
    pub(super) fn wrong(&mut self, what: String) {
        if self.wrong.len() < KEPT {
            self.wrong.push(what);
        }
    }

    /// Takes in how a publication of so many changes ended, of which so many must have been left to somebody else.
    pub(super) fn ended(&mut self, changes: u64, theirs: u64, ended: &Ended, differences: Differences) {
        self.publications += 1;
        self.changes += changes;
        self.lost += differences.lost;
        self.doubled += differences.doubled;
        for words in differences.words {
            self.wrong(words);
        }
        let due = if theirs == 0 { 0 } else { 40 };
        if ended.status != Some(due) {
            self.wrong(format!("ended with {:?} rather than {due}: {}", ended.status, ended.last_word));
        }
        let Some(counts) = ended.publication else {
            self.wrong("its summary has no figures of the publication".into());
            return;
        };
        self.applied += counts.applied;
        self.conflicted += counts.conflicted;
        self.rejected += counts.rejected;
        let sum = counts.applied + counts.conflicted + counts.rejected + counts.unknown;
        if sum != changes || counts.conflicted != theirs || counts.applied != changes - theirs {
            self.wrong(format!("the sums do not equal the plan of {changes}: {counts:?}"));
        }
    }

    /// Tells whether everything is as it must be. A fault that never struck proves nothing.
    pub(super) fn is_right(&self) -> bool {
        self.struck > 0 && self.lost == 0 && self.doubled == 0 && self.wrong.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use bestand_model::run_summary::PublicationCounts;

    use super::*;

    fn ended(applied: u64) -> Ended {
        let publication = PublicationCounts { applied, ..PublicationCounts::default() };
        Ended { status: Some(0), publication: Some(publication), last_word: String::new() }
    }

    #[test]
    fn a_scenario_whose_fault_never_struck_has_failed() {
        let mut row = Row::new("hang");
        row.ended(10, 0, &ended(10), Differences::default());
        assert!(!row.is_right());
        row.struck = 1;
        assert!(row.is_right());
    }

    #[test]
    fn sums_that_do_not_equal_the_plan_are_a_failure() {
        let mut row = Row { struck: 1, ..Row::new("hang") };
        row.ended(10, 0, &ended(9), Differences::default());
        assert!(!row.is_right());
    }

    #[test]
    fn a_lost_or_doubled_change_is_a_failure() {
        for differences in [
            Differences { lost: 1, ..Differences::default() },
            Differences { doubled: 1, ..Differences::default() },
        ] {
            let mut row = Row { struck: 1, ..Row::new("hang") };
            row.ended(10, 0, &ended(10), differences);
            assert!(!row.is_right());
        }
    }

    #[test]
    fn another_end_than_the_due_one_is_a_failure() {
        let mut row = Row { struck: 1, ..Row::new("second_writer") };
        row.ended(10, 1, &ended(10), Differences::default());
        assert!(!row.is_right());
    }
}
