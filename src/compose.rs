//! The one place that builds clients from settings.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bestand_collector::accounts::{AccountDirectory, ListedAccounts, OrganizationsDirectory};
use bestand_collector::collector::{AggregatorSettings, Collector, CollectorSettings};
use bestand_collector::credentials::{AwsContext, CredentialsError};
use bestand_collector::region_client::Limits;
use bestand_collector::source_register::{
    LifecycleWords, Relation, SignIn, SourceRegisterSettings, SqlSourceRegister,
};
use bestand_model::account::{Account, AccountState};
use bestand_model::adoption::Adoption;
use bestand_model::authority::AuthorityTable;
use bestand_model::ephemeral::EphemeralRules;
use bestand_model::exception::Exceptions;
use bestand_model::identification::IdentificationRules;
use bestand_model::identifiers::RunId;
use bestand_model::lifecycle::LifecycleRules;
use bestand_model::reconciliation::{Rules, StrayRows};
use bestand_model::requirement::Requirements;
use bestand_model::resource_type::{self, TypePolicy};
use bestand_model::shared_identity::SharedIdentities;
use bestand_publisher::central_register::{
    self as register_api, RegisterApi, RegisterApiOptions, RegisterAuth,
};
use bestand_publisher::run_store::{BucketOptions, Lease, LeaseTerms, RunStore};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock;
use crate::error::Error;
use crate::secrets;
use crate::settings::{
    AccountSource, Auth, CentralRegister, ClientCertificate, CollectionSource, RegisterKind, Roots,
    RunStoreSettings, SecretKey, SecretReference, Settings,
};

/// Regions of one account that are read at a time.
const REGION_CONCURRENCY: usize = 4;
/// Attempts of an AWS call.
const AWS_MAX_ATTEMPTS: u32 = 5;
/// Until the source register's database answers.
const SQL_CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Until the source register's database gives the next row.
const SQL_STATEMENT_TIMEOUT: Duration = Duration::from_secs(300);

/// Opens the run store.
pub(crate) async fn run_store(settings: &Settings) -> Result<RunStore, Error> {
    let RunStoreSettings { url, encryption, .. } = &settings.run_store;
    if !RunStore::is_bucket(url) {
        return Ok(RunStore::open(url, Path::new("."))?);
    }
    let access = AwsContext::load(&settings.aws.region).await.bucket_access();
    let credentials =
        access.credentials.ok_or_else(|| CredentialsError::Missing("the run store lies on S3".to_owned()))?;
    let options = BucketOptions {
        region: settings.aws.region.clone(),
        endpoint_url: access.endpoint_url,
        credentials,
        encryption: encryption.clone(),
    };
    Ok(RunStore::open_bucket(url, options)?)
}

/// Takes the run store for a run that writes.
pub(crate) fn lease(
    settings: &Settings,
    store: &RunStore,
    run_id: &RunId,
    register_id: Option<&str>,
) -> Result<Lease, Error> {
    Ok(store.lease(LeaseTerms {
        run_id: run_id.clone(),
        register_id: register_id.map(str::to_owned),
        term: Duration::from_secs(settings.run_store.lease_secs),
        clock: clock::now,
    })?)
}

/// Gives the rules that hold for every account, or for what belongs to none.
pub(crate) fn rules(settings: &Settings, stray_rows: StrayRows, shared: Arc<SharedIdentities>) -> Rules {
    Rules {
        environment: settings.environment.clone(),
        types: TypePolicy::new(settings.types.clone()),
        identification: identification(settings),
        authority: AuthorityTable::new(&settings.authority, settings.plan.max_attribute_bytes),
        // Settings with a problem are never in force: reading them has refused it.
        requirements: Requirements::new(&settings.required).unwrap_or_default(),
        retire: settings.retire,
        lifecycle: LifecycleRules::new(&settings.lifecycle),
        ephemeral: EphemeralRules::new(&settings.ephemeral),
        adoption: settings
            .central_register
            .as_ref()
            .map_or_else(Adoption::default, |register| Adoption::new(&register.adopt)),
        stray_rows,
        shared,
    }
}

