//! Findings as a table: the columns of `report.csv`, which are those of the workbook's sheet of findings too.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bestand_model::account::Account;
use bestand_model::finding::Finding;
use bestand_model::identifiers::AccountId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing is known, or it has no meaning there.
    Blank,
    /// A text, as it is.
    Text(Cow<'a, str>),
    /// A number, as JSON has it.
    Number(serde_json::Number),
    /// An instant.
    Instant(Timestamp),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// Makes a cell of a text that may be missing.
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Blank, |text| Self::Text(Cow::Borrowed(text)))
    }

    /// Makes a cell of a text of its own.
    pub(super) fn own(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    /// Makes a cell of a count.
    pub(super) fn count(count: u64) -> Self {
        Self::Number(count.into())
    }

    /// Makes a cell of an instant that may be missing.
    pub(super) fn instant(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Blank, Self::Instant)
    }

    /// Makes a cell of a value: texts as they are, numbers as numbers, all else as JSON. `null` says that there is
    /// none, and a blank that nobody was asked.
    pub(super) fn value(value: Option<&'a Value>) -> Self {
        match value {
            None => Self::Blank,
            Some(Value::String(text)) => Self::text(Some(text)),
            Some(Value::Number(number)) => Self::Number(number.clone()),
            Some(other) => Self::own(other.to_string()),
        }
    }

    /// Makes a cell of something that has a stable code.
    pub(super) fn code(of: &impl Serialize) -> Self {
        match serde_json::to_value(of) {
            Ok(Value::String(code)) => Self::own(code),
            _ => Self::Blank,
        }
    }
}

/// How a column looks in a workbook.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Look {
    /// A text, also where it looks like a number: account ids keep their zeros.
    Text,
    /// A number.
    Number,
    /// A date with its time, in UTC.
    Instant,
}

/// A column: its name, its width in characters, and its look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) width: f64,
    pub(super) look: Look,
}

const fn text(name: &'static str, width: f64) -> Column {
    Column { name, width, look: Look::Text }
}

const fn number(name: &'static str, width: f64) -> Column {
    Column { name, width, look: Look::Number }
}

const fn instant(name: &'static str) -> Column {
    Column { name, width: 20.0, look: Look::Instant }
}

/// The columns of findings, in their order.
pub(super) const FINDING: [Column; 26] = [
    text("finding_id", 18.0),
    text("kind", 18.0),
    text("severity", 9.0),
    text("ignored", 8.0),
    text("account_id", 14.0),
    text("account_name", 22.0),
    text("region", 14.0),
    text("resource_type", 26.0),
    text("arn", 60.0),
    text("resource_id", 24.0),
    text("name", 28.0),
    text("asset_id", 16.0),
    text("owner", 24.0),
    text("attribute", 26.0),
    text("live", 24.0),
    text("registered", 24.0),
    text("published", 24.0),
    text("authority", 16.0),
    instant("since"),
    text("ou_path", 22.0),
    text("account_email", 26.0),
    text("asset_key", 38.0),
    text("evidence", 40.0),
    text("exception_owner", 20.0),
    text("exception_because", 30.0),
    instant("exception_until"),
];

/// The columns of the ledger.
pub(super) const COVERAGE: [Column; 11] = [
    text("account_id", 14.0),
    text("account_name", 22.0),
    text("region", 14.0),
    text("resource_type", 30.0),
    text("status", 11.0),
    text("reason", 20.0),
    text("detail", 50.0),
    number("expected", 10.0),
    number("expected_after", 14.0),
    number("collected", 10.0),
    text("daily", 8.0),
];

/// The columns of changes.
pub(super) const CHANGE: [Column; 9] = [
    text("kind", 10.0),
    text("would_be", 10.0),
    text("reason", 20.0),
    text("account_id", 14.0),
    text("account_name", 22.0),
    text("asset_key", 38.0),
    text("before", 60.0),
    text("after", 60.0),
    text("digest", 20.0),
];

/// The columns of exceptions and of accepted gaps.
pub(super) const EXCEPTION: [Column; 7] = [
    text("of", 14.0),
    text("state", 12.0),
    text("names", 50.0),
    text("because", 50.0),
    text("owner", 24.0),
    instant("until"),
    number("fits", 10.0),
];

/// Accounts by their id, as the directory tells them.
pub(super) type Directory<'a> = BTreeMap<&'a AccountId, &'a Account>;

/// Makes the directory of a report's accounts.
pub(super) fn directory(accounts: &[Account]) -> Directory<'_> {
    accounts.iter().map(|own| (&own.id, own)).collect()
}

/// Gives the cells of a finding in the order of [`FINDING`].
pub(super) fn finding<'a>(own: &'a Finding, directory: &Directory<'a>) -> [Cell<'a>; FINDING.len()] {
    let account = own.account_id.as_ref().and_then(|id| directory.get(id).copied());
    let exception = own.exception.as_ref();
    [
        Cell::text(Some(&own.finding_id)),
        Cell::text(Some(own.kind.code())),
        Cell::code(&own.severity),
        Cell::Flag(exception.is_some()),
        Cell::text(own.account_id.as_ref().map(AccountId::as_str)),
        Cell::text(account.and_then(|own| own.name.as_deref())),
        Cell::text(own.region.as_ref().map(AsRef::as_ref)),
        Cell::text(own.resource_type.as_ref().map(AsRef::as_ref)),
        own.arn.as_ref().map_or(Cell::Blank, |arn| Cell::own(arn.to_string())),
        Cell::text(own.resource_id.as_ref().map(AsRef::as_ref)),
        Cell::text(own.name.as_deref()),
        Cell::text(own.asset_id.as_ref().map(AsRef::as_ref)),
        Cell::text(own.owner.as_deref()),
        Cell::text(own.attribute.as_deref()),
        Cell::value(own.live.as_ref()),
        Cell::value(own.registered.as_ref()),
        Cell::value(own.published.as_ref()),
        own.authority.as_ref().map_or(Cell::Blank, |authority| Cell::own(authority.to_string())),
        Cell::instant(own.since),
        Cell::text(account.and_then(|own| own.ou_path.as_deref())),
        Cell::text(account.and_then(|own| own.email.as_deref())),
        own.asset_key.as_ref().map_or(Cell::Blank, |key| Cell::own(key.to_string())),
        if own.evidence.is_empty() { Cell::Blank } else { Cell::own(json(&own.evidence)) },
        Cell::text(exception.map(|own| own.owner.as_str())),
        Cell::text(exception.map(|own| own.because.as_str())),
        Cell::instant(exception.map(|own| own.until)),
    ]
}

/// Renders what is a map with texts as keys, and so always has a JSON form.
pub(super) fn json(of: &impl Serialize) -> String {
    serde_json::to_string(of).unwrap_or_default()
}
