//! Both parts, one after the other, and what is left in the end: the reports, whatever happened.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::region::Target;
use super::report::{Part, Report};
use super::screen::Screen;
use super::stage::Stage;
use super::timeline::{Timeline, Timelines};
use super::{
    PROGRAM, Result, Script, draw, interrupt, judge, preflight, table, with_pool, without_pool,
};

/// How long the clients may take to read everything again.
const VERDICT: Duration = Duration::from_secs(300);
/// The same where somebody waits at the terminal.
const HURRY: Duration = Duration::from_secs(20);
/// What a shell calls a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Plays it, and reports.
pub fn run(script: Script, reports: Option<PathBuf>) -> Result<ExitCode> {
    preflight::check()?;
    let target = Target::find(reports)?;
    interrupt::listen()?;
    let screen = Screen::new();
    let mut report = Report { is_short: script == Script::Short, ..Report::default() };
    let mut timelines = Timelines::default();
    let outcome = play(script, &target, &screen, &mut report, &mut timelines);
    report.cut_short = outcome.err().map(|error| error.to_string());
    let problems = judge::problems(&report);
    let recorded = draw::record(&target.reports, &report, &timelines);
    screen.print("");
    table::terminal::lines(&report).iter().for_each(|line| screen.print(line));
    if recorded.is_ok() {
        screen.print(&format!("report: {}", target.reports.join(draw::PAGE).display()));
    }
    for problem in &problems {
        eprintln!("{PROGRAM}: {problem}");
    }
    if !problems.is_empty() {
        let logs = target.reports.display();
        eprintln!("{PROGRAM}: what clients and instances printed is below {logs}");
    }
    recorded?;
    Ok(match (interrupt::is_asked(), problems.is_empty()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

fn play(
    script: Script,
    target: &Target,
    screen: &Screen,
    report: &mut Report,
    timelines: &mut Timelines,
) -> Result<()> {
    let (addresses, mut stage) = with_pool::ready(target, screen)?;
    report.kafka = stage.brokers.version(&stage.region).unwrap_or_default();
    report.zookeeper = stage.version().unwrap_or_default();
    let played = with_pool::play(script, &addresses, &mut stage);
    timelines.with_pool = Some(end(stage, &mut report.with_pool));
    played?;
    let (mut servers, mut stage) = without_pool::ready(target, screen)?;
    let played = without_pool::play(script, &mut servers, &mut stage);
    timelines.without_pool = Some(end(stage, &mut report.without_pool));
    played
}

fn end(stage: Stage<'_>, part: &mut Option<Part>) -> Timeline {
    let (seen, timeline) = stage.end(VERDICT, HURRY);
    *part = Some(seen);
    timeline
}
