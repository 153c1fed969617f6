//! What goes wrong outside: each cause has its status, a clear message and a next step, and nothing is concluded.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use bestand_sandbox::Faults;
use bestand_sandbox::register::{Credential, RegisterFaults};

use crate::support::{World, files_below, names_a_command};

/// A web server that answers everything with the same page, as a proxy's sign-in does.
fn page_server(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let body = "<html><body>Please sign in</body></html>";
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

/// An address on which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Nothing was decided: neither plan nor change, and the summary says how it ended.
fn nothing_was_planned(world: &World, status: i32) {
    let mut failed = 0;
    for id in world.runs() {
        let run = world.run(&id);
        let summary = run.json("run.json");
        if summary["exit_status"] == status {
            assert!(!run.has("plan.json"), "{id}");
            // Cause, scope and command, in the run's own file as well.
            let step = summary["next_steps"][0].as_str().unwrap();
            assert!(names_a_command(step), "{step}");
            assert!(step.contains(&format!("run {id} made no plan, and published nothing")), "{step}");
            assert!(summary["ended_at"].is_string());
            failed += 1;
        }
    }
    assert!(failed > 0, "no run ended so");
}

#[test]
fn without_credentials_nothing_begins() {
    let mut world = World::small(Faults::none());
    world.unset("AWS_ACCESS_KEY_ID");
    world.unset("AWS_SECRET_ACCESS_KEY");
    world.command(&["plan"]).expect_failure(31, &["found no AWS credentials", "AWS_PROFILE"]);
    nothing_was_planned(&world, 31);
    world.set("AWS_ACCESS_KEY_ID", "AKIAWRONG");
    world.set("AWS_SECRET_ACCESS_KEY", "very-secret-very-secret");
    let outcome = world.command(&["plan"]).expect_failure(31, &["AWS does not accept the credentials"]);
    assert!(!outcome.stderr.contains("very-secret"), "{}", outcome.stderr);
}

#[test]
fn one_account_denied_is_a_gap_and_the_run_goes_on() {
    let world = World::small("account_denied".parse().unwrap());
    let outcome = world.command(&["plan"]).expect(20);
    let summary = outcome.summary();
    assert_eq!(summary["accounts"]["failed"], 1);
    assert_eq!(summary["accounts"]["complete"], 2);
    let steps = summary["next_steps"].to_string();
    assert!(steps.contains("role_denied") && steps.contains("trust policy"), "{steps}");
    let denied = &world.sandbox().truth().incomplete[0].account_id;
    let coverage = world.run_of(&outcome).coverage();
    let line = coverage.iter().find(|line| line["account_id"] == denied.as_str()).unwrap();
    assert_eq!((line["status"].as_str(), line["reason"].as_str()), (Some("incomplete"), Some("role_denied")));
}

#[test]
fn no_account_readable_is_a_failure() {
    let world = World::small(Faults::none());
    world.init_store();
    let external_id = world.sandbox().truth().external_id.clone();
    world.edit_settings(|text| text.replace(&external_id, "not-the-external-id"));
    let outcome = world
        .command(&["run", "--first-run"])
        .expect_failure(31, &["none of 3 accounts could be read", "role_denied"]);
    assert!(outcome.stdout.is_empty());
    nothing_was_planned(&world, 31);
    assert!(world.applied("register.db").is_empty());
    // The next step sends people to the ledger for each account's reason.
    let ledger = world.run(&world.runs()[0]).coverage();
    assert_eq!(ledger.iter().filter(|line| line["reason"] == "role_denied").count(), 3, "{ledger:?}");
}

#[test]
fn an_account_left_out_is_not_requested_and_not_absent() {
    let world = World::published();
    let truth = world.sandbox().truth();
    let (asked, left_out) = (&truth.accounts[0].id, &truth.accounts[1].id);
    let outcome = world.command(&["plan", "--accounts", asked]).expect(0);
    let run = world.run_of(&outcome);
    let coverage = run.coverage();
    let lines: Vec<_> = coverage.iter().filter(|line| line["account_id"] == left_out.as_str()).collect();
    assert_eq!((lines.len(), lines[0]["reason"].as_str()), (1, Some("not_requested")));
    assert!(run.values("findings").iter().all(|finding| finding["account_id"] == asked.as_str()));
    assert!(run.values("changes").iter().all(|change| change["account_id"] == asked.as_str()));
    world.command(&["plan", "--accounts", "999999999999"]).expect_failure(2, &["999999999999"]);
}

#[test]
fn a_source_register_that_cannot_be_read_ends_the_run() {
    let mut world = World::small(Faults::none());
    world.set("BESTAND__SOURCE_REGISTER__URL", "sqlite:///nowhere/itk.db");
    world.command(&["plan"]).expect_failure(30, &["cannot be reached", "/nowhere/itk.db"]);
    world.set("BESTAND__SOURCE_REGISTER__URL", "postgres://itk:hunter2@127.0.0.1:1/itk");
    let outcome = world.command(&["plan"]).expect_failure(30, &["cannot be reached"]);
    let digest =
        outcome.stderr + &std::fs::read_to_string(world.run(&world.runs()[0]).path("run.json")).unwrap();
    assert!(!digest.contains("hunter2"), "{digest}");
    world.unset("BESTAND__SOURCE_REGISTER__URL");

    world.edit_settings(|text| {
        text.replace("owner = \"owner\"", "owner = \"besitzer\"").replace("\"env\"", "\"umgebung\"")
    });
    // Every missing column at once, and what columns there are.
    world.command(&["plan"]).expect_failure(30, &["besitzer", "umgebung", "cost_centre"]);
    nothing_was_planned(&world, 30);
}

#[test]
fn an_empty_or_shrunken_source_register_is_not_believed() {
    let world = World::published();
    let before = world.applied("register.db");
    world.execute("itk.db", "DELETE FROM assets WHERE rowid % 5 = 0");
    let outcome = world.command(&["run"]).expect_failure(30, &["less than the share of 0.9"]);
    assert!(outcome.stderr.contains("min_source_share"), "{}", outcome.stderr);
    world.execute("itk.db", "DELETE FROM assets");
    world.command(&["run"]).expect_failure(30, &["holds no row"]);
    nothing_was_planned(&world, 30);
    assert_eq!(world.applied("register.db"), before);
}

#[test]
fn a_source_register_shrunken_a_little_is_believed() {
    let world = World::published();
    world.execute("itk.db", "DELETE FROM assets WHERE rowid % 20 = 0");
    let summary = world.command(&["run"]).expect(0).summary();
    assert_eq!(summary["changes"]["retire"], 0, "a row that is gone retires nothing at once");
}

#[test]
fn a_central_register_that_is_down_or_answers_nonsense_ends_the_run() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__CENTRAL_REGISTER__REQUEST_TIMEOUT_SECS", "2");
    world.set("BESTAND__CENTRAL_REGISTER__URL", &nobody());
    world.command(&["run", "--first-run"]).expect_failure(32, &["cannot reach the central register"]);
    world.set("BESTAND__CENTRAL_REGISTER__URL", &page_server("200 OK"));
    world.command(&["run", "--first-run"]).expect_failure(32, &["makes no sense", "Please sign in"]);
    world.set("BESTAND__CENTRAL_REGISTER__URL", &page_server("403 Forbidden"));
    world.command(&["run", "--first-run"]).expect_failure(32, &["403"]);
    assert!(world.runs().is_empty(), "found before anything was begun");
}

