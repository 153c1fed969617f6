//! What AWS Config shows as the `configuration` of a resource, in each service's own property names.

mod compute;
mod data;
mod network;
mod platform;

use super::{Estate, Item, kind::Kind};
use serde_json::{Map, Value, json};

/// What every planted secret begins with. It stands in Lambda environment variables and container
/// definitions, where real estates have theirs: nothing that bestand writes may hold it.
pub(crate) const SECRET_MARK: &str = "geheim-2f6c1b";

/// Builds a `configuration`, with only those of its first-level properties that are wanted.
struct Builder<'a> {
    wanted: Option<&'a [String]>,
    map: Map<String, Value>,
}

impl Builder<'_> {
    fn wants(&self, name: &str) -> bool {
        self.wanted.is_none_or(|wanted| wanted.iter().any(|property| property == name))
    }

    /// Adds a property; the value is not made where nobody wants it.
    fn put<V: Into<Value>>(&mut self, name: &str, value: impl FnOnce() -> V) -> &mut Self {
        if self.wants(name) {
            self.map.insert(name.to_owned(), value().into());
        }
        self
    }
}

impl Estate {
    /// The `configuration` of a resource: all of it, or only these first-level properties. A custom resource
    /// has none.
    pub(crate) fn configuration(&self, item: Item, wanted: Option<&[String]>) -> Value {
        let mut builder = Builder { wanted, map: Map::new() };
        if let Some(written) = self.written(item) {
            for (name, value) in &written.configuration {
                builder.put(name, || value.clone());
            }
            return Value::Object(builder.map);
        }
        match item.kind {
            Kind::Instance
            | Kind::Volume
            | Kind::Function
            | Kind::Cluster
            | Kind::Service
            | Kind::TaskDefinition => {
                self.compute(item, &mut builder);
            }
            Kind::Vpc
            | Kind::Subnet
            | Kind::SecurityGroup
            | Kind::NetworkInterface
            | Kind::InternetGateway
            | Kind::RouteTable
            | Kind::LoadBalancer => self.network(item, &mut builder),
            Kind::Bucket | Kind::DbInstance | Kind::Table | Kind::Queue | Kind::Topic | Kind::Secret => {
                self.data(item, &mut builder);
            }
            Kind::Role
            | Kind::User
            | Kind::Policy
            | Kind::Key
            | Kind::Alarm
            | Kind::Stack
            | Kind::Repository
            | Kind::UserPool
            | Kind::ThingGroup => {
                self.platform(item, &mut builder);
            }
            Kind::OnBoardComputer => return Value::Null,
        }
        Value::Object(builder.map)
    }

    /// The `supplementaryConfiguration` of a resource, empty for most types.
    pub(crate) fn supplementary_configuration(&self, item: Item) -> Value {
        if item.kind != Kind::Bucket || self.written(item).is_some() {
            return json!({});
        }
        json!({
            "BucketVersioningConfiguration": {"status": self.choose(item, 90, &["Enabled", "Off"])},
            "PublicAccessBlockConfiguration": {"blockPublicAcls": true, "blockPublicPolicy": true},
            "ServerSideEncryptionConfiguration": {
                "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
            },
        })
    }

    fn choose<'a>(&self, item: Item, salt: u64, choices: &[&'a str]) -> &'a str {
        choices[(self.fact(item, salt) % choices.len() as u64) as usize]
    }

    fn chance(&self, item: Item, salt: u64, percent: u64) -> bool {
        self.fact(item, salt) % 100 < percent
    }

    /// A planted secret.
    fn secret(&self, item: Item) -> String {
        format!("{SECRET_MARK}-{:016x}", self.fact(item, 91))
    }
}

const INSTANCE_TYPES: [&str; 6] =
    ["t3.micro", "t3.small", "m6i.large", "m7g.xlarge", "c6i.2xlarge", "r6g.large"];

impl Estate {
    /// The instance type of an EC2 instance.
    pub(crate) fn instance_type(&self, item: Item) -> &'static str {
        self.choose(item, 80, &INSTANCE_TYPES)
    }

    /// An instance type that is not the one that the instance has.
    pub(crate) fn other_instance_type(&self, item: Item) -> &'static str {
        let at = INSTANCE_TYPES.iter().position(|name| *name == self.instance_type(item)).unwrap_or(0);
        INSTANCE_TYPES[(at + 1) % INSTANCE_TYPES.len()]
    }

    /// The state of an EC2 instance: code and name.
    pub(crate) fn instance_state(&self, item: Item) -> (u64, &'static str) {
        if self.chance(item, 81, 90) { (16, "running") } else { (80, "stopped") }
    }

    /// The size of a volume in GiB.
    pub(crate) fn volume_size(&self, item: Item) -> u64 {
        8 << (self.fact(item, 82) % 6)
    }

    /// The address range of a VPC.
    pub(crate) fn vpc_range(&self, item: Item) -> String {
        format!("10.{}.0.0/16", self.fact(item, 83) % 64)
    }
}
