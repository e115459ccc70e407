//! What a region says about itself: `env`, `log`, `state`.

use clap::Args;

use super::error::Result;
use super::{Context, Output, print};
use crate::control::Call;

/// Prints how to reach the region: lines for a shell, or all of it as JSON.
pub fn env(context: &Context) -> Result<()> {
    let info = context.client.info()?;
    if context.output == Output::Json {
        return print::json(&info);
    }
    info.environment
        .iter()
        .try_for_each(|(name, value)| print::line(format!("export {name}={}", quoted(value))))
}

/// The log of API calls.
#[derive(Debug, Args)]
pub struct Log {
    /// Only calls from this number on
    #[arg(long, value_name = "N", default_value_t = 0)]
    since: usize,
    /// One call a line, as JSON
    #[arg(long)]
    json: bool,
}

impl Log {
    /// Prints it.
    pub fn run(self, context: &Context) -> Result<()> {
        let json = self.json || context.output == Output::Json;
        for call in context.client.log(self.since)? {
            print::line(if json { serde_json::to_string(&call)? } else { line(&call) })?;
        }
        Ok(())
    }
}

/// Prints the whole state.
pub fn state(context: &Context) -> Result<()> {
    print::json(&context.client.state()?)
}

fn line(call: &Call) -> String {
    let (seconds, millis) = (call.at_ms / 1000, call.at_ms % 1000);
    let parameters: Vec<String> =
        call.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!(
        "{:>5} {seconds:>5}.{millis:03} {:<19} {:<32} {:<28} {}",
        call.number,
        call.caller,
        call.action,
        call.outcome,
        parameters.join(" ")
    )
}

/// A value as a shell reads it back.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_the_shell() {
        assert_eq!(quoted("http://127.0.0.1:80"), "http://127.0.0.1:80");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
