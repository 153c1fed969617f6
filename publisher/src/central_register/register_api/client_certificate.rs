//! The client certificate: mutual TLS.

use reqwest::{Client, Identity};
use secrecy::ExposeSecret;
use url::Url;

use super::super::RegisterError;
use super::ClientCertificate;

/// Makes what the connection shows, and says what is wrong with it before anything is connected to.
pub(super) fn identity(certificate: &ClientCertificate, base: &Url) -> Result<Identity, RegisterError> {
    let refuse = |reason: String| RegisterError::Setup(reason);
    if base.scheme() != "https" {
        return Err(refuse("a client certificate is shown over TLS only: use https".to_owned()));
    }
    let key = certificate.key_pem.expose_secret();
    if !key.contains("PRIVATE KEY-----") {
        return Err(refuse("the client certificate's key is no private key in PEM".to_owned()));
    }
    if key.contains("ENCRYPTED") {
        return Err(refuse(
            "the client certificate's key is encrypted with a passphrase: keep it without one".to_owned(),
        ));
    }
    let mut pem = certificate.chain_pem.clone();
    pem.push(b'\n');
    pem.extend_from_slice(key.as_bytes());
    pem.push(b'\n');
    let identity = Identity::from_pem(&pem).map_err(|error| {
        refuse(format!("the client certificate or its key cannot be read as PEM: {}", with_causes(&error)))
    })?;
    // By itself, so that what is wrong is known to be wrong with the certificate.
    Client::builder().tls_certs_only([]).identity(identity.clone()).build().map_err(|error| {
        refuse(format!("the client certificate and its key do not fit together: {}", with_causes(&error)))
    })?;
    Ok(identity)
}

/// Writes an error with its causes: reqwest's own text alone says nothing.
pub(super) fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}
