//! One asset, and rules as a person would write them.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::authority::*;

pub(super) fn rules(rules: Value) -> Vec<AuthorityRule> {
    serde_json::from_value(rules).unwrap()
}

pub(super) fn table(written: Value) -> AuthorityTable {
    let rules = rules(written);
    assert_eq!(problems(&rules, DEFAULT_MAX_ATTRIBUTE_BYTES), Vec::<String>::new());
    AuthorityTable::new(&rules, DEFAULT_MAX_ATTRIBUTE_BYTES)
}

pub(super) fn now() -> Timestamp {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

pub(super) fn values(values: Value) -> Values {
    serde_json::from_value(values).unwrap()
}

/// What speaks of an asset; null where there is nothing of the kind.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    pub(super) live: Option<Values>,
    pub(super) is_resource: bool,
    pub(super) registered: Option<Values>,
    pub(super) published: Option<PublishedAsset>,
}

pub(super) fn entry(attributes: Values) -> PublishedAsset {
    PublishedAsset {
        asset_key: AssetKey(Uuid::from_u128(7)),
        version: "1".into(),
        state: AssetState::Active,
        account_id: None,
        attributes,
        last_plan: None,
        last_writer: None,
        updated_at: None,
    }
}

impl Asset {
    pub(super) fn new(live: Value, registered: Value, published: Value) -> Self {
        let some = |value: Value| (!value.is_null()).then(|| values(value));
        Self {
            live: some(live),
            is_resource: true,
            registered: some(registered),
            published: some(published).map(entry),
        }
    }

    pub(super) fn sides(&self) -> Sides<'_> {
        let edited = self.registered.as_ref().and_then(|values| values.get("updated_at"));
        Sides {
            live: match &self.live {
                Some(values) => Live::Seen(values),
                None if self.is_resource => Live::NotSeen,
                None => Live::NoResource,
            },
            registered: self.registered.as_ref(),
            registered_at: told_time(edited, now()),
            published: self.published.as_ref(),
            published_at: ToldTime::of(self.published.as_ref().and_then(|entry| entry.updated_at), now()),
            now: now(),
        }
    }

    /// Who wins, as `value from source`, and who loses, as `source: why`.
    pub(super) fn told(&self, table: &AuthorityTable, name: &str) -> (String, Vec<String>) {
        let resolved = resolve(table.of(None), name, &self.sides());
        let said = match (&resolved.value, &resolved.winner) {
            (Some(value), Some(winner)) => format!("{value} from {winner}"),
            _ => "nothing".to_owned(),
        };
        (
            said,
            resolved.losers.iter().map(|loser| format!("{}: {}", loser.source, loser.why.code())).collect(),
        )
    }

    pub(super) fn wins(&self, table: &AuthorityTable, name: &str) -> String {
        self.told(table, name).0
    }
}

/// An asset that is live with these tags, and has a row.
pub(super) fn tagged(tags: Value, registered: Value) -> Asset {
    Asset::new(json!({ "tags": tags }), registered, Value::Null)
}
