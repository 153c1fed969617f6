//! What failed in an earlier run, looked at again: exactly the accounts, regions and types of its gaps.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::collector::{Again, Collector, ItemSink, SinkError};
use bestand_model::absence::finalise;
use bestand_model::account::Account;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{AccountCoverage, Coverage, CoverageLine, Reason};
use bestand_model::history::{AccountHistory, SeenTypes};
use bestand_model::identifiers::{AccountId, Region, RunId};
use bestand_model::resource_type::home_region;
use bestand_publisher::run_store::{RunStore, RunStoreError};
use jiff::Timestamp;

use super::report::Rechecked;
use crate::error::Error;
use crate::settings::Settings;

/// The gaps of a run.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    pub(super) by_account: BTreeMap<AccountId, Vec<CoverageLine>>,
}

/// Reads the gaps of a run. One that ended before its ledger was written has none to name: then all is looked at.
pub(super) fn complaints(store: &RunStore, run: &RunId) -> Result<Option<Complaints>, Error> {
    let lines = match store.run(run)?.read_ndjson::<CoverageLine>("coverage") {
        Ok(lines) => lines,
        Err(RunStoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut complaints = Complaints::default();
    for line in lines {
        let line = line?;
        if matches!(line.coverage(), Coverage::Incomplete(reason) if reason.is_gap()) {
            complaints.by_account.entry(line.account_id.clone()).or_default().push(line);
        }
    }
    Ok(Some(complaints))
}

/// Gives the regions that gaps lie in; none: all of the account's.
pub(super) fn regions(lines: &[CoverageLine]) -> Option<BTreeSet<Region>> {
    let mut regions = BTreeSet::new();
    for line in lines {
        let region = line.region.clone()?;
        if region.as_str() == Region::GLOBAL {
            // A type of no region is looked for where it is recorded: at home, or everywhere.
            regions.insert(line.resource_type.as_ref().and_then(home_region)?);
        } else {
            regions.insert(region);
        }
    }
    Some(regions)
}

/// What it takes to look again.
pub(super) struct Recheck<'a> {
    pub(super) settings: &'a Settings,
    pub(super) store: &'a RunStore,
    pub(super) collector: &'a Collector,
    pub(super) now: Timestamp,
}

impl Recheck<'_> {
    /// Looks at an account's gaps again, and judges them as a run would.
    pub(super) async fn account(
        &self,
        account: &Account,
        lines: &[CoverageLine],
    ) -> Result<Vec<Rechecked>, Error> {
        let mut named = Again::default();
        for line in lines {
            match (&line.region, &line.resource_type) {
                (Some(region), None) => {
                    named.regions.insert(region.clone());
                }
                (region, Some(of)) => {
                    named.scopes.insert((region.clone(), of.clone()));
                }
                (None, None) => {}
            }
        }
        // What earlier runs left is read, and nothing is written: this is no look that counts.
        let mut seen = Seen(self.store.read_history("types")?.unwrap_or_default());
        let read = self.collector.collect_again(account, &named, &mut seen).await?;
        let history: AccountHistory =
            self.store.read_history(&format!("accounts/{}", account.id))?.unwrap_or_default();
        let accepted = |line: &CoverageLine, reason: Reason| {
            self.settings.coverage.accepted.iter().any(|gap| gap.covers(line, reason, self.now))
        };
        let mut ledger = AccountCoverage::new(read.lines);
        finalise(&mut ledger, &seen.0, &history.scopes, &self.settings.retire, self.now, accepted);
        let of = |line: &CoverageLine| {
            let accepted = line.reason.is_some_and(|reason| accepted(line, reason));
            Rechecked { accepted, ..verdict(line, &ledger) }
        };
        Ok(lines.iter().map(of).collect())
    }
}

