//! One difference between what lives, what is registered and what is published.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::Arn;
use crate::asset::AssetKey;
use crate::change_set::Provenance;
use crate::digest;
use crate::exception::AppliedException;
use crate::identifiers::{AccountId, AssetId, Region, ResourceId, ResourceType};

/// A line of `findings/<account>.ndjson.zst`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Finding {
    /// Hash of kind, subject and attribute: the same finding has the same id in every run.
    pub finding_id: String,
    /// What differs.
    pub kind: FindingKind,
    /// How grave it is.
    pub severity: Severity,
    /// The entry in the central register, where one is or would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_key: Option<AssetKey>,
    /// Account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<ResourceType>,
    /// Resource id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<ResourceId>,
    /// ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arn>,
    /// The source register's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<AssetId>,
    /// The name that people know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who answers for it, as the source register or the last publication says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Which attribute differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Its value in AWS.
    #[serde(default, deserialize_with = "reported", skip_serializing_if = "Option::is_none")]
    pub live: Option<Value>,
    /// Its value in the source register.
    #[serde(default, deserialize_with = "reported", skip_serializing_if = "Option::is_none")]
    pub registered: Option<Value>,
    /// Its value in the central register.
    #[serde(default, deserialize_with = "reported", skip_serializing_if = "Option::is_none")]
    pub published: Option<Value>,
    /// Whose value wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Provenance>,
    /// When it was first found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub since: Option<Timestamp>,
    /// The exception of the settings that answers for it: it is ignored, and stands in no figure of drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<AppliedException>,
    /// What the conclusion rests on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, Value>,
}

impl Finding {
    /// Begins a finding of which nothing is known but what it is; its severity is the kind's own.
    pub fn new(kind: FindingKind, finding_id: String) -> Self {
        Self {
            finding_id,
            kind,
            severity: kind.severity(),
            asset_key: None,
            account_id: None,
            region: None,
            resource_type: None,
            resource_id: None,
            arn: None,
            asset_id: None,
            name: None,
            owner: None,
            attribute: None,
            live: None,
            registered: None,
            published: None,
            authority: None,
            since: None,
            exception: None,
            evidence: BTreeMap::new(),
        }
    }

    /// Derives the stable id of a finding of this kind about a subject (an asset key, an ARN or a row's key).
    pub fn id(kind: FindingKind, subject: &str, attribute: Option<&str>) -> String {
        let text = format!("{}\u{1f}{subject}\u{1f}{}", kind.code(), attribute.unwrap_or(""));
        digest::sha256_hex(text.as_bytes()).chars().take(16).collect()
    }
}

/// Reads a null as "says that there is none", which is not the same as a missing key, "says nothing".
fn reported<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What differs. The order is that of the report.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A record or a published asset, but nothing is live, and enough was seen to say so.
    Absent,
    /// The record says `retired`, and the resource runs.
    RetiredButLive,
    /// Live, and no record speaks of it.
    Unregistered,
    /// Both say something about an attribute, and not the same.
    Divergent,
    /// Somebody else changed an attribute in the central register since bestand published it.
    ExternallyChanged,
    /// Several records or items claim each other: a person must tell which is right.
    Duplicate,
    /// Several records carry the same asset id, or the same ARN in several accounts.
    SharedIdentity,
    /// Not where the record or the entry says, but live in another region or account.
    Misplaced,
    /// The same ARN, made anew: another resource than the one that was published.
    Replaced,
    /// A required tag or attribute is missing, or its value is not allowed.
    NonCompliant,
    /// A value that cannot be meant so: unmapped, too long, in the future, or written to look like another.
    SuspectValue,
    /// A row that makes no sense.
    RejectedRecord,
    /// An exception of the settings whose time is over.
    ExceptionExpired,
    /// An entry under our name that bestand never wrote and that nothing was matched to.
    NotOurs,
    /// Not enough was seen to say whether it is live.
    Unverified,
}

impl FindingKind {
    /// All kinds in the order of the report.
    pub const ALL: [Self; 15] = [
        Self::Absent,
        Self::RetiredButLive,
        Self::Unregistered,
        Self::Divergent,
        Self::ExternallyChanged,
        Self::Duplicate,
        Self::SharedIdentity,
        Self::Misplaced,
        Self::Replaced,
        Self::NonCompliant,
        Self::SuspectValue,
        Self::RejectedRecord,
        Self::ExceptionExpired,
        Self::NotOurs,
        Self::Unverified,
    ];

    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::RetiredButLive => "retired_but_live",
            Self::Unregistered => "unregistered",
            Self::Divergent => "divergent",
            Self::ExternallyChanged => "externally_changed",
            Self::Duplicate => "duplicate",
            Self::SharedIdentity => "shared_identity",
            Self::Misplaced => "misplaced",
            Self::Replaced => "replaced",
            Self::NonCompliant => "non_compliant",
            Self::SuspectValue => "suspect_value",
            Self::RejectedRecord => "rejected_record",
            Self::ExceptionExpired => "exception_expired",
            Self::NotOurs => "not_ours",
            Self::Unverified => "unverified",
        }
    }

    /// Gives the severity that the kind has where no rule says otherwise.
    pub fn severity(self) -> Severity {
        match self {
            Self::Absent | Self::RetiredButLive | Self::Duplicate => Severity::High,
            Self::Unregistered
            | Self::ExternallyChanged
            | Self::SharedIdentity
            | Self::Misplaced
            | Self::RejectedRecord
            | Self::ExceptionExpired => Severity::Medium,
            Self::Divergent | Self::Replaced | Self::NonCompliant | Self::SuspectValue => Severity::Low,
            Self::NotOurs | Self::Unverified => Severity::Info,
        }
    }

    /// Tells whether the finding is drift: a difference between what lives, what is registered and what is published.
    /// A lack of knowledge is none, nor is a rule of the house that is not kept.
    pub fn is_drift(self) -> bool {
        match self {
            Self::Absent
            | Self::RetiredButLive
            | Self::Unregistered
            | Self::Divergent
            | Self::ExternallyChanged
            | Self::Duplicate
            | Self::SharedIdentity
            | Self::Misplaced
            | Self::Replaced
            | Self::SuspectValue
            | Self::RejectedRecord => true,
            Self::NonCompliant | Self::ExceptionExpired | Self::NotOurs | Self::Unverified => false,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How grave a finding is; the gravest is the greatest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To know.
    Info,
    /// To mend in the register at leisure.
    Low,
    /// To mend soon.
    Medium,
    /// Somebody relies on something wrong.
    High,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reported_is_not_empty_after_reading_back_either() {
        let line =
            r#"{"finding_id":"f","kind":"divergent","severity":"low","live":null,"registered":"t3.small"}"#;
        let finding: Finding = serde_json::from_str(line).unwrap();
        assert_eq!((finding.live.clone(), finding.published.clone()), (Some(Value::Null), None));
        assert_eq!(
            serde_json::from_str::<Finding>(&serde_json::to_string(&finding).unwrap()).unwrap(),
            finding
        );
    }
}
