//! What a central register may declare that it can do, and what is weaker for one that does not (SEMANTICS 3.10).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the five things that a central register declares.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// The environment that it names can be relied upon.
    Environment,
    /// Its lists hold every entry of the writer, retired ones included, and no others.
    List,
    /// A change whose precondition does not hold is not applied.
    Preconditions,
    /// A change's key is remembered: sent again, the change is not applied again.
    Idempotency,
    /// An entry shows which plan wrote it last.
    ReadBack,
}

impl Capability {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 5] =
        [Self::Environment, Self::List, Self::Preconditions, Self::Idempotency, Self::ReadBack];

    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::List => "list",
            Self::Preconditions => "preconditions",
            Self::Idempotency => "idempotency",
            Self::ReadBack => "read_back",
        }
    }

    /// Says which promise of bestand's is weaker for a register without it, and what is done about that.
    pub fn without(self) -> &'static str {
        match self {
            Self::Environment => {
                "That staging cannot write to production rests on the settings and the run store: another name than \
                 theirs is refused as ever, but the register may call itself by the right name wrongly."
            }
            Self::List => {
                "An entry that the lists leave out is not seen, and another one may be made beside it. Nothing is \
                 retired: retirements are withheld (list_not_promised)."
            }
            Self::Preconditions => {
                "Entries are read just before they are written, and what moved is left alone; what somebody else \
                 writes between the two is overwritten."
            }
            Self::Idempotency => {
                "After a lost answer an entry that moved is not sent again, and is told as conflicted though the \
                 change may have come first. Without preconditions, too, nothing is sent twice: what cannot be seen \
                 in the register stays unknown, and the next run decides anew."
            }
            Self::ReadBack => {
                "After a lost answer the change is sent again under its key, to get the first answer. Without keys \
                 or preconditions an entry that says what was planned counts as applied, whoever wrote it."
            }
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_what_is_written() {
        for capability in Capability::ALL {
            assert_eq!(serde_json::to_value(capability).unwrap(), capability.code());
        }
    }
}
