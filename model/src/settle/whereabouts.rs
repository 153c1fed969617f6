//! Missing assets that live in another account (SEMANTICS 2.4).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::arn::Arn;
use crate::asset::AssetKey;
use crate::configuration_item::ConfigurationItem;
use crate::identification::{IdentificationRule, IdentificationRules, ItemKey};
use crate::identifiers::{AccountId, ResourceId, ResourceType};
use crate::proof::{Elsewhere, Missing};
use crate::resource_id;

/// Looks for missing assets in all accounts but their own. It sees every item of every account once and keeps
/// only what matches: memory grows with what is missing, not with the estate.
///
/// Their own accounts need no look: reconciling them has found what there is.
#[derive(Debug, Default)]
pub struct Whereabouts {
    rules: BTreeMap<usize, Arc<IdentificationRule>>,
    missing: Vec<(AccountId, AssetKey)>,
    by_arn: HashMap<Arn, Vec<usize>>,
    by_id: HashMap<(ResourceType, ResourceId), Vec<usize>>,
    /// By rule, then by what a record says to it.
    by_key: BTreeMap<usize, HashMap<String, Vec<Sought>>>,
    seen_in: BTreeMap<usize, Elsewhere>,
}

/// One missing asset, and the types that its record may mean.
#[derive(Debug)]
struct Sought {
    index: usize,
    types: Option<BTreeSet<ResourceType>>,
}

impl Whereabouts {
    /// Looks by these rules besides.
    pub fn new(rules: &IdentificationRules) -> Self {
        let rules = rules.of_settings().map(|(at, rule)| (at, Arc::clone(rule))).collect();
        Self { rules, ..Self::default() }
    }

    /// Adds an account's missing asset, if anything could be the same resource elsewhere: its ARN, an id that AWS
    /// itself makes unique, or what a rule of the settings knows it by.
    pub fn look_for(&mut self, account: &AccountId, missing: &Missing) {
        let index = self.missing.len();
        let mut sought = false;
        if let Some(arn) = &missing.arn {
            self.by_arn.entry(arn.clone()).or_default().push(index);
            sought = true;
        }
        if let Some((kind, id)) =
            missing.resource.as_ref().filter(|(kind, id)| resource_id::is_unique(kind, id))
        {
            self.by_id.entry((kind.clone(), id.clone())).or_default().push(index);
            sought = true;
        }
        for key in &missing.keys {
            let of_rule = self.by_key.entry(key.rule).or_default();
            of_rule.entry(key.key.clone()).or_default().push(Sought { index, types: key.types.clone() });
            sought = true;
        }
        if sought {
            self.missing.push((account.clone(), missing.asset_key));
        }
    }

    /// Tells whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    /// Looks at one item; `doubtful`: it was seen in an incomplete scope only.
    pub fn see(&mut self, item: &ConfigurationItem, doubtful: bool) {
        let by_arn = item.arn.as_ref().and_then(|arn| self.by_arn.get(arn));
        let by_id = self.by_id.get(&(item.resource_type.clone(), item.resource_id.clone()));
        let by_key = self.by_key.iter().filter_map(|(rule, sought)| {
            let ItemKey::Key(key) = self.rules.get(rule)?.item_key(item) else { return None };
            sought.get(&key)
        });
        let of_type =
            |of: &&Sought| of.types.as_ref().is_none_or(|types| types.contains(&item.resource_type));
        let by_key: Vec<usize> = by_key.flatten().filter(of_type).map(|of| of.index).collect();
        for index in by_arn.into_iter().chain(by_id).flatten().chain(&by_key) {
            if self.missing.get(*index).is_none_or(|(account, _)| *account == item.account_id) {
                continue;
            }
            let here =
                Elsewhere { doubtful, account_id: item.account_id.clone(), region: item.region.clone() };
            // The surest place, and the same one whatever the order.
            let place = self.seen_in.entry(*index).or_insert_with(|| here.clone());
            if here < *place {
                *place = here;
            }
        }
    }

