//! What the tests share: a sandbox with the command beside it, and a stranger's view of what the command leaves.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bestand_model::digest::sha256_hex;
use bestand_sandbox::register::{Credential, RegisterFaults, RegisterOptions, RegisterServer};
use bestand_sandbox::{Faults, Sandbox, SandboxOptions};
use serde_json::Value;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// No command of these tests may take longer: one that hangs fails its test.
const PATIENCE: Duration = Duration::from_secs(240);

/// Accounts and resources of a small world.
pub(crate) const SMALL: (usize, usize) = (3, 450);

/// A sandbox in a folder of its own, and the command as a child process that is led to it.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) folder: TempDir,
    sandbox: Option<Sandbox>,
    register: Option<RegisterServer>,
    environment: BTreeMap<String, String>,
}

impl World {
    /// Three accounts with so many resources that every type is seen in every region: all of it complete.
    pub(crate) fn small(faults: Faults) -> Self {
        Self::new(SMALL.0, SMALL.1, faults)
    }

    /// A small world whose run store is ready and whose register holds what a first run published.
    pub(crate) fn published() -> Self {
        let world = Self::small(Faults::none());
        world.init_store();
        world.command(&["run", "--first-run"]).expect(0);
        world
    }

    pub(crate) fn new(accounts: usize, resources: usize, faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut world = Self {
            runtime,
            folder,
            sandbox: None,
            register: None,
            environment: BTreeMap::from([
                ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
                ("NO_PROXY".to_owned(), "127.0.0.1".to_owned()),
                ("BESTAND__RUN_STORE__URL".to_owned(), "file:store".to_owned()),
            ]),
        };
        world.restart(accounts, resources, faults);
        world
    }

