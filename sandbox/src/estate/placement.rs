//! Which account and region each fault hits.

use super::{
    accounts::{GLOBAL, REGION_COUNT, REGIONS},
    code::hash,
    kind::Kind,
};
use crate::faults::{Fault, Faults};

/// Where the faults lie. Each has an account of its own as long as there are enough accounts; the first
/// account, the organisation's management account, is left alone unless it is the only one.
#[derive(Debug, Clone)]
pub(crate) struct Placement {
    faults: Faults,
    order: Vec<usize>,
}

/// The type that `type_not_recorded` leaves out.
pub(crate) const NOT_RECORDED: Kind = Kind::Table;
/// The type whose listing `repeated_token` breaks: the commonest, so that it is asked for on its own.
pub(crate) const REPEATED: Kind = Kind::Instance;

impl Placement {
    /// Places the faults over so many accounts.
    pub(crate) fn new(seed: u64, accounts: usize, faults: &Faults) -> Self {
        let mut order: Vec<usize> = (1..accounts).collect();
        order.sort_by_key(|account| hash(&[seed, *account as u64, 4]));
        if order.is_empty() {
            order.push(0);
        }
        Self { faults: faults.clone(), order }
    }

    pub(crate) const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The account and the region that a fault hits; `None` for those that hit everybody.
    const fn target(fault: Fault) -> Option<(usize, usize)> {
        match fault {
            Fault::AccountDenied => Some((0, 0)),
            Fault::RecorderStopped => Some((1, 1)),
            Fault::RecorderWarming => Some((2, 0)),
            Fault::RecorderAbsent => Some((3, 2)),
            Fault::TypeNotRecorded => Some((4, 0)),
            Fault::ThrottledHard => Some((5, 1)),
            Fault::Hanging => Some((6, 1)),
            Fault::RepeatedToken => Some((7, 0)),
            Fault::Throttling | Fault::ServerErrors | Fault::ExpiredCredentials => None,
        }
    }

    /// Whether a fault lies on an account and region.
    pub(crate) fn hits(&self, fault: Fault, account: usize, region: usize) -> bool {
        let Some((rank, at)) = Self::target(fault) else { return false };
        self.faults.has(fault) && self.order[rank % self.order.len()] == account && at == region
    }

    /// Whether the account's role cannot be assumed.
    pub(crate) fn denied(&self, account: usize) -> bool {
        self.hits(Fault::AccountDenied, account, 0)
    }

    /// Whether a recorder records IAM: all do at home, some elsewhere too, and so AWS Config shows such an
    /// account's roles twice.
    pub(crate) fn records_global(account: usize, region: usize) -> bool {
        region == 0 || (region == 1 && account % 3 == 1)
    }

    /// Whether the recorder of an account and region takes up a type.
    pub(crate) fn records(&self, account: usize, region: usize, kind: Kind) -> bool {
        (!kind.global() || Self::records_global(account, region))
            && !(kind == NOT_RECORDED && self.hits(Fault::TypeNotRecorded, account, region))
    }

    /// Why AWS Config's answers of a whole region prove nothing; `None`: they do.
    pub(crate) fn region_gap(&self, account: usize, region: usize) -> Option<&'static str> {
        [
            (Fault::Hanging, "timeout"),
            (Fault::ThrottledHard, "throttled"),
            (Fault::RecorderAbsent, "recorder_absent"),
            (Fault::RecorderStopped, "recorder_stopped"),
            (Fault::RecorderWarming, "recorder_warming"),
        ]
        .into_iter()
        .find(|(fault, _)| self.hits(*fault, account, region))
        .map(|(_, reason)| reason)
    }

    /// Why a type of a region is not completely seen, by what concerns that type alone.
    pub(crate) fn type_gap(&self, account: usize, region: usize, kind: Kind) -> Option<&'static str> {
        if !self.records(account, region, kind) {
            return Some("type_not_recorded");
        }
        (kind == REPEATED && self.hits(Fault::RepeatedToken, account, region)).then_some("truncated")
    }

    /// Why a scope is incomplete; `None`: it is complete. A global type is complete where one of the
    /// regions that record it is.
    pub(crate) fn gap(&self, account: usize, region: usize, kind: Kind) -> Option<&'static str> {
        if self.denied(account) {
            return Some("role_denied");
        }
        let gap = |region| self.region_gap(account, region).or_else(|| self.type_gap(account, region, kind));
        if !kind.global() {
            return gap(region);
        }
        let mut recording =
            (0..REGION_COUNT).filter(|region| Self::records_global(account, *region)).map(gap);
        let first = recording.next().flatten();
        if first.is_some() && recording.all(|gap| gap.is_some()) { first } else { None }
    }

    /// The name of the region that a type's scope carries.
    pub(crate) const fn scope_region(region: usize, kind: Kind) -> &'static str {
        if kind.global() { GLOBAL } else { REGIONS[region] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_twelve_accounts_every_fault_has_an_account_of_its_own() {
        let placement = Placement::new(5, 12, &Faults::all());
        let mut hit = std::collections::BTreeSet::new();
        let mut count = 0;
        for fault in Fault::ALL.into_iter().filter(|fault| Placement::target(*fault).is_some()) {
            for account in 0..12 {
                for region in 0..REGION_COUNT {
                    if placement.hits(fault, account, region) {
                        hit.insert(account);
                        count += 1;
                    }
                }
            }
        }
        assert_eq!((hit.len(), count), (8, 8));
        assert!(!hit.contains(&0));
    }

    #[test]
    fn a_global_type_is_complete_where_one_recording_region_is() {
        let faults = Faults::none().with(Fault::RecorderWarming);
        let placement = Placement::new(5, 12, &faults);
        let hit = (0..12).find(|account| placement.hits(Fault::RecorderWarming, *account, 0)).unwrap();
        let expected = (!Placement::records_global(hit, 1)).then_some("recorder_warming");
        assert_eq!(placement.gap(hit, 0, Kind::Role), expected);
        assert_eq!(placement.gap(hit, 0, Kind::Bucket), Some("recorder_warming"));
        assert_eq!(placement.gap(hit, 1, Kind::Bucket), None);
    }
}
