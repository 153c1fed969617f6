//! Errors as problem details (RFC 9457).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error as the caller sees it.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    hint: Option<Hint>,
}

/// What the caller is told in a header of its own.
#[derive(Debug)]
enum Hint {
    Authenticate,
    RetryAfterSecs(u32),
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, detail: None, hint: None }
    }

    fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn with(mut self, hint: Hint) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "the request makes no sense").because(detail)
    }

    pub(super) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "the caller is not known")
            .because(detail)
            .with(Hint::Authenticate)
    }

    pub(super) fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "the caller may not do this").because(detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here").because(detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the method is not offered here")
    }

    pub(super) fn environment_mismatch(ours: &str, theirs: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "environment_mismatch", "the register belongs to another environment")
            .because(format!("this is {ours}, the run says {theirs}"))
    }

    pub(super) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is too large").because(detail)
    }

    pub(super) fn media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body has another media type",
        )
        .because("the body must be application/json")
    }

    pub(super) fn too_many_requests(retry_after_secs: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests")
            .with(Hint::RetryAfterSecs(retry_after_secs))
    }

    pub(super) fn unavailable(retry_after_secs: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the register is not available now")
            .with(Hint::RetryAfterSecs(retry_after_secs))
    }
}

impl From<sqlx::Error> for Problem {
    /// A transaction that failed was rolled back, so the call may come again.
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the register's database failed");
        Self::unavailable(1)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("urn:register-api:problem:{}", self.code),
            "title": self.title,
            "status": self.status.as_u16(),
        });
        if let Some(detail) = self.detail {
            body["detail"] = detail.into();
        }
        let media_type = (CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut response = (self.status, [media_type], body.to_string()).into_response();
        match self.hint {
            None => {}
            Some(Hint::Authenticate) => {
                let scheme = HeaderValue::from_static(r#"Bearer realm="register""#);
                response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            }
            Some(Hint::RetryAfterSecs(secs)) => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(secs));
            }
        }
        response
    }
}
