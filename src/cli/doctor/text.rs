//! A report for people: the worst first, by what it is about, and what is fine as a number.

use std::fmt::Write;

use crate::cli::screen::Tone;
use crate::operator::doctor::{Area, Finding, Report, Severity};

/// The whole text.
pub fn of(report: &Report, verbose: bool) -> String {
    let mut text = heading(report);
    let shown = |it: &&Finding| verbose || it.severity > Severity::Skipped;
    let shown: Vec<&Finding> = report.findings.iter().filter(shown).collect();
    for area in areas(&shown) {
        let _ = writeln!(text, "\n{}", Tone::Heading.paint(area));
        for finding in shown.iter().filter(|it| it.area == area) {
            text.push_str(&told(finding));
        }
    }
    let skipped = report.findings.iter().filter(|it| it.severity == Severity::Skipped);
    if !verbose && report.counts.skipped > 0 {
        let _ = writeln!(text, "\n{}", Tone::Heading.paint("Not checked"));
        skipped.for_each(|it| text.push_str(&told(it)));
    }
    let _ = writeln!(text, "\n{}", verdict(report, verbose));
    text
}

fn heading(report: &Report) -> String {
    let caller = match &report.caller {
        Some(caller) => format!(", asked as {caller}"),
        None => String::new(),
    };
    format!("pool {} in {}{caller}\n", report.pool, report.region)
}

/// In the order of their worst findings, each once.
fn areas(findings: &[&Finding]) -> Vec<Area> {
    let mut areas = Vec::new();
    for finding in findings {
        if !areas.contains(&finding.area) {
            areas.push(finding.area);
        }
    }
    areas
}

fn told(finding: &Finding) -> String {
    let (word, tone) = match finding.severity {
        Severity::Error => ("error", Tone::Bad),
        Severity::Warning => ("warning", Tone::Warning),
        Severity::Unknown => ("unknown", Tone::Warning),
        Severity::Skipped => ("skipped", Tone::Dim),
        Severity::Ok => ("ok", Tone::Good),
    };
    let pad = " ".repeat("unknown".len() - word.len());
    let mut text = format!("  {}{pad}  {}\n", tone.paint(word), finding.what);
    let more = finding.why.iter().map(|it| ("why", it));
    let more = more.chain(finding.hint.iter().map(|it| ("then", it)));
    for (word, line) in more {
        let _ = writeln!(text, "           {} {line}", Tone::Dim.paint(format!("{word:<5}")));
    }
    for command in &finding.commands {
        let _ = writeln!(text, "           {} {command}", Tone::Good.paint("mend "));
    }
    text
}

fn verdict(report: &Report, verbose: bool) -> String {
    let counts = report.counts;
    let several = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let bad = [
        several(counts.errors, "error", "errors"),
        several(counts.warnings, "warning", "warnings"),
        several(counts.unknown, "could not be checked", "could not be checked"),
    ];
    let bad: Vec<String> = bad.into_iter().flatten().collect();
    let fine = several(counts.ok, "check is fine", "checks are fine");
    let fine = fine.unwrap_or_else(|| "no check is fine".to_owned());
    let list = if verbose || counts.ok == 0 { "" } else { " (listed by --verbose)" };
    let tone = match report.exit_status {
        0 => Tone::Good,
        1 => Tone::Warning,
        _ => Tone::Bad,
    };
    match bad.is_empty() {
        true => format!("{}: {fine}{list}", tone.paint("nothing to mend")),
        false => format!("{}; {fine}{list}", tone.paint(bad.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::doctor::{Check, Role};

    fn plain(findings: Vec<Finding>, verbose: bool) -> String {
        let pool = "kafka".parse().unwrap();
        let report = Report::new(pool, "eu-west-1".into(), Role::Operator, None, findings);
        anstream::adapter::strip_str(&of(&report, verbose)).to_string()
    }

    #[test]
    fn problems_are_told_worst_first_and_what_is_fine_is_counted() {
        let slots = Check::of(Area::Slots, "x");
        let findings = vec![
            slots.ok("all is well"),
            Check::of(Area::Account, "y").warning("it is odd").why("it matters").hint("do it"),
            slots.error("it is broken").command("aws ec2 mend"),
            slots.skipped("not wanted"),
        ];
        let text = "pool kafka in eu-west-1\n\nSlots\n  error    it is broken\n           mend  aws \
                    ec2 mend --region eu-west-1\n\nAccount\n  warning  it is odd\n           why   \
                    it matters\n           then  do it\n\nNot checked\n  skipped  not wanted\n\n1 \
                    error, 1 warning; 1 check is fine (listed by --verbose)\n";
        assert_eq!(plain(findings.clone(), false), text);
        assert!(plain(findings, true).contains("  ok       all is well\n"));
        let fine = plain(vec![slots.ok("all is well")], false);
        assert!(
            fine.ends_with("nothing to mend: 1 check is fine (listed by --verbose)\n"),
            "{fine}"
        );
    }
}
