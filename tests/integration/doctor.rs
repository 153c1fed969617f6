//! The doctor before a run and after one: what stands in the way is named with its fix, and mended is told as mended.

use std::collections::BTreeSet;
use std::net::TcpListener;

use bestand_sandbox::Faults;
use bestand_sandbox::register::RegisterFaults;
use serde_json::Value;

use crate::support::{Outcome, World, files_below, number};

/// The faults that a doctor can see, over accounts enough for one each.
const FAULTS: &str = "account_denied,recorder_stopped,recorder_absent,type_not_recorded";

/// What is told of each of them: the reason, what is wrong, what to do.
const ON: [(&str, &str, &str); 4] = [
    ("role_denied", "role/bestand-reader", "trust policy"),
    ("recorder_stopped", "the recorder is stopped", "Start the recorder"),
    ("recorder_absent", "no configuration recorder", "Set up AWS Config's recorder"),
    ("type_not_recorded", "AWS::DynamoDB::Table", "Let the recorder record the type"),
];

fn ready(accounts: usize, resources: usize, faults: Faults) -> World {
    let world = World::new(accounts, resources, faults);
    world.init_store();
    world
}

fn examine(world: &World, arguments: &[&str], status: i32) -> Value {
    let outcome = world.command(&[&["doctor", "--json"], arguments].concat()).expect(status);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["exit_status"], status);
    report
}

/// What counts: the estate holds a gap or two that its settings accept.
fn open<'a>(report: &'a Value, list: &str) -> Vec<&'a Value> {
    report[list].as_array().unwrap().iter().filter(|of| of["accepted"] == false).collect()
}

fn problems<'a>(report: &'a Value, reason: &str) -> Vec<&'a Value> {
    open(report, "problems").into_iter().filter(|problem| problem["reason"] == reason).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[test]
