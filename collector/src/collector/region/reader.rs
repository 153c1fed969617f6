//! Reads a region: recorder, counts, rows, counts again, and EC2 beside it.

use std::collections::BTreeSet;

use bestand_model::identifiers::{Region, ResourceId, ResourceType};

use super::{Reader, RegionOutcome, TypeOutcome};
use crate::collector::SinkError;
use crate::collector::globals::HeldItems;
use crate::collector::listing::Listing;
use crate::collector::rows::Rows;
use crate::config_service::by_id::{self, Known};
use crate::config_service::counts::{self, Counts};
use crate::config_service::decode::Place;
use crate::config_service::error::CallError;
use crate::config_service::query::{TypeQuery, is_askable, pack};
use crate::config_service::recorder::{self, Recorder};
use crate::cross_check::ec2::{self, Kind, Sightings};
use crate::region_client::RegionClient;

/// How often a type whose rows do not agree with its counts is listed again (SEMANTICS 2.3).
const LIST_AGAIN: u32 = 2;
/// How many resources that only EC2 has are looked up one by one. More of them are no coincidence.
const LOOK_UP: usize = 100;

/// How the types of a round are listed.
#[derive(Default)]
struct Round {
    by_query: BTreeSet<ResourceType>,
    by_key: BTreeSet<ResourceType>,
}

impl Reader<'_, '_> {
    /// Reads a region.
    ///
    /// # Errors
    /// Only when the sink fails.
    pub(in crate::collector) async fn read(
        &self,
        region: Region,
    ) -> Result<(RegionOutcome, HeldItems), SinkError> {
        let settings = &self.shared.settings;
        let client = self.shared.region_client(self.session, &region);
        let (mut outcome, held) = self.read_with(&client, region).await?;
        outcome.ended_at = (settings.clock)();
        let gap = outcome.gap().map(|(reason, _)| reason.code());
        tracing::debug!(account_id = %self.account_id, region = %outcome.region, gap, "region read");
        Ok((outcome, held))
    }

    async fn read_with(
        &self,
        client: &RegionClient,
        region: Region,
    ) -> Result<(RegionOutcome, HeldItems), SinkError> {
        let settings = &self.shared.settings;
        let now = (settings.clock)();
        let recorder = recorder::read(client, now).await;
        let hopeless = recorder.as_ref().is_err_and(CallError::is_hopeless);
        let recorder = recorder.unwrap_or_else(Recorder::unread);
        let mut outcome = RegionOutcome::new(region.clone(), recorder, now);
        if hopeless || outcome.recorder.is_absent() {
            return Ok((outcome, HeldItems::default()));
        }
        let mut before = match counts::read(client).await {
            Ok(counts) => counts,
            Err(error) => {
                let hopeless = error.is_hopeless();
                outcome.uncounted = Some((error.reason, error.detail));
                if hopeless {
                    return Ok((outcome, HeldItems::default()));
                }
                Counts::new()
            }
        };
        let mut rows = Rows::new(self.sink);
        // EC2 is asked first: what is made meanwhile is in AWS Config's answer and not in EC2's, which harms nobody.
        rows.sightings = self.sightings(client, &mut outcome).await;
        let place = Place {
            account_id: self.account_id,
            region: &region,
            partition: &settings.partition,
            is_global: settings.is_global,
        };
        let mut listing = Listing::new(client, place, rows, outcome.uncounted.is_some());
        let mut round = Round { by_query: self.wanted(&outcome, &before), ..Round::default() };
        let mut rounds_left = LIST_AGAIN;
        loop {
            self.list(&mut listing, &round, &before).await?;
            let asked = round.by_query.union(&round.by_key).cloned().collect();
            outcome.take_listings(&listing.rows, &asked, &before);
            // Whatever was not yet proven stays open, also what nobody got to ask for.
            if let Some(error) = listing.hopeless() {
                outcome.uncounted.get_or_insert((error.reason, error.detail.clone()));
            }
            // Where nothing can become complete any more, counting again proves nothing.
            if outcome.gap().is_some() {
                break;
            }
            match counts::read(client).await {
                Ok(after) => outcome.take_counts_after(&after, |of| self.passes_over(of)),
                Err(CallError { reason, detail, .. }) => {
                    outcome.uncounted = Some((reason, detail));
                    break;
                }
            }
            round = outcome.next_round(&round, rounds_left == 1);
            if round.is_empty() || rounds_left == 0 {
                break;
            }
            rounds_left -= 1;
            before = outcome.counts_after();
        }
        self.list_uncounted(&mut listing, &mut outcome).await?;
        self.forget_suspicions(&mut outcome);
        self.cross_check(client, &mut listing, &mut outcome).await?;
        Ok((outcome, listing.rows.held))
    }

