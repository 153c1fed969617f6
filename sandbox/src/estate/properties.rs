//! The properties of a configuration item: the scalars, tags and relationships that every type has.

use super::{Estate, Item, accounts::GLOBAL, kind::Kind};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The properties that `SELECT *` stands for.
pub(crate) const SCALARS: [&str; 10] = [
    "accountId",
    "awsRegion",
    "arn",
    "availabilityZone",
    "configurationItemCaptureTime",
    "resourceCreationTime",
    "resourceId",
    "resourceName",
    "resourceType",
    "version",
];
/// The properties that must be named.
pub(crate) const NAMED: [&str; 6] = [
    "configuration",
    "configurationItemStatus",
    "configurationStateId",
    "relationships",
    "supplementaryConfiguration",
    "tags",
];

// 2021-12-20, 2025-02-19 and 2025-10-09: long ago on every machine's clock, so nothing lies in the future.
const FIRST_CREATED: i64 = 1_640_000_000;
const LAST_CREATED: i64 = 1_740_000_000;
const LAST_CAPTURED: i64 = 1_760_000_000;

impl Estate {
    /// When a resource was made, in seconds since 1970.
    pub(crate) fn created_at(&self, item: Item) -> i64 {
        if let Some(written) = self.written(item) {
            return written.created_at;
        }
        FIRST_CREATED + (self.fact(item, 20) % (LAST_CREATED - FIRST_CREATED) as u64) as i64
    }

    /// When a resource last changed, in seconds since 1970.
    pub(crate) fn captured_at(&self, item: Item) -> i64 {
        let created = self.created_at(item);
        if self.written(item).is_some() {
            return created;
        }
        created + (self.fact(item, 21) % (LAST_CAPTURED - created) as u64) as i64
    }

    /// `resourceName` as AWS Config shows it: missing where the name is but a tag.
    pub(crate) fn resource_name(&self, item: Item) -> Option<String> {
        if let Some(written) = self.written(item) {
            return written.name.clone();
        }
        (!item.kind.named_by_tag()).then(|| self.name(item))
    }

    /// One of the scalars, or `configurationItemStatus` and the like; `None` where the row has none.
    pub(crate) fn scalar(&self, item: Item, property: &str) -> Option<Value> {
        let text = match property {
            "accountId" => self.account_id(item).to_owned(),
            "awsRegion" if item.kind.global() => GLOBAL.to_owned(),
            "awsRegion" => Self::region(item).to_owned(),
            "arn" => self.arn(item)?,
            "availabilityZone" => self.zone(item),
            "configurationItemCaptureTime" => iso(self.captured_at(item)),
            "resourceCreationTime" => iso(self.created_at(item)),
            "resourceId" => self.resource_id(item),
            "resourceName" => self.resource_name(item)?,
            "resourceType" => item.kind.name().to_owned(),
            "version" => "1.3".to_owned(),
            "configurationItemStatus" => self.status(item).to_owned(),
            "configurationStateId" => self.captured_at(item).to_string(),
            _ => return None,
        };
        Some(Value::String(text))
    }

    /// The tags, in a stable order; a fifth of the resources has none.
    pub(crate) fn tag_pairs(&self, item: Item) -> Vec<(Cow<'_, str>, String)> {
        if let Some(written) = self.written(item) {
            let tags = written.tags.iter();
            return tags.map(|(key, value)| (Cow::from(key), value.clone())).collect();
        }
        let fact = self.fact(item, 30);
        let mut tags: Vec<(Cow<'_, str>, String)> = Vec::new();
        if item.kind.named_by_tag() {
            tags.push(("Name".into(), self.name(item)));
        }
        if !fact.is_multiple_of(5) {
            tags.push(("umgebung".into(), self.environment(item).to_owned()));
            tags.push(("team".into(), self.team(item).to_owned()));
            if fact.is_multiple_of(3) {
                tags.push(("kostenstelle".into(), self.cost_centre(item)));
            }
        }
        tags
    }

    /// The tags in one of the shapes of AWS Config: a list of key, value and both joined, or an object.
    pub(crate) fn tags(&self, item: Item) -> Value {
        let pairs = self.tag_pairs(item).into_iter();
        if item.kind.tags_as_object() {
            return Value::Object(
                pairs.map(|(key, value)| (key.into_owned(), Value::String(value))).collect(),
            );
        }
        pairs
            .map(|(key, value)| json!({"key": key, "value": value, "tag": format!("{key}={value}")}))
            .collect()
    }

    /// What people say a resource is for: the register has the same value.
    pub(crate) fn environment(&self, item: Item) -> &'static str {
        ["prod", "prod", "test", "dev"][(self.fact(item, 31) % 4) as usize]
    }

    /// The team that a resource belongs to.
    pub(crate) fn team(&self, item: Item) -> &'static str {
        ["Team Fahrplan", "Team Ticketing", "Team Leitstelle", "Team Daten", "Team Plattform"]
            [(self.fact(item, 32) % 5) as usize]
    }

    /// The cost centre that pays for a resource.
    pub(crate) fn cost_centre(&self, item: Item) -> String {
        format!("KST-{}", 4000 + self.fact(item, 33) % 60)
    }

    /// The resources that a resource is bound to.
    pub(crate) fn relationships(&self, item: Item) -> Value {
        if self.written(item).is_some() {
            return json!([]);
        }
        let mut related = Vec::new();
        let mut relate = |other: Item, name: &str| {
            let mut entry = Map::new();
            entry.insert("resourceType".to_owned(), json!(other.kind.name()));
            entry.insert("resourceId".to_owned(), json!(self.resource_id(other)));
            entry.insert("relationshipName".to_owned(), json!(name));
            related.push(Value::Object(entry));
        };
        match item.kind {
            Kind::Instance | Kind::NetworkInterface => {
                relate(self.vpc(item), "Is contained in Vpc");
                relate(self.subnet(item), "Is contained in Subnet");
            }
            Kind::Volume => relate(self.related(item, Kind::Instance, 64), "Is attached to Instance"),
            Kind::Subnet | Kind::SecurityGroup | Kind::RouteTable => {
                relate(self.vpc(item), "Is contained in Vpc")
            }
            Kind::Function | Kind::Service => {
                relate(self.related(item, Kind::Role, 65), "Is associated with Role");
            }
            _ => {}
        }
        Value::Array(related)
    }
}

/// An instant as AWS Config writes it into rows.
pub(crate) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_milliseconds_and_utc() {
        assert_eq!(iso(1_640_000_000), "2021-12-20T11:33:20.000Z");
    }
}
