//! How the process ends: documented constants, one total mapping.

use serde::Serialize;

/// An exit status. When several apply, the one that is declared later wins.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum ExitStatus {
    /// Done.
    Done,
    /// Drift found, and `--fail-on-drift` was given.
    Drift,
    /// Done, but coverage has gaps that are not accepted.
    Gaps,
    /// Rejected, conflicted or unknown changes are left.
    PublicationIncomplete,
    /// The gate refused the plan.
    Refused,
    /// Another run holds the run store.
    Locked,
    /// The lease of the run store was lost midway.
    LeaseLost,
    /// The source register is unreadable, empty or shrunken.
    SourceRegister,
    /// No account could be read.
    NoAccount,
    /// The central register is unreadable.
    CentralRegister,
    /// The run store failed.
    RunStore,
    /// Settings, run store and central register name different environments.
    Environment,
    /// The plan is tampered with, expired or foreign.
    Plan,
    /// The command line or the settings are wrong.
    Usage,
    /// Interrupted (Ctrl-C).
    Interrupted,
    /// Terminated (SIGTERM).
    Terminated,
    /// A bug.
    Unexpected,
}

impl ExitStatus {
    /// All of them, in the order in which the later wins.
    pub(crate) const ALL: [Self; 17] = [
        Self::Done,
        Self::Drift,
        Self::Gaps,
        Self::PublicationIncomplete,
        Self::Refused,
        Self::Locked,
        Self::LeaseLost,
        Self::SourceRegister,
        Self::NoAccount,
        Self::CentralRegister,
        Self::RunStore,
        Self::Environment,
        Self::Plan,
        Self::Usage,
        Self::Interrupted,
        Self::Terminated,
        Self::Unexpected,
    ];

    /// Gives the process's exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Drift => 10,
            Self::Gaps => 20,
            Self::SourceRegister => 30,
            Self::NoAccount => 31,
            Self::CentralRegister => 32,
            Self::PublicationIncomplete => 40,
            Self::Refused => 41,
            Self::Locked => 42,
            Self::Environment => 43,
            Self::Plan => 44,
            Self::RunStore => 45,
            Self::LeaseLost => 46,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Gives the status of an exit code; none if bestand has no such status.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// Says what it means, in a line.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Drift => "drift found (only with --fail-on-drift)",
            Self::Gaps => "done, but coverage has gaps that are not accepted",
            Self::PublicationIncomplete => {
                "publication incomplete: rejected, conflicted or unknown changes are left"
            }
            Self::Refused => "refused by the gate (`plan`: only with --fail-on-gate)",
            Self::Locked => "another run is at work in this run store",
            Self::LeaseLost => "lease of the run store lost midway: nothing more was sent or written",
            Self::SourceRegister => "source register unreadable, empty or shrunken",
            Self::NoAccount => "no account could be read",
            Self::CentralRegister => "central register unreadable",
            Self::RunStore => "run store failed",
            Self::Environment => "settings, run store and central register name different environments",
            Self::Plan => "plan tampered with, expired or foreign; or an evidence pack that is not good",
            Self::Usage => "wrong command line or settings",
            Self::Interrupted => "interrupted (Ctrl-C)",
            Self::Terminated => "terminated (SIGTERM)",
            Self::Unexpected => "unexpected: a bug, please report it",
        }
    }

    /// The table as `--help` shows it.
    pub(crate) fn table() -> String {
        let lines: Vec<String> =
            Self::ALL.iter().map(|status| format!("  {:>3}  {}", status.code(), status.meaning())).collect();
        format!("Exit status (when several apply, the later line wins):\n{}", lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_listed_in_their_order_with_codes_of_their_own() {
        assert!(ExitStatus::ALL.windows(2).all(|pair| pair.first() < pair.last()));
        let mut codes: Vec<u8> = ExitStatus::ALL.iter().map(|status| status.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ExitStatus::ALL.len());
        assert_eq!(ExitStatus::ALL.last(), Some(&ExitStatus::Unexpected));
    }

    #[test]
    fn the_readme_has_the_same_table() {
        let readme = include_str!("../README.md");
        for status in ExitStatus::ALL {
            let row = format!("| {} | {} |", status.code(), status.meaning());
            assert!(readme.contains(&row), "README lacks {row}");
        }
    }
}
