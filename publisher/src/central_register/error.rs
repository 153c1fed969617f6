//! What can go wrong with a central register, and what may have been changed all the same.

use std::path::PathBuf;
use std::time::Duration;

/// Why the central register could not be asked. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The settings do not make a client.
    #[error("cannot set up the central register's client: {0}")]
    Setup(String),
    /// No connection came about: the request was not sent.
    #[error("cannot reach the central register for {call}")]
    Unreachable {
        /// Method and path.
        call: String,
        /// What the network said.
        source: reqwest::Error,
    },
    /// The request may have arrived, but no whole answer came back.
    #[error("the central register's answer to {call} was lost{}", if *.timeout { ": it took too long" } else { "" })]
    Lost {
        /// Method and path.
        call: String,
        /// Whether the time was up.
        timeout: bool,
        /// What the network said.
        source: reqwest::Error,
    },
    /// The register answered with an error.
    #[error("the central register answered {call} with status {status}{}", problem(.title, .detail))]
    Refused {
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The problem's title, if the answer was a problem.
        title: Option<String>,
        /// The problem's detail, if the answer was a problem and had one.
        detail: Option<String>,
        /// How long the register asks to wait.
        retry_after: Option<Duration>,
    },
    /// The answer does not keep the contract.
    #[error("the central register's answer to {call} makes no sense: {what}; it begins: {excerpt:?}")]
    Nonsense {
        /// Method and path.
        call: String,
        /// What is wrong with it.
        what: String,
        /// At most 200 characters of it, without the credential should it be among them.
        excerpt: String,
    },
    /// A list came back to a cursor that it had given before, and would never end.
    #[error("the central register gave the same cursor twice in {call}")]
    RepeatedCursor {
        /// Method and path.
        call: String,
    },
    /// The run store's lease is lost, or nearly over: another run may be writing by now.
    #[error(
        "nothing more is sent to the central register: the lease of the run store is lost or nearly over"
    )]
    NoLease,
    /// The token's issuer did not give one.
    #[error("cannot get a token for the central register from {endpoint}: {reason}")]
    Token {
        /// The issuer's address.
        endpoint: String,
        /// What it said, or what went wrong.
        reason: String,
    },
    /// The file that the token lies in gives none.
    #[error("cannot take the token for the central register from the file {}: {reason}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

fn problem(title: &Option<String>, detail: &Option<String>) -> String {
    [title, detail].into_iter().flatten().map(|text| format!(": {text}")).collect()
}

impl RegisterError {
    /// Gives the HTTP status, where the register answered with one that is an error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Setup(_)
            | Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::Nonsense { .. }
            | Self::RepeatedCursor { .. }
            | Self::NoLease
            | Self::Token { .. }
            | Self::TokenFile { .. } => None,
        }
    }
}

/// Why a batch has no results, by what may have become of its changes.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Nothing was applied: the batch was never sent, or the register said that it did not take it now.
    #[error("the batch was not taken; nothing of it was applied")]
    NotSent(#[source] RegisterError),
    /// Any of the changes may have been applied: to be settled by reading back.
    #[error("it is unknown whether the batch was applied")]
    Unknown(#[source] RegisterError),
    /// Nothing was applied: the register will not take this batch from this writer.
    #[error("the batch was refused with status {status}; nothing of it was applied")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the register said.
        source: RegisterError,
    },
    /// Nothing was applied: the batch is to be halved.
    #[error("the batch of {changes} changes is too large; nothing of it was applied")]
    TooLarge {
        /// How many changes it has.
        changes: usize,
    },
}
