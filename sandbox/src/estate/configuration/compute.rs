//! Instances, volumes, functions and containers.

use super::{Builder, Estate, Item, Kind};
use crate::estate::properties::iso;
use serde_json::json;

impl Estate {
    pub(super) fn compute(&self, item: Item, builder: &mut Builder<'_>) {
        match item.kind {
            Kind::Instance => self.instance(item, builder),
            Kind::Volume => self.volume(item, builder),
            Kind::Function => self.function(item, builder),
            Kind::Cluster => {
                builder
                    .put("Arn", || self.full_arn(item))
                    .put("ClusterName", || self.name(item))
                    .put("CapacityProviders", || json!(["FARGATE", "FARGATE_SPOT"]))
                    .put("ClusterSettings", || {
                        let value = self.choose(item, 100, &["enabled", "disabled"]);
                        json!([{"Name": "containerInsights", "Value": value}])
                    });
            }
            Kind::Service => self.service(item, builder),
            _ => self.task_definition(item, builder),
        }
    }

    fn instance(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("instanceId", || self.resource_id(item))
            .put("instanceType", || self.instance_type(item))
            .put("imageId", || format!("ami-0{:016x}", self.fact(item, 101) % 40))
            .put("state", || {
                let (code, name) = self.instance_state(item);
                json!({"code": code, "name": name})
            })
            .put("launchTime", || iso(self.created_at(item)))
            .put("placement", || json!({"availabilityZone": self.zone(item), "tenancy": "default"}))
            .put("privateIpAddress", || self.address(item))
            .put("privateDnsName", || format!("ip-{}.internal", self.address(item).replace('.', "-")))
            .put("subnetId", || self.resource_id(self.subnet(item)))
            .put("vpcId", || self.resource_id(self.vpc(item)))
            .put("securityGroups", || {
                let group = self.related(item, Kind::SecurityGroup, 66);
                json!([{"groupId": self.resource_id(group), "groupName": self.name(group)}])
            })
            .put("ebsOptimized", || self.chance(item, 102, 60))
            .put("architecture", || if self.instance_type(item).contains("g.") { "arm64" } else { "x86_64" })
            .put("platformDetails", || self.choose(item, 103, &["Linux/UNIX", "Linux/UNIX", "Windows"]))
            .put("rootDeviceType", || "ebs")
            .put("keyName", || "leitstelle")
            .put("monitoring", || json!({"state": self.choose(item, 104, &["enabled", "disabled"])}))
            .put("metadataOptions", || {
                json!({"httpTokens": self.choose(item, 105, &["required", "optional"]), "httpEndpoint": "enabled"})
            })
            .put("iamInstanceProfile", || {
                let role = self.full_arn(self.related(item, Kind::Role, 65));
                json!({"arn": role.replace(":role/", ":instance-profile/")})
            });
    }

    fn volume(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("volumeId", || self.resource_id(item))
            .put("size", || self.volume_size(item))
            .put("volumeType", || self.choose(item, 106, &["gp3", "gp3", "gp2", "io2"]))
            .put("encrypted", || self.chance(item, 107, 85))
            .put("iops", || 3000)
            .put("availabilityZone", || self.zone(item))
            .put("createTime", || iso(self.created_at(item)))
            .put("state", || json!({"value": "in-use"}))
            .put("multiAttachEnabled", || false)
            .put("kmsKeyId", || self.full_arn(self.related(item, Kind::Key, 67)))
            .put("attachments", || {
                let instance = self.related(item, Kind::Instance, 64);
                json!([{"instanceId": self.resource_id(instance), "device": "/dev/xvda", "deleteOnTermination": true}])
            });
    }

    fn function(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("functionName", || self.name(item))
            .put("functionArn", || self.full_arn(item))
            .put("runtime", || {
                self.choose(item, 108, &["python3.12", "nodejs20.x", "java21", "provided.al2023"])
            })
            .put("handler", || "haupt.handler")
            .put("memorySize", || 128_u64 << (self.fact(item, 109) % 5))
            .put("timeout", || 30)
            .put("codeSize", || self.fact(item, 110) % 9_000_000)
            .put("packageType", || "Zip")
            .put("lastModified", || iso(self.captured_at(item)))
            .put("role", || self.full_arn(self.related(item, Kind::Role, 65)))
            .put("architectures", || json!([self.choose(item, 111, &["x86_64", "arm64"])]))
            .put(
                "environment",
                || json!({"variables": {"DB_PASSWORT": self.secret(item), "STUFE": self.environment(item)}}),
            )
            .put("vpcConfig", || json!({"subnetIds": [self.resource_id(self.subnet(item))]}));
    }

    fn service(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("ServiceArn", || self.full_arn(item))
            .put("ServiceName", || self.name(item))
            .put("Cluster", || self.full_arn(self.related(item, Kind::Cluster, 68)))
            .put("TaskDefinition", || self.full_arn(self.related(item, Kind::TaskDefinition, 69)))
            .put("DesiredCount", || 1 + self.fact(item, 112) % 6)
            .put("LaunchType", || "FARGATE")
            .put("PlatformVersion", || "LATEST")
            .put("SchedulingStrategy", || "REPLICA");
    }

    fn task_definition(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("Family", || self.name(item))
            .put("TaskDefinitionArn", || self.full_arn(item))
            .put("Cpu", || "256")
            .put("Memory", || "512")
            .put("NetworkMode", || "awsvpc")
            .put("RequiresCompatibilities", || json!(["FARGATE"]))
            .put("ContainerDefinitions", || {
                let variable = json!({"Name": "API_SCHLUESSEL", "Value": self.secret(item)});
                json!([{"Name": "haupt", "Image": "auskunft:1", "Environment": [variable]}])
            });
    }
}
