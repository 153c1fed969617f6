//! Types that the source register speaks of and no recorder takes. Pure.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::collector::Interest;
use bestand_collector::doctor::{ExaminedAccount, ExaminedRegion};
use bestand_model::identifiers::{Region, ResourceType};
use bestand_model::resource_type::{TypeClass, TypePolicy, home_region, is_global};

/// Gives them by region, those of no region under `global`.
///
/// Where a recorder is not to be believed nobody knows what it takes: that is a gap of its own.
pub(super) fn left_out(
    account: &ExaminedAccount,
    interest: &Interest,
    types: &TypePolicy,
) -> BTreeMap<Region, BTreeSet<ResourceType>> {
    let mut left_out: BTreeMap<Region, BTreeSet<ResourceType>> = BTreeMap::new();
    let healthy = || account.regions.iter().filter(|region| region.recorder.healthy);
    for (region, of) in &interest.scopes {
        if types.class(of) == TypeClass::NeverAsked {
            continue;
        }
        if is_global(of) {
            let home = home_region(of);
            let mut witnesses =
                healthy().filter(|region| home.as_ref().is_none_or(|home| region.region == *home));
            // One region that records the type is enough (SEMANTICS 2.7).
            if healthy().count() > 0
                && !witnesses.any(|region| region.records(of))
                && all_seen(account, home.as_ref())
            {
                left_out.entry(Region::global()).or_default().insert(of.clone());
            }
            continue;
        }
        let here =
            |examined: &&ExaminedRegion| region.as_ref().is_none_or(|region| examined.region == *region);
        for examined in healthy().filter(here).filter(|examined| !examined.records(of)) {
            left_out.entry(examined.region.clone()).or_default().insert(of.clone());
        }
    }
    left_out
}

/// A recorder that was not read may be the one that takes the type.
fn all_seen(account: &ExaminedAccount, home: Option<&Region>) -> bool {
    let mut regions =
        account.regions.iter().filter(|region| home.is_none_or(|home| region.region == *home)).peekable();
    regions.peek().is_some() && regions.all(|region| region.recorder.healthy)
}
