//! The settings: one TOML file, any key overridable by the environment, every problem listed at once.
//!
//! `settings/default.toml` is the reference documentation; unknown keys are errors with their path.

mod accounts;
mod check;
mod load;
mod registers;
mod roots;
mod secret;

use std::collections::BTreeMap;

use bestand_collector::region_client::Limits;
use bestand_model::absence::RetireRules;
use bestand_model::authority::{AuthorityRule, DEFAULT_MAX_ATTRIBUTE_BYTES};
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::digest;
use bestand_model::ephemeral::EphemeralRule;
use bestand_model::exception::ExceptionRule;
use bestand_model::gate;
use bestand_model::identification::IdentificationRule;
use bestand_model::identifiers::{Region, ResourceType};
use bestand_model::lifecycle::LifecycleRule;
use bestand_model::requirement::RequirementRule;
use bestand_model::resource_type::TypeClass;
use bestand_publisher::run_store::Encryption;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use accounts::{AccountSource, Accounts, Decommissioned};
pub(crate) use load::{SettingsError, environment, load, schema};
pub(crate) use registers::{Auth, CentralRegister, ClientCertificate, RegisterKind, SourceRegister};
pub(crate) use roots::Roots;
pub(crate) use secret::{Place, SecretKey, SecretReference};

/// The commented default: what `bestand settings --default` prints.
pub(crate) const DEFAULT: &str = include_str!("settings/default.toml");

/// Everything that a person can set.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The environment; must equal what the central register and the run store say of themselves.
    pub(crate) environment: String,
    #[serde(default)]
    pub(crate) aws: Aws,
    pub(crate) accounts: Accounts,
    #[serde(default)]
    pub(crate) regions: Regions,
    #[serde(default)]
    pub(crate) collection: Collection,
    /// Classes of resource types that differ from the shipped list.
    #[serde(default)]
    pub(crate) types: BTreeMap<ResourceType, TypeClass>,
    /// Whose value wins, where the shipped table is not what is wanted.
    #[serde(default)]
    pub(crate) authority: Vec<AuthorityRule>,
    pub(crate) source_register: SourceRegister,
    /// Which record speaks of which resource, besides by ARN and by place.
    #[serde(default)]
    pub(crate) identification: Vec<IdentificationRule>,
    /// Tags and attributes that every asset must have.
    #[serde(default)]
    pub(crate) required: Vec<RequirementRule>,
    /// Findings to live with for a while: counted by themselves, and listed.
    #[serde(default)]
    pub(crate) exceptions: Vec<ExceptionRule>,
    /// Left out: `plan` gives the drift report alone, `run` and `publish` refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) central_register: Option<CentralRegister>,
    #[serde(default)]
    pub(crate) retire: RetireRules,
    /// What differs from `retire` for some types.
    #[serde(default)]
    pub(crate) lifecycle: Vec<LifecycleRule>,
    /// Resources that come and go by themselves.
    #[serde(default)]
    pub(crate) ephemeral: Vec<EphemeralRule>,
    #[serde(default)]
    pub(crate) gate: gate::Limits,
    #[serde(default)]
    pub(crate) plan: PlanSettings,
    #[serde(default)]
    pub(crate) coverage: CoverageSettings,
    #[serde(default)]
    pub(crate) run_store: RunStoreSettings,
}

/// Where AWS is called from.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Aws {
    /// Where STS and Organizations are called.
    pub(crate) region: String,
    /// The partition of role ARNs.
    pub(crate) partition: String,
}

impl Default for Aws {
    fn default() -> Self {
        Self { region: "eu-central-1".into(), partition: "aws".into() }
    }
}

/// Which regions are read.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Regions {
    /// Empty: every region that is enabled in the account.
    pub(crate) include: Vec<Region>,
}

/// How AWS Config is read.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Collection {
    /// Account by account through a role, or all through an aggregator.
    pub(crate) source: CollectionSource,
    /// The aggregator, with `source = "aggregator"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aggregator: Option<AggregatorSource>,
    /// Accounts at a time.
    #[schemars(range(min = 1, max = 512))]
    pub(crate) concurrency: usize,
    pub(crate) limits: CollectionLimits,
    pub(crate) timeouts: CollectionTimeouts,
    pub(crate) cross_check: CrossChecks,
    /// Attributes by type, added to the shipped list (docs/ATTRIBUTES.md).
    pub(crate) attributes: BTreeMap<ResourceType, Vec<String>>,
}

impl Default for Collection {
    fn default() -> Self {
        Self {
            source: CollectionSource::Account,
            aggregator: None,
            concurrency: 32,
            limits: CollectionLimits::default(),
            timeouts: CollectionTimeouts::default(),
            cross_check: CrossChecks::default(),
            attributes: BTreeMap::new(),
        }
    }
}

/// Through which door AWS Config is read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CollectionSource {
    /// A role in every account.
    Account,
    /// The organisation's aggregator; a role in an account then only vouches for what the aggregator says.
    Aggregator,
}

/// How long AWS is waited for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CollectionTimeouts {
    /// Seconds that one attempt of a call may take.
    #[schemars(range(min = 1, max = 300))]
    pub(crate) attempt_secs: u64,
    /// Seconds that a call may take with all its attempts.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) operation_secs: u64,
}

impl Default for CollectionTimeouts {
    fn default() -> Self {
        Self { attempt_secs: 20, operation_secs: 60 }
    }
}

/// An aggregator of AWS Config.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AggregatorSource {
    /// Its name.
    pub(crate) name: String,
    /// Where it lies, in the job's own account; left out: `aws.region`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Region>,
}