#[test]
fn environments_must_agree_before_anything_is_written() {
    let mut world = World::small(Faults::none());
    // A plan needs no store that was made ready, a publication does.
    world.command(&["run", "--first-run"]).expect_failure(43, &["--init-store"]);
    assert!(world.runs().is_empty());
    let plan = world.command(&["plan"]).expect(0).summary();
    world.command(&["publish", plan["run_id"].as_str().unwrap()]).expect_failure(43, &["--init-store"]);
    world.init_store();

    world.with_register("production", RegisterFaults::default());
    let words = ["`staging`", "`production`", "register-of-the-test"];
    world.command(&["run", "--first-run"]).expect_failure(43, &words);
    world.command(&["plan"]).expect_failure(43, &words);
    assert!(world.applied("other.db").is_empty());

    // The settings say production now, and so does the register: the store does not.
    world.set("BESTAND__ENVIRONMENT", "production");
    world.command(&["run", "--first-run"]).expect_failure(43, &["the run store belongs to `staging`"]);
    world.command(&["plan"]).expect_failure(43, &["the run store belongs to `staging`"]);
    world.command(&["settings", "--init-store"]).expect_failure(43, &["staging"]);
    assert!(world.applied("other.db").is_empty());
}

#[test]
fn semantics_3_10_a_register_of_another_name_is_refused_whatever_it_declares() {
    let mut world = World::small(Faults::none());
    world.init_store();
    let undeclared = vec!["environment"];
    world.with_register("production", RegisterFaults { undeclared, ..RegisterFaults::default() });
    world.command(&["run", "--first-run"]).expect_failure(43, &["`staging`", "`production`"]);
    world.command(&["plan"]).expect_failure(43, &["`staging`", "`production`"]);
    assert!(world.applied("other.db").is_empty());
}

