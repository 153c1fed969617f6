//! What AWS Config has recorded in an account and region, which is not always what is there.

use super::{
    Estate, Item,
    accounts::REGION_COUNT,
    kind::Kind,
    placement::{COLLAPSED, MISCOUNTED, Placement, UNRECORDED},
};
use crate::faults::Fault;

/// Rows that AWS Config serves of one type in one account and region: first live ones, then others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The region whose numbering the rows follow: the home region for global types.
    pub(crate) home: usize,
    pub(crate) live: u32,
    pub(crate) withdrawn: u32,
    first_withdrawn: u32,
}

impl Recorded {
    /// How many rows there are.
    pub(crate) const fn rows(&self) -> u32 {
        self.live + self.withdrawn
    }

    /// The resource of the nth row.
    pub(crate) const fn item(&self, account: usize, kind: Kind, row: u32) -> Item {
        let number = if row < self.live { row } else { self.first_withdrawn + (row - self.live) };
        Item { account: account as u16, region: self.home as u8, kind, number }
    }
}

/// How many live resources `count_mismatch` and `unrecorded` hide.
const HIDDEN: u32 = 3;
/// How many resources that were never there `count_mismatch` counts.
const INVENTED: u32 = 2;

/// How a recorder chooses its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// Everything, with or without IAM.
    All { global: bool },
    /// Only what is listed.
    Inclusion,
    /// All but what is listed.
    Exclusion,
}

impl Estate {
    /// How the recorder of an account and region chooses; `None`: there is no recorder.
    pub(crate) fn strategy(&self, account: usize, region: usize) -> Option<Strategy> {
        let placement = &self.placement;
        if placement.hits(Fault::RecorderAbsent, account, region) {
            None
        } else if placement.hits(Fault::TypeNotRecorded, account, region) {
            Some(Strategy::Exclusion)
        } else if region == REGION_COUNT - 1 && account % 7 == 5 {
            Some(Strategy::Inclusion)
        } else {
            Some(Strategy::All { global: Placement::records_global(account, region) })
        }
    }

    /// What AWS Config serves of a type in an account and region.
    pub(crate) fn recorded(&self, account: usize, region: usize, kind: Kind) -> Recorded {
        let home = if kind.global() { 0 } else { region };
        let holding = self.holding(account, home, kind);
        let mut recorded = Recorded {
            home,
            live: holding.alive(),
            withdrawn: holding.withdrawn,
            first_withdrawn: holding.live,
        };
        let absent = self.placement.hits(Fault::RecorderAbsent, account, region);
        if absent || !self.placement.records(account, region, kind) {
            (recorded.live, recorded.withdrawn) = (0, 0);
        } else if self.placement.hits(Fault::RecorderWarming, account, region) {
            recorded.live = recorded.live.div_ceil(2);
        }
        recorded.live -= self.unrecorded(account, home, kind);
        let hits = |fault, of| kind == of && self.placement.hits(fault, account, region);
        if hits(Fault::CountMismatch, MISCOUNTED) || hits(Fault::Unrecorded, UNRECORDED) {
            recorded.live = recorded.live.saturating_sub(HIDDEN);
        } else if hits(Fault::Collapsed, COLLAPSED) {
            recorded.live /= 3;
        }
        recorded
    }

    /// How many live resources of a type AWS Config counts in an account and region: what it serves, but under
    /// `count_mismatch`.
    pub(crate) fn counted(&self, account: usize, region: usize, kind: Kind) -> u32 {
        self.recorded(account, region, kind).live + self.counted_too_many(account, region, kind)
    }

    /// How many live resources of a type the aggregator counts in an account and region.
    pub(crate) fn aggregated_count(&self, account: usize, region: usize, kind: Kind) -> u32 {
        self.aggregated(account, region, kind).live + self.counted_too_many(account, region, kind)
    }

    fn counted_too_many(&self, account: usize, region: usize, kind: Kind) -> u32 {
        let miscounted = kind == MISCOUNTED && self.placement.hits(Fault::CountMismatch, account, region);
        if miscounted { HIDDEN + INVENTED } else { 0 }
    }

    /// Every account and region that the aggregator holds rows of: also of the account that has left.
    pub(crate) fn aggregated_places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let accounts = (0..self.accounts.len()).chain(self.departed_index());
        accounts.flat_map(|account| (0..REGION_COUNT).map(move |region| (account, region)))
    }

    /// What the aggregator serves of a type in an account and region. Its copy lags where its source does, and
    /// what belongs to no region it has once.
    pub(crate) fn aggregated(&self, account: usize, region: usize, kind: Kind) -> Recorded {
        let mut recorded = self.recorded(account, region, kind);
        let elsewhere = || (0..region).any(|other| self.recorded(account, other, kind).rows() > 0);
        if kind.global() && elsewhere() {
            (recorded.live, recorded.withdrawn) = (0, 0);
        } else if self.placement.aggregator_status(account, region) != "SUCCEEDED" {
            recorded.live = recorded.live.div_ceil(2);
        }
        recorded
    }

    /// Whether the absence of a resource can be concluded in a scope: it is complete, and if it shows nothing
    /// of the type, then the type was seen recorded in that region of another account.
    pub(crate) fn complete(&self, account: usize, region: usize, kind: Kind) -> bool {
        let seen = |account| {
            self.placement.gap(account, region, kind).is_none()
                && self.recorded(account, region, kind).live > 0
        };
        self.placement.gap(account, region, kind).is_none()
            && (seen(account) || (0..self.accounts.len()).any(seen))
    }

    /// What AWS Config says of the state of a resource.
    pub(crate) fn status(&self, item: Item) -> &'static str {
        let holding = self.holding(usize::from(item.account), usize::from(item.region), item.kind);
        match item.number.checked_sub(holding.live) {
            None if item.number >= holding.alive() => "ResourceDeleted",
            None if self.fact(item, 70).is_multiple_of(8) => "ResourceDiscovered",
            None => "OK",
            Some(past) if past >= holding.withdrawn => "ResourceDeleted",
            Some(past) => {
                ["ResourceDeleted", "ResourceDeletedNotRecorded", "ResourceNotRecorded"][past as usize % 3]
            }
        }
    }

    /// When AWS Config saw a resource deleted, in seconds since 1970; `None` for what is there. Half
    /// of the deletions it never saw: it does not know such a resource at all.
    pub(crate) fn deletion_time(&self, item: Item) -> Option<i64> {
        if let Some(written) = self.written(item) {
            return written.deleted_at;
        }
        let holding = self.holding(usize::from(item.account), usize::from(item.region), item.kind);
        let seen_go = self.fact(item, 71).is_multiple_of(2);
        if (holding.alive()..holding.live).contains(&item.number) {
            return seen_go.then_some(self.started);
        }
        let past = item.number.checked_sub(holding.live)?;
        let seen = match past.checked_sub(holding.withdrawn) {
            None => self.status(item) != "ResourceNotRecorded",
            Some(_) => seen_go,
        };
        seen.then(|| self.captured_at(item))
    }
}
