//! `[source_register]` and `[central_register]`: where the two registers are, and how they are read and written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bestand_model::adoption::AdoptBy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::roots::Roots;
use super::secret::SecretReference;

/// The register that people keep.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceRegister {
    /// `sqlite://itk.db` or `postgres://user@host/database`.
    pub(crate) url: String,
    /// The password of the user in `url`; PostgreSQL only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<SecretReference>,
    /// The user in `url` is one of PostgreSQL on Amazon RDS or Aurora whom IAM vouches for: no password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) iam_authentication: bool,
    /// Certificates (PEM) of authorities that are trusted besides the system's, such as those of Amazon RDS; PostgreSQL only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra_roots: Option<Roots>,
    /// A table; or `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<String>,
    /// A query; or `table`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// bestand's attributes and the columns that hold them.
    pub(crate) columns: BTreeMap<String, String>,
    /// SQL condition: which rows are AWS resources; default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) aws_rows: Option<String>,
    /// Which words of the lifecycle column mean `planned` and `retired`; everything else means `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lifecycle: Option<Lifecycle>,
    /// Fewer rows than this share of the last good read are not believed.
    #[serde(default = "default_min_source_share")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) min_source_share: f64,
}

fn default_min_source_share() -> f64 {
    0.9
}

/// The words of a lifecycle column.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lifecycle {
    /// Words for what is not there yet: never `absent`.
    pub(crate) planned: Vec<String>,
    /// Words for what should be gone.
    pub(crate) retired: Vec<String>,
}

/// The group-wide register.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CentralRegister {
    /// Which contract it speaks.
    pub(crate) kind: RegisterKind,
    /// Its address.
    #[schemars(with = "String")]
    pub(crate) url: Url,
    #[serde(default)]
    pub(crate) auth: Auth,
    /// Shown when the connection is made (mutual TLS), besides what `auth` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_certificate: Option<ClientCertificate>,
    /// Certificates (PEM) of authorities that are trusted besides the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra_roots: Option<Roots>,
    /// Seconds that one request may take.
    #[serde(default = "default_request_timeout_secs")]
    #[schemars(range(min = 1, max = 600))]
    pub(crate) request_timeout_secs: u64,
    /// Changes per batch; the register's own limit holds besides.
    #[serde(default = "default_batch_size")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) batch_size: usize,
    /// How entries under our name that bestand never wrote are known to mean what it knows, and so become its own.
    #[serde(default = "default_adopt")]
    pub(crate) adopt: Vec<AdoptBy>,
}

fn default_adopt() -> Vec<AdoptBy> {
    AdoptBy::ALL.to_vec()
}

fn default_request_timeout_secs() -> u64 {
    60
}

fn default_batch_size() -> usize {
    100
}

/// The contracts that bestand speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RegisterKind {
    /// The Register API.
    RegisterApi,
}

/// How bestand shows the register who it is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Auth {
    /// Not at all.
    #[default]
    None,
    /// `X-API-Key`.
    ApiKey {
        /// The key.
        key: SecretReference,
    },
    /// A bearer token from a file that somebody else renews, such as a workload identity; read anew for each request.
    BearerFile {
        /// The path of the file.
        file: PathBuf,
    },
    /// The client certificate and nothing besides it.
    MutualTls {},
    /// OAuth 2 client credentials; the token is renewed before it expires.
    #[serde(rename = "oauth2")]
    OAuth2 {
        /// Where tokens are given; left out: the register's own `/v1/oauth/token`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        token_url: Option<Url>,
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: SecretReference,
        /// Scopes to ask for.
        #[serde(default)]
        scopes: Vec<String>,
    },
}

/// A client certificate: mutual TLS.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientCertificate {
    /// A file (PEM) with the certificate and those between it and its authority.
    pub(crate) certificate: PathBuf,
    /// The certificate's private key (PEM), without a passphrase.
    pub(crate) key: SecretReference,
}
