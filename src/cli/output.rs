//! How it is told: results on standard output, the log and the one error on standard error.

use std::fmt;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::CliError;
use super::args::{LogFormat, OutputFormat};
use super::log::Log;
use crate::agent::{Claimed, DryRun, Facts, Released, Would};
use crate::cloud::Mode;
use crate::ids::PoolName;

/// How long the program's end waits for a reader of its last lines.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is logged: `STEADFAST_LOG`, as `debug` or `steadfast::net=debug`. A bare level is ours alone,
/// since the SDK's own words at `debug` are hundreds of lines.
fn log_filter() -> EnvFilter {
    let said = std::env::var("STEADFAST_LOG").unwrap_or_default();
    let directives = match said.as_str() {
        "" => "steadfast=info".to_owned(),
        level if !level.contains(['=', ',']) => format!("steadfast={level}"),
        directives => directives.to_owned(),
    };
    EnvFilter::builder().parse_lossy(directives)
}

/// How standard error is written to.
#[derive(Debug)]
pub enum Errors {
    /// At once: whoever does not read keeps the program waiting.
    Waiting,
    /// By a thread of its own, which alone waits.
    Queued(Log),
}

impl Errors {
    /// Prints the one error that the program ends with, behind all that was logged.
    pub fn last(&self, error: Option<&CliError>) {
        let line = error.map(|error| format!("steadfast: {error}\n")).unwrap_or_default();
        match self {
            // Nowhere else to tell it if this fails.
            Self::Waiting => drop(stderr().write_all(line.as_bytes())),
            Self::Queued(log) => log.finish(line, LAST_WORDS),
        }
    }
}

/// Sets up the log.
pub fn set_up_log(format: LogFormat, errors: &Errors) {
    match errors {
        Errors::Waiting => set_up(format, stderr),
        Errors::Queued(log) => {
            let log = log.clone();
            set_up(format, move || log.clone());
        }
    }
}

fn set_up<W>(format: LogFormat, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = log_filter();
    // A standard error that was closed must not end a claim half-way: to tell of a line that could
    // not be written there is `eprintln!`, which panics.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .log_internal_errors(false);
    match format {
        LogFormat::Auto if stderr().is_terminal() => log.event_format(Steps::new()).init(),
        LogFormat::Steps => log.event_format(Steps::new()).init(),
        LogFormat::Auto | LogFormat::Fields => log.with_ansi(false).with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).with_target(false).init(),
    }
}

/// A line for people: the time since the start, and the event's sentence.
struct Steps {
    start: Instant,
}

impl Steps {
    fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl<S, N> FormatEvent<S, N> for Steps
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "{:>8.3} s  ", self.start.elapsed().as_secs_f64())?;
        if *event.metadata().level() == Level::WARN {
            write!(writer, "warning: ")?;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        writeln!(writer, "{}", message.0)
    }
}

/// An event's sentence, without its fields.
struct Message(String);

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Prints an error that ends the program where it stands.
pub fn error(error: &CliError) {
    // Nowhere else to tell it if this fails.
    let _ = writeln!(stderr(), "steadfast: {error}");
}

/// Prints a claim's result.
pub fn claimed(claimed: &Claimed, took: Duration, format: OutputFormat) {
    #[derive(Serialize)]
    struct Result<'a> {
        #[serde(flatten)]
        facts: &'a Facts,
        resumed: bool,
        seconds: f64,
        ec2_calls: u32,
    }
    let Claimed { facts, resumed, ec2_calls, .. } = claimed;
    let seconds = took.as_secs_f64();
    let result = Result { facts, resumed: *resumed, seconds, ec2_calls: *ec2_calls };
    let text = || {
        let verb = if *resumed { "holds" } else { "claimed" };
        let calls = if *ec2_calls == 1 { "call" } else { "calls" };
        format!(
            "{} {verb} slot {} of pool {}: {} on {} ({seconds:.3} s, {ec2_calls} EC2 {calls})",
            facts.instance, facts.slot, facts.pool, facts.address, facts.nic.name,
        )
    };
    print(&result, text, format);
}

