//! A run with everything in it that a report has to show, and names that want to be more than names.

use std::collections::BTreeMap;

use bestand_model::account::{Account, AccountState};
use bestand_model::asset::{AssetKey, AssetPatch, KeyBasis};
use bestand_model::asset_record::RecordTotals;
use bestand_model::change_set::{Change, ChangeCounts, ChangeKind, Provenance, WithheldReason};
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_model::gate::{GateCode, GateReason, GateVerdict, Verdict};
use bestand_model::identifiers::{AccountId, AssetId, Region, ResourceId, ResourceType, RunId};
use bestand_model::run_summary::{
    AccountCounts, CoverageCounts, FindingCounts, InventoryCounts, Override, PublicationCounts, RunSummary,
};
use bestand_publisher::report::{ReportHead, ReportPast};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// Names that would do something if anything but a text were made of them.
pub(crate) const HOSTILE: [&str; 8] = [
    "<script>alert('bestand-1')</script>",
    "</script><script>alert('bestand-2')</script><!--",
    "\" onmouseover=\"alert('bestand-3')\" x=\"",
    "<img src=x onerror=alert('bestand-4')>",
    "&lt;b&gt; & &amp; &#60;script&#62;",
    "a\u{2028}b\u{2029}c",
    "invoice\u{202e}fdp.exe\0",
    "{{ 7 * 7 }} ${alert(1)} `javascript:alert(1)`",
];

const REGIONS: [&str; 5] = ["global", "eu-central-1", "eu-west-1", "us-east-1", "ap-south-1"];

const TYPES: [&str; 6] = [
    "AWS::EC2::Instance",
    "AWS::S3::Bucket",
    "AWS::RDS::DBInstance",
    "AWS::Lambda::Function",
    "AWS::EC2::Volume",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
];

/// A run that the report is made of.
pub(crate) struct Sample {
    pub(crate) summary: RunSummary,
    pub(crate) accounts: Vec<Account>,
    pub(crate) coverage: Vec<CoverageLine>,
    pub(crate) findings: u64,
    pub(crate) past: ReportPast,
}

impl Sample {
    /// Makes a run over 12 accounts with so many findings.
    pub(crate) fn new(findings: u64) -> Self {
        let accounts = accounts();
        let (coverage, past) = (coverage(&accounts), ReportPast::default());
        let mut sample = Self { summary: summary(), coverage, accounts, findings, past };
        let mut counts = FindingCounts::default();
        for finding in sample.stream() {
            counts.add(&finding);
        }
        sample.summary.findings = counts;
        sample
    }

    /// Gives the run thirty-odd earlier ones, one a day but for three days, and an earlier ledger in which two places
    /// were seen better and one worse.
    pub(crate) fn with_past(mut self) -> Self {
        for days in (1..=35).rev().filter(|days| !matches!(days, 9..=11)) {
            self.past.add_run(&self.earlier_run(days));
        }
        let earlier = |line: &CoverageLine| {
            let mut line = line.clone();
            let stopped = line.reason == Some(Reason::RecorderStopped);
            if stopped || line.reason == Some(Reason::CountMismatch) {
                line = CoverageLine::complete(line.account_id, line.region, line.resource_type);
            } else if line.account_id == account_id(0) && line.region == Some(Region::from("us-east-1")) {
                line.set_incomplete(Reason::Throttled, "");
            }
            line
        };
        for line in &self.coverage {
            self.past.add_coverage(&earlier(line));
        }
        self
    }

    /// Makes the run of so many days before, with fewer findings the older it is; now and then one that failed.
    pub(crate) fn earlier_run(&self, days: i64) -> RunSummary {
        let mut run = self.summary.clone();
        run.run_id = RunId::new(format!("earlier-{days:03}"));
        run.started_at = started() - (24 * days).hours();
        run.exit_status = 20;
        for number in run.findings.by_kind.values_mut().chain(run.findings.by_severity.values_mut()) {
            *number = number.saturating_sub(u64::try_from(days).unwrap());
        }
        run.findings.drift = run.findings.drift.saturating_sub(u64::try_from(days).unwrap());
        if days % 13 == 5 {
            (run.plan_digest, run.exit_status) = (None, 30);
        }
        run
    }