fn where_nothing_is_wrong_nothing_is_said() {
    let world = ready(3, 450, Faults::none());
    let before = files_below(&world.store());
    let report = examine(&world, &[], 0);
    assert_eq!(report["problems"], Value::Array(Vec::new()));
    assert_eq!(report["schema_version"], 1);
    assert!(text(&report["caller"], "arn").contains(":user/bestand"));
    for part in ["caller", "directory", "source_register", "central_register", "run_store"] {
        assert_eq!(report[part]["status"], "ok", "{part}: {}", report[part]);
    }
    assert_eq!(number(&report, "/source_register/rows"), world.sandbox().truth().records_total);
    assert_eq!(report["central_register"]["environment"], "staging");
    let accounts = report["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 3);
    for account in accounts {
        let regions = account["regions"].as_array().unwrap();
        assert_eq!(regions.len(), 3);
        for region in regions {
            assert_eq!(region["recorder"]["healthy"], true);
            let actions = region["actions"].as_array().unwrap();
            assert_eq!(actions.len(), 12);
            assert!(actions.iter().all(|action| action["status"] == "works"), "{region}");
        }
    }
    // Twelve calls a region; a role, its regions for each account; who calls, and the directory.
    let calls = ["config", "ec2", "tag", "sts"].map(|of| number(&report, &format!("/aws_calls/{of}/calls")));
    assert_eq!(calls, [9 * 6, 9 * 5 + 3, 9, 3 + 1]);
    assert_eq!(files_below(&world.store()), before, "it leaves nothing behind");

    let table = world.command(&["doctor"]).expect(0).stdout;
    for words in ["3 examined: 3 well", "9 examined: in 9", "nothing stands in the way of a run"] {
        assert!(table.contains(words), "{table}");
    }
    world.command(&["run", "--first-run"]).expect(0);
    assert_eq!(number(&examine(&world, &[], 0), "/central_register/accounts"), 3);
}

#[test]
fn each_fault_is_named_with_its_fix_and_spares_the_other_accounts() {
    let world = ready(12, 1_200, FAULTS.parse().unwrap());
    let report = examine(&world, &[], 20);
    let expected: Vec<&str> = ON.iter().map(|(reason, _, _)| *reason).collect();
    let mut found = BTreeSet::new();
    for gap in world.sandbox().truth().incomplete.iter().filter(|gap| expected.contains(&gap.reason)) {
        let of_reason = problems(&report, gap.reason);
        let [problem] = of_reason.as_slice() else { panic!("{gap:?}: {of_reason:?}") };
        assert_eq!(text(problem, "account_id"), gap.account_id);
        if let Some(region) = gap.region.as_deref() {
            assert_eq!(problem["regions"], serde_json::json!([region]));
        }
        assert!(!text(problem, "fix").is_empty() && text(problem, "scope").contains(&gap.account_id));
        found.insert(gap.reason);
    }
    assert_eq!(found.len(), 4);
    assert_eq!(open(&report, "problems").len(), 4, "{:#}", report["problems"]);
    for (reason, what, fix) in ON {
        let problem = problems(&report, reason)[0];
        assert!(text(problem, "problem").contains(what), "{problem}");
        assert!(text(problem, "fix").contains(fix), "{problem}");
    }
    let table = world.command(&["doctor"]).expect(20).stdout;
    for words in ["12 examined: 8 well", "recorder_stopped", "role_denied", "exit status 20"] {
        assert!(table.contains(words), "{table}");
    }

    // Only one account is asked for, and it is well.
    let denied = text(problems(&report, "role_denied")[0], "account_id");
    let well = world.sandbox().truth().accounts[0].id.clone();
    let one = examine(&world, &["--accounts", &well], 0);
    assert_eq!(one["accounts"].as_array().unwrap().len(), 1);
    world.command(&["doctor", "--accounts", "999999999999"]).expect_failure(2, &["999999999999"]);
    // Where no account at all can be entered, a run would end with that.
    let none = examine(&world, &["--accounts", denied], 31);
    assert!(text(&none["problems"][0], "problem").contains("none of 1 accounts"));
}

#[test]
fn an_accepted_gap_is_shown_and_does_not_count() {
    let world = ready(3, 450, "recorder_stopped".parse().unwrap());
    world.edit_settings(|text| {
        let accepted = "[[coverage.accepted]]\nreason = \"recorder_stopped\"\nbecause = \"moves out\"\n\
                        until = \"2099-01-01T00:00:00Z\"\n\n[run_store]";
        text.replace("[run_store]", accepted)
    });
    let report = examine(&world, &[], 0);
    assert_eq!(report["problems"][0]["reason"], "recorder_stopped");
    assert_eq!(report["problems"][0]["accepted"], true);
    assert!(world.command(&["doctor"]).expect(0).stdout.contains("accepted in the settings"));
}

#[test]
fn it_ends_as_the_run_would() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut world = World::small(Faults::none());
    let scope_of = |report: &Value| text(&report["problems"][0], "scope").to_owned();
    // A store that was never made ready.
    let report = examine(&world, &[], 43);
    assert!(text(&report["problems"][0], "fix").contains("settings --init-store"), "{report:#}");
    assert_eq!(report["run_store"]["writable"], true);
    world.init_store();
    examine(&world, &[], 0);

    let rows = std::fs::read(world.path("itk.db")).unwrap();
    world.execute("itk.db", "DROP TABLE assets");
    let report = examine(&world, &[], 30);
    assert_eq!(
        (scope_of(&report).as_str(), &report["source_register"]["status"]),
        ("source register", &"failed".into())
    );
    assert_eq!(report["accounts"].as_array().unwrap().len(), 3, "the accounts are examined all the same");

    // The later status wins, and the earlier problem is told as well.
    let good = world.sandbox().register_url().to_owned();
    world.set("BESTAND__CENTRAL_REGISTER__URL", &nobody);
    let report = examine(&world, &[], 32);
    assert_eq!(report["problems"].as_array().unwrap().len(), 2);
    assert_eq!(scope_of(&report), "central register");
    std::fs::write(world.path("itk.db"), rows).unwrap();

    world.with_register("production", RegisterFaults::default());
    let report = examine(&world, &[], 43);
    assert!(text(&report["problems"][0], "problem").contains("`production`"));
    assert_eq!(report["central_register"]["register_id"], "register-of-the-test");
    world.set("BESTAND__CENTRAL_REGISTER__URL", &good);

    std::fs::write(world.path("a-file"), "").unwrap();
    let store = format!("file://{}", world.path("a-file/runs").display());
    world.set("BESTAND__RUN_STORE__URL", &store);
    let report = examine(&world, &[], 45);
    assert_eq!((scope_of(&report).as_str(), &report["run_store"]["writable"]), ("run store", &false.into()));
    world.set("BESTAND__RUN_STORE__URL", "file:store");

    world.set("AWS_ACCESS_KEY_ID", "AKIAWRONG");
    let report = examine(&world, &[], 31);
    assert_eq!((scope_of(&report).as_str(), &report["caller"]["status"]), ("credentials", &"failed".into()));
    assert_eq!(report["source_register"]["status"], "ok");
}

