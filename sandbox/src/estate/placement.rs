//! Which account and region each fault hits.

use super::{
    accounts::{GLOBAL, REGION_COUNT, REGIONS},
    code::hash,
    kind::Kind,
};
use crate::faults::{Fault, Faults};

/// Where the faults lie. Each has an account, or an account and region, of its own as long as there are twelve
/// accounts; the first account, the organisation's management account, is left alone unless it is the only one.
#[derive(Debug, Clone)]
pub(crate) struct Placement {
    faults: Faults,
    order: Vec<usize>,
    /// Faults with the places that somebody wrote down, in the place of those that the seed gives.
    scripted: Vec<(Fault, usize, Option<usize>)>,
}

/// The place of a fault: the account by its rank in the seed's order, and the region; without one the fault hits
/// the whole account.
#[derive(Debug, Clone, Copy)]
struct Target {
    rank: usize,
    region: Option<usize>,
}

/// The type that `type_not_recorded` leaves out.
pub(crate) const NOT_RECORDED: Kind = Kind::Table;
/// The type whose listing `repeated_token` breaks: the commonest, so that it is asked for on its own.
pub(crate) const REPEATED: Kind = Kind::Instance;
/// The type that `count_mismatch` counts too high.
pub(crate) const MISCOUNTED: Kind = Kind::Queue;
/// The type that `unrecorded` keeps from AWS Config: one that EC2 shows.
pub(crate) const UNRECORDED: Kind = Kind::Instance;
/// The type whose keys `unprocessed_keys` never processes: one that is read by BatchGet.
pub(crate) const UNPROCESSED: Kind = Kind::UserPool;
/// The type that `collapsed` shrinks: one that no other service can be asked about.
pub(crate) const COLLAPSED: Kind = Kind::Function;

/// What must be there for its fault to show, in an estate that is not tiny; it is there without the fault as well.
const ALWAYS_THERE: [(Fault, Kind, u32); 4] = [
    (Fault::Collapsed, COLLAPSED, 24),
    (Fault::RepeatedToken, REPEATED, 6),
    (Fault::Unrecorded, UNRECORDED, 4),
    (Fault::UnprocessedKeys, UNPROCESSED, 4),
];

impl Placement {
    /// Places the faults over so many accounts.
    pub(crate) fn new(seed: u64, accounts: usize, faults: &Faults) -> Self {
        let mut order: Vec<usize> = (1..accounts).collect();
        order.sort_by_key(|account| hash(&[seed, *account as u64, 4]));
        if order.is_empty() {
            order.push(0);
        }
        Self { faults: faults.clone(), order, scripted: Vec::new() }
    }

    /// Faults with their accounts and regions; without a region a fault hits the whole account.
    pub(crate) fn scripted(scripted: Vec<(Fault, usize, Option<usize>)>) -> Self {
        Self { faults: Faults::none(), order: vec![0], scripted }
    }

    pub(crate) const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The place of a fault; `None` for those that hit everybody.
    const fn target(fault: Fault) -> Option<Target> {
        let (rank, region) = match fault {
            Fault::AccountDenied => (0, None),
            Fault::RecorderStopped => (1, Some(1)),
            Fault::RecorderFailing => (1, Some(2)),
            Fault::CountMismatch => (1, Some(0)),
            Fault::RecorderWarming => (2, Some(0)),
            Fault::RecorderPending => (2, Some(1)),
            Fault::RecorderAbsent => (3, Some(2)),
            Fault::RecorderUnknown => (3, Some(1)),
            Fault::Unrecorded => (3, Some(0)),
            Fault::TypeNotRecorded => (4, Some(0)),
            Fault::RegionDenied => (4, Some(1)),
            Fault::ServiceError => (4, Some(2)),
            Fault::ThrottledHard => (5, Some(1)),
            Fault::UnprocessedKeys => (5, Some(0)),
            Fault::Hanging => (6, Some(1)),
            Fault::Collapsed => (6, Some(0)),
            Fault::RepeatedToken => (7, Some(0)),
            Fault::AggregatorStale => (7, Some(1)),
            Fault::AggregatorFailed => (7, Some(2)),
            Fault::Onboarding => (8, None),
            Fault::LeftOut => (9, None),
            Fault::SlowAccount => (10, None),
            Fault::Throttling | Fault::ServerErrors | Fault::ExpiredCredentials => return None,
        };
        Some(Target { rank, region })
    }

    /// The account in which a fault lies or would lie.
    fn account(&self, target: Target) -> usize {
        self.order[target.rank % self.order.len()]
    }

    /// Whether a fault lies on an account and region.
    pub(crate) fn hits(&self, fault: Fault, account: usize, region: usize) -> bool {
        let written = |(of, at, within): &(Fault, usize, Option<usize>)| {
            (*of, *at) == (fault, account) && within.is_none_or(|within| within == region)
        };
        if self.scripted.iter().any(written) {
            return true;
        }
        let Some(target) = Self::target(fault) else { return false };
        self.faults.has(fault)
            && self.account(target) == account
            && target.region.is_none_or(|at| at == region)
            // The management account lies in no organisational unit.
            && (fault != Fault::LeftOut || account != 0)
    }

