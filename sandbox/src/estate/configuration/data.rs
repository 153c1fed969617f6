//! Buckets, databases, queues, topics and secrets.

use super::{Builder, Estate, Item, Kind};
use crate::estate::properties::iso;
use serde_json::json;

impl Estate {
    pub(super) fn data(&self, item: Item, builder: &mut Builder<'_>) {
        match item.kind {
            Kind::Bucket => {
                builder
                    .put("name", || self.name(item))
                    .put("region", || Self::region(item))
                    .put("creationDate", || iso(self.created_at(item)))
                    .put("owner", || json!({"id": format!("{:016x}", self.fact(item, 130))}));
            }
            Kind::DbInstance => self.db_instance(item, builder),
            Kind::Table => self.table(item, builder),
            Kind::Queue => {
                builder
                    .put("QueueName", || self.name(item))
                    .put("QueueUrl", || self.resource_id(item))
                    .put("Arn", || self.full_arn(item))
                    .put("VisibilityTimeout", || 30)
                    .put("MessageRetentionPeriod", || 345_600)
                    .put("SqsManagedSseEnabled", || self.chance(item, 131, 90));
            }
            Kind::Topic => {
                builder
                    .put("TopicArn", || self.full_arn(item))
                    .put("DisplayName", || "Betriebsmeldungen")
                    .put("Owner", || self.account_id(item))
                    .put("SubscriptionsConfirmed", || self.fact(item, 132) % 9)
                    .put("KmsMasterKeyId", || "alias/aws/sns");
            }
            _ => {
                builder
                    .put("Id", || self.full_arn(item))
                    .put("Name", || self.name(item))
                    .put("Description", || "Zugang zur Kasse")
                    .put("KmsKeyId", || self.full_arn(self.related(item, Kind::Key, 67)))
                    .put("RotationEnabled", || self.chance(item, 133, 40));
            }
        }
    }

    fn db_instance(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("dBInstanceIdentifier", || self.name(item))
            .put("dBInstanceArn", || self.full_arn(item))
            .put("dbiResourceId", || self.resource_id(item))
            .put("dBInstanceClass", || {
                self.choose(item, 134, &["db.t4g.medium", "db.m6g.large", "db.r6g.xlarge"])
            })
            .put("dBInstanceStatus", || "available")
            .put("engine", || self.choose(item, 135, &["postgres", "postgres", "mariadb", "oracle-se2"]))
            .put("engineVersion", || "15.7")
            .put("masterUsername", || "verwalter")
            .put("allocatedStorage", || 20_u64 << (self.fact(item, 136) % 5))
            .put("storageType", || "gp3")
            .put("storageEncrypted", || self.chance(item, 137, 90))
            .put("multiAZ", || self.chance(item, 138, 40))
            .put("publiclyAccessible", || self.chance(item, 139, 5))
            .put("deletionProtection", || self.chance(item, 140, 60))
            .put("backupRetentionPeriod", || 7)
            .put("availabilityZone", || self.zone(item))
            .put("instanceCreateTime", || iso(self.created_at(item)))
            .put(
                "endpoint",
                || json!({"address": format!("{}.rds.amazonaws.com", self.name(item)), "port": 5432}),
            );
    }

    fn table(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("tableName", || self.name(item))
            .put("tableArn", || self.full_arn(item))
            .put("tableStatus", || "ACTIVE")
            .put("creationDateTime", || iso(self.created_at(item)))
            .put("itemCount", || self.fact(item, 141) % 4_000_000)
            .put("tableSizeBytes", || self.fact(item, 142) % 9_000_000_000)
            .put(
                "billingModeSummary",
                || json!({"billingMode": self.choose(item, 143, &["PAY_PER_REQUEST", "PROVISIONED"])}),
            )
            .put("keySchema", || json!([{"attributeName": "id", "keyType": "HASH"}]))
            .put("sSEDescription", || json!({"status": "ENABLED", "sSEType": "KMS"}))
            .put("deletionProtectionEnabled", || self.chance(item, 144, 50));
    }
}
