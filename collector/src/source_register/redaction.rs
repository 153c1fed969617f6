//! Keeps the password out of everything that is said about the register.

use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::{DatabaseFault, SourceRegisterError};

/// Knows the register's password, and how to speak of the register without it.
#[derive(Debug)]
pub(super) struct Redaction {
    register: String,
    secrets: Mutex<Vec<SecretString>>,
}

impl Redaction {
    /// Takes the name to show, the URL that may hold a password, and the one beside it.
    pub(super) fn new(register: String, url: &SecretString, password: Option<&SecretString>) -> Self {
        let given = password.filter(|password| !password.expose_secret().is_empty());
        let mut secrets: Vec<SecretString> = given.cloned().into_iter().collect();
        if let Ok(url) = Url::parse(url.expose_secret()) {
            let mut keep = |text: &str| {
                if !text.is_empty() {
                    secrets.push(SecretString::from(text.to_owned()));
                }
            };
            if let Some(password) = url.password() {
                keep(password);
                // A driver sees and repeats the decoded form.
                keep(&percent_decoded(password));
            }
            for (name, value) in url.query_pairs() {
                if name.eq_ignore_ascii_case("password") || name.eq_ignore_ascii_case("sslpassword") {
                    keep(&value);
                }
            }
        }
        Self { register, secrets: Mutex::new(secrets) }
    }

    /// Keeps out another one, which came to be since.
    pub(super) fn keep_out(&self, secret: &SecretString) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
    }

    /// Gives the register's name for messages.
    pub(super) fn register(&self) -> &str {
        &self.register
    }

    /// Turns a driver's error, with all that caused it, into text without the password.
    pub(super) fn fault(&self, error: &dyn std::error::Error) -> DatabaseFault {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            // Many drivers repeat the cause in their own text.
            if !text.contains(&inner_text) {
                text = format!("{text}: {inner_text}");
            }
            cause = inner.source();
        }
        DatabaseFault(self.clean(&text))
    }

    /// Makes the error of a statement that failed.
    pub(super) fn failed(&self, doing: &'static str, error: &sqlx::Error) -> SourceRegisterError {
        SourceRegisterError::Database { register: self.register.clone(), doing, source: self.fault(error) }
    }

    fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in self.secrets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            clean = clean.replace(secret.expose_secret(), "***");
        }
        clean
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        let value = escaped
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match value {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_as_written_and_as_meant() {
        let url = SecretString::from("postgres://itk:p%40ss%26wort@db/itk?password=zweites".to_owned());
        let redaction = Redaction::new("db".to_owned(), &url, Some(&SecretString::from("drittes")));
        let error = std::io::Error::other("refused p@ss&wort, p%40ss%26wort, zweites and drittes");
        assert_eq!(redaction.fault(&error).to_string(), "refused ***, ***, *** and ***");
        redaction.keep_out(&SecretString::from("viertes"));
        assert_eq!(redaction.fault(&std::io::Error::other("not viertes")).to_string(), "not ***");
    }
}
