//! One resource with all its names, and the row that speaks of it.

use super::{
    dice::Dice,
    world::{BRIGHT, World},
};
use crate::{
    estate::{
        accounts::{GLOBAL, REGION_COUNT, REGIONS},
        code::{base32, hash},
        kind::Kind,
        script::Scripted,
    },
    source_register::Record,
};
use serde_json::{Map, Value, json};

/// The types that are planted: with unique ids and with mere names, regional and global, with and without a name
/// of their own.
pub(super) const KINDS: [Kind; 6] =
    [Kind::Instance, Kind::Volume, Kind::Bucket, Kind::Function, Kind::DbInstance, Kind::Role];
/// 2023-11-14, when everything was made.
const CREATED_AT: i64 = 1_700_000_000;

/// By what a row says which resource it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By everything.
    Fully,
    /// By the ARN.
    ByArn,
    /// By account, region, type and id.
    ByScope,
    /// By account, type and id.
    WithoutRegion,
    /// By type and id, in whatever account.
    ById,
}

impl How {
    pub(super) const fn names_arn(self) -> bool {
        matches!(self, Self::Fully | Self::ByArn)
    }
}

/// A resource.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) account: usize,
    pub(super) region: usize,
    pub(super) id: String,
    pub(super) arn: String,
    /// The name that people see, in `resourceName` or in a tag.
    pub(super) name: String,
    pub(super) asset_id: String,
    pub(super) tags: Vec<(String, String)>,
    pub(super) created_at: i64,
}

impl Thing {
    pub(super) fn new(world: &World, dice: &mut Dice, kind: Kind, account: usize, region: usize) -> Self {
        let fact = dice.throw();
        let word = kind.words()[(fact % kind.words().len() as u64) as usize];
        let name = format!("{word}-{:08x}", fact >> 32);
        Self::named(world, dice, kind, (account, region), name)
    }

    /// The same, somewhere where everything is always seen.
    pub(super) fn bright(world: &World, dice: &mut Dice, kind: Kind) -> Self {
        let (account, region) = (dice.pick(&BRIGHT), dice.below(REGION_COUNT));
        Self::new(world, dice, kind, account, region)
    }

    /// The same with a name of one's choice.
    pub(super) fn named(
        world: &World,
        dice: &mut Dice,
        kind: Kind,
        (account, region): (usize, usize),
        name: String,
    ) -> Self {
        let (code, tail) = (dice.throw(), dice.throw());
        let id = match kind {
            Kind::Instance => format!("i-0{code:016x}"),
            Kind::Volume => format!("vol-0{code:016x}"),
            Kind::NetworkInterface => format!("eni-0{code:016x}"),
            Kind::DbInstance => format!("db-{}{}", base32(code), base32(tail)),
            Kind::Role => format!("AROA{}{}", base32(code), &base32(tail)[..4]),
            _ => name.clone(),
        };
        // IAM is recorded at home; its roles lie in no region.
        let region = if kind.global() { 0 } else { region };
        let mut thing = Self {
            kind,
            account,
            region,
            arn: String::new(),
            id,
            name,
            asset_id: format!("ITK-{:08}", hash(&[world.seed, code, 601]) % 100_000_000),
            tags: Vec::new(),
            created_at: CREATED_AT,
        };
        thing.arn = thing.arn_in(world, account, region);
        if kind == Kind::Topic {
            thing.id.clone_from(&thing.arn);
        }
        thing
    }

    /// The ARN that it would have in an account and region.
    pub(super) fn arn_in(&self, world: &World, account: usize, region: usize) -> String {
        let (id, name) = (&self.id, &self.name);
        let (region, account) = (REGIONS[region], world.account_id(account));
        match self.kind {
            Kind::Instance => format!("arn:aws:ec2:{region}:{account}:instance/{id}"),
            Kind::Volume => format!("arn:aws:ec2:{region}:{account}:volume/{id}"),
            Kind::NetworkInterface => format!("arn:aws:ec2:{region}:{account}:network-interface/{id}"),
            Kind::Bucket => format!("arn:aws:s3:::{name}"),
            Kind::Table => format!("arn:aws:dynamodb:{region}:{account}:table/{name}"),
            Kind::Topic => format!("arn:aws:sns:{region}:{account}:{name}"),
            Kind::Repository => format!("arn:aws:ecr:{region}:{account}:repository/{name}"),
            Kind::DbInstance => format!("arn:aws:rds:{region}:{account}:db:{name}"),
            Kind::Role => format!("arn:aws:iam::{account}:role/{name}"),
            _ => format!("arn:aws:lambda:{region}:{account}:function:{name}"),
        }
    }

    /// Whether AWS Config shows its name as `resourceName`, so that a record's name can differ from it.
    pub(super) const fn shows_name(&self) -> bool {
        !self.kind.named_by_tag()
    }

    /// Whether such a row gives an id that AWS never gives a second time.
    pub(super) const fn is_told_apart_for_ever(&self, how: How) -> bool {
        match self.kind {
            Kind::Instance | Kind::Volume => true,
            // A role's ARN has its name, which may be taken again.
            Kind::Role => !matches!(how, How::ByArn),
            _ => false,
        }
    }

    /// The resource as AWS has it.
    pub(super) fn scripted(&self, instance_type: &str, deleted_at: Option<i64>) -> Scripted {
        let mut tags = self.tags.clone();
        if !self.shows_name() {
            tags.push(("Name".to_owned(), self.name.clone()));
        }
        let mut configuration = Map::new();
        if self.kind == Kind::Instance {
            configuration.insert("instanceType".to_owned(), json!(instance_type));
            configuration.insert("state".to_owned(), json!({"code": 16, "name": "running"}));
        }
        Scripted {
            account: self.account,
            region: self.region,
            kind: self.kind,
            id: self.id.clone(),
            arn: self.arn.clone(),
            name: self.shows_name().then(|| self.name.clone()),
            // The Tagging API names what is gone for a while; AWS Config's word on its deletion stands alone here.
            tags: if deleted_at.is_some() { Vec::new() } else { tags },
            configuration,
            created_at: self.created_at,
            deleted_at,
            unrecorded: false,
        }
    }

    /// The row that speaks of it and agrees with it, as far as names go.
    pub(super) fn record(&self, world: &World, how: How) -> Record {
        let region = if self.kind.global() { GLOBAL } else { REGIONS[self.region] };
        let in_scope = matches!(how, How::Fully | How::ByScope | How::WithoutRegion);
        Record {
            id: self.asset_id.clone(),
            arn: how.names_arn().then(|| self.arn.clone()),
            resource_id: (how != How::ByArn).then(|| self.id.clone()),
            account: in_scope.then(|| world.account_id(self.account).to_owned()),
            region: matches!(how, How::Fully | How::ByScope).then(|| region.to_owned()),
            resource_type: Some(self.kind.name().to_owned()),
            name: Some(self.name.clone()),
            environment: Some("prod".to_owned()),
            cost_centre: Some("KST-4711".to_owned()),
            status: Some("active".to_owned()),
            is_aws: true,
            ..Record::default()
        }
    }

    /// The names that an entry of it may carry.
    pub(super) fn names(&self) -> Vec<String> {
        vec![self.arn.clone(), self.asset_id.clone()]
    }
}

/// What the entry of an instance says of its type; nothing is said of other resources.
pub(super) fn instance_type_value(kind: Kind, instance_type: &str) -> Option<Value> {
    (kind == Kind::Instance).then(|| json!(instance_type))
}
