//! What became of the gaps that the settings accept.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exception::ExceptionState;

/// An accepted gap of the settings, and what became of it in a run.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AcceptedGapUse {
    /// Its place in the settings, from 0.
    pub index: usize,
    /// All that it names, as it stands in the settings.
    pub names: String,
    /// Why it is accepted.
    pub because: String,
    /// Until when.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
    /// What became of it, in the words of exceptions.
    pub state: ExceptionState,
    /// Lines of this run's ledger that are gaps, and accepted by it. Where several would accept one, the first does.
    pub scopes: u64,
}
