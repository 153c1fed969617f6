//! What is to be done in the central register, and what would be but may not.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::asset::{AssetKey, AssetPatch};
use crate::digest;
use crate::identifiers::AccountId;

pub use crate::provenance::Provenance;

/// One line of `changes/<account>.ndjson.zst`: at most one per asset in a plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Change {
    /// What is to be done.
    pub kind: ChangeKind,
    /// With which entry.
    pub asset_key: AssetKey,
    /// The account that the asset belongs to; absent for what is no AWS resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// What must still hold when the register applies the change; there for what is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precondition: Option<Precondition>,
    /// What the entry says now of that which `after` sets.
    #[serde(default)]
    pub before: AssetPatch,
    /// What the change sets.
    #[serde(default)]
    pub after: AssetPatch,
    /// Why it is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<WithheldReason>,
    /// What it would be if it were not withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_be: Option<ChangeKind>,
    /// What it rests on; there for retirements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// Which source gave each attribute that `after` sets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub provenance: BTreeMap<String, Provenance>,
    /// SHA-256 over all the above but the provenance, in canonical form.
    #[serde(default)]
    pub digest: String,
}

impl Change {
    /// Begins a change that says nothing yet; it is to be sealed once it does.
    pub fn blank(kind: ChangeKind, asset_key: AssetKey, account_id: Option<AccountId>) -> Self {
        Self {
            kind,
            asset_key,
            account_id,
            precondition: None,
            before: AssetPatch::default(),
            after: AssetPatch::default(),
            reason: None,
            would_be: None,
            ground: None,
            provenance: BTreeMap::new(),
            digest: String::new(),
        }
    }

    /// Computes the digest over what the change says.
    pub fn compute_digest(&self) -> String {
        let mut content = json!({
            "kind": self.kind,
            "asset_key": self.asset_key,
            "account_id": self.account_id,
            "precondition": self.precondition,
            "before": self.before,
            "after": self.after,
            "reason": self.reason,
            "would_be": self.would_be,
        });
        if let (Some(ground), Some(content)) = (&self.ground, content.as_object_mut()) {
            content.insert("ground".to_owned(), json!(ground));
        }
        digest::canonical_digest(&content)
    }

    /// Sets the digest; the last step in making or altering a change.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.digest = self.compute_digest();
        self
    }

    /// Turns a change that would be sent into one that is withheld. What is withheld already stays as it is.
    #[must_use]
    pub fn withheld(mut self, reason: WithheldReason) -> Self {
        if self.kind.is_sent() {
            self.would_be = Some(self.kind);
            self.kind = ChangeKind::Withheld;
            self.reason = Some(reason);
            self = self.sealed();
        }
        self
    }

    /// Gives the key under which the register remembers having applied this very change of this very plan
    /// (SEMANTICS 3.4). It does not depend on the batch that carries it.
    pub fn idempotency_key(&self, plan_digest: &str) -> String {
        digest::sha256_hex(format!("{plan_digest}\n{}\n{}", self.asset_key, self.digest).as_bytes())
    }
}

/// What is done with an entry.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A new entry.
    Create,
    /// A patch of an entry; also what makes a retired one active again.
    Update,
    /// The entry's state becomes `retired`.
    Retire,
    /// The entry says what it should.
    Unchanged,
    /// Would change, but may not yet.
    Withheld,
}

impl ChangeKind {
    /// Tells whether the change is sent to the register.
    pub fn is_sent(self) -> bool {
        match self {
            Self::Create | Self::Update | Self::Retire => true,
            Self::Unchanged | Self::Withheld => false,
        }
    }
}

/// What must hold when the register applies a change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// No entry has the key: written `{"absent": true}`.
    Absent(bool),
    /// The entry still has the version that the plan read: written `{"version": "7"}`.
    Version(String),
}

/// What a retirement rests on: proof or patience (SEMANTICS 2.4 to 2.6, 2.12).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ground {
    /// AWS Config dates its deletion.
    Deletion {
        /// When it was deleted.
        at: Timestamp,
    },
    /// Complete looks and the grace.
    Patience,
    /// A person's word that the account is gone; complete looks and the grace besides.
    Decommissioned,
    /// The run that is reverted made it active, and nobody touched the entry since (SEMANTICS 3.13).
    Revert,
}

