//! One thing that goes wrong.

/// One fault that can be switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The role of one account cannot be assumed.
    AccountDenied,
    /// One account joined the organisation an hour ago and has no role yet.
    Onboarding,
    /// The settings leave out the organisational unit that one account lies in.
    LeftOut,
    /// A service control policy forbids every call in one account and region.
    RegionDenied,
    /// One recorder was stopped; it keeps answering with its old rows.
    RecorderStopped,
    /// One recorder was started an hour ago and has seen half of what there is.
    RecorderWarming,
    /// One region has no recorder: counts and Select answer nothing.
    RecorderAbsent,
    /// One recorder's last recording failed.
    RecorderFailing,
    /// One recorder has not recorded yet, whatever its rows say.
    RecorderPending,
    /// One recorder has no status.
    RecorderUnknown,
    /// One recorder leaves one resource type out.
    TypeNotRecorded,
    /// One type is counted higher than anything ever lists it.
    CountMismatch,
    /// EC2 has instances in one account and region that AWS Config does not have.
    Unrecorded,
    /// BatchGet leaves some keys of one type unprocessed for ever.
    UnprocessedKeys,
    /// One scope shows a third of its rows, and its count agrees; only an earlier run can tell.
    Collapsed,
    /// A token bucket per account and region; a client's retries get through.
    Throttling,
    /// One account gets one AWS Config call a second in each region.
    SlowAccount,
    /// One account and region in which every AWS Config call is throttled.
    ThrottledHard,
    /// Every fortieth call answers HTTP 500; a client's retries get through.
    ServerErrors,
    /// One account and region in which AWS Config always answers HTTP 500.
    ServiceError,
    /// One account and region in which AWS Config never answers.
    Hanging,
    /// The listing of one type in one account and region repeats its page token for ever.
    RepeatedToken,
    /// Sessions live a few seconds, whatever was asked for.
    ExpiredCredentials,
    /// The aggregator's copy of one account and region is outdated.
    AggregatorStale,
    /// The aggregator could not copy one account and region.
    AggregatorFailed,
}

impl Fault {
    /// Every fault, in the order of `--help`.
    pub const ALL: [Self; 25] = [
        Self::AccountDenied,
        Self::Onboarding,
        Self::LeftOut,
        Self::RegionDenied,
        Self::RecorderStopped,
        Self::RecorderWarming,
        Self::RecorderAbsent,
        Self::RecorderFailing,
        Self::RecorderPending,
        Self::RecorderUnknown,
        Self::TypeNotRecorded,
        Self::CountMismatch,
        Self::Unrecorded,
        Self::UnprocessedKeys,
        Self::Collapsed,
        Self::Throttling,
        Self::SlowAccount,
        Self::ThrottledHard,
        Self::ServerErrors,
        Self::ServiceError,
        Self::Hanging,
        Self::RepeatedToken,
        Self::ExpiredCredentials,
        Self::AggregatorStale,
        Self::AggregatorFailed,
    ];

    /// The stable name of the flag.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountDenied => "account_denied",
            Self::Onboarding => "onboarding",
            Self::LeftOut => "left_out",
            Self::RegionDenied => "region_denied",
            Self::RecorderStopped => "recorder_stopped",
            Self::RecorderWarming => "recorder_warming",
            Self::RecorderAbsent => "recorder_absent",
            Self::RecorderFailing => "recorder_failing",
            Self::RecorderPending => "recorder_pending",
            Self::RecorderUnknown => "recorder_unknown",
            Self::TypeNotRecorded => "type_not_recorded",
            Self::CountMismatch => "count_mismatch",
            Self::Unrecorded => "unrecorded",
            Self::UnprocessedKeys => "unprocessed_keys",
            Self::Collapsed => "collapsed",
            Self::Throttling => "throttling",
            Self::SlowAccount => "slow_account",
            Self::ThrottledHard => "throttled_hard",
            Self::ServerErrors => "server_errors",
            Self::ServiceError => "service_error",
            Self::Hanging => "hanging",
            Self::RepeatedToken => "repeated_token",
            Self::ExpiredCredentials => "expired_credentials",
            Self::AggregatorStale => "aggregator_stale",
            Self::AggregatorFailed => "aggregator_failed",
        }
    }

    /// One line that says what happens.
    pub const fn description(self) -> &'static str {
        match self {
            Self::AccountDenied => "the role of one account cannot be assumed",
            Self::Onboarding => "one account joined an hour ago and has no role yet",
            Self::LeftOut => "the settings leave out one account's organisational unit",
            Self::RegionDenied => "a service control policy forbids one account a region",
            Self::RecorderStopped => "one recorder is stopped and answers with old rows",
            Self::RecorderWarming => "one recorder was started an hour ago and has seen half",
            Self::RecorderAbsent => "one region has no recorder",
            Self::RecorderFailing => "one recorder cannot deliver what it records",
            Self::RecorderPending => "one recorder has not recorded yet",
            Self::RecorderUnknown => "one recorder has no status",
            Self::TypeNotRecorded => "one recorder leaves one resource type out",
            Self::CountMismatch => "one type is counted higher than it is ever listed",
            Self::Unrecorded => "EC2 has instances that AWS Config does not have",
            Self::UnprocessedKeys => "BatchGet never processes some keys of one type",
            Self::Collapsed => "one scope shows a third of what an earlier run saw",
            Self::Throttling => "6 AWS Config calls a second per account and region, more are throttled",
            Self::SlowAccount => "one AWS Config call a second in one account's regions",
            Self::ThrottledHard => "one account and region is throttled always",
            Self::ServerErrors => "every fortieth call answers HTTP 500",
            Self::ServiceError => "AWS Config answers HTTP 500 in one account and region",
            Self::Hanging => "AWS Config never answers in one account and region",
            Self::RepeatedToken => "one type's listing repeats its page token for ever",
            Self::ExpiredCredentials => "sessions live 5 seconds",
            Self::AggregatorStale => "the aggregator's copy of one region is outdated",
            Self::AggregatorFailed => "the aggregator could not copy one region",
        }
    }
}
