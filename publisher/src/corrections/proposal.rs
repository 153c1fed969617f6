//! What a finding asks of the register's keepers, if anything.

use bestand_model::attribute;
use bestand_model::change_set::WithheldReason;
use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_model::provenance::Provenance;
use serde_json::Value;

use super::cell;
use super::layout::Layout;

/// A name that is this long may have been cut.
const NAME_MAX_CHARS: usize = 256;

/// What is asked because of one finding.
#[derive(Clone, Debug, PartialEq)]
pub enum Proposal {
    /// A row to add.
    Add(Addition),
    /// A row that makes no sense.
    Reject(Rejection),
    /// A change of a row that is there.
    Row(RowProposal),
}

/// A row to add: what is known of it, by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Addition {
    pub(super) finding_id: String,
    pub(super) cells: Vec<(String, String)>,
    /// The column, and its value, by which one sees that the row is there already.
    pub(super) known_by: Option<(String, String)>,
}

/// A row that makes no sense, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    pub(super) finding_id: String,
    pub(super) row: String,
    pub(super) reason: String,
}

/// A change of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowProposal {
    pub(super) finding_id: String,
    pub(super) row: String,
    pub(super) change: RowChange,
    /// Why no statement is made of it.
    pub(super) doubt: Option<&'static str>,
}

/// What is to be changed in a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RowChange {
    /// A cell says something else than what lives.
    Correct { attribute: String, column: String, read: Value, proposed: Value },
    /// Nothing lives, and enough was seen to say so.
    Close,
}

/// Gives what a finding asks for. Findings that an exception answers for ask for nothing.
pub fn propose(layout: &Layout, finding: &Finding) -> Option<Proposal> {
    if finding.exception.is_some() {
        return None;
    }
    match finding.kind {
        FindingKind::Unregistered => addition(layout, finding).map(Proposal::Add),
        FindingKind::Divergent => correction(layout, finding).map(Proposal::Row),
        FindingKind::Absent => closing(finding).map(Proposal::Row),
        FindingKind::RejectedRecord => Some(Proposal::Reject(Rejection {
            finding_id: finding.finding_id.clone(),
            row: row_key(finding).unwrap_or_default(),
            reason: text_of(finding, "reason").unwrap_or_default(),
        })),
        FindingKind::RetiredButLive
        | FindingKind::ExternallyChanged
        | FindingKind::Duplicate
        | FindingKind::SharedIdentity
        | FindingKind::Misplaced
        | FindingKind::Replaced
        | FindingKind::NonCompliant
        | FindingKind::SuspectValue
        | FindingKind::ExceptionExpired
        | FindingKind::NotOurs
        | FindingKind::Unverified => None,
    }
}

/// A resource that is an asset and that no row speaks of. What is only inventoried, and what is counted in groups, is
/// nobody's row.
fn addition(layout: &Layout, finding: &Finding) -> Option<Addition> {
    if finding.severity == Severity::Info || finding.resource_id.is_none() {
        return None;
    }
    let name = finding.name.as_ref().filter(|name| name.chars().count() < NAME_MAX_CHARS);
    let known = [
        (attribute::ARN, finding.arn.as_ref().map(ToString::to_string)),
        (attribute::RESOURCE_ID, finding.resource_id.as_ref().map(ToString::to_string)),
        (attribute::ACCOUNT_ID, finding.account_id.as_ref().map(ToString::to_string)),
        (attribute::REGION, finding.region.as_ref().map(ToString::to_string)),
        (attribute::RESOURCE_TYPE, finding.resource_type.as_ref().map(ToString::to_string)),
        (attribute::NAME, name.cloned()),
    ];
    let mut cells: Vec<(String, String)> = Vec::new();
    for (attribute, value) in known {
        let (Some(column), Some(value)) = (layout.column(attribute), value) else { continue };
        if cells.iter().all(|(known, _)| !super::layout::same_column(known, column)) {
            cells.push((column.to_owned(), value));
        }
    }
    let of = |attribute: &str| {
        let column = layout.column(attribute)?;
        cells.iter().find(|(own, _)| own == column).cloned()
    };
    let known_by = of(attribute::ARN).or_else(|| of(attribute::RESOURCE_ID));
    for fixed in layout.fixed.iter().flatten() {
        cells.retain(|(column, _)| !super::layout::same_column(column, &fixed.column));
        cells.push((fixed.column.clone(), fixed.value.clone()));
    }
    Some(Addition { finding_id: finding.finding_id.clone(), cells, known_by })
}