    /// Gives where missing assets were seen, by their own accounts.
    pub fn finish(self) -> BTreeMap<AccountId, BTreeMap<AssetKey, Elsewhere>> {
        let mut found: BTreeMap<AccountId, BTreeMap<AssetKey, Elsewhere>> = BTreeMap::new();
        for (index, place) in self.seen_in {
            if let Some((account, key)) = self.missing.get(index) {
                found.entry(account.clone()).or_default().insert(*key, place);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::configuration_item::Tags;
    use crate::identification::tests::rule;
    use crate::proof::SoughtKey;

    const INSTANCE: &str = "AWS::EC2::Instance";
    const FUNCTION: &str = "AWS::Lambda::Function";

    fn account(digit: u8) -> AccountId {
        digit.to_string().repeat(12).parse().unwrap()
    }

    fn item(digit: u8, kind: &str, id: &str, arn: Option<&str>) -> ConfigurationItem {
        ConfigurationItem {
            arn: arn.map(|arn| arn.parse().unwrap()),
            ..ConfigurationItem::named(account(digit), "eu".into(), kind.into(), id.into())
        }
    }

    fn seen(
        kind: &str,
        id: &str,
        arn: Option<&str>,
        items: &[(ConfigurationItem, bool)],
    ) -> Option<Elsewhere> {
        let key = AssetKey(Uuid::from_u128(1));
        let resource = Some((kind.into(), id.into()));
        let arn = arn.map(|arn| arn.parse().unwrap());
        let mut whereabouts = Whereabouts::default();
        whereabouts.look_for(
            &account(1),
            &Missing { asset_key: key, resource, arn, keys: Vec::new(), question: None },
        );
        items.iter().for_each(|(item, doubtful)| whereabouts.see(item, *doubtful));
        let mut found = whereabouts.finish();
        found.remove(&account(1)).and_then(|mut of_account| of_account.remove(&key))
    }

    #[test]
    fn semantics_2_4_a_unique_id_or_an_arn_in_another_account_is_the_same_resource() {
        let id = "i-0abc1234def567890";
        let place = seen(INSTANCE, id, None, &[(item(2, INSTANCE, id, None), false)]);
        assert_eq!(place.map(|place| place.account_id), Some(account(2)));
        let arn = Some("arn:aws:s3:::fahrplan");
        assert!(
            seen("AWS::S3::Bucket", "x", arn, &[(item(2, "AWS::S3::Bucket", "y", arn), false)]).is_some()
        );
        assert_eq!(
            seen(INSTANCE, id, None, &[(item(1, INSTANCE, id, None), false)]),
            None,
            "its own account"
        );
    }

    #[test]
    fn semantics_2_4_a_namesake_in_another_account_is_another_resource() {
        assert_eq!(seen(FUNCTION, "hello", None, &[(item(2, FUNCTION, "hello", None), false)]), None);
        let whereabouts = {
            let mut whereabouts = Whereabouts::default();
            let resource = Some((FUNCTION.into(), "hello".into()));
            let key = AssetKey(Uuid::from_u128(1));
            whereabouts.look_for(
                &account(1),
                &Missing { asset_key: key, resource, arn: None, keys: Vec::new(), question: None },
            );
            whereabouts
        };
        assert!(whereabouts.is_empty(), "nothing is read for the sake of a name");
    }

    #[test]
    fn semantics_2_4_the_surest_of_several_places_is_named() {
        let id = "i-0abc1234def567890";
        let old = (item(2, INSTANCE, id, None), true);
        let sure = (item(3, INSTANCE, id, None), false);
        for items in [[old.clone(), sure.clone()], [sure, old]] {
            let place = seen(INSTANCE, id, None, &items).unwrap();
            assert_eq!((place.account_id, place.doubtful), (account(3), false));
        }
    }

    #[test]
    fn semantics_8_4_what_a_rule_knows_is_found_in_another_account_if_its_type_is_meant() {
        let rules = IdentificationRules::new(&[rule("by-tag", &[], &[("asset_id", "tag:id")])]);
        let (at, _) = rules.of_settings().next().unwrap();
        let found = |types: Option<&str>| {
            let types = types.map(|kind| BTreeSet::from([kind.into()]));
            let keys = vec![SoughtKey { rule: at, key: "A".into(), types }];
            let asset_key = AssetKey(Uuid::from_u128(1));
            let mut whereabouts = Whereabouts::new(&rules);
            let missing = Missing { asset_key, resource: None, arn: None, keys, question: None };
            whereabouts.look_for(&account(1), &missing);
            let tags = Tags::Collected(BTreeMap::from([("id".to_owned(), "A".to_owned())]));
            whereabouts.see(&ConfigurationItem { tags, ..item(2, INSTANCE, "i-1", None) }, false);
            whereabouts.finish().contains_key(&account(1))
        };
        assert!(found(None) && found(Some(INSTANCE)));
        assert!(!found(Some(FUNCTION)));
    }
}