#[test]
fn a_run_store_that_cannot_be_written_is_told_as_such() {
    let mut world = World::small(Faults::none());
    std::fs::write(world.path("a-file"), "").unwrap();
    let below_a_file = format!("file://{}", world.path("a-file/runs").display());
    world.set("BESTAND__RUN_STORE__URL", &below_a_file);
    world.command(&["plan"]).expect_failure(45, &["a file stands where a folder belongs"]);
    world.command(&["settings", "--init-store"]).expect(45);
    world.set("BESTAND__RUN_STORE__URL", "gs://bucket/prefix");
    world.command(&["plan"]).expect_failure(2, &["`gs:` is not supported", "s3://bucket/prefix"]);
    world.set("BESTAND__RUN_STORE__URL", "s3://Not_A_Bucket");
    world.command(&["plan"]).expect_failure(2, &["no bucket's name"]);
}

#[test]
fn a_full_disk_ends_the_run_wherever_it_is_met() {
    let world = World::small(Faults::none());
    // A limit on a file's size meets the run earlier or later, and needs no right to mount a small disk.
    let limited = |kib: u32| {
        let program = assert_cmd::cargo::cargo_bin!("bestand");
        let mut command = assert_cmd::Command::new("sh");
        command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"")).arg(program);
        command.args(["plan"]).current_dir(world.folder.path());
        command.env_clear().envs(world.sandbox().environment_variables()).env("PATH", "/usr/bin:/bin");
        command.env("BESTAND__RUN_STORE__URL", "file:store");
        command.output().unwrap()
    };
    let mut met = 0;
    for kib in [0, 1, 4, 16, 64] {
        let output = limited(kib);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(45) => {
                assert!(stderr.lines().last().unwrap().contains("\"exit_status\":45"), "{stderr}");
                met += 1;
            }
            // Large enough for everything that such a run writes.
            Some(0) => assert!(kib > 4, "{kib} KiB"),
            other => panic!("{kib} KiB: {other:?} {stderr}"),
        }
    }
    assert!(met >= 2, "{met}");
    for id in world.runs() {
        let run = world.run(&id);
        assert!(!run.has("plan.json") || run.json("plan.json")["digest"].is_string(), "whole or not there");
    }
}

#[test]
fn a_second_run_beside_a_running_one_is_refused() {
    let world = World::small("latency=150".parse().unwrap());
    let mut first = world.start(&["plan"]);
    first.wait_until("a run directory", || !world.runs().is_empty());
    let outcome = world.command(&["plan"]).expect_failure(42, &["in use by run ", "process "]);
    let holder = &world.runs()[0];
    assert!(outcome.failure().0.contains(holder.as_str()), "{}", outcome.stderr);
    first.wait().expect(0);
    assert_eq!(world.runs().len(), 1);
    world.command(&["plan"]).expect(0);
}

