//! A small estate, a register that applies changes as strictly as the real one, and the result as text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::account::AccountState;
use crate::asset::{AssetKey, AssetState, KeyBasis, PublishedAsset};
use crate::asset_record::{AssetRecord, Lifecycle, RejectedRecord};
use crate::attribute;
use crate::change_set::{Change, ChangeKind, Precondition};
use crate::configuration_item::{CollectionPath, ConfigurationItem, Tags};
use crate::coverage::{AccountCoverage, CoverageLine, Reason};
use crate::finding::FindingKind;
use crate::history::AccountHistory;
use crate::identifiers::{AccountId, Region, ResourceType};
use crate::inventory::AccountInventory;
use crate::last_published::PublishedMemory;
use crate::proof::{Answer, Proofs};
use crate::reconciliation::{AccountInput, AccountReconciliation, Rules, reconcile};

pub(super) const QUEUE: &str = "AWS::SQS::Queue";
pub(super) const BUCKET: &str = "AWS::S3::Bucket";
pub(super) const ROLE: &str = "AWS::IAM::Role";
pub(super) const SUBNET: &str = "AWS::EC2::Subnet";
pub(super) const ENVIRONMENT: &str = "test";

pub(super) fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

pub(super) fn other_account() -> AccountId {
    "444455556666".parse().unwrap()
}

pub(super) fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hours * 3600).unwrap()
}

pub(super) fn rules() -> Rules {
    Rules { environment: ENVIRONMENT.into(), ..Rules::default() }
}

pub(super) fn arn_in(account: &AccountId, region: &str, kind: &str, id: &str) -> String {
    match kind {
        BUCKET => format!("arn:aws:s3:::{id}"),
        ROLE => format!("arn:aws:iam::{account}:role/{id}"),
        SUBNET => format!("arn:aws:ec2:{region}:{account}:subnet/{id}"),
        _ => format!("arn:aws:sqs:{region}:{account}:{id}"),
    }
}

pub(super) fn arn(region: &str, kind: &str, id: &str) -> String {
    arn_in(&account(), region, kind, id)
}

pub(super) fn arn_key(arn: &str) -> AssetKey {
    AssetKey::mint(ENVIRONMENT, &KeyBasis::Arn(&arn.parse().unwrap()))
}

pub(super) fn item(region: &str, kind: &str, id: &str) -> ConfigurationItem {
    ConfigurationItem {
        account_id: account(),
        region: region.into(),
        resource_type: kind.into(),
        resource_id: id.into(),
        arn: Some(arn(region, kind, id).parse().unwrap()),
        arn_built: false,
        resource_name: None,
        created_at: None,
        tags: Tags::NotCollected,
        attributes: BTreeMap::new(),
        captured_at: None,
        status: None,
        path: CollectionPath::Select,
        recorded_in: None,
    }
}

/// A record that names nothing but its row.
pub(super) fn bare(row_key: &str) -> AssetRecord {
    AssetRecord {
        row_key: row_key.into(),
        aws: true,
        asset_id: Some(row_key.into()),
        arn: None,
        resource_id: None,
        account_id: Some(account()),
        region: None,
        resource_type: None,
        lifecycle: Lifecycle::Active,
        attributes: BTreeMap::new(),
    }
}

pub(super) fn by_arn(row_key: &str, arn: &str) -> AssetRecord {
    AssetRecord { arn: Some(arn.parse().unwrap()), ..bare(row_key) }
}

pub(super) fn by_id(row_key: &str, region: Option<&str>, kind: &str, id: &str) -> AssetRecord {
    AssetRecord {
        region: region.map(Region::from),
        resource_type: Some(kind.into()),
        resource_id: Some(id.into()),
        ..bare(row_key)
    }
}

/// An active entry of bestand's own with some attributes.
pub(super) fn entry(key: AssetKey, attributes: &[(&str, &str)]) -> PublishedAsset {
    PublishedAsset {
        asset_key: key,
        version: "1".into(),
        state: AssetState::Active,
        account_id: Some(account()),
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
        last_plan: Some("plan".into()),
        last_writer: None,
        updated_at: None,
    }
}

/// The same entry, as somebody else wrote it.
pub(super) fn foreign(mut entry: PublishedAsset) -> PublishedAsset {
    entry.last_plan = None;
    entry.last_writer = Some("erika".into());
    entry.attributes.remove(attribute::REGISTRATION);
    entry
}

