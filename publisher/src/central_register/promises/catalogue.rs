//! The promises by name, with the sentence that each stands for.

use std::fmt;

use bestand_model::capability::Capability;

/// One promise of the contract between bestand and a central register.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Promise {
    /// The register says the same of itself each time: who it is, for which environment, as whom the caller
    /// writes, what it declares.
    IdentityIsStable,
    /// Evidence of a run that was meant for another environment is refused.
    ForeignEvidenceIsRefused,
    /// Every account in which the writer has an entry is listed once, in order, and also one whose entries
    /// are all retired.
    AccountsAreListed,
    /// Lists give retired entries, as such.
    RetiredEntriesAreListed,
    /// A list gives the entries of the account that was asked for, or those of none, and no others.
    AccountsAreKeptApart,
    /// Lists and lookups leave out the entries of other writers.
    StrangersEntriesAreNotShown,
    /// Over all pages of a list every entry comes exactly once, whatever is written meanwhile, and the list
    /// ends.
    PagesHoldEveryEntryOnce,
    /// A change to an entry of another writer is not applied.
    StrangersEntriesAreNotChanged,
    /// A create whose key is there conflicts, and changes nothing.
    CreateOfAnExistingKeyConflicts,
    /// An update or a retire with a version that is no longer there conflicts, and changes nothing.
    StaleVersionsConflict,
    /// An update or a retire of an entry that is not there conflicts, and makes none.
    WhatIsNotThereIsNotChanged,
    /// Of two writers that change the same version of an entry at once exactly one is applied.
    OneOfTwoWritersWins,
    /// A change that is sent again under its key is not applied again, and is answered as the first time,
    /// also after the entry moved.
    AKeyAppliesOnce,
    /// Another change under a key that was used is not applied, and not answered as applied.
    AKeyStandsForOneChange,
    /// An entry shows the plan of the change that was applied last, and with it the version and the writer.
    AnEntryShowsItsLastPlan,
    /// A batch has one result per change, in the batch's order; an empty batch has none.
    ResultsAreInOrder,
    /// A change that makes no sense gets a result of its own, is not applied, and keeps no other of its
    /// batch from being applied.
    ABadChangeHarmsNoOther,
    /// A batch of more changes than `max_batch` is called too large, and nothing of it is applied.
    ATooLargeBatchIsNotApplied,
    /// Each applied change gives the entry a version that it never had, and the result names it.
    EveryChangeGivesANewVersion,
    /// What a patch does not name stays as it is: attributes, state, account.
    PatchesLeaveTheRestAlone,
    /// An attribute that a patch sets to null is gone, and no other.
    NullRemoves,
    /// A value is given back as it was written, whatever JSON it is.
    ValuesAreKeptAsWritten,
    /// Retiring keeps the entry and its attributes, and an update can make it active again.
    RetiredIsAState,
    /// A lookup takes any number of keys, gives each entry that is there once, and leaves out what it does
    /// not know.
    UnknownKeysAreLeftOut,
    /// Later evidence of a run replaces the earlier, and leaves that of other runs alone.
    LaterEvidenceReplacesEarlier,
}

impl Promise {
    /// All of them, in the order in which they are examined.
    pub const ALL: [Self; 25] = [
        Self::IdentityIsStable,
        Self::ForeignEvidenceIsRefused,
        Self::AccountsAreListed,
        Self::RetiredEntriesAreListed,
        Self::AccountsAreKeptApart,
        Self::StrangersEntriesAreNotShown,
        Self::PagesHoldEveryEntryOnce,
        Self::StrangersEntriesAreNotChanged,
        Self::CreateOfAnExistingKeyConflicts,
        Self::StaleVersionsConflict,
        Self::WhatIsNotThereIsNotChanged,
        Self::OneOfTwoWritersWins,
        Self::AKeyAppliesOnce,
        Self::AKeyStandsForOneChange,
        Self::AnEntryShowsItsLastPlan,
        Self::ResultsAreInOrder,
        Self::ABadChangeHarmsNoOther,
        Self::ATooLargeBatchIsNotApplied,
        Self::EveryChangeGivesANewVersion,
        Self::PatchesLeaveTheRestAlone,
        Self::NullRemoves,
        Self::ValuesAreKeptAsWritten,
        Self::RetiredIsAState,
        Self::UnknownKeysAreLeftOut,
        Self::LaterEvidenceReplacesEarlier,
    ];

