//! Tokens for client credentials (RFC 6749, section 4.4).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Register;
use super::request::body;

/// Why there is no token; answered in the form of RFC 6749, section 5.2.
enum Refusal {
    InvalidRequest(&'static str),
    InvalidClient,
    UnsupportedGrant,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error, description) = match self {
            Self::InvalidRequest(why) => (StatusCode::BAD_REQUEST, "invalid_request", why),
            Self::InvalidClient => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "the client or its secret is not known")
            }
            Self::UnsupportedGrant => {
                (StatusCode::BAD_REQUEST, "unsupported_grant_type", "only client_credentials is offered")
            }
        };
        let body = Json(json!({ "error": error, "error_description": description }));
        if status == StatusCode::UNAUTHORIZED {
            return (status, [(WWW_AUTHENTICATE, r#"Basic realm="register""#)], body).into_response();
        }
        (status, body).into_response()
    }
}

pub(super) async fn token(State(register): State<Arc<Register>>, request: Request) -> Response {
    let basic = request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap_or("").to_owned());
    let bytes = match body(request, &()).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    match grant(&register, basic.as_deref(), &bytes) {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

fn grant(register: &Register, basic: Option<&str>, form: &[u8]) -> Result<Response, Refusal> {
    let field = |name: &str| {
        form_urlencoded::parse(form).find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
    };
    match field("grant_type").as_deref() {
        None => return Err(Refusal::InvalidRequest("grant_type is missing")),
        Some("client_credentials") => {}
        Some(_) => return Err(Refusal::UnsupportedGrant),
    }
    let (client_id, client_secret) = match (basic, field("client_id"), field("client_secret")) {
        (Some(_), _, Some(_)) => return Err(Refusal::InvalidRequest("two ways of saying who the client is")),
        (Some(header), _, None) => decode_basic(header).ok_or(Refusal::InvalidClient)?,
        (None, Some(id), Some(secret)) => (id, secret),
        (None, _, _) => return Err(Refusal::InvalidClient),
    };
    let (token, lifetime) =
        register.access.grant(&client_id, &client_secret).ok_or(Refusal::InvalidClient)?;
    let body = Json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
    }));
    Ok(([(CACHE_CONTROL, "no-store")], body).into_response())
}

/// Id and secret of a `Basic` header; both are form-encoded inside (RFC 6749, section 2.3.1).
fn decode_basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| {
        let name = form_urlencoded::parse(text.as_bytes()).next();
        name.map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Some((plain(id), plain(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded_inside() {
        let header = format!("Basic {}", STANDARD.encode("my+client:a%3Ab%2Bc"));
        assert_eq!(decode_basic(&header), Some(("my client".to_owned(), "a:b+c".to_owned())));
        assert_eq!(decode_basic("Basic %%%"), None);
        assert_eq!(decode_basic("Bearer abc"), None);
    }
}
