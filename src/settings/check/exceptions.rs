//! `[[exceptions]]`: rules that cannot be meant so.

use bestand_model::exception::Exceptions;

use super::super::Settings;

/// Lists every problem with its key path.
pub(super) fn problems(settings: &Settings, problems: &mut Vec<String>) {
    if let Err(own) = Exceptions::new(&settings.exceptions) {
        problems.extend(own.iter().map(|problem| problem.at("exceptions")));
    }
}