/// An entry as bestand would have published a live item of that place.
pub(super) fn entry_of(region: &str, kind: &str, id: &str) -> PublishedAsset {
    let arn = arn(region, kind, id);
    let attributes = [
        (attribute::ARN, arn.as_str()),
        (attribute::REGION, region),
        (attribute::RESOURCE_TYPE, kind),
        (attribute::RESOURCE_ID, id),
        (attribute::REGISTRATION, "registered"),
        (attribute::VERIFICATION, "live"),
    ];
    entry(arn_key(&arn), &attributes)
}

pub(super) fn complete(region: &str, kind: Option<&str>) -> CoverageLine {
    CoverageLine::complete(account(), Some(region.into()), kind.map(ResourceType::from))
}

pub(super) fn gap(region: &str, kind: Option<&str>, reason: Reason) -> CoverageLine {
    CoverageLine::incomplete(account(), Some(region.into()), kind.map(ResourceType::from), reason, "")
}

/// Everything of two regions was seen.
pub(super) fn all_seen() -> Vec<CoverageLine> {
    let mut lines = vec![complete("global", Some(ROLE))];
    for region in ["eu", "us"] {
        lines.push(complete(region, None));
        lines.extend([QUEUE, BUCKET, SUBNET].map(|kind| complete(region, Some(kind))));
    }
    lines
}

/// One account with all that speaks of it.
#[derive(Clone, Debug)]
pub(super) struct Estate {
    pub(super) rules: Rules,
    pub(super) state: AccountState,
    pub(super) items: Vec<ConfigurationItem>,
    pub(super) lines: Vec<CoverageLine>,
    pub(super) records: Vec<AssetRecord>,
    pub(super) rejected: Vec<RejectedRecord>,
    pub(super) published: Vec<PublishedAsset>,
    pub(super) memory: PublishedMemory,
}

impl Estate {
    /// An account of which everything was seen.
    pub(super) fn seen() -> Self {
        Self {
            rules: rules(),
            state: AccountState::Active,
            items: Vec::new(),
            lines: all_seen(),
            records: Vec::new(),
            rejected: Vec::new(),
            published: Vec::new(),
            memory: PublishedMemory::default(),
        }
    }

    pub(super) fn items(mut self, items: impl IntoIterator<Item = ConfigurationItem>) -> Self {
        self.items.extend(items);
        self
    }

    pub(super) fn records(mut self, records: impl IntoIterator<Item = AssetRecord>) -> Self {
        self.records.extend(records);
        self
    }

    pub(super) fn published(mut self, entries: impl IntoIterator<Item = PublishedAsset>) -> Self {
        self.published.extend(entries);
        self
    }

    /// Replaces what was said of some scopes.
    pub(super) fn lines(mut self, lines: impl IntoIterator<Item = CoverageLine>) -> Self {
        self.lines.extend(lines);
        self
    }

    /// Runs as a whole run does, in two rounds; AWS never heard of what is asked.
    pub(super) fn run(&self, history: &AccountHistory, now: Timestamp) -> AccountReconciliation {
        let first = self.round(&Proofs::default(), history, now);
        let questions = first.missing.iter().filter_map(|missing| missing.question.as_ref());
        let answers = questions.map(|question| (question.asset_key, Answer::NeverHeardOf)).collect();
        self.round(&Proofs { answers, ..Proofs::default() }, history, now)
    }

    /// Runs one round with what was found out.
    pub(super) fn round(
        &self,
        proofs: &Proofs,
        history: &AccountHistory,
        now: Timestamp,
    ) -> AccountReconciliation {
        self.round_by(&self.rules, proofs, history, now)
    }

    /// Runs one round by other rules.
    pub(super) fn round_by(
        &self,
        rules: &Rules,
        proofs: &Proofs,
        history: &AccountHistory,
        now: Timestamp,
    ) -> AccountReconciliation {
        let inventory = AccountInventory {
            account_id: account(),
            state: self.state,
            items: self.items.clone(),
            coverage: AccountCoverage::new(self.lines.clone()),
        };
        let input = AccountInput {
            inventory: &inventory,
            records: &self.records,
            rejected: &self.rejected,
            published: &self.published,
            memory: &self.memory,
            proofs,
        };
        reconcile(&input, rules, history, now)
    }

    pub(super) fn once(&self) -> AccountReconciliation {
        self.run(&AccountHistory::default(), at(0))
    }

