//! The records of one account, and the differences that are planted among them.

use super::record::{Identified, Record};
use crate::{
    estate::{Estate, Item, accounts::REGION_COUNT, kind::Kind, placement::Placement, planted::Difference},
    truth::{Planted, PlantedKind},
};

/// What the source register says of one account, and how that differs from the estate.
#[derive(Debug, Default)]
pub(crate) struct AccountRecords {
    pub(crate) records: Vec<Record>,
    pub(crate) planted: Vec<Planted>,
}

struct Gathering<'a> {
    estate: &'a Estate,
    account: usize,
    into: AccountRecords,
}

/// Gathers the records of an account.
pub(crate) fn account_records(estate: &Estate, account: usize) -> AccountRecords {
    let mut gathering = Gathering { estate, account, into: AccountRecords::default() };
    for region in 0..REGION_COUNT {
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.inventoried_only()) {
            let holding = *estate.holding(account, region, kind);
            let item = |number| Item { account: account as u16, region: region as u8, kind, number };
            (0..holding.alive()).map(item).for_each(|item| gathering.live(item));
            (holding.alive()..holding.live).map(item).for_each(|item| gathering.absent(item));
            let mut first = holding.live;
            (first..first + holding.withdrawn).map(item).for_each(|item| gathering.withdrawn(item));
            first += holding.withdrawn;
            (first..first + holding.gone).map(item).for_each(|item| gathering.absent(item));
            first += holding.gone;
            (first..first + holding.planned).map(item).for_each(|item| gathering.planned(item));
        }
    }
    gathering.into
}

impl Gathering<'_> {
    /// Adds a record and returns its id.
    fn record(&mut self, item: Item, identified: Identified, change: impl FnOnce(&mut Record)) -> String {
        let id = format!("ITK-{:03}-{:06}", self.account, self.into.records.len() + 1);
        let mut record = Record::of(self.estate, item, id.clone(), identified);
        change(&mut record);
        self.into.records.push(record);
        id
    }

    fn live(&mut self, item: Item) {
        let identified = Identified::of(self.estate, item);
        let Some(difference) = self.estate.difference(item) else {
            self.record(item, identified, |_| {});
            return;
        };
        // What is planted about a live resource must depend on that resource's scope alone.
        let identified = identified.in_one_region();
        let gap = self.estate.placement.gap(self.account, usize::from(item.region), item.kind);
        let mut planted = self.about(item, gap.is_none());
        match difference {
            Difference::Unregistered => planted.kind = PlantedKind::Unregistered,
            Difference::Divergent => {
                let registered = self.estate.other_instance_type(item).to_owned();
                planted.kind = PlantedKind::Divergent;
                planted.attribute = Some("configuration.instanceType");
                planted.live = Some(self.estate.instance_type(item).to_owned());
                planted.registered = Some(registered.clone());
                let change = |record: &mut Record| record.instance_type = Some(registered);
                planted.asset_id = Some(self.record(item, identified, change));
            }
            Difference::RetiredButLive => {
                planted.kind = PlantedKind::RetiredButLive;
                let change = |record: &mut Record| record.status = Some("retired".to_owned());
                planted.asset_id = Some(self.record(item, identified, change));
            }
            Difference::Duplicate => {
                planted.kind = PlantedKind::Duplicate;
                planted.asset_id = Some(self.record(item, identified, |_| {}));
                planted.other_asset_id = Some(self.record(item, Identified::ByScope, |_| {}));
            }
        }
        self.into.planted.push(planted);
    }

    /// A row that AWS Config still shows as deleted: a record that believes in it is absent. One that is
    /// merely not recorded may well be there, so nobody plants anything about it.
    fn withdrawn(&mut self, item: Item) {
        if self.estate.status(item) != "ResourceNotRecorded" {
            self.absent(item);
        }
    }

    fn absent(&mut self, item: Item) {
        self.not_live(item, PlantedKind::Absent, "active");
    }

    fn planned(&mut self, item: Item) {
        self.not_live(item, PlantedKind::Planned, "planned");
    }

    fn not_live(&mut self, item: Item, kind: PlantedKind, status: &str) {
        let identified = Identified::of(self.estate, item);
        let complete = |region| self.estate.complete(self.account, region, item.kind);
        // A record that names a region which is not enabled makes it one of the account's.
        let everywhere =
            || !self.estate.names_disabled_region(self.account) && (0..REGION_COUNT).all(complete);
        let domain_complete = match identified {
            Identified::WithoutRegion => everywhere(),
            // A bucket's ARN names no region: it could turn up in any, whatever the record's column says.
            Identified::Fully | Identified::ByArn if item.kind == Kind::Bucket => everywhere(),
            _ => complete(usize::from(item.region)),
        };
        let mut planted = self.about(item, domain_complete);
        planted.kind = kind;
        planted.deletion_time = self.estate.deletion_time(item).filter(|_| kind == PlantedKind::Absent);
        let asset_id = self.record(item, identified, |record| record.status = Some(status.to_owned()));
        if let Some(record) = self.into.records.last() {
            planted.arn.clone_from(&record.arn);
            if identified == Identified::WithoutRegion {
                planted.region = None;
            }
        }
        planted.asset_id = Some(asset_id);
        self.into.planted.push(planted);
    }

    fn about(&self, item: Item, scope_complete: bool) -> Planted {
        Planted {
            kind: PlantedKind::Absent,
            account_id: Some(self.estate.account_id(item).to_owned()),
            region: Some(Placement::scope_region(usize::from(item.region), item.kind).to_owned()),
            resource_type: Some(item.kind.name().to_owned()),
            resource_id: Some(self.estate.resource_id(item)),
            arn: self.estate.arn(item),
            asset_id: None,
            other_asset_id: None,
            attribute: None,
            live: None,
            registered: None,
            deletion_time: None,
            scope_complete,
        }
    }
}
