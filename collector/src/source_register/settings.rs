//! What the source register's reader must be told.

use std::collections::BTreeMap;
use std::time::Duration;

use bestand_model::identification::IdentificationRules;
use secrecy::SecretString;

use crate::credentials::AwsContext;

/// Where the source register is and what its columns mean.
#[derive(Clone, Debug)]
pub struct SourceRegisterSettings {
    /// `sqlite://path` or `postgres://user:password@host/database`; it may hold a password.
    pub url: SecretString,
    /// How the URL's user signs in.
    pub sign_in: SignIn,
    /// Certificates (PEM) of authorities that are trusted besides the system's; PostgreSQL only. With them the server's
    /// certificate and name are checked.
    pub extra_roots: Option<Vec<u8>>,
    /// What is read.
    pub relation: Relation,
    /// The register's column of each of bestand's attributes, by attribute. `asset_id`, `arn`, `resource_id`,
    /// `account_id`, `region`, `resource_type` and `lifecycle` are understood; all others are carried along.
    pub columns: BTreeMap<String, String>,
    /// A SQL condition that is true for AWS resources; without it every row is one. A row for which it is NULL
    /// counts as an AWS resource: it is then judged, where a pass-through would be published unseen.
    pub aws_rows: Option<String>,
    /// How the register spells lifecycle states.
    pub lifecycle: LifecycleWords,
    /// Rules that identify rows which name neither ARN nor resource id.
    pub identification: IdentificationRules,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the database may take for one answer: the count, or the next rows.
    pub statement_timeout: Duration,
}

/// How the URL's user signs in.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// As the URL says.
    AsInUrl,
    /// With a password that is not in the URL; PostgreSQL only.
    Password(SecretString),
    /// As a user of PostgreSQL on Amazon RDS or Aurora whom IAM knows: with a token that is made for each connection,
    /// and shown to nobody but a server whose certificate and name were checked.
    Iam(Box<AwsContext>),
}

/// What is read: one table or one query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Relation {
    /// A table or view; `schema.table` names one in a schema, and `"a.b"` one whose name has a dot.
    Table(String),
    /// One `SELECT` statement.
    Query(String),
}

/// The register's own words for lifecycle states, compared without regard to case and outer blanks.
///
/// A word that is in neither list, and no word at all, means active.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LifecycleWords {
    /// Not yet in use.
    pub planned: Vec<String>,
    /// No longer in use.
    pub retired: Vec<String>,
}

impl Default for LifecycleWords {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect();
        Self {
            planned: words(&["planned", "ordered", "requested", "approved", "in procurement"]),
            retired: words(&[
                "retired",
                "decommissioned",
                "disposed",
                "deleted",
                "end of life",
                "terminated",
            ]),
        }
    }
}
