//! One run of an asset's life, from what the judge found and decided (SEMANTICS 5.1).

use serde_json::json;

use super::{AssetKey, AssetState, Judge, PublishedAsset};
use crate::change_set::{Change, ChangeKind};
use crate::finding::{Finding, FindingKind};
use crate::history::AssetHistory;
use crate::lifecycle::{Event, Life, Stage, next};
use crate::outcome::Liveness;

/// What the judge knows of an asset when its books are closed.
pub(super) struct Course<'c> {
    pub(super) entry: Option<&'c PublishedAsset>,
    pub(super) live: Liveness,
    /// A record says `planned`, and nothing lives.
    pub(super) is_planned: bool,
    /// A complete look found nothing, and counts.
    pub(super) is_missed: bool,
    /// Its history after this run.
    pub(super) looks: &'c AssetHistory,
    pub(super) change: Option<&'c Change>,
}

impl Course<'_> {
    fn event(&self) -> Event {
        let sent = self.change.filter(|change| change.kind.is_sent());
        let state = sent.and_then(|change| change.after.state).or(self.entry.map(|entry| entry.state));
        match (sent.map(|change| change.kind), self.live) {
            (Some(ChangeKind::Retire), _) => Event::LetGo,
            (_, Liveness::Live) if state == Some(AssetState::Active) => Event::Seen,
            (Some(ChangeKind::Create), _) => Event::Vouched,
            _ if self.is_planned => Event::Expected,
            _ if self.entry.is_none() => Event::Unpublished,
            (_, Liveness::Live | Liveness::Sighted | Liveness::Misplaced) => Event::Sighted,
            (_, Liveness::NotSeen) => match self.looks.absent_since {
                Some(since) if self.is_missed => Event::Missed { since, looks: self.looks.looks },
                _ => Event::Unknown,
            },
        }
    }
}

impl Judge<'_> {
    /// Gives the stage before this run.
    pub(super) fn stage_before(&self, key: AssetKey, entry: Option<&PublishedAsset>) -> Option<Stage> {
        let nothing = AssetHistory::default();
        let history = self.history_before.assets.get(&key).unwrap_or(&nothing);
        Stage::of(entry.map(|entry| entry.state), history)
    }
}

/// Moves an asset on.
pub(super) fn live_on(before: Option<Stage>, course: &Course<'_>) -> Life {
    Life { before, after: next(before, course.event()) }
}

/// Writes the stages into findings about an asset's life.
pub(super) fn add_stages(finding: &mut Finding, life: Life) {
    let about_its_life = matches!(
        finding.kind,
        FindingKind::Absent
            | FindingKind::RetiredButLive
            | FindingKind::Unregistered
            | FindingKind::Misplaced
            | FindingKind::Unverified
    );
    for (name, stage) in [("stage_before", life.before), ("stage_after", life.after)] {
        if let Some(stage) = stage.filter(|_| about_its_life) {
            finding.evidence.insert(name.to_owned(), json!(stage.code()));
        }
    }
}
