//! Whose value wins, attribute by attribute. Today's table: AWS Config for what describes the resource, the
//! source register for its place in the organisation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attribute;
use crate::change_set::Provenance;
use crate::identifiers::ResourceType;

/// What is done about an attribute that somebody else changed in the central register.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalPolicy {
    /// bestand's value is published again; the finding tells.
    #[default]
    Overwrite,
    /// The other value stays, and counts as right.
    Keep,
    /// The other value stays until a person decides; the finding tells.
    Report,
}

/// Whose value wins, per attribute and type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthorityTable;

impl AuthorityTable {
    /// Gives what is done about an attribute that somebody else changed.
    pub fn external(&self, _kind: Option<&ResourceType>, _attribute: &str) -> ExternalPolicy {
        ExternalPolicy::default()
    }
}

/// What the sources say of one attribute. `None`: the source does not report it, which says nothing;
/// null: the source reports that there is none.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// AWS Config.
    pub live: Option<&'a Value>,
    /// The source register.
    pub registered: Option<&'a Value>,
}

/// Gives the source that has authority over an attribute.
pub fn authority(name: &str) -> Provenance {
    if attribute::is_technical(name) { Provenance::ConfigService } else { Provenance::SourceRegister }
}

/// Gives the winning value and its source; nothing where no source reports the attribute, so that what was
/// published last stays.
pub fn resolve<'a>(name: &str, said: Said<'a>) -> Option<(&'a Value, Provenance)> {
    let live = said.live.map(|value| (value, Provenance::ConfigService));
    let registered = said.registered.map(|value| (value, Provenance::SourceRegister));
    match authority(name) {
        // AWS Config's "none" is knowledge: it beats what people wrote down.
        Provenance::ConfigService => live.or(registered),
        // People leave cells empty: a name that AWS Config knows is better than none.
        _ => match (registered, live) {
            (Some((value, _)), Some(fallback)) if value.is_null() => Some(fallback),
            (registered, live) => registered.or(live),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn config_service_wins_for_technical_and_the_source_register_for_organisational_attributes() {
        let (a, b, none) = (json!("a"), json!("b"), json!(null));
        let resolve =
            |name, live, registered| resolve(name, Said { live, registered }).map(|(v, p)| (v.clone(), p));
        let config = Provenance::ConfigService;
        let source = Provenance::SourceRegister;
        assert_eq!(resolve("configuration.x", Some(&a), Some(&b)), Some((a.clone(), config)));
        assert_eq!(resolve("configuration.x", Some(&none), Some(&b)), Some((none.clone(), config)));
        assert_eq!(resolve("configuration.x", None, Some(&b)), Some((b.clone(), source)));
        assert_eq!(resolve("owner", Some(&a), Some(&b)), Some((b.clone(), source)));
        assert_eq!(resolve("name", Some(&a), Some(&none)), Some((a.clone(), config)));
        assert_eq!(resolve("owner", None, Some(&none)), Some((none.clone(), source)));
        assert_eq!(resolve("owner", None, None), None);
    }
}
