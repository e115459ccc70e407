//! Round after round, until it is interrupted: in place on a terminal, one after the other elsewhere. An
//! error in a round is shown, and the next round goes on.

use std::io::{Write, stdout};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use nix::sys::signal::Signal::SIGINT;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};

use super::Round;
use super::display::{self, Display};
use super::text::{Steps, text};
use crate::cli::args::OutputFormat;
use crate::cli::output::Document;
use crate::cli::screen::Tone;
use crate::cli::{CliError, exit};
use crate::operator::status::report::Report;

/// Watches. The exit status is that of the last round.
pub async fn watch(
    round: &Round,
    every: Duration,
    format: OutputFormat,
) -> Result<ExitCode, CliError> {
    let mut signals = Signals::listen()?;
    let mut shown = Shown { picture: Picture::new(format), last: None, error: None };
    loop {
        let Some(outcome) = signals.meanwhile(&shown, round.look()).await else { break };
        match outcome {
            Ok(report) => (shown.last, shown.error) = (Some(report), None),
            Err(error) => shown.error = Some(error),
        }
        // A reader that went away wants no more.
        if !shown.show() || signals.meanwhile(&shown, sleep(every)).await.is_none() {
            break;
        }
    }
    let Shown { picture, last, error } = shown;
    drop(picture);
    match (error, last) {
        (Some(error), _) => Err(error),
        (None, Some(report)) => Ok(report.health.exit_code().into()),
        // Before the first round was over.
        (None, None) => Ok(exit::of_signal(SIGINT as i32).into()),
    }
}

/// What ends it, and what has it drawn anew.
struct Signals {
    end: [Signal; 3],
    resized: Signal,
}

impl Signals {
    fn listen() -> Result<Self, CliError> {
        let listen = |kind| signal(kind).map_err(|e| CliError::Bug(format!("no signals: {e}")));
        let end = [
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ];
        Ok(Self { end, resized: listen(SignalKind::window_change())? })
    }

    /// Does something, and draws anew when the terminal's size changes; nothing if it is to end.
    async fn meanwhile<T>(&mut self, shown: &Shown, what: impl Future<Output = T>) -> Option<T> {
        let mut what = pin!(what);
        let [interrupt, terminate, hangup] = &mut self.end;
        loop {
            tokio::select! {
                it = &mut what => return Some(it),
                _ = interrupt.recv() => return None,
                _ = terminate.recv() => return None,
                _ = hangup.recv() => return None,
                _ = self.resized.recv() => shown.redraw(),
            }
        }
    }
}

/// Where it is shown.
enum Picture {
    /// In place; what is logged meanwhile would be written over it.
    Drawn { display: Display, _quiet: DefaultGuard },
    /// A block a round.
    Blocks,
    /// A line a round.
    Lines,
}

impl Picture {
    fn new(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Json => Self::Lines,
            OutputFormat::Text if !display::is_drawable() => Self::Blocks,
            OutputFormat::Text => match Display::enter() {
                Ok(display) => Self::Drawn { display, _quiet: set_default(NoSubscriber::new()) },
                Err(_) => Self::Blocks,
            },
        }
    }
}

/// What is shown: the last report, and what was wrong with the rounds after it.
struct Shown {
    picture: Picture,
    last: Option<Report>,
    error: Option<CliError>,
}

impl Shown {
    /// Shows a round; `false` if nobody can see it any more.
    fn show(&self) -> bool {
        let told = match (&self.picture, &self.error, &self.last) {
            (Picture::Drawn { display, .. }, ..) => {
                return display.draw(&self.picture_text()).is_ok();
            }
            (_, Some(error), _) => {
                tracing::warn!("{error}; the next round goes on");
                return true;
            }
            (_, None, None) => return true,
            (Picture::Lines, None, Some(report)) => Document::new("status", report).json(),
            (Picture::Blocks, None, Some(report)) => {
                format!("{}\n{}\n", report.at, text(report, None, Steps::Whole))
            }
        };
        let mut out = anstream::AutoStream::auto(stdout());
        out.write_all(told.as_bytes()).and_then(|()| out.flush()).is_ok()
    }

    fn redraw(&self) {
        if let Picture::Drawn { display, .. } = &self.picture {
            // The next round notices that the terminal is gone.
            let _ = display.draw(&self.picture_text());
        }
    }

    fn picture_text(&self) -> String {
        let columns = display::size().map(|size| size.columns);
        let mut picture = String::new();
        if let Some(error) = &self.error {
            picture +=
                &super::text::paragraph("", &format!("steadfast: {error}"), Tone::Bad, columns);
        }
        if let Some(report) = &self.last {
            let since = if self.error.is_some() { ", and before that:" } else { "" };
            picture += &format!("{}{since}\n\n{}", report.at, text(report, columns, Steps::Broken));
        }
        picture
    }
}
