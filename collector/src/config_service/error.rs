//! What an error of AWS means for coverage.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bestand_model::coverage::Reason;

/// The longest detail that goes into the ledger, in characters.
const MAX_DETAIL: usize = 300;

/// A call that failed, as coverage sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CallError {
    /// What the scope is incomplete for.
    pub(crate) reason: Reason,
    /// AWS's code, where AWS answered.
    pub(crate) code: Option<String>,
    /// What came back.
    pub(crate) answer: Answer,
    /// The action, the code and AWS's message, cut, without anything secret.
    pub(crate) detail: String,
}

/// What came back from a call that failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// Nothing, in all attempts.
    Nothing,
    /// Something that asking the same again would not change: a refusal, or a listing that makes no sense.
    Final,
    /// An error of the service itself, in all attempts.
    Failure,
}

impl CallError {
    /// Tells whether AWS holds the session for expired.
    pub(crate) fn session_expired(&self) -> bool {
        matches!(self.code.as_deref(), Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired"))
    }

    /// Makes the error of an answer that came and makes no sense.
    pub(crate) fn nonsense(reason: Reason, detail: impl fmt::Display) -> Self {
        Self { reason, code: None, answer: Answer::Final, detail: cut(&detail.to_string()) }
    }

    /// Says what it means that this call failed, which is the one that counts.
    pub(crate) fn of_counting(self) -> Self {
        let detail = cut(&format!("what is there could not be counted: {}", self.detail));
        Self { detail, ..self }
    }

    /// Tells whether further calls in the same region would fare no better, and cost minutes.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.answer == Answer::Nothing
            || matches!(
                self.reason,
                Reason::Throttled | Reason::Timeout | Reason::RoleDenied | Reason::RegionDenied
            )
    }

    /// Tells whether further calls would wait as long again for nothing.
    pub(crate) fn is_tiresome(&self) -> bool {
        self.answer == Answer::Nothing || matches!(self.reason, Reason::Throttled | Reason::Timeout)
    }

    /// Tells whether the same call may fare better a little later.
    pub(crate) fn is_passing(&self) -> bool {
        match self.answer {
            Answer::Nothing | Answer::Failure => true,
            Answer::Final => matches!(self.reason, Reason::Throttled) || self.is_timeout_of_the_service(),
        }
    }

    fn is_timeout_of_the_service(&self) -> bool {
        matches!(self.code.as_deref(), Some("RequestTimeout" | "RequestTimeoutException"))
    }

    /// Tells whether a query that asks less may get through.
    pub(crate) fn is_worth_asking_less(&self) -> bool {
        self.answer == Answer::Final && !self.is_hopeless()
    }

    /// Tells whether AWS Config does not take the query.
    pub(crate) fn refuses_expression(&self) -> bool {
        self.code.as_deref() == Some("InvalidExpressionException")
    }
}

/// Maps a failed call to its reason and what a person needs to know.
pub(crate) fn explain<E>(action: &str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let (reason, code, answer, text) = match error {
        SdkError::ServiceError(context) => {
            let error = context.err();
            refusal(error.code(), error.message().unwrap_or_default(), context.raw())
        }
        // What lies between may have answered in AWS's place, with a page for people.
        SdkError::ResponseError(context) if !context.raw().status().is_success() => {
            refusal(None, "", context.raw())
        }
        SdkError::TimeoutError(_) => (Reason::Timeout, None, Answer::Nothing, "no answer in time".to_owned()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (Reason::Timeout, None, Answer::Nothing, "no connection or no answer in time".to_owned())
        }
        SdkError::DispatchFailure(failure) => {
            let text = failure.as_connector_error().map_or_else(
                || "could not be sent".to_owned(),
                |cause| format!("could not be sent: {}", chain(cause)),
            );
            (Reason::ServiceError, None, Answer::Nothing, text)
        }
        // An answer may quote anything: only that it made no sense is told.
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            (Reason::ServiceError, None, Answer::Final, format!("HTTP {status}: the answer makes no sense"))
        }
        other => (Reason::ServiceError, None, Answer::Final, format!("could not be built: {}", chain(other))),
    };
    let code = code.filter(|code| !code.is_empty());
    CallError { reason, code, answer, detail: cut(&format!("{action}: {text}")) }
}

/// Explains an answer that is an error. Where the SDK finds no code in it, its header may name one, or its body, in the
/// form of another protocol: endpoints that are not AWS's own mix them up.
fn refusal(
    code: Option<&str>,
    message: &str,
    raw: &HttpResponse,
) -> (Reason, Option<String>, Answer, String) {
    let status = raw.status().as_u16();
    let code = code
        .filter(|code| !code.is_empty())
        .or_else(|| code_in_header(raw))
        .or_else(|| code_in_body(raw))
        .unwrap_or_default();
    let mut text =
        if code.is_empty() { format!("HTTP {status} without an error code") } else { code.to_owned() };
    // AWS quotes the whole request in a message about its signature, with the session token in it.
    if !message.is_empty() && !is_about_signature(code) {
        text = format!("{text}: {message}");
    }
    let answer = if status >= 500 { Answer::Failure } else { Answer::Final };
    (reason_of(code, message, status), Some(code.to_owned()), answer, text)
}

