//! Reads a request: which service, which operation, from whom, for which region.

use super::{answer::Protocol, error::AwsError};
use axum::http::HeaderMap;
use serde_json::Value;
use std::collections::BTreeMap;

/// The services that answer here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Sts,
    Ec2,
    Config,
    Tagging,
    Organizations,
}

impl Service {
    /// The protocol that the service speaks.
    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::Sts => Protocol::Query,
            Self::Ec2 => Protocol::Ec2,
            Self::Config | Self::Tagging | Self::Organizations => Protocol::Json,
        }
    }

    /// The prefix of the service's actions in policies.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Ec2 => "ec2",
            Self::Config => "config",
            Self::Tagging => "tag",
            Self::Organizations => "organizations",
        }
    }
}

const TARGETS: [(&str, Service); 3] = [
    ("StarlingDoveService", Service::Config),
    ("ResourceGroupsTaggingAPI_20170126", Service::Tagging),
    ("AWSOrganizationsV20161128", Service::Organizations),
];

/// One call, read from the wire.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: String,
    /// From the credential scope of the signature; the signature itself is not verified.
    pub(crate) region: String,
    pub(crate) access_key: Option<String>,
    pub(crate) session_token: Option<String>,
    pub(crate) input: Input,
}

/// The parameters of a call.
#[derive(Debug)]
pub(crate) enum Input {
    Json(Value),
    Form(BTreeMap<String, String>),
}

impl Call {
    /// Reads a call from its headers and body.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, (Protocol, AwsError)> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (service, operation, input) = match text("x-amz-target") {
            Some(target) => read_json(target, body).map_err(|error| (Protocol::Json, error))?,
            None => read_form(body).map_err(|error| (Protocol::Query, error))?,
        };
        let scope = text("authorization").and_then(Scope::read);
        let (access_key, region) =
            scope.map_or((None, String::new()), |scope| (Some(scope.key), scope.region));
        let session_token = text("x-amz-security-token").map(str::to_owned);
        Ok(Self { service, operation, region, access_key, session_token, input })
    }

    /// The parameters of a call in JSON; none for one that came as a form.
    pub(crate) fn json(&self) -> &Value {
        match &self.input {
            Input::Json(value) => value,
            Input::Form(_) => &Value::Null,
        }
    }

    /// A parameter of a call that came as a form.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        match &self.input {
            Input::Form(fields) => fields.get(name).map(String::as_str),
            Input::Json(_) => None,
        }
    }

    /// A list of a call that came as a form: `name.1`, `name.2` and so on.
    pub(crate) fn parameters(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|at| self.parameter(&format!("{name}.{at}"))).collect()
    }
}

fn read_json(target: &str, body: &[u8]) -> Result<(Service, String, Input), AwsError> {
    let unknown = || AwsError::new("UnknownOperationException", format!("no operation {target}"));
    let (name, operation) = target.split_once('.').ok_or_else(unknown)?;
    let service = TARGETS.into_iter().find(|(known, _)| *known == name).ok_or_else(unknown)?.1;
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| AwsError::new("SerializationException", format!("the body is not JSON: {error}")))?;
    if !value.is_object() {
        return Err(AwsError::new("SerializationException", "the body is not a JSON object"));
    }
    Ok((service, operation.to_owned(), Input::Json(value)))
}

fn read_form(body: &[u8]) -> Result<(Service, String, Input), AwsError> {
    let fields: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let operation = fields.get("Action").cloned();
    let operation = operation
        .ok_or_else(|| AwsError::new("MissingAction", "neither X-Amz-Target nor Action is given"))?;
    let service = match fields.get("Version").map(String::as_str) {
        Some("2011-06-15") => Service::Sts,
        Some("2016-11-15") => Service::Ec2,
        other => {
            let version = other.unwrap_or("none");
            return Err(AwsError::new(
                "InvalidAction",
                format!("no service has {operation} in version {version}"),
            ));
        }
    };
    Ok((service, operation, Input::Form(fields)))
}

struct Scope {
    key: String,
    region: String,
}

impl Scope {
    /// Reads `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, ...`.
    fn read(header: &str) -> Option<Self> {
        let credential = header.split_once("Credential=")?.1.split(',').next()?;
        let mut parts = credential.split('/');
        let (key, _date, region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { key: key.to_owned(), region: region.to_owned() })
    }
}
