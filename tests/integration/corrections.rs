//! Corrections for the source register's keepers, applied to the register: what was corrected is gone from the next
//! report, nothing new appears, and no row was changed that was not named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bestand_sandbox::Faults;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Executor as _, Row as _};

use crate::support::{RunFiles, World};

/// A table of all cells, by row.
type Table = BTreeMap<String, Vec<Option<String>>>;
/// A line of the CSV, by column.
pub(crate) type Line = BTreeMap<String, String>;

const COLUMNS: [&str; 17] = [
    "id",
    "arn",
    "resource_id",
    "account",
    "region",
    "type",
    "name",
    "env",
    "owner",
    "cost_centre",
    "data_class",
    "criticality",
    "status",
    "is_aws",
    "instance_type",
    "room",
    "vendor",
];

/// A published small world whose register has a word for what is closed.
fn world(faults: Faults) -> World {
    let world = World::small(faults);
    world.edit_settings(|text| {
        text.replace(
            "[source_register.columns]",
            "lifecycle = { planned = [\"planned\"], retired = [\"retired\"] }\n[source_register.columns]",
        )
    });
    world.init_store();
    world
}

/// The corrections of the last plan: its files, its CSV and its SQL.
fn corrections(world: &World) -> (RunFiles, Vec<Line>, String) {
    let outcome = world.command(&["plan", "--first-run"]);
    assert!(matches!(outcome.status, Some(0 | 20)), "{outcome:?}");
    let run = world.run_of(&outcome);
    let id = run.0.file_name().unwrap().to_str().unwrap().to_owned();
    let out = format!("out-{id}");
    world.command(&["report", &id, "--format", "corrections", "--out", &out]).expect(0);
    let csv = std::fs::read_to_string(world.path(&out).join("corrections.csv")).unwrap();
    let sql = std::fs::read_to_string(world.path(&out).join("corrections.sql")).unwrap();
    (run, parse(&csv), sql)
}

/// Reads RFC 4180.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    let mut rows = rows.into_iter();
    let names = rows.next().unwrap();
    rows.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

fn table(world: &World) -> Table {
    let options = SqliteConnectOptions::new().filename(world.path("itk.db")).read_only(true);
    world.runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let cells = COLUMNS.map(|name| format!("CAST({name} AS TEXT)")).join(", ");
        let sql = AssertSqlSafe(format!("SELECT {cells} FROM assets"));
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        let cells = |row: &sqlx::sqlite::SqliteRow| {
            (0..COLUMNS.len()).map(|index| row.get::<Option<String>, _>(index)).collect::<Vec<_>>()
        };
        rows.iter().map(|row| (cells(row)[0].clone().unwrap_or_default(), cells(row))).collect()
    })
}

fn apply(world: &World, sql: &str) {
    let options = SqliteConnectOptions::new().filename(world.path("itk.db"));
    world.runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
    });
}

fn ids(run: &RunFiles) -> BTreeSet<String> {
    run.values("findings").iter().map(|own| own["finding_id"].as_str().unwrap().to_owned()).collect()
}

/// What differs between two states of the table: row and column.
fn differences(before: &Table, after: &Table) -> BTreeSet<(String, String)> {
    assert_eq!(before.len(), after.len());
    let mut found = BTreeSet::new();
    for (id, cells) in before {
        for (index, name) in COLUMNS.iter().enumerate() {
            if after[id][index] != cells[index] {
                found.insert((id.clone(), (*name).to_owned()));
            }
        }
    }
    found
}

