//! Man pages and completions: every command has them, and the programs that read them take them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by panicking")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_steadfast");

fn steadfast(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

fn printed(args: &[&str]) -> String {
    let output = steadfast(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Feeds a program and takes what it says on both of its outputs; it must end well.
fn fed(program: &str, args: &[&str], input: &str) -> String {
    let piped = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = piped.unwrap_or_else(|e| panic!("{program}: {e}: run scripts/setup test"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {said}");
    said
}

/// The commands that help lists below one, each with its whole name.
fn commands(above: &[&str]) -> Vec<Vec<String>> {
    let help = printed(&[above, &["--help"]].concat());
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next()).filter(|it| *it != "help");
    let mut all = Vec::new();
    for name in names {
        let whole: Vec<&str> = above.iter().copied().chain([name]).collect();
        all.push(whole.iter().map(|it| (*it).to_owned()).collect());
        all.extend(commands(&whole));
    }
    all
}

#[test]
fn every_command_has_a_man_page_that_groff_takes_without_a_word() {
    let all = commands(&[]);
    assert!(all.len() > 5, "{all:?}");
    for command in all {
        let args: Vec<&str> = ["man"].into_iter().chain(command.iter().map(|it| &**it)).collect();
        let page = printed(&args);
        assert_eq!(fed("groff", &["-man", "-ww", "-z"], &page), "", "{command:?}");
        let text = fed("groff", &["-man", "-Tascii", "-P-cbou"], &page);
        let name = format!("steadfast-{}", command.join("-"));
        assert!(text.contains(&name), "{name} in {text}");
        assert!(text.contains("STEADFAST_LOG_FORMAT"), "the variables, too: {text}");
    }
}

#[test]
fn all_pages_are_written_into_a_directory() {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("man");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir(&dir).unwrap();
    printed(&["man", "--write-to", dir.to_str().unwrap()]);
    let mut expected: Vec<String> =
        commands(&[]).iter().map(|it| format!("steadfast-{}.1", it.join("-"))).collect();
    expected.push("steadfast.1".to_owned());
    expected.sort();
    let entries = std::fs::read_dir(&dir).unwrap();
    let mut there: Vec<String> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, expected);
}

#[test]
fn mistakes_are_told() {
    let unknown = steadfast(&["man", "nope"]);
    assert_eq!(unknown.status.code(), Some(64));
    let told = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(told.contains("has no command \"nope\": it has claim, run"), "{told}");
    let nowhere = steadfast(&["man", "--write-to", "/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(78));
    let told = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(told.contains("cannot write /nowhere/steadfast.1"), "{told}");
    assert_eq!(steadfast(&["completions", "csh"]).status.code(), Some(64));
}

#[test]
fn bash_completes_our_commands_and_flags() {
    let script = printed(&["completions", "bash"]);
    let complete = |words: &str, at: usize| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={at}; \
             _steadfast steadfast \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{before}]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
            before = at - 1
        );
        fed("bash", &["--norc"], &ask)
    };
    assert_eq!(complete("steadfast conn", 1), "connect-string\n");
    assert!(complete("steadfast connect-string --ch", 2).contains("--chroot"));
}

#[test]
fn zsh_and_fish_take_theirs() {
    let script = printed(&["completions", "zsh"]);
    fed("zsh", &["-f", "-n"], &script);
    assert!(script.contains("connect-string"));
    let script = printed(&["completions", "fish"]);
    // What fish offers for a line that was begun.
    let ask = format!("{script}\ncomplete --do-complete 'steadfast conn'\n");
    let offered = fed("fish", &["--no-config", "--private"], &ask);
    assert!(offered.contains("connect-string"), "{offered}");
}
