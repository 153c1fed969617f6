//! Reading requests: bodies, and the forms that ids take.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::problem::Problem;

/// Longest run id, in characters.
pub(super) const MAX_RUN_ID: usize = 128;

/// A JSON body; what is wrong with it is answered as a problem.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let media_type = media_type.split(';').next().unwrap_or("").trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Problem::media_type());
        }
        let bytes = body(request, state).await?;
        let value = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::invalid(format!("the body does not fit: {error}")))?;
        Ok(Self(value))
    }
}

/// The whole body, which axum limits.
pub(super) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("the body has too many bytes"),
        _ => Problem::invalid("the body did not arrive whole"),
    })
}

/// Whether it consists of letters, digits and `._:-`, and does not begin like a hidden file or `..`.
pub(super) fn is_identifier(text: &str, max: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    !text.is_empty() && text.len() <= max && !text.starts_with('.') && text.bytes().all(fits)
}

pub(super) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An asset key in the form in which it is kept: lower case, with hyphens.
pub(super) fn parse_asset_key(text: &str) -> Option<String> {
    let with_hyphens = text.len() == uuid::fmt::Hyphenated::LENGTH;
    with_hyphens.then(|| Uuid::try_parse(text).ok())?.map(|key| key.hyphenated().to_string())
}