    pub(crate) fn head(&self) -> ReportHead<'_> {
        ReportHead {
            summary: &self.summary,
            accounts: &self.accounts,
            coverage: &self.coverage,
            past: &self.past,
        }
    }

    /// Gives the changes that are planned for the findings' assets.
    pub(crate) fn planned(&self) -> impl Iterator<Item = Change> + use<> {
        self.stream().enumerate().filter_map(|(number, finding)| change(number, &finding))
    }

    /// Gives the findings, one after the other.
    pub(crate) fn stream(&self) -> impl Iterator<Item = Finding> + use<> {
        (0..self.findings).map(finding)
    }
}

fn account_id(number: u64) -> AccountId {
    format!("{:012}", 100_000_000_000 + number * 1_111).parse().unwrap()
}

fn accounts() -> Vec<Account> {
    let names = [
        "regio-bus-nord",
        "regio-bus-sued",
        "fahrplan",
        "vertrieb-online",
        "werkstatt-iot",
        "daten-plattform",
        "<b>netz</b> & betrieb",
        "konzern-reporting",
        "sandbox-labor",
        "archiv",
        "leitstelle",
        "abgeschaltet-2024",
    ];
    (0..12)
        .zip(names)
        .map(|(number, name)| {
            let state = match number {
                9 => AccountState::LeftOut,
                10 => AccountState::Decommissioned,
                11 => AccountState::Inactive,
                _ => AccountState::Active,
            };
            let unit = match number {
                0..4 => Some("Root/Verkehr/Nord"),
                4..6 => Some("Root/Betrieb/<script>alert('bestand-7')</script>"),
                6..11 => Some("Root/Öffentlicher Nahverkehr/Leitstellen und Werkstätten/Ost"),
                _ => None,
            };
            let email = match number {
                5 => Some("x@example.org?bcc=<img src=x>".to_owned()),
                6 => Some("javascript:alert('bestand-8')@example.org".to_owned()),
                11 => None,
                _ => Some(format!("aws+konto-{number}@regiobus.example")),
            };
            Account {
                name: Some(name.to_owned()),
                ou_path: unit.map(str::to_owned),
                email,
                ..Account::new(account_id(number), state)
            }
        })
        .collect()
}

fn coverage(accounts: &[Account]) -> Vec<CoverageLine> {
    let mut lines = Vec::new();
    for (number, account) in accounts.iter().enumerate() {
        match number {
            3 => lines.push(CoverageLine::incomplete(
                account.id.clone(),
                None,
                None,
                Reason::RoleDenied,
                "AccessDenied: sts:AssumeRole on arn:aws:iam::100000003333:role/bestand-reader <b>no</b>",
            )),
            9 => lines.push(CoverageLine::incomplete(
                account.id.clone(),
                None,
                None,
                Reason::NotRequested,
                "the settings leave the account out",
            )),
            10 => lines.push(CoverageLine::complete(account.id.clone(), None, None)),
            11 => lines.push(CoverageLine::incomplete(
                account.id.clone(),
                None,
                None,
                Reason::AccountInactive,
                "SUSPENDED",
            )),
            _ => REGIONS.iter().for_each(|region| region_lines(&mut lines, number, &account.id, region)),
        }
    }
    lines
}

fn region_lines(lines: &mut Vec<CoverageLine>, number: usize, account: &AccountId, region: &str) {
    let at = Some(Region::from(region));
    let incomplete =
        |reason, detail: &str| CoverageLine::incomplete(account.clone(), at.clone(), None, reason, detail);
    match (number, region) {
        (_, "ap-south-1") => lines.push(incomplete(Reason::RegionDisabled, "not opted in")),
        (5, "eu-west-1") => {
            lines.push(incomplete(Reason::RecorderStopped, "stopped since 2026-11-02T04:11:09Z"))
        }
        (7, "us-east-1") => lines.push(incomplete(Reason::RecorderWarming, "started 2026-11-22T21:00:00Z")),
        _ => {
            lines.push(CoverageLine::complete(account.clone(), at.clone(), None));
            for (index, resource_type) in TYPES.iter().enumerate() {
                let mut line = CoverageLine::complete(
                    account.clone(),
                    at.clone(),
                    Some(ResourceType::from(*resource_type)),
                );
                line.expected = Some(40);
                line.collected = Some(40);
                if number == 8 && index < 3 {
                    line.set_incomplete(
                        Reason::TypeNotRecorded,
                        "the recorder's exclusion list names the type",
                    );
                }
                if number == 2 && index == 4 && region == "eu-central-1" {
                    line.collected = Some(31);
                    line.set_incomplete(Reason::CountMismatch, "40 before, 40 after, 31 distinct rows");
                }
                lines.push(line);
            }
        }
    }
}

