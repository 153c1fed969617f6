//! What a shell and `man` make of what the command says of itself: a real bash, a real roff.

use std::io::Write as _;
use std::process::{Command, Stdio};

fn bestand(arguments: &[&str]) -> String {
    let output = Command::new(assert_cmd::cargo::cargo_bin!("bestand")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a program on some input, and gives what it says on both streams.
fn pipe(program: &str, arguments: &[&str], input: &str) -> (String, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{program}: {}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

/// What bash offers for the last word of a command line.
fn offered(script: &str, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let test = format!(
        "{script}\ncomplete -p bestand >/dev/null || exit 1\n\
         COMP_WORDS=({}); COMP_CWORD={last}; COMP_LINE=\"${{COMP_WORDS[*]}}\"; COMP_POINT=${{#COMP_LINE}}\n\
         _bestand bestand '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        words.join(" "),
        words[last],
        words[last - 1],
    );
    let (said, complained) = pipe("bash", &["--norc", "--noprofile", "-s"], &test);
    assert_eq!(complained, "");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_their_values() {
    let script = bestand(&["completions", "bash"]);
    assert_eq!(pipe("bash", &["-n"], &script).1, "");
    assert_eq!(offered(&script, &["bestand", "pl"]), ["plan"]);
    assert_eq!(offered(&script, &["bestand", "plan", "--fail-on-"]), ["--fail-on-gate", "--fail-on-drift"]);
    assert_eq!(offered(&script, &["bestand", "run", "--log-format", "h"]), ["human"]);
    assert!(offered(&script, &["bestand", "revert", "--"]).contains(&"--json".to_owned()));
}

#[test]
fn every_shell_has_a_script_that_knows_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bestand(&["completions", shell]);
        for command in
            ["run", "plan", "publish", "revert", "explain", "doctor", "settings", "completions", "man"]
        {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("accept-gate"), "{shell}");
    }
}

#[test]
fn the_manual_pages_are_clean_roff_and_say_what_help_says() {
    let page = |arguments: &[&str]| {
        let roff = bestand(arguments);
        let (text, complained) = pipe("groff", &["-man", "-Tascii", "-rHY=0", "-ww", "-P-cbou"], &roff);
        assert_eq!(complained, "", "{arguments:?}");
        // Lines are filled to both margins.
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let all = page(&["man"]);
    for words in
        ["bestand - Keeps a central asset register true", "--log-format", "bestand-plan(1)", "Exit status"]
    {
        assert!(all.contains(words), "no `{words}` in:\n{all}");
    }
    for command in ["run", "plan", "publish", "revert", "explain", "doctor", "settings", "man"] {
        let text = page(&["man", command]);
        assert!(text.contains(&format!("bestand-{command}")) && text.contains("--settings"), "{text}");
    }
    assert!(page(&["man", "publish"]).contains("--accept-gate"));
    let nothing =
        Command::new(assert_cmd::cargo::cargo_bin!("bestand")).args(["man", "nothing"]).output().unwrap();
    assert_eq!(nothing.status.code(), Some(2));
}