/// Gives the code in the header that AWS's JSON protocols know, without the namespace before it and the address
/// after it.
fn code_in_header(raw: &HttpResponse) -> Option<&str> {
    let code = raw.headers().get("x-amzn-errortype")?;
    plain(code.rsplit('#').next()?.split(':').next()?)
}

/// Gives the code in a body of XML, of whatever shape.
fn code_in_body(raw: &HttpResponse) -> Option<&str> {
    let body = std::str::from_utf8(raw.body().bytes()?).ok()?;
    plain(body.split_once("<Code>")?.1.split_once("</Code>")?.0)
}

/// Gives a code that is one: a page may hold anything.
fn plain(code: &str) -> Option<&str> {
    let code = code.trim();
    let is_code = code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    (is_code && !code.is_empty()).then_some(code)
}

/// Maps a code of AWS. Throttling and denials of AWS Config are not modelled: they come as plain codes.
fn reason_of(code: &str, message: &str, status: u16) -> Reason {
    let denied = code.starts_with("AccessDenied")
        || code.starts_with("UnrecognizedClient")
        || code.starts_with("ExpiredToken")
        || code.starts_with("InvalidClientTokenId")
        || is_about_signature(code)
        || matches!(
            code,
            "UnauthorizedOperation"
                | "AuthFailure"
                | "OptInRequired"
                | "NotAuthorized"
                | "MissingAuthenticationToken"
                | "RequestExpired"
        );
    let throttled = code.starts_with("Throttl")
        || code.starts_with("TooManyRequests")
        || matches!(
            code,
            "RequestLimitExceeded"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "SlowDown"
                | "BandwidthLimitExceeded"
                | "PriorRequestNotComplete"
        );
    if throttled || status == 429 {
        Reason::Throttled
    } else if denied && message.contains("service control policy") {
        Reason::RegionDenied
    } else if denied {
        Reason::RoleDenied
    } else if code == "NoAvailableConfigurationRecorderException" {
        Reason::RecorderAbsent
    } else if code == "RequestTimeout" || code == "RequestTimeoutException" {
        Reason::Timeout
    } else {
        Reason::ServiceError
    }
}

fn is_about_signature(code: &str) -> bool {
    matches!(code, "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature")
        || code.starts_with("IncompleteSignature")
}

/// Writes an error with its causes, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let own = error.to_string();
        if !text.contains(&own) {
            text.push_str(": ");
            text.push_str(&own);
        }
        cause = error.source();
    }
    text
}

/// Cuts a text to what the ledger takes, on one line.
pub(crate) fn cut(text: &str) -> String {
    let mut short: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_DETAIL + 1).collect();
    if short.chars().count() > MAX_DETAIL {
        short = short.chars().take(MAX_DETAIL - 1).collect();
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_reasons() {
        for (code, message, status, reason) in [
            ("AccessDenied", "User: x is not authorized", 403, Reason::RoleDenied),
            ("AccessDeniedException", "no identity-based policy allows it", 400, Reason::RoleDenied),
            (
                "AccessDeniedException",
                "with an explicit deny in a service control policy",
                400,
                Reason::RegionDenied,
            ),
            ("UnrecognizedClientException", "", 400, Reason::RoleDenied),
            ("ExpiredTokenException", "", 400, Reason::RoleDenied),
            ("UnauthorizedOperation", "", 403, Reason::RoleDenied),
            ("ThrottlingException", "Rate exceeded", 400, Reason::Throttled),
            ("Throttling", "Rate exceeded", 400, Reason::Throttled),
            ("RequestLimitExceeded", "", 503, Reason::Throttled),
            ("", "", 429, Reason::Throttled),
            ("NoAvailableConfigurationRecorderException", "", 400, Reason::RecorderAbsent),
            ("InternalFailure", "", 500, Reason::ServiceError),
            ("", "", 500, Reason::ServiceError),
            ("InvalidExpressionException", "", 400, Reason::ServiceError),
        ] {
            assert_eq!(reason_of(code, message, status), reason, "{code} {status}");
        }
    }

    #[test]
    fn a_detail_is_cut_and_stays_on_one_line() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut("two\nlines"), "two lines");
        assert_eq!(cut(&"ü".repeat(MAX_DETAIL)).chars().count(), MAX_DETAIL);
        let long = cut(&"ü".repeat(4000));
        assert_eq!(long.chars().count(), MAX_DETAIL);
        assert!(long.ends_with('…'));
    }
}