    async fn list(
        &self,
        listing: &mut Listing<'_, '_>,
        round: &Round,
        counts: &Counts,
    ) -> Result<(), SinkError> {
        let numbers = round.by_query.iter().map(|of| (of, counts.get(of).copied().unwrap_or(0)));
        listing.select(pack(numbers, &self.shared.attributes)).await?;
        listing.by_key(round.by_key.iter().map(|of| self.query(of)).collect()).await
    }

    fn query(&self, resource_type: &ResourceType) -> TypeQuery {
        TypeQuery {
            resource_type: resource_type.clone(),
            attributes: self.shared.attributes.of(resource_type),
        }
    }

    /// Gives the types to ask for: those with a count, and those that somebody named. A count of zero is no proof
    /// of emptiness without a listing; and where AWS Config counts nothing, as with a stopped recorder, a sighting
    /// still shows that something is there. Where nothing could be counted, the shipped types are asked for too.
    fn wanted(&self, outcome: &RegionOutcome, counts: &Counts) -> BTreeSet<ResourceType> {
        let settings = &self.shared.settings;
        let mut wanted: BTreeSet<_> = counts.keys().cloned().collect();
        let here = |region: &Option<Region>| region.as_ref().is_none_or(|region| *region == outcome.region);
        for (region, resource_type) in &self.interest.scopes {
            if (here(region) || (settings.is_global)(resource_type))
                && outcome.recorder.records(resource_type)
            {
                wanted.insert(resource_type.clone());
            }
        }
        if outcome.uncounted.is_some() {
            let shipped = self.shared.attributes.types();
            wanted.extend(shipped.filter(|of| outcome.recorder.records(of)).cloned());
        }
        wanted.retain(|of| is_askable(of) && !self.passes_over(of));
        wanted
    }

    /// Tells whether a type is none of this reading's business.
    fn passes_over(&self, resource_type: &ResourceType) -> bool {
        let named = || self.interest.scopes.iter().any(|(_, of)| of == resource_type);
        (self.shared.settings.never_asked)(resource_type) || (self.only && !named())
    }

    /// Without counts nobody can say whether Select left something out: what it showed nothing of is asked for by
    /// id. Nothing becomes complete by that, but what is there is seen.
    async fn list_uncounted(
        &self,
        listing: &mut Listing<'_, '_>,
        outcome: &mut RegionOutcome,
    ) -> Result<(), SinkError> {
        if outcome.uncounted.is_none() || listing.hopeless().is_some() {
            return Ok(());
        }
        let empty = |(of, found): (&ResourceType, &TypeOutcome)| {
            let listed = &found.listed;
            (found.before.is_none() && listed.rows == 0 && listed.failure.is_none()).then(|| of.clone())
        };
        let by_key: BTreeSet<_> = outcome.types.iter().filter_map(empty).collect();
        let round = Round { by_key, ..Round::default() };
        self.list(listing, &round, &Counts::new()).await?;
        outcome.take_listings(&listing.rows, &round.by_key, &Counts::new());
        Ok(())
    }

    /// Forgets types that were asked for on suspicion only, and of which nothing was seen: the region's own line
    /// speaks for them.
    fn forget_suspicions(&self, outcome: &mut RegionOutcome) {
        if outcome.uncounted.is_some() {
            let named: BTreeSet<&ResourceType> = self.interest.scopes.iter().map(|(_, of)| of).collect();
            outcome
                .types
                .retain(|of, found| found.before.is_some() || found.listed.rows > 0 || named.contains(of));
        }
    }

