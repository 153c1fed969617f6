//! One account: role session, regions, and the joining of what they gave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bestand_model::account::{Account, AccountState};
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::identifiers::{AccountId, Region};
use futures::StreamExt;

use super::globals::GlobalItems;
use super::region::RegionOutcome;
use super::{
    CollectedAccount, CollectorSettings, Interest, ItemSink, Shared, SinkError, Visit, aggregated, ledger,
    region,
};
use crate::accounts::is_onboarding;
use crate::action::Action;
use crate::config_service::aggregator::Aggregator;
use crate::config_service::error::CallError;
use crate::credentials::{RoleSession, SessionRequest};
use crate::regions::{ChosenRegions, choose};

/// Hands items of several regions to the one sink of the account.
pub(super) struct SharedSink<'a> {
    sink: Mutex<&'a mut dyn ItemSink>,
    accepted: AtomicU64,
}

impl SharedSink<'_> {
    pub(super) fn accept(&self, item: ConfigurationItem) -> Result<(), SinkError> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).accept(item)?;
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

pub(super) async fn collect(
    shared: &Shared,
    account: &Account,
    interest: &Interest,
    sink: &mut dyn ItemSink,
    only: Option<&BTreeSet<Region>>,
) -> Result<CollectedAccount, SinkError> {
    let unread = |reason, detail: String| CollectedAccount {
        lines: vec![CoverageLine::incomplete(account.id.clone(), None, None, reason, detail)],
        items: 0,
    };
    match account.state {
        AccountState::Active => {}
        AccountState::Inactive => {
            return Ok(unread(Reason::AccountInactive, inactive(account).to_owned()));
        }
        AccountState::Unknown => {
            return Ok(unread(Reason::AccountUnknown, "no directory names the account".to_owned()));
        }
        AccountState::LeftOut => {
            return Ok(unread(Reason::NotRequested, "the settings leave the account out".to_owned()));
        }
        // Nothing is there to be asked, and that is what a person vouches for.
        AccountState::Decommissioned => {
            let line = CoverageLine::complete(account.id.clone(), None, None);
            return Ok(CollectedAccount { lines: vec![line], ..CollectedAccount::default() });
        }
    }
    let session = enter(shared, account).await;
    let sink = SharedSink { sink: Mutex::new(sink), accepted: AtomicU64::new(0) };
    let entry = Entry { shared, account, interest, sink: &sink, only };
    let read = match &shared.aggregator {
        None => entry.read(session).await?,
        Some(aggregator) => entry.read_aggregated(aggregator, session).await?,
    };
    let Read { regions, globals, left_out } = match read {
        Ok(read) => read,
        Err(error) => return Ok(unread(error.reason, error.detail)),
    };

    let collected = globals.counts();
    for item in globals.into_items() {
        sink.accept(item)?;
    }
    let lines = ledger::lines(&ledger::Account {
        id: &account.id,
        regions: &regions,
        left_out: &left_out,
        globals: &collected,
        interest,
        settings: &shared.settings,
    });
    let items = sink.accepted.load(Ordering::Relaxed);
    tracing::debug!(account_id = %account.id, items, lines = lines.len(), "account read");
    Ok(CollectedAccount { lines, items })
}

/// What reading an account gave.
struct Read {
    regions: BTreeMap<Region, RegionOutcome>,
    globals: GlobalItems,
    left_out: BTreeMap<Region, (Reason, &'static str)>,
}

/// An account that is being read.
struct Entry<'a, 's> {
    shared: &'a Shared,
    account: &'a Account,
    interest: &'a Interest,
    sink: &'a SharedSink<'s>,
    /// Nothing but these regions, and what is of interest.
    only: Option<&'a BTreeSet<Region>>,
}

impl Entry<'_, '_> {
    /// Reads the account through its own role.
    async fn read(
        &self,
        session: Result<Arc<RoleSession>, CallError>,
    ) -> Result<Result<Read, CallError>, SinkError> {
        let Self { shared, account, interest, sink, only } = self;
        let session = match session {
            Ok(session) => session,
            Err(error) => return Ok(Err(error)),
        };
        let enabled = match enabled_regions(shared, &session).await {
            Ok(enabled) => enabled,
            Err(error) => return Ok(Err(whole_account(error))),
        };
        let chosen = self.choose(enabled);
        let only = only.is_some();
        let reader =
            region::Reader { shared, account_id: &account.id, session: &session, interest, sink, only };
        let mut reading = futures::stream::iter(chosen.read)
            .map(|region| reader.read(region))
            .buffer_unordered(shared.settings.region_concurrency.max(1));
        let mut regions = BTreeMap::new();
        let mut globals = GlobalItems::default();
        while let Some(read) = reading.next().await {
            let (outcome, held) = read?;
            globals.merge(held, &outcome);
            regions.insert(outcome.region.clone(), outcome);
        }
        drop(reading);
        self.remember(&session, &regions);
        Ok(Ok(Read { regions, globals, left_out: chosen.left_out }))
    }

