//! Secrets from AWS Secrets Manager, read with the job's own credentials.
//!
//! `GetSecretValue` is not in the table of [`crate::action`]: which secrets the job's own role may read, and whether it
//! reads any, is for whoever deploys it to say.

use std::fmt;

use aws_config::Region;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use bestand_model::coverage::Reason;
use secrecy::SecretString;
use serde_json::Value;

use crate::config_service::error::explain;
use crate::credentials::AwsContext;

/// What reading a secret takes.
const GET: &str = "secretsmanager:GetSecretValue";
/// What reading one under a key of one's own takes besides.
const DECRYPT: &str = "kms:Decrypt";

/// Which secret, and where it was looked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretPlace {
    /// Name or ARN, as the settings have it.
    pub id: String,
    /// The region that was asked.
    pub region: String,
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.id, self.region)
    }
}

/// Why a secret is not to be had. Never holds one, nor any of its JSON but the key that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SecretsManagerError {
    /// There is no such secret, or it is about to be deleted, or its name is none.
    #[error("AWS Secrets Manager has no secret {place} to give: {said}")]
    NotThere {
        /// Which.
        place: SecretPlace,
        /// What AWS said.
        said: String,
    },
    /// The job's own role may not.
    #[error("AWS does not let the job read the secret {place}; its own role lacks {action} on it: {said}")]
    Denied {
        /// Which.
        place: SecretPlace,
        /// The action that is lacking.
        action: &'static str,
        /// What AWS said.
        said: String,
    },
    /// Nothing in the chain gives credentials.
    #[error("there are no AWS credentials to read the secret {place} with: {said}")]
    NoCredentials {
        /// Which.
        place: SecretPlace,
        /// What the chain said.
        said: String,
    },
    /// AWS Secrets Manager was not reached, or failed, in all attempts.
    #[error("cannot reach AWS Secrets Manager for the secret {place}: {said}")]
    Unreachable {
        /// Which.
        place: SecretPlace,
        /// What went wrong.
        said: String,
    },
    /// It is there, and is not what was asked for.
    #[error("the secret {place} {what}")]
    Unfit {
        /// Which.
        place: SecretPlace,
        /// What is wrong with it.
        what: String,
    },
}

impl SecretsManagerError {
    /// Tells whether the secret itself, or its name, is to be mended, rather than the way to it.
    #[must_use]
    pub fn is_of_the_secret(&self) -> bool {
        match self {
            Self::NotThere { .. } | Self::Unfit { .. } => true,
            Self::Denied { .. } | Self::NoCredentials { .. } | Self::Unreachable { .. } => false,
        }
    }
}

impl AwsContext {
    /// Reads a secret by name or ARN: the string as a whole, or of a JSON object the string under a key. An ARN's own
    /// region is asked, else the job's.
    ///
    /// # Errors
    /// When AWS does not give it, or what it gives is no text, empty, or has no such key.
    pub async fn secret(
        &self,
        id: &str,
        json_key: Option<&str>,
    ) -> Result<SecretString, SecretsManagerError> {
        let home = self.home_region();
        let region = region_of(id).unwrap_or(home.as_str());
        let place = SecretPlace { id: id.to_owned(), region: region.to_owned() };
        let config = Builder::from(self.sdk()).region(Region::new(region.to_owned())).build();
        let answer = Client::from_conf(config).get_secret_value().secret_id(id).send().await;
        match answer {
            Ok(answer) => taken(&answer, json_key).map_err(|what| SecretsManagerError::Unfit { place, what }),
            Err(error) => Err(refusal(place, &error)),
        }
    }
}

/// Gives the region of an ARN.
fn region_of(id: &str) -> Option<&str> {
    id.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

/// Takes what was asked for out of the answer.
fn taken(answer: &GetSecretValueOutput, json_key: Option<&str>) -> Result<SecretString, String> {
    let text = match answer.secret_string() {
        Some(text) => text.trim(),
        None if answer.secret_binary().is_some() => return Err("is binary: keep it as a string".to_owned()),
        None => return Err("has no value yet".to_owned()),
    };
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    let Some(key) = json_key else { return Ok(SecretString::from(text)) };
    // What serde says of a text that is no JSON may quote it.
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Err(format!("is no JSON object, so it has no key `{key}`"));
    };
    match object.get(key) {
        None => Err(format!("has no key `{key}`")),
        Some(Value::String(value)) if value.trim().is_empty() => Err(format!("has nothing under `{key}`")),
        Some(Value::String(value)) => Ok(SecretString::from(value.trim())),
        Some(_) => Err(format!("has something other than a string under `{key}`")),
    }
}

/// Says what it means that AWS did not give the secret.
fn refusal(place: SecretPlace, error: &SdkError<GetSecretValueError, HttpResponse>) -> SecretsManagerError {
    let told = explain(GET, error);
    let said = told.detail;
    match error {
        SdkError::DispatchFailure(failure) if failure.is_other() => {
            return SecretsManagerError::NoCredentials { place, said };
        }
        SdkError::ConstructionFailure(_) => return SecretsManagerError::NoCredentials { place, said },
        _ => {}
    }
    let message = error.as_service_error().and_then(|error| error.message()).unwrap_or_default();
    match told.code.as_deref() {
        Some(
            "ResourceNotFoundException"
            | "InvalidRequestException"
            | "InvalidParameterException"
            | "ValidationException",
        ) => SecretsManagerError::NotThere { place, said },
        Some("DecryptionFailure") => SecretsManagerError::Denied { place, action: DECRYPT, said },
        _ if matches!(told.reason, Reason::RoleDenied | Reason::RegionDenied) => {
            // Of a key that may not be used Secrets Manager says "Access to KMS is not allowed".
            let of_key = message.contains("KMS") || message.contains(DECRYPT);
            SecretsManagerError::Denied { place, action: if of_key { DECRYPT } else { GET }, said }
        }
        _ => SecretsManagerError::Unreachable { place, said },
    }
}

#[cfg(test)]
mod tests;
