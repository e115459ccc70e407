//! The runbook as a test reads it: sections, the states that they begin in, and commands with what
//! they print.
//!
//! A state is an HTML comment, `<!-- state: NAME -->`, which a reader of the page does not see. A
//! command is a line of a `console` block: after `$ ` it is typed on the operator's machine, after `# `
//! as root on the instance that the section is about. What follows up to the next one is what it
//! prints; a line `...` stands for any lines.

use std::path::PathBuf;

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The region is to be in this state.
    State(String),
    /// Something is typed.
    Command(Command),
}

/// A command with what it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Where it is typed.
    pub at: Place,
    /// What is typed.
    pub text: String,
    /// What it prints, line by line.
    pub prints: Vec<String>,
    /// Where its output is in the page: from this line, counted from 0.
    pub line: usize,
}

/// Where a command is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the operator's machine.
    Operator,
    /// On the instance that the section is about.
    Instance,
}

/// Stands for any lines.
const ANYTHING: &str = "...";

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "docs", "runbook.md"].iter().collect()
}

fn text() -> String {
    std::fs::read_to_string(path()).unwrap()
}

/// The headings of all sections.
pub fn headings() -> Vec<String> {
    text().lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect()
}

/// The steps of a section.
pub fn section(heading: &str) -> Vec<Step> {
    let text = text();
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|line| line.strip_prefix("## ") == Some(heading));
    let begin = begin.unwrap_or_else(|| panic!("the runbook has no section {heading:?}")) + 1;
    let end = lines[begin..].iter().position(|line| line.starts_with("## "));
    let end = end.map_or(lines.len(), |end| begin + end);
    steps(&lines[..end], begin)
}

fn steps(lines: &[&str], begin: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut in_block = false;
    for (number, line) in lines.iter().enumerate().skip(begin) {
        let state = line.strip_prefix("<!-- state: ").and_then(|it| it.strip_suffix(" -->"));
        match (in_block, *line) {
            (false, "```console") => in_block = true,
            (true, "```") => in_block = false,
            (true, line) => typed_or_printed(&mut steps, number, line),
            (false, _) => steps.extend(state.map(|name| Step::State(name.to_owned()))),
        }
    }
    assert!(!in_block, "a block that does not end");
    steps
}

fn typed_or_printed(steps: &mut Vec<Step>, number: usize, line: &str) {
    let typed = [("$ ", Place::Operator), ("# ", Place::Instance)];
    let typed = typed.into_iter().find_map(|(prompt, at)| Some((line.strip_prefix(prompt)?, at)));
    match (typed, steps.last_mut()) {
        (Some((text, at)), _) => steps.push(Step::Command(Command {
            at,
            text: text.to_owned(),
            prints: Vec::new(),
            line: number + 1,
        })),
        (None, Some(Step::Command(command))) => command.prints.push(line.to_owned()),
        (None, _) => panic!("line {}: nothing was typed before it: {line}", number + 1),
    }
}

impl Command {
    /// Whether what was printed is what the page says, but for what is another each time.
    pub fn prints(&self, printed: &str) -> bool {
        let wanted: Vec<String> = self.prints.iter().map(|line| alike(line)).collect();
        let printed: Vec<String> = printed.lines().map(alike).collect();
        fits(&wanted, &printed)
    }

    /// Writes what was printed into the page, all of it.
    pub fn write(&self, printed: &str, shift: &mut isize) {
        let text = text();
        let mut lines: Vec<&str> = text.lines().collect();
        let at = self.line.checked_add_signed(*shift).unwrap();
        let new: Vec<&str> = printed.lines().collect();
        *shift += isize::try_from(new.len()).unwrap() - isize::try_from(self.prints.len()).unwrap();
        lines.splice(at..at + self.prints.len(), new);
        std::fs::write(path(), lines.join("\n") + "\n").unwrap();
    }
}

fn fits(wanted: &[String], printed: &[String]) -> bool {
    match (wanted.split_first(), printed.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((first, rest)), _) if first == ANYTHING => {
            (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]))
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((line, others))) => first == line && fits(rest, others),
    }
}

/// A line without what is another each time: ids, times, counters and the width of columns.
fn alike(line: &str) -> String {
    let words = line.split_whitespace().map(word);
    words.collect::<Vec<_>>().join(" ")
}

fn word(word: &str) -> String {
    let mut said = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let id = ["eni-attach-", "eni-", "subnet-", "i-", "sg-", "vpc-", "0x", "log-"]
            .into_iter()
            .find(|prefix| rest.starts_with(prefix) && starts_a_word(&said));
        let hex = |text: &str| text.chars().take_while(char::is_ascii_hexdigit).count();
        if let Some(prefix) = id
            && hex(&rest[prefix.len()..]) > 0
        {
            rest = &rest[prefix.len() + hex(&rest[prefix.len()..])..];
            said.push_str(prefix);
            said.push('*');
        } else if starts_a_word(&said) && address(rest) > 0 {
            let (address, more) = rest.split_at(address(rest));
            said.push_str(address);
            rest = more;
        } else if first.is_ascii_digit() && starts_a_word(&said) {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || ".:-TZ".contains(c));
            said.push('#');
        } else {
            said.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    said
}

fn starts_a_word(said: &str) -> bool {
    said.chars().next_back().is_none_or(|last| !last.is_ascii_alphanumeric())
}

/// How long the address is that the text begins with, as `10.0.17.1`: it is the same each time.
fn address(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let address = text[..end].trim_end_matches('.');
    if address.parse::<std::net::Ipv4Addr>().is_ok() { address.len() } else { 0 }
}

#[test]
fn what_is_another_each_time_is_left_out_and_nothing_else() {
    let (a, b) = (
        "1  10.0.17.1  eni-0123456789abcdef0 i-0aa (running) 12 s  0x100000002",
        "1 10.0.17.1 eni-0fedcba9876543210 i-0bb  (running) 3 s 0x2",
    );
    assert_eq!(alike(a), alike(b));
    assert_ne!(alike(a), alike(&b.replace("17.1", "17.2")));
    assert_ne!(alike(a), alike(&b.replace("running", "stopped")));
    assert_eq!(alike("since 2026-11-22T01:02:03Z"), alike("since 2027-01-02T11:22:33Z"));
}
