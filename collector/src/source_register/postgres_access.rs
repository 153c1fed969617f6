//! How PostgreSQL is reached: whom it may be, and how bestand shows it who it is itself.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use url::Url;

use super::error::SourceRegisterError;
use super::settings::SignIn;
use super::sql::ReadingPlan;
use crate::credentials::AwsContext;
use crate::database_token::{DatabaseUser, region_of_endpoint};

/// SQLSTATE class of a server that does not let somebody in.
const NOT_AUTHORIZED: &str = "28";

/// What a certificate begins with in PEM.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// What it takes to connect.
pub(super) struct PostgresAccess {
    options: PgConnectOptions,
    iam: Option<(AwsContext, DatabaseUser)>,
}

impl PostgresAccess {
    /// Checks the URL against how its user signs in.
    ///
    /// # Errors
    /// What is wrong, without the URL: it may hold a password.
    pub(super) fn new(url: &str, sign_in: &SignIn, extra_roots: Option<&[u8]>) -> Result<Self, String> {
        let unfit =
            || "the `url` is no PostgreSQL URL: expected postgres://user:password@host/database".to_owned();
        let parts = Url::parse(url).ok().filter(|_| url.contains("://")).ok_or_else(unfit)?;
        // A password with a character that ends it early would else show up as host or database.
        if [Some(parts.path()), parts.fragment()].into_iter().flatten().any(|part| part.contains('@')) {
            return Err(format!("{}, with the password percent-encoded", unfit()));
        }
        let mut options = PgConnectOptions::from_str(url).map_err(|_| unfit())?;
        let mut iam = None;
        match sign_in {
            SignIn::AsInUrl => {}
            SignIn::Password(password) => options = options.password(password.expose_secret()),
            SignIn::Iam(aws) => iam = Some((AwsContext::clone(aws), database_user(&parts, &options, aws)?)),
        }
        let options = checking_the_server(options, &parts, iam.is_some(), extra_roots)?;
        Ok(Self { options, iam })
    }

    /// Gives the database's name for messages.
    pub(super) fn name(&self) -> String {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        format!("PostgreSQL {} at {host}:{port}", self.options.get_database().unwrap_or("default database"))
    }

    /// Connects.
    ///
    /// # Errors
    /// The database cannot be reached or does not let the job in, or there are no credentials for a token.
    pub(super) async fn connect(&self, plan: &ReadingPlan) -> Result<PgConnection, SourceRegisterError> {
        let options = self.options.clone().application_name("bestand").disable_statement_logging();
        let Some((aws, user)) = &self.iam else {
            return plan.connection(PgConnection::connect_with(&options)).await;
        };
        let register = || plan.redaction.register().to_owned();
        let token = aws
            .database_token(user)
            .await
            .map_err(|source| SourceRegisterError::NoToken { register: register(), source })?;
        plan.redaction.keep_out(&token);
        let options = options.password(token.expose_secret());
        let mut refused = false;
        let connecting = async {
            let connected = PgConnection::connect_with(&options).await;
            refused = connected.as_ref().is_err_and(is_not_let_in);
            connected
        };
        let connection = plan.connection(connecting).await;
        match connection {
            Err(SourceRegisterError::Unreachable { register, source }) if refused => {
                Err(SourceRegisterError::NotLetIn { register, user: Box::new(user.clone()), source })
            }
            other => other,
        }
    }
}

fn is_not_let_in(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with(NOT_AUTHORIZED))
}

/// Gives whom IAM is asked for.
fn database_user(parts: &Url, options: &PgConnectOptions, aws: &AwsContext) -> Result<DatabaseUser, String> {
    if parts.username().is_empty() {
        return Err(
            "the `url` names no user: `iam_authentication` signs in as postgres://USER@host/database"
                .to_owned(),
        );
    }
    if parts.password().is_some() || named(parts, &["password"]) {
        return Err(
            "the `url` holds a password, and `iam_authentication` is set: take one of them out".to_owned()
        );
    }
    let host = options.get_host();
    if options.get_socket().is_some() || host.is_empty() || host.starts_with('/') {
        return Err(
            "the `url` names no host, and `iam_authentication` needs the endpoint of Amazon RDS".to_owned()
        );
    }
    Ok(DatabaseUser {
        host: host.to_owned(),
        port: options.get_port(),
        name: options.get_username().to_owned(),
        region: region_of_endpoint(host).map_or_else(|| aws.home_region().as_str().to_owned(), str::to_owned),
    })
}

/// Has the server's certificate and name checked where that is asked for, against the system's authorities and the
/// extra ones: the driver by itself trusts nobody.
fn checking_the_server(
    options: PgConnectOptions,
    parts: &Url,
    iam: bool,
    extra_roots: Option<&[u8]>,
) -> Result<PgConnectOptions, String> {
    let says = named(parts, &["sslmode", "ssl-mode"]) || std::env::var_os("PGSSLMODE").is_some();
    let asked_for = match (iam, extra_roots) {
        (true, _) => Some("`iam_authentication`"),
        (false, Some(_)) => Some("`extra_roots`"),
        (false, None) => None,
    };
    let options = match asked_for {
        Some(_) if !says => options.ssl_mode(PgSslMode::VerifyFull),
        // Whoever else answers under the name would be given what signs the job in.
        Some(key) if !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) => {
            return Err(format!(
                "{key} needs `sslmode=verify-full`, and the `url` (or PGSSLMODE) has a weaker one: leave it out"
            ));
        }
        Some(_) | None => options,
    };
    // The driver passes over what is no certificate, and the server would then look like a stranger.
    if extra_roots.is_some_and(|pem| !pem.windows(CERTIFICATE.len()).any(|part| part == CERTIFICATE)) {
        return Err("`extra_roots` holds no certificate: give it in PEM".to_owned());
    }
    let verifies = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    let own_roots = named(parts, &["sslrootcert", "ssl-root-cert", "ssl-ca"])
        || std::env::var_os("PGSSLROOTCERT").is_some();
    match extra_roots {
        Some(_) if own_roots => {
            Err("the `url` (or PGSSLROOTCERT) names authorities, and so does `extra_roots`: use one"
                .to_owned())
        }
        _ if !verifies || own_roots => Ok(options),
        extra => {
            let mut pem = system_roots();
            pem.extend_from_slice(extra.unwrap_or_default());
            Ok(options.ssl_root_cert_from_pem(pem))
        }
    }
}

fn named(parts: &Url, names: &[&str]) -> bool {
    parts.query_pairs().any(|(name, _)| names.iter().any(|other| name.eq_ignore_ascii_case(other)))
}

/// Gives the system's authorities (PEM). None are no error: the extra ones may do.
fn system_roots() -> Vec<u8> {
    let mut pem = String::new();
    for certificate in rustls_native_certs::load_native_certs().certs {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        STANDARD.encode_string(&certificate, &mut pem);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem.into_bytes()
}

#[cfg(test)]
mod tests;
