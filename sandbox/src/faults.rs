//! What goes wrong in the sandbox, chosen by flag.

mod fault;

pub use fault::Fault;
use std::{fmt, str::FromStr, time::Duration};

/// The faults that are on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    on: std::collections::BTreeSet<Fault>,
    /// How long every answer waits.
    pub latency: Duration,
    /// Whether some resources were deleted just before the start. That is no fault but what estates do, and so
    /// it is no part of `all`: what `all` hides is alive.
    pub deletions: bool,
}

impl Faults {
    /// Every flag with its meaning, one a line, for `--help`.
    pub const HELP: &str = "\
none                 nothing goes wrong
all                  every fault below but latency and deletions
account_denied       the role of one account cannot be assumed
onboarding           one account joined an hour ago and has no role yet
left_out             the settings leave out one account's organisational unit
region_denied        a service control policy forbids one account a region
recorder_stopped     one recorder is stopped and answers with old rows
recorder_warming     one recorder was started an hour ago and has seen half
recorder_absent      one region has no recorder
recorder_failing     one recorder cannot deliver what it records
recorder_pending     one recorder has not recorded yet
recorder_unknown     one recorder has no status
type_not_recorded    one recorder leaves one resource type out
count_mismatch       one type is counted higher than it is ever listed
unrecorded           EC2 has instances that AWS Config does not have
unprocessed_keys     BatchGet never processes some keys of one type
collapsed            one scope shows a third of what an earlier run saw
throttling           6 AWS Config calls a second per account and region, more are throttled
slow_account         one AWS Config call a second in one account's regions
throttled_hard       one account and region is throttled always
server_errors        every fortieth call answers HTTP 500
service_error        AWS Config answers HTTP 500 in one account and region
hanging              AWS Config never answers in one account and region
repeated_token       one type's listing repeats its page token for ever
expired_credentials  sessions live 5 seconds
aggregator_stale     the aggregator's copy of one region is outdated
aggregator_failed    the aggregator could not copy one region
latency=MS           every answer waits this many milliseconds
deletions            some resources were deleted just now; AWS Config saw half of them go";

    /// No fault at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// What a demonstration shows: an account denied and a recorder stopped.
    pub fn demo() -> Self {
        Self::none().with(Fault::AccountDenied).with(Fault::RecorderStopped)
    }

    /// Every fault, without latency and deletions.
    pub fn all() -> Self {
        Self { on: Fault::ALL.into_iter().collect(), ..Self::default() }
    }

    /// The same faults and one more.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.on.insert(fault);
        self
    }

    /// The same without one fault.
    #[must_use]
    pub fn without(mut self, fault: Fault) -> Self {
        self.on.remove(&fault);
        self
    }

    /// Whether a fault is on.
    pub fn has(&self, fault: Fault) -> bool {
        self.on.contains(&fault)
    }
}

/// A word in a list of faults that names none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault '{0}'; known are none, all, latency=MS, deletions, {known}", known = known())]
pub struct UnknownFault(String);

fn known() -> String {
    Fault::ALL.map(Fault::name).join(", ")
}

impl FromStr for Faults {
    type Err = UnknownFault;

    /// Reads a comma-separated list; hyphens and underscores mean the same.
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let mut faults = Self::none();
        for word in text.split(',').map(|word| word.trim().replace('-', "_")).filter(|word| !word.is_empty())
        {
            match word.as_str() {
                "none" => {}
                "all" => faults.on.extend(Fault::ALL),
                "deletions" => faults.deletions = true,
                _ => match word.strip_prefix("latency=").map(str::parse) {
                    Some(Ok(millis)) => faults.latency = Duration::from_millis(millis),
                    Some(Err(_)) => return Err(UnknownFault(word)),
                    None => {
                        let fault = Fault::ALL.into_iter().find(|fault| fault.name() == word);
                        faults.on.insert(fault.ok_or(UnknownFault(word))?);
                    }
                },
            }
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<_> = self.on.iter().map(|fault| fault.name().to_owned()).collect();
        if !self.latency.is_zero() {
            words.push(format!("latency={}", self.latency.as_millis()));
        }
        if self.deletions {
            words.push("deletions".to_owned());
        }
        if words.is_empty() {
            words.push("none".to_owned());
        }
        formatter.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        for text in ["none", "account_denied,recorder_stopped", "hanging,latency=20", "latency=5,deletions"] {
            assert_eq!(text.parse::<Faults>().unwrap().to_string(), text);
        }
        assert_eq!("recorder-warming".parse(), Ok(Faults::none().with(Fault::RecorderWarming)));
        assert_eq!("all".parse(), Ok(Faults::all()));
    }

    #[test]
    fn an_unknown_word_is_named() {
        assert!("account_denied,flood".parse::<Faults>().unwrap_err().to_string().contains("'flood'"));
        assert!("latency=soon".parse::<Faults>().is_err());
    }

    #[test]
    fn the_help_names_every_fault_with_its_description() {
        for fault in Fault::ALL {
            let line = Faults::HELP.lines().find(|line| line.split(' ').next() == Some(fault.name()));
            assert!(line.is_some_and(|line| line.ends_with(fault.description())), "{}", fault.name());
        }
    }
}