    async fn sightings(&self, client: &RegionClient, outcome: &mut RegionOutcome) -> Option<Sightings> {
        if !self.shared.settings.cross_check_ec2 {
            return None;
        }
        match Sightings::read(client, self.account_id).await {
            Ok(mut sightings) => {
                // What the recorder leaves out, and what nobody asks for, is missing by rule.
                sightings.retain(|of| outcome.recorder.records(of) && !self.passes_over(of));
                Some(sightings)
            }
            Err(error) => {
                outcome.unchecked = Some(error.detail);
                None
            }
        }
    }

    /// Settles what EC2 has and no row spoke of. AWS Config lags by minutes: what it has meanwhile is fetched, and
    /// what EC2 itself has no more is forgotten. The rest is `unrecorded`.
    async fn cross_check(
        &self,
        client: &RegionClient,
        listing: &mut Listing<'_, '_>,
        outcome: &mut RegionOutcome,
    ) -> Result<(), SinkError> {
        let Some(mut sightings) = listing.rows.sightings.take() else { return Ok(()) };
        for (of, open) in sightings.open() {
            let ids: Vec<ResourceId> = open.into_iter().take(LOOK_UP).collect();
            // A listing that failed says so itself.
            let failed = outcome.types.get(&of).is_some_and(|found| found.listed.failure.is_some());
            if outcome.gap().is_some() || failed {
                continue;
            }
            let known = match by_id::look_up(client, &of, &ids).await {
                Ok(known) => known,
                Err(error) => {
                    tracing::debug!(account_id = %self.account_id, region = %outcome.region, detail = error.detail, "cannot look up what EC2 has");
                    continue;
                }
            };
            let (late, missing): (Vec<_>, Vec<_>) =
                ids.into_iter().partition(|id| known.get(id) == Some(&Known::There));
            let counted = listing.rows.listed.get(&of).map_or(0, |listed| listed.rows);
            // A failure leaves them unrecorded, which is the safe side.
            if listing.get(&self.query(&of), &late).await?.is_ok() {
                late.iter().for_each(|id| sightings.tick(&of, id));
            }
            if let Some(listed) = listing.rows.listed.get_mut(&of) {
                // They came after the counts.
                listed.rows = counted;
            }
            let Some(kind) = Kind::of(&of).filter(|_| !missing.is_empty()) else { continue };
            if let Ok(there) = ec2::confirm(client, self.account_id, kind, &missing).await {
                missing.iter().filter(|id| !there.contains(*id)).for_each(|id| sightings.forget(&of, id));
            }
        }
        outcome.take_sightings(&sightings);
        Ok(())
    }
}

impl Round {
    fn is_empty(&self) -> bool {
        self.by_query.is_empty() && self.by_key.is_empty()
    }
}

impl RegionOutcome {
    /// Gives the types that are worth listing again, and how: what Select shows nothing of although it is counted,
    /// what was listed by key before, and in the last round what still falls short, by key; the rest by query.
    fn next_round(&self, last: &Round, is_last: bool) -> Round {
        let mut next = Round::default();
        for (of, found) in &self.types {
            if found.listed.failure.is_some() || found.agrees() || !self.recorder.records(of) {
                continue;
            }
            let by_key = last.by_key.contains(of)
                || (last.by_query.contains(of) && found.falls_short() && (is_last || found.listed.rows == 0));
            let list = if by_key { &mut next.by_key } else { &mut next.by_query };
            list.insert(of.clone());
        }
        next
    }

    fn take_sightings(&mut self, sightings: &Sightings) {
        let open = sightings.open();
        for (of, figures) in sightings.figures() {
            if let Some(ids) = open.get(&of) {
                let first = ids.first().map_or("", |id| id.as_str());
                let detail =
                    format!("EC2 has {} that AWS Config does not have, the first is {first}", ids.len());
                // Also of a type that AWS Config counts nothing of.
                self.types.entry(of.clone()).or_default().unrecorded = Some(detail);
            }
            if figures.found + figures.phantom > 0 {
                self.cross_checks.insert(of, figures);
            }
        }
    }
}
