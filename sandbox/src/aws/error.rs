//! Errors as AWS words them, in the shape of each wire protocol.

use super::{
    answer::{Answer, Protocol},
    xml::Xml,
};
use serde_json::json;

/// An error that a caller gets: AWS's code, its HTTP status and a message for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl AwsError {
    /// An error with HTTP status 400.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    /// An error with another HTTP status.
    pub(crate) fn with_status(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The answer that carries the error.
    pub(crate) fn answer(&self, protocol: Protocol) -> Answer {
        match protocol {
            Protocol::Json => {
                let body = json!({"__type": self.code, "message": self.message}).to_string();
                Answer { status: self.status, error_type: Some(self.code), ..Answer::json(body) }
            }
            Protocol::Query => {
                let mut xml = Xml::default();
                xml.open_with("ErrorResponse", "xmlns", "https://sts.amazonaws.com/doc/2011-06-15/")
                    .open("Error");
                let side = if self.status < 500 { "Sender" } else { "Receiver" };
                xml.leaf("Type", side).leaf("Code", self.code).leaf("Message", &self.message).close("Error");
                xml.leaf("RequestId", super::answer::REQUEST_ID).close("ErrorResponse");
                Answer { status: self.status, ..Answer::xml(xml.finish()) }
            }
            Protocol::Ec2 => {
                let mut xml = Xml::default();
                xml.open("Response").open("Errors").open("Error");
                xml.leaf("Code", self.code).leaf("Message", &self.message);
                xml.close("Error")
                    .close("Errors")
                    .leaf("RequestID", super::answer::REQUEST_ID)
                    .close("Response");
                Answer { status: self.status, ..Answer::xml(xml.finish()) }
            }
        }
    }
}
