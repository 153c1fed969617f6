//! The names of attributes, one namespace for live items, records and published assets.
//!
//! Besides the constants here: `configuration.<path>` for what AWS Config reports, and any name for extra
//! columns of the source register.

use serde_json::Value;

/// The ARN. Technical.
pub const ARN: &str = "arn";
/// The account; in the register a field of its own, here the name that findings use. Technical.
pub const ACCOUNT_ID: &str = "account_id";
/// The resource id. Technical.
pub const RESOURCE_ID: &str = "resource_id";
/// The resource type. Technical.
pub const RESOURCE_TYPE: &str = "resource_type";
/// The region. Technical.
pub const REGION: &str = "region";
/// When AWS made it. Technical.
pub const CREATED_AT: &str = "created_at";
/// The tags as one object. Technical.
pub const TAGS: &str = "tags";
/// The name: people's, else AWS Config's.
pub const NAME: &str = "name";
/// The source register's id. Organisational.
pub const ASSET_ID: &str = "asset_id";
/// The lifecycle state in the source register's own words. Organisational.
pub const LIFECYCLE: &str = "lifecycle";
/// `registered` or `unregistered`: whether a record speaks of it. Set by bestand.
pub const REGISTRATION: &str = "registration";
/// `live` or `unverified`: whether bestand itself saw it. Set by bestand.
pub const VERIFICATION: &str = "verification";
/// The prefix of what AWS Config reports of a resource's configuration.
pub const CONFIGURATION_PREFIX: &str = "configuration.";

/// Tells whether an attribute describes the resource itself (AWS Config knows best) rather than its place in
/// the organisation (people know best).
pub fn is_technical(name: &str) -> bool {
    name.starts_with(CONFIGURATION_PREFIX)
        || matches!(
            name,
            ARN | ACCOUNT_ID | RESOURCE_ID | RESOURCE_TYPE | REGION | CREATED_AT | TAGS | VERIFICATION
        )
}

/// Tells whether two values say the same: registers keep numbers and truth values as text, and pad text.
pub fn same_value(left: &Value, right: &Value) -> bool {
    if left == right {
        return true;
    }
    if let (Value::Number(left), Value::Number(right)) = (left, right) {
        // A register may give 1 back as 1.0.
        return left.as_f64() == right.as_f64();
    }
    match (scalar_text(left), scalar_text(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spelling_of_scalars_is_no_difference() {
        assert!(same_value(&json!(8), &json!("8 ")));
        assert!(same_value(&json!(true), &json!("true")));
        assert!(!same_value(&json!("t3.micro"), &json!("t3.small")));
        assert!(same_value(&json!(1), &json!(1.0)));
        assert!(!same_value(&json!("1.10"), &json!("1.1")), "versions are no numbers");
        assert!(!same_value(&json!(null), &json!("null")));
    }
}
