//! What the rules make of one asset, day after day: the table of SEMANTICS 1 and the looks of 2.6, written down a
//! second time and by other means, so that bestand's own reading can be held against it.

use super::EntryState;

/// What the source register says of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Active,
    Planned,
    Retired,
}

impl Word {
    /// How the register spells it.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Planned => "planned",
            Self::Retired => "retired",
        }
    }
}

/// What can be seen of an asset's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Live, where everything was seen.
    Live,
    /// Shown, where not everything was seen.
    Shown,
    /// Not there, where everything was seen; and what AWS answers who asks for it by its id.
    Gone(Answer),
    /// Not shown, where not everything was seen.
    Nothing,
}

/// What AWS answers who asks for something that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// When it was deleted, and that counts.
    Dated,
    /// Nothing that counts.
    NeverHeardOf,
    /// Not all of those who may know it answer.
    Silence,
}

/// What is written into the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Nothing,
    /// What all sources say.
    All,
    /// What AWS says.
    Technical,
    /// What people say.
    Organisational,
    /// What people say, for want of anything else.
    Unverified,
}

/// What a day brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) finding: Option<&'static str>,
    pub(super) written: Written,
}

/// How many days a retirement without proof takes, and how many looks: 48 hours, two looks, one run a day.
const GRACE_DAYS: usize = 2;
const LOOKS: usize = 2;

/// What is known of an asset from one day to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    pub(super) entry: Option<EntryState>,
    /// Whether bestand itself ever saw it live.
    pub(super) once_live: bool,
    absent_since: Option<usize>,
    looks: usize,
}

impl Books {
    /// The asset was seen: what looked like absence is forgotten.
    pub(super) const fn sighted(&mut self) {
        self.absent_since = None;
        self.looks = 0;
    }

    /// Works out a day.
    pub(super) fn day(&mut self, day: usize, word: Option<Word>, seen: Seen) -> Verdict {
        let verdict = |finding, written| Verdict { finding, written };
        let active = self.entry == Some(EntryState::Active);
        if word == Some(Word::Planned) {
            // Nobody expects it to live: what looked like absence before means nothing any more.
            self.sighted();
        }
        match seen {
            Seen::Live => {
                self.sighted();
                self.once_live = true;
                self.entry = Some(EntryState::Active);
                match word {
                    Some(Word::Retired) => verdict(Some("retired_but_live"), Written::All),
                    Some(_) => verdict(None, Written::All),
                    None => verdict(Some("unregistered"), Written::Technical),
                }
            }
            Seen::Shown | Seen::Nothing => {
                if seen == Seen::Shown {
                    self.sighted();
                }
                match word {
                    Some(Word::Planned) if self.entry.is_some() => verdict(None, Written::Organisational),
                    Some(Word::Planned) => verdict(None, Written::Nothing),
                    Some(_) if self.entry.is_some() => verdict(Some("unverified"), Written::Organisational),
                    Some(Word::Retired) => verdict(None, Written::Nothing),
                    Some(Word::Active) => {
                        self.entry = Some(EntryState::Active);
                        verdict(Some("unverified"), Written::Unverified)
                    }
                    // What nobody registered is doubted if something shows it, or an active entry believes in it.
                    None if active || self.entry.is_none() && seen == Seen::Shown => {
                        verdict(Some("unverified"), Written::Nothing)
                    }
                    None => verdict(None, Written::Nothing),
                }
            }
            Seen::Gone(answer) => match word {
                Some(Word::Planned) if self.entry.is_some() => verdict(None, Written::Organisational),
                Some(Word::Planned) => verdict(None, Written::Nothing),
                Some(Word::Retired) | None if !active => verdict(None, Written::Nothing),
                // All agree that it is gone, or the register alone still wants it.
                Some(Word::Retired) => {
                    self.look(day, answer, true);
                    verdict(None, Written::Nothing)
                }
                None => {
                    self.look(day, answer, true);
                    verdict(Some("absent"), Written::Nothing)
                }
                Some(Word::Active) => {
                    if active {
                        self.look(day, answer, self.once_live);
                    }
                    verdict(Some("absent"), Written::Nothing)
                }
            },
        }
    }

