//! What the user types for `steadfast iam-policy`.

use std::path::PathBuf;

use clap::Args;

use crate::cloud::grants::Role;
use crate::ids::PoolName;

/// Of `iam-policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// Whose policy it is.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub role: Role,

    /// The pool whose slots it is about.
    #[arg(long, env = "STEADFAST_POOL", value_name = "NAME")]
    pub pool: Option<PoolName>,

    /// The AWS region that it is for.
    #[arg(long, env = "AWS_REGION", value_name = "REGION", value_parser = region)]
    pub region: Option<String>,

    /// The account that it is for: twelve digits, or * for that of whoever has it.
    #[arg(long, default_value = "*", value_name = "NUMBER", value_parser = account)]
    pub account: String,

    /// The settings file [default: /etc/steadfast/steadfast.toml, if it is there].
    #[arg(long, env = "STEADFAST_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

fn region(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match !text.is_empty() && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not a region's name (as eu-west-1)")),
    }
}

fn account(text: &str) -> Result<String, String> {
    match text == "*" || (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not an account's number (twelve digits, or *)")),
    }
}