    /// Reads the account through the aggregator, and asks its own role, where there is one, how far that is true.
    async fn read_aggregated(
        &self,
        aggregator: &Aggregator,
        session: Result<Arc<RoleSession>, CallError>,
    ) -> Result<Result<Read, CallError>, SinkError> {
        let Self { shared, account, interest, sink, only } = self;
        let sources = match aggregator.sources().await {
            Ok(sources) => sources,
            Err(error) => return Ok(Err(error)),
        };
        let mut enabled: BTreeSet<Region> = sources.regions(&account.id).cloned().collect();
        if let Ok(session) = &session {
            // What the account has beyond the aggregator's sources is there too, and not seen.
            enabled.extend(enabled_regions(shared, session).await.unwrap_or_default());
        }
        let chosen = self.choose(enabled);
        let reader = aggregated::Reader {
            shared,
            aggregator,
            account_id: &account.id,
            session: &session,
            interest,
            sink,
            only: only.is_some(),
        };
        let (regions, globals) = reader.read(chosen.read).await?;
        if let Ok(session) = &session {
            self.remember(session, &regions);
        }
        Ok(Ok(Read { regions, globals, left_out: chosen.left_out }))
    }

    fn choose(&self, enabled: BTreeSet<Region>) -> ChosenRegions {
        let named = self.interest.scopes.iter().filter_map(|(region, _)| region.as_ref());
        let mut chosen = choose(enabled, &self.shared.settings.regions, named);
        if let Some(regions) = self.only {
            chosen.read.retain(|region| regions.contains(region) || self.is_of_interest(region));
        }
        chosen
    }

    /// Tells whether something is looked for in the region; what belongs to no region is looked for everywhere.
    fn is_of_interest(&self, region: &Region) -> bool {
        self.interest.scopes.iter().any(|(named, _)| {
            named.as_ref().is_none_or(|named| named == region || named.as_str() == Region::GLOBAL)
        })
    }

    fn remember(&self, session: &Arc<RoleSession>, regions: &BTreeMap<Region, RegionOutcome>) {
        let recorded = regions.values().filter(|outcome| !outcome.recorder.is_absent());
        let regions = recorded.map(|outcome| outcome.region.clone()).collect();
        self.shared.remember(&self.account.id, Visit { session: Arc::clone(session), regions });
    }
}

/// Says how inactive an account is: only a closed one may be named as decommissioned.
fn inactive(account: &Account) -> &'static str {
    if account.closed {
        "the directory says that the account is closed"
    } else {
        "the directory says that the account is not active"
    }
}

/// Assumes an account's role, once for everybody who asks there.
pub(crate) async fn enter(shared: &Shared, account: &Account) -> Result<Arc<RoleSession>, CallError> {
    if let Some(visit) = shared.visit(&account.id) {
        return Ok(visit.session);
    }
    let opened = open_session(shared, &account.id).await;
    let session = opened.map_err(|error| without_session(shared, account, error))?;
    shared.remember(&account.id, Visit { session: Arc::clone(&session), regions: BTreeSet::new() });
    Ok(session)
}

/// A role that is denied in an account that has only just joined is still on its way: no failure.
fn without_session(shared: &Shared, account: &Account, error: CallError) -> CallError {
    let CollectorSettings { onboarding, clock, .. } = &shared.settings;
    match account.joined_at {
        Some(joined)
            if error.reason == Reason::RoleDenied
                && is_onboarding(account.joined_at, clock(), *onboarding) =>
        {
            let hours = onboarding.as_hours();
            let detail = format!("joined at {joined}, less than {hours} h ago: {}", error.detail);
            CallError { reason: Reason::Onboarding, detail, ..error }
        }
        _ => error,
    }
}

async fn open_session(shared: &Shared, account_id: &AccountId) -> Result<Arc<RoleSession>, CallError> {
    let settings = &shared.settings;
    let patience = settings.patience();
    let sts = aws_sdk_sts::Client::new(&shared.context.home(Some(patience)));
    let request = SessionRequest {
        account_id: account_id.clone(),
        partition: settings.partition.clone(),
        role_name: settings.role_name.clone(),
        external_id: settings.external_id.clone(),
        run_id: settings.run_id.clone(),
        clock: Arc::clone(&settings.clock),
    };
    RoleSession::open(sts, shared.context.sts_line(patience), request).await
}

/// Asks EC2 which regions the account has enabled: opting in is up to each account.
pub(crate) async fn enabled_regions(
    shared: &Shared,
    session: &Arc<RoleSession>,
) -> Result<BTreeSet<Region>, CallError> {
    let client = shared.region_client(session, &shared.context.home_region());
    let answer =
        client.ec2_line.call(Action::DescribeRegions, || client.ec2.describe_regions().send()).await?;
    let names: Option<BTreeSet<_>> =
        answer.regions().iter().map(|region| region.region_name().map(Region::from)).collect();
    // Every account has regions: an answer without any says nothing, and must not look like an empty account.
    names.filter(|names| !names.is_empty()).ok_or_else(|| {
        let detail = format!("{}: the answer names no region", Action::DescribeRegions);
        CallError::nonsense(Reason::ServiceError, detail)
    })
}

/// A service control policy that forbids asking for the regions forbids it for the account as a whole.
pub(crate) fn whole_account(error: CallError) -> CallError {
    match error.reason {
        Reason::RegionDenied => CallError { reason: Reason::RoleDenied, ..error },
        _ => error,
    }
}