#[test]
fn what_was_corrected_is_gone_from_the_next_report_and_nothing_else_changed() {
    let world = world(Faults::none());
    let (run, lines, sql) = corrections(&world);
    let in_sql: Vec<&Line> = lines.iter().filter(|line| line["bestand_sql"] == "yes").collect();
    let count = |action: &str| in_sql.iter().filter(|line| line["bestand_action"] == action).count();
    assert!(count("correct") > 0 && count("close") > 0, "{lines:?}");
    assert!(lines.iter().any(|line| line["bestand_action"] == "add" && line["is_aws"] == "1"));
    assert!(lines.iter().any(|line| line["bestand_action"] == "reject" && !line["bestand_note"].is_empty()));

    let before = table(&world);
    apply(&world, &sql);
    let after = table(&world);
    let named: BTreeSet<(String, String)> =
        in_sql.iter().map(|line| (line["bestand_row"].clone(), line["bestand_column"].clone())).collect();
    assert_eq!(differences(&before, &after), named);
    apply(&world, &sql);
    assert_eq!(table(&world), after, "applied twice");

    let (next, _, _) = corrections(&world);
    let corrected: BTreeSet<String> = in_sql.iter().map(|line| line["bestand_finding_id"].clone()).collect();
    let (first, second) = (ids(&run), ids(&next));
    let left: Vec<_> = corrected.intersection(&second).collect();
    assert!(left.is_empty(), "still there: {left:?}");
    let new: Vec<_> = second.difference(&first).collect();
    assert!(new.is_empty(), "new: {new:?}");
    let gone: BTreeSet<_> = first.difference(&second).cloned().collect();
    assert_eq!(gone, corrected);
}

#[test]
fn a_row_that_somebody_changed_in_between_is_left_alone() {
    let world = world(Faults::none());
    let (_, lines, sql) = corrections(&world);
    let rows = |action: &str| -> Vec<String> {
        let own =
            lines.iter().filter(|line| line["bestand_action"] == action && line["bestand_sql"] == "yes");
        own.map(|line| line["bestand_row"].clone()).collect()
    };
    let (corrected, closed) = (rows("correct"), rows("close"));
    apply(&world, &format!("UPDATE assets SET instance_type = 'by hand' WHERE id = '{}'", corrected[0]));
    apply(&world, &format!("UPDATE assets SET status = 'in repair' WHERE id = '{}'", closed[0]));
    apply(&world, &format!("UPDATE assets SET resource_id = 'i-new' WHERE id = '{}'", closed[1]));
    let before = table(&world);
    apply(&world, &sql);
    let touched: BTreeSet<String> =
        differences(&before, &table(&world)).into_iter().map(|(id, _)| id).collect();
    for id in [&corrected[0], &closed[0], &closed[1]] {
        assert!(!touched.contains(id), "{id}");
    }
    assert!(touched.len() > 3);
}

#[test]
fn nothing_is_closed_in_an_account_that_is_dark() {
    let world = world(Faults::all());
    let (run, lines, _) = corrections(&world);
    let unverified: BTreeSet<String> = run
        .findings("unverified")
        .iter()
        .filter_map(|own| own["evidence"]["row"].as_str().map(str::to_owned))
        .collect();
    assert!(!unverified.is_empty());
    let absent: BTreeMap<String, Value> = run
        .findings("absent")
        .into_iter()
        .map(|own| (own["finding_id"].as_str().unwrap().to_owned(), own))
        .collect();
    for line in lines.iter().filter(|line| line["bestand_action"] == "close") {
        let own = &absent[&line["bestand_finding_id"]];
        assert_eq!(own["evidence"]["coverage"], "complete", "{own}");
        assert!(!unverified.contains(&line["bestand_row"]), "{line:?}");
    }
}

#[test]
fn settings_that_were_changed_after_the_run_are_refused() {
    let world = world(Faults::none());
    let run = world.run_of(&world.command(&["plan", "--first-run"]).expect(0));
    let path: PathBuf = run.path("settings.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"assets\"", "\"users\"", 1)).unwrap();
    let id = run.0.file_name().unwrap().to_str().unwrap();
    let asked = ["report", id, "--format", "corrections"];
    world.command(&asked).expect_failure(44, &["settings.json", "changed"]);
}

/// The register of a world in PostgreSQL, in a schema of its own.
struct Postgres {
    url: String,
    schema: String,
}

