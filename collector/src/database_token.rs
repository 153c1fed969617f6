//! Passwords of a quarter of an hour for databases on Amazon RDS and Aurora (IAM database authentication).
//!
//! A token is a request to the service `rds-db`, signed with the job's own credentials and never sent: the database shows
//! it to AWS. So AWS is not called here, and what is wrong with the rights is known only when the database refuses.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use secrecy::SecretString;
use url::Url;

use crate::config_service::error::chain;
use crate::credentials::AwsContext;

/// How long AWS lets a connection be made with a token: longer is refused. A connection that was made may go on.
const VALID_FOR: Duration = Duration::from_secs(900);
/// What the token's request goes to.
const SERVICE: &str = "rds-db";

/// Whom the token lets in, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DatabaseUser {
    /// The instance's or cluster's own endpoint: AWS does not know other names of it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database's user, of whom IAM has an ARN.
    pub name: String,
    /// Where the database runs.
    pub region: String,
}

/// Why there is no token. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseTokenError {
    /// Nothing in the chain gives credentials.
    #[error("there are no AWS credentials to sign in with: {0}")]
    NoCredentials(String),
    /// Host, port and user make no address.
    #[error("no token can be made for `{}` at {}:{}", .0.name, .0.host, .0.port)]
    Unfit(Box<DatabaseUser>),
}

impl AwsContext {
    /// Makes a token for a database's user, with the job's own credentials; it is good for 15 minutes.
    ///
    /// # Errors
    /// When there are no credentials, or the address is none.
    pub async fn database_token(&self, user: &DatabaseUser) -> Result<SecretString, DatabaseTokenError> {
        let missing = || DatabaseTokenError::NoCredentials("nothing is configured".to_owned());
        let provider = self.sdk().credentials_provider().ok_or_else(missing)?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| DatabaseTokenError::NoCredentials(chain(&error)))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "AWS holds it against its own time, as what the SDK signs"
        )]
        token(user, credentials, SystemTime::now())
    }
}

fn token(
    user: &DatabaseUser,
    credentials: Credentials,
    now: SystemTime,
) -> Result<SecretString, DatabaseTokenError> {
    let unfit = || DatabaseTokenError::Unfit(Box::new(user.clone()));
    let mut url = Url::parse(&format!("https://{}:{}/", user.host, user.port)).map_err(|_| unfit())?;
    url.query_pairs_mut().append_pair("Action", "connect").append_pair("DBUser", &user.name);

    let mut settings = SigningSettings::default();
    settings.expires_in = Some(VALID_FOR);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity: Identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&user.region)
        .name(SERVICE)
        .time(now)
        .settings(settings)
        .build()
        .map_err(|_| unfit())?;
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::empty())
        .map_err(|_| unfit())?;
    let (instructions, _) = sign(request, &SigningParams::V4(params)).map_err(|_| unfit())?.into_parts();
    for (name, value) in instructions.params() {
        url.query_pairs_mut().append_pair(name, value);
    }
    // As AWS spells a query: a blank is no plus there. A plus that is meant is %2B already.
    let token = url.as_str().replace('+', "%20");
    token.strip_prefix("https://").map(SecretString::from).ok_or_else(unfit)
}

/// Gives the region that is in the name of an RDS endpoint: an instance's, a cluster's or a proxy's.
pub(crate) fn region_of_endpoint(host: &str) -> Option<&str> {
    let region = match host.strip_suffix(".amazonaws.com") {
        Some(name) => name.strip_suffix(".rds")?.rsplit_once('.')?.1,
        None => {
            // In China the service stands before the region.
            let (name, region) = host.strip_suffix(".amazonaws.com.cn")?.rsplit_once('.')?;
            name.ends_with(".rds").then_some(region)?
        }
    };
    (!region.is_empty()).then_some(region)
}

#[cfg(test)]
mod tests;
