//! Reads an account: its regions, their recorders, and the resources that AWS Config has there, together with
//! how far all that is to be believed.
//!
//! What cannot be read becomes coverage with a reason. The collector concludes nothing: whether a resource is
//! absent is decided in `bestand_model`.

mod account;
mod aggregated;
mod ask;
mod globals;
mod ledger;
mod listing;
mod region;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bestand_model::account::Account;
use bestand_model::asset::AssetKey;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::CoverageLine;
use bestand_model::identifiers::{AccountId, Region, ResourceType, RunId};
use bestand_model::proof::{Answer, Question};
use jiff::{SignedDuration, Timestamp};

use crate::call::Patience;
use crate::config_service::aggregator::Aggregator;
use crate::config_service::attributes::AttributeList;
use crate::credentials::{AwsContext, RoleSession};
use crate::region_client::{Limits, RegionClient};

pub(crate) use account::{enabled_regions, enter, whole_account};

/// How accounts are read.
pub struct CollectorSettings {
    /// The run, which shows in the name of each role session.
    pub run_id: RunId,
    /// The role that every account has for bestand.
    pub role_name: String,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// How long after its joining an account may lack the role without being a gap.
    pub onboarding: SignedDuration,
    /// The ARN partition, such as `aws`.
    pub partition: String,
    /// The regions to read; empty: every region enabled in the account.
    pub regions: Vec<Region>,
    /// The aggregator through which rows are read; without one each account gives its own.
    pub aggregator: Option<AggregatorSettings>,
    /// Attributes to ask for besides the shipped list, as paths below `configuration`.
    pub extra_attributes: BTreeMap<ResourceType, Vec<String>>,
    /// Types that are never asked for.
    pub never_asked: Box<dyn Fn(&ResourceType) -> bool + Send + Sync>,
    /// Types that belong to no region (SEMANTICS 2.7).
    pub is_global: fn(&ResourceType) -> bool,
    /// The one region that records a global type, where there is one.
    pub home_region: fn(&ResourceType) -> Option<Region>,
    /// How fast AWS is called.
    pub limits: Limits,
    /// Whether EC2 is asked what there is, beside AWS Config.
    pub cross_check_ec2: bool,
    /// Whether the Tagging API is asked for what is to be retired.
    pub cross_check_tagging: bool,
    /// Regions of one account that are read at a time.
    pub region_concurrency: usize,
    /// How long a call may take with all its attempts.
    pub operation_timeout: Duration,
    /// How long one attempt of a call may take.
    pub attempt_timeout: Duration,
    /// Attempts of one call, the first included.
    pub max_attempts: u32,
    /// The present, asked anew each time: it renews sessions and tells a recorder's age.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// An aggregator of AWS Config in the job's own account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AggregatorSettings {
    /// Its name.
    pub name: String,
    /// Where it lies; `None`: in the region of the job itself.
    pub region: Option<Region>,
}

impl CollectorSettings {
    fn patience(&self) -> Patience {
        Patience {
            attempt_timeout: self.attempt_timeout,
            operation_timeout: self.operation_timeout,
            max_attempts: self.max_attempts,
        }
    }
}

impl fmt::Debug for CollectorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorSettings")
            .field("run_id", &self.run_id)
            .field("role_name", &self.role_name)
            .field("regions", &self.regions)
            .finish_non_exhaustive()
    }
}

/// Scopes that records or published assets name. Each gets a line in the ledger even if nothing is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Interest {
    /// Region and type; without a region, every region.
    pub scopes: BTreeSet<(Option<Region>, ResourceType)>,
}

/// What is read again of an account.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Again {
    /// Regions whose default is in question.
    pub regions: BTreeSet<Region>,
    /// Region and type; without a region, every region.
    pub scopes: BTreeSet<(Option<Region>, ResourceType)>,
}

/// Takes configuration items as they arrive, in no particular order.
pub trait ItemSink: Send {
    /// Takes one item.
    ///
    /// # Errors
    /// When it cannot be kept; the account is then given up.
    fn accept(&mut self, item: ConfigurationItem) -> Result<(), SinkError>;
}

/// An item could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep a configuration item")]
pub struct SinkError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What reading one account gave besides its items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectedAccount {
    /// The completeness ledger, by region and type.
    pub lines: Vec<CoverageLine>,
    /// Items given to the sink.
    pub items: u64,
}

/// Reads accounts. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Collector {
    pub(crate) shared: Arc<Shared>,
}

/// What everybody who asks AWS here goes by.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) context: AwsContext,
    pub(crate) settings: CollectorSettings,
    pub(crate) attributes: AttributeList,
    /// Accounts that were entered: one session for the whole run, whoever asks there.
    visits: Mutex<BTreeMap<AccountId, Visit>>,
    pub(crate) aggregator: Option<Aggregator>,
}

/// What it took to enter an account, and what was read of it.
#[derive(Clone, Debug)]
struct Visit {
    session: Arc<RoleSession>,
    /// Regions that have a recorder.
    regions: BTreeSet<Region>,
}

impl Shared {
    pub(crate) fn region_client(&self, session: &Arc<RoleSession>, region: &Region) -> RegionClient {
        let settings = &self.settings;
        RegionClient::new(&self.context, session, region, &settings.limits, settings.patience())
    }

    fn visit(&self, account_id: &AccountId) -> Option<Visit> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).get(account_id).cloned()
    }

    fn remember(&self, account_id: &AccountId, visit: Visit) {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).insert(account_id.clone(), visit);
    }
}

impl Collector {
    /// Makes a collector.
    pub fn new(context: AwsContext, settings: CollectorSettings) -> Self {
        let attributes = AttributeList::new(&settings.extra_attributes);
        let aggregator = settings.aggregator.as_ref().map(|aggregator| {
            let per_second = settings.limits.aggregator_per_second;
            Aggregator::new(&context, aggregator, per_second, settings.patience())
        });
        let visits = Mutex::default();
        Self { shared: Arc::new(Shared { context, settings, attributes, visits, aggregator }) }
    }

    /// Asks AWS about single assets that nothing live was found for, before any of them is retired (SEMANTICS 2.4).
    /// Every question has an answer; where nobody could be asked, that is the answer.
    pub async fn ask(&self, account_id: &AccountId, questions: &[Question]) -> BTreeMap<AssetKey, Answer> {
        ask::ask(&self.shared, account_id, questions).await
    }

    /// Reads an account. What AWS does not give becomes coverage with a reason.
    ///
    /// Items go to the sink page by page; only those of global types wait until all regions are done, because
    /// each recording region has its own copy of them.
    ///
    /// # Errors
    /// Only when the sink fails.
    pub async fn collect(
        &self,
        account: &Account,
        interest: &Interest,
        sink: &mut dyn ItemSink,
    ) -> Result<CollectedAccount, SinkError> {
        account::collect(&self.shared, account, interest, sink, None).await
    }

    /// Reads of an account what is named, and nothing else: whether a gap of an earlier run is mended. A scope without
    /// region or of `global` is looked for in every region.
    ///
    /// # Errors
    /// Only when the sink fails.
    pub async fn collect_again(
        &self,
        account: &Account,
        named: &Again,
        sink: &mut dyn ItemSink,
    ) -> Result<CollectedAccount, SinkError> {
        let interest = Interest { scopes: named.scopes.clone() };
        account::collect(&self.shared, account, &interest, sink, Some(&named.regions)).await
    }
}
