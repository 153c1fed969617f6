//! `[accounts]`: which accounts there are, which of them are read, and how they are entered.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::accounts::{Selection, UnitName};
use bestand_model::identifiers::AccountId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which accounts there are and how they are entered.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accounts {
    /// From the list below, or from Organizations.
    pub(crate) source: AccountSource,
    /// The accounts of `source = "list"`.
    #[serde(default)]
    pub(crate) list: Vec<ListedAccount>,
    /// Of the accounts of Organizations only those that lie in these units.
    #[serde(default)]
    pub(crate) organizational_units: OrganizationalUnits,
    /// Of the accounts of Organizations only those that have all these tags.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, TagValues>,
    /// The role that is assumed in each account.
    pub(crate) role: Role,
    /// Hours after an account's joining in which a denied role is no gap: it is still on its way.
    #[serde(default = "default_onboarding_hours")]
    #[schemars(range(max = 720))]
    pub(crate) onboarding_hours: u32,
    /// Accounts that are closed or gone for good: what was in them may be retired.
    #[serde(default)]
    pub(crate) decommissioned: Vec<Decommissioned>,
}

fn default_onboarding_hours() -> u32 {
    24
}

/// Where the accounts come from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountSource {
    /// `[accounts] list`.
    List,
    /// Organizations' `ListAccounts`.
    Organizations,
}

/// An account of the list.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListedAccount {
    /// Twelve digits.
    pub(crate) id: String,
    /// The name that people know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// Units by id (`ou-ab12-cdefgh34`) or by path (`Root/Verkehr/Nord`); all that lies below them goes with them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OrganizationalUnits {
    /// Empty: all.
    pub(crate) include: Vec<String>,
    /// Wins over `include`, whichever of the two lies deeper.
    pub(crate) exclude: Vec<String>,
}

/// One value, or several of which any will do.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(untagged)]
pub(crate) enum TagValues {
    One(String),
    Any(Vec<String>),
}

impl TagValues {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Any(values) => values,
        }
    }
}

/// The role that is assumed in each account.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    /// Its name, without path.
    pub(crate) name: String,
    /// The external id that its trust policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
}

/// A person's word that an account is closed or gone, and with it what was in it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decommissioned {
    /// Twelve digits.
    pub(crate) id: String,
    /// From when on; RFC 3339.
    #[schemars(with = "String")]
    pub(crate) since: Timestamp,
    /// Why, as evidence.
    pub(crate) because: String,
    /// Who says so, as evidence.
    pub(crate) by: String,
}

impl Accounts {
    /// Gives the listed accounts' ids; `load` has checked that they are such.
    pub(crate) fn listed(&self) -> Vec<(AccountId, Option<String>)> {
        let list = self.list.iter();
        list.filter_map(|account| Some((account.id.parse().ok()?, account.name.clone()))).collect()
    }

    /// Gives what is asked of an organisation's accounts; `load` has checked the names of the units.
    pub(crate) fn selection(&self) -> Selection {
        let units = |names: &[String]| -> Vec<UnitName> {
            names.iter().filter_map(|name| name.parse().ok()).collect()
        };
        let tags = self.tags.iter();
        Selection {
            include: units(&self.organizational_units.include),
            exclude: units(&self.organizational_units.exclude),
            tags: tags
                .map(|(key, values)| {
                    (key.clone(), values.as_slice().iter().cloned().collect::<BTreeSet<_>>())
                })
                .collect(),
        }
    }
}
