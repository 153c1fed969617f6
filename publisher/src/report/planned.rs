//! What the plan does about the asset of a finding: found for the findings that the page holds, and for no others.

use std::collections::{BTreeMap, HashMap};

use bestand_model::asset::AssetKey;
use bestand_model::attribute;
use bestand_model::change_set::{Change, ChangeKind, WithheldReason};
use serde::Serialize;
use serde_json::Value;

use super::{ReportError, embed};

/// So many attributes of a change are shown.
const MAX_ATTRIBUTES: usize = 20;

/// Characters of a value that are shown.
const SHOWN: usize = 200;

/// Once changes take so many bytes in the page, further ones are shown without their attributes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The changes of some assets, rendered.
#[derive(Debug, Default)]
pub(super) struct Planned {
    by_asset: HashMap<AssetKey, Box<str>>,
    bytes: usize,
}

#[derive(Serialize)]
struct Shown<'a> {
    kind: ChangeKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<WithheldReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_be: Option<ChangeKind>,
    /// Each attribute before and after.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sets: BTreeMap<&'a str, (String, String)>,
    /// Further attributes.
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Planned {
    /// Looks for the changes of these assets in the stream. Holds as many as there are assets.
    ///
    /// # Errors
    /// A change has no JSON form.
    pub(super) fn of<'k>(
        assets: impl Iterator<Item = &'k AssetKey>,
        changes: &mut dyn Iterator<Item = Change>,
    ) -> Result<Self, ReportError> {
        let mut planned = Self::default();
        planned.by_asset.extend(assets.map(|key| (*key, Box::from(""))));
        if planned.by_asset.is_empty() {
            return Ok(planned);
        }
        for change in changes {
            if let Some(slot) = planned.by_asset.get_mut(&change.asset_key) {
                let json = embed::json(&shown(&change, planned.bytes < MAX_BYTES), "change")?;
                planned.bytes += json.len();
                *slot = json.into_boxed_str();
            }
        }
        Ok(planned)
    }

    /// Gives the change of an asset as JSON.
    pub(super) fn get(&self, key: &AssetKey) -> Option<&str> {
        self.by_asset.get(key).map(AsRef::as_ref).filter(|json| !json.is_empty())
    }
}

fn shown(change: &Change, with_attributes: bool) -> Shown<'_> {
    let mut sets = BTreeMap::new();
    let mut all = 0;
    if with_attributes && change.kind != ChangeKind::Unchanged {
        let before = change.before.said();
        for (name, after) in change.after.said() {
            let was = before.get(name).map_or_else(|| "–".to_owned(), brief);
            all += 1;
            if sets.len() < MAX_ATTRIBUTES {
                sets.insert(name, (was, brief(&after)));
            }
        }
    }
    Shown {
        kind: change.kind,
        reason: change.reason,
        would_be: change.would_be,
        more: all - sets.len(),
        sets,
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => attribute::cut(text, SHOWN),
        other => attribute::cut(&other.to_string(), SHOWN),
    }
}
