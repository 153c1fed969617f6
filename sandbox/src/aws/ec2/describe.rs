//! The Describe operations of the five resource types that map to AWS Config's one to one.

use super::{answer, page::filters};
use crate::{
    aws::{Aws, answer::Answer, error::AwsError, request::Call, xml::Xml},
    estate::{Item, code::hash, kind::Kind, properties::iso},
};

impl Aws {
    /// Instances; those that were deleted a moment ago are still shown as terminated.
    pub(super) fn describe_instances(
        &self,
        account: usize,
        region: usize,
        call: &Call,
    ) -> Result<Answer, AwsError> {
        let filters =
            filters(call, &["instance-id", "instance-state-name", "vpc-id", "subnet-id", "owner-id"])?;
        let estate = &self.estate;
        let holding = estate.holding(account, region, Kind::Instance);
        let (first, until) =
            (holding.live + holding.withdrawn, holding.live + holding.withdrawn + holding.gone + 1);
        let terminated = (holding.alive()..holding.live).chain(first..until).map(|number| Item {
            account: account as u16,
            region: region as u8,
            kind: Kind::Instance,
            number,
        });
        let state = |item: Item| {
            if item.number < holding.alive() { estate.instance_state(item) } else { (48, "terminated") }
        };
        let fits = |item: Item| {
            filters.allow("instance-id", &estate.resource_id(item))
                && filters.allow("owner-id", estate.account_id(item))
                && filters.allow("instance-state-name", state(item).1)
                && filters.allow("vpc-id", &estate.resource_id(estate.vpc(item)))
                && filters.allow("subnet-id", &estate.resource_id(estate.subnet(item)))
        };
        let place = (account, region, Kind::Instance);
        let page = self.ec2_page(call, place, &call.parameters("InstanceId"), terminated, fits)?;
        Ok(answer("DescribeInstances", |xml| {
            xml.within("reservationSet", |xml| {
                for item in page.items {
                    xml.within("item", |xml| {
                        xml.leaf("reservationId", &format!("r-0{:016x}", estate.fact(item, 400)));
                        xml.leaf("ownerId", estate.account_id(item)).within("groupSet", |_| {});
                        xml.within("instancesSet", |xml| self.instance(xml, item, state(item)));
                    });
                }
            });
            token(xml, page.token);
        }))
    }

    fn instance(&self, xml: &mut Xml, item: Item, (code, state): (u64, &str)) {
        let estate = &self.estate;
        xml.within("item", |xml| {
            xml.leaf("instanceId", &estate.resource_id(item)).leaf("imageId", "ami-0123456789abcdef0");
            xml.within("instanceState", |xml| {
                xml.leaf("code", &code.to_string()).leaf("name", state);
            });
            xml.leaf("instanceType", estate.instance_type(item))
                .leaf("launchTime", &iso(estate.created_at(item)));
            xml.within("placement", |xml| {
                xml.leaf("availabilityZone", &estate.zone(item)).leaf("tenancy", "default");
            });
            // A terminated instance has left its network.
            if state != "terminated" {
                xml.leaf("subnetId", &estate.resource_id(estate.subnet(item)));
                xml.leaf("vpcId", &estate.resource_id(estate.vpc(item)));
                xml.leaf("privateIpAddress", &estate.address(item));
            }
            xml.leaf("rootDeviceType", "ebs");
            self.tag_set(xml, "tagSet", item);
        });
    }

    pub(super) fn describe_volumes(
        &self,
        account: usize,
        region: usize,
        call: &Call,
    ) -> Result<Answer, AwsError> {
        let filters = filters(call, &["volume-id", "status"])?;
        let place = (account, region, Kind::Volume);
        let ids = call.parameters("VolumeId");
        let page = self.ec2_page(call, place, &ids, std::iter::empty(), |item| {
            filters.allow("status", "in-use") && filters.allow("volume-id", &self.estate.resource_id(item))
        })?;
        Ok(answer("DescribeVolumes", |xml| {
            xml.within("volumeSet", |xml| {
                for item in page.items {
                    xml.within("item", |xml| {
                        xml.leaf("volumeId", &self.estate.resource_id(item));
                        xml.leaf("size", &self.estate.volume_size(item).to_string());
                        xml.leaf("availabilityZone", &self.estate.zone(item)).leaf("status", "in-use");
                        xml.leaf("createTime", &iso(self.estate.created_at(item))).leaf("volumeType", "gp3");
                        self.tag_set(xml, "tagSet", item);
                    });
                }
            });
            token(xml, page.token);
        }))
    }

