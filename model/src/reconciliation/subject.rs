//! What speaks of one asset, and the keys under which the register may know it.

use crate::arn::Arn;
use crate::asset::{AssetKey, KeyBasis, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;
use crate::identification::{Identification, Pair, Rule, Tangle, shared_by_several};
use crate::identifiers::{AccountId, AssetId, Region, ResourceId, ResourceType};
use crate::resource_type::is_global;

/// A record and a live item, or one of them, or neither (only the register speaks of it).
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub(super) item: Option<&'a ConfigurationItem>,
    pub(super) record: Option<&'a AssetRecord>,
    pub(super) rule: Option<Rule>,
    /// Whether the record speaks for other items besides: what it says of itself says nothing of this one.
    pub(super) one_of_many: bool,
    /// Whether it got no entry, but one of its place is there and went to somebody else.
    pub(super) doubles_an_entry: bool,
    /// The keys that it may have, the one to mint first.
    pub(super) keys: Vec<AssetKey>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        environment: &str,
        account: Option<&AccountId>,
        record: Option<&'a AssetRecord>,
        item: Option<&'a ConfigurationItem>,
        rule: Option<Rule>,
    ) -> Self {
        let keys = candidate_keys(environment, account, record, item);
        Self { item, record, rule, one_of_many: false, doubles_an_entry: false, keys }
    }

    /// An item for which a record speaks as for others: it goes by the item's own keys.
    fn one_of_many(
        environment: &str,
        account: Option<&AccountId>,
        record: &'a AssetRecord,
        item: &'a ConfigurationItem,
        rule: Option<Rule>,
    ) -> Self {
        let keys = candidate_keys(environment, account, None, Some(item));
        Self {
            item: Some(item),
            record: Some(record),
            rule,
            one_of_many: true,
            doubles_an_entry: false,
            keys,
        }
    }

    pub(super) fn of_published(asset: &PublishedAsset) -> Self {
        Self {
            item: None,
            record: None,
            rule: None,
            one_of_many: false,
            doubles_an_entry: false,
            keys: vec![asset.asset_key],
        }
    }

    pub(super) fn arn(&self) -> Option<&'a Arn> {
        self.item
            .and_then(|item| item.arn.as_ref())
            .or_else(|| self.record.and_then(|record| record.arn.as_ref()))
    }

    pub(super) fn resource(&self) -> Option<(&'a ResourceType, &'a ResourceId)> {
        self.item.map(|item| (&item.resource_type, &item.resource_id)).or_else(|| {
            let record = self.record?;
            record.resource_type.as_ref().zip(record.resource_id.as_ref())
        })
    }

    pub(super) fn region(&self) -> Option<Region> {
        if self.resource().is_some_and(|(kind, _)| is_global(kind)) {
            return Some(Region::global());
        }
        let of_record = || self.record.and_then(|record| record.region.clone());
        self.item
            .map(|item| item.region.clone())
            .or_else(of_record)
            .or_else(|| self.arn().and_then(Arn::region))
    }

    pub(super) fn asset_id(&self) -> Option<&'a AssetId> {
        self.record.and_then(|record| record.asset_id.as_ref())
    }

    /// Tells whether a rule of the settings found the item in another region than the record says.
    pub(super) fn has_moved(&self) -> bool {
        let by_settings = self.rule.as_ref().is_some_and(Rule::is_of_settings) && !self.one_of_many;
        let (Some(item), Some(record)) = (self.item.filter(|_| by_settings), self.record) else {
            return false;
        };
        let of_arn = record.arn.as_ref().and_then(Arn::region);
        !is_global(&item.resource_type)
            && record.region.iter().chain(&of_arn).any(|region| *region != item.region)
    }

    /// Gives the id by which its entry may be known: one that the record gives to this asset alone.
    pub(super) fn own_asset_id(&self) -> Option<&'a AssetId> {
        self.asset_id().filter(|_| !self.one_of_many)
    }
}

/// Makes the keys that a subject may have in the register: it may have been published when less was known of
/// it, so a live item's ARN, its scope, and what the record alone gives are all tried.
fn candidate_keys(
    environment: &str,
    account: Option<&AccountId>,
    record: Option<&AssetRecord>,
    item: Option<&ConfigurationItem>,
) -> Vec<AssetKey> {
    let mut keys: Vec<AssetKey> = Vec::with_capacity(4);
    let mut add = |basis: KeyBasis<'_>| {
        let key = AssetKey::mint(environment, &basis);
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    if let Some(item) = item {
        let arn = item.arn.as_ref().map(KeyBasis::Arn);
        let scope =
            KeyBasis::Scope(&item.account_id, Some(&item.region), &item.resource_type, &item.resource_id);
        // A key stays for good: it does not rest on an ARN that AWS Config did not give.
        let bases = if item.arn_built { [Some(scope), arn] } else { [arn, Some(scope)] };
        bases.into_iter().flatten().for_each(&mut add);
    }
    if let Some(record) = record {
        if let Some(arn) = &record.arn {
            add(KeyBasis::Arn(arn));
        }
        let account = record.account_id.as_ref().or(account);
        if let (Some(account), Some(kind), Some(id)) = (account, &record.resource_type, &record.resource_id) {
            add(KeyBasis::Scope(account, record.region.as_ref(), kind, id));
        }
        if !record.aws {
            add(KeyBasis::Row(&record.row_key));
        }
    }
    if let Some(record) = record.filter(|_| keys.is_empty()) {
        // Neither ARN nor scope: the row itself is all that there is.
        keys.push(AssetKey::mint(environment, &KeyBasis::Row(&record.row_key)));
    }
    keys
}

/// Turns an identification into subjects with distinct keys. What would share a key is ambiguous.
pub(super) fn gather<'a>(
    environment: &str,
    identification: &Identification,
    items: &[&'a ConfigurationItem],
    records: &[&'a AssetRecord],
    account: Option<&AccountId>,
) -> (Vec<Subject<'a>>, Vec<Tangle>) {
    let paired = identification.pairs.iter().map(|pair| (Some(pair.record), Some(pair.item), Some(pair)));
    let records_alone = identification.records_alone.iter().map(|record| (Some(*record), None, None));
    let items_alone = identification.items_alone.iter().map(|item| (None, Some(*item), None));
    let parties: Vec<(Option<usize>, Option<usize>, Option<&Pair>)> =
        paired.chain(records_alone).chain(items_alone).collect();
    let subjects: Vec<Subject<'a>> = parties
        .iter()
        .map(|(record, item, pair)| {
            let record = record.and_then(|index| records.get(index).copied());
            let item = item.and_then(|index| items.get(index).copied());
            let rule = pair.map(|pair| pair.rule.clone());
            match (record, item, pair) {
                (Some(record), Some(item), Some(Pair { many: true, .. })) => {
                    Subject::one_of_many(environment, account, record, item, rule)
                }
                _ => Subject::new(environment, account, record, item, rule),
            }
        })
        .collect();

    let primary =
        subjects.iter().enumerate().filter_map(|(index, subject)| Some((*subject.keys.first()?, index)));
    let mut tangles = identification.tangles.clone();
    let mut taken = vec![false; subjects.len()];
    for (_, members) in shared_by_several(primary) {
        let mut tangle = Tangle::default();
        for member in members {
            if let (Some((record, item, _)), Some(mark)) = (parties.get(member), taken.get_mut(member)) {
                *mark = true;
                tangle.records.extend(record);
                tangle.items.extend(item);
            }
        }
        tangles.push(tangle);
    }
    let subjects = subjects.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(subject, _)| subject);
    (subjects.collect(), tangles)
}
