//! Man pages and shell completions, from the same source as the help text.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::aot::{self, generate};
use clap_mangen::Man;

use super::args::{Cli, CompletionsArgs, ManArgs, Shell};
use super::{CliError, output};

/// Prints what a shell reads to complete our commands.
pub fn completions(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    match args.shell {
        Shell::Bash => generate(aot::Bash, &mut command, "steadfast", &mut script),
        Shell::Zsh => generate(aot::Zsh, &mut command, "steadfast", &mut script),
        Shell::Fish => generate(aot::Fish, &mut command, "steadfast", &mut script),
    }
    output::text(&String::from_utf8_lossy(&script));
    Ok(())
}

/// Prints a man page, or writes all of them.
pub fn man(args: &ManArgs) -> Result<(), CliError> {
    let mut command = Cli::command();
    // Gives every subcommand its full name, as `steadfast-pool-create`.
    command.build();
    if let Some(dir) = &args.write_to {
        return write_all(&command, dir);
    }
    let mut wanted = &command;
    for name in &args.command {
        wanted = wanted.find_subcommand(name).ok_or_else(|| {
            let known = wanted.get_subcommands().map(Command::get_name).collect::<Vec<_>>();
            let (of, known) = (wanted.get_display_name(), known.join(", "));
            CliError::Usage(format!(
                "{} has no command {name:?}: it has {known}",
                of.unwrap_or("steadfast")
            ))
        })?;
    }
    output::text(&String::from_utf8_lossy(&page(wanted)));
    Ok(())
}

fn write_all(command: &Command, dir: &Path) -> Result<(), CliError> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = dir.join(format!("{name}.1"));
    let written = std::fs::write(&path, page(command));
    written.map_err(|source| CliError::Write { path, source })?;
    let all = command.get_subcommands().filter(|it| it.get_name() != "help");
    all.into_iter().try_for_each(|it| write_all(it, dir))
}

fn page(command: &Command) -> Vec<u8> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let man = Man::new(command.clone()).title(name.to_uppercase()).manual("steadfast");
    let man = man.source(concat!("steadfast ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    // Nothing fails to be written into memory.
    let _: io::Result<()> = man.render(&mut page);
    page
}
