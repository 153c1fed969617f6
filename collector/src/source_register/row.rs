//! Judges one row: what it says, where it belongs, or why it makes no sense.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::arn::Arn;
use bestand_model::asset_record::{AssetRecord, Lifecycle, RecordLine, RecordPartition, RejectedRecord};
use bestand_model::attribute;
use bestand_model::identification::IdentificationRules;
use bestand_model::identifiers::{AccountId, AssetId, Region, ResourceId, ResourceType};
use serde_json::Value;

use super::cell::{Cell, CellResult, beginning};
use super::settings::LifecycleWords;

/// Knows the mapping's attributes and judges rows by them.
#[derive(Clone, Debug)]
pub(super) struct RowJudge {
    /// `(attribute, column)`, in the order of the cells.
    columns: Vec<(String, String)>,
    planned: BTreeSet<String>,
    retired: BTreeSet<String>,
    identification: IdentificationRules,
}

/// A row's cells under their attributes, while they are judged.
struct Row<'a> {
    cells: BTreeMap<&'a str, (&'a str, Cell)>,
    faults: Vec<String>,
    /// Why neither ARN nor place identifies it; a rule of the settings may all the same.
    nameless: Option<&'static str>,
}

impl RowJudge {
    /// Takes the mapping from attribute to column, and what identifies a row.
    pub(super) fn new(
        columns: &BTreeMap<String, String>,
        words: &LifecycleWords,
        identification: &IdentificationRules,
    ) -> Self {
        let spelled = |words: &[String]| words.iter().map(|word| spelling(word)).collect();
        Self {
            columns: columns.iter().map(|(attribute, column)| (attribute.clone(), column.clone())).collect(),
            planned: spelled(&words.planned),
            retired: spelled(&words.retired),
            identification: identification.clone(),
        }
    }

    /// Judges a row; `number` counts from 1 in the order of reading, `cells` stand in the mapping's order.
    pub(super) fn judge(
        &self,
        number: u64,
        aws: bool,
        cells: Vec<CellResult>,
    ) -> (RecordPartition, RecordLine) {
        let mut row = Row { cells: BTreeMap::new(), faults: Vec::new(), nameless: None };
        for ((attribute, column), cell) in self.columns.iter().zip(cells) {
            match cell {
                Ok(cell) => {
                    row.cells.insert(attribute, (column, cell));
                }
                Err(fault) => row.faults.push(format!("column `{column}` {fault}")),
            }
        }
        let asset_id = row.take_text(attribute::ASSET_ID).map(AssetId::new);
        let row_key = asset_id.as_ref().map_or_else(|| format!("row {number}"), |id| id.as_str().to_owned());
        let record =
            if aws { self.aws_record(&mut row) } else { Self::other_record(&mut row, asset_id.as_ref()) };
        let lifecycle = self.lifecycle(row.cells.get(attribute::LIFECYCLE).map(|(_, cell)| cell));
        let mut record =
            AssetRecord { row_key: row_key.clone(), asset_id: asset_id.clone(), lifecycle, ..record };
        for (attribute, (_, cell)) in row.cells {
            record.attributes.insert(attribute.to_owned(), cell.value);
        }
        let known_otherwise = || {
            let mut rules = self.identification.of_settings();
            rules.any(|(_, rule)| rule.record_key(&record).is_some())
        };
        row.faults.extend(row.nameless.filter(|_| !known_otherwise()).map(str::to_owned));
        if !row.faults.is_empty() {
            let account_id = record.account_id.filter(|_| aws);
            let partition = account_id.clone().map_or(RecordPartition::Rejected, RecordPartition::Account);
            let rejected = RejectedRecord { row_key, asset_id, account_id, reason: row.faults.join("; ") };
            return (partition, RecordLine::Rejected { rejected });
        }
        let partition = match &record.account_id {
            _ if !aws => RecordPartition::NotAws,
            Some(account) => RecordPartition::Account(account.clone()),
            None => RecordPartition::Unplaced,
        };
        (partition, RecordLine::Record(record))
    }

    /// Reads the identity of an AWS resource; what is wrong with it goes to the row's faults.
    fn aws_record(&self, row: &mut Row<'_>) -> AssetRecord {
        let broken_before = !row.faults.is_empty();
        let has_arn_text = row.holds(attribute::ARN);
        let arn = row.take_arn();
        let own_account = row.take_account();
        let resource_id = row.take_text(attribute::RESOURCE_ID).map(ResourceId::new);
        let resource_type = row.take_text(attribute::RESOURCE_TYPE).map(ResourceType::new);
        let arn_account = arn.as_ref().and_then(Arn::account_id);
        if let (Some(named), Some((column, said))) = (&arn_account, &own_account)
            && named != said
        {
            row.faults.push(format!("the ARN names account {named}, column `{column}` says {said}"));
        }
        // A cell that could not be read may have held the identity: its own fault says enough.
        if !has_arn_text && !broken_before {
            if resource_id.is_none() {
                row.nameless = Some("neither ARN nor resource id: nothing to identify it by");
            } else if resource_type.is_none() {
                row.nameless = Some("a resource id without resource type or ARN identifies nothing");
            }
        }
        // Where the two differ, the ARN is what the row would have been identified by.
        let conflict_free = arn_account.clone().or(own_account.map(|(_, account)| account));
        AssetRecord {
            aws: true,
            arn,
            resource_id,
            account_id: conflict_free,
            region: row.take_region(),
            resource_type,
            ..empty_record()
        }
    }

