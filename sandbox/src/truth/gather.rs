//! Gathers the truth from the estate.

use super::{Incomplete, LiveCount, Planted, Quirk, Truth, TruthAccount};
use crate::{
    aws::{ROLE_NAME, external_id},
    estate::{
        Estate, Item,
        accounts::{GLOBAL, REGION_COUNT, REGIONS},
        configuration::SECRET_MARK,
        kind::Kind,
        placement::Placement,
    },
};
use std::collections::BTreeMap;

impl Truth {
    /// The truth of an estate whose source register has so many rows with these differences.
    pub(crate) fn gather(
        estate: &Estate,
        records_total: u64,
        non_aws_records: u64,
        planted: Vec<Planted>,
    ) -> Self {
        let mut planted_by_kind = BTreeMap::new();
        for difference in &planted {
            *planted_by_kind.entry(difference.kind).or_default() += 1;
        }
        let live: Vec<LiveCount> = live(estate);
        Self {
            schema_version: 1,
            seed: estate.seed,
            faults: estate.placement.faults().to_string(),
            accounts: accounts(estate),
            regions: REGIONS.map(str::to_owned).to_vec(),
            role_name: ROLE_NAME.to_owned(),
            external_id: external_id(estate.seed),
            live_total: live.iter().map(|live| u64::from(live.count)).sum(),
            live,
            served: served(estate),
            records_total,
            non_aws_records,
            inventoried_only: Kind::ALL
                .into_iter()
                .filter(|kind| kind.inventoried_only())
                .map(|kind| kind.name().to_owned())
                .collect(),
            planted_by_kind,
            planted,
            incomplete: incomplete(estate),
            quirks: quirks(estate),
            secret_mark: SECRET_MARK.to_owned(),
        }
    }
}

fn accounts(estate: &Estate) -> Vec<TruthAccount> {
    let active = estate.accounts.iter().map(|account| (account, "ACTIVE"));
    let suspended = estate.suspended.iter().map(|account| (account, "SUSPENDED"));
    active
        .chain(suspended)
        .map(|(account, state)| TruthAccount { id: account.id.clone(), name: account.name.clone(), state })
        .collect()
}

fn live(estate: &Estate) -> Vec<LiveCount> {
    let counts = estate.scopes().map(|(account, region, kind)| LiveCount {
        account_id: estate.accounts[account].id.clone(),
        region: Placement::scope_region(region, kind).to_owned(),
        resource_type: kind.name().to_owned(),
        count: estate.holding(account, region, kind).live,
    });
    counts.filter(|count| count.count > 0).collect()
}

fn served(estate: &Estate) -> Vec<LiveCount> {
    let mut served = Vec::new();
    for (account, identity) in estate.accounts.iter().enumerate() {
        for (region, name) in REGIONS.into_iter().enumerate() {
            served.extend(Kind::ALL.into_iter().map(|kind| LiveCount {
                account_id: identity.id.clone(),
                region: name.to_owned(),
                resource_type: kind.name().to_owned(),
                count: estate.recorded(account, region, kind).live,
            }));
        }
    }
    served.retain(|count| count.count > 0);
    served
}

fn incomplete(estate: &Estate) -> Vec<Incomplete> {
    let mut gaps = Vec::new();
    let mut gap = |account: &str, region: Option<&str>, kind: Option<Kind>, reason| {
        gaps.push(Incomplete {
            account_id: account.to_owned(),
            region: region.map(str::to_owned),
            resource_type: kind.map(|kind| kind.name().to_owned()),
            reason,
        });
    };
    for (account, identity) in estate.accounts.iter().enumerate() {
        let id = identity.id.as_str();
        if estate.placement.denied(account) {
            gap(id, None, None, "role_denied");
            continue;
        }
        for (region, name) in REGIONS.into_iter().enumerate() {
            if let Some(reason) = estate.placement.region_gap(account, region) {
                gap(id, Some(name), None, reason);
                continue;
            }
            for kind in Kind::ALL.into_iter().filter(|kind| !kind.global()) {
                if let Some(reason) = estate.placement.type_gap(account, region, kind) {
                    gap(id, Some(name), Some(kind), reason);
                }
            }
        }
        for kind in Kind::ALL.into_iter().filter(|kind| kind.global()) {
            if let Some(reason) = estate.placement.gap(account, 0, kind) {
                gap(id, Some(GLOBAL), Some(kind), reason);
            }
        }
    }
    if let Some(suspended) = &estate.suspended {
        gap(&suspended.id, None, None, "account_inactive");
    }
    gaps
}

fn quirks(estate: &Estate) -> Vec<Quirk> {
    let mut quirks: Vec<Quirk> = Vec::new();
    for kind in Kind::ALL {
        let mut of_type = |quirk, there: bool| {
            if there {
                let resource_type = kind.name().to_owned();
                quirks.push(Quirk {
                    quirk,
                    account_id: None,
                    region: None,
                    resource_type,
                    resource_id: None,
                    detail: None,
                });
            }
        };
        of_type("tags_as_object", kind.tags_as_object());
        of_type("global_region", kind.global());
        of_type("shared_resource_id", kind == Kind::TaskDefinition);
        of_type("null_configuration", kind == Kind::OnBoardComputer);
    }
    for (account, region, kind) in estate.scopes() {
        let holding = estate.holding(account, region, kind);
        let name = Placement::scope_region(region, kind);
        let mut about = |quirk, resource_id: Option<String>, detail: Option<String>| {
            let (account_id, region) = (Some(estate.accounts[account].id.clone()), Some(name.to_owned()));
            quirks.push(Quirk {
                quirk,
                account_id,
                region,
                resource_type: kind.name().to_owned(),
                resource_id,
                detail,
            });
        };
        let twice =
            (0..REGION_COUNT).filter(|region| Placement::records_global(account, *region)).count() > 1;
        if kind.global() && twice {
            about("recorded_in_two_regions", None, None);
        }
        for number in 0..holding.live + holding.withdrawn {
            let item = Item { account: account as u16, region: region as u8, kind, number };
            if number >= holding.live {
                about("withdrawn_row", Some(estate.resource_id(item)), Some(estate.status(item).to_owned()));
            } else if estate.arn_missing(item) {
                about("missing_arn", Some(estate.resource_id(item)), None);
            }
            if let Some(odd) = estate.odd_name(item) {
                about("odd_name", Some(estate.resource_id(item)), Some(odd.to_owned()));
            }
        }
    }
    quirks
}
