//! Ids, ARNs and names of resources, and the way back from an id to its resource.

use super::{
    Estate, Item,
    accounts::REGIONS,
    code::{BASE32_LENGTH, base32, from_base32, hash, open32, open64, seal32, seal64},
    kind::Kind,
};

/// How many revisions of a task definition share one resource id.
const REVISIONS: u32 = 3;
/// Names that a careless report or query would stumble over.
const ODD_NAMES: [&str; 4] = [
    "<script>alert(1)</script>",
    "Störungsauskunft \"Gleis 3\" 🚌",
    "'; DROP TABLE assets; --",
    "Nächster Halt: Süd&Nord",
];
const ODD_NAME_PERIOD: u64 = 61;
const MISSING_ARN_PERIOD: u64 = 97;

mod salt {
    pub(super) const WORD: u64 = 10;
    pub(super) const ODD_NAME: u64 = 11;
    pub(super) const MISSING_ARN: u64 = 12;
    pub(super) const ID_TAIL: u64 = 13;
}

impl Estate {
    fn name_key(&self, account: u16, kind: Kind) -> u64 {
        hash(&[self.seed, u64::from(account), kind.index() as u64, 6])
    }

    /// The sealed place: unique in the whole estate.
    fn code(&self, item: Item) -> u64 {
        let place = u64::from(item.account) << 48
            | u64::from(item.region) << 44
            | (item.kind.index() as u64) << 36
            | u64::from(item.number);
        seal64(hash(&[self.seed, 5]), place)
    }

    fn open_code(&self, code: u64) -> Option<Item> {
        let place = open64(hash(&[self.seed, 5]), code);
        Some(Item {
            account: (place >> 48) as u16,
            region: (place >> 44 & 0xf) as u8,
            kind: *Kind::ALL.get((place >> 36 & 0xff) as usize)?,
            number: u32::try_from(place & 0xf_ffff_ffff).ok()?,
        })
    }

    /// Eight hexadecimal digits, unique within account and type.
    fn short_code(&self, item: Item) -> String {
        let number = match item.kind {
            Kind::TaskDefinition => item.number - item.number % REVISIONS,
            _ => item.number,
        };
        let place = u32::from(item.region) << 28 | (number & 0x0fff_ffff);
        format!("{:08x}", seal32(self.name_key(item.account, item.kind), place))
    }

    fn open_short_code(&self, account: u16, kind: Kind, code: &str) -> Option<Item> {
        let place = open32(self.name_key(account, kind), u32::from_str_radix(code, 16).ok()?);
        Some(Item { account, region: (place >> 28) as u8, kind, number: place & 0x0fff_ffff })
    }

    /// The account's twelve digits.
    pub(crate) fn account_id(&self, item: Item) -> &str {
        &self.account(usize::from(item.account)).id
    }