fn summary() -> RunSummary {
    RunSummary {
        schema_version: 1,
        run_id: RunId::from("20261123-043000-7f3a"),
        command: "run".into(),
        reverts: None,
        environment: "staging".into(),
        started_at: started(),
        ended_at: Some(started() + 512.seconds()),
        tool_version: "0.1.0".into(),
        settings_digest: "9d2f1c".repeat(10),
        accounts: AccountCounts { requested: 12, complete: 4, incomplete: 4, failed: 1, inactive: 2, left_out: 1 },
        coverage: CoverageCounts {
            scopes: 310,
            complete: 280,
            by_reason: BTreeMap::from([("role_denied".into(), 1), ("type_not_recorded".into(), 12)]),
            gaps: 16,
            cross_check: Default::default(),
        },
        aws_calls: Default::default(),
        inventory: InventoryCounts { items: 6_012 },
        records: RecordTotals { read: 5_980, counted: 5_980, unplaced: 4, not_aws: 210, rejected: 3 },
        findings: FindingCounts::default(),
        changes: ChangeCounts { create: 120, update: 48, retire: 7, unchanged: 5_300, withheld: 511 },
        withheld_by_reason: BTreeMap::from([
            ("grace".into(), 40),
            ("unverified".into(), 470),
            ("<i>later</i>".into(), 1),
        ]),
        gate: GateVerdict {
            verdict: Verdict::Refused,
            reasons: vec![GateReason {
                code: GateCode::MaxRetireShare,
                message: "150 of 5,000 assets would be retired".into(),
                limit: 0.02,
                actual: 0.03,
            }],
        },
        not_promised: Vec::new(),
        plan_digest: Some("5be1a7".repeat(10)),
        findings_digest: Some("f1d06e".repeat(10)),
        publication: Some(PublicationCounts { applied: 160, rejected: 9, conflicted: 4, unknown: 2 }),
        overrides: vec![Override {
            code: "max_retire_share".into(),
            because: "Leitstelle Ost was closed <script>alert('bestand-5')</script>".into(),
            by: Some("arn:aws:sts::100000000000:assumed-role/ops/m.mustermann".into()),
            at: started() + 90.seconds(),
            plan_digest: "5be1a7".repeat(10),
        }],
        exceptions: Vec::new(),
        accepted_gaps: Vec::new(),
        next_steps: vec![
            "Account vertrieb-online could not be read: check the trust policy of role bestand-reader, then run \
             `bestand doctor --run 20261123-043000-7f3a`"
                .into(),
            "9 changes were rejected: read `receipts/` and run `bestand publish 20261123-043000-7f3a`".into(),
        ],
        peak_memory_bytes: Some(181 * 1024 * 1024),
        exit_status: 40,
    }
}

pub(crate) fn started() -> Timestamp {
    "2026-11-23T04:30:00Z".parse().unwrap()
}