/// Gives the findings that persons have decided to live with.
pub(crate) fn exceptions(settings: &Settings) -> Exceptions {
    // Settings with a problem are never in force: reading them has refused it.
    Exceptions::new(&settings.exceptions).unwrap_or_default()
}

/// Gives the rules by which records and resources are matched.
pub(crate) fn identification(settings: &Settings) -> IdentificationRules {
    IdentificationRules::new(&settings.identification)
}

/// Makes the directory of accounts.
pub(crate) fn account_directory(settings: &Settings, aws: &AwsContext) -> Box<dyn AccountDirectory> {
    match settings.accounts.source {
        AccountSource::Organizations => {
            let per_second = settings.collection.limits.organizations_per_second;
            Box::new(OrganizationsDirectory::new(aws, settings.accounts.selection(), per_second))
        }
        AccountSource::List => {
            let accounts = settings.accounts.listed().into_iter();
            let accounts =
                accounts.map(|(id, name)| Account { name, ..Account::new(id, AccountState::Active) });
            Box::new(ListedAccounts::new(accounts.collect()))
        }
    }
}

/// Gives how fast AWS may be called.
fn limits(settings: &Settings) -> Limits {
    let limits = &settings.collection.limits;
    Limits {
        select_per_second: limits.select_per_second,
        batch_get_per_second: limits.batch_get_per_second,
        ec2_per_second: limits.ec2_per_second,
        tagging_per_second: limits.tagging_per_second,
        aggregator_per_second: limits.aggregator_per_second,
        organizations_per_second: limits.organizations_per_second,
    }
}

/// Gives the aggregator, where rows are read through one.
fn aggregator(settings: &Settings) -> Option<AggregatorSettings> {
    match settings.collection.source {
        CollectionSource::Account => None,
        CollectionSource::Aggregator => settings.collection.aggregator.as_ref().map(|aggregator| {
            AggregatorSettings { name: aggregator.name.clone(), region: aggregator.region.clone() }
        }),
    }
}

/// Makes the collector.
pub(crate) fn collector(settings: &Settings, aws: &AwsContext, run_id: &RunId) -> Collector {
    let never_asked = TypePolicy::new(settings.types.clone()).never_asked();
    let collection = &settings.collection;
    Collector::new(
        aws.clone(),
        CollectorSettings {
            run_id: run_id.clone(),
            role_name: settings.accounts.role.name.clone(),
            external_id: settings.accounts.role.external_id.clone(),
            onboarding: SignedDuration::from_hours(i64::from(settings.accounts.onboarding_hours)),
            partition: settings.aws.partition.clone(),
            regions: settings.regions.include.clone(),
            extra_attributes: collection.attributes.clone(),
            never_asked: Box::new(move |kind| never_asked.contains(kind)),
            is_global: resource_type::is_global,
            home_region: resource_type::home_region,
            aggregator: aggregator(settings),
            limits: limits(settings),
            cross_check_ec2: collection.cross_check.ec2,
            cross_check_tagging: collection.cross_check.tagging,
            region_concurrency: REGION_CONCURRENCY,
            operation_timeout: Duration::from_secs(collection.timeouts.operation_secs),
            attempt_timeout: Duration::from_secs(collection.timeouts.attempt_secs),
            max_attempts: AWS_MAX_ATTEMPTS,
            clock: Arc::new(clock::now),
        },
    )
}

