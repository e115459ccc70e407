//! One line for an error and its causes, each thing said once; or for the first cause alone; and what
//! to do where the system refuses a file.

use std::error::Error;
use std::io::{self, ErrorKind};

/// Joins an error and its causes with colons, leaving out a cause whose text the line has already.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

/// The innermost cause: what happened, without the layers that pass it on.
pub fn root(error: &dyn Error) -> String {
    let innermost = std::iter::successors(Some(error), |&error| error.source()).last();
    innermost.unwrap_or(error).to_string()
}

/// As a shell takes it in a command that is told: names from outside may have any character.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// What whoever asked for a file or a directory has to do now.
pub fn next_step(refused: &io::Error) -> &'static str {
    match refused.kind() {
        ErrorKind::PermissionDenied => "run as root, or let this user do it",
        ErrorKind::NotFound => "make it, or mend its path",
        ErrorKind::IsADirectory | ErrorKind::NotADirectory => "mend its path",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space",
        ErrorKind::ReadOnlyFilesystem => "name a place that may be written, or mount it writable",
        _ => "look at its file system (dmesg), then try again",
    }
}
