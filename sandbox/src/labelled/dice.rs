//! Chance that is the same for the same seed.

use crate::estate::code::{hash, hash_text};

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    /// Chance of a case's own: another case more or less changes nothing of it.
    pub(super) fn of_case(seed: u64, case: &str, nth: usize) -> Self {
        Self::new(hash(&[seed, hash_text(nth as u64, case), 603]))
    }

    pub(super) fn throw(&mut self) -> u64 {
        self.thrown += 1;
        hash(&[self.seed, self.thrown, 600])
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.throw() % end.max(1) as u64) as usize
    }

    /// A number from `first` to `last`.
    pub(super) fn within(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last.saturating_sub(first) + 1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.throw() % 100 < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
