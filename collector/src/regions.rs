//! Which regions of an account are read, and why the others are not.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::coverage::Reason;
use bestand_model::identifiers::Region;

/// The regions of one account.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct ChosenRegions {
    /// Enabled, and not left out.
    pub(crate) read: BTreeSet<Region>,
    /// Why the others are not read.
    pub(crate) left_out: BTreeMap<Region, (Reason, &'static str)>,
}

/// Intersects what the account has with what the settings ask for; regions that records or published assets
/// name are accounted for in any case (SEMANTICS 2.8).
pub(crate) fn choose<'a>(
    enabled: BTreeSet<Region>,
    asked: &[Region],
    named: impl IntoIterator<Item = &'a Region>,
) -> ChosenRegions {
    let mut chosen = ChosenRegions::default();
    for region in named {
        if !enabled.contains(region) && region.as_str() != Region::GLOBAL {
            let detail = "the region is not enabled in the account, or there is none of this name";
            chosen.left_out.insert(region.clone(), (Reason::RegionDisabled, detail));
        }
    }
    for region in asked.iter().filter(|region| !enabled.contains(region)) {
        let detail = "the settings ask for the region, but it is not enabled in the account, or there is none of this name";
        chosen.left_out.insert(region.clone(), (Reason::RegionDisabled, detail));
    }
    for region in enabled {
        if asked.is_empty() || asked.contains(&region) {
            chosen.read.insert(region);
        } else {
            chosen.left_out.insert(region, (Reason::NotRequested, "the settings leave the region out"));
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(names: &[&str]) -> Vec<Region> {
        names.iter().map(|name| Region::from(*name)).collect()
    }

    fn reason(chosen: &ChosenRegions, region: &str) -> Option<Reason> {
        chosen.left_out.get(&Region::from(region)).map(|(reason, _)| *reason)
    }

    #[test]
    fn without_settings_every_enabled_region_is_read() {
        let enabled: BTreeSet<_> = regions(&["eu-central-1", "us-east-1"]).into_iter().collect();
        let chosen = choose(enabled.clone(), &[], &regions(&["global", "us-east-1"]));
        assert_eq!((chosen.read, chosen.left_out.len()), (enabled, 0));
    }

    #[test]
    fn what_is_not_read_says_why() {
        let enabled: BTreeSet<_> = regions(&["eu-central-1", "us-east-1"]).into_iter().collect();
        let chosen =
            choose(enabled, &regions(&["eu-central-1", "eu-mond-1"]), &regions(&["me-south-1", "us-east-1"]));
        assert_eq!(chosen.read, regions(&["eu-central-1"]).into_iter().collect());
        assert_eq!(reason(&chosen, "us-east-1"), Some(Reason::NotRequested));
        assert_eq!(reason(&chosen, "eu-mond-1"), Some(Reason::RegionDisabled));
        assert_eq!(reason(&chosen, "me-south-1"), Some(Reason::RegionDisabled));
    }
}