    /// VPCs; in every second region one that another account owns and shares.
    pub(super) fn describe_vpcs(
        &self,
        account: usize,
        region: usize,
        call: &Call,
    ) -> Result<Answer, AwsError> {
        let filters = filters(call, &["vpc-id", "owner-id", "state"])?;
        let estate = &self.estate;
        let own = |item: Item| {
            filters.allow("owner-id", estate.account_id(item))
                && filters.allow("state", "available")
                && filters.allow("vpc-id", &estate.resource_id(item))
        };
        let shared = self.shared_vpc(account, region).filter(|_| call.parameter("NextToken").is_none());
        let mut ids = call.parameters("VpcId");
        let mut shared = shared.filter(|shared| own(*shared));
        if !ids.is_empty() {
            let id = shared.map(|shared| estate.resource_id(shared));
            let asked = ids.iter().any(|asked| Some(*asked) == id.as_deref());
            shared = shared.filter(|_| asked);
            ids.retain(|asked| Some(*asked) != id.as_deref());
        }
        let all_shared = ids.is_empty() && !call.parameters("VpcId").is_empty();
        let page = self.ec2_page(call, (account, region, Kind::Vpc), &ids, std::iter::empty(), |item| {
            !all_shared && own(item)
        })?;
        Ok(answer("DescribeVpcs", |xml| {
            xml.within("vpcSet", |xml| {
                for item in shared.into_iter().chain(page.items) {
                    xml.within("item", |xml| {
                        xml.leaf("vpcId", &estate.resource_id(item)).leaf("ownerId", estate.account_id(item));
                        xml.leaf("state", "available").leaf("cidrBlock", &estate.vpc_range(item));
                        xml.leaf("isDefault", if item.number == 0 { "true" } else { "false" });
                        xml.leaf("instanceTenancy", "default");
                        self.tag_set(xml, "tagSet", item);
                    });
                }
            });
            token(xml, page.token);
        }))
    }

    /// A VPC of another account that this one sees.
    fn shared_vpc(&self, account: usize, region: usize) -> Option<Item> {
        let accounts = self.estate.accounts.len();
        let owner = (account + 1) % accounts;
        let live = self.estate.holding(owner, region, Kind::Vpc).alive();
        let shares =
            hash(&[self.estate.seed, account as u64, region as u64, 401]).is_multiple_of(2) || region == 0;
        (owner != account && shares && live > 0).then(|| Item {
            account: owner as u16,
            region: region as u8,
            kind: Kind::Vpc,
            number: live - 1,
        })
    }

    pub(super) fn describe_security_groups(
        &self,
        account: usize,
        region: usize,
        call: &Call,
    ) -> Result<Answer, AwsError> {
        let filters = filters(call, &["group-id", "owner-id", "vpc-id"])?;
        let estate = &self.estate;
        let fits = |item: Item| {
            filters.allow("group-id", &estate.resource_id(item))
                && filters.allow("owner-id", estate.account_id(item))
                && filters.allow("vpc-id", &estate.resource_id(estate.vpc(item)))
        };
        let place = (account, region, Kind::SecurityGroup);
        let page = self.ec2_page(call, place, &call.parameters("GroupId"), std::iter::empty(), fits)?;
        Ok(answer("DescribeSecurityGroups", |xml| {
            xml.within("securityGroupInfo", |xml| {
                for item in page.items {
                    xml.within("item", |xml| {
                        xml.leaf("groupId", &estate.resource_id(item)).leaf("groupName", &estate.name(item));
                        xml.leaf("ownerId", estate.account_id(item)).leaf("groupDescription", "verwaltet");
                        xml.leaf("vpcId", &estate.resource_id(estate.vpc(item)));
                        self.tag_set(xml, "tagSet", item);
                    });
                }
            });
            token(xml, page.token);
        }))
    }

    pub(super) fn describe_network_interfaces(
        &self,
        account: usize,
        region: usize,
        call: &Call,
    ) -> Result<Answer, AwsError> {
        let filters = filters(call, &["network-interface-id", "owner-id", "status", "vpc-id", "subnet-id"])?;
        let estate = &self.estate;
        let fits = |item: Item| {
            filters.allow("network-interface-id", &estate.resource_id(item))
                && filters.allow("owner-id", estate.account_id(item))
                && filters.allow("status", "in-use")
                && filters.allow("vpc-id", &estate.resource_id(estate.vpc(item)))
                && filters.allow("subnet-id", &estate.resource_id(estate.subnet(item)))
        };
        let place = (account, region, Kind::NetworkInterface);
        let page =
            self.ec2_page(call, place, &call.parameters("NetworkInterfaceId"), std::iter::empty(), fits)?;
        Ok(answer("DescribeNetworkInterfaces", |xml| {
            xml.within("networkInterfaceSet", |xml| {
                for item in page.items {
                    xml.within("item", |xml| {
                        xml.leaf("networkInterfaceId", &estate.resource_id(item));
                        xml.leaf("ownerId", estate.account_id(item)).leaf("status", "in-use");
                        xml.leaf("subnetId", &estate.resource_id(estate.subnet(item)));
                        xml.leaf("vpcId", &estate.resource_id(estate.vpc(item)));
                        xml.leaf("availabilityZone", &estate.zone(item));
                        xml.leaf("privateIpAddress", &estate.address(item))
                            .leaf("interfaceType", "interface");
                        self.tag_set(xml, "tagSet", item);
                    });
                }
            });
            token(xml, page.token);
        }))
    }

    fn tag_set(&self, xml: &mut Xml, name: &str, item: Item) {
        xml.within(name, |xml| {
            for (key, value) in self.estate.tag_pairs(item) {
                xml.within("item", |xml| {
                    xml.leaf("key", &key).leaf("value", &value);
                });
            }
        });
    }
}

fn token(xml: &mut Xml, token: Option<String>) {
    if let Some(token) = token {
        xml.leaf("nextToken", &token);
    }
}
