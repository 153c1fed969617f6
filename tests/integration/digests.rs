//! Letters for owners, as the command leaves them.

use bestand_sandbox::Faults;

use crate::corrections::parse;
use crate::support::World;

#[test]
fn every_owner_gets_a_letter_and_those_of_yesterday_are_gone() {
    let world = World::small(Faults::none());
    world.init_store();
    let run = world.run_of(&world.command(&["plan", "--first-run"]).expect(0));
    let id = run.0.file_name().unwrap().to_str().unwrap();
    let folder = world.path("out/digests");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("old-0123456789abcdef.md"), "Subject: old").unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let outcome = world.command(&["report", id, "--format", "digests", "--out", "out"]).expect(0);
    assert!(outcome.stdout.trim().ends_with("digests/index.csv"), "{}", outcome.stdout);
    let index = parse(&std::fs::read_to_string(folder.join("index.csv")).unwrap());
    assert!(index.len() > 1);
    let mut told = 0;
    for line in &index {
        let letter = std::fs::read_to_string(folder.join(&line["file"])).unwrap();
        assert!(letter.starts_with("Subject: bestand: "), "{letter}");
        assert_eq!(letter.matches("report.html#f-").count().to_string(), line["shown"]);
        told += line["findings"].parse::<usize>().unwrap();
    }
    let findings = run.values("findings");
    let expected = findings.iter().filter(|own| {
        own.get("exception").is_none() && own["severity"] != "info" && own["kind"] != "unverified"
    });
    assert_eq!(told, expected.count());
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, index.len() + 2, "the letters, the index and what is not ours");
}
