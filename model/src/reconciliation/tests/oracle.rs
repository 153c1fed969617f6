//! When a retire is allowed, worked out a second time and naively: by asking every line and every item.

use std::collections::{BTreeMap, BTreeSet};

use super::small_estates::global;
use super::support::*;
use crate::account::AccountState;
use crate::arn::Arn;
use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::attribute;
use crate::history::AccountHistory;
use crate::identifiers::{Region, ResourceId, ResourceType};
use crate::reconciliation::AccountReconciliation;
use crate::reconciliation::judge::item_name;

/// Hours at which an asset was found absent by a look that counts.
#[derive(Default)]
pub(super) struct Oracle {
    looks: BTreeMap<AssetKey, Vec<i64>>,
    ever_live: BTreeMap<AssetKey, bool>,
}

type Names = (Option<Arn>, Option<Region>, Option<ResourceType>, Option<ResourceId>);

impl Oracle {
    /// Follows one run and tells whether an entry may be retired in it.
    pub(super) fn may_retire(
        &mut self,
        estate: &Estate,
        result: &AccountReconciliation,
        entry: &PublishedAsset,
        before: &AccountHistory,
        hour: i64,
    ) -> bool {
        let key = entry.asset_key;
        let asset = result.assets.iter().find(|asset| asset.published.contains(&key)).unwrap();
        let records: Vec<&AssetRecord> =
            estate.records.iter().filter(|record| asset.records.contains(&record.row_key)).collect();
        let mut names: Vec<Names> =
            vec![(entry.arn(), entry.region(), entry.resource_type(), entry.resource_id())];
        // In a quarrel nobody can say which of the rows is this entry's: their names are nobody's sighting.
        let alone = records.len() <= 1 && asset.published.len() <= 1;
        names.extend(records.iter().filter(|_| alone).map(|record| {
            (
                record.arn.clone(),
                record.region.clone(),
                record.resource_type.clone(),
                record.resource_id.clone(),
            )
        }));
        let others = others(estate, result, before, key);
        if !asset.items.is_empty() || names.iter().any(|names| is_seen(estate, names, &others)) {
            self.looks.remove(&key);
            // Of several that may be meant none was surely seen.
            let surely = asset.items.len() == 1 && asset.published.len() == 1 && records.len() <= 1;
            *self.ever_live.entry(key).or_default() |= surely;
            return false;
        }
        let planned = records.iter().any(|record| record.lifecycle == Lifecycle::Planned);
        let complete = match estate.state {
            AccountState::Active => names.iter().all(|names| is_complete(estate, names)),
            // A person says that the account is gone, and with it all that was there.
            AccountState::Decommissioned => names.iter().all(|(arn, ..)| !is_foreign(arn.as_ref())),
            AccountState::Inactive | AccountState::Unknown | AccountState::LeftOut => false,
        };
        if planned {
            // Nobody expects it to live: patience begins anew after that.
            self.looks.remove(&key);
        }
        if entry.state == AssetState::Retired || records.len() > 1 || planned || !complete {
            return false;
        }
        let looks = self.looks.entry(key).or_default();
        if looks.last().is_none_or(|last| hour - last >= 12) {
            looks.push(hour);
        }
        let patient = looks.len() >= 2 && looks.first().is_some_and(|first| hour - first >= 48);
        let vouched = records.iter().any(|record| record.lifecycle == Lifecycle::Active);
        let once_live = self.ever_live.get(&key).copied().unwrap_or_default()
            || entry.attributes.get(attribute::VERIFICATION) == Some(&"live".into());
        patient && (!vouched || once_live)
    }
}

/// Items that are known to be other assets: a record speaks of them, or both were once seen.
fn others(
    estate: &Estate,
    result: &AccountReconciliation,
    before: &AccountHistory,
    key: AssetKey,
) -> BTreeSet<String> {
    let last_seen = before.assets.get(&key).and_then(|history| history.last_seen);
    let names = estate.items.iter().map(item_name);
    names
        .filter(|name| {
            let mut of_item = result.assets.iter().filter(|asset| asset.items.contains(name));
            of_item.any(|asset| {
                let first_seen = before.assets.get(&asset.asset_key).and_then(|history| history.first_seen);
                let both = first_seen.is_some_and(|first| last_seen.is_some_and(|last| first <= last));
                asset.items.len() == 1 && (asset.records.len() == 1 || (both && asset.records.is_empty()))
            })
        })
        .collect()
}

fn is_seen(estate: &Estate, (arn, region, kind, id): &Names, others: &BTreeSet<String>) -> bool {
    estate.items.iter().any(|item| {
        let home = if kind.as_ref().is_some_and(|kind| kind.as_str() == ROLE) {
            Some(global())
        } else {
            region.clone().or_else(|| arn.as_ref().and_then(Arn::region))
        };
        let namesake = home.is_some_and(|home| home != item.region)
            && kind.as_ref().is_some_and(|kind| kind.as_str() != BUCKET)
            && others.contains(&item_name(item));
        let same_arn = arn.is_some() && *arn == item.arn;
        let same_kind = kind.as_ref().is_none_or(|kind| *kind == item.resource_type);
        let end = format!(":{}", item.resource_id);
        let perhaps = arn.as_ref().is_some_and(|arn| arn.as_str().replace('/', ":").ends_with(&end));
        same_arn
            || (item.arn.is_none() && perhaps)
            || (same_kind && !namesake && id.as_ref() == Some(&item.resource_id))
    })
}

fn is_foreign(arn: Option<&Arn>) -> bool {
    arn.and_then(Arn::account_id).is_some_and(|home| home != account())
}

fn is_complete(estate: &Estate, (arn, region, kind, _): &Names) -> bool {
    if is_foreign(arn.as_ref()) {
        return false;
    }
    let said = |region: &Region, kind: Option<&ResourceType>| {
        estate.lines.iter().any(|line| {
            line.region.as_ref() == Some(region)
                && line.resource_type.as_ref() == kind
                && line.coverage().is_complete()
        })
    };
    // Of an unknown type nobody can say where it would have been found.
    let Some(kind) = kind else { return false };
    if kind.as_str() == ROLE {
        return said(&global(), Some(kind));
    }
    let regions: Vec<Region> = match arn {
        Some(arn) => arn.region().into_iter().collect(),
        None => region.iter().cloned().collect(),
    };
    if regions.is_empty() {
        let known =
            estate.lines.iter().filter_map(|line| line.region.clone()).filter(|region| *region != global());
        return known.into_iter().all(|region| said(&region, Some(kind)));
    }
    regions.iter().all(|region| said(region, Some(kind)))
}
