//! How `[[authority]]` fits together, and with what is read.

use bestand_model::attribute::UPDATED_AT;
use bestand_model::authority;
use bestand_model::change_set::Provenance;

use super::super::Settings;

/// Lists every problem with its key path.
pub(super) fn problems(settings: &Settings, problems: &mut Vec<String>) {
    let rules = &settings.authority;
    problems.extend(authority::problems(rules, settings.plan.max_attribute_bytes));
    let has_time = settings.source_register.columns.contains_key(UPDATED_AT);
    if let Some(key) = authority::asks_the_age_of(rules, &Provenance::SourceRegister).filter(|_| !has_time) {
        problems.push(format!(
            "{key}: nobody says how old a row is; map `{UPDATED_AT}` in source_register.columns to the column that says when it was last edited"
        ));
    }
}
