//! `steadfast pool`: what its commands have in common.

mod adopt;
mod create;
mod retire;
mod show;

use schemars::JsonSchema;
use serde::Serialize;

use super::CliError;
use super::args::{OutputFormat, PoolArgs, PoolCommand};
use super::bootstrap;
use super::output::{Document, text};
use super::screen::{Cell, Table, Tone};
use crate::ids::{EniId, SlotNumber};
use crate::operator::pool::show::SlotView;

pub use adopt::PoolAdopt;
pub use create::PoolCreate;
pub use retire::PoolRetire;

/// Does one of them.
pub async fn pool(args: &PoolArgs) -> Result<(), CliError> {
    match &args.command {
        PoolCommand::Create(args) => create::create(args).await,
        PoolCommand::Adopt(args) => adopt::adopt(args).await,
        PoolCommand::Show(args) => show::show(args).await,
        PoolCommand::Retire(args) => retire::retire(args).await,
        PoolCommand::Bootstrap(args) => bootstrap::bootstrap(args).await,
    }
}

/// A slot that was there before, and stays as it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeptSlot {
    /// Its number.
    pub slot: SlotNumber,
    /// Its ENI.
    pub eni: EniId,
    /// In what it is not as asked for, in words.
    pub differs: Vec<String>,
}

/// Prints a result in the format that was asked for.
fn print<T: Serialize>(
    kind: &'static str,
    body: T,
    told: impl FnOnce(&T) -> String,
    format: OutputFormat,
) {
    text(&match format {
        OutputFormat::Text => told(&body),
        OutputFormat::Json => Document::new(kind, body).json(),
    });
}

/// The slots with their addresses, their places and their holders.
fn table(slots: &[SlotView]) -> Table {
    let headings =
        ["SLOT", "ADDRESS", "ZONE", "SUBNET", "ENI", "MAC", "SECURITY GROUPS", "HOLDER", "TAGS"];
    let mut table = Table::new(&headings);
    for it in slots {
        let number = match it.slot {
            Some(number) => Cell::from(number),
            None => Cell::new("?", Tone::Bad),
        };
        let holder = match &it.holder {
            None => Cell::new("free", Tone::Good),
            Some(holder) => {
                let by = holder.instance.as_ref().map_or("another account", |id| id.as_str());
                match holder.status {
                    "attached" => Cell::from(by),
                    status => Cell::new(format!("{by} ({status})"), Tone::Warning),
                }
            }
        };
        let tags: Vec<_> = it.tags.keys().map(|key| key.replace("steadfast:", "")).collect();
        table.row(vec![
            number,
            words(&it.addresses),
            Cell::from(&it.zone),
            Cell::from(&it.subnet),
            Cell::from(&it.eni),
            Cell::new(it.mac, Tone::Dim),
            words(&it.security_groups),
            holder,
            words(&tags),
        ]);
    }
    table
}

fn words<T: ToString>(items: &[T]) -> Cell {
    let all: Vec<String> = items.iter().map(ToString::to_string).collect();
    match all.is_empty() {
        true => Cell::new("-", Tone::Dim),
        false => Cell::from(all.join(" ")),
    }
}

/// A line a note, each with its line break.
fn notes(notes: &[String]) -> String {
    notes.iter().map(|it| format!("{} {it}\n", Tone::Warning.paint("note:"))).collect()
}