/// Makes the finding with this number; every kind, severity and hostile name comes round.
pub(crate) fn finding(number: u64) -> Finding {
    let kind = [
        FindingKind::Divergent,
        FindingKind::Unregistered,
        FindingKind::Divergent,
        FindingKind::Absent,
        FindingKind::Unverified,
        FindingKind::Divergent,
        FindingKind::RetiredButLive,
        FindingKind::Unregistered,
        FindingKind::Duplicate,
        FindingKind::RejectedRecord,
    ][pick(number, 10)];
    let resource_type = TYPES[pick(number / 3, TYPES.len())];
    let region = REGIONS[1 + pick(number / 7, 3)];
    let account = account_id((number * 5) % 12);
    let short_type = resource_type.rsplit(':').next().unwrap_or_default().to_lowercase();
    let id = format!("{short_type}-{number:06x}");
    let name = match pick(number, 12) {
        own if number < 200 && own < HOSTILE.len() => HOSTILE[own].to_owned(),
        _ => format!(
            "{}-{short_type}-{number}",
            ["fahrgastinfo", "ticketing", "dispo", "wagenpark"][pick(number, 4)]
        ),
    };
    let rejected = kind == FindingKind::RejectedRecord;
    let divergent = kind == FindingKind::Divergent;
    Finding {
        finding_id: Finding::id(kind, &id, divergent.then_some("configuration.instanceType")),
        kind,
        // Now and then one that is only to know, such as network furniture without a record.
        severity: if number % 50 == 1 { Severity::Info } else { kind.severity() },
        asset_key: (!rejected).then(|| AssetKey::mint("staging", &KeyBasis::Row(&id))),
        account_id: (!rejected).then(|| account.clone()),
        region: (!rejected).then(|| Region::from(region)),
        resource_type: (!rejected).then(|| ResourceType::from(resource_type)),
        resource_id: (!rejected).then(|| ResourceId::new(id.clone())),
        arn: (!rejected)
            .then(|| format!("arn:aws:service:{region}:{account}:{short_type}/{id}").parse().unwrap()),
        asset_id: (kind != FindingKind::Unregistered).then(|| AssetId::new(format!("ITK-{number:05}"))),
        name: (!rejected).then_some(name),
        owner: match number {
            0..600 if number % 71 == 3 => Some(HOSTILE[pick(number / 71, HOSTILE.len())].to_owned()),
            _ => (!number.is_multiple_of(5))
                .then(|| format!("team-{}@example.org", ["bus", "bahn", "netz"][pick(number, 3)])),
        },
        attribute: divergent.then(|| "configuration.instanceType".into()),
        live: divergent.then(|| json!("t3.large")),
        registered: divergent.then(|| if number.is_multiple_of(4) { Value::Null } else { json!("t3.micro") }),
        published: (divergent && number.is_multiple_of(2)).then(|| json!("t3.micro")),
        authority: divergent.then_some(Provenance::ConfigService),
        since: (number % 6 != 1).then(|| started() - (24 * i64::try_from(number % 90).unwrap()).hours()),
        exception: None,
        evidence: evidence(number, kind),
    }
}

fn pick(number: u64, of: usize) -> usize {
    usize::try_from(number).unwrap() % of
}

fn evidence(number: u64, kind: FindingKind) -> BTreeMap<String, Value> {
    match kind {
        FindingKind::RejectedRecord => BTreeMap::from([
            ("row_key".into(), json!(format!("row {number}"))),
            (
                "reason".into(),
                json!("column `account`: `<script>alert('bestand-6')</script>` is no account id"),
            ),
        ]),
        FindingKind::Absent => BTreeMap::from([
            ("coverage".into(), json!("complete")),
            ("looks".into(), json!(2)),
            ("deleted_at".into(), json!("2026-11-20T10:00:00Z")),
        ]),
        FindingKind::Duplicate => BTreeMap::from([("candidates".into(), json!(["ITK-1", "ITK-2<br>"]))]),
        FindingKind::Misplaced => {
            let place = json!({ "account_id": account_id(number % 12), "region": REGIONS[1] });
            BTreeMap::from([("seen_in".into(), place)])
        }
        FindingKind::Unverified => BTreeMap::from([("reason".into(), json!("recorder_stopped"))]),
        _ => BTreeMap::new(),
    }
}

/// Makes what is planned for the finding's asset: every third one is left alone.
fn change(number: usize, finding: &Finding) -> Option<Change> {
    let kinds = [Some(ChangeKind::Update), Some(ChangeKind::Withheld), None];
    let kind = kinds[number % 3]?;
    let withheld = kind == ChangeKind::Withheld;
    let patch = |value: Value| AssetPatch {
        attributes: BTreeMap::from([("name".to_owned(), value)]),
        ..AssetPatch::default()
    };
    let name = HOSTILE[number % HOSTILE.len()];
    Some(Change {
        kind,
        asset_key: finding.asset_key?,
        account_id: finding.account_id.clone(),
        precondition: None,
        before: patch(json!("before")),
        after: patch(json!(name)),
        reason: withheld.then_some(WithheldReason::Grace),
        would_be: withheld.then_some(ChangeKind::Retire),
        ground: None,
        provenance: BTreeMap::new(),
        digest: String::new(),
    })
}
