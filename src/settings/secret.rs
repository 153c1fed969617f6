//! Where secrets lie. The settings only say where: no secret is ever among them.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Auth, Roots, Settings};

/// Where a secret lies: never in the settings themselves. Exactly one of `env`, `file` and `secrets_manager`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretReference {
    /// The name of an environment variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<String>,
    /// The path of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<PathBuf>,
    /// The name or the ARN of a secret in AWS Secrets Manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secrets_manager: Option<String>,
    /// The key of the JSON object that the secret in Secrets Manager is; left out: the secret as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) json_key: Option<String>,
}

/// The one place of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place<'a> {
    /// An environment variable.
    Env(&'a str),
    /// A file.
    File(&'a PathBuf),
    /// AWS Secrets Manager.
    SecretsManager {
        /// Name or ARN.
        id: &'a str,
        /// The key of the JSON object, if it is one.
        json_key: Option<&'a str>,
    },
}

impl SecretReference {
    /// Gives the place, if it is exactly one.
    pub(crate) fn place(&self) -> Option<Place<'_>> {
        let json_key = self.json_key.as_deref();
        match (&self.env, &self.file, &self.secrets_manager) {
            (Some(name), None, None) if json_key.is_none() => Some(Place::Env(name)),
            (None, Some(path), None) if json_key.is_none() => Some(Place::File(path)),
            (None, None, Some(id)) => Some(Place::SecretsManager { id, json_key }),
            _ => None,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::SecretsManager { id, json_key: None } => write!(f, "Secrets Manager {id}"),
            Self::SecretsManager { id, json_key: Some(key) } => write!(f, "Secrets Manager {id}, key {key}"),
        }
    }
}

/// Which secret of the settings.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum SecretKey {
    /// `source_register.password`.
    SourcePassword,
    /// `source_register.extra_roots`; no secret, but it lies where one may.
    SourceRoots,
    /// `central_register.auth.key`.
    ApiKey,
    /// `central_register.auth.file`.
    BearerFile,
    /// `central_register.auth.client_secret`.
    ClientSecret,
    /// `central_register.client_certificate.key`.
    CertificateKey,
    /// `central_register.extra_roots`; no secret, but it lies where one may.
    CentralRoots,
}

impl SecretKey {
    /// Gives the key's path in the settings.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::SourcePassword => "source_register.password",
            Self::SourceRoots => "source_register.extra_roots",
            Self::ApiKey => "central_register.auth.key",
            Self::BearerFile => "central_register.auth.file",
            Self::ClientSecret => "central_register.auth.client_secret",
            Self::CertificateKey => "central_register.client_certificate.key",
            Self::CentralRoots => "central_register.extra_roots",
        }
    }

    /// Tells whether others may read what lies there.
    pub(crate) const fn is_public(self) -> bool {
        matches!(self, Self::SourceRoots | Self::CentralRoots)
    }
}

impl Settings {
    /// Gives every secret that the settings name, with where it lies, and what else lies in such places.
    pub(crate) fn secrets(&self) -> Vec<(SecretKey, SecretReference)> {
        let mut secrets = Vec::new();
        let mut add = |key, reference: &SecretReference| secrets.push((key, reference.clone()));
        if let Some(password) = &self.source_register.password {
            add(SecretKey::SourcePassword, password);
        }
        if let Some(Roots::Elsewhere(reference)) = &self.source_register.extra_roots {
            add(SecretKey::SourceRoots, reference);
        }
        let Some(register) = &self.central_register else { return secrets };
        match &register.auth {
            Auth::None | Auth::MutualTls {} => {}
            Auth::ApiKey { key } => add(SecretKey::ApiKey, key),
            Auth::BearerFile { file } => {
                let reference = SecretReference { file: Some(file.clone()), ..SecretReference::default() };
                add(SecretKey::BearerFile, &reference);
            }
            Auth::OAuth2 { client_secret, .. } => add(SecretKey::ClientSecret, client_secret),
        }
        if let Some(certificate) = &register.client_certificate {
            add(SecretKey::CertificateKey, &certificate.key);
        }
        if let Some(Roots::Elsewhere(reference)) = &register.extra_roots {
            add(SecretKey::CentralRoots, reference);
        }
        secrets
    }
}
