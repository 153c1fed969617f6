//! One change: how it is read, and the decision what becomes of it. No I/O.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::access::{Caller, hex};
use super::request::{is_account_id, is_identifier, parse_asset_key};
use super::store::{Asset, State};

/// Longest name of an attribute, in characters.
const MAX_ATTRIBUTE_NAME: usize = 256;

/// Longest idempotency key, in characters.
const MAX_KEY: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChangeKind {
    Create,
    Update,
    Retire,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Precondition {
    Absent,
    Version(String),
}

/// Takes a member that is there as it is, `null` included; a missing one is `None` by `default`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Patch {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    account_id: Option<Option<String>>,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct RawChange {
    idempotency_key: String,
    kind: ChangeKind,
    asset_key: String,
    precondition: RawPrecondition,
    #[serde(default, deserialize_with = "present")]
    patch: Option<Patch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrecondition {
    #[serde(default, deserialize_with = "present")]
    absent: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    version: Option<String>,
}

/// A change that makes sense in itself.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    #[serde(skip)]
    pub(super) idempotency_key: String,
    pub(super) kind: ChangeKind,
    pub(super) asset_key: String,
    precondition: Precondition,
    patch: Patch,
}

impl Change {
    /// Reads one element of a batch; the error says what is wrong with it.
    pub(super) fn parse(raw: &Value) -> Result<Self, String> {
        let raw = RawChange::deserialize(raw).map_err(|error| error.to_string())?;
        if !is_identifier(&raw.idempotency_key, MAX_KEY) {
            return Err("idempotency_key is not an identifier".to_owned());
        }
        let asset_key = parse_asset_key(&raw.asset_key).ok_or("asset_key is not a UUID")?;
        let precondition = match (raw.precondition.absent, raw.precondition.version) {
            (Some(true), None) => Precondition::Absent,
            (None, Some(version)) if !version.is_empty() => Precondition::Version(version),
            _ => return Err("precondition must be {\"absent\": true} or {\"version\": \"..\"}".to_owned()),
        };
        let kind = raw.kind;
        match (kind, &precondition) {
            (ChangeKind::Create, Precondition::Absent) => {}
            (ChangeKind::Update | ChangeKind::Retire, Precondition::Version(_)) => {}
            (ChangeKind::Create, _) => return Err("a create needs the precondition absent".to_owned()),
            (_, _) => return Err("an update or retire needs the version that was read".to_owned()),
        }
        let patch = match (kind, raw.patch) {
            (_, Some(patch)) => patch,
            (ChangeKind::Retire, None) => Patch::default(),
            (_, None) => return Err("a create or update needs a patch".to_owned()),
        };
        patch.check(kind)?;
        Ok(Self { idempotency_key: raw.idempotency_key, kind, asset_key, precondition, patch })
    }

    /// A digest of what is asked for, whatever the order of the members.
    pub(super) fn content_digest(&self) -> String {
        let content = serde_json::to_value(self).map(|value| sorted(&value)).unwrap_or_default();
        hex(&Sha256::digest(content.to_string().as_bytes()))
    }

    /// The change as it goes into the audit log.
    pub(super) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Patch {
    fn check(&self, kind: ChangeKind) -> Result<(), String> {
        match (kind, self.state) {
            (_, None) | (ChangeKind::Retire, Some(State::Retired)) => {}
            (ChangeKind::Create | ChangeKind::Update, Some(State::Active)) => {}
            (ChangeKind::Retire, Some(State::Active)) => return Err("a retire cannot set active".to_owned()),
            (_, Some(State::Retired)) => return Err("only a retire sets retired".to_owned()),
        }
        if let Some(Some(account_id)) = &self.account_id
            && !is_account_id(account_id)
        {
            return Err("account_id is not an account id of 12 digits".to_owned());
        }
        let fits = |name: &String| !name.is_empty() && name.chars().count() <= MAX_ATTRIBUTE_NAME;
        if !self.attributes.keys().all(fits) {
            return Err(format!("an attribute's name has 1 to {MAX_ATTRIBUTE_NAME} characters"));
        }
        Ok(())
    }

    fn apply(&self, asset: &mut Asset) {
        if let Some(account_id) = &self.account_id {
            asset.account_id.clone_from(account_id);
        }
        for (name, value) in &self.attributes {
            if value.is_null() {
                asset.attributes.remove(name);
            } else {
                asset.attributes.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The same value with the members of every object in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(
                members.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>(),
            )
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Applied,
    Rejected,
    Conflicted,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Conflicted => "conflicted",
        }
    }
}

/// What became of a change; remembered under its idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

impl Outcome {
    pub(super) fn rejected(code: &str, reason: impl Into<String>) -> Self {
        let (code, reason) = (Some(code.to_owned()), Some(reason.into()));
        Self { status: Status::Rejected, version: None, code, reason }
    }

    fn conflicted(code: &str, current: Option<&Asset>, reason: String) -> Self {
        let version = current.map(Asset::version_text);
        Self { status: Status::Conflicted, version, code: Some(code.to_owned()), reason: Some(reason) }
    }
}

/// What is noted on an entry that a change is applied to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark<'a> {
    pub(super) plan: &'a str,
    pub(super) run: &'a str,
    pub(super) now: Timestamp,
}

/// Decides one change against the entry that is there; with it the entry after the change, if applied.
pub(super) fn decide(
    change: &Change,
    current: Option<&Asset>,
    caller: &Caller,
    mark: Mark<'_>,
) -> (Outcome, Option<Asset>) {
    if current.is_some_and(|asset| !caller.may_change(&asset.source)) {
        return (Outcome::rejected("not_owner", "the entry belongs to another source"), None);
    }
    let mut asset = match (&change.precondition, current) {
        (Precondition::Absent, None) => Asset::new(&change.asset_key, &caller.name, mark.now),
        (Precondition::Absent, Some(asset)) => {
            let reason = format!("the entry exists, with version {}", asset.version);
            return (Outcome::conflicted("already_exists", current, reason), None);
        }
        (Precondition::Version(_), None) => {
            return (Outcome::conflicted("not_found", None, "there is no such entry".to_owned()), None);
        }
        (Precondition::Version(version), Some(asset)) if asset.version_text() == *version => asset.clone(),
        (Precondition::Version(version), Some(asset)) => {
            let reason = format!("the entry has version {}, not {version}", asset.version);
            return (Outcome::conflicted("version_mismatch", current, reason), None);
        }
    };
    change.patch.apply(&mut asset);
    match (change.kind, change.patch.state) {
        (ChangeKind::Retire, _) => asset.state = State::Retired,
        (_, Some(state)) => asset.state = state,
        (_, None) => {}
    }
    asset.version += 1;
    asset.last_plan = Some(mark.plan.to_owned());
    asset.last_run = Some(mark.run.to_owned());
    asset.last_writer.clone_from(&caller.name);
    asset.updated_at = mark.now;
    let version = Some(asset.version_text());
    (Outcome { status: Status::Applied, version, code: None, reason: None }, Some(asset))
}
