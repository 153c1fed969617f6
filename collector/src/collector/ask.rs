//! Proof by id: what AWS knows of single assets before one of them is retired (SEMANTICS 2.4).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bestand_model::arn::Arn;
use bestand_model::asset::AssetKey;
use bestand_model::identifiers::{AccountId, Region, ResourceId, ResourceType};
use bestand_model::proof::{Answer, Question};

use super::{Shared, Visit};
use crate::action::Action;
use crate::config_service::batch_get::{self, MAX_KEYS};
use crate::config_service::by_id::{self, Known};
use crate::config_service::decode::{self, Place};
use crate::config_service::error::CallError;
use crate::config_service::query::{TypeQuery, is_askable};
use crate::cross_check::ec2::{self, Kind};
use crate::cross_check::tagging;
use crate::region_client::RegionClient;

/// Questions about one type in one region.
type Scope<'q> = (&'q Region, &'q ResourceType);

/// Answers every question.
pub(super) async fn ask(
    shared: &Shared,
    account_id: &AccountId,
    questions: &[Question],
) -> BTreeMap<AssetKey, Answer> {
    let mut answers = BTreeMap::new();
    let Some(visit) = shared.visit(account_id) else {
        let detail = "the account was not entered in this run";
        answers.extend(questions.iter().map(|question| (question.asset_key, unanswered(detail))));
        return answers;
    };
    let mut scopes: BTreeMap<Scope<'_>, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        scopes.entry((&question.region, &question.resource_type)).or_default().push(question);
    }
    for ((region, resource_type), questions) in scopes {
        let witness = Witness { shared, account_id, visit: &visit, resource_type };
        answers.extend(witness.scope(region, &questions).await);
    }
    answers
}

fn unanswered(detail: impl Into<String>) -> Answer {
    Answer::Unanswered { detail: detail.into() }
}

struct Witness<'a> {
    shared: &'a Shared,
    account_id: &'a AccountId,
    visit: &'a Visit,
    resource_type: &'a ResourceType,
}

/// What is known of the resources of one scope, as it comes in.
#[derive(Default)]
struct Findings {
    known: BTreeMap<ResourceId, Known>,
    sighted: BTreeMap<ResourceId, Action>,
    hinted: BTreeSet<Arn>,
}

impl Witness<'_> {
    async fn scope(&self, region: &Region, questions: &[&Question]) -> BTreeMap<AssetKey, Answer> {
        let outcome = match self.regions(region) {
            Ok(regions) => self.findings(&regions, questions).await,
            Err(detail) => Err(detail),
        };
        let answer = |question: &Question| match &outcome {
            Ok(findings) => findings.answer(question),
            Err(detail) => unanswered(detail.clone()),
        };
        questions.iter().map(|question| (question.asset_key, answer(question))).collect()
    }

    /// Gives the regions whose recorders may know the type: for a global one its home, else all.
    fn regions(&self, region: &Region) -> Result<Vec<Region>, String> {
        if !is_askable(self.resource_type) {
            return Err("the name of the type cannot stand in a request".to_owned());
        }
        let recorded = &self.visit.regions;
        let some: Vec<Region> = if region.as_str() == Region::GLOBAL {
            match (self.shared.settings.home_region)(self.resource_type) {
                Some(home) => recorded.get(&home).cloned().into_iter().collect(),
                None => recorded.iter().cloned().collect(),
            }
        } else {
            recorded.get(region).cloned().into_iter().collect()
        };
        if some.is_empty() { Err(format!("no recorder to ask in {region}")) } else { Ok(some) }
    }

    /// Asks every service that may know. All must answer: one that is silent may be the one that has it.
    async fn findings(&self, regions: &[Region], questions: &[&Question]) -> Result<Findings, String> {
        let mut findings = Findings::default();
        for region in regions {
            let client = self.shared.region_client(&self.visit.session, region);
            let asked = self.region(&client, region, questions, &mut findings).await;
            asked.map_err(|error| format!("{region}: {}", error.detail))?;
        }
        Ok(findings)
    }

    async fn region(
        &self,
        client: &RegionClient,
        region: &Region,
        questions: &[&Question],
        findings: &mut Findings,
    ) -> Result<(), CallError> {
        let ids: BTreeSet<ResourceId> =
            questions.iter().map(|question| question.resource_id.clone()).collect();
        let ids: Vec<ResourceId> = ids.into_iter().collect();
        let known = by_id::look_up(client, self.resource_type, &ids).await?;
        let unheard: Vec<ResourceId> = ids.iter().filter(|id| !known.contains_key(*id)).cloned().collect();
        for (id, found) in known {
            let merged = findings.known.get(&id).map_or(found, |before| before.and(found));
            findings.known.insert(id, merged);
        }
        for id in self.by_key(client, region, &unheard).await? {
            findings.sighted.insert(id, Action::BatchGet);
        }
        let kind = Kind::of(self.resource_type).filter(|_| self.shared.settings.cross_check_ec2);
        if let Some(kind) = kind {
            for id in ec2::confirm(client, self.account_id, kind, &ids).await? {
                findings.sighted.insert(id, kind.action());
            }
        } else if self.shared.settings.cross_check_tagging {
            // Where EC2 itself was asked, its word goes beyond any hint.
            let arns: Vec<Arn> = questions.iter().filter_map(|question| question.arn.clone()).collect();
            findings.hinted.extend(tagging::named(client, &arns).await?);
        }
        Ok(())
    }

    /// Tells which ids BatchGet has a live item of.
    async fn by_key(
        &self,
        client: &RegionClient,
        region: &Region,
        ids: &[ResourceId],
    ) -> Result<HashSet<ResourceId>, CallError> {
        let place = Place {
            account_id: self.account_id,
            region,
            partition: &self.shared.settings.partition,
            is_global: self.shared.settings.is_global,
        };
        let of = TypeQuery { resource_type: self.resource_type.clone(), attributes: [].into() };
        let mut live = HashSet::new();
        for some in ids.chunks(MAX_KEYS) {
            for row in batch_get::get(client, self.resource_type, some).await? {
                match decode::base_row(row, place, &of) {
                    Ok(Some(item)) if some.contains(&item.resource_id) => live.extend([item.resource_id]),
                    Ok(None) => {}
                    // A row that cannot be read, or that carries another id than was asked for, still shows that
                    // something is there.
                    Ok(Some(_)) | Err(_) => live.extend(some.iter().cloned()),
                }
            }
        }
        Ok(live)
    }
}

impl Findings {
    /// A sighting outweighs everything, a dated deletion every hint: the Tagging API names deleted resources for a
    /// while.
    fn answer(&self, question: &Question) -> Answer {
        let id = &question.resource_id;
        if let Some(action) = self.sighted.get(id) {
            return Answer::Sighted { by: action.name().to_owned() };
        }
        match self.known.get(id) {
            Some(Known::There) => Answer::Sighted { by: Action::ListDiscovered.name().to_owned() },
            Some(Known::Deleted(at)) => Answer::Deleted { at: *at },
            None if question.arn.as_ref().is_some_and(|arn| self.hinted.contains(arn)) => Answer::Hinted,
            None => Answer::NeverHeardOf,
        }
    }
}
