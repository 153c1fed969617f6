//! What the list keeps of one change: little, however long its names and values are.

use bestand_model::asset::{AssetKey, AssetPatch};
use bestand_model::attribute;
use bestand_model::change_set::{Change, ChangeKind, Ground, WithheldReason};
use bestand_model::identifiers::AccountId;
use bestand_publisher::report::one_line;
use serde_json::Value;

/// Characters of a value that are shown.
const VALUE: usize = 60;
/// Characters of a name that are shown.
const NAME: usize = 60;
/// An ARN or an asset id that is longer is not shown: the asset key stands for it.
const LONGEST_KEY: usize = 160;
/// Attributes of an update that are shown.
pub(super) const MAX_ATTRIBUTES: usize = 3;

/// How grave a change is: what takes something away comes first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Weight {
    Retire,
    Create,
    Update,
    /// Would retire, but may not.
    WithheldRetire,
    /// Any other that may not.
    Withheld,
    /// Withheld by a rule that is meant to, day after day.
    WithheldByRule,
}

impl Weight {
    /// Weighs a change; none where it changes nothing.
    pub(super) fn of(change: &Change) -> Option<Self> {
        match change.kind {
            ChangeKind::Retire => Some(Self::Retire),
            ChangeKind::Create => Some(Self::Create),
            ChangeKind::Update => Some(Self::Update),
            ChangeKind::Withheld if change.would_be == Some(ChangeKind::Retire) => Some(Self::WithheldRetire),
            ChangeKind::Withheld => Some(match change.reason {
                Some(
                    WithheldReason::TypeNotPublished | WithheldReason::Ephemeral | WithheldReason::Planned,
                ) => Self::WithheldByRule,
                _ => Self::Withheld,
            }),
            ChangeKind::Unchanged => None,
        }
    }
}

/// One change, cut to what is shown.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) weight: Weight,
    pub(super) asset_key: AssetKey,
    pub(super) account_id: Option<AccountId>,
    /// The change file that it stands in.
    pub(super) file: String,
    pub(super) reason: Option<WithheldReason>,
    pub(super) would_be: Option<ChangeKind>,
    pub(super) ground: Option<Ground>,
    /// Attributes that an update sets: name, before, after.
    pub(super) sets: Vec<(String, String, String)>,
    /// Further ones.
    pub(super) more: usize,
    pub(super) facts: Facts,
}

impl Entry {
    pub(super) fn new(change: &Change, weight: Weight, file: &str) -> Self {
        let mut sets = Vec::new();
        let mut more = 0;
        if weight == Weight::Update {
            let before = change.before.said();
            for (name, after) in change.after.said() {
                if sets.len() < MAX_ATTRIBUTES {
                    let was = before.get(name).map_or_else(|| "–".to_owned(), brief);
                    sets.push((attribute::cut(&one_line(name), NAME), was, brief(&after)));
                } else {
                    more += 1;
                }
            }
        }
        let mut facts = Facts::default();
        facts.learn(&change.after);
        facts.learn(&change.before);
        Self {
            weight,
            asset_key: change.asset_key,
            account_id: change.account_id.clone(),
            file: file.to_owned(),
            reason: change.reason,
            would_be: change.would_be,
            ground: change.ground,
            sets,
            more,
            facts,
        }
    }

    /// Gives what it is shown below: account and type.
    pub(super) fn group(&self) -> (Option<&AccountId>, Option<&str>) {
        (self.account_id.as_ref(), self.facts.resource_type.as_deref())
    }

    /// Gives how many lines it takes.
    pub(super) fn lines(&self) -> usize {
        1 + self.sets.len() + usize::from(self.more > 0)
    }
}

/// What is known of the asset of a change, harmless for a terminal.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) name: Option<String>,
    pub(super) resource_type: Option<String>,
    pub(super) arn: Option<String>,
    pub(super) asset_id: Option<String>,
}

impl Facts {
    pub(super) fn learn(&mut self, patch: &AssetPatch) {
        self.learn_from(|name| patch.attributes.get(name).and_then(Value::as_str));
    }

    /// Takes what is not known yet.
    pub(super) fn learn_from<'t>(&mut self, text_of: impl Fn(&str) -> Option<&'t str>) {
        let text_of = |name| text_of(name).map(one_line).filter(|text| !text.trim().is_empty());
        let short = |text: &String| text.chars().count() <= LONGEST_KEY;
        self.name =
            self.name.take().or_else(|| text_of(attribute::NAME).map(|text| attribute::cut(&text, NAME)));
        self.resource_type = self
            .resource_type
            .take()
            .or_else(|| text_of(attribute::RESOURCE_TYPE).map(|text| attribute::cut(&text, NAME)));
        self.arn = self.arn.take().or_else(|| text_of(attribute::ARN).filter(short));
        self.asset_id = self.asset_id.take().or_else(|| text_of(attribute::ASSET_ID).filter(short));
    }

    /// Tells whether another look could add something that is shown.
    pub(super) fn lack_something(&self) -> bool {
        self.name.is_none() || self.resource_type.is_none() || (self.arn.is_none() && self.asset_id.is_none())
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => attribute::cut(&one_line(&attribute::cut(text, VALUE)), VALUE),
        other => attribute::cut(&one_line(&other.to_string()), VALUE),
    }
}