/// Why a change is withheld.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// The type is inventoried only: published when a record speaks of it.
    TypeNotPublished,
    /// Absent, but not yet for long enough.
    Grace,
    /// A record speaks of something that is not live and was never published.
    NotLive,
    /// Absent and patient enough, but never once seen live, and a record still vouches for it.
    NeverSeen,
    /// Absent for long enough, but nobody could be asked for it by its id, or none could say.
    Unproven,
    /// Not where it should be, but it lives elsewhere.
    Misplaced,
    /// Not enough was seen to conclude anything.
    Unverified,
    /// Several records or items claim each other.
    Ambiguous,
    /// The record says `planned`, and nothing is live yet.
    Planned,
    /// The account is suspended, closed or gone.
    AccountInactive,
    /// The settings leave resources of this kind out, or count them together only.
    Ephemeral,
    /// Bestand never wrote the entry, and nothing was matched to it: somebody else's.
    NotOurs,
    /// Somebody else set the entry's state, and the settings leave that to a person.
    ExternallyChanged,
    /// Too many retires in this account at once.
    GateAccount,
    /// Of a revert: the entry no longer says what the reverted run wrote.
    MovedSince,
    /// Of a revert: a patch cannot take the account away that the reverted run gave.
    NotRevertible,
    /// The central register does not promise whole lists of ours alone: nothing is retired there.
    ListNotPromised,
}

impl WithheldReason {
    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TypeNotPublished => "type_not_published",
            Self::Grace => "grace",
            Self::NotLive => "not_live",
            Self::NeverSeen => "never_seen",
            Self::Unproven => "unproven",
            Self::Misplaced => "misplaced",
            Self::Unverified => "unverified",
            Self::Ambiguous => "ambiguous",
            Self::Planned => "planned",
            Self::AccountInactive => "account_inactive",
            Self::Ephemeral => "ephemeral",
            Self::NotOurs => "not_ours",
            Self::ExternallyChanged => "externally_changed",
            Self::GateAccount => "gate_account",
            Self::MovedSince => "moved_since",
            Self::NotRevertible => "not_revertible",
            Self::ListNotPromised => "list_not_promised",
        }
    }
}

impl fmt::Display for WithheldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How many changes of each kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ChangeCounts {
    /// New entries.
    pub create: u64,
    /// Patches.
    pub update: u64,
    /// Retirements.
    pub retire: u64,
    /// Entries that say what they should.
    pub unchanged: u64,
    /// What may not be done yet.
    pub withheld: u64,
}

impl ChangeCounts {
    /// Counts one change.
    pub fn add(&mut self, kind: ChangeKind) {
        match kind {
            ChangeKind::Create => self.create += 1,
            ChangeKind::Update => self.update += 1,
            ChangeKind::Retire => self.retire += 1,
            ChangeKind::Unchanged => self.unchanged += 1,
            ChangeKind::Withheld => self.withheld += 1,
        }
    }

    /// Gives how many are sent.
    pub fn sent(&self) -> u64 {
        self.create + self.update + self.retire
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn change() -> Change {
        Change {
            kind: ChangeKind::Retire,
            asset_key: AssetKey(Uuid::from_u128(7)),
            account_id: None,
            precondition: Some(Precondition::Version("3".into())),
            before: AssetPatch::default(),
            after: AssetPatch::default(),
            reason: None,
            would_be: None,
            ground: None,
            provenance: BTreeMap::new(),
            digest: String::new(),
        }
        .sealed()
    }

    #[test]
    fn a_precondition_is_written_as_the_contract_says() {
        assert_eq!(serde_json::to_string(&Precondition::Absent(true)).unwrap(), r#"{"absent":true}"#);
        assert_eq!(serde_json::to_string(&Precondition::Version("7".into())).unwrap(), r#"{"version":"7"}"#);
    }

    #[test]
    fn withholding_keeps_what_it_would_have_been_and_seals_anew() {
        let withheld = change().withheld(WithheldReason::GateAccount);
        assert_eq!((withheld.kind, withheld.would_be), (ChangeKind::Withheld, Some(ChangeKind::Retire)));
        assert_eq!(withheld.digest, withheld.compute_digest());
        assert_ne!(withheld.digest, change().digest);
    }

    #[test]
    fn what_a_retirement_rests_on_is_part_of_its_digest() {
        let at = "2026-11-20T10:00:00Z".parse().unwrap();
        let mut proven = change();
        proven.ground = Some(Ground::Deletion { at });
        assert_ne!(proven.compute_digest(), change().digest);
        assert_eq!(
            serde_json::to_string(&proven.ground).unwrap(),
            r#"{"kind":"deletion","at":"2026-11-20T10:00:00Z"}"#
        );
    }

    #[test]
    fn semantics_3_4_each_change_has_its_own_key_bound_to_plan_and_content() {
        let key = change().idempotency_key("plan");
        assert_ne!(key, change().idempotency_key("other plan"));
        let mut other = change();
        other.precondition = Some(Precondition::Version("4".into()));
        assert_ne!(key, other.sealed().idempotency_key("plan"));
    }
}
