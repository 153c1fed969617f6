//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::{AccountId, Region};

/// A well-formed ARN, kept as the text it came as.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(String);

/// The text is no ARN.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no ARN: expected arn:partition:service:region:account:resource")]
pub struct NotAnArn(String);

impl Arn {
    /// Gives the whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or("")
    }

    /// Gives everything behind the account, such as `instance/i-0abc`.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// Gives the service such as `ec2`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Gives the region; `None` where the service leaves it out (S3, IAM).
    pub fn region(&self) -> Option<Region> {
        Some(self.part(3)).filter(|text| !text.is_empty()).map(Region::from)
    }

    /// Gives the account; `None` where the service leaves it out (S3).
    pub fn account_id(&self) -> Option<AccountId> {
        self.part(4).parse().ok()
    }
}

impl FromStr for Arn {
    type Err = NotAnArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || NotAnArn(text.chars().take(80).collect());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [prefix, partition, service, _region, account, resource] = parts.as_slice() else {
            return Err(refuse());
        };
        let account_fits = account.is_empty() || *account == "aws" || account.parse::<AccountId>().is_ok();
        if *prefix != "arn"
            || !partition.starts_with("aws")
            || service.is_empty()
            || resource.is_empty()
            || !account_fits
            || text.chars().any(char::is_control)
        {
            return Err(refuse());
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Arn {
    type Error = NotAnArn;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> Self {
        arn.0
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_gives_its_parts() {
        let arn: Arn = "arn:aws:ec2:eu-central-1:111122223333:instance/i-1".parse().unwrap();
        assert_eq!(arn.service(), "ec2");
        assert_eq!(arn.region(), Some(Region::from("eu-central-1")));
        assert_eq!(arn.account_id().unwrap().as_str(), "111122223333");
    }

    #[test]
    fn a_bucket_arn_names_neither_region_nor_account() {
        let arn: Arn = "arn:aws:s3:::fahrplan".parse().unwrap();
        assert_eq!((arn.region(), arn.account_id()), (None, None));
    }

    #[test]
    fn nonsense_is_no_arn() {
        for wrong in [
            "",
            "arn:nonsense",
            "arn:aws:ec2:eu-central-1:12345:instance/i-1",
            "arn:aws:s3:::",
            "ARN:aws:s3:::b",
        ] {
            assert!(wrong.parse::<Arn>().is_err(), "{wrong}");
        }
    }
}
