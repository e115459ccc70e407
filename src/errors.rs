//! One line for an error and its causes, each thing said once; or for the first cause alone.

use std::error::Error;

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