    /// One complete look that found it gone: with proof it is retired at once, else after looks and grace.
    fn look(&mut self, day: usize, answer: Answer, may_retire: bool) {
        self.looks += 1;
        let since = *self.absent_since.get_or_insert(day);
        let waited = self.looks >= LOOKS && day - since >= GRACE_DAYS;
        let proven = match answer {
            Answer::Dated => true,
            Answer::NeverHeardOf => waited,
            Answer::Silence => false,
        };
        if may_retire && proven {
            self.entry = Some(EntryState::Retired);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EntryState::{Active, Retired};

    fn story(days: &[(Option<Word>, Seen)]) -> Vec<(Option<&'static str>, Option<EntryState>)> {
        let mut books = Books::default();
        let days = days.iter().enumerate();
        days.map(|(day, (word, seen))| (books.day(day, *word, *seen).finding, books.entry)).collect()
    }

    #[test]
    fn what_nobody_saw_go_is_retired_on_the_third_day_and_comes_back() {
        let (word, gone) = (Some(Word::Active), Seen::Gone(Answer::NeverHeardOf));
        let days = [(word, Seen::Live), (word, gone), (word, gone), (word, gone), (word, Seen::Live)];
        assert_eq!(
            story(&days),
            [
                (None, Some(Active)),
                (Some("absent"), Some(Active)),
                (Some("absent"), Some(Active)),
                (Some("absent"), Some(Retired)),
                (None, Some(Active)),
            ]
        );
    }

    #[test]
    fn a_dark_day_neither_counts_nor_resets_and_a_shown_row_resets() {
        let (word, gone) = (Some(Word::Active), Seen::Gone(Answer::NeverHeardOf));
        let dark = [(word, Seen::Live), (word, gone), (word, Seen::Nothing), (word, gone)];
        assert_eq!(story(&dark).last(), Some(&(Some("absent"), Some(Retired))));
        let shown = [(word, Seen::Live), (word, gone), (word, Seen::Shown), (word, gone)];
        assert_eq!(story(&shown).last(), Some(&(Some("absent"), Some(Active))));
    }

    #[test]
    fn a_row_that_says_planned_forgets_what_looked_like_absence() {
        let (word, gone) = (Some(Word::Active), Seen::Gone(Answer::NeverHeardOf));
        let planned = Some(Word::Planned);
        let days = [(word, Seen::Live), (word, gone), (word, gone), (planned, gone), (word, gone)];
        assert_eq!(story(&days).last(), Some(&(Some("absent"), Some(Active))));
    }

    #[test]
    fn without_an_answer_looks_count_and_nothing_is_retired() {
        let (word, silence) = (Some(Word::Active), Seen::Gone(Answer::Silence));
        let gone = Seen::Gone(Answer::NeverHeardOf);
        let told = story(&[(word, Seen::Live), (word, gone), (word, gone), (word, silence), (word, gone)]);
        assert_eq!(told[3], (Some("absent"), Some(Active)));
        assert_eq!(told[4], (Some("absent"), Some(Retired)));
    }

    #[test]
    fn what_was_never_seen_is_not_retired_while_a_record_vouches() {
        let (word, gone) = (Some(Word::Active), Seen::Gone(Answer::Dated));
        let days = [(word, Seen::Nothing), (word, gone), (word, gone), (word, gone), (None, gone)];
        let told = story(&days);
        assert_eq!(told[0], (Some("unverified"), Some(Active)));
        assert_eq!(told[3], (Some("absent"), Some(Active)));
        assert_eq!(told[4], (Some("absent"), Some(Retired)));
    }
}
