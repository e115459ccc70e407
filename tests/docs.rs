//! Holds the README and `docs/reference.md` to the program: settings, exit codes, schemas and tags are
//! those that the program itself tells.
//!
//! `STEADFAST_WRITE_DOCS=1 cargo test --test docs` writes anew what is made from the program.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by panicking")]

use std::process::Command;

/// Whether what is made from the program is to be written, not judged.
fn is_writing() -> bool {
    std::env::var_os("STEADFAST_WRITE_DOCS").is_some()
}

fn file(name: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The rows of a table of the README's under a heading, each as its cells.
fn table(heading: &str, nth: usize) -> Vec<Vec<String>> {
    table_of("README.md", heading, nth)
}

fn table_of(name: &str, heading: &str, nth: usize) -> Vec<Vec<String>> {
    let text = file(name);
    let (_, section) = text.split_once(heading).unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n#").next().unwrap();
    let mut tables = section.split("\n\n").filter(|part| part.starts_with('|'));
    let rows = tables.nth(nth).unwrap().lines().skip(2);
    let cells = |row: &str| row.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
    rows.map(cells).collect()
}

fn help(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_steadfast")).args(args).output().unwrap();
    assert!(output.status.success());
    // One line, so that a sentence is found however it was wrapped.
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every `--flag` of a help text, but those that are no settings.
fn flags(help: &str) -> Vec<String> {
    let not_settings = ["--help", "--version", "--dry-run", "--output"];
    let words = help.split_whitespace().filter(|word| word.len() > 2 && word.starts_with("--"));
    // A flag that can stand alone is written as `--flag[=<VALUE>]`.
    let words = words.filter_map(|word| word.split('[').next());
    let flags = words.map(|word| word.trim_end_matches([',', '.', ':', ']']).to_owned());
    let mut flags: Vec<_> = flags.filter(|flag| !not_settings.contains(&flag.as_str())).collect();
    flags.sort();
    flags.dedup();
    flags
}

#[test]
fn the_readme_lists_every_setting_with_its_environment_variable() {
    let help = help(&["claim", "--help"]);
    let rows = table("### Settings", 0);
    let mut listed: Vec<String> = rows.iter().map(|row| row[0].replace('`', "")).collect();
    listed.sort();
    assert_eq!(listed, flags(&help));
    for row in &rows {
        let (flag, variable) = (row[0].replace('`', ""), row[1].replace('`', ""));
        let (_, after) = help.split_once(&format!("{flag} <")).unwrap_or_else(|| panic!("{flag}"));
        let described = after.split(" --").next().unwrap();
        assert!(described.contains(&format!("[env: {variable}=]")), "{flag}: {described}");
        for default in row[3].split('`').filter(|text| text.starts_with(['/', '1', '6'])) {
            assert!(described.contains(&format!("[default: {default}")), "{flag}: {described}");
        }
    }
}

#[test]
fn the_readme_lists_the_settings_of_run_alone() {
    let of_claim = flags(&help(&["claim", "--help"]));
    let help = help(&["run", "--help"]);
    let own: Vec<String> = flags(&help).into_iter().filter(|it| !of_claim.contains(it)).collect();
    let rows = table("### Settings", 1);
    let mut listed: Vec<String> = rows.iter().map(|row| row[0].replace('`', "")).collect();
    listed.sort();
    assert_eq!(listed, own);
    for row in &rows {
        let variable = row[1].replace('`', "");
        assert!(help.contains(&format!("[env: {variable}=]")), "{variable}");
    }
}

#[test]
fn the_readme_lists_the_setting_of_operators_alone() {
    let of_claim = flags(&help(&["claim", "--help"]));
    let help = help(&["render", "--help"]);
    let own: Vec<_> = flags(&help).into_iter().filter(|it| !of_claim.contains(it)).collect();
    // `render` has one of `run`'s, too.
    assert_eq!(own, ["--timeout", "--zookeeper-config"]);
    let rows = table("### Settings", 2);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][0], "`--timeout`");
    assert!(help.contains("[env: STEADFAST_TIMEOUT=]"), "{help}");
}

