//! Ctrl-C and SIGTERM: the run ends in order, with the report of what was seen so far.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use super::Result;

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// What ends a run that was asked to end.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// From now on the signals only ask. A second one ends the program at once, and the region with it.
pub fn listen() -> Result<()> {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset.
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(asked))?;
        signal_hook::flag::register(signal, Arc::clone(asked))?;
    }
    Ok(())
}

/// Whether the run was asked to end.
pub fn is_asked() -> bool {
    ASKED.get().is_some_and(|asked| asked.load(Ordering::Relaxed))
}

/// An error if the run was asked to end; every wait looks here.
pub fn check() -> Result<()> {
    match is_asked() {
        true => Err(Interrupted.into()),
        false => Ok(()),
    }
}