#[test]
fn without_a_central_register_a_plan_is_a_report_and_a_run_is_refused() {
    let world = World::small(Faults::none());
    world.edit_settings(|text| {
        let (before, rest) = text.split_once("[central_register]").unwrap();
        let (_, after) = rest.split_once("[gate]").unwrap();
        format!("{before}[gate]{after}")
    });
    world.init_store();
    let outcome = world.command(&["plan"]).expect(0);
    let run = world.run_of(&outcome);
    assert!(!run.findings("absent").is_empty() && !run.findings("unregistered").is_empty());
    assert!(run.has("report.html") && run.has("report.jsonl"));
    assert!(outcome.summary()["gate"]["reasons"].as_array().unwrap().is_empty());
    world.command(&["plan", "--fail-on-drift"]).expect(10);
    let id = outcome.summary()["run_id"].as_str().unwrap().to_owned();
    world.command(&["run"]).expect_failure(2, &["[central_register]", "bestand plan"]);
    world.command(&["publish", &id]).expect_failure(2, &["[central_register]"]);
}

#[test]
fn the_key_of_the_central_register_is_sent_and_shown_nowhere() {
    const KEY: &str = "a-key-that-nobody-may-see";
    let mut world = World::small(Faults::none());
    world.init_store();
    world.edit_settings(|text| {
        text.replace(
            "auth = { kind = \"none\" }",
            "auth = { kind = \"api_key\", key = { env = \"REGISTER_KEY\" } }",
        )
    });
    world.with_guarded_register(
        "staging",
        RegisterFaults::default(),
        vec![Credential::api_key("bestand", KEY)],
    );
    world.command(&["run", "--first-run"]).expect_failure(2, &["central_register.auth.key", "REGISTER_KEY"]);
    world.set("REGISTER_KEY", "another-key");
    let outcome = world.command(&["run", "--first-run"]).expect_failure(32, &["401"]);
    assert!(!outcome.stderr.contains("another-key"), "{}", outcome.stderr);
    world.set("REGISTER_KEY", KEY);
    world.set("RUST_LOG", "trace");
    let outcome = world.command(&["run", "--first-run"]).expect(0);
    assert!(!world.applied("other.db").is_empty());
    assert!(!outcome.stdout.contains(KEY));
    let shown = outcome.stderr.lines().find(|line| line.contains(KEY));
    assert_eq!(shown, None, "even at its most talkative the log shows no key");
    for path in files_below(&world.store()) {
        let bytes = std::fs::read(&path).unwrap();
        let text = zstd::decode_all(bytes.as_slice()).unwrap_or(bytes);
        assert!(!text.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "{}", path.display());
    }
}

/// 100,000 more rows for one account: 90,000 instances that nobody ever saw, and 10,000 that all claim one that lives.
const A_HUNDRED_THOUSAND_ROWS: &str = "INSERT INTO assets (id, arn, resource_id, account, region, type, name, is_aws) \
     WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 99999) \
     SELECT printf('WIDE-%06d', n), CASE WHEN n < 10000 THEN one.arn END, \
     CASE WHEN n >= 10000 THEN printf('i-0abc%013x', n) END, one.account, one.region, one.type, 'wide', 1 \
     FROM n, (SELECT arn, account, region, type FROM assets WHERE type = 'AWS::EC2::Instance' \
     AND arn IS NOT NULL AND region IS NOT NULL AND status = 'active' ORDER BY id LIMIT 1) AS one";

#[test]
fn a_hundred_thousand_rows_of_one_account_are_judged_each_and_stop_nothing() {
    let world = World::small(Faults::none());
    let before = world.run_of(&world.command(&["plan"]).expect(0));
    world.execute("itk.db", A_HUNDRED_THOUSAND_ROWS);
    let outcome = world.command(&["plan"]).expect(0);
    let run = world.run_of(&outcome);
    let more = |kind: &str| run.findings(kind).len() - before.findings(kind).len();
    assert_eq!(more("absent"), 90_000);
    // What they claim together is one finding, which names them all and whom they quarrel with.
    let claims = run.findings("duplicate");
    let claims: Vec<_> = claims.iter().filter(|finding| finding.to_string().contains("WIDE-")).collect();
    assert_eq!(claims.len(), 1, "{claims:?}");
    assert_eq!(claims[0]["evidence"]["rows"].as_array().unwrap().len(), 10_001);
    assert_eq!(claims[0]["evidence"]["withheld"], "ambiguous");
    let changes = run.values("changes");
    assert!(!changes.is_empty() && !changes.iter().any(|change| change.to_string().contains("WIDE-")));
}