#[test]
fn the_readme_lists_the_exit_codes_that_help_lists() {
    let rows = table("### Exit codes", 0);
    assert_eq!(rows, table_of("docs/reference.md", "## Exit codes", 0));
    let listed: Vec<String> = rows.iter().map(|row| format!("{} {}", row[0], row[1])).collect();
    let told = format!("Exit codes: {}.", listed.join("; "));
    assert!(help(&["--help"]).contains(&told), "{told}");
}

/// Every setting of every command: what has a variable can stand in the environment.
fn settings() -> String {
    let mut rows: Vec<(String, String, String, Vec<String>)> = Vec::new();
    collect(&steadfast::cli::command(), "", &mut rows);
    rows.sort();
    let line = |(flag, variable, help, commands): &(String, String, String, Vec<String>)| {
        format!("| `{flag}` | `{variable}` | {} | {help} |\n", commands.join(", "))
    };
    let head = "| flag | environment | commands | what it says |\n|---|---|---|---|\n";
    head.to_owned() + &rows.iter().map(line).collect::<String>()
}

fn collect(
    command: &clap::Command,
    name: &str,
    rows: &mut Vec<(String, String, String, Vec<String>)>,
) {
    for arg in command.get_arguments() {
        let Some((variable, flag)) = arg.get_env().zip(arg.get_long()) else { continue };
        let (flag, variable) = (format!("--{flag}"), variable.to_str().unwrap().to_owned());
        let help = arg.get_help().unwrap().to_string().replace('|', "\\|");
        let name = if name.is_empty() { "every command" } else { name };
        match rows.iter_mut().find(|row| (&row.0, &row.2) == (&flag, &help)) {
            Some(row) => row.3.push(name.to_owned()),
            None => rows.push((flag, variable, help, vec![name.to_owned()])),
        }
    }
    for sub in command.get_subcommands() {
        collect(sub, format!("{name} {}", sub.get_name()).trim(), rows);
    }
}

#[test]
fn the_reference_lists_every_setting() {
    let (begin, end) = ("<!-- settings:", "<!-- end of settings -->");
    let text = file("docs/reference.md");
    let (before, rest) = text.split_once(begin).unwrap();
    let (note, rest) = rest.split_once('\n').unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let wanted = format!("{before}{begin}{note}\n{}{end}{after}", settings());
    if is_writing() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md"), &wanted).unwrap();
        return;
    }
    assert_eq!(text, wanted, "STEADFAST_WRITE_DOCS=1 writes it anew");
}

#[test]
fn the_reference_lists_every_tag() {
    let quoted = |text: &str| {
        let tags = text.match_indices("\"steadfast:").map(|(at, _)| &text[at + 1..]);
        tags.filter_map(|tag| tag.split('"').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut known =
        [quoted(&file("src/cloud/mod.rs")), quoted(&file("src/cli/settings.rs"))].concat();
    known.sort();
    known.dedup();
    assert!(known.len() >= 5, "{known:?}");
    let rows = table_of("docs/reference.md", "## Tags", 0);
    let mut listed: Vec<String> = rows.iter().map(|row| row[0].replace('`', "")).collect();
    listed.sort();
    assert_eq!(listed, known);
}

#[test]
fn the_published_schemas_are_those_of_the_program() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema");
    let mut kinds = Vec::new();
    for (kind, schema) in steadfast::cli::schemas() {
        let path = format!("{dir}/{kind}.json");
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if is_writing() {
            std::fs::create_dir_all(dir).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(published, text, "{path}: STEADFAST_WRITE_DOCS=1 writes it anew");
        kinds.push(format!("{kind}.json"));
    }
    let mut there: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    kinds.sort();
    assert_eq!(there, kinds);
}
