//! Identities, keys, alarms, stacks and repositories.

use super::{Builder, Estate, Item, Kind};
use crate::estate::properties::iso;
use serde_json::json;

impl Estate {
    pub(super) fn platform(&self, item: Item, builder: &mut Builder<'_>) {
        match item.kind {
            Kind::Role => {
                self.identity(item, "roleName", "roleId", builder);
                builder
                    .put("maxSessionDuration", || 3600)
                    .put("assumeRolePolicyDocument", || "%7B%22Version%22%3A%222012-10-17%22%7D")
                    .put("attachedManagedPolicies", || {
                        let policy = self.related(item, Kind::Policy, 71);
                        json!([{"policyArn": self.full_arn(policy), "policyName": self.name(policy)}])
                    });
            }
            Kind::User => {
                self.identity(item, "userName", "userId", builder);
                builder.put("groupList", || json!(["dienste"]));
            }
            Kind::Policy => {
                self.identity(item, "policyName", "policyId", builder);
                builder
                    .put("attachmentCount", || self.fact(item, 150) % 12)
                    .put("defaultVersionId", || "v1")
                    .put("isAttachable", || true);
            }
            Kind::Key => {
                builder
                    .put("keyId", || self.resource_id(item))
                    .put("arn", || self.full_arn(item))
                    .put("aWSAccountId", || self.account_id(item))
                    .put("creationDate", || iso(self.created_at(item)))
                    .put("description", || self.name(item))
                    .put("enabled", || true)
                    .put("keyState", || "Enabled")
                    .put("keyUsage", || "ENCRYPT_DECRYPT")
                    .put("keySpec", || "SYMMETRIC_DEFAULT")
                    .put("keyManager", || "CUSTOMER")
                    .put("origin", || "AWS_KMS")
                    .put("multiRegion", || false);
            }
            Kind::Alarm => self.alarm(item, builder),
            Kind::Stack => {
                builder
                    .put("stackId", || self.full_arn(item))
                    .put("stackName", || self.name(item))
                    .put("stackStatus", || self.choose(item, 151, &["UPDATE_COMPLETE", "CREATE_COMPLETE"]))
                    .put("creationTime", || iso(self.created_at(item)))
                    .put("driftInformation", || json!({"stackDriftStatus": "NOT_CHECKED"}))
                    .put("enableTerminationProtection", || self.chance(item, 152, 40));
            }
            Kind::UserPool => {
                builder
                    .put("Arn", || self.full_arn(item))
                    .put("UserPoolId", || self.resource_id(item))
                    .put("UserPoolName", || self.name(item))
                    .put("DeletionProtection", || self.choose(item, 157, &["ACTIVE", "INACTIVE"]))
                    .put("MfaConfiguration", || self.choose(item, 158, &["ON", "OFF", "OPTIONAL"]));
            }
            Kind::ThingGroup => {
                builder
                    .put("Arn", || self.full_arn(item))
                    .put("ThingGroupName", || self.name(item))
                    .put("ThingGroupProperties", || json!({"ThingGroupDescription": "Fahrzeuge"}));
            }
            _ => {
                builder
                    .put("Arn", || self.full_arn(item))
                    .put("RepositoryName", || self.name(item))
                    .put("ImageTagMutability", || self.choose(item, 153, &["MUTABLE", "IMMUTABLE"]))
                    .put("ImageScanningConfiguration", || json!({"ScanOnPush": self.chance(item, 154, 70)}))
                    .put("EncryptionConfiguration", || json!({"EncryptionType": "AES256"}));
            }
        }
    }

    fn identity(&self, item: Item, name: &str, id: &str, builder: &mut Builder<'_>) {
        builder
            .put(name, || self.name(item))
            .put(id, || self.resource_id(item))
            .put("arn", || self.full_arn(item))
            .put("path", || "/")
            .put("createDate", || iso(self.created_at(item)));
    }

    fn alarm(&self, item: Item, builder: &mut Builder<'_>) {
        builder
            .put("alarmName", || self.name(item))
            .put("alarmArn", || self.full_arn(item))
            .put("metricName", || "CPUUtilization")
            .put("namespace", || "AWS/EC2")
            .put("statistic", || "Average")
            .put("comparisonOperator", || "GreaterThanThreshold")
            .put("threshold", || 80)
            .put("period", || 300)
            .put("actionsEnabled", || self.chance(item, 155, 90))
            .put("stateValue", || self.choose(item, 156, &["OK", "OK", "OK", "ALARM"]));
    }
}
