//! What the user types for `steadfast completions` and `steadfast man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// A shell that completions are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// To be sourced, or put into /usr/share/bash-completion/completions/steadfast.
    Bash,
    /// To be put into a directory of $fpath as _steadfast.
    Zsh,
    /// To be put into /usr/share/fish/vendor_completions.d/steadfast.fish.
    Fish,
}

/// Of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page is wanted, as `reclaim` or `pool create` [default: the page of
    /// steadfast itself].
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,

    /// Write every page into this directory, which must be there, instead of printing one.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub write_to: Option<PathBuf>,
}
