//! A scripted estate: every resource is written down, and nothing is derived from its place.
//!
//! Everything that the sandbox serves reads the estate through [`Item`](super::Item)s and what an account, region and
//! type holds of them. A script answers at that waist, so counts, queries, listings, single keys, EC2, tags and
//! deletions all show it, and no service knows of it.

use super::{
    Estate, Holding, Item,
    accounts::{Account, REGION_COUNT},
    kind::{KIND_COUNT, Kind},
    placement::Placement,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One resource as AWS has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scripted {
    pub(crate) account: usize,
    /// The index of its region; a global resource has the home region's, 0.
    pub(crate) region: usize,
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) arn: String,
    /// `resourceName`; without one AWS Config shows none.
    pub(crate) name: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) configuration: Map<String, Value>,
    /// When it was made, in seconds since 1970.
    pub(crate) created_at: i64,
    /// When AWS Config saw it go: then it is listed as deleted only.
    pub(crate) deleted_at: Option<i64>,
    /// Whether AWS Config does not have it, though it lives: only its own service shows it.
    pub(crate) unrecorded: bool,
}

/// Every resource by its place: what AWS Config has, then what lives besides, then what is deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    scopes: BTreeMap<(u16, u8, Kind), Vec<Scripted>>,
}

impl Script {
    /// Puts resources into their places.
    pub(crate) fn new(resources: Vec<Scripted>) -> Self {
        let mut scopes: BTreeMap<_, Vec<Scripted>> = BTreeMap::new();
        for resource in resources {
            let place = (resource.account as u16, resource.region as u8, resource.kind);
            scopes.entry(place).or_default().push(resource);
        }
        for scope in scopes.values_mut() {
            scope.sort_by(|left, right| {
                let order = |of: &Scripted| (of.deleted_at.is_some(), of.unrecorded);
                order(left).cmp(&order(right)).then_with(|| left.id.cmp(&right.id))
            });
        }
        Self { scopes }
    }

    fn get(&self, item: Item) -> Option<&Scripted> {
        self.scopes.get(&(item.account, item.region, item.kind))?.get(item.number as usize)
    }

    fn holding(&self, account: usize, region: usize, kind: Kind) -> Holding {
        let scope = self.scopes.get(&(account as u16, region as u8, kind)).map_or(&[][..], Vec::as_slice);
        let gone = scope.iter().filter(|resource| resource.deleted_at.is_some()).count() as u32;
        Holding { live: scope.len() as u32 - gone, gone, ..Holding::default() }
    }

    fn unrecorded(&self, account: usize, region: usize, kind: Kind) -> u32 {
        let scope = self.scopes.get(&(account as u16, region as u8, kind)).into_iter().flatten();
        scope.filter(|resource| resource.unrecorded && resource.deleted_at.is_none()).count() as u32
    }

    fn find(&self, account: usize, region: usize, kind: Kind, id: &str) -> Vec<Item> {
        let (account, region) = (account as u16, region as u8);
        let scope = self.scopes.get(&(account, region, kind)).into_iter().flatten();
        let numbered = scope.enumerate().filter(|(_, resource)| resource.id == id);
        numbered.map(|(number, _)| Item { account, region, kind, number: number as u32 }).collect()
    }
}

impl Estate {
    /// An estate that holds what the script says, seen at this instant (in seconds since 1970).
    pub(crate) fn scripted(
        seed: u64,
        accounts: Vec<Account>,
        suspended: Option<Account>,
        script: Script,
        placement: Placement,
        started: i64,
    ) -> Self {
        let places = (0..accounts.len()).flat_map(|account| {
            (0..REGION_COUNT).flat_map(move |region| Kind::ALL.map(move |kind| (account, region, kind)))
        });
        let mut holdings = Vec::with_capacity(accounts.len() * REGION_COUNT * KIND_COUNT);
        holdings.extend(places.map(|(account, region, kind)| script.holding(account, region, kind)));
        Self { seed, accounts, suspended, departed: None, placement, started, holdings, script: Some(script) }
    }

    /// Whether everything is written down; then the organisation has no units either.
    pub(crate) const fn is_scripted(&self) -> bool {
        self.script.is_some()
    }

    /// How many of the live resources of a scripted scope, the last of them, AWS Config does not have.
    pub(crate) fn unrecorded(&self, account: usize, region: usize, kind: Kind) -> u32 {
        self.script.as_ref().map_or(0, |script| script.unrecorded(account, region, kind))
    }

    /// What the script says of a resource; `None` where nothing is scripted.
    pub(crate) fn written(&self, item: Item) -> Option<&Scripted> {
        self.script.as_ref()?.get(item)
    }

    /// The scripted resources of that id; `None` where nothing is scripted.
    pub(crate) fn written_with_id(
        &self,
        account: usize,
        region: usize,
        kind: Kind,
        id: &str,
    ) -> Option<Vec<Item>> {
        Some(self.script.as_ref()?.find(account, region, kind, id))
    }
}

#[cfg(test)]
mod tests {
    use super::super::accounts::account;
    use super::*;
    use crate::faults::Fault;

    fn resource(id: &str, deleted_at: Option<i64>) -> Scripted {
        Scripted {
            account: 1,
            region: 2,
            kind: Kind::Function,
            id: id.into(),
            arn: format!("arn:aws:lambda:us-east-1:1:function:{id}"),
            name: Some(id.into()),
            tags: vec![("inventory-id".into(), "A-1".into())],
            configuration: Map::from_iter([("runtime".to_owned(), Value::from("python3.12"))]),
            created_at: 1_700_000_000,
            deleted_at,
            unrecorded: false,
        }
    }

    #[test]
    fn a_scripted_estate_holds_what_is_written_and_nothing_else() {
        let script = Script::new(vec![resource("gone", Some(1_760_000_000)), resource("here", None)]);
        let accounts = vec![account(1, 0), account(1, 1)];
        let placement = Placement::scripted(vec![(Fault::RegionDenied, 1, Some(0))]);
        let estate = Estate::scripted(1, accounts, None, script, placement, 1_770_000_000);
        let live: u32 = estate
            .scopes()
            .map(|(account, region, kind)| estate.holding(account, region, kind).alive())
            .sum();
        assert_eq!(live, 1);
        let here = estate.find(1, 2, Kind::Function, "here");
        let gone = estate.find(1, 2, Kind::Function, "gone");
        assert_eq!(here.len() + gone.len(), 2);
        assert!(estate.is_live(&estate.accounts[1].id, "us-east-1", "AWS::Lambda::Function", "here"));
        assert!(!estate.is_live(&estate.accounts[1].id, "us-east-1", "AWS::Lambda::Function", "gone"));
        assert_eq!(estate.deletion_time(gone[0]), Some(1_760_000_000));
        assert_eq!((estate.deletion_time(here[0]), estate.status(gone[0])), (None, "ResourceDeleted"));
        assert_eq!(estate.configuration(here[0], None)["runtime"], "python3.12");
        assert_eq!(estate.placement.region_gap(1, 0), Some("region_denied"));
        assert_eq!(estate.placement.region_gap(0, 0), None);
    }
}
