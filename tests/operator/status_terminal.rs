//! `steadfast status` on a terminal: colour, widths, and a watch that leaves it as it was.

use crate::region::{Instance, Region};
use crate::run::Running;
use crate::schema::checked;
use crate::stub::{ensemble, status};

const TERMINAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/operator/terminal.py");

const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const RED_OR_GREEN: [&str; 2] = ["\x1b[31m", "\x1b[32m"];

struct Written {
    code: i64,
    text: String,
    after_resize: String,
}

/// What a command writes to a terminal, which it leaves as it was.
fn on_terminal(
    from: &Instance<'_>,
    terminal: &[&str],
    environment: &[(&str, &str)],
    args: &[&str],
) -> Written {
    let environment = [&[("TERM", "xterm-256color")], environment].concat();
    let program = [crate::region::program()];
    let command = [&["python3", TERMINAL], terminal, &["--"], &program, args].concat();
    let command = from.region.exec_with(&from.id, &environment, &command);
    let outcome = Running::start(command).finish().done();
    let told = outcome.json();
    assert_eq!(told["is_as_before"], true);
    let text = told["written"].as_str().unwrap().to_owned();
    let at = told["resized_at"].as_u64().unwrap() as usize;
    let after_resize = text.chars().skip(at).collect();
    Written { code: told["code"].as_i64().unwrap(), text, after_resize }
}

/// A picture's lines as they are to be seen.
fn lines(text: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\x1b') {
        plain += before;
        rest = escape.split_once(|it: char| it.is_ascii_alphabetic()).map_or("", |it| it.1);
    }
    plain += rest;
    plain.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The pictures that a watch has drawn, in order, without what takes and leaves the terminal.
fn pictures(written: &str) -> Vec<&str> {
    let inside = written.strip_prefix(ENTER).unwrap_or_else(|| panic!("not taken: {written:?}"));
    let inside = inside.strip_suffix(LEAVE).unwrap_or_else(|| panic!("not left: {written:?}"));
    let pictures: Vec<&str> = inside.split("\x1b[J\x1b[?2026l").collect();
    let (last, drawn) = pictures.split_last().unwrap();
    // What the terminal itself writes for the interrupt's key would stand here.
    assert_eq!(*last, "", "after the last picture");
    drawn.to_vec()
}

#[test]
fn a_terminal_has_colour_and_no_line_that_is_too_long() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    held[0].stop();
    let laptop = region.launch("a");
    for (columns, has, lacks) in [
        ("200", &["ENI", "VERSION", "FIRST BOOT"][..], &[][..]),
        ("100", &["ZXID", "ZONE", "HOLDER"][..], &["ENI", "VERSION"][..]),
        ("80", &["HOLDER", "STATE", "SINCE", "ZOOKEEPER"][..], &["ENI", "ZXID"][..]),
        ("40", &["SLOT", "ADDRESS", "ZOOKEEPER"][..], &["HOLDER", "ZONE"][..]),
    ] {
        let written = on_terminal(&laptop, &[columns, "50"], &[], &status(&[]));
        assert_eq!(written.code, 1, "{}", written.text);
        assert!(RED_OR_GREEN.iter().all(|it| written.text.contains(it)), "{:?}", written.text);
        let lines = lines(&written.text);
        println!("{}", lines.join("\n"));
        // A command is whole, for whoever copies it.
        let step = |line: &str| line.starts_with("  > ");
        let fits = |line: &&String| step(line) || line.chars().count() <= columns.parse().unwrap();
        assert!(lines.iter().any(|it| step(it) && it.contains("log and at `journalctl` on i-")));
        assert!(lines.iter().all(|line| fits(&line)), "{columns}: {lines:#?}");
        let words: Vec<&str> = lines[0].split("  ").map(str::trim).collect();
        assert!(has.iter().all(|it| words.contains(it)), "{columns}: {words:?}");
        assert!(!lacks.iter().any(|it| words.contains(it)), "{columns}: {words:?}");
    }
    let plain = [("NO_COLOR", "1")];
    let written = on_terminal(&laptop, &["100", "50"], &plain, &status(&[]));
    assert!(!written.text.contains('\x1b'), "{:?}", written.text);
    let json = on_terminal(&laptop, &["100", "50"], &[], &status(&["--output", "json"]));
    checked("status", &json.text);
}