/// Who is asked beside AWS Config.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CrossChecks {
    /// EC2: what it has and AWS Config does not makes the scope incomplete.
    pub(crate) ec2: bool,
    /// The Tagging API, about what is to be retired.
    pub(crate) tagging: bool,
}

impl Default for CrossChecks {
    fn default() -> Self {
        Self { ec2: true, tagging: true }
    }
}

/// How fast AWS is asked.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CollectionLimits {
    /// AWS Config calls per second, per account and region.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) select_per_second: u32,
    /// `BatchGetResourceConfig` calls per second, per account and region.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) batch_get_per_second: u32,
    /// EC2 describe calls per second, per account and region.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) ec2_per_second: u32,
    /// Tagging API calls per second, per account and region.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) tagging_per_second: u32,
    /// Calls per second to the aggregator, over all accounts.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) aggregator_per_second: u32,
    /// Calls per second to Organizations, over all accounts.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) organizations_per_second: u32,
}

impl Default for CollectionLimits {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            select_per_second: limits.select_per_second,
            batch_get_per_second: limits.batch_get_per_second,
            ec2_per_second: limits.ec2_per_second,
            tagging_per_second: limits.tagging_per_second,
            aggregator_per_second: limits.aggregator_per_second,
            organizations_per_second: limits.organizations_per_second,
        }
    }
}

/// How long a plan holds, and what it may hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PlanSettings {
    /// A plan that is older may no longer be started.
    #[schemars(range(min = 1, max = 720))]
    pub(crate) expires_after_hours: u32,
    /// A value that is longer, as JSON text, is not published.
    #[schemars(range(min = 4096, max = 1_048_576))]
    pub(crate) max_attribute_bytes: usize,
}

impl Default for PlanSettings {
    fn default() -> Self {
        Self { expires_after_hours: 12, max_attribute_bytes: DEFAULT_MAX_ATTRIBUTE_BYTES }
    }
}

/// What is known not to be seen, and accepted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CoverageSettings {
    /// Gaps that do not make the run end with status 20. They stay gaps: nothing in them is ever absent. Only a
    /// scope that is `collapsed` is believed once it is accepted.
    pub(crate) accepted: Vec<AcceptedGap>,
}

/// A gap that a person accepts. What is left out matches everything.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptedGap {
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The region; `global` for what has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Region>,
    /// The resource type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) resource_type: Option<ResourceType>,
    /// The reason code of the ledger.
    pub(crate) reason: Reason,
    /// Why it is accepted.
    pub(crate) because: String,
    /// Until when; RFC 3339.
    #[schemars(with = "String")]
    pub(crate) until: Timestamp,
}

impl AcceptedGap {
    /// Gives all that it names, as it stands in the settings.
    pub(crate) fn names(&self) -> String {
        let named = [
            ("account", self.account.as_deref()),
            ("region", self.region.as_ref().map(Region::as_str)),
            ("type", self.resource_type.as_ref().map(ResourceType::as_str)),
            ("reason", Some(self.reason.code())),
        ];
        let named = named.into_iter().filter_map(|(key, text)| Some(format!("{key} = {:?}", text?)));
        named.collect::<Vec<_>>().join(", ")
    }

    /// Tells whether its time is over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now > self.until
    }

    /// Tells whether the gap covers a line of the ledger for a reason at an instant.
    pub(crate) fn covers(&self, line: &CoverageLine, reason: Reason, now: Timestamp) -> bool {
        self.reason == reason
            && !self.is_over(now)
            && self.account.as_deref().is_none_or(|account| account == line.account_id.as_str())
            && self.region.as_ref().is_none_or(|region| Some(region) == line.region.as_ref())
            && self.resource_type.as_ref().is_none_or(|kind| Some(kind) == line.resource_type.as_ref())
    }
}

/// Where runs are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RunStoreSettings {
    /// `file:relative` (to the working directory), `file:///absolute` or `s3://bucket/prefix`.
    pub(crate) url: String,
    /// How S3 encrypts what it keeps.
    pub(crate) encryption: Encryption,
    /// Seconds that a run holds the store without renewing its lease. After a run in a bucket was killed, the next one
    /// waits so long, and a quarter more.
    #[schemars(range(min = 3, max = 3600))]
    pub(crate) lease_secs: u64,
}

impl Default for RunStoreSettings {
    fn default() -> Self {
        Self { url: "file:./bestand-runs".into(), encryption: Encryption::default(), lease_secs: 180 }
    }
}

impl Settings {
    /// Gives the settings as they may be shown and kept: secrets are references here, and what an address holds of a
    /// password is left out.
    pub(crate) fn shown(&self) -> Self {
        let mut shown = self.clone();
        shown.source_register.url = match Url::parse(&shown.source_register.url) {
            Ok(url) => without_secrets(url).to_string(),
            // What is no address may hold anything.
            Err(_) => String::new(),
        };
        if let Some(register) = &mut shown.central_register {
            register.url = without_secrets(register.url.clone());
        }
        shown
    }

    /// Gives the digest over what is in force. It tells nothing of secrets.
    pub(crate) fn digest(&self) -> String {
        digest::canonical_digest(&serde_json::to_value(self.shown()).unwrap_or_default())
    }
}

/// Takes passwords out of an address: the user's, and those among its parameters.
fn without_secrets(mut url: Url) -> Url {
    // An address that cannot hold a password holds none.
    let _ = url.set_password(None);
    let is_secret = |name: &str| name.to_ascii_lowercase().contains("password");
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !is_secret(name))
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        if kept.is_empty() {
            url.set_query(None);
        } else {
            url.query_pairs_mut().clear().extend_pairs(kept);
        }
    }
    url
}
