//! The names of attributes, one namespace for live items, records and published assets.
//!
//! Besides the constants here: `configuration.<path>` for what AWS Config reports, and any name for extra
//! columns of the source register.

mod quantity;
mod spelling;

use serde_json::Value;

pub use quantity::Unit;
pub(crate) use spelling::folded;
pub use spelling::{Compare, looks_alike, same_value};

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
/// When the source register's row was last edited, where that column is mapped. Organisational.
pub const UPDATED_AT: &str = "updated_at";
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

/// Tells whether an attribute tells which resource it is, or is bestand's own mark: no rule of authority decides on it.
pub fn is_identity_or_mark(name: &str) -> bool {
    matches!(
        name,
        ARN | ACCOUNT_ID
            | RESOURCE_ID
            | RESOURCE_TYPE
            | REGION
            | CREATED_AT
            | ASSET_ID
            | REGISTRATION
            | VERIFICATION
    )
}

/// Tells whether a value says that there is none: null, or nothing but space.
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Cuts a text that nobody would read to its end.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
