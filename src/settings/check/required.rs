//! `[[required]]`: rules that cannot be meant so.

use bestand_model::attribute;
use bestand_model::requirement::Requirements;

use super::super::Settings;

/// What AWS Config says of resources without a column of the source register.
const OF_AWS: [&str; 6] = [
    attribute::ARN,
    attribute::RESOURCE_ID,
    attribute::NAME,
    attribute::REGION,
    attribute::RESOURCE_TYPE,
    attribute::CREATED_AT,
];

/// Lists every problem with its key path.
pub(super) fn problems(settings: &Settings, problems: &mut Vec<String>) {
    if let Err(own) = Requirements::new(&settings.required) {
        problems.extend(own.iter().map(|problem| problem.at("required")));
    }
    for (index, rule) in settings.required.iter().enumerate() {
        let named = rule.attribute.as_deref().map(|name| ("attribute", name));
        let narrowed = (!rule.environments.is_empty()).then_some(("environments", "environment"));
        for (key, name) in named.into_iter().chain(narrowed) {
            if !name.trim().is_empty() && !name.starts_with("tag:") && !is_reported(settings, name) {
                problems.push(format!(
                    "required.{index}.{key}: nobody reports `{name}`, so the rule would never find anything; map it in source_register.columns"
                ));
            }
        }
    }
}

/// Tells whether any source can report an attribute.
fn is_reported(settings: &Settings, name: &str) -> bool {
    settings.source_register.columns.contains_key(name)
        || OF_AWS.contains(&name)
        || name.starts_with(attribute::CONFIGURATION_PREFIX)
        // These have a problem of their own.
        || [attribute::ACCOUNT_ID, attribute::TAGS, attribute::REGISTRATION, attribute::VERIFICATION]
            .contains(&name)
}
