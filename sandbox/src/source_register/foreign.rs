//! Records of what is no AWS resource, of an account that nobody can enter, and such that make no sense.

use super::record::{Identified, Record, pick};
use crate::{
    estate::{
        Estate, Item,
        accounts::{NOT_OPTED_IN, REGIONS},
        code::hash,
        kind::Kind,
    },
    truth::{Planted, PlantedKind},
};

/// How many rows are no AWS resources.
pub(crate) fn non_aws_count(resources: usize) -> usize {
    (resources / 100).max(20)
}

/// A row that is no AWS resource: a printer, or a computer aboard a bus.
pub(crate) fn non_aws_record(seed: u64, at: usize) -> Record {
    let fact = |salt| hash(&[seed, at as u64, salt]);
    let aboard = fact(510) % 3 > 0;
    let name = match at {
        1 => "<script>alert(2)</script>".to_owned(),
        _ if aboard => format!("Bordrechner Bus {}", 4000 + at),
        _ => format!("Drucker Fahrdienstleitung {at}"),
    };
    let place = if aboard {
        format!("Bus {}", 4000 + at)
    } else {
        format!("Depot Süd, Raum 3.{:02}", fact(511) % 40)
    };
    Record {
        id: format!("ITK-N-{:06}", at + 1),
        resource_type: Some(if aboard { "Bordrechner" } else { "Drucker" }.to_owned()),
        name: Some(name),
        environment: Some("prod".to_owned()),
        owner: Some("Fahrzeugtechnik".to_owned()),
        cost_centre: Some(format!("KST-{}", 7000 + fact(512) % 20)),
        data_class: Some("intern".to_owned()),
        criticality: Some(pick(&["niedrig", "hoch"], fact(513))),
        status: Some("active".to_owned()),
        is_aws: false,
        room: Some(place),
        vendor: Some(pick(&["IVU", "Trapeze", "Kyocera", "Init"], fact(514))),
        ..Record::default()
    }
}

/// Two records of the suspended account: nobody can look, so nothing of theirs is absent.
pub(crate) fn suspended_records(estate: &Estate) -> Vec<(Record, Planted)> {
    let Some(account) = &estate.suspended else { return Vec::new() };
    [Kind::Instance, Kind::Table]
        .into_iter()
        .enumerate()
        .map(|(at, kind)| {
            let record = Record {
                id: format!("ITK-S-{:06}", at + 1),
                resource_id: Some(match kind {
                    Kind::Instance => "i-0c0ffee0c0ffee0c0".to_owned(),
                    _ => "umlaufplan-alt".to_owned(),
                }),
                account: Some(account.id.clone()),
                region: Some(REGIONS[0].to_owned()),
                resource_type: Some(kind.name().to_owned()),
                name: Some("Altbestand".to_owned()),
                owner: Some("Team Plattform".to_owned()),
                status: Some("active".to_owned()),
                is_aws: true,
                ..Record::default()
            };
            let planted = planted(PlantedKind::Absent, &record, false);
            (record, planted)
        })
        .collect()
}

/// A type that AWS Config knows and that no account of the estate ever had.
pub(crate) const NEVER_SEEN_TYPE: &str = "AWS::QLDB::Ledger";

/// Records of what nobody can look for: of an account that no directory names, of a region that is not enabled,
/// and of a type that was never seen.
pub(crate) fn unseeable_records(estate: &Estate) -> Vec<(Record, Planted)> {
    let Some(departed) = estate.departed_index() else { return Vec::new() };
    let item = Item { account: departed as u16, region: 0, kind: Kind::Instance, number: 0 };
    let left = Record::of(estate, item, "ITK-U-000001".to_owned(), Identified::ByScope);
    let here = |at: usize, region: &str, resource_type: &str, id: &str| Record {
        id: format!("ITK-U-{at:06}"),
        resource_id: Some(id.to_owned()),
        account: Some(estate.accounts[0].id.clone()),
        region: Some(region.to_owned()),
        resource_type: Some(resource_type.to_owned()),
        name: Some("Versuchsaufbau".to_owned()),
        owner: Some("Team Plattform".to_owned()),
        status: Some("active".to_owned()),
        is_aws: true,
        ..Record::default()
    };
    let disabled = here(2, NOT_OPTED_IN[2], Kind::Instance.name(), "i-0c0ffee0c0ffee0c1");
    let never_seen = here(3, REGIONS[0], NEVER_SEEN_TYPE, "umlauf-journal");
    [left, disabled, never_seen]
        .into_iter()
        .map(|record| {
            let planted = planted(PlantedKind::Absent, &record, false);
            (record, planted)
        })
        .collect()
}

/// Records that make no sense, three ways round.
pub(crate) fn rejected_records(estate: &Estate, resources: usize) -> Vec<(Record, Planted)> {
    let rounds = (resources / 3000).max(1);
    (0..rounds * 3)
        .map(|at| {
            let account = &estate.accounts[at % estate.accounts.len()];
            let mut record = Record {
                id: format!("ITK-R-{:06}", at + 1),
                account: Some(account.id.clone()),
                region: Some(REGIONS[0].to_owned()),
                resource_type: Some(Kind::Instance.name().to_owned()),
                name: Some(format!("verschrieben {at}")),
                status: Some("active".to_owned()),
                is_aws: true,
                ..Record::default()
            };
            match at % 3 {
                0 => {
                    record.account = Some("12345".to_owned());
                    record.resource_id = Some(format!("i-0{:016x}", hash(&[estate.seed, at as u64, 520])));
                }
                1 => record.arn = Some("arn:nonsense".to_owned()),
                _ => {}
            }
            let planted = planted(PlantedKind::RejectedRecord, &record, true);
            (record, planted)
        })
        .collect()
}

fn planted(kind: PlantedKind, record: &Record, scope_complete: bool) -> Planted {
    Planted {
        kind,
        account_id: record.account.clone(),
        region: record.region.clone(),
        resource_type: record.resource_type.clone(),
        resource_id: record.resource_id.clone(),
        arn: record.arn.clone(),
        asset_id: Some(record.id.clone()),
        other_asset_id: None,
        attribute: None,
        live: None,
        registered: None,
        deletion_time: None,
        scope_complete,
    }
}
