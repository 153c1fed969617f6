//! Which entry of the central register is a subject's: by key, then by ARN or, where one side has
//! none, by place, then by asset id (SEMANTICS 3.1).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::subject::Subject;
use crate::arn::Arn;
use crate::arn_form::identify;
use crate::asset::{AssetKey, PublishedAsset};
use crate::identifiers::{AssetId, Region, ResourceId, ResourceType};
use crate::resource_type::is_global;

/// Our entries of one account, each given away at most once.
pub(super) struct PublishedIndex<'a> {
    entries: BTreeMap<AssetKey, &'a PublishedAsset>,
    by_arn: HashMap<Arn, Vec<AssetKey>>,
    by_asset_id: HashMap<AssetId, Vec<AssetKey>>,
    by_scope: HashMap<(Region, ResourceType, ResourceId), Vec<AssetKey>>,
    /// The same without region, for rows that name none.
    by_id: HashMap<(ResourceType, ResourceId), Vec<AssetKey>>,
    claimed: BTreeSet<AssetKey>,
    /// Claimed by ambiguous parties: nobody else may have a new entry in their place.
    ambiguous: BTreeSet<AssetKey>,
}

impl<'a> PublishedIndex<'a> {
    pub(super) fn new(published: &'a [PublishedAsset]) -> Self {
        let mut index = Self {
            entries: BTreeMap::new(),
            by_arn: HashMap::new(),
            by_asset_id: HashMap::new(),
            by_scope: HashMap::new(),
            by_id: HashMap::new(),
            claimed: BTreeSet::new(),
            ambiguous: BTreeSet::new(),
        };
        // A list that was read in pages while somebody wrote may hold an entry twice: the newest counts.
        let mut published: Vec<&PublishedAsset> = published.iter().collect();
        published.sort_by_cached_key(|entry| (entry.updated_at, entry.version.clone()));
        for entry in published.into_iter().rev() {
            if index.entries.contains_key(&entry.asset_key) {
                continue;
            }
            index.entries.insert(entry.asset_key, entry);
            if let Some(arn) = entry.arn() {
                index.by_arn.entry(arn).or_default().push(entry.asset_key);
            }
            if let Some(id) = entry.asset_id() {
                index.by_asset_id.entry(id).or_default().push(entry.asset_key);
            }
            if let Some((region, kind, id)) = place_of(entry) {
                index.by_id.entry((kind.clone(), id.clone())).or_default().push(entry.asset_key);
                index.by_scope.entry((region, kind, id)).or_default().push(entry.asset_key);
            }
        }
        index
    }

