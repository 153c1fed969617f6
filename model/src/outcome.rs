//! The table of outcomes (SEMANTICS section 1): what follows from who speaks of an asset and how much was seen.
//! A total function of a few small facts; everything else (values, looks, limits) comes after it.

use crate::asset::AssetState;
use crate::asset_record::Lifecycle;
use crate::change_set::WithheldReason;
use crate::coverage::{Coverage, Reason};
use crate::finding::FindingKind;

/// Whether a live item was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Liveness {
    /// No item anywhere.
    NotSeen,
    /// An item in an incomplete scope, perhaps an old row, or somebody's word that it is there: it vetoes absence,
    /// and proves nothing (SEMANTICS 2.4, 2.9).
    Sighted,
    /// The same resource lives where neither record nor entry says (SEMANTICS 2.4).
    Misplaced,
    /// An item in a complete scope.
    Live,
}

/// What is known of one asset.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The record's lifecycle, where a record speaks of it.
    pub record: Option<Lifecycle>,
    /// Whether it lives.
    pub live: Liveness,
    /// Its state in the central register, where it is there.
    pub published: Option<AssetState>,
    /// Whether everything was seen where it could have been found.
    pub coverage: Coverage,
    /// Whether the type is published without a record.
    pub type_is_asset: bool,
    /// Whether AWS Config dates its deletion (SEMANTICS 2.4); says nothing of what is live or sighted.
    pub deletion_is_proven: bool,
}

/// What is to be done with the entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Nothing: no entry is there, and none is due.
    Nothing,
    /// A new entry from all sources.
    Create,
    /// A new entry that the source register alone vouches for, marked `unverified`.
    CreateUnverified,
    /// Bring the entry up to date; one that was retired becomes active again.
    Update,
    /// Bring the technical attributes up to date; what people said last stays.
    UpdateTechnical,
    /// Bring the organisational attributes up to date; what AWS Config said last stays.
    UpdateOrganisational,
    /// Absent, and its deletion is proven: retire.
    RetireProven,
    /// Absent: wait for the grace, then retire.
    RetireAfterGrace,
    /// Would change, but may not.
    Withhold(WithheldReason),
}

/// A row of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The finding, besides `divergent` ones, which come from comparing values.
    pub finding: Option<FindingKind>,
    /// What is done.
    pub action: Action,
}

const fn row(finding: Option<FindingKind>, action: Action) -> Outcome {
    Outcome { finding, action }
}

/// Looks up what follows.
pub fn outcome(facts: Facts) -> Outcome {
    use Action::{
        Create, CreateUnverified, Nothing, RetireAfterGrace, RetireProven, Update, UpdateOrganisational,
        UpdateTechnical, Withhold,
    };
    use AssetState::{Active, Retired};
    use Coverage::{Complete, Incomplete};
    use FindingKind::{Absent, RetiredButLive, Unregistered, Unverified};
    use Liveness::{Live, Misplaced, NotSeen, Sighted};

    let coverage = match facts.coverage {
        // In a scope that is only busy a proven deletion is all that there is to know (SEMANTICS 2.3).
        Incomplete(Reason::CountMismatch) if facts.live == NotSeen && facts.deletion_is_proven => Complete,
        coverage => coverage,
    };
    let retire = if facts.deletion_is_proven { RetireProven } else { RetireAfterGrace };
    match (facts.live, facts.record, facts.published, coverage) {
        // A record and a live item.
        (Live, Some(lifecycle), published, _) => {
            let finding = (lifecycle == Lifecycle::Retired).then_some(RetiredButLive);
            row(finding, if published.is_some() { Update } else { Create })
        }
        // A live item that no record speaks of.
        (Live, None, None, _) if facts.type_is_asset => row(Some(Unregistered), Create),
        (Live, None, None, _) => row(Some(Unregistered), Withhold(WithheldReason::TypeNotPublished)),
        (Live, None, Some(Active), _) => row(Some(Unregistered), UpdateTechnical),
        (Live, None, Some(Retired), _) if facts.type_is_asset => row(Some(Unregistered), UpdateTechnical),
        (Live, None, Some(Retired), _) => row(Some(Unregistered), Withhold(WithheldReason::TypeNotPublished)),

        // It would be absent, but lives elsewhere.
        (Misplaced, Some(Lifecycle::Active | Lifecycle::Retired) | None, Some(Active), Complete)
        | (Misplaced, Some(Lifecycle::Active), Some(Retired) | None, Complete) => {
            row(Some(FindingKind::Misplaced), Withhold(WithheldReason::Misplaced))
        }

        // A planned asset is not expected to live yet.
        (NotSeen | Sighted | Misplaced, Some(Lifecycle::Planned), Some(_), _) => {
            row(None, UpdateOrganisational)
        }
        (NotSeen | Sighted | Misplaced, Some(Lifecycle::Planned), None, _) => {
            row(None, Withhold(WithheldReason::Planned))
        }

        // A record says that it is gone, and it is.
        (NotSeen, Some(Lifecycle::Retired), Some(Active), Complete) => row(None, retire),
        // Both say the same: the retirement itself must not call for a change in the next run.
        (NotSeen | Misplaced, Some(Lifecycle::Retired), Some(Retired), Complete) => row(None, Nothing),
        (NotSeen | Sighted | Misplaced, Some(Lifecycle::Retired), None, _) => row(None, Nothing),

        // A record, and nothing lives.
        (NotSeen, Some(Lifecycle::Active), Some(Active), Complete) => row(Some(Absent), retire),
        (NotSeen, Some(Lifecycle::Active), Some(Retired) | None, Complete) => {
            row(Some(Absent), Withhold(WithheldReason::NotLive))
        }

        // A record, and not enough was seen. A sighting leaves open whether it lives, whatever else was seen.
        (Sighted, Some(Lifecycle::Active | Lifecycle::Retired), Some(_), _)
        | (NotSeen | Misplaced, Some(Lifecycle::Active | Lifecycle::Retired), Some(_), Incomplete(_)) => {
            row(Some(Unverified), UpdateOrganisational)
        }
        (Sighted, Some(Lifecycle::Active), None, _)
        | (NotSeen | Misplaced, Some(Lifecycle::Active), None, Incomplete(_)) => {
            row(Some(Unverified), CreateUnverified)
        }

        // Only the central register speaks of it.
        (NotSeen, None, Some(Active), Complete) => row(Some(Absent), retire),
        (Sighted, None, Some(Active), _) | (NotSeen | Misplaced, None, Some(Active), Incomplete(_)) => {
            row(Some(Unverified), Withhold(WithheldReason::Unverified))
        }
        (NotSeen | Sighted | Misplaced, None, Some(Retired), _) => row(None, Nothing),

        // An item in an incomplete scope, and nothing else.
        (Sighted, None, None, _) => row(Some(Unverified), Withhold(WithheldReason::Unverified)),
        (NotSeen | Misplaced, None, None, _) => row(None, Nothing),
    }
}

#[cfg(test)]
mod tests;