    /// The region that the resource lies in; a global one is recorded from the home region.
    pub(crate) fn region(item: Item) -> &'static str {
        REGIONS[usize::from(item.region)]
    }

    /// A name made of a word and a code, such as AWS tools make them.
    fn plain_name(&self, item: Item) -> String {
        let words = item.kind.words();
        let salted = if item.kind == Kind::TaskDefinition {
            Item { number: item.number - item.number % REVISIONS, ..item }
        } else {
            item
        };
        let word = words[(self.fact(salted, salt::WORD) % words.len() as u64) as usize];
        match item.kind {
            Kind::Bucket => {
                let account = &self.account(usize::from(item.account)).name;
                format!("{account}-{word}-{}", self.short_code(item))
            }
            _ => format!("{word}-{}", self.short_code(item)),
        }
    }

    /// The name that people gave it, where such names are free text: possibly an odd one.
    pub(crate) fn name(&self, item: Item) -> String {
        if let Some(written) = self.written(item) {
            return written.name.clone().unwrap_or_else(|| written.id.clone());
        }
        match self.odd_name(item) {
            Some(odd) => format!("{odd} {}", self.short_code(item)),
            None => self.plain_name(item),
        }
    }

    /// The odd name of a resource that has one.
    pub(crate) fn odd_name(&self, item: Item) -> Option<&'static str> {
        if self.written(item).is_some() {
            return None;
        }
        let fact = self.fact(item, salt::ODD_NAME);
        (matches!(item.kind, Kind::Instance | Kind::Volume | Kind::Vpc | Kind::OnBoardComputer)
            && fact.is_multiple_of(ODD_NAME_PERIOD))
        .then(|| ODD_NAMES[(fact / ODD_NAME_PERIOD % ODD_NAMES.len() as u64) as usize])
    }

    /// Whether AWS Config shows the resource without its ARN.
    pub(crate) fn arn_missing(&self, item: Item) -> bool {
        if self.written(item).is_some() {
            return false;
        }
        item.kind == Kind::OnBoardComputer
            || (!item.kind.global()
                && item.kind != Kind::TaskDefinition
                && self.fact(item, salt::MISSING_ARN).is_multiple_of(MISSING_ARN_PERIOD))
    }

    /// The ARN as AWS Config shows it.
    pub(crate) fn arn(&self, item: Item) -> Option<String> {
        (!self.arn_missing(item)).then(|| self.full_arn(item))
    }

    /// The resource id as AWS Config shows it: for many types a name, an URL or the ARN.
    pub(crate) fn resource_id(&self, item: Item) -> String {
        if let Some(written) = self.written(item) {
            return written.id.clone();
        }
        match item.kind {
            Kind::Instance => format!("i-0{:016x}", self.code(item)),
            Kind::Volume => format!("vol-0{:016x}", self.code(item)),
            Kind::Vpc => format!("vpc-0{:016x}", self.code(item)),
            Kind::Subnet => format!("subnet-0{:016x}", self.code(item)),
            Kind::SecurityGroup => format!("sg-0{:016x}", self.code(item)),
            Kind::NetworkInterface => format!("eni-0{:016x}", self.code(item)),
            Kind::InternetGateway => format!("igw-0{:016x}", self.code(item)),
            Kind::RouteTable => format!("rtb-0{:016x}", self.code(item)),
            Kind::DbInstance => {
                format!("db-{}{}", base32(self.code(item)), base32(self.fact(item, salt::ID_TAIL)))
            }
            Kind::Role => self.iam_id("AROA", item),
            Kind::User => self.iam_id("AIDA", item),
            Kind::Policy => self.iam_id("ANPA", item),
            Kind::Key => self.uuid(item),
            Kind::UserPool => format!("{}_{}", Self::region(item), base32(self.code(item))),
            Kind::Queue => {
                let (region, account) = (Self::region(item), self.account_id(item));
                format!("https://sqs.{region}.amazonaws.com/{account}/{}", self.plain_name(item))
            }
            Kind::Topic | Kind::Service | Kind::LoadBalancer | Kind::Alarm | Kind::Secret | Kind::Stack => {
                self.full_arn(item)
            }
            Kind::Bucket
            | Kind::Function
            | Kind::Table
            | Kind::Cluster
            | Kind::TaskDefinition
            | Kind::Repository
            | Kind::ThingGroup
            | Kind::OnBoardComputer => self.plain_name(item),
        }
    }

    fn iam_id(&self, prefix: &str, item: Item) -> String {
        format!("{prefix}{}{}", base32(self.code(item)), &base32(self.fact(item, salt::ID_TAIL))[..4])
    }

    fn uuid(&self, item: Item) -> String {
        let (code, tail) = (self.code(item), self.fact(item, salt::ID_TAIL));
        let (group, rest) = (tail >> 48, tail & 0xffff_ffff_ffff);
        format!(
            "{:08x}-{:04x}-{:04x}-{group:04x}-{rest:012x}",
            code >> 32,
            code >> 16 & 0xffff,
            code & 0xffff
        )
    }

    /// The ARN that the resource has, shown or not.
    pub(crate) fn full_arn(&self, item: Item) -> String {
        if let Some(written) = self.written(item) {
            return written.arn.clone();
        }
        let (region, account) = (Self::region(item), self.account_id(item));
        let name = || self.plain_name(item);
        match item.kind {
            Kind::Instance => format!("arn:aws:ec2:{region}:{account}:instance/{}", self.resource_id(item)),
            Kind::Volume => format!("arn:aws:ec2:{region}:{account}:volume/{}", self.resource_id(item)),
            Kind::Vpc => format!("arn:aws:ec2:{region}:{account}:vpc/{}", self.resource_id(item)),
            Kind::Subnet => format!("arn:aws:ec2:{region}:{account}:subnet/{}", self.resource_id(item)),
            Kind::SecurityGroup => {
                format!("arn:aws:ec2:{region}:{account}:security-group/{}", self.resource_id(item))
            }
            Kind::NetworkInterface => {
                format!("arn:aws:ec2:{region}:{account}:network-interface/{}", self.resource_id(item))
            }
            Kind::InternetGateway => {
                format!("arn:aws:ec2:{region}:{account}:internet-gateway/{}", self.resource_id(item))
            }
            Kind::RouteTable => {
                format!("arn:aws:ec2:{region}:{account}:route-table/{}", self.resource_id(item))
            }
            Kind::Bucket => format!("arn:aws:s3:::{}", name()),
            Kind::DbInstance => format!("arn:aws:rds:{region}:{account}:db:{}", name()),
            Kind::Function => format!("arn:aws:lambda:{region}:{account}:function:{}", name()),
            Kind::Role => format!("arn:aws:iam::{account}:role/{}", name()),
            Kind::User => format!("arn:aws:iam::{account}:user/{}", name()),
            Kind::Policy => format!("arn:aws:iam::{account}:policy/{}", name()),
            Kind::Table => format!("arn:aws:dynamodb:{region}:{account}:table/{}", name()),
            Kind::Queue => format!("arn:aws:sqs:{region}:{account}:{}", name()),
            Kind::Topic => format!("arn:aws:sns:{region}:{account}:{}", name()),
            Kind::Key => format!("arn:aws:kms:{region}:{account}:key/{}", self.uuid(item)),
            Kind::Cluster => format!("arn:aws:ecs:{region}:{account}:cluster/{}", name()),
            Kind::Service => format!("arn:aws:ecs:{region}:{account}:service/verkehr/{}", name()),
            Kind::TaskDefinition => {
                let revision = item.number % REVISIONS + 1;
                format!("arn:aws:ecs:{region}:{account}:task-definition/{}:{revision}", name())
            }
            Kind::LoadBalancer => {
                let code = self.code(item);
                format!(
                    "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{}/{code:016x}",
                    name()
                )
            }
            Kind::Alarm => format!("arn:aws:cloudwatch:{region}:{account}:alarm:{}", name()),
            Kind::Secret => format!("arn:aws:secretsmanager:{region}:{account}:secret:{}", name()),
            Kind::Stack => {
                format!("arn:aws:cloudformation:{region}:{account}:stack/{}/{}", name(), self.uuid(item))
            }
            Kind::Repository => format!("arn:aws:ecr:{region}:{account}:repository/{}", name()),
            Kind::UserPool => {
                format!("arn:aws:cognito-idp:{region}:{account}:userpool/{}", self.resource_id(item))
            }
            Kind::ThingGroup => format!("arn:aws:iot:{region}:{account}:thinggroup/{}", name()),
            Kind::OnBoardComputer => format!("arn:aws:config:{region}:{account}:custom-resource/{}", name()),
        }
    }

    /// The resources of an account, region and type that have this id: none, one, or the revisions that share
    /// it. They need not be live.
    pub(crate) fn find(&self, account: usize, region: usize, kind: Kind, id: &str) -> Vec<Item> {
        let region = if kind.global() { 0 } else { region };
        if let Some(written) = self.written_with_id(account, region, kind, id) {
            return written;
        }
        let Some(first) = self.decode(account as u16, kind, id) else { return Vec::new() };
        let holding = self.holding(account, region, kind);
        let known = holding.live + holding.withdrawn + holding.gone;
        let sharing = if kind == Kind::TaskDefinition { REVISIONS } else { 1 };
        (first.number..first.number.saturating_add(sharing))
            .map(|number| Item { number, ..first })
            .filter(|item| {
                (usize::from(item.account), usize::from(item.region), item.kind) == (account, region, kind)
                    && item.number < known
                    && self.resource_id(*item) == id
            })
            .collect()
    }

    /// Reads the place out of an id, without believing it.
    fn decode(&self, account: u16, kind: Kind, id: &str) -> Option<Item> {
        let tail = |length: usize| id.len().checked_sub(length).and_then(|at| id.get(at..));
        match kind {
            Kind::Instance
            | Kind::Volume
            | Kind::Vpc
            | Kind::Subnet
            | Kind::SecurityGroup
            | Kind::NetworkInterface
            | Kind::InternetGateway
            | Kind::RouteTable
            | Kind::LoadBalancer => self.open_code(u64::from_str_radix(tail(16)?, 16).ok()?),
            Kind::UserPool => self.open_code(from_base32(id.rsplit('_').next()?)?),
            Kind::DbInstance => self.open_code(from_base32(id.get(3..3 + BASE32_LENGTH)?)?),
            Kind::Role | Kind::User | Kind::Policy => {
                self.open_code(from_base32(id.get(4..4 + BASE32_LENGTH)?)?)
            }
            Kind::Key | Kind::Stack => {
                let digits: String = tail(36)?.chars().filter(|letter| *letter != '-').take(16).collect();
                self.open_code(u64::from_str_radix(&digits, 16).ok()?)
            }
            _ => self.open_short_code(account, kind, tail(8)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Item, tests::estate};
    use std::collections::BTreeMap;

    #[test]
    fn every_resource_is_found_by_its_id_and_only_revisions_share_one() {
        let estate = estate(4, 3000, 9);
        let mut ids: BTreeMap<(usize, &str, String), usize> = BTreeMap::new();
        for (account, region, kind) in estate.scopes() {
            for number in 0..estate.holding(account, region, kind).live {
                let item = Item { account: account as u16, region: region as u8, kind, number };
                let id = estate.resource_id(item);
                assert!(estate.find(account, region, kind, &id).contains(&item), "{id}");
                assert!(estate.find((account + 1) % 4, region, kind, &id).is_empty() || !id.contains(':'));
                *ids.entry((account, kind.name(), id)).or_default() += 1;
            }
        }
        for ((_, kind, id), count) in ids {
            assert!(count == 1 || kind == "AWS::ECS::TaskDefinition", "{kind} {id} is there {count} times");
        }
    }

    #[test]
    fn an_id_that_was_never_given_out_finds_nothing() {
        let estate = estate(4, 3000, 9);
        for (account, region, kind) in estate.scopes() {
            for id in ["", "i-0", "i-0123456789abcdef0", "ünïcode-🚌-12345678", "x-00000000"] {
                assert!(estate.find(account, region, kind, id).is_empty());
            }
        }
    }
}
