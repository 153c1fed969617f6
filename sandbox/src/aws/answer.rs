//! What goes back to a caller.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
};

/// The wire protocols that AWS services speak here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `awsJson1.1`: Config, Organizations and the Tagging API.
    Json,
    /// `awsQuery`: STS.
    Query,
    /// `ec2Query`: EC2.
    Ec2,
}

/// The request id of every answer: nobody reads it, and a fixed one keeps answers reproducible.
pub(crate) const REQUEST_ID: &str = "b1e57a4d-0000-4000-8000-000000000000";

/// An answer before it becomes HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) error_type: Option<&'static str>,
    pub(crate) body: String,
}

impl Answer {
    /// A good answer in JSON.
    pub(crate) const fn json(body: String) -> Self {
        Self { status: 200, content_type: "application/x-amz-json-1.1", error_type: None, body }
    }

    /// A good answer in XML.
    pub(crate) const fn xml(body: String) -> Self {
        Self { status: 200, content_type: "text/xml;charset=UTF-8", error_type: None, body }
    }

    /// The answer as HTTP.
    pub(crate) fn into_http(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert("x-amzn-requestid", HeaderValue::from_static(REQUEST_ID));
        if let Some(code) = self.error_type {
            headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
        }
        response
    }
}
