//! Names of files come from account ids, but also from settings and from files that somebody may have altered:
//! none may lead out of its folder.

use super::RunStoreError;

const NAME_MAX_BYTES: usize = 128;

/// Checks one segment of a path.
pub(super) fn check(name: &str) -> Result<(), RunStoreError> {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > NAME_MAX_BYTES {
        "it is longer than 128 bytes"
    } else if name.starts_with('.') {
        "it begins with a dot"
    } else if !name.chars().all(safe) {
        "only letters, digits, `-`, `_` and `.` are safe everywhere"
    } else {
        return Ok(());
    };
    Err(RunStoreError::UnsafeName {
        name: name.chars().take(NAME_MAX_BYTES).collect(),
        reason: reason.into(),
    })
}

/// Checks a path: segments between single slashes.
pub(crate) fn check_path(path: &str) -> Result<(), RunStoreError> {
    path.split('/').try_for_each(check)
}
