//! What the user types for `steadfast pool adopt` and `steadfast pool retire`.

use clap::Args;

use crate::cli::args::common::{AskedArgs, ChangeArgs, OperatorArgs};
use crate::ids::{EniId, SlotNumber};

/// Of `pool adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// This ENI is to be slot N; once a slot.
    #[arg(long = "eni", value_name = "N=ENI", value_parser = eni, required = true)]
    pub enis: Vec<(SlotNumber, EniId)>,

    /// Give the number of a retired slot to another ENI.
    #[arg(long)]
    pub reuse_retired: bool,

    /// Whether it is asked about, done and how it is told.
    #[command(flatten)]
    pub asked: AskedArgs,
}

/// Of `pool retire`.
#[derive(Debug, Args)]
pub struct RetireArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// The slot.
    #[arg(value_name = "SLOT")]
    pub slot: SlotNumber,

    /// Delete its ENI, too: its address may go to anybody then.
    #[arg(long)]
    pub delete: bool,

    /// What would have to be typed, POOL/N or POOL/N/delete: for scripts that have asked a person.
    #[arg(long, value_name = "PHRASE")]
    pub confirm: Option<String>,

    /// Whether it is done, and how it is told.
    #[command(flatten)]
    pub change: ChangeArgs,
}

fn eni(text: &str) -> Result<(SlotNumber, EniId), String> {
    let (number, eni) = text.split_once('=').ok_or_else(|| format!("{text:?} is not N=ENI"))?;
    let number: SlotNumber = number.parse().map_err(|e| format!("{e}"))?;
    let eni: EniId = eni.parse().map_err(|e| format!("{e}"))?;
    Ok((number, eni))
}
