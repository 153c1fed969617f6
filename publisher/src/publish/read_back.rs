//! What became of a change whose answer is missing, read off the entry itself (SEMANTICS 3.5).

use bestand_model::asset::PublishedAsset;
use bestand_model::change_set::Precondition;

use crate::central_register::{Capabilities, SentChange};

/// What an entry tells of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It was applied.
    Applied {
        /// The entry's version.
        version: String,
    },
    /// It was not applied, and still could be.
    NotApplied,
    /// It can no longer be applied; whether it was, before somebody else wrote, the entry does not tell.
    Moved {
        /// The entry's version, if there is an entry.
        version: Option<String>,
    },
}

/// Judges a change by the entry as it is now.
///
/// A plan has at most one change per entry. So the plan's mark together with the planned content can only
/// come from this very change.
pub(super) fn judge(
    change: &SentChange,
    entry: Option<&PublishedAsset>,
    plan_digest: &str,
    capabilities: &Capabilities,
) -> Verdict {
    let Some(entry) = entry else {
        return match change.precondition {
            Precondition::Absent(_) => Verdict::NotApplied,
            Precondition::Version(_) => Verdict::Moved { version: None },
        };
    };
    let version = entry.version.clone();
    let says_it = entry.says(change.kind, &change.patch);
    if says_it && capabilities.read_back && entry.last_plan.as_deref() == Some(plan_digest) {
        return Verdict::Applied { version };
    }
    match &change.precondition {
        Precondition::Version(expected) if *expected == entry.version => Verdict::NotApplied,
        // No marks, and asking again is not safe: that the register says what it should is all that can be known.
        Precondition::Version(_) | Precondition::Absent(_)
            if says_it && !capabilities.read_back && !capabilities.answers_again() =>
        {
            Verdict::Applied { version }
        }
        Precondition::Version(_) | Precondition::Absent(_) => Verdict::Moved { version: Some(version) },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bestand_model::asset::{AssetKey, AssetPatch, AssetState};
    use bestand_model::change_set::ChangeKind;
    use serde_json::{Value, json};

    use super::*;

    const ABLE: Capabilities = Capabilities {
        environment: true,
        list: true,
        preconditions: true,
        idempotency: true,
        read_back: true,
        max_batch: 100,
        max_page: 100,
    };

    fn key() -> AssetKey {
        serde_json::from_value(json!("00000000-0000-5000-8000-000000000001")).unwrap()
    }

    fn change(kind: ChangeKind, precondition: Precondition, attributes: &[(&str, Value)]) -> SentChange {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let patch = AssetPatch { attributes, ..AssetPatch::default() };
        SentChange { idempotency_key: "k".into(), kind, asset_key: key(), precondition, patch }
    }

    fn entry(version: &str, last_plan: &str, attributes: &[(&str, Value)]) -> PublishedAsset {
        let attributes: BTreeMap<_, _> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        PublishedAsset {
            asset_key: key(),
            version: version.into(),
            state: AssetState::Active,
            account_id: None,
            attributes,
            last_plan: Some(last_plan.into()),
            last_writer: None,
            updated_at: None,
        }
    }

    fn at(version: &str) -> Precondition {
        Precondition::Version(version.into())
    }

    fn moved(version: &str) -> Verdict {
        Verdict::Moved { version: Some(version.into()) }
    }

    fn applied(version: &str) -> Verdict {
        Verdict::Applied { version: version.into() }
    }

    #[test]
    fn semantics_3_5_mark_and_content_together_prove_it_and_neither_alone() {
        let change = change(ChangeKind::Update, at("1"), &[("owner", json!("a")), ("gone", json!(null))]);
        let told = |entry: PublishedAsset| judge(&change, Some(&entry), "plan", &ABLE);
        assert_eq!(told(entry("2", "plan", &[("owner", json!("a")), ("theirs", json!(1))])), applied("2"));
        assert_eq!(
            told(entry("2", "other", &[("owner", json!("a"))])),
            moved("2"),
            "somebody else's same value"
        );
        assert_eq!(told(entry("2", "plan", &[("owner", json!("b"))])), moved("2"), "another value");
        assert_eq!(told(entry("2", "plan", &[])), moved("2"), "the attribute is missing");
        let not_removed = entry("2", "plan", &[("owner", json!("a")), ("gone", json!(1))]);
        assert_eq!(told(not_removed), moved("2"), "the removed attribute is there");
        assert_eq!(told(entry("1", "other", &[("owner", json!("b"))])), Verdict::NotApplied);
        assert_eq!(told(entry("1", "other", &[("owner", json!("a"))])), Verdict::NotApplied);
        assert_eq!(judge(&change, None, "plan", &ABLE), Verdict::Moved { version: None });
    }

    #[test]
    fn semantics_3_5_state_and_account_belong_to_the_content() {
        let retire = change(ChangeKind::Retire, at("1"), &[]);
        assert_eq!(judge(&retire, Some(&entry("2", "plan", &[])), "plan", &ABLE), moved("2"));
        let retired = PublishedAsset { state: AssetState::Retired, ..entry("2", "plan", &[]) };
        assert_eq!(judge(&retire, Some(&retired), "plan", &ABLE), applied("2"));
        let create = change(ChangeKind::Create, Precondition::Absent(true), &[]);
        assert_eq!(judge(&create, Some(&retired), "plan", &ABLE), moved("2"));
        assert_eq!(judge(&create, Some(&entry("1", "plan", &[])), "plan", &ABLE), applied("1"));
        assert_eq!(judge(&create, None, "plan", &ABLE), Verdict::NotApplied);
        let mut in_account = create;
        in_account.patch.account_id = "111111111111".parse().ok();
        assert_eq!(judge(&in_account, Some(&entry("1", "plan", &[])), "plan", &ABLE), moved("1"));
    }

    #[test]
    fn semantics_3_10_marks_of_a_register_without_read_back_prove_nothing() {
        let change = change(ChangeKind::Update, at("1"), &[("owner", json!("a"))]);
        let same = entry("2", "plan", &[("owner", json!("a"))]);
        let keys_only = Capabilities { read_back: false, ..ABLE };
        assert_eq!(judge(&change, Some(&same), "plan", &keys_only), moved("2"));
        let neither = Capabilities { idempotency: false, ..keys_only };
        assert_eq!(judge(&change, Some(&same), "plan", &neither), applied("2"));
        let other = entry("2", "plan", &[("owner", json!("b"))]);
        assert_eq!(judge(&change, Some(&other), "plan", &neither), moved("2"));
        let cannot_ask = Capabilities { preconditions: false, ..keys_only };
        assert_eq!(judge(&change, Some(&same), "plan", &cannot_ask), applied("2"));
    }
}
