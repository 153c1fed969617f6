//! What goes wrong in the sandbox, chosen by flag.

use std::{fmt, str::FromStr, time::Duration};

/// One fault that can be switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The role of one account cannot be assumed.
    AccountDenied,
    /// One recorder was stopped; it keeps answering with its old rows.
    RecorderStopped,
    /// One recorder was started an hour ago and has seen half of what there is.
    RecorderWarming,
    /// One region has no recorder: counts and Select answer nothing.
    RecorderAbsent,
    /// One recorder leaves one resource type out.
    TypeNotRecorded,
    /// A token bucket per account and region; a client's retries get through.
    Throttling,
    /// One account and region in which every AWS Config call is throttled.
    ThrottledHard,
    /// Every fortieth call answers HTTP 500; a client's retries get through.
    ServerErrors,
    /// One account and region in which AWS Config never answers.
    Hanging,
    /// The listing of one type in one account and region repeats its page token for ever.
    RepeatedToken,
    /// Sessions live a few seconds, whatever was asked for.
    ExpiredCredentials,
}

impl Fault {
    /// Every fault, in the order of `--help`.
    pub const ALL: [Self; 11] = [
        Self::AccountDenied,
        Self::RecorderStopped,
        Self::RecorderWarming,
        Self::RecorderAbsent,
        Self::TypeNotRecorded,
        Self::Throttling,
        Self::ThrottledHard,
        Self::ServerErrors,
        Self::Hanging,
        Self::RepeatedToken,
        Self::ExpiredCredentials,
    ];

    /// The stable name of the flag.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountDenied => "account_denied",
            Self::RecorderStopped => "recorder_stopped",
            Self::RecorderWarming => "recorder_warming",
            Self::RecorderAbsent => "recorder_absent",
            Self::TypeNotRecorded => "type_not_recorded",
            Self::Throttling => "throttling",
            Self::ThrottledHard => "throttled_hard",
            Self::ServerErrors => "server_errors",
            Self::Hanging => "hanging",
            Self::RepeatedToken => "repeated_token",
            Self::ExpiredCredentials => "expired_credentials",
        }
    }

    /// One line that says what happens.
    pub const fn description(self) -> &'static str {
        match self {
            Self::AccountDenied => "the role of one account cannot be assumed",
            Self::RecorderStopped => "one recorder is stopped and answers with old rows",
            Self::RecorderWarming => "one recorder was started an hour ago and has seen half",
            Self::RecorderAbsent => "one region has no recorder",
            Self::TypeNotRecorded => "one recorder leaves one resource type out",
            Self::Throttling => "6 AWS Config calls a second per account and region, more are throttled",
            Self::ThrottledHard => "one account and region is throttled always",
            Self::ServerErrors => "every fortieth call answers HTTP 500",
            Self::Hanging => "AWS Config never answers in one account and region",
            Self::RepeatedToken => "one type's listing repeats its page token for ever",
            Self::ExpiredCredentials => "sessions live 5 seconds",
        }
    }
}

/// The faults that are on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    on: std::collections::BTreeSet<Fault>,
    /// How long every answer waits.
    pub latency: Duration,
}

impl Faults {
    /// Every flag with its meaning, one a line, for `--help`.
    pub const HELP: &str = "\
none                 nothing goes wrong
all                  every fault below but latency
account_denied       the role of one account cannot be assumed
recorder_stopped     one recorder is stopped and answers with old rows
recorder_warming     one recorder was started an hour ago and has seen half
recorder_absent      one region has no recorder
type_not_recorded    one recorder leaves one resource type out
throttling           6 AWS Config calls a second per account and region, more are throttled
throttled_hard       one account and region is throttled always
server_errors        every fortieth call answers HTTP 500
hanging              AWS Config never answers in one account and region
repeated_token       one type's listing repeats its page token for ever
expired_credentials  sessions live 5 seconds
latency=MS           every answer waits this many milliseconds";

    /// No fault at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// What a demonstration shows: an account denied and a recorder stopped.
    pub fn demo() -> Self {
        Self::none().with(Fault::AccountDenied).with(Fault::RecorderStopped)
    }

    /// Every fault, without latency.
    pub fn all() -> Self {
        Self { on: Fault::ALL.into_iter().collect(), latency: Duration::ZERO }
    }

    /// The same faults and one more.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.on.insert(fault);
        self
    }

    /// Whether a fault is on.
    pub fn has(&self, fault: Fault) -> bool {
        self.on.contains(&fault)
    }
}

/// A word in a list of faults that names none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault '{0}'; known are none, all, latency=MS, {known}", known = known())]
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
        for text in ["none", "account_denied,recorder_stopped", "hanging,latency=20"] {
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
