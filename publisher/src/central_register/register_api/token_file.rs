//! A bearer token that lies in a file, where somebody else renews it.

use std::path::PathBuf;

use reqwest::header::HeaderValue;
use secrecy::SecretString;

use super::super::RegisterError;
use super::auth::bearer;
use super::failure::Failure;

/// No token is longer; what is, is another file.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// The file, read anew for each request: whoever rotates tokens need not tell, and a clock that is coarser than the
/// rotation cannot hide a change.
pub(super) struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Gives the header with the token as it stands there now.
    ///
    /// A file that is missing or empty may be in the middle of its rotation: worth another try.
    pub(super) async fn bearer(&self) -> Result<HeaderValue, Failure> {
        let bytes = tokio::fs::read(&self.path)
            .await
            .map_err(|error| self.failed(&format!("it cannot be read: {error}"), true))?;
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(self.failed(&format!("it is longer than {MAX_TOKEN_BYTES} bytes"), false));
        }
        let text = String::from_utf8(bytes).map_err(|_| self.failed("it is no text", false))?;
        if text.trim().is_empty() {
            return Err(self.failed("it is empty", true));
        }
        bearer(&SecretString::from(text.trim()))
            .map_err(|_| self.failed("what it holds cannot be sent in a header", false))
    }

    fn failed(&self, reason: &str, transient: bool) -> Failure {
        let (path, reason) = (self.path.clone(), reason.to_owned());
        Failure::unsent(RegisterError::TokenFile { path, reason }, transient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_file_in_the_middle_of_its_rotation_is_worth_another_try_and_a_wrong_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let transient = async || TokenFile::new(path.clone()).bearer().await.unwrap_err().transient;
        assert!(transient().await, "it is not there");
        for (text, worth_it) in [("", true), ("\n", true), ("two\nlines", false)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(transient().await, worth_it, "{text:?}");
        }
    }
}