    /// Whether an account lies in the organisational unit that `left_out` is about, with or without that fault.
    pub(crate) fn in_left_out_unit(&self, account: usize) -> bool {
        account != 0 && Self::target(Fault::LeftOut).is_some_and(|target| self.account(target) == account)
    }

    /// Resources that are there on top of what the shares give: account, region, type and number.
    pub(crate) fn always_there(&self) -> impl Iterator<Item = (usize, usize, Kind, u32)> + '_ {
        ALWAYS_THERE.into_iter().filter_map(|(fault, kind, count)| {
            let target = Self::target(fault)?;
            Some((self.account(target), target.region?, kind, count))
        })
    }

    /// Whether the account's role cannot be assumed.
    pub(crate) fn denied(&self, account: usize) -> bool {
        [Fault::AccountDenied, Fault::Onboarding].into_iter().any(|fault| self.hits(fault, account, 0))
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

    /// Why nothing of an account can be seen; `None`: it can be entered.
    pub(crate) fn account_gap(&self, account: usize) -> Option<&'static str> {
        self.reason(
            &[
                (Fault::LeftOut, "not_requested"),
                (Fault::Onboarding, "onboarding"),
                (Fault::AccountDenied, "role_denied"),
            ],
            account,
            0,
        )
    }

    /// Why AWS Config's answers of a whole region prove nothing; `None`: they do.
    pub(crate) fn region_gap(&self, account: usize, region: usize) -> Option<&'static str> {
        self.reason(
            &[
                (Fault::RegionDenied, "region_denied"),
                (Fault::Hanging, "timeout"),
                (Fault::ThrottledHard, "throttled"),
                (Fault::ServiceError, "service_error"),
                (Fault::RecorderAbsent, "recorder_absent"),
                (Fault::RecorderUnknown, "recorder_unknown"),
                (Fault::RecorderStopped, "recorder_stopped"),
                (Fault::RecorderFailing, "recorder_failing"),
                (Fault::RecorderPending, "recorder_pending"),
                (Fault::RecorderWarming, "recorder_warming"),
            ],
            account,
            region,
        )
    }

    /// Why a type of a region is not completely seen, by what concerns that type alone.
    pub(crate) fn type_gap(&self, account: usize, region: usize, kind: Kind) -> Option<&'static str> {
        if !self.records(account, region, kind) {
            return Some("type_not_recorded");
        }
        let of_kind = [
            (REPEATED, Fault::RepeatedToken, "truncated"),
            (UNPROCESSED, Fault::UnprocessedKeys, "truncated"),
            (MISCOUNTED, Fault::CountMismatch, "count_mismatch"),
            (UNRECORDED, Fault::Unrecorded, "unrecorded"),
            (COLLAPSED, Fault::Collapsed, "collapsed"),
        ];
        of_kind
            .into_iter()
            .find(|(of, fault, _)| *of == kind && self.hits(*fault, account, region))
            .map(|(_, _, reason)| reason)
    }

    fn reason(
        &self,
        reasons: &[(Fault, &'static str)],
        account: usize,
        region: usize,
    ) -> Option<&'static str> {
        reasons.iter().find(|(fault, _)| self.hits(*fault, account, region)).map(|(_, reason)| *reason)
    }

    /// Why a scope is incomplete; `None`: it is complete. A global type is complete where one of the
    /// regions that record it is.
    pub(crate) fn gap(&self, account: usize, region: usize, kind: Kind) -> Option<&'static str> {
        if let Some(reason) = self.account_gap(account) {
            return Some(reason);
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

    /// Whether the aggregator's copy of an account and region is not up to date, and in which state it is.
    pub(crate) fn aggregator_status(&self, account: usize, region: usize) -> &'static str {
        let states = [(Fault::AggregatorStale, "OUTDATED"), (Fault::AggregatorFailed, "FAILED")];
        self.reason(&states, account, region).unwrap_or("SUCCEEDED")
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
    fn with_twelve_accounts_every_fault_has_a_place_of_its_own() {
        let placement = Placement::new(5, 12, &Faults::all());
        let mut hit = std::collections::BTreeSet::new();
        let mut count = 0;
        for fault in Fault::ALL.into_iter().filter(|fault| Placement::target(*fault).is_some()) {
            for account in 0..12 {
                for region in 0..REGION_COUNT {
                    if placement.hits(fault, account, region) {
                        hit.insert((account, region));
                        count += 1;
                    }
                }
            }
        }
        // Four faults hit three regions each, eighteen hit one.
        assert_eq!((hit.len(), count), (4 * REGION_COUNT + 18, 4 * REGION_COUNT + 18));
        assert!(hit.iter().all(|(account, _)| *account != 0));
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