    /// Gives the stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdentityIsStable => "identity_is_stable",
            Self::ForeignEvidenceIsRefused => "foreign_evidence_is_refused",
            Self::AccountsAreListed => "accounts_are_listed",
            Self::RetiredEntriesAreListed => "retired_entries_are_listed",
            Self::AccountsAreKeptApart => "accounts_are_kept_apart",
            Self::PagesHoldEveryEntryOnce => "pages_hold_every_entry_once",
            Self::StrangersEntriesAreNotShown => "strangers_entries_are_not_shown",
            Self::StrangersEntriesAreNotChanged => "strangers_entries_are_not_changed",
            Self::CreateOfAnExistingKeyConflicts => "create_of_an_existing_key_conflicts",
            Self::StaleVersionsConflict => "stale_versions_conflict",
            Self::WhatIsNotThereIsNotChanged => "what_is_not_there_is_not_changed",
            Self::OneOfTwoWritersWins => "one_of_two_writers_wins",
            Self::AKeyAppliesOnce => "a_key_applies_once",
            Self::AKeyStandsForOneChange => "a_key_stands_for_one_change",
            Self::AnEntryShowsItsLastPlan => "an_entry_shows_its_last_plan",
            Self::ResultsAreInOrder => "results_are_in_order",
            Self::ABadChangeHarmsNoOther => "a_bad_change_harms_no_other",
            Self::ATooLargeBatchIsNotApplied => "a_too_large_batch_is_not_applied",
            Self::EveryChangeGivesANewVersion => "every_change_gives_a_new_version",
            Self::PatchesLeaveTheRestAlone => "patches_leave_the_rest_alone",
            Self::NullRemoves => "null_removes",
            Self::ValuesAreKeptAsWritten => "values_are_kept_as_written",
            Self::RetiredIsAState => "retired_is_a_state",
            Self::UnknownKeysAreLeftOut => "unknown_keys_are_left_out",
            Self::LaterEvidenceReplacesEarlier => "later_evidence_replaces_earlier",
        }
    }

    /// Gives the sentence of the contract that it holds.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::IdentityIsStable => {
                "The register says the same of itself each time: who it is, for which environment, as \
                 whom the caller writes, what it declares."
            }
            Self::ForeignEvidenceIsRefused => {
                "Evidence of a run that was meant for another environment is refused."
            }
            Self::AccountsAreListed => {
                "Every account in which the writer has an entry is listed once, in order, and also one \
                 whose entries are all retired."
            }
            Self::RetiredEntriesAreListed => "Lists give retired entries, as such.",
            Self::AccountsAreKeptApart => {
                "A list gives the entries of the account that was asked for, or those of none, and no \
                 others."
            }
            Self::PagesHoldEveryEntryOnce => {
                "Over all pages of a list every entry comes exactly once, whatever is written meanwhile, \
                 and the list ends."
            }
            Self::StrangersEntriesAreNotShown => "Lists and lookups leave out the entries of other writers.",
            Self::StrangersEntriesAreNotChanged => "A change to an entry of another writer is not applied.",
            Self::CreateOfAnExistingKeyConflicts => {
                "A create whose key is there conflicts, and changes nothing."
            }
            Self::StaleVersionsConflict => {
                "An update or a retire with a version that is no longer there conflicts, and changes \
                 nothing."
            }
            Self::WhatIsNotThereIsNotChanged => {
                "An update or a retire of an entry that is not there conflicts, and makes none."
            }
            Self::OneOfTwoWritersWins => {
                "Of two writers that change the same version of an entry at once exactly one is applied."
            }
            Self::AKeyAppliesOnce => {
                "A change that is sent again under its key is not applied again, and is answered as the \
                 first time, also after the entry moved."
            }
            Self::AKeyStandsForOneChange => {
                "Another change under a key that was used is not applied, and not answered as applied."
            }
            Self::AnEntryShowsItsLastPlan => {
                "An entry shows the plan of the change that was applied last, and with it the version and \
                 the writer."
            }
            Self::ResultsAreInOrder => {
                "A batch has one result per change, in the batch's order; an empty batch has none."
            }
            Self::ABadChangeHarmsNoOther => {
                "A change that makes no sense gets a result of its own, is not applied, and keeps no \
                 other of its batch from being applied."
            }
            Self::ATooLargeBatchIsNotApplied => {
                "A batch of more changes than `max_batch` is called too large, and nothing of it is \
                 applied."
            }
            Self::EveryChangeGivesANewVersion => {
                "Each applied change gives the entry a version that it never had, and the result names \
                 it."
            }
            Self::PatchesLeaveTheRestAlone => {
                "What a patch does not name stays as it is: attributes, state, account."
            }
            Self::NullRemoves => "An attribute that a patch sets to null is gone, and no other.",
            Self::ValuesAreKeptAsWritten => "A value is given back as it was written, whatever JSON it is.",
            Self::RetiredIsAState => {
                "Retiring keeps the entry and its attributes, and an update can make it active again."
            }
            Self::UnknownKeysAreLeftOut => {
                "A lookup takes any number of keys, gives each entry that is there once, and leaves out \
                 what it does not know."
            }
            Self::LaterEvidenceReplacesEarlier => {
                "Later evidence of a run replaces the earlier, and leaves that of other runs alone."
            }
        }
    }

    /// Gives what a register must declare for the promise to be claimed; none where every register owes it.
    pub fn rests_on(self) -> Option<Capability> {
        match self {
            Self::ForeignEvidenceIsRefused => Some(Capability::Environment),
            Self::AccountsAreListed
            | Self::RetiredEntriesAreListed
            | Self::AccountsAreKeptApart
            | Self::PagesHoldEveryEntryOnce
            | Self::StrangersEntriesAreNotShown => Some(Capability::List),
            Self::CreateOfAnExistingKeyConflicts
            | Self::StaleVersionsConflict
            | Self::WhatIsNotThereIsNotChanged
            | Self::OneOfTwoWritersWins => Some(Capability::Preconditions),
            Self::AKeyAppliesOnce | Self::AKeyStandsForOneChange => Some(Capability::Idempotency),
            Self::AnEntryShowsItsLastPlan => Some(Capability::ReadBack),
            Self::IdentityIsStable
            | Self::StrangersEntriesAreNotChanged
            | Self::ResultsAreInOrder
            | Self::ABadChangeHarmsNoOther
            | Self::ATooLargeBatchIsNotApplied
            | Self::EveryChangeGivesANewVersion
            | Self::PatchesLeaveTheRestAlone
            | Self::NullRemoves
            | Self::ValuesAreKeptAsWritten
            | Self::RetiredIsAState
            | Self::UnknownKeysAreLeftOut
            | Self::LaterEvidenceReplacesEarlier => None,
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