/// Prints what a claim would do.
pub fn dry_run(plan: &DryRun, format: OutputFormat) {
    let text = || {
        let would = match &plan.would {
            Would::Resume { slot } => format!("would keep slot {slot}, which it holds"),
            Would::Attach { slot, eni, device_index } => {
                format!("would attach slot {slot} ({eni}) at device index {device_index}")
            }
            Would::TakeOver { attachment, force } => {
                let how = if *force { "by force" } else { "gracefully" };
                format!("would take over a slot: detach {attachment}, {how}")
            }
            Would::Wait { because } => format!("would wait: {because}"),
        };
        match plan.permitted.is_empty() {
            true => would,
            false => format!("{would}; EC2 permits {}", plan.permitted.join(", ")),
        }
    };
    print(plan, text, format);
}

/// Prints a release's result.
pub fn released(
    pool: &PoolName,
    released: &Released,
    stops: Option<&str>,
    mode: Mode,
    format: OutputFormat,
) {
    let slots: Vec<String> = released.slots.iter().map(|s| s.slot.to_string()).collect();
    let slots = slots.join(" and ");
    let text = || match (slots.as_str(), mode) {
        ("", mode) => {
            let stops = stops.filter(|_| mode == Mode::DryRun);
            let stops = stops.map(|it| format!("; would {it}")).unwrap_or_default();
            format!("this instance holds no slot of pool {pool}{stops}")
        }
        (_, Mode::Do) => format!("released slot {slots} of pool {pool}"),
        (_, Mode::DryRun) => format!(
            "would {}release slot {slots} of pool {pool}; EC2 permits ec2:DetachNetworkInterface",
            stops.map(|it| format!("{it}, and ")).unwrap_or_default()
        ),
    };
    let body = Release { pool, is_dry_run: mode == Mode::DryRun, released };
    print(&Document::new("release", body), text, format);
}

/// What a release tells as JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Release<'a> {
    /// The pool.
    pool: &'a PoolName,
    /// Whether nothing was changed: it says what would be given back.
    is_dry_run: bool,
    /// What was given back.
    #[serde(flatten)]
    released: &'a Released,
}

/// Prints a text that ends with its own line break; colour is for terminals alone.
pub fn text(text: &str) {
    // A reader that went away is no fault.
    let _ = write!(anstream::AutoStream::auto(stdout()), "{text}");
}

/// Prints a text for the person who runs the command, beside the result.
pub fn notice(text: &str) {
    // Nowhere else to tell it if this fails.
    let _ = write!(anstream::AutoStream::auto(stderr()), "{text}");
}

/// What an operator's command tells, as JSON: `{"kind": "status", "version": 1, ...}`. Its schema is
/// published under `docs/schema`, one a kind.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Document<T> {
    /// What it tells.
    pub kind: &'static str,
    /// The layout; a change that takes something away, or changes what it means, raises it.
    pub version: u32,
    /// What there is to tell.
    #[serde(flatten)]
    pub body: T,
}

impl<T: Serialize> Document<T> {
    /// Of a kind, in its first layout.
    pub fn new(kind: &'static str, body: T) -> Self {
        Self { kind, version: 1, body }
    }

    /// As a line of JSON, with its line break.
    pub fn json(&self) -> String {
        // Plain data of ours: strings, numbers and lists always serialise.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// Prints a result, as a line for people or as one of JSON.
fn print(result: &impl Serialize, text: impl FnOnce() -> String, format: OutputFormat) {
    let line = match format {
        OutputFormat::Text => text(),
        // Plain data of ours: strings, numbers and lists always serialise.
        OutputFormat::Json => serde_json::to_string(result).unwrap_or_default(),
    };
    // A reader that went away (a closed pipe) does not undo what was done.
    let _ = writeln!(anstream::AutoStream::auto(stdout()), "{}", line.trim_end_matches('\n'));
}
