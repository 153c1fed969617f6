//! What became of findings between two runs, one by one: as CSV for people and as JSON for machines.

use std::collections::BTreeMap;
use std::io::Write;

use bestand_model::finding::{Finding, FindingKind};
use bestand_model::run_summary::RunSummary;
use serde::Serialize;
use serde_json::{Value, json};

use super::{ReportError, neutral, words};

/// What became of a finding.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SinceState {
    /// The newer run alone has it.
    Opened,
    /// The newer run saw everything there, and does not have it any more.
    Closed,
    /// The newer run does not have it, and did not see everything there: nobody knows.
    NotSeen,
    /// Both have it, and not the same.
    Changed,
    /// Both have it.
    StillOpen,
}

impl SinceState {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Opened, Self::Closed, Self::NotSeen, Self::Changed, Self::StillOpen];

    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::NotSeen => "not_seen",
            Self::Changed => "changed",
            Self::StillOpen => "still_open",
        }
    }
}

/// How many findings of each kind are in each state.
pub type SinceCounts = BTreeMap<FindingKind, BTreeMap<SinceState, u64>>;

/// Says in what a finding changed between two runs; nothing where it is the same.
pub fn changed(before: &Finding, now: &Finding) -> Vec<&'static str> {
    let parts = [
        ("severity", before.severity != now.severity),
        ("live", before.live != now.live),
        ("registered", before.registered != now.registered),
        ("published", before.published != now.published),
        ("authority", before.authority != now.authority),
        ("owner", before.owner != now.owner),
        ("exception", before.exception.is_some() != now.exception.is_some()),
    ];
    parts.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

const COLUMNS: [&str; 22] = [
    "state",
    "finding_id",
    "kind",
    "severity",
    "severity_before",
    "account_id",
    "region",
    "resource_type",
    "resource_id",
    "arn",
    "asset_id",
    "name",
    "owner",
    "attribute",
    "live",
    "live_before",
    "registered",
    "registered_before",
    "published",
    "published_before",
    "since",
    "changed",
];

/// Writes a comparison of two runs as it is made; no finding is kept.
#[derive(Debug)]
pub struct SinceWriter<C: Write, J: Write> {
    csv: csv::Writer<C>,
    json: J,
    counts: SinceCounts,
    written: u64,
}

impl<C: Write, J: Write> SinceWriter<C, J> {
    /// Begins both files.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn begin(csv: C, mut json: J, older: &RunSummary, newer: &RunSummary) -> Result<Self, ReportError> {
        let run = |of: &RunSummary| json!({"run_id": of.run_id, "started_at": of.started_at});
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(csv);
        csv.write_record(COLUMNS).map_err(std::io::Error::from)?;
        write!(
            json,
            "{{\"schema_version\":1,\"environment\":{},\"older\":{},\"newer\":{},\"findings\":[",
            json!(newer.environment),
            run(older),
            run(newer)
        )?;
        Ok(Self { csv, json, counts: SinceCounts::new(), written: 0 })
    }

    /// Adds a finding: as it is now, or as it was where it is not there any more, and as it was before a change.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(
        &mut self,
        state: SinceState,
        finding: &Finding,
        before: Option<&Finding>,
        changed: &[&str],
    ) -> Result<(), ReportError> {
        *self.counts.entry(finding.kind).or_default().entry(state).or_default() += 1;
        let mut line = json!({"state": state, "finding": finding});
        if let (false, Value::Object(line)) = (changed.is_empty(), &mut line) {
            line.insert("changed".to_owned(), json!(changed));
            line.insert("before".to_owned(), json!(before));
        }
        let separator = if self.written == 0 { "\n" } else { ",\n" };
        write!(self.json, "{separator}{line}")?;
        self.written += 1;

        let now = Cells::of(finding);
        let was = before.filter(|_| !changed.is_empty()).map(Cells::of).unwrap_or_default();
        let changed = changed.join(" ");
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let row = [
            state.code().to_owned(),
            finding.finding_id.clone(),
            finding.kind.code().to_owned(),
            now.severity,
            was.severity,
            text(finding.account_id.as_ref().map(|own| own.as_str())),
            text(finding.region.as_ref().map(|own| own.as_str())),
            text(finding.resource_type.as_ref().map(|own| own.as_str())),
            text(finding.resource_id.as_ref().map(|own| own.as_str())),
            finding.arn.as_ref().map(ToString::to_string).unwrap_or_default(),
            text(finding.asset_id.as_ref().map(|own| own.as_str())),
            text(finding.name.as_deref()),
            text(finding.owner.as_deref()),
            text(finding.attribute.as_deref()),
            now.live,
            was.live,
            now.registered,
            was.registered,
            now.published,
            was.published,
            finding.since.map(|since| since.to_string()).unwrap_or_default(),
            changed,
        ];
        self.csv
            .write_record(row.iter().map(|cell| neutral(cell).into_owned()))
            .map_err(std::io::Error::from)?;
        Ok(())
    }

    /// Ends both files, and gives the counts.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn finish(mut self) -> Result<SinceCounts, ReportError> {
        writeln!(self.json, "\n],\"counts\":{}}}", json!(self.counts))?;
        self.json.flush()?;
        self.csv.flush()?;
        Ok(self.counts)
    }
}

#[derive(Default)]
struct Cells {
    severity: String,
    live: String,
    registered: String,
    published: String,
}

impl Cells {
    fn of(finding: &Finding) -> Self {
        let value = |value: &Option<Value>| match value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        Self {
            severity: words::severity_code(finding.severity).to_owned(),
            live: value(&finding.live),
            registered: value(&finding.registered),
            published: value(&finding.published),
        }
    }
}
