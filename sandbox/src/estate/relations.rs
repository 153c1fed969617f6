//! Which resource belongs to which: always one of the same account and region.

use super::{Estate, Item, kind::Kind};

impl Estate {
    /// A resource of another type that belongs to this one; without any such it is one that is long gone.
    pub(crate) fn related(&self, item: Item, kind: Kind, salt: u64) -> Item {
        let region = if kind.global() { 0 } else { item.region };
        let live = self.holding(usize::from(item.account), usize::from(region), kind).live.max(1);
        let number = (self.fact(item, salt) % u64::from(live)) as u32;
        Item { account: item.account, region, kind, number }
    }

    /// The VPC that a network resource lies in: interfaces and instances follow their subnet.
    pub(crate) fn vpc(&self, item: Item) -> Item {
        match item.kind {
            Kind::Instance | Kind::NetworkInterface => self.vpc(self.subnet(item)),
            _ => self.related(item, Kind::Vpc, 60),
        }
    }

    /// The subnet that an instance or interface lies in.
    pub(crate) fn subnet(&self, item: Item) -> Item {
        self.related(item, Kind::Subnet, 61)
    }

    /// The availability zone as AWS Config shows it.
    pub(crate) fn zone(&self, item: Item) -> String {
        match item.kind {
            Kind::Instance | Kind::NetworkInterface => self.zone(self.subnet(item)),
            Kind::Subnet | Kind::Volume | Kind::DbInstance => {
                let letter = ['a', 'b', 'c'][(self.fact(item, 62) % 3) as usize];
                format!("{}{letter}", Self::region(item))
            }
            Kind::Vpc | Kind::SecurityGroup | Kind::InternetGateway | Kind::LoadBalancer => {
                "Multiple Availability Zones".to_owned()
            }
            Kind::Bucket => "Regional".to_owned(),
            _ => "Not Applicable".to_owned(),
        }
    }

    /// A private address.
    pub(crate) fn address(&self, item: Item) -> String {
        let fact = self.fact(item, 63);
        format!("10.{}.{}.{}", fact & 0x3f, fact >> 8 & 0xff, 4 + (fact >> 16) % 250)
    }
}
