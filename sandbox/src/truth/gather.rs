//! Gathers the truth from the estate.

use super::{Incomplete, LiveCount, Planted, PlantedKind, Quirk, Retirable, Truth, TruthAccount};
use crate::{
    aws::{AGGREGATOR, ROLE_NAME, external_id},
    estate::{
        Estate, Item,
        accounts::{GLOBAL, NOT_OPTED_IN, REGION_COUNT, REGIONS},
        configuration::SECRET_MARK,
        kind::Kind,
        organisation,
        placement::Placement,
    },
    source_register::NEVER_SEEN_TYPE,
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
            started_at: estate.started,
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
            not_selected: Kind::ALL
                .into_iter()
                .filter(|kind| !kind.served_by_select())
                .map(|kind| kind.name().to_owned())
                .collect(),
            planted_by_kind,
            retirable: retirable(&planted),
            planted,
            incomplete: incomplete(estate),
            aggregator_name: AGGREGATOR.to_owned(),
            aggregator_incomplete: outdated(estate),
            departed_account: estate.departed.as_ref().map(|account| account.id.clone()),
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
        .enumerate()
        .map(|(at, (account, state))| TruthAccount {
            id: account.id.clone(),
            name: account.name.clone(),
            email: account.email.clone(),
            state,
            ou_path: organisation::path(estate.unit(at)),
            tags: estate.account_tags(at).into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        })
        .collect()
}

fn live(estate: &Estate) -> Vec<LiveCount> {
    let counts = estate.scopes().map(|(account, region, kind)| LiveCount {
        account_id: estate.accounts[account].id.clone(),
        region: Placement::scope_region(region, kind).to_owned(),
        resource_type: kind.name().to_owned(),
        count: estate.holding(account, region, kind).alive(),
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
        if let Some(reason) = estate.placement.account_gap(account) {
            gap(id, None, None, reason);
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
    gaps.extend(unseeable(estate));
    gaps
}

/// What the records of [`crate::source_register::unseeable_records`] ask for.
fn unseeable(estate: &Estate) -> Vec<Incomplete> {
    let Some(departed) = &estate.departed else { return Vec::new() };
    let here = estate.accounts[0].id.clone();
    let gap = |account_id: String, region: Option<&str>, resource_type: Option<&str>, reason| Incomplete {
        account_id,
        region: region.map(str::to_owned),
        resource_type: resource_type.map(str::to_owned),
        reason,
    };
    vec![
        gap(departed.id.clone(), None, None, "account_unknown"),
        gap(here.clone(), Some(NOT_OPTED_IN[2]), None, "region_disabled"),
        gap(here, Some(REGIONS[0]), Some(NEVER_SEEN_TYPE), "type_never_seen"),
    ]
}

/// What the aggregator's copies lack.
fn outdated(estate: &Estate) -> Vec<Incomplete> {
    let places =
        (0..estate.accounts.len()).flat_map(|account| (0..REGION_COUNT).map(move |at| (account, at)));
    places
        .filter(|(account, region)| estate.placement.aggregator_status(*account, *region) != "SUCCEEDED")
        .map(|(account, region)| Incomplete {
            account_id: estate.accounts[account].id.clone(),
            region: Some(REGIONS[region].to_owned()),
            resource_type: None,
            reason: "stale",
        })
        .collect()
}

/// What may ever be retired: what is gone, and nothing else.
fn retirable(planted: &[Planted]) -> Vec<Retirable> {
    planted
        .iter()
        .filter(|one| one.kind == PlantedKind::Absent)
        .map(|one| Retirable {
            account_id: one.account_id.clone(),
            region: one.region.clone(),
            resource_type: one.resource_type.clone(),
            resource_id: one.resource_id.clone(),
            asset_id: one.asset_id.clone(),
            deletion_time: one.deletion_time,
            provable: one.scope_complete,
        })
        .collect()
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
            if (holding.alive()..holding.live).contains(&number) {
                // Deleted just now: no row shows it.
                continue;
            }
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
