//! `steadfast pool show`.

use super::super::args::ShowArgs;
use super::super::screen::Tone;
use super::super::{CliError, operator, settings};
use super::{print, table};
use crate::operator::pool::Members;
use crate::operator::pool::show::PoolView;
use crate::pool::PoolError;

/// Prints it, however many defects it has.
pub async fn show(args: &ShowArgs) -> Result<(), CliError> {
    let members = operator::within(&args.common, settings::TIMEOUT, async |it| {
        let members = Members::read(&it.ec2, &it.pool, it.deadline).await;
        Ok(members.map_err(crate::operator::pool::PoolCommandError::from)?)
    });
    let members = members.await?;
    if members.all.is_empty() && members.retired.is_empty() {
        return Err(CliError::Pool(PoolError::Empty { pool: members.pool }));
    }
    print("pool", PoolView::of(&members), told, args.output);
    Ok(())
}

fn told(view: &PoolView) -> String {
    let count = view.slots.len();
    let held = view.slots.iter().filter(|it| it.holder.is_some()).count();
    let noun = if count == 1 { "slot" } else { "slots" };
    let mut text = format!("pool {}: {count} {noun}, {held} held\n\n", view.pool);
    text += &table(&view.slots).to_string();
    if let Some(string) = &view.connect_string {
        text += &format!("\nconnect string: {string}\n");
    }
    for it in &view.defects {
        text += &format!("\n{} {it}\n", Tone::Bad.paint("defect:"));
    }
    for it in &view.retired {
        let addresses: Vec<String> = it.addresses.iter().map(ToString::to_string).collect();
        text += &format!(
            "\nretired: slot {} ({}, {}) on {}\n",
            it.slot,
            it.eni,
            addresses.join(" "),
            it.when
        );
    }
    text
}