    /// Reads a row that is no AWS resource: what does not fit AWS's forms stays as it is written.
    fn other_record(row: &mut Row<'_>, asset_id: Option<&AssetId>) -> AssetRecord {
        if asset_id.is_none() {
            row.faults.push(
                "no asset id: a row that is no AWS resource has nothing else to be known by".to_owned(),
            );
        }
        let arn = row.take_if(attribute::ARN, |cell| cell.text()?.parse::<Arn>().ok());
        let account_id =
            row.take_if(attribute::ACCOUNT_ID, |cell| account_text(cell)?.parse::<AccountId>().ok());
        AssetRecord {
            arn,
            account_id,
            resource_id: row.take_text(attribute::RESOURCE_ID).map(ResourceId::new),
            region: row.take_region(),
            resource_type: row.take_text(attribute::RESOURCE_TYPE).map(ResourceType::new),
            ..empty_record()
        }
    }

    fn lifecycle(&self, cell: Option<&Cell>) -> Lifecycle {
        let word = cell.and_then(Cell::text).map(|text| spelling(&text)).unwrap_or_default();
        if self.retired.contains(&word) {
            Lifecycle::Retired
        } else if self.planned.contains(&word) {
            Lifecycle::Planned
        } else {
            Lifecycle::Active
        }
    }
}

impl Row<'_> {
    fn holds(&self, attribute: &str) -> bool {
        self.cells.get(attribute).is_some_and(|(_, cell)| cell.value != Value::Null)
    }

    fn take_text(&mut self, attribute: &str) -> Option<String> {
        self.cells.remove(attribute)?.1.text()
    }

    fn take_region(&mut self) -> Option<Region> {
        self.take_text(attribute::REGION).map(|text| Region::new(text.to_lowercase()))
    }

    /// Takes a cell out only if it can be made into what is wanted, or says that there is none.
    fn take_if<T>(&mut self, attribute: &str, make: impl FnOnce(&Cell) -> Option<T>) -> Option<T> {
        let (_, cell) = self.cells.get(attribute)?;
        let made = make(cell);
        if made.is_some() || cell.value == Value::Null {
            self.cells.remove(attribute);
        }
        made
    }

    fn take_arn(&mut self) -> Option<Arn> {
        let (column, cell) = self.cells.remove(attribute::ARN)?;
        let parsed = cell.text()?.parse();
        parsed.map_err(|error| self.faults.push(format!("column `{column}`: {error}"))).ok()
    }

    /// Takes the row's own account with the column it stands in.
    fn take_account(&mut self) -> Option<(String, AccountId)> {
        let (column, cell) = self.cells.remove(attribute::ACCOUNT_ID)?;
        let text = account_text(&cell)?;
        match text.parse() {
            Ok(account) => Some((column.to_owned(), account)),
            Err(_) => {
                let shown = beginning(&text);
                self.faults
                    .push(format!("column `{column}`: `{shown}` is no account id: it has twelve digits"));
                None
            }
        }
    }
}

/// Gives an account id's text. A column of numbers has lost the zeros that the id begins with.
fn account_text(cell: &Cell) -> Option<String> {
    let text = cell.text()?;
    if !cell.numeric {
        return Some(text);
    }
    // Ten digits and a fraction of zero is how a number column without a fixed scale may spell it.
    let whole = text
        .split_once('.')
        .filter(|(_, fraction)| fraction.bytes().all(|b| b == b'0'))
        .map_or(text.as_str(), |(w, _)| w);
    let is_number = !whole.is_empty() && whole.len() <= 12 && whole.bytes().all(|byte| byte.is_ascii_digit());
    Some(if is_number && whole.bytes().any(|byte| byte != b'0') { format!("{whole:0>12}") } else { text })
}

fn spelling(word: &str) -> String {
    word.trim().to_lowercase()
}

fn empty_record() -> AssetRecord {
    AssetRecord {
        row_key: String::new(),
        aws: false,
        asset_id: None,
        arn: None,
        resource_id: None,
        account_id: None,
        region: None,
        resource_type: None,
        lifecycle: Lifecycle::default(),
        attributes: BTreeMap::new(),
    }
}