    /// Runs on days 0 to `days`, without publishing, and gives the last result.
    pub(super) fn daily(&self, days: i64) -> AccountReconciliation {
        (0..=days).fold(AccountReconciliation::default(), |last, day| self.run(&last.history, at(day * 24)))
    }
}

/// Applies changes as the register does: whoever breaks a precondition fails the test.
pub(super) fn apply(register: &mut Vec<PublishedAsset>, changes: &[Change]) {
    for change in changes.iter().filter(|change| change.kind.is_sent()) {
        let position = register.iter().position(|entry| entry.asset_key == change.asset_key);
        if position.is_none() {
            assert_eq!(change.precondition, Some(Precondition::Absent(true)), "no such entry: {change:?}");
            let mut new = entry(change.asset_key, &[]);
            new.account_id = None;
            register.push(new);
        } else {
            let version = position.and_then(|index| register.get(index)).map(|entry| entry.version.clone());
            assert_eq!(change.precondition, version.map(Precondition::Version), "{change:?}");
        }
        let index = position.unwrap_or(register.len() - 1);
        let entry = register.get_mut(index).unwrap();
        entry.last_plan = Some("plan".into());
        entry.version = (entry.version.parse::<u64>().unwrap() + 1).to_string();
        entry.state = change.after.state.unwrap_or(entry.state);
        if let Some(account) = &change.after.account_id {
            entry.account_id = Some(account.clone());
        }
        for (name, value) in &change.after.attributes {
            if value.is_null() {
                entry.attributes.remove(name);
            } else {
                entry.attributes.insert(name.clone(), value.clone());
            }
        }
    }
}

pub(super) fn kinds(result: &AccountReconciliation) -> Vec<ChangeKind> {
    result.changes.iter().map(|change| change.kind).collect()
}

pub(super) fn findings(result: &AccountReconciliation) -> Vec<FindingKind> {
    result.findings.iter().map(|finding| finding.kind).collect()
}

/// Writes a result as text: a line per asset with what speaks of it, its findings and its change.
pub(super) fn render(result: &AccountReconciliation) -> String {
    let mut lines: Vec<String> = result
        .assets
        .iter()
        .map(|asset| {
            let findings: Vec<String> = result
                .findings
                .iter()
                .filter(|finding| finding.asset_key == Some(asset.asset_key))
                .map(|finding| match &finding.attribute {
                    Some(attribute) => format!("{} {attribute}", finding.kind),
                    None => finding.kind.to_string(),
                })
                .collect();
            let change = result.changes.iter().find(|change| change.asset_key == asset.asset_key);
            let parties = [asset.records.join(" "), asset.items.join(" ")]
                .into_iter()
                .chain([asset.published.iter().map(|_| "entry").collect::<Vec<_>>().join(" ")])
                .filter(|party| !party.is_empty())
                .collect::<Vec<_>>()
                .join(" + ");
            let findings = if findings.is_empty() { "-".to_owned() } else { findings.join(", ") };
            format!("{parties}: {findings}: {}", change.map_or("-".to_owned(), render_change))
        })
        .collect();
    lines.sort();
    let without_asset = result.findings.iter().filter(|finding| finding.asset_key.is_none());
    lines.extend(without_asset.map(|finding| {
        let subject = ["row", "members"].iter().find_map(|name| finding.evidence.get(*name));
        format!("{}: {}", finding.kind, subject.unwrap_or(&Value::Null))
    }));
    lines.join("\n")
}

fn render_change(change: &Change) -> String {
    let kind = serde_json::to_value(change.kind).unwrap();
    let mut text = kind.as_str().unwrap_or_default().to_owned();
    if let Some(reason) = change.reason {
        text.push_str(&format!("({reason})"));
    }
    if let Some(state) = change.after.state.filter(|_| change.kind == ChangeKind::Update) {
        text.push_str(&format!(" {state:?}"));
    }
    let hidden = [attribute::ARN, attribute::REGION, attribute::RESOURCE_ID, attribute::RESOURCE_TYPE];
    for (name, value) in change.after.attributes.iter().filter(|(name, _)| !hidden.contains(&name.as_str())) {
        let value = value.as_str().map_or_else(|| Value::to_string(value), str::to_owned);
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

/// Compares a result with the text that was expected, both without indentation.
#[track_caller]
pub(super) fn assert_reads(result: &AccountReconciliation, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(render(result), expected.join("\n"));
}
