//! A person's word before something is changed: typed on a terminal, or given by a flag.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use super::CliError;

/// Asks for yes, after what is about to be done; `given` is the flag `--yes`.
///
/// # Errors
/// It was not given, or there is nobody to ask. Nothing was changed.
pub fn yes(plan: &str, question: &str, given: bool) -> Result<(), CliError> {
    if given {
        return Ok(());
    }
    if !stdin().is_terminal() {
        // What was to be agreed to, in so far as it was not shown before, on the error's own line.
        let what = plan.lines().next().map(|it| format!(" ({})", it.trim_end_matches('.')));
        let text = format!(
            "not confirmed: without a terminal, say --yes; nothing was changed{}",
            what.unwrap_or_default()
        );
        return Err(CliError::Settings(text));
    }
    let plan = if plan.is_empty() { String::new() } else { format!("{plan}\n") };
    let typed = ask(&format!("{plan}{question} [y/N] "));
    match typed.to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Settings("not confirmed: nothing was changed".to_owned())),
    }
}

/// Asks for a phrase, which a script gives as `--confirm`, after what is about to be done.
///
/// # Errors
/// It was another, or there is nobody to ask. Nothing was changed.
pub fn phrase(plan: &str, phrase: &str, given: Option<&str>) -> Result<(), CliError> {
    let wrong = |typed: &str| {
        CliError::Settings(format!(
            "not confirmed: {typed:?} is not {phrase:?}; nothing was changed"
        ))
    };
    if let Some(given) = given {
        return if given == phrase { Ok(()) } else { Err(wrong(given)) };
    }
    if !stdin().is_terminal() {
        return Err(CliError::Settings(format!(
            "not confirmed: without a terminal, a person's word is to be given as --confirm \
             {phrase}; nothing was changed"
        )));
    }
    let typed = ask(&format!("{plan}\n\nTo go on, type {phrase}: "));
    if typed == phrase { Ok(()) } else { Err(wrong(&typed)) }
}

/// On standard error, since standard output may be kept.
fn ask(question: &str) -> String {
    // A question that cannot be read cannot be answered either.
    let _ = write!(anstream::AutoStream::auto(stderr()), "{question}");
    let mut typed = String::new();
    let _ = stdin().lock().read_line(&mut typed);
    typed.trim().to_owned()
}