/// A cell that says something else than what lives, where what lives has authority: where the register has it, the
/// register is right, and the resource is to be changed.
fn correction(layout: &Layout, finding: &Finding) -> Option<RowProposal> {
    let name = finding.attribute.as_deref()?;
    let authority = finding.authority.as_ref().filter(|authority| authority.is_live())?;
    let spoke = finding.evidence.get("live_source").map_or(Some(Provenance::ConfigService), |source| {
        source.as_str().and_then(|text| text.parse().ok())
    })?;
    // Cut values are not the values, and mapped ones are not the register's words.
    let foreign = ["cut", "live_mapped", "registered_mapped"];
    if spoke != *authority || foreign.iter().any(|own| finding.evidence.contains_key(*own)) {
        return None;
    }
    let column = layout.column(name)?.to_owned();
    let (read, proposed) = (finding.registered.clone()?, finding.live.clone()?);
    let doubt = doubt(layout, finding, &column, &read, &proposed);
    let change = RowChange::Correct { attribute: name.to_owned(), column, read, proposed };
    Some(RowProposal { finding_id: finding.finding_id.clone(), row: row_key(finding)?, change, doubt })
}

fn doubt(
    layout: &Layout,
    finding: &Finding,
    column: &str,
    read: &Value,
    proposed: &Value,
) -> Option<&'static str> {
    if layout.is_shared(column) {
        return Some("the column holds several attributes, which a statement would change all at once");
    }
    let rule = text_of(finding, "rule").unwrap_or_default();
    if layout.settings.many_rules.contains(&rule) {
        return Some("the row speaks for many resources, and the others may say something else");
    }
    match (read, proposed) {
        (_, Value::Null) => {
            Some("AWS has no value: whether the cell may be empty is for the register to say")
        }
        (_, Value::Array(_) | Value::Object(_)) | (Value::Array(_) | Value::Object(_), _) => {
            Some("it is no single value")
        }
        (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_)) => None,
        (Value::Number(_) | Value::Bool(_), _) => {
            Some("the column holds another type than the value proposed")
        }
        _ => None,
    }
}

/// A row of which nothing lives. Only a complete look proves that: not a busy scope, and never a dark one.
fn closing(finding: &Finding) -> Option<RowProposal> {
    let is_proven = text_of(finding, "coverage").as_deref() == Some("complete");
    let is_open = text_of(finding, "lifecycle").as_deref() == Some("active");
    if !is_proven || !is_open {
        return None;
    }
    let withheld =
        finding.evidence.get("withheld").and_then(|code| serde_json::from_value(code.clone()).ok());
    let doubt = match withheld {
        // Nobody could be asked for it by its id, or too much is missing at once: something else may be wrong.
        Some(WithheldReason::Unproven | WithheldReason::GateAccount) => return None,
        Some(WithheldReason::Grace) => Some("it is not yet absent for as long as retiring it takes"),
        _ => None,
    };
    let row = row_key(finding)?;
    Some(RowProposal { finding_id: finding.finding_id.clone(), row, change: RowChange::Close, doubt })
}

fn row_key(finding: &Finding) -> Option<String> {
    text_of(finding, "row")
}

fn text_of(finding: &Finding, name: &str) -> Option<String> {
    finding.evidence.get(name).and_then(Value::as_str).map(str::to_owned)
}

impl RowChange {
    /// Gives what was read and what is proposed, as texts.
    pub(super) fn texts(&self) -> Option<(String, String)> {
        match self {
            Self::Correct { read, proposed, .. } => Some((cell::text(read), cell::text(proposed))),
            Self::Close => None,
        }
    }
}
