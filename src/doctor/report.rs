//! What the doctor found, as it stands in the JSON document (docs/DOCTOR.md has the shape for its readers).

use bestand_collector::doctor::{ExaminedAccount, ExaminedAggregator};
use bestand_model::capability::Capability;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{AccountId, Region, ResourceType};
use bestand_model::run_summary::AwsCalls;
use serde::{Serialize, Serializer};

use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::settings::SecretKey;

/// The shape's version.
const SCHEMA_VERSION: u32 = 1;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    /// The settings' own.
    pub(crate) environment: String,
    /// Whose credentials the job has.
    pub(crate) caller: Part<Caller>,
    /// Where the accounts come from.
    pub(crate) directory: Part<Directory>,
    /// By id.
    pub(crate) accounts: Vec<ExaminedAccount>,
    /// Absent where the settings use none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aggregator: Option<ExaminedAggregator>,
    /// What the settings name as secrets, in their order; never a value.
    pub(crate) secrets: Vec<CheckedSecret>,
    pub(crate) source_register: Part<SourceRegister>,
    pub(crate) central_register: Part<Register>,
    pub(crate) run_store: Part<Store>,
    /// What became of the run's gaps; absent without `--run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rechecked: Option<Vec<Rechecked>>,
    pub(crate) aws_calls: AwsCalls,
    /// The gravest first.
    pub(crate) problems: Vec<Problem>,
    #[serde(serialize_with = "code")]
    pub(crate) exit_status: ExitStatus,
}

/// How a part of the whole is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartStatus {
    /// In order.
    Ok,
    /// A run would end here.
    Failed,
    /// The settings have none.
    NotSet,
    /// Something before it failed.
    NotTried,
}

/// A part of the whole.
#[derive(Debug, Serialize)]
pub(crate) struct Part<T> {
    pub(crate) status: PartStatus,
    #[serde(flatten)]
    pub(crate) found: Option<T>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl<T> Part<T> {
    pub(crate) fn ok(found: T) -> Self {
        Self { status: PartStatus::Ok, found: Some(found), detail: None }
    }

    pub(crate) fn failed(detail: String) -> Self {
        Self { status: PartStatus::Failed, found: None, detail: Some(detail) }
    }

    pub(crate) fn without(status: PartStatus) -> Self {
        Self { status, found: None, detail: None }
    }
}

/// Whose credentials the job has.
#[derive(Debug, Serialize)]
pub(crate) struct Caller {
    pub(crate) account_id: AccountId,
    pub(crate) arn: String,
}

/// Where the accounts come from.
#[derive(Debug, Serialize)]
pub(crate) struct Directory {
    /// Accounts in it.
    pub(crate) accounts: usize,
}

/// A secret that the settings name.
#[derive(Debug, Serialize)]
pub(crate) struct CheckedSecret {
    /// Its path in the settings.
    #[serde(serialize_with = "path")]
    pub(crate) key: SecretKey,
    /// Where it lies.
    pub(crate) place: String,
    pub(crate) status: PartStatus,
    /// Why it is not to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

/// The source register.
#[derive(Debug, Serialize)]
pub(crate) struct SourceRegister {
    pub(crate) rows: u64,
    /// Rows that make no sense.
    pub(crate) rejected: u64,
    /// Rows whose account is not known.
    pub(crate) unplaced: u64,
    /// Rows that are no AWS resources.
    pub(crate) not_aws: u64,
}

/// The central register.
#[derive(Debug, Serialize)]
pub(crate) struct Register {
    pub(crate) register_id: String,
    pub(crate) name: String,
    pub(crate) environment: String,
    pub(crate) api_version: String,
    /// As whom bestand writes there.
    pub(crate) source: String,
    /// Promises that it does not keep.
    pub(crate) missing: Vec<Capability>,
    /// Accounts in which bestand owns entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accounts: Option<usize>,
}

/// The run store.
#[derive(Debug, Serialize)]
pub(crate) struct Store {
    pub(crate) url: String,
    /// Which environment it belongs to; absent: it was never made ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    pub(crate) writable: bool,
}

/// What became of a gap of an earlier run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Rechecked {
    pub(crate) account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Region>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_type: Option<ResourceType>,
    /// Why it was incomplete.
    pub(crate) was: Reason,
    /// `[coverage] accepted` has it: no run fails for it.
    pub(crate) accepted: bool,
    pub(crate) mended: bool,
    /// Why it is incomplete now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

/// Something that a person should mend.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Problem {
    /// Where: an account, a region of it, a register.
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<AccountId>,
    /// Empty: the account as a whole, or no account's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) regions: Vec<Region>,
    /// The ledger's reason that a run would give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Reason>,
    pub(crate) problem: String,
    pub(crate) fix: String,
    /// `[coverage] accepted` has it: it does not count.
    pub(crate) accepted: bool,
    /// How a run would end for it.
    #[serde(serialize_with = "code")]
    pub(crate) exit_status: ExitStatus,
}

impl Problem {
    /// Makes the problem of what would end a run early.
    pub(crate) fn of(scope: &str, error: &Error) -> Self {
        Self {
            scope: scope.to_owned(),
            account_id: None,
            regions: Vec::new(),
            reason: None,
            problem: chain(error),
            fix: error.next_step().to_owned(),
            accepted: false,
            exit_status: error.exit_status(),
        }
    }

    /// How it counts.
    pub(crate) fn status(&self) -> ExitStatus {
        if self.accepted { ExitStatus::Done } else { self.exit_status }
    }
}

impl Report {
    pub(super) fn new(environment: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            environment: environment.to_owned(),
            caller: Part::without(PartStatus::NotTried),
            directory: Part::without(PartStatus::NotTried),
            accounts: Vec::new(),
            aggregator: None,
            secrets: Vec::new(),
            source_register: Part::without(PartStatus::NotTried),
            central_register: Part::without(PartStatus::NotSet),
            run_store: Part::without(PartStatus::NotTried),
            rechecked: None,
            aws_calls: AwsCalls::default(),
            problems: Vec::new(),
            exit_status: ExitStatus::Done,
        }
    }

    /// Notes what would end a run early, and gives its words.
    pub(super) fn fail(&mut self, scope: &str, error: &Error) -> String {
        let problem = Problem::of(scope, error);
        let words = problem.problem.clone();
        self.problems.push(problem);
        words
    }

    /// Sorts the problems, and says how it ends: the later in the table of statuses wins.
    pub(super) fn close(&mut self) {
        self.problems.sort_by(|left, right| {
            (right.status(), &left.account_id, &left.regions, &left.scope, &left.problem).cmp(&(
                left.status(),
                &right.account_id,
                &right.regions,
                &right.scope,
                &right.problem,
            ))
        });
        let worst = self.problems.iter().map(Problem::status).max();
        self.exit_status = worst.unwrap_or(ExitStatus::Done);
    }
}

fn path<S: Serializer>(key: &SecretKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.path())
}

fn code<S: Serializer>(status: &ExitStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(status.code())
}