#[test]
fn what_failed_in_a_run_is_told_as_still_so_and_then_as_mended() {
    let mut world = ready(12, 1_200, FAULTS.parse().unwrap());
    let run = world.command(&["run", "--first-run"]).expect(20);
    let id = run.summary()["run_id"].as_str().unwrap().to_owned();
    let gaps = |outcome: &Outcome| {
        let no_gaps = ["account_inactive", "not_requested", "region_disabled"];
        let lines = world.run_of(outcome).coverage().into_iter();
        lines
            .filter(|line| line["status"] == "incomplete" && !no_gaps.contains(&text(line, "reason")))
            .map(|line| ["account_id", "region", "resource_type"].map(|name| line[name].clone()))
            .collect::<Vec<_>>()
    };
    let expected = gaps(&run);
    let hit: BTreeSet<String> = expected.iter().map(|gap| gap[0].as_str().unwrap().to_owned()).collect();
    let rechecked = |report: &Value| -> Vec<Value> { report["rechecked"].as_array().unwrap().clone() };

    let still = examine(&world, &["--run", &id], 20);
    let places = |report: &Value| -> BTreeSet<String> {
        let gaps = rechecked(report).into_iter();
        gaps.map(|gap| format!("{} {} {}", gap["account_id"], gap["region"], gap["resource_type"])).collect()
    };
    let expected: BTreeSet<String> =
        expected.iter().map(|gap| format!("{} {} {}", gap[0], gap[1], gap[2])).collect();
    assert_eq!(places(&still), expected);
    assert!(
        rechecked(&still).iter().all(|gap| gap["mended"] == false && gap["now"] == gap["was"]),
        "{still:#}"
    );
    let examined: BTreeSet<String> =
        still["accounts"].as_array().unwrap().iter().map(|account| text(account, "id").to_owned()).collect();
    assert_eq!(examined, hit, "no other account is entered");
    let regions = |report: &Value| -> usize {
        report["accounts"].as_array().unwrap().iter().map(|of| of["regions"].as_array().unwrap().len()).sum()
    };
    let pairs: BTreeSet<&str> = expected
        .iter()
        .filter_map(|gap| gap.rsplit_once(' ').filter(|(place, _)| !place.ends_with("null")))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(regions(&still), pairs.len(), "{pairs:?}");

    world.restart(12, 1_200, Faults::none());
    let mended = examine(&world, &["--run", &id], 0);
    assert_eq!(places(&mended), expected);
    let all_mended = open(&mended, "rechecked").iter().all(|gap| gap["mended"] == true);
    assert!(all_mended && !open(&mended, "rechecked").is_empty(), "{mended:#}");
    assert!(open(&mended, "problems").is_empty());
    let table = world.command(&["doctor", "--run", &id]).expect(0).stdout;
    assert!(table.contains("recorder_absent: mended") || table.contains("recorder_absent ("), "{table}");
    world.command(&["doctor", "--run", "no-such-run"]).expect_failure(2, &["no-such-run"]);
}

#[test]
fn a_run_and_the_doctor_call_nothing_that_is_not_in_the_table() {
    // Every member call is under the session policy, which is made of the table: what goes beyond it is denied.
    let world = ready(3, 450, Faults::none());
    let run = world
        .command_with(&["run", "--first-run"], &[("RUST_LOG", "bestand=debug,bestand_collector=debug")])
        .expect(0);
    let doctor = world.command(&["doctor", "--json"]).expect(0);
    for said in [&run.stderr, &run.stdout, &doctor.stdout] {
        for word in ["AccessDenied", "UnauthorizedOperation", "not authorized"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
    }
    for line in world.run_of(&run).coverage() {
        let detail = line["detail"].as_str().unwrap_or_default();
        assert!(!detail.contains("Denied") && !detail.contains("Unauthorized"), "{line}");
    }
}

#[test]
fn the_policies_are_printed_for_those_who_set_the_roles_up() {
    let world = World::small(Faults::none());
    let policies = world.command(&["settings", "--policy"]).expect(0).summary();
    assert_eq!(policies["member_role"]["name"], "bestand-reader");
    let actions = |pointer: &str| -> Vec<String> {
        let actions = policies.pointer(pointer).and_then(Value::as_array).unwrap();
        actions.iter().map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    let member = actions("/member_role/policy/Statement/0/Action");
    assert!(member.contains(&"config:SelectResourceConfig".to_owned()) && member.len() == 13, "{member:?}");
    let home = actions("/job_role/policy/Statement/0/Action");
    assert!(home.contains(&"organizations:ListAccounts".to_owned()), "{home:?}");
    let role = policies.pointer("/job_role/policy/Statement/1/Resource").unwrap();
    assert_eq!(role, "arn:aws:iam::*:role/bestand-reader");
}