    /// Starts another sandbox over the same folder: a new estate with the same central register, on new ports.
    pub(crate) fn restart(&mut self, accounts: usize, resources: usize, faults: Faults) {
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.stop());
        }
        let options =
            SandboxOptions { accounts, resources, faults, ..SandboxOptions::new(self.folder.path()) };
        let sandbox = self.runtime.block_on(Sandbox::start(options)).unwrap();
        std::fs::write(self.path("bestand.toml"), sandbox.settings_toml()).unwrap();
        self.environment.extend(sandbox.environment_variables());
        self.sandbox = Some(sandbox);
    }

    /// Puts a register with faults of its own, in a file of its own, in the place of the sandbox's.
    pub(crate) fn with_register(&mut self, environment: &str, faults: RegisterFaults) {
        self.with_guarded_register(environment, faults, Vec::new());
    }

    /// The same, open to those alone who have a credential.
    pub(crate) fn with_guarded_register(
        &mut self,
        environment: &str,
        faults: RegisterFaults,
        credentials: Vec<Credential>,
    ) {
        let options = RegisterOptions {
            database: self.path("other.db"),
            register_id: "register-of-the-test".into(),
            environment: environment.into(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            credentials,
            faults,
        };
        if let Some(register) = self.register.take() {
            self.runtime.block_on(register.stop());
        }
        let register = self.runtime.block_on(RegisterServer::start(options)).unwrap();
        self.set("BESTAND__CENTRAL_REGISTER__URL", register.url());
        self.register = Some(register);
    }

    /// How often the register with faults of its own was called.
    pub(crate) fn calls_of_register(&self) -> u64 {
        self.register.as_ref().unwrap().traffic().calls()
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets a variable for all commands to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable away from all commands to come.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Rewrites the settings file.
    pub(crate) fn edit_settings(&self, edit: impl FnOnce(String) -> String) {
        let path = self.path("bestand.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, edit(text)).unwrap();
    }

    pub(crate) fn init_store(&self) {
        self.command(&["settings", "--init-store"]).expect(0);
    }

    /// Runs a command to its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).wait()
    }

    /// Starts a command.
    pub(crate) fn start(&self, arguments: &[&str]) -> Job {
        Job::start(self.plain(arguments))
    }

    /// Runs a command with variables of its own.
    pub(crate) fn command_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let mut command = self.plain(arguments);
        command.envs(variables.iter().copied());
        Job::start(command).wait()
    }

    /// Runs a command at a terminal of its own, and gives what stands there.
    pub(crate) fn at_a_terminal(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let program = assert_cmd::cargo::cargo_bin!("bestand");
        let mut command = Command::new("script");
        // util-linux's `script` gives it a terminal; every Debian has it.
        command.args(["-qec", &format!("{} {}", program.display(), arguments.join(" ")), "/dev/null"]);
        command.current_dir(self.folder.path()).env_clear().envs(&self.environment);
        command.env("TERM", "xterm").envs(variables.iter().copied());
        Job::start(command).wait().stdout
    }

    fn plain(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("bestand"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(&self.environment);
        command
    }

    /// The run store's folder.
    pub(crate) fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// The ids of all runs, in their order.
    pub(crate) fn runs(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.store().join("runs")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The directory of a run.
    pub(crate) fn run(&self, id: &str) -> RunFiles {
        RunFiles(self.store().join("runs").join(id))
    }

    /// The directory of the run that a command reported on.
    pub(crate) fn run_of(&self, outcome: &Outcome) -> RunFiles {
        self.run(outcome.summary()["run_id"].as_str().unwrap())
    }

    /// Rows of a database in this folder.
    pub(crate) fn rows<T>(&self, database: &str, query: &'static str) -> Vec<T>
    where
        T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>,
    {
        let options = SqliteConnectOptions::new().filename(self.path(database)).read_only(true);
        self.runtime.block_on(async {
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query_as(query).fetch_all(&mut connection).await.unwrap()
        })
    }

    /// Changes a database in this folder.
    pub(crate) fn execute(&self, database: &str, statement: &'static str) {
        self.execute_with(database, database, statement);
    }

    /// Changes a database in this folder by what another, called `other`, holds.
    pub(crate) fn execute_with(&self, database: &str, other: &str, statement: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.path(database));
        let other = self.path(other).display().to_string();
        self.runtime.block_on(async {
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query("ATTACH DATABASE ? AS other").bind(other).execute(&mut connection).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        });
    }

    /// How often each change was applied, by idempotency key, as a register's audit log has it.
    pub(crate) fn applied(&self, database: &str) -> BTreeMap<String, i64> {
        self.rows::<(String, i64)>(
            database,
            "SELECT idempotency_key, COUNT(*) FROM audit_log GROUP BY idempotency_key",
        )
        .into_iter()
        .collect()
    }
}

/// A command at work.
pub(crate) struct Job {
    child: Child,
    began: Instant,
    stdout: std::thread::JoinHandle<String>,
    stderr: std::thread::JoinHandle<String>,
}

impl Job {
    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Both pipes are emptied while it runs, so that it never waits for a reader.
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self {
            child,
            began: Instant::now(),
            stdout: std::thread::spawn(move || std::io::read_to_string(stdout).unwrap()),
            stderr: std::thread::spawn(move || std::io::read_to_string(stderr).unwrap()),
        }
    }

    /// Sends it a signal: `INT`, `TERM` or `KILL`.
    pub(crate) fn signal(&mut self, name: &str) {
        let id = self.child.id().to_string();
        assert!(self.child.try_wait().unwrap().is_none(), "it ended before the signal");
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits until something holds; fails where the command ends before, or it takes too long.
    pub(crate) fn wait_until(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        while !holds() {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended before {what}");
            assert!(self.began.elapsed() < PATIENCE, "no {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Outcome {
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if self.began.elapsed() > PATIENCE => {
                    self.child.kill().unwrap();
                    panic!("still running: {}", self.stderr.join().unwrap());
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        Outcome {
            status: status.code(),
            stdout: self.stdout.join().unwrap(),
            stderr: self.stderr.join().unwrap(),
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// None: a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Holds it to an exit status.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        // Whoever is given a summary that is not good is told what to do, with the command.
        if let Ok(summary) = serde_json::from_str::<Value>(&self.stdout)
            && let (Some(steps), false) = (summary["next_steps"].as_array(), matches!(status, 0 | 10))
        {
            assert!(steps.iter().any(|step| names_a_command(step.as_str().unwrap())), "{status}: {steps:?}");
        }
        self
    }

    /// The summary that it printed.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The last line of its log, which tells why it ended early: the message, and the next step.
    #[track_caller]
    pub(crate) fn failure(&self) -> (String, String) {
        let line = self.stderr.lines().last().unwrap_or_default();
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(line["level"], "ERROR", "{line}");
        assert_eq!(line["exit_status"].as_i64(), self.status.map(i64::from), "{line}");
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        (text("message"), text("next_step"))
    }

    /// Holds it to a failure: its status, words of its message, and that it says what to do.
    #[track_caller]
    pub(crate) fn expect_failure(self, status: i32, words: &[&str]) -> Self {
        let outcome = self.expect(status);
        let (message, next_step) = outcome.failure();
        for word in words {
            assert!(message.contains(word), "no `{word}` in: {message}");
        }
        assert!(names_a_command(&next_step), "{message}: {next_step}");
        outcome
    }
}

/// Tells whether a next step says what to type.
pub(crate) fn names_a_command(step: &str) -> bool {
    step.contains("`bestand ")
}

/// A run's directory, read as a stranger would: plain JSON.
pub(crate) struct RunFiles(pub(crate) PathBuf);

impl RunFiles {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    #[track_caller]
    pub(crate) fn json(&self, name: &str) -> Value {
        read_json(&self.path(name))
    }

    /// Every line of a spool, with the name of its file.
    pub(crate) fn spool(&self, name: &str) -> Vec<(String, Value)> {
        let mut lines = Vec::new();
        for (file, text) in self.spool_texts(name) {
            lines.extend(text.lines().map(|line| (file.clone(), serde_json::from_str(line).unwrap())));
        }
        lines
    }

    /// Every file of a spool, by name, decompressed.
    pub(crate) fn spool_texts(&self, name: &str) -> BTreeMap<String, String> {
        let files = std::fs::read_dir(self.path(name)).unwrap();
        files
            .map(|file| {
                let path = file.unwrap().path();
                let stem = path.file_name().unwrap().to_str().unwrap();
                let stem = stem.strip_suffix(".ndjson.zst").unwrap_or_else(|| panic!("{stem} is odd"));
                let text = zstd::decode_all(std::fs::File::open(&path).unwrap()).unwrap();
                (stem.to_owned(), String::from_utf8(text).unwrap())
            })
            .collect()
    }

    /// The digest of all findings, as `zstd -dc` and `sha256sum` give it.
    pub(crate) fn digest_of_findings(&self) -> String {
        let texts = if self.has("findings") { self.spool_texts("findings") } else { BTreeMap::new() };
        let list: String =
            texts.iter().map(|(name, text)| format!("{} {name}\n", sha256_hex(text.as_bytes()))).collect();
        sha256_hex(list.as_bytes())
    }

    /// The values of a spool alone.
    pub(crate) fn values(&self, name: &str) -> Vec<Value> {
        self.spool(name).into_iter().map(|(_, value)| value).collect()
    }

    /// The findings of a kind.
    pub(crate) fn findings(&self, kind: &str) -> Vec<Value> {
        self.values("findings").into_iter().filter(|finding| finding["kind"] == kind).collect()
    }

    /// The completeness ledger.
    pub(crate) fn coverage(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("coverage.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many files a folder has.
    pub(crate) fn count(&self, folder: &str) -> usize {
        std::fs::read_dir(self.path(folder)).map_or(0, |entries| {
            entries
                .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "json"))
                .count()
        })
    }
}

#[track_caller]
pub(crate) fn read_json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// Rewrites a JSON file.
pub(crate) fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = read_json(path);
    change(&mut value);
    std::fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
}

/// Rewrites the lines of a spool's file.
pub(crate) fn edit_lines(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let text = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let mut lines: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    let text = lines.join("\n") + "\n";
    std::fs::write(path, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
}

/// A file of findings that has some.
pub(crate) fn some_findings(run: &RunFiles) -> String {
    let texts = run.spool_texts("findings");
    let (name, _) = texts.iter().max_by_key(|(_, text)| text.lines().count()).unwrap();
    format!("findings/{name}.ndjson.zst")
}

/// Changes one letter of a finding's evidence: it stays a finding of the same id, kind and severity.
pub(crate) fn change_a_letter(line: &mut String) {
    let at = line.find("\"evidence\":{\"").unwrap() + "\"evidence\":{\"".len();
    let other = if line[at..].starts_with('x') { "y" } else { "x" };
    line.replace_range(at..=at, other);
}

/// A number of a summary.
#[track_caller]
pub(crate) fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number {pointer} in {value}"))
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