impl Postgres {
    /// Copies the world's register, and leads the command to the copy.
    fn of(world: &mut World) -> Self {
        let url = std::env::var("BESTAND_TEST_POSTGRES_URL").unwrap_or_else(|_| {
            panic!("BESTAND_TEST_POSTGRES_URL is not set: run scripts/test, which starts a PostgreSQL server for the tests")
        });
        let schema = format!("Corrections {}", std::process::id());
        let register = Self { url, schema };
        let columns = COLUMNS.map(|name| match name {
            "id" => "\"id\" varchar(80) PRIMARY KEY".to_owned(),
            "is_aws" => "\"is_aws\" integer NOT NULL".to_owned(),
            other => format!("\"{other}\" text"),
        });
        let mut sql = format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0};", register.quoted());
        sql += &format!("CREATE TABLE {}.assets ({});", register.quoted(), columns.join(", "));
        for cells in table(world).values() {
            let cells: Vec<String> = cells
                .iter()
                .map(|cell| {
                    cell.as_ref().map_or("NULL".into(), |text| format!("'{}'", text.replace('\'', "''")))
                })
                .collect();
            sql += &format!("INSERT INTO {}.assets VALUES ({});", register.quoted(), cells.join(", "));
        }
        register.apply(world, &sql);
        world.set("BESTAND__SOURCE_REGISTER__URL", &register.url);
        let named = format!("{}.assets", register.quoted()).replace('"', "\\\"");
        world.edit_settings(|text| text.replace("table = \"assets\"", &format!("table = \"{named}\"")));
        register
    }

    fn quoted(&self) -> String {
        format!("\"{}\"", self.schema)
    }

    fn apply(&self, world: &World, sql: &str) {
        world.runtime.block_on(async {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
        });
    }

    fn table(&self, world: &World) -> Table {
        world.runtime.block_on(async {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            let cells = COLUMNS.map(|name| format!("CAST({name} AS TEXT)")).join(", ");
            let sql = AssertSqlSafe(format!("SELECT {cells} FROM {}.assets", self.quoted()));
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            let cells = |row: &sqlx::postgres::PgRow| {
                (0..COLUMNS.len()).map(|index| row.get::<Option<String>, _>(index)).collect::<Vec<_>>()
            };
            rows.iter().map(|row| (cells(row)[0].clone().unwrap_or_default(), cells(row))).collect()
        })
    }
}

#[test]
fn the_same_statements_correct_a_register_in_postgresql() {
    let mut world = world(Faults::none());
    let register = Postgres::of(&mut world);
    let (run, lines, sql) = corrections(&world);
    let in_sql: Vec<&Line> = lines.iter().filter(|line| line["bestand_sql"] == "yes").collect();
    assert!(in_sql.len() > 3);
    let before = register.table(&world);
    // Both ways to read a backslash.
    register.apply(&world, &format!("SET standard_conforming_strings = off; {sql}"));
    let after = register.table(&world);
    let named: BTreeSet<(String, String)> =
        in_sql.iter().map(|line| (line["bestand_row"].clone(), line["bestand_column"].clone())).collect();
    assert_eq!(differences(&before, &after), named);
    register.apply(&world, &sql);
    assert_eq!(register.table(&world), after, "applied twice");
    let (next, _, _) = corrections(&world);
    let corrected: BTreeSet<String> = in_sql.iter().map(|line| line["bestand_finding_id"].clone()).collect();
    assert_eq!(ids(&run).difference(&ids(&next)).cloned().collect::<BTreeSet<_>>(), corrected);
    assert!(ids(&next).is_subset(&ids(&run)));
}

/// What hostile values make of a register: the same in both databases, and nothing but what is meant.
#[test]
fn hostile_values_are_corrected_to_the_letter() {
    let world = world(Faults::none());
    let (_, lines, _) = corrections(&world);
    let row = lines
        .iter()
        .find(|line| line["bestand_column"] == "instance_type" && line["bestand_sql"] == "yes")
        .unwrap()["bestand_row"]
        .clone();
    for hostile in [
        "x'); DROP TABLE assets; --",
        "\\'; DROP TABLE assets; --",
        "a\n.quit\n-- b",
        "=cmd|' /C calc'!A0",
        "\u{202e}x",
    ] {
        let literal = hostile.replace('\'', "''");
        apply(&world, &format!("UPDATE assets SET instance_type = '  {literal} ' WHERE id = '{row}'"));
        let (_, lines, sql) = corrections(&world);
        let line = lines.iter().find(|line| line["bestand_row"] == row).unwrap();
        assert_eq!(line["bestand_read"].trim_start_matches('\''), hostile, "{line:?}");
        let before = table(&world);
        apply(&world, &sql);
        let after = table(&world);
        assert_eq!(after[&row][14].as_deref(), Some(line["bestand_proposed"].as_str()));
        assert!(differences(&before, &after).contains(&(row.clone(), "instance_type".to_owned())));
        assert_eq!(before.len(), after.len());
    }
}