#[test]
fn a_watch_redraws_in_place_and_leaves_the_terminal_as_it_was() {
    let region = Region::with_pool(3);
    let _held = ensemble(&region, 3);
    let laptop = region.launch("a");
    let watch = status(&["--watch", "1"]);
    let written = on_terminal(&laptop, &["120", "30", "3"], &[], &watch);
    // The exit status is that of the last round.
    assert_eq!(written.code, 0, "{:?}", written.text);
    let pictures = pictures(&written.text);
    assert!(pictures.len() >= 3, "{}", pictures.len());
    for picture in &pictures {
        // At the top, and each line over the one before it: nothing is cleared that is drawn again.
        let inside = picture.strip_prefix("\x1b[?2026h\x1b[H").unwrap();
        assert!(!inside.contains("\x1b[2J") && !inside.contains("\x1b[H"), "{inside:?}");
        assert!(inside.split("\r\n").all(|line| line.ends_with("\x1b[K")), "{inside:?}");
        let lines = lines(inside);
        assert!(lines.iter().any(|line| line.starts_with("pool kafka: healthy")), "{lines:#?}");
    }
    assert!(written.text.contains("\x1b[32m"), "no colour");
    let plain = on_terminal(&laptop, &["120", "30", "1"], &[("NO_COLOR", "1")], &watch);
    assert!(!plain.text.contains("\x1b[32m") && plain.text.starts_with(ENTER), "{:?}", plain.text);
    // One that cannot be drawn on has a block a round, as a pipe has.
    let dumb = [("TERM", "dumb")];
    let args = status(&["--watch", "1", "--timeout", "20s"]);
    let command = [&["timeout", "-s", "INT", "4", crate::region::program()], &args[..]].concat();
    let command = [&["python3", TERMINAL, "80", "24", "--"], &command[..]].concat();
    let command = region.exec_with(&laptop.id, &dumb, &command);
    let written = Running::start(command).finish().done().json();
    let written = written["written"].as_str().unwrap();
    assert!(!written.contains('\x1b') && written.contains("pool kafka: healthy"), "{written:?}");
}

#[test]
fn a_watch_keeps_to_the_terminals_size() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    held[0].stop();
    let laptop = region.launch("a");
    // An interval that nothing but the new size ends.
    let watch = status(&["--watch", "600"]);
    let written = on_terminal(&laptop, &["150", "40", "1", "60", "6"], &[], &watch);
    assert_eq!(written.code, 1);
    let all = pictures(&written.text);
    assert_eq!(all.len(), 2, "{:?}", written.text);
    assert!(lines(all[0]).len() > 6);
    assert!(written.after_resize.contains("more lines"));
    let small = lines(all[1]);
    assert_eq!(small.len(), 6, "{small:#?}");
    assert!(small.iter().all(|line| line.chars().count() <= 60), "{small:#?}");
    assert!(small[5].starts_with("... ") && small[5].ends_with(" more lines"), "{small:#?}");
}

#[test]
fn an_error_in_a_round_is_shown_and_the_next_goes_on() {
    use steadfast_sim::control::FaultKind;
    let region = Region::with_pool(3);
    let _held = ensemble(&region, 3);
    let laptop = region.launch("a");
    let error = |times| {
        region.fail(crate::tampering::DESCRIBE, times, FaultKind::Deny);
    };
    error(1);
    let watch = status(&["--watch", "1"]);
    let written = on_terminal(&laptop, &["100", "30", "2"], &[], &watch);
    assert_eq!(written.code, 0, "{:?}", written.text);
    let shown: Vec<Vec<String>> = pictures(&written.text).into_iter().map(lines).collect();
    assert!(shown[0].iter().any(|line| line.starts_with("steadfast: EC2 refuses")), "{shown:#?}");
    assert!(shown[1].iter().any(|line| line.starts_with("pool kafka: healthy")), "{shown:#?}");
    // Every round fails: the terminal is as before, and the error is told behind it.
    region.fail_always(crate::tampering::DESCRIBE, FaultKind::Deny);
    let written = on_terminal(&laptop, &["100", "30", "2"], &[], &watch);
    assert_eq!(written.code, 77);
    let (_, after) = written.text.split_once(LEAVE).unwrap();
    assert!(after.starts_with("steadfast: EC2 refuses ec2:DescribeNetworkInterfaces"), "{after}");
}

#[test]
fn off_a_terminal_a_watch_prints_a_block_or_a_line_a_round() {
    let region = Region::with_pool(3);
    let _held = ensemble(&region, 3);
    let laptop = region.launch("a");
    let rounds = |more: &str, lines: &str| {
        let program = crate::region::program();
        // The reader leaves after so many lines, which ends the watch.
        let watch = format!("{program} status --pool kafka --watch 1 {more} | head -n {lines}");
        laptop.sh(&watch)
    };
    let text = rounds("", "16");
    assert!(text.lines().filter(|it| it.starts_with("pool kafka: healthy")).count() >= 2, "{text}");
    assert!(!text.contains('\x1b'), "{text:?}");
    let json = rounds("--output json", "3");
    assert_eq!(json.lines().count(), 3);
    for line in json.lines() {
        checked("status", line);
    }
    // What goes wrong in a round is logged, and is no line for programs.
    region.fail(crate::tampering::DESCRIBE, 1, steadfast_sim::control::FaultKind::Deny);
    checked("status", &rounds("--output json 2>/run/errors", "1"));
    let errors = laptop.sh("cat /run/errors");
    assert!(
        errors.contains("EC2 refuses") && errors.contains("the next round goes on"),
        "{errors}"
    );
}