    fn claim(&mut self, key: AssetKey) -> Option<&'a PublishedAsset> {
        let entry = *self.entries.get(&key)?;
        self.claimed.insert(key).then_some(entry)
    }

    fn is_free(&self, key: &AssetKey) -> bool {
        self.entries.contains_key(key) && !self.claimed.contains(key)
    }

    /// Claims everything that is surely meant by an ambiguous party.
    pub(super) fn claim_named(&mut self, subject: &Subject<'_>) -> Vec<&'a PublishedAsset> {
        let keys = self.named_by(subject);
        self.claim_ambiguous(keys)
    }

    /// Claims what may be meant as well: it is withheld, so too much does no harm once all others have theirs.
    pub(super) fn claim_by_asset_id(&mut self, subject: &Subject<'_>) -> Vec<&'a PublishedAsset> {
        let keys = subject.asset_id().and_then(|id| self.by_asset_id.get(id)).cloned().unwrap_or_default();
        self.claim_ambiguous(keys)
    }

    fn claim_ambiguous(&mut self, keys: Vec<AssetKey>) -> Vec<&'a PublishedAsset> {
        let claimed: Vec<_> = keys.into_iter().filter_map(|key| self.claim(key)).collect();
        self.ambiguous.extend(claimed.iter().map(|entry| entry.asset_key));
        claimed
    }

    /// The entries that carry one of the subject's keys or its ARN.
    fn named_by(&self, subject: &Subject<'_>) -> Vec<AssetKey> {
        let by_arn = subject.arn().and_then(|arn| self.by_arn.get(arn)).into_iter().flatten();
        subject.keys.iter().chain(by_arn).copied().collect()
    }

    /// Tells whether a subject that got no entry may not have a new one either: several could be meant, or the
    /// one that is meant went to an ambiguous party.
    pub(super) fn is_contested(&self, subject: &Subject<'_>) -> bool {
        self.named_by(subject).iter().any(|key| self.is_free(key) || self.ambiguous.contains(key))
    }

    /// Gives each subject its entry. The better evidence is used up for all subjects before the weaker is tried
    /// for any.
    pub(super) fn assign<'s>(
        &mut self,
        subjects: Vec<Subject<'s>>,
    ) -> Vec<(Subject<'s>, Option<&'a PublishedAsset>)> {
        let mut assigned: Vec<(Subject<'s>, Option<&'a PublishedAsset>)> =
            subjects.into_iter().map(|subject| (subject, None)).collect();
        type Rule<'a> = fn(&PublishedIndex<'a>, &Subject<'_>) -> Option<AssetKey>;
        let rules: [Rule<'a>; 5] =
            [Self::by_minted_key, Self::by_earlier_key, Self::by_arn, Self::by_scope, Self::by_asset_id];
        for rule in rules {
            for (subject, entry) in assigned.iter_mut().filter(|(_, entry)| entry.is_none()) {
                if let Some(key) = rule(self, subject) {
                    *entry = self.claim(key);
                }
            }
        }
        // What an entry says of its place is old where another resource has it by now.
        let moved: BTreeSet<AssetKey> = assigned
            .iter()
            .filter_map(|(subject, entry)| entry.filter(|entry| names_another(subject, entry)))
            .map(|entry| entry.asset_key)
            .collect();
        for (subject, _) in assigned.iter_mut().filter(|(_, entry)| entry.is_none()) {
            let at_place = self.at_place_of(subject).iter().filter(|key| self.may_be_at(key, subject));
            let same_arn = subject.arn().and_then(|arn| self.by_arn.get(arn)).into_iter().flatten();
            subject.doubles_an_entry = at_place.chain(same_arn).any(|key| !moved.contains(key));
        }
        assigned
    }

    fn by_minted_key(&self, subject: &Subject<'_>) -> Option<AssetKey> {
        subject.keys.first().copied().filter(|key| self.is_free(key))
    }

    fn by_earlier_key(&self, subject: &Subject<'_>) -> Option<AssetKey> {
        subject.keys.iter().copied().find(|key| self.is_free(key))
    }

    fn by_arn(&self, subject: &Subject<'_>) -> Option<AssetKey> {
        self.the_only_free(self.by_arn.get(subject.arn()?)?)
    }

    /// An asset id moves with people's paperwork. An entry that names another resource than the subject is not
    /// taken over: its own resource may still run where nobody could look.
    fn by_asset_id(&self, subject: &Subject<'_>) -> Option<AssetKey> {
        let key = self.the_only_free(self.by_asset_id.get(subject.own_asset_id()?)?)?;
        let entry = self.entries.get(&key)?;
        let other_arn = subject.arn().zip(entry.arn()).is_some_and(|(own, theirs)| *own != theirs);
        let theirs = entry.resource_type().zip(entry.resource_id());
        let other_resource =
            subject.resource().zip(theirs).is_some_and(|((kind, id), (k, i))| (kind, id) != (&k, &i));
        (!other_arn && !other_resource).then_some(key)
    }

    /// AWS Config leaves the ARN out of some rows, and people out of theirs: where one side has none, or one that
    /// bestand built, account, region, type and id are the same identity.
    fn by_scope(&self, subject: &Subject<'_>) -> Option<AssetKey> {
        let key = self.the_only_free(self.at_place_of(subject))?;
        self.may_be_at(&key, subject).then_some(key)
    }

    /// The entries of the subject's account, region, type and id; of a row without region, those of any region.
    fn at_place_of(&self, subject: &Subject<'_>) -> &[AssetKey] {
        let known = subject.resource().map(|(kind, id)| (kind.clone(), id.clone()));
        let Some((kind, id)) = known.or_else(|| identify(subject.arn()?)) else { return &[] };
        let keys = match subject.region() {
            Some(region) => self.by_scope.get(&(region, kind, id)),
            None => self.by_id.get(&(kind, id)),
        };
        keys.map_or(&[], Vec::as_slice)
    }

    /// Tells whether no ARN says that an entry at the subject's place is another resource's.
    fn may_be_at(&self, key: &AssetKey, subject: &Subject<'_>) -> bool {
        let built = subject.item.is_some_and(|item| item.arn_built);
        let entry = self.entries.get(key);
        built || subject.arn().is_none() || entry.is_some_and(|entry| entry.arn().is_none())
    }

    fn the_only_free(&self, keys: &[AssetKey]) -> Option<AssetKey> {
        let mut free = keys.iter().copied().filter(|key| self.is_free(key));
        let first = free.next()?;
        free.next().is_none().then_some(first)
    }

    /// Gives the entries that no subject took, in the order of their keys.
    pub(super) fn unclaimed(&self) -> Vec<&'a PublishedAsset> {
        self.entries.iter().filter(|(key, _)| !self.claimed.contains(key)).map(|(_, entry)| *entry).collect()
    }
}

/// Where an entry's resource is, as far as the entry says so. One that was made of a row's ARN alone has neither region
/// nor id of its own: the ARN has them where its form leaves no doubt.
fn place_of(entry: &PublishedAsset) -> Option<(Region, ResourceType, ResourceId)> {
    let arn = entry.arn();
    let (kind, id) = match entry.resource_type().zip(entry.resource_id()) {
        Some(named) => named,
        None => identify(arn.as_ref()?)?,
    };
    let region =
        if is_global(&kind) { Region::global() } else { entry.region().or_else(|| arn?.region())? };
    Some((region, kind, id))
}

/// Tells whether a live item of another type or id has the entry.
fn names_another(subject: &Subject<'_>, entry: &PublishedAsset) -> bool {
    let own = subject.item.map(|item| (&item.resource_type, &item.resource_id));
    let theirs = entry.resource_type().zip(entry.resource_id());
    own.zip(theirs).is_some_and(|((kind, id), (k, i))| (kind, id) != (&k, &i))
}
