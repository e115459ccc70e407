//! `steadfast connect-string`: what clients are given once, and never again.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{ConnectStringArgs, ConnectStringFormat};
use super::output::{Document, text};
use super::{CliError, operator, settings};
use crate::agent::AgentError;
use crate::cloud::{Cloud, patience};
use crate::ids::{CLIENT_PORT, Chroot, PoolName, SlotNumber};
use crate::pool::Pool;

/// What the JSON form says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectString {
    /// The pool.
    pub pool: PoolName,
    /// `ip1:2181,ip2:2181,...` of all slots in slot order, and the chroot.
    pub connect_string: String,
    /// The znode that is the client's root, if one was asked for.
    pub chroot: Option<Chroot>,
    /// Every slot, in slot order.
    pub servers: Vec<ConnectServer>,
}

/// A server of a connect string.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectServer {
    /// Its slot.
    pub slot: SlotNumber,
    /// Its address and client port.
    pub address: SocketAddr,
}

/// Prints it.
pub async fn connect_string(args: &ConnectStringArgs) -> Result<(), CliError> {
    let pool = operator::within(&args.common, settings::TIMEOUT, async |it| {
        let read = || it.ec2.pool(&it.pool);
        let enis = patience::retried(it.deadline, read).await.map_err(AgentError::from)?;
        Pool::from_enis(&it.pool, enis).map_err(CliError::Pool)
    });
    let told = told(&pool.await?, args.chroot.as_ref());
    let string = &told.connect_string;
    text(&match args.format {
        ConnectStringFormat::Text => format!("{string}\n"),
        ConnectStringFormat::Properties => format!("zookeeper.connect={string}\n"),
        ConnectStringFormat::Env => format!("STEADFAST_CONNECT_STRING={string}\n"),
        ConnectStringFormat::Json => Document::new("connect-string", told).json(),
    });
    Ok(())
}

fn told(pool: &Pool, chroot: Option<&Chroot>) -> ConnectString {
    let root = chroot.map(ToString::to_string).unwrap_or_default();
    let server = |slot: &crate::pool::Slot| ConnectServer {
        slot: slot.number,
        address: SocketAddr::new(slot.address(), CLIENT_PORT),
    };
    ConnectString {
        pool: pool.name.clone(),
        connect_string: pool.connect_string() + &root,
        chroot: chroot.cloned(),
        servers: pool.slots.values().map(server).collect(),
    }
}
