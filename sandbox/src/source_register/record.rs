//! One row of the source register.

use crate::estate::{Estate, Item, accounts::GLOBAL, kind::Kind, placement::Placement};

/// One row of the table `assets`, column by column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) arn: Option<String>,
    pub(crate) resource_id: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) resource_type: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) cost_centre: Option<String>,
    pub(crate) data_class: Option<String>,
    pub(crate) criticality: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) is_aws: bool,
    pub(crate) instance_type: Option<String>,
    pub(crate) room: Option<String>,
    pub(crate) vendor: Option<String>,
}

/// By what a record says which resource it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identified {
    /// By everything.
    Fully,
    /// By the ARN; account, region and id are left to it.
    ByArn,
    /// By account, region, type and id.
    ByScope,
    /// By account, type and id, in whatever region.
    WithoutRegion,
}

impl Identified {
    /// How the record of a resource identifies it.
    pub(crate) fn of(estate: &Estate, item: Item) -> Self {
        if estate.arn_missing(item) {
            // A record with an ARN that AWS Config does not show would need luck to be matched.
            return Self::ByScope;
        }
        match estate.fact(item, 500) % 100 {
            0..60 => Self::Fully,
            // A bucket's ARN names neither account nor region.
            60..75 if item.kind != Kind::Bucket => Self::ByArn,
            75..92 => Self::ByScope,
            92..100 if !item.kind.global() => Self::WithoutRegion,
            _ => Self::Fully,
        }
    }

    /// The same, but bound to one region.
    pub(crate) fn in_one_region(self) -> Self {
        if self == Self::WithoutRegion { Self::ByScope } else { self }
    }
}

impl Record {
    /// The record that speaks of a resource and agrees with it.
    pub(crate) fn of(estate: &Estate, item: Item, id: String, identified: Identified) -> Self {
        let region = Placement::scope_region(usize::from(item.region), item.kind);
        debug_assert!(item.kind.global() == (region == GLOBAL), "only IAM is global");
        let full = identified != Identified::ByArn;
        let arn = matches!(identified, Identified::Fully | Identified::ByArn);
        Self {
            id,
            arn: arn.then(|| estate.full_arn(item)),
            resource_id: full.then(|| estate.resource_id(item)),
            account: full.then(|| estate.account_id(item).to_owned()),
            region: (full && identified != Identified::WithoutRegion).then(|| region.to_owned()),
            resource_type: Some(item.kind.name().to_owned()),
            name: Some(estate.name(item)),
            environment: Some(estate.environment(item).to_owned()),
            owner: Some(estate.team(item).to_owned()),
            cost_centre: Some(estate.cost_centre(item)),
            data_class: Some(pick(&["öffentlich", "intern", "vertraulich"], estate.fact(item, 501))),
            criticality: Some(pick(
                &["niedrig", "mittel", "hoch", "betriebskritisch"],
                estate.fact(item, 502),
            )),
            status: Some("active".to_owned()),
            is_aws: true,
            instance_type: (item.kind == Kind::Instance).then(|| estate.instance_type(item).to_owned()),
            room: None,
            vendor: None,
        }
    }
}

/// One of some words, by a hash.
pub(crate) fn pick(words: &[&str], fact: u64) -> String {
    words[(fact % words.len() as u64) as usize].to_owned()
}
