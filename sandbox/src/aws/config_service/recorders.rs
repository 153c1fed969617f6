//! Recorders and their status.

use crate::{
    aws::{Aws, answer::Answer, error::AwsError},
    estate::{kind::Kind, placement::NOT_RECORDED, recorder::Strategy},
    faults::Fault,
};
use serde_json::{Value, json};

const NAME: &str = "default";
/// 2024-05-01, when the recorders were started: more than a day ago on every clock.
const STARTED: i64 = 1_714_521_600;
/// 2025-09-01, when a recorder was stopped.
const STOPPED: i64 = 1_756_684_800;
/// How long before the sandbox's start a warming recorder was started.
const WARMING_SECONDS: i64 = 3600;

impl Aws {
    pub(super) fn recorders(&self, account: usize, region: usize, input: &Value) -> Result<Answer, AwsError> {
        let strategy = self.asked_recorder(account, region, input)?;
        let account_id = &self.estate.accounts[account].id;
        let recorders: Vec<Value> = strategy
            .map(|strategy| {
                json!({
                    "arn": self.recorder_arn(account, region),
                    "name": NAME,
                    "roleARN": format!("arn:aws:iam::{account_id}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"),
                    "recordingGroup": recording_group(strategy),
                    "recordingMode": recording_mode(account),
                    "recordingScope": "PAID",
                })
            })
            .into_iter()
            .collect();
        Ok(Answer::json(json!({"ConfigurationRecorders": recorders}).to_string()))
    }

    pub(super) fn recorder_status(
        &self,
        account: usize,
        region: usize,
        input: &Value,
    ) -> Result<Answer, AwsError> {
        let strategy = self.asked_recorder(account, region, input)?;
        let placement = &self.estate.placement;
        let hits = |fault| placement.hits(fault, account, region);
        let stopped = hits(Fault::RecorderStopped);
        let started =
            if hits(Fault::RecorderWarming) { self.estate.started - WARMING_SECONDS } else { STARTED };
        let statuses: Vec<Value> = strategy
            .filter(|_| !hits(Fault::RecorderUnknown))
            .map(|_| {
                let mut status = json!({
                    "arn": self.recorder_arn(account, region),
                    "name": NAME,
                    "lastStartTime": started as f64,
                    "recording": !stopped,
                    // The API's model says "Success", its answers have been seen to say "SUCCESS".
                    "lastStatus": if account.is_multiple_of(2) { "SUCCESS" } else { "Success" },
                    "lastStatusChangeTime": (started.max(STOPPED)) as f64,
                });
                if stopped {
                    status["lastStopTime"] = json!(STOPPED as f64);
                }
                if hits(Fault::RecorderFailing) {
                    status["lastStatus"] = json!("FAILURE");
                    status["lastErrorCode"] = json!("InsufficientDeliveryPolicyException");
                    status["lastErrorMessage"] = json!("the delivery channel's bucket cannot be written");
                } else if hits(Fault::RecorderPending) {
                    status["lastStatus"] = json!("PENDING");
                }
                status
            })
            .into_iter()
            .collect();
        Ok(Answer::json(json!({"ConfigurationRecordersStatus": statuses}).to_string()))
    }

    fn asked_recorder(
        &self,
        account: usize,
        region: usize,
        input: &Value,
    ) -> Result<Option<Strategy>, AwsError> {
        let strategy = self.estate.strategy(account, region);
        let names = input["ConfigurationRecorderNames"].as_array().into_iter().flatten();
        match names.filter_map(Value::as_str).find(|name| *name != NAME || strategy.is_none()) {
            Some(name) => {
                let message = format!("cannot find configuration recorder with the specified name '{name}'");
                Err(AwsError::new("NoSuchConfigurationRecorderException", message))
            }
            None => Ok(strategy),
        }
    }

    fn recorder_arn(&self, account: usize, region: usize) -> String {
        let (region, account) = (crate::estate::accounts::REGIONS[region], &self.estate.accounts[account].id);
        format!("arn:aws:config:{region}:{account}:configuration-recorder/{NAME}/sandbox")
    }
}

fn recording_group(strategy: Strategy) -> Value {
    match strategy {
        Strategy::All { global } => json!({
            "allSupported": true,
            "includeGlobalResourceTypes": global,
            "resourceTypes": [],
            "exclusionByResourceTypes": {"resourceTypes": []},
            "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
        }),
        Strategy::Inclusion => json!({
            "allSupported": false,
            "includeGlobalResourceTypes": false,
            "resourceTypes": Vec::from_iter(Kind::ALL.iter().filter(|kind| !kind.global()).map(|kind| kind.name())),
            "exclusionByResourceTypes": {"resourceTypes": []},
            "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"},
        }),
        Strategy::Exclusion => json!({
            "allSupported": false,
            "includeGlobalResourceTypes": false,
            "resourceTypes": [],
            "exclusionByResourceTypes": {"resourceTypes": [NOT_RECORDED.name()]},
            "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
        }),
    }
}

/// Every fourth account records buckets once a day.
fn recording_mode(account: usize) -> Value {
    let overrides: Vec<Value> = (account % 4 == 3)
        .then(|| {
            json!({
                "description": "Buckets once a day",
                "resourceTypes": [Kind::Bucket.name()],
                "recordingFrequency": "DAILY",
            })
        })
        .into_iter()
        .collect();
    json!({"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": overrides})
}
