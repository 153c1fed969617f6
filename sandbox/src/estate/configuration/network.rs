//! VPCs and what lies in them.

use super::{Builder, Estate, Item, Kind};
use crate::estate::properties::iso;
use serde_json::json;

impl Estate {
    pub(super) fn network(&self, item: Item, builder: &mut Builder<'_>) {
        match item.kind {
            Kind::Vpc => {
                builder
                    .put("vpcId", || self.resource_id(item))
                    .put("cidrBlock", || self.vpc_range(item))
                    .put("isDefault", || item.number == 0)
                    .put("instanceTenancy", || "default")
                    .put("dhcpOptionsId", || "dopt-0a1b2c3d4e5f60718")
                    .put("ownerId", || self.account_id(item))
                    .put("state", || json!({"value": "available"}));
            }
            Kind::Subnet => {
                builder
                    .put("subnetId", || self.resource_id(item))
                    .put("vpcId", || self.resource_id(self.vpc(item)))
                    .put("cidrBlock", || format!("10.0.{}.0/24", self.fact(item, 120) % 256))
                    .put("availabilityZone", || self.zone(item))
                    .put("availableIpAddressCount", || self.fact(item, 121) % 251)
                    .put("mapPublicIpOnLaunch", || self.chance(item, 122, 20))
                    .put("ownerId", || self.account_id(item));
            }
            Kind::SecurityGroup => self.security_group(item, builder),
            Kind::NetworkInterface => {
                builder
                    .put("networkInterfaceId", || self.resource_id(item))
                    .put("interfaceType", || "interface")
                    .put("status", || "in-use")
                    .put("subnetId", || self.resource_id(self.subnet(item)))
                    .put("vpcId", || self.resource_id(self.vpc(item)))
                    .put("privateIpAddress", || self.address(item))
                    .put("availabilityZone", || self.zone(item))
                    .put("ownerId", || self.account_id(item));
            }
            Kind::InternetGateway => {
                builder.put("internetGatewayId", || self.resource_id(item)).put(
                    "attachments",
                    || json!([{"vpcId": self.resource_id(self.vpc(item)), "state": "available"}]),
                );
            }
            Kind::RouteTable => {
                builder
                    .put("routeTableId", || self.resource_id(item))
                    .put("vpcId", || self.resource_id(self.vpc(item)))
                    .put("routes", || json!([{"destinationCidrBlock": "0.0.0.0/0", "state": "active"}]))
                    .put(
                        "associations",
                        || json!([{"subnetId": self.resource_id(self.subnet(item)), "main": false}]),
                    );
            }
            _ => self.load_balancer(item, builder),
        }
    }

    fn security_group(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("groupId", || self.resource_id(item))
            .put("groupName", || self.name(item))
            .put("description", || "verwaltet durch CloudFormation")
            .put("vpcId", || self.resource_id(self.vpc(item)))
            .put("ownerId", || self.account_id(item))
            .put("ipPermissions", || {
                let ranges = json!([{"cidrIp": "10.0.0.0/8"}]);
                json!([{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipv4Ranges": ranges}])
            })
            .put("ipPermissionsEgress", || json!([{"ipProtocol": "-1"}]));
    }

    fn load_balancer(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("loadBalancerArn", || self.full_arn(item))
            .put("loadBalancerName", || self.name(item))
            .put("dNSName", || format!("{}.{}.elb.amazonaws.com", self.name(item), Self::region(item)))
            .put("scheme", || self.choose(item, 123, &["internet-facing", "internal"]))
            .put("type", || "application")
            .put("ipAddressType", || "ipv4")
            .put("vpcId", || self.resource_id(self.related(item, Kind::Vpc, 60)))
            .put("state", || json!({"code": "active"}))
            .put("createdTime", || iso(self.created_at(item)));
    }
}
