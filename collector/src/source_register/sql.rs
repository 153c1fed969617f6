//! The source register as a SQL database: checks the settings, and knows the statements and waits that both databases share.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bestand_model::asset_record::RecordTotals;
use bestand_model::attribute;
use bestand_model::sql_name::quoted_table;

use super::database::{Database, database};
use super::error::SourceRegisterError;
use super::redaction::Redaction;
use super::row::RowJudge;
use super::settings::{LifecycleWords, Relation, SignIn, SourceRegisterSettings};
use super::sql_text::{Dialect, one_statement};
use super::{RecordSink, SourceRegister, postgres, sqlite};

/// The source register in SQLite or PostgreSQL.
pub struct SqlSourceRegister {
    database: Database,
    plan: ReadingPlan,
}

/// What both databases need to know of the settings, checked.
pub(super) struct ReadingPlan {
    /// What stands behind `FROM`.
    pub(super) from: String,
    /// The column of each attribute.
    pub(super) columns: BTreeMap<String, String>,
    /// The condition that is true for AWS rows.
    pub(super) aws_rows: Option<AwsRows>,
    /// Judges each row.
    pub(super) judge: RowJudge,
    /// Speaks of the register without its password.
    pub(super) redaction: Redaction,
    /// How long connecting may take.
    pub(super) connect_timeout: Duration,
    /// How long one answer may take.
    pub(super) statement_timeout: Duration,
}

/// The condition that is true for AWS rows.
pub(super) struct AwsRows {
    /// The condition's text.
    pub(super) condition: String,
    /// The names in it that stand in double quotes.
    pub(super) quoted_names: Vec<String>,
}

impl SqlSourceRegister {
    /// Checks the settings; nothing is opened yet.
    ///
    /// # Errors
    /// [`SourceRegisterError::Settings`] lists every problem that can be seen without the database.
    pub fn new(settings: SourceRegisterSettings) -> Result<Self, SourceRegisterError> {
        let mut problems = Vec::new();
        let database = database(&settings).map_err(|problem| problems.push(problem)).ok();
        let dialect = match database {
            Some((Database::Postgres(_), _)) => Dialect::Postgres,
            Some((Database::Sqlite(_), _)) | None => Dialect::Sqlite,
        };
        let from = from_clause(&settings.relation, dialect).map_err(|problem| problems.push(problem)).ok();
        let aws_rows = settings.aws_rows.as_deref().and_then(|condition| {
            let one = one_statement(condition, dialect)
                .map_err(|problem| problems.push(format!("the `aws_rows` condition {problem}")))
                .ok()?;
            Some(AwsRows { condition: one.text.to_owned(), quoted_names: one.quoted_names })
        });
        problems.extend(mapping_problems(&settings.columns));
        problems.extend(word_problems(&settings.lifecycle));
        let (Some((database, name)), Some(from), true) = (database, from, problems.is_empty()) else {
            return Err(SourceRegisterError::Settings { problems });
        };
        let password = match &settings.sign_in {
            SignIn::Password(password) => Some(password),
            // A token is made when the connection is, and kept out of messages from then on.
            SignIn::AsInUrl | SignIn::Iam(_) => None,
        };
        let plan = ReadingPlan {
            from,
            judge: RowJudge::new(&settings.columns, &settings.lifecycle, &settings.identification),
            columns: settings.columns,
            aws_rows,
            redaction: Redaction::new(name, &settings.url, password),
            connect_timeout: settings.connect_timeout,
            statement_timeout: settings.statement_timeout,
        };
        Ok(Self { database, plan })
    }
}

impl fmt::Debug for SqlSourceRegister {
    // The connection's options hold the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSourceRegister")
            .field("register", &self.plan.redaction.register())
            .field("from", &self.plan.from)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SourceRegister for SqlSourceRegister {
    async fn read(&self, sink: &mut dyn RecordSink) -> Result<RecordTotals, SourceRegisterError> {
        match &self.database {
            Database::Sqlite(options) => sqlite::read(options, &self.plan, sink).await,
            Database::Postgres(access) => postgres::read(access, &self.plan, sink).await,
        }
    }
}

impl ReadingPlan {
    /// Gives the statement that has the relation's columns and no row.
    pub(super) fn columns_sql(&self) -> String {
        format!("SELECT * FROM {} LIMIT 0", self.from)
    }

    /// Gives the statement that counts the rows.
    pub(super) fn count_sql(&self) -> String {
        format!("SELECT COUNT(*) FROM {}", self.from)
    }

    /// Gives the statement that reads the rows: the mapped columns, then whether it is an AWS row.
    pub(super) fn rows_sql(&self, mut expressions: Vec<String>, aws: String) -> String {
        expressions.push(aws);
        format!("SELECT {} FROM {}", expressions.join(", "), self.from)
    }

    /// Waits for one answer of the database.
    ///
    /// # Errors
    /// The database failed, or did not answer within the time.
    pub(super) async fn answer<T>(
        &self,
        doing: &'static str,
        answer: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, SourceRegisterError> {
        let after = self.statement_timeout;
        match tokio::time::timeout(after, answer).await {
            Ok(answer) => answer.map_err(|error| self.redaction.failed(doing, &error)),
            Err(_) => Err(SourceRegisterError::TimedOut {
                register: self.redaction.register().to_owned(),
                doing,
                after,
            }),
        }
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// The database cannot be reached, or not within the time.
    pub(super) async fn connection<T>(
        &self,
        connecting: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, SourceRegisterError> {
        let register = || self.redaction.register().to_owned();
        let after = self.connect_timeout;
        match tokio::time::timeout(after, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(SourceRegisterError::Unreachable {
                register: register(),
                source: self.redaction.fault(&error),
            }),
            Err(_) => Err(SourceRegisterError::TimedOut { register: register(), doing: "connecting", after }),
        }
    }
}

fn from_clause(relation: &Relation, dialect: Dialect) -> Result<String, String> {
    match relation {
        Relation::Table(name) => quoted_table(name),
        Relation::Query(query) => {
            let one = one_statement(query, dialect).map_err(|problem| format!("the `query` {problem}"))?;
            // The query may end with a comment: the parenthesis needs a line of its own.
            Ok(format!("(\n{}\n) AS source_rows", one.text))
        }
    }
}

fn mapping_problems(columns: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (attribute, column) in columns {
        if column.is_empty() || column.contains('\0') {
            problems.push(format!("`columns.{attribute}` names no column"));
        }
    }
    if ![attribute::ASSET_ID, attribute::ARN, attribute::RESOURCE_ID]
        .iter()
        .any(|key| columns.contains_key(*key))
    {
        problems.push(
            "`columns` maps none of `asset_id`, `arn` and `resource_id`: no row could be identified"
                .to_owned(),
        );
    }
    problems
}

fn word_problems(words: &LifecycleWords) -> Vec<String> {
    let same = |left: &str, right: &str| left.trim().to_lowercase() == right.trim().to_lowercase();
    let both = words.planned.iter().filter(|word| words.retired.iter().any(|other| same(word, other)));
    both.map(|word| format!("the lifecycle word `{word}` cannot mean both planned and retired")).collect()
}
