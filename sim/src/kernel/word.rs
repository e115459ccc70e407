//! What a starting process says to the one that started it: one word on standard output.

use std::fs::File;
use std::io::Write;

use super::error::{Explain, Result};

/// Says a word. Whoever does not listen any more needs no word.
pub fn say(word: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{word}");
}

/// Says no more, so that the listener, who reads to the end of the stream, is not kept waiting by
/// this process or those that inherit its output.
pub fn fall_silent() -> Result<()> {
    let null = File::options().write(true).open("/dev/null").explain(|| "cannot open /dev/null")?;
    rustix::stdio::dup2_stdout(&null).explain(|| "cannot close standard output")
}
