//! A newtype per identifier, so that an account can never stand where a region belongs.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! text_identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Gives the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_identifier! {
    /// A region's code such as `eu-central-1`, or `global` for types that no region owns.
    Region
}
text_identifier! {
    /// An AWS Config resource type such as `AWS::EC2::Instance`. Open: AWS adds types every month.
    ResourceType
}
text_identifier! {
    /// A resource's id as AWS Config reports it. Not unique within a scope for some types.
    ResourceId
}
text_identifier! {
    /// The id under which the source register knows an asset.
    AssetId
}
text_identifier! {
    /// One execution's id; it names the run directory and shows in CloudTrail as part of the session name.
    RunId
}

impl Region {
    /// The pseudo-region of global types.
    pub const GLOBAL: &'static str = "global";

    /// Gives the pseudo-region of global types.
    pub fn global() -> Self {
        Self::new(Self::GLOBAL)
    }
}

/// Twelve digits.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(#[schemars(regex(pattern = r"^[0-9]{12}$"))] String);

/// The text is no account id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no account id: an account id has twelve digits")]
pub struct NotAnAccountId(String);

impl AccountId {
    /// Gives the twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = NotAnAccountId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            // A register may hold anything: the message shows the beginning only.
            Err(NotAnAccountId(text.chars().take(40).collect()))
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = NotAnAccountId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for AccountId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl RunId {
    /// Accepts what is safe both as a folder name and in an STS session name.
    ///
    /// # Errors
    /// Names the rule that the text breaks.
    pub fn checked(text: &str) -> Result<Self, String> {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if text.is_empty() || text.len() > 48 || text.starts_with('.') || !text.chars().all(safe) {
            return Err(format!(
                "run id `{text}` must have 1 to 48 letters, digits, `-`, `_` or `.`, and must not begin with a dot"
            ));
        }
        Ok(Self::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_has_twelve_digits() {
        assert!("111122223333".parse::<AccountId>().is_ok());
        for wrong in ["", "11112222333", "1111222233334", "11112222333a", "１１１１２２２２３３３３"]
        {
            assert!(wrong.parse::<AccountId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_run_id_cannot_leave_its_folder() {
        for wrong in ["", "..", "../x", "a/b", ".hidden", "a b", &"x".repeat(49)] {
            assert!(RunId::checked(wrong).is_err(), "{wrong}");
        }
        assert!(RunId::checked("20261123T060000Z-1a2b").is_ok());
    }
}
