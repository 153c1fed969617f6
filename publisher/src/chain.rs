//! An error with its causes, where somebody will look for them: in a receipt, or in a verdict.

use std::error::Error;

/// Writes an error and all its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
