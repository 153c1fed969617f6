//! Where a value comes from, written as the settings write it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an attribute's value comes from. Serialised as its code: `config_service`, `tag:environment`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Provenance {
    /// AWS Config.
    ConfigService,
    /// The source register.
    SourceRegister,
    /// What stands in the central register already.
    CentralRegister,
    /// A tag of the live resource, as AWS Config reports it.
    Tag(String),
    /// The value that the settings give where nobody else has one.
    Default,
    /// Nobody speaks of it any more: what was published last stays.
    LastPublished,
    /// bestand's own marks.
    Bestand,
}

impl Provenance {
    /// Tells whether it is the live resource that speaks, which takes its having been seen.
    pub fn is_live(&self) -> bool {
        match self {
            Self::ConfigService | Self::Tag(_) => true,
            Self::SourceRegister
            | Self::CentralRegister
            | Self::Default
            | Self::LastPublished
            | Self::Bestand => false,
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConfigService => "config_service",
            Self::SourceRegister => "source_register",
            Self::CentralRegister => "central_register",
            Self::Tag(key) => return write!(f, "tag:{key}"),
            Self::Default => "default",
            Self::LastPublished => "last_published",
            Self::Bestand => "bestand",
        })
    }
}

/// No source has this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is no source: config_service, source_register, central_register, tag:<key> and default are known"
)]
pub struct UnknownSource(String);

impl FromStr for Provenance {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        Ok(match text {
            "config_service" => Self::ConfigService,
            "source_register" => Self::SourceRegister,
            "central_register" => Self::CentralRegister,
            "default" => Self::Default,
            "last_published" => Self::LastPublished,
            "bestand" => Self::Bestand,
            _ => match text.strip_prefix("tag:") {
                Some(key) if !key.trim().is_empty() => Self::Tag(key.to_owned()),
                _ => return Err(UnknownSource(text.to_owned())),
            },
        })
    }
}

impl TryFrom<String> for Provenance {
    type Error = UnknownSource;

    fn try_from(text: String) -> Result<Self, UnknownSource> {
        text.parse()
    }
}

impl From<Provenance> for String {
    fn from(provenance: Provenance) -> Self {
        provenance.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_written() {
        for text in [
            "config_service",
            "source_register",
            "central_register",
            "tag:cost centre",
            "default",
            "last_published",
            "bestand",
        ] {
            let source: Provenance = text.parse().unwrap();
            assert_eq!(source.to_string(), text);
            assert_eq!(serde_json::to_string(&source).unwrap(), format!("{text:?}"));
        }
        assert!("tag: ".parse::<Provenance>().is_err());
        assert!(serde_json::from_str::<Provenance>("\"itk\"").unwrap_err().to_string().contains("tag:<key>"));
    }
}
