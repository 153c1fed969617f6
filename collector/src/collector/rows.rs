//! The rows of one region: each item given away once and counted once per listing, however often it is listed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use bestand_model::configuration_item::{CollectionPath, ConfigurationItem};
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{Region, ResourceType};

use super::SinkError;
use super::account::SharedSink;
use super::globals::HeldItems;
use crate::cross_check::ec2::Sightings;

/// What listing one type gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Listed {
    /// Distinct live rows of the last listing.
    pub(super) rows: u64,
    /// Why the last listing did not end as it should.
    pub(super) failure: Option<(Reason, String)>,
    /// What to know of a listing that did end.
    pub(super) note: Option<String>,
    /// How it was listed last.
    pub(super) path: Option<CollectionPath>,
}

/// Takes rows in.
pub(super) struct Rows<'a, 's> {
    sink: &'a SharedSink<'s>,
    /// Every live row that was ever seen, by 128 bits of hash, with the pass that saw it last. Half a million rows
    /// take some 30 MB.
    seen: HashMap<[u64; 2], u32>,
    hashers: [RandomState; 2],
    /// The same by type and id alone.
    ids: HashSet<u64>,
    pass: u32,
    pub(super) listed: BTreeMap<ResourceType, Listed>,
    pub(super) held: HeldItems,
    /// What EC2 has, where it was asked.
    pub(super) sightings: Option<Sightings>,
}

impl<'a, 's> Rows<'a, 's> {
    pub(super) fn new(sink: &'a SharedSink<'s>) -> Self {
        Self {
            sink,
            seen: HashMap::new(),
            hashers: [RandomState::new(), RandomState::new()],
            ids: HashSet::new(),
            pass: 0,
            listed: BTreeMap::new(),
            held: HeldItems::default(),
            sightings: None,
        }
    }

    /// Begins a listing of some types: what was counted of them before counts no more.
    pub(super) fn begin<'t>(
        &mut self,
        types: impl IntoIterator<Item = &'t ResourceType>,
        path: CollectionPath,
    ) {
        self.pass += 1;
        for of in types {
            let listed = self.listed.entry(of.clone()).or_default();
            (listed.rows, listed.failure, listed.path) = (0, None, Some(path));
        }
    }

    /// Notes that the listing of a type failed.
    pub(super) fn fail(&mut self, of: &ResourceType, reason: Reason, detail: String) {
        self.listed.entry(of.clone()).or_default().failure = Some((reason, detail));
    }

    /// Takes an item of the present listing.
    pub(super) fn take(&mut self, item: ConfigurationItem) -> Result<(), SinkError> {
        if let Some(sightings) = &mut self.sightings {
            sightings.tick(&item.resource_type, &item.resource_id);
        }
        // What another path gave an ARN, or none, is the same resource: only an ARN that AWS told tells two apart.
        let told = item.arn.as_ref().filter(|_| !item.arn_built);
        let identity = (&item.resource_type, &item.resource_id, told);
        let key = [self.hashers[0].hash_one(identity), self.hashers[1].hash_one(identity)];
        let last_pass = self.seen.insert(key, self.pass);
        if last_pass == Some(self.pass) {
            return Ok(());
        }
        if let Some(listed) = self.listed.get_mut(&item.resource_type) {
            listed.rows += 1;
        }
        let id = self.hashers[0].hash_one((&item.resource_type, &item.resource_id));
        let known_by_id = !self.ids.insert(id);
        // By key there is one row for each id: one that a query gave already is not given again.
        if last_pass.is_some() || (known_by_id && item.path == CollectionPath::BatchGet) {
            return Ok(());
        }
        if item.region.as_str() == Region::GLOBAL {
            self.held.add(item);
            Ok(())
        } else {
            self.sink.accept(item)
        }
    }
}
