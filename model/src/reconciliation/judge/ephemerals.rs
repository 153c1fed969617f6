//! Ephemeral resources: left out, or counted together (SEMANTICS 5.4).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Judge, Subject, item_name};
use crate::change_set::WithheldReason;
use crate::ephemeral::{Ephemeral, Treatment};
use crate::finding::{Finding, FindingKind, Severity};
use crate::identifiers::{Region, ResourceType};
use crate::outcome::{Action, Facts, Liveness, Outcome};

/// So many members are named in the evidence.
const MEMBERS_SHOWN: usize = 20;

/// What is counted together.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct GroupKey {
    region: Region,
    resource_type: ResourceType,
    /// The tag and its value.
    tag: Option<(String, String)>,
}

/// Ephemeral resources of one kind.
#[derive(Debug, Default)]
pub(super) struct Group {
    count: u64,
    /// The first of them by name: the same ones whatever order they come in.
    members: BTreeSet<String>,
    is_asset: bool,
}

/// The groups of one account.
pub(super) type Groups = BTreeMap<GroupKey, Group>;

impl Judge<'_> {
    /// Takes what is ephemeral out of the usual way: nothing is created, and an entry that is there stays as it is
    /// while its resource lives. It has been identified, and has vetoed, before.
    pub(super) fn without_ephemerals(
        &mut self,
        outcome: Outcome,
        subject: &Subject<'_>,
        facts: Facts,
    ) -> Outcome {
        // In an incomplete scope nothing is concluded, and nothing is created that would have to be kept back.
        let item = subject.item.filter(|_| facts.live == Liveness::Live && subject.record.is_none());
        let Some((item, Ephemeral { treat, tag })) =
            item.and_then(|item| Some((item, self.rules.ephemeral.of(item)?)))
        else {
            return outcome;
        };
        if treat == Treatment::Aggregate {
            let key = GroupKey {
                region: item.region.clone(),
                resource_type: item.resource_type.clone(),
                tag: tag.map(|(key, value)| (key.to_owned(), value.to_owned())),
            };
            let group = self.groups.entry(key).or_default();
            group.count += 1;
            group.is_asset = facts.type_is_asset;
            group.members.insert(item_name(item));
            if group.members.len() > MEMBERS_SHOWN {
                group.members.pop_last();
            }
        }
        Outcome { finding: None, action: Action::Withhold(WithheldReason::Ephemeral) }
    }

    /// Makes one finding of each group.
    pub(super) fn add_groups(&mut self) {
        let kind = FindingKind::Unregistered;
        for (GroupKey { region, resource_type, tag }, group) in std::mem::take(&mut self.groups) {
            let account = self.account().map_or("", |account| account.as_str());
            let (key, value) = tag.as_ref().map_or(("", ""), |(key, value)| (key, value));
            let named =
                ["group", account, region.as_str(), resource_type.as_str(), key, value].join("\u{1f}");
            let mut evidence = BTreeMap::from([
                ("count".to_owned(), json!(group.count)),
                ("members".to_owned(), json!(group.members)),
                ("withheld".to_owned(), json!(WithheldReason::Ephemeral)),
            ]);
            if let Some((key, value)) = &tag {
                evidence.insert("tag".to_owned(), json!(key));
                evidence.insert("tag_value".to_owned(), json!(value));
            }
            self.result.findings.push(Finding {
                finding_id: Finding::id(kind, &named, None),
                kind,
                severity: if group.is_asset { kind.severity() } else { Severity::Info },
                asset_key: None,
                account_id: self.account().cloned(),
                region: Some(region),
                resource_type: Some(resource_type),
                resource_id: None,
                arn: None,
                asset_id: None,
                name: tag.map(|(_, value)| value),
                owner: None,
                attribute: None,
                live: None,
                registered: None,
                published: None,
                authority: None,
                since: None,
                exception: None,
                evidence,
            });
        }
    }
}