/// Holds a gap against the new ledger.
fn verdict(was: &CoverageLine, ledger: &AccountCoverage) -> Rechecked {
    let whole = ledger.account_line();
    let line = match (&was.region, &was.resource_type) {
        (Some(region), Some(of)) => {
            ledger.type_line(region, of).or_else(|| ledger.region_line(region)).or(whole)
        }
        (Some(region), None) => ledger.region_line(region).or(whole),
        // Without a line of its own the account as a whole could be read.
        (None, _) => whole,
    };
    let now = match (&was.region, &was.resource_type) {
        (Some(region), Some(of)) => ledger.of(region, of),
        (Some(_), None) => line.map_or(Coverage::Incomplete(Reason::RegionDisabled), CoverageLine::coverage),
        (None, _) => line.map_or(Coverage::Complete, CoverageLine::coverage),
    };
    Rechecked {
        account_id: was.account_id.clone(),
        region: was.region.clone(),
        resource_type: was.resource_type.clone(),
        was: was.reason.unwrap_or(Reason::ServiceError),
        accepted: false,
        mended: now.is_complete(),
        now: match now {
            Coverage::Complete => None,
            Coverage::Incomplete(reason) => Some(reason),
        },
        detail: line.filter(|_| !now.is_complete()).and_then(|line| line.detail.clone()),
    }
}

/// Notes which types are there, and lets the items go.
struct Seen(SeenTypes);

impl ItemSink for Seen {
    fn accept(&mut self, item: ConfigurationItem) -> Result<(), SinkError> {
        self.0.add(&item.region, &item.resource_type);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(region: Option<&str>, of: Option<&str>, reason: Option<Reason>) -> CoverageLine {
        let account: AccountId = "111122223333".parse().unwrap();
        let (region, of) = (region.map(Region::from), of.map(Into::into));
        match reason {
            Some(reason) => CoverageLine::incomplete(account, region, of, reason, "detail"),
            None => CoverageLine::complete(account, region, of),
        }
    }

    #[test]
    fn only_the_regions_of_gaps_are_looked_at_unless_one_has_none() {
        let gap = Some(Reason::Throttled);
        let names = |lines: &[CoverageLine]| {
            regions(lines).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let ireland = line(Some("eu-west-1"), Some("AWS::EC2::VPC"), gap);
        assert_eq!(names(std::slice::from_ref(&ireland)), Some(vec!["eu-west-1".to_owned()]));
        let distribution = line(Some("global"), Some("AWS::CloudFront::Distribution"), gap);
        assert_eq!(names(&[ireland.clone(), distribution]).unwrap(), ["eu-west-1", "us-east-1"]);
        assert_eq!(names(&[ireland.clone(), line(Some("global"), Some("AWS::IAM::Role"), gap)]), None);
        assert_eq!(names(&[ireland, line(None, None, gap)]), None);
    }

    #[test]
    fn a_gap_is_mended_where_its_own_scope_is_complete_now() {
        let was = |region, of| line(region, of, Some(Reason::RoleDenied));
        let (here, vpc) = (Some("eu-west-1"), Some("AWS::EC2::VPC"));
        for (ledger, region, of, now) in [
            (vec![line(here, None, None)], None, None, None),
            (vec![line(None, None, Some(Reason::RoleDenied))], None, None, Some(Reason::RoleDenied)),
            (vec![line(None, None, Some(Reason::RoleDenied))], here, vpc, Some(Reason::RoleDenied)),
            (vec![line(here, None, None)], here, None, None),
            (vec![line(here, None, None)], here, vpc, Some(Reason::TypeNeverSeen)),
            (vec![line(here, None, None), line(here, vpc, None)], here, vpc, None),
            (vec![line(here, None, Some(Reason::Timeout))], here, vpc, Some(Reason::Timeout)),
            (vec![], here, None, Some(Reason::RegionDisabled)),
        ] {
            let found = verdict(&was(region, of), &AccountCoverage::new(ledger));
            assert_eq!((found.mended, found.now), (now.is_none(), now), "{region:?} {of:?}");
        }
    }
}
