//! Why the source register could not be read.

use std::fmt;
use std::time::Duration;

use super::RecordSinkError;
use crate::database_token::{DatabaseTokenError, DatabaseUser};

/// The reading as a whole is not to be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceRegisterError {
    /// The settings do not fit, by themselves or against the database; every problem is listed.
    #[error("the source register's settings do not fit: {}", problems.join("; "))]
    Settings {
        /// One sentence each.
        problems: Vec<String>,
    },
    /// No connection.
    #[error("the source register ({register}) cannot be reached")]
    Unreachable {
        /// The database without its password.
        register: String,
        /// What the database or the network said.
        #[source]
        source: DatabaseFault,
    },
    /// There is no token to sign in with.
    #[error("the source register ({register}) cannot be signed in to by IAM")]
    NoToken {
        /// The database without its password.
        register: String,
        /// Why.
        #[source]
        source: DatabaseTokenError,
    },
    /// The database is there, and does not take the token. AWS does not say why.
    #[error(
        "the source register ({register}) does not let the job in as `{}`, whom IAM should vouch for in {}: the job's role \
         needs rds-db:connect on that user, the user the role rds_iam, the instance IAM database authentication, and the \
         host must be its own endpoint", user.name, user.region
    )]
    NotLetIn {
        /// The database without its password.
        register: String,
        /// Who was not let in.
        user: Box<DatabaseUser>,
        /// What the database said.
        #[source]
        source: DatabaseFault,
    },
    /// The database refused a statement or broke off.
    #[error("the source register ({register}) failed while {doing}")]
    Database {
        /// The database without its password.
        register: String,
        /// What was under way.
        doing: &'static str,
        /// What the database or the network said.
        #[source]
        source: DatabaseFault,
    },
    /// The database did not answer in time.
    #[error("the source register ({register}) gave no answer for {} s while {doing}", after.as_secs_f64())]
    TimedOut {
        /// The database without its password.
        register: String,
        /// What was under way.
        doing: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// Fewer or more rows arrived than the same snapshot counts.
    #[error("the source register was read incompletely: {read} rows arrived, {counted} were counted")]
    Incomplete {
        /// Rows read.
        read: u64,
        /// Rows counted in the same snapshot.
        counted: u64,
    },
    /// No row: an empty register is not evidence that nothing is registered.
    #[error("the source register holds no row")]
    Empty,
    /// Where rows go could not keep one.
    #[error("reading the source register ended early")]
    Sink(#[from] RecordSinkError),
}

/// What a database driver said, with the password taken out wherever it stood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DatabaseFault(pub(super) String);

impl fmt::Display for DatabaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DatabaseFault {}
