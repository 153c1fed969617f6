//! Where secrets lie, and what they are for.

use url::Url;

use super::super::{Auth, SecretReference, Settings};

/// Lists every problem with its key path.
pub(super) fn problems(settings: &Settings, problems: &mut Vec<String>) {
    for (key, reference) in settings.secrets() {
        place(key.path(), &reference, problems);
    }
    source_password(settings, problems);
    source_iam(settings, problems);
    token_url(settings, problems);
    client_certificate(settings, problems);
}

fn place(path: &str, reference: &SecretReference, problems: &mut Vec<String>) {
    let SecretReference { env, file, secrets_manager, json_key } = reference;
    let places = [env.is_some(), file.is_some(), secrets_manager.is_some()];
    if places.iter().filter(|named| **named).count() != 1 {
        problems.push(format!(
            "{path}: name exactly one place, {{ env = \"NAME\" }}, {{ file = \"path\" }} or {{ secrets_manager = \"name or ARN\" }}"
        ));
    }
    if json_key.is_some() && secrets_manager.is_none() {
        problems.push(format!("{path}.json_key: only a secret in Secrets Manager is read as JSON"));
    }
    let empty = [
        ("env", env.as_ref().is_some_and(|name| name.trim().is_empty())),
        ("file", file.as_ref().is_some_and(|path| path.as_os_str().is_empty())),
        ("secrets_manager", secrets_manager.as_ref().is_some_and(|id| id.trim().is_empty())),
        ("json_key", json_key.as_ref().is_some_and(String::is_empty)),
    ];
    for (name, _) in empty.iter().filter(|(_, empty)| *empty) {
        problems.push(format!("{path}.{name}: must not be empty"));
    }
    if let Some(id) = secrets_manager.as_ref().filter(|id| id.starts_with("arn:")) {
        let parts: Vec<&str> = id.splitn(7, ':').collect();
        let of_secret = matches!(parts.as_slice(),
            [_, partition, "secretsmanager", region, account, "secret", name]
                if ![partition, region, account, name].iter().any(|part| part.is_empty()));
        if !of_secret {
            problems.push(format!(
                "{path}.secrets_manager: `{id}` is no secret's ARN: expected arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
            ));
        }
    }
}

fn source_password(settings: &Settings, problems: &mut Vec<String>) {
    let register = &settings.source_register;
    if register.password.is_none() {
        return;
    }
    if !is_postgres(settings) {
        problems.push("source_register.password: only PostgreSQL asks for one; take it out".into());
    }
    let in_url = Url::parse(&register.url).is_ok_and(|url| {
        url.password().is_some() || url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("password"))
    });
    if in_url {
        problems.push(
            "source_register.password: source_register.url holds a password as well; take it out there"
                .into(),
        );
    }
}

fn is_postgres(settings: &Settings) -> bool {
    let scheme = settings.source_register.url.split(':').next().unwrap_or_default().to_ascii_lowercase();
    matches!(scheme.as_str(), "postgres" | "postgresql")
}

fn source_iam(settings: &Settings, problems: &mut Vec<String>) {
    let register = &settings.source_register;
    if register.extra_roots.is_some() && !is_postgres(settings) {
        problems.push("source_register.extra_roots: only PostgreSQL shows a certificate; take it out".into());
    }
    if !register.iam_authentication {
        return;
    }
    if !is_postgres(settings) {
        problems.push(
            "source_register.iam_authentication: only PostgreSQL on Amazon RDS or Aurora knows it".into(),
        );
    }
    if register.password.is_some() {
        problems.push(
            "source_register.iam_authentication: stands in place of a password; take source_register.password out"
                .into(),
        );
    }
}

/// The issuer's address is told in messages, and kept with each run.
fn token_url(settings: &Settings, problems: &mut Vec<String>) {
    let auth = settings.central_register.as_ref().map(|register| &register.auth);
    let Some(Auth::OAuth2 { token_url: Some(url), .. }) = auth else { return };
    if !url.username().is_empty() || url.password().is_some() {
        problems.push(
            "central_register.auth.token_url: must not hold a user or password; use client_id and client_secret".into(),
        );
    }
}

fn client_certificate(settings: &Settings, problems: &mut Vec<String>) {
    let Some(register) = &settings.central_register else { return };
    let Some(certificate) = &register.client_certificate else {
        if matches!(register.auth, Auth::MutualTls {}) {
            problems.push(
                "central_register.client_certificate: `mutual_tls` shows a certificate; name it and its key"
                    .into(),
            );
        }
        return;
    };
    if register.url.scheme() != "https" {
        problems.push(
            "central_register.client_certificate: a certificate is shown over TLS only; central_register.url must begin with https://".into(),
        );
    }
    if certificate.certificate.as_os_str().is_empty() {
        problems.push("central_register.client_certificate.certificate: must not be empty".into());
    }
}
