//! What a rule compares: an attribute of a record or an item, and what is done with its text before.
//!
//! Written `attribute | function | function`, such as `tag:inventory-id | trim | fold_case`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::arn::Arn;
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::configuration_item::{ConfigurationItem, Tags};

/// An attribute and what is done with its text, in order.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Expression {
    text: String,
    attribute: String,
    functions: Vec<Function>,
}

/// What one side says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// This text, never empty.
    Text(String),
    /// That there is none.
    Nothing,
    /// Nothing at all: the path that gave the item does not report it.
    NotCollected,
}

/// What is done with a text.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Function {
    Trim,
    FoldCase,
    ArnService,
    ArnRegion,
    ArnAccount,
    ArnResource,
    ArnId,
    StripPrefix(String),
    StripSuffix(String),
    Until(String),
    After(String),
}

const FUNCTIONS: &str = "trim, fold_case, arn.service, arn.region, arn.account, arn.resource, arn.id, strip_prefix:TEXT, strip_suffix:TEXT, until:TEXT, after:TEXT";

/// The prefix of an attribute that is a tag.
pub const TAG_PREFIX: &str = "tag:";

/// The text is no expression.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no expression: {reason}")]
pub struct NoExpression {
    text: String,
    reason: String,
}

impl Expression {
    /// Gives the attribute that is read, such as `name`, `tag:inventory-id` or `configuration.privateDnsName`.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Gives the key of the tag that is read, if it is one.
    pub fn tag(&self) -> Option<&str> {
        self.attribute.strip_prefix(TAG_PREFIX)
    }

    /// Tells whether capitals are made small.
    pub fn folds_case(&self) -> bool {
        self.functions.contains(&Function::FoldCase)
    }

    /// Reads a record. A cell that is empty says nothing to go by.
    pub fn of_record(&self, record: &AssetRecord) -> Reading {
        let text = match self.attribute.as_str() {
            attribute::ASSET_ID => record.asset_id.as_ref().map(|id| id.as_str().to_owned()),
            attribute::ARN => record.arn.as_ref().map(|arn| arn.as_str().to_owned()),
            attribute::RESOURCE_ID => record.resource_id.as_ref().map(|id| id.as_str().to_owned()),
            attribute::ACCOUNT_ID => record.account_id.as_ref().map(|id| id.as_str().to_owned()),
            attribute::REGION => record.region.as_ref().map(|region| region.as_str().to_owned()),
            attribute::RESOURCE_TYPE => record.resource_type.as_ref().map(|kind| kind.as_str().to_owned()),
            name => record.attributes.get(name).and_then(text_of),
        };
        self.apply(text)
    }

    /// Reads a live item.
    pub fn of_item(&self, item: &ConfigurationItem) -> Reading {
        if let Some(key) = self.tag() {
            return match &item.tags {
                Tags::NotCollected => Reading::NotCollected,
                Tags::Collected(tags) => self.apply(tags.get(key).cloned()),
            };
        }
        let text = match self.attribute.as_str() {
            attribute::ARN => item.arn.as_ref().map(|arn| arn.as_str().to_owned()),
            attribute::RESOURCE_ID => Some(item.resource_id.as_str().to_owned()),
            attribute::ACCOUNT_ID => Some(item.account_id.as_str().to_owned()),
            attribute::REGION => Some(item.region.as_str().to_owned()),
            attribute::RESOURCE_TYPE => Some(item.resource_type.as_str().to_owned()),
            attribute::NAME => item.resource_name.clone(),
            path => match item.attributes.get(path) {
                // A key that is missing was not reported, which says nothing.
                None => return Reading::NotCollected,
                Some(value) => text_of(value),
            },
        };
        self.apply(text)
    }

    fn apply(&self, text: Option<String>) -> Reading {
        // Letters that are written in two ways are the same letters.
        let text = text.map(|text| text.nfc().collect::<String>());
        let result = self.functions.iter().fold(text, |text, function| function.apply(text?));
        result.filter(|text| !text.is_empty()).map_or(Reading::Nothing, Reading::Text)
    }
}

