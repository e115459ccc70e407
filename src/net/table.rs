//! Which routing table a slot gets: a number that other tools would choose too, unless it is
//! taken. Pure, and the same answer for the same host, so that a re-run finds the table in use.

use super::change::Dev;
use super::observe::Observed;
use super::{NetError, Nic};
use crate::ids::DeviceIndex;

/// The number that amazon-ec2-net-utils gives to the interface at device index 0.
const FIRST_TABLE: u32 = 10_000;
/// More than any instance type has device indexes, so no two slots try the same number.
const STRIDE: u32 = 256;
/// How many numbers are tried.
const TRIES_MAX: u32 = 16;

/// The table for the NIC at device index `index`.
///
/// One that already bears our mark is kept, else the first that is free.
///
/// # Errors
/// [`NetError::TablesBusy`] if all hold routes that are not ours and do not use this NIC.
pub fn choose(index: DeviceIndex, nic: &Nic, seen: &Observed) -> Result<u32, NetError> {
    let candidates =
        || (0..TRIES_MAX).map(move |n| index.0.saturating_add(FIRST_TABLE + n * STRIDE));
    let free = || candidates().filter(|table| !is_busy(*table, nic, seen));
    free()
        .find(|table| seen.our_routes().any(|route| route.table == *table))
        .or_else(|| free().next())
        .ok_or_else(|| NetError::TablesBusy { tables: candidates().collect() })
}

/// Routes through our NIC are no hindrance: another manager of the same NIC made them.
fn is_busy(table: u32, nic: &Nic, seen: &Observed) -> bool {
    let dev = Some(Dev::from(nic));
    seen.routes.iter().any(|route| route.it.table == table && !route.ours && route.it.dev != dev)
}