/// Makes the reader of the source register.
pub(crate) async fn source_register(settings: &Settings) -> Result<SqlSourceRegister, Error> {
    let register = &settings.source_register;
    let sign_in = match &register.password {
        _ if register.iam_authentication => {
            SignIn::Iam(Box::new(AwsContext::load(&settings.aws.region).await))
        }
        Some(password) => {
            SignIn::Password(secrets::fetch(settings, SecretKey::SourcePassword, password).await?)
        }
        None => SignIn::AsInUrl,
    };
    let extra_roots = roots(settings, SecretKey::SourceRoots, register.extra_roots.as_ref()).await?;
    let relation = match (&register.table, &register.query) {
        (Some(table), _) => Relation::Table(table.clone()),
        (None, Some(query)) => Relation::Query(query.clone()),
        (None, None) => return Err(Error::Usage("source_register: set `table` or `query`".into())),
    };
    let lifecycle = register.lifecycle.as_ref().map_or_else(LifecycleWords::default, |words| {
        LifecycleWords { planned: words.planned.clone(), retired: words.retired.clone() }
    });
    Ok(SqlSourceRegister::new(SourceRegisterSettings {
        url: SecretString::from(register.url.clone()),
        sign_in,
        extra_roots,
        relation,
        columns: register.columns.clone(),
        aws_rows: register.aws_rows.clone(),
        lifecycle,
        identification: identification(settings),
        connect_timeout: SQL_CONNECT_TIMEOUT,
        statement_timeout: SQL_STATEMENT_TIMEOUT,
    })?)
}

/// Makes the client of the central register.
pub(crate) async fn central_register(
    settings: &Settings,
    register: &CentralRegister,
) -> Result<RegisterApi, Error> {
    match register.kind {
        RegisterKind::RegisterApi => {}
    }
    let auth = register_auth(settings, &register.auth).await?;
    let mut options = RegisterApiOptions::new(register.url.clone(), auth);
    options.request_timeout = Duration::from_secs(register.request_timeout_secs);
    options.extra_roots_pem = roots(settings, SecretKey::CentralRoots, register.extra_roots.as_ref()).await?;
    if let Some(ClientCertificate { certificate, key }) = &register.client_certificate {
        options.client_certificate = Some(register_api::ClientCertificate {
            chain_pem: read_pem("central_register.client_certificate.certificate", certificate)?,
            key_pem: secrets::fetch(settings, SecretKey::CertificateKey, key).await?,
        });
    }
    Ok(RegisterApi::new(options)?)
}

/// Fetches what it takes to show the central register who bestand is.
async fn register_auth(settings: &Settings, auth: &Auth) -> Result<RegisterAuth, Error> {
    Ok(match auth {
        Auth::None | Auth::MutualTls {} => RegisterAuth::None,
        Auth::ApiKey { key } => RegisterAuth::ApiKey(secrets::fetch(settings, SecretKey::ApiKey, key).await?),
        Auth::BearerFile { file } => {
            // A file that is not there at the start is no rotation: it is told at once, as of the settings.
            let reference = SecretReference { file: Some(file.clone()), ..SecretReference::default() };
            secrets::fetch(settings, SecretKey::BearerFile, &reference).await?;
            RegisterAuth::BearerFile(file.clone())
        }
        Auth::OAuth2 { token_url, client_id, client_secret, scopes } => RegisterAuth::OAuth2 {
            token_url: token_url.clone(),
            client_id: client_id.clone(),
            client_secret: secrets::fetch(settings, SecretKey::ClientSecret, client_secret).await?,
            scopes: scopes.clone(),
        },
    })
}

/// Reads certificates of authorities.
async fn roots(settings: &Settings, key: SecretKey, roots: Option<&Roots>) -> Result<Option<Vec<u8>>, Error> {
    Ok(match roots {
        None => None,
        Some(Roots::File(path)) => Some(read_pem(key.path(), path)?),
        Some(Roots::Elsewhere(place)) => {
            let pem = secrets::fetch(settings, key, place).await?;
            Some(pem.expose_secret().as_bytes().to_vec())
        }
    })
}

fn read_pem(key: &str, path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path)
        .map_err(|error| Error::Usage(format!("{key}: cannot read {}: {error}", path.display())))
}
