//! Starts and stops the sandbox.

use crate::{
    aws::{Aws, BASE_ACCESS_KEY, BASE_SECRET_KEY},
    estate::{Estate, accounts::REGIONS},
    options::SandboxOptions,
    register::{RegisterError, RegisterFaults, RegisterOptions, RegisterServer},
    settings,
    source_register::{self, SourceRegisterError},
    truth::Truth,
};
use axum::serve::ListenerExt;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// How long open connections may take to end when the sandbox stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Why the sandbox could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The directory for its files could not be made.
    #[error("cannot make the directory {path}", path = path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No port could be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: IpAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The source register could not be written.
    #[error(transparent)]
    SourceRegister(#[from] SourceRegisterError),
    /// The central register could not be started.
    #[error("cannot start the central register")]
    CentralRegister(#[from] RegisterError),
    /// The estate asked for cannot be made.
    #[error("an estate has 1 to {MAX_ACCOUNTS} accounts, not {0}")]
    Accounts(usize),
}

/// The most accounts that an estate can have; an organisation has no more either.
const MAX_ACCOUNTS: usize = 10_000;

/// A running sandbox. Dropped, it stops at once; [`Sandbox::stop`] is the orderly way.
#[derive(Debug)]
pub struct Sandbox {
    options: SandboxOptions,
    aws_url: String,
    register: RegisterServer,
    truth: Truth,
    estate: Arc<Estate>,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Derives the estate, writes the source register, and starts AWS and the central register.
    ///
    /// # Errors
    /// When a file cannot be written, a port cannot be had, or the options ask for the impossible.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        if !(1..=MAX_ACCOUNTS).contains(&options.accounts) {
            return Err(SandboxError::Accounts(options.accounts));
        }
        let directory = |source| SandboxError::Directory { path: options.directory.clone(), source };
        tokio::fs::create_dir_all(&options.directory).await.map_err(directory)?;
        // Settings may be read from another working directory.
        let directory = tokio::fs::canonicalize(&options.directory).await.map_err(directory)?;
        let options = SandboxOptions { directory, ..options };

        let estate = Arc::new(Estate::new(&options));
        let truth = write_source_register(&options, &estate).await?;
        Self::serve(options, estate, truth).await
    }

    /// Starts AWS and the central register over an estate whose source register is written.
    pub(crate) async fn serve(
        options: SandboxOptions,
        estate: Arc<Estate>,
        truth: Truth,
    ) -> Result<Self, SandboxError> {
        let register = RegisterOptions {
            database: options.directory.join("register.db"),
            register_id: "sandbox-register".to_owned(),
            environment: options.environment.clone(),
            listen: SocketAddr::new(options.listen, 0),
            credentials: options.register_credentials.clone(),
            faults: RegisterFaults::default(),
        };
        let register = RegisterServer::start_ahead(register, options.clock_ahead).await?;

        let listen = |source| SandboxError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(SocketAddr::new(options.listen, 0)).await.map_err(listen)?;
        let aws_url = format!("http://{}", listener.local_addr().map_err(listen)?);
        let (stopping, stopped) = watch::channel(false);
        let router = Aws::new(Arc::clone(&estate), options.clock_ahead, stopped.clone()).router();
        // Small answers on kept-alive connections: without this each would wait for a delayed ACK.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
        });
        let serving = axum::serve(listener, router).with_graceful_shutdown(until_stopped(stopped));
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox stopped serving AWS");
            }
        });
        Ok(Self { options, aws_url, register, truth, estate, stopping, task })
    }

    /// Where AWS is, without a slash at its end.
    pub fn aws_url(&self) -> &str {
        &self.aws_url
    }

    /// Where the central register is, without a slash at its end.
    pub fn register_url(&self) -> &str {
        self.register.url()
    }

    /// The environment that leads any AWS client here.
    pub fn environment_variables(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.aws_url.as_str()),
            ("AWS_ACCESS_KEY_ID", BASE_ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", BASE_SECRET_KEY),
            ("AWS_REGION", REGIONS[0]),
            // boto3 and the AWS CLI do not read AWS_REGION.
            ("AWS_DEFAULT_REGION", REGIONS[0]),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Settings for bestand that fit this sandbox, commented.
    pub fn settings_toml(&self) -> String {
        settings::toml(&self.options, &self.truth, self.register.url())
    }

    /// Whether a resource is alive, whatever AWS Config says of it; `global` is the region of IAM.
    pub fn is_live(&self, account_id: &str, region: &str, resource_type: &str, resource_id: &str) -> bool {
        self.estate.is_live(account_id, region, resource_type, resource_id)
    }

    /// What was planted.
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Stops: open calls get two seconds; answers that never come end at once.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        if tokio::time::timeout(STOP_PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
        }
        self.register.stop().await;
    }
}

async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // An error means that the sandbox was dropped, which stops it as well.
    let _dropped = stopped.wait_for(|stopped| *stopped).await;
}

/// Writes the source register anew and gathers what was planted in it.
async fn write_source_register(
    options: &SandboxOptions,
    estate: &Arc<Estate>,
) -> Result<Truth, SandboxError> {
    let non_aws = source_register::non_aws_count(options.resources);
    let mut planted = Vec::new();
    let accounts = (0..estate.accounts.len()).map(|account| {
        let account = source_register::account_records(estate, account);
        planted.extend(account.planted);
        account.records
    });
    let mut strange = source_register::suspended_records(estate);
    strange.extend(source_register::unseeable_records(estate));
    strange.extend(source_register::rejected_records(estate, options.resources));
    let (strange_records, strange_planted): (Vec<_>, Vec<_>) = strange.into_iter().unzip();
    let others = (0..non_aws).map(|at| source_register::non_aws_record(estate.seed, at)).collect();
    let batches = accounts.chain([others, strange_records]);
    let total = source_register::write(&options.directory.join("itk.db"), batches).await?;
    planted.extend(strange_planted);
    Ok(Truth::gather(estate, total, non_aws as u64, planted))
}
