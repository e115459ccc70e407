//! Programs in an instance, started from the host: `exec` and `shell`.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};

use super::Context;
use super::error::{CliError, Result};
use super::instances::pair;
use crate::kernel::{Ended, NotRun, Place, before_exec, enter, environment, run_in_machine};

/// Run a command in an instance.
#[derive(Debug, Args)]
pub struct Exec {
    /// Such as i-0123456789abcdef0
    #[arg(required_unless_present = "router", conflicts_with = "router")]
    instance: Option<String>,
    /// Run it in the router's network instead, with the host's files
    #[arg(long)]
    router: bool,
    /// A variable for its environment
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    environment: Vec<(String, String)>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Exec {
    /// Runs it; its exit status is the answer.
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let place = self.instance.map_or(Place::Router, Place::Instance);
        run(context, &place, &self.environment, &self.command)
    }
}

/// Open a shell in an instance.
#[derive(Debug, Args)]
pub struct Shell {
    /// Such as i-0123456789abcdef0
    instance: String,
}

impl Shell {
    /// Runs it; its exit status is the answer.
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        // Without root's own settings: they are the host's, and closed to an ordinary user.
        let shell =
            "command -v bash >/dev/null && exec bash --rcfile /etc/bash.bashrc -i; exec sh -i";
        let shell = ["/bin/sh", "-c", shell].map(Into::into);
        run(context, &Place::Instance(self.instance), &[], &shell)
    }
}

fn run(
    context: &Context,
    place: &Place,
    extra: &[(String, String)],
    command: &[OsString],
) -> Result<ExitCode> {
    let region = context.state.recorded().filter(|region| region.is_alive());
    let region = region.ok_or_else(|| CliError::not_up(context.state.name()))?;
    if let Place::Instance(instance) = place
        && let Some(done) = in_machine(context, instance, extra, command)
    {
        return done;
    }
    // Inside, this program's own place can no longer be told.
    let inside = environment();
    enter(&context.state, region, place).map_err(|error| CliError::NotUp(error.0))?;
    let mut child = Command::new(&command[0]);
    child.args(&command[1..]);
    if let Place::Instance(_) = place {
        child.env_clear().envs(inside).current_dir("/");
    }
    child.envs(extra.iter().map(|(name, value)| (name, value)));
    // If this process is killed, the program has nobody to answer to.
    before_exec(&mut child, || {
        Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(supervise(child, &command[0]))?;
    Ok(ExitCode::from(code(status)))
}

/// Runs a program in an instance that is a machine, by its guest agent: without input, and what it
/// prints comes when it has ended. Nothing if the instance is none.
fn in_machine(
    context: &Context,
    instance: &str,
    extra: &[(String, String)],
    command: &[OsString],
) -> Option<Result<ExitCode>> {
    let text = |part: &OsString| part.to_string_lossy().into_owned();
    let own = environment().into_iter().filter(|(name, _)| *name != "PATH");
    let path = ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    let own = own.chain([path]).map(|(name, value)| format!("{name}={value}"));
    let environment: Vec<String> =
        own.chain(extra.iter().map(|(name, value)| format!("{name}={value}"))).collect();
    let command: Vec<String> = command.iter().map(text).collect();
    let ended = run_in_machine(&context.state, instance, &command, &environment)?;
    Some(match ended {
        Ok(ended) => say(&ended),
        Err(NotRun::Unreachable(error)) => Err(CliError::NotUp(format!(
            "{instance} cannot be entered ({error}): it may not have booted yet, see \
             steadfast-sim console {instance}"
        ))),
        Err(NotRun::Refused(message)) => Err(CliError::NotRun { message, code: 127 }),
    })
}

fn say(ended: &Ended) -> Result<ExitCode> {
    std::io::stdout().write_all(&ended.stdout)?;
    std::io::stderr().write_all(&ended.stderr)?;
    Ok(ExitCode::from(ended.code))
}

/// Runs a program to its end. What a terminal sends goes to its whole process group, so the program
/// has it already; what was sent to this process alone is passed on.
async fn supervise(command: Command, name: &OsStr) -> Result<ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut child = tokio::process::Command::from(command);
    let mut child = child.spawn().map_err(|error| not_run(name, &error))?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
            _ = hang_up.recv() => pass_on(&child, Signal::HUP),
            _ = terminate.recv() => pass_on(&child, Signal::TERM),
        }
    }
}

fn pass_on(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}

/// Codes as a shell has them.
fn not_run(name: &OsStr, error: &std::io::Error) -> CliError {
    let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
    CliError::NotRun { message: format!("cannot run {}: {error}", name.display()), code }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
