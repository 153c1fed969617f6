//! What is wrong with one rule of the settings.

/// A problem of one entry of a list in the settings, as the rule itself tells it. Whoever reads the settings knows what
/// the list is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingProblem {
    /// Which entry of the list.
    pub index: usize,
    /// Which of its keys; empty where the entry as a whole is meant.
    pub key: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

impl SettingProblem {
    /// Writes it with its key path below the list of this name.
    pub fn at(&self, list: &str) -> String {
        let Self { index, key, message } = self;
        let dot = if key.is_empty() { "" } else { "." };
        format!("{list}.{index}{dot}{key}: {message}")
    }
}