impl Function {
    fn apply(&self, text: String) -> Option<String> {
        let arn = || text.parse::<Arn>().ok();
        match self {
            Self::Trim => Some(text.trim().to_owned()),
            Self::FoldCase => Some(text.to_lowercase()),
            Self::ArnService => arn().map(|arn| arn.service().to_owned()),
            Self::ArnRegion => arn()?.region().map(|region| region.as_str().to_owned()),
            Self::ArnAccount => arn()?.account_id().map(|account| account.as_str().to_owned()),
            Self::ArnResource => arn().map(|arn| arn.resource().to_owned()),
            Self::ArnId => {
                let arn = arn()?;
                let resource = arn.resource();
                Some(resource.rsplit(['/', ':']).next().unwrap_or(resource).to_owned())
            }
            // A text that does not begin so is another text, not the same one.
            Self::StripPrefix(prefix) => text.strip_prefix(prefix.as_str()).map(str::to_owned),
            Self::StripSuffix(suffix) => text.strip_suffix(suffix.as_str()).map(str::to_owned),
            Self::Until(mark) => Some(text.split(mark.as_str()).next().unwrap_or("").to_owned()),
            Self::After(mark) => text.split_once(mark.as_str()).map(|(_, rest)| rest.to_owned()),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let plain = match name {
            "trim" => Some(Self::Trim),
            "fold_case" => Some(Self::FoldCase),
            "arn.service" => Some(Self::ArnService),
            "arn.region" => Some(Self::ArnRegion),
            "arn.account" => Some(Self::ArnAccount),
            "arn.resource" => Some(Self::ArnResource),
            "arn.id" => Some(Self::ArnId),
            _ => None,
        };
        let with_text: Option<fn(String) -> Self> = match name {
            "strip_prefix" => Some(Self::StripPrefix),
            "strip_suffix" => Some(Self::StripSuffix),
            "until" => Some(Self::Until),
            "after" => Some(Self::After),
            _ => None,
        };
        match (plain, with_text, argument) {
            (Some(function), _, None) => Ok(function),
            (Some(_), _, Some(_)) => Err(format!("`{name}` takes no text")),
            (_, Some(function), Some(argument)) if !argument.is_empty() => Ok(function(argument.to_owned())),
            (_, Some(_), _) => Err(format!("`{name}` needs a text: {name}:TEXT")),
            (None, None, _) => Err(format!("`{text}` is no function; there are {FUNCTIONS}")),
        }
    }
}

impl FromStr for Expression {
    type Err = NoExpression;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason: String| NoExpression { text: text.chars().take(120).collect(), reason };
        let mut parts = text.split('|').map(str::trim);
        let attribute = parts.next().unwrap_or("").to_owned();
        if attribute.is_empty() || attribute == TAG_PREFIX {
            return Err(refuse(
                "it must begin with an attribute, such as asset_id or tag:inventory-id".into(),
            ));
        }
        if attribute.chars().any(char::is_control) {
            return Err(refuse("an attribute holds no control characters".into()));
        }
        let functions = parts.map(Function::parse).collect::<Result<Vec<_>, _>>().map_err(refuse)?;
        Ok(Self { text: text.to_owned(), attribute, functions })
    }
}

impl TryFrom<String> for Expression {
    type Error = NoExpression;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Expression> for String {
    fn from(expression: Expression) -> Self {
        expression.text
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A list or an object names nothing.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(expression: &str, text: &str) -> Reading {
        expression.parse::<Expression>().unwrap().apply(Some(text.to_owned()))
    }

    fn text(text: &str) -> Reading {
        Reading::Text(text.to_owned())
    }

    #[test]
    fn functions_are_applied_in_order() {
        assert_eq!(read("name | trim | fold_case", "  BUS-7 "), text("bus-7"));
        assert_eq!(read("name | strip_prefix:vm- | until:.", "vm-bus7.regio.example"), text("bus7"));
        assert_eq!(read("name | after:/", "depot/nord/7"), text("nord/7"));
        assert_eq!(read("name | strip_suffix:.example", "bus7.example"), text("bus7"));
    }

    #[test]
    fn parts_of_an_arn_are_read_and_other_texts_have_none() {
        let arn = "arn:aws:lambda:eu-central-1:111122223333:function:fahrplan";
        assert_eq!(read("arn | arn.id", arn), text("fahrplan"));
        assert_eq!(read("arn | arn.resource", arn), text("function:fahrplan"));
        assert_eq!(read("arn | arn.account", arn), text("111122223333"));
        assert_eq!(read("arn | arn.region", arn), text("eu-central-1"));
        assert_eq!(read("arn | arn.service", arn), text("lambda"));
        assert_eq!(read("arn | arn.id", "no arn"), Reading::Nothing);
    }

    #[test]
    fn a_text_without_the_prefix_is_another_text() {
        assert_eq!(read("name | strip_prefix:vm-", "bus7"), Reading::Nothing);
        assert_eq!(read("name | trim", "   "), Reading::Nothing);
    }

    #[test]
    fn letters_that_are_written_in_two_ways_are_the_same() {
        assert_eq!(read("name", "Ko\u{308}ln"), text("K\u{f6}ln"));
    }

    #[test]
    fn what_is_no_expression_is_refused_with_a_reason() {
        for (wrong, reason) in [
            ("", "must begin with an attribute"),
            ("tag:", "must begin with an attribute"),
            ("name | shout", "`shout` is no function; there are trim"),
            ("name | until", "`until` needs a text"),
            ("name | trim:x", "`trim` takes no text"),
        ] {
            let error = wrong.parse::<Expression>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
