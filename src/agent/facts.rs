//! `slot.json` and `slot.env`: what this instance holds, for programs and shells.
//!
//! Each file is whole at every moment (written beside its place and renamed), and a claim that
//! finds everything as it was does not write at all. Their absence means that no slot is held
//! or that a claim is under way.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::AgentError;
use crate::file;
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, MacAddr, PoolName, SlotNumber};

/// The JSON file's name.
pub const JSON: &str = "slot.json";
/// The shell and systemd (`EnvironmentFile=`) form's name.
pub const ENV: &str = "slot.env";
/// The layout of [`Facts`]; a change that takes something away raises it.
pub const VERSION: u32 = 1;

/// Everyone may know what this instance holds.
const MODE: u32 = 0o644;

/// What this instance holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The layout of this file, 1; a change that takes something away raises it.
    pub version: u32,
    /// The pool.
    pub pool: PoolName,
    /// The slot, which is the ZooKeeper server id.
    pub slot: SlotNumber,
    /// The address by which peers and clients know it.
    pub address: IpAddr,
    /// All of its addresses.
    pub addresses: Vec<IpAddr>,
    /// The ENI.
    pub eni: EniId,
    /// The attachment: the fencing token.
    pub attachment: AttachmentId,
    /// Where on the instance it is attached.
    pub device_index: DeviceIndex,
    /// Its NIC in the kernel.
    pub nic: SlotNic,
    /// The routing table of its traffic.
    pub table: u32,
    /// This instance.
    pub instance: InstanceId,
    /// Its availability zone.
    pub zone: String,
    /// Its region.
    pub region: String,
    /// Every slot of the pool, this one included, in slot order.
    pub peers: Vec<Peer>,
    /// `ip1:2181,ip2:2181,...`, in slot order.
    pub connect_string: String,
    /// How the server fares that `steadfast run` guards here; absent if none has been started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// How the guarded server fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// A sentence, as systemd is told it.
    pub text: String,
    /// ZooKeeper's mode (`leader`, `follower`, ...), while it is a member of a quorum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Since when, as RFC 3339 in UTC.
    pub since: String,
}

/// A NIC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotNic {
    /// Its name, such as `ens6`.
    pub name: String,
    /// Its hardware address.
    pub mac: MacAddr,
}

/// A slot of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its number.
    pub slot: SlotNumber,
    /// Its address.
    pub address: IpAddr,
    /// All of its addresses.
    pub addresses: Vec<IpAddr>,
}

impl Facts {
    /// The facts on disk, if there are any. A file that holds something else is as good as none:
    /// it must not keep an instance from its slot at every boot, and the claim writes it anew.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(run_dir: &Path) -> Result<Option<Self>, AgentError> {
        let path = run_dir.join(JSON);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(AgentError::file(&path)(e)),
        };
        Ok(parse(&bytes)
            .inspect_err(|cause| warn!("{} is not heeded: {cause}", path.display()))
            .ok())
    }

    /// Writes both files, unless they say the same already; the JSON last, so that it stands for
    /// both.
    ///
    /// # Errors
    /// A file or the directory cannot be written.
    pub fn write(&self, run_dir: &Path) -> Result<(), AgentError> {
        fs::create_dir_all(run_dir).map_err(AgentError::file(run_dir))?;
        let json = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let json = json.map_err(AgentError::file(&run_dir.join(JSON)))? + "\n";
        for (name, text) in [(ENV, self.env()), (JSON, json)] {
            let path = run_dir.join(name);
            replace(&path, &text).map_err(AgentError::file(&path))?;
        }
        Ok(())
    }

    /// Removes both files; it is no error if there are none.
    ///
    /// # Errors
    /// A file is there and cannot be removed.
    pub fn remove(run_dir: &Path) -> Result<(), AgentError> {
        for name in [JSON, ENV] {
            let path = run_dir.join(name);
            match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(AgentError::file(&path)(e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `KEY=value` lines. No value needs quotes: names are checked, the rest is EC2's.
    pub fn env(&self) -> String {
        let peers: Vec<String> =
            self.peers.iter().map(|peer| format!("{}={}", peer.slot, peer.address)).collect();
        format!(
            "STEADFAST_POOL={}\nSTEADFAST_SLOT={}\nSTEADFAST_ADDRESS={}\nSTEADFAST_ENI={}\n\
             STEADFAST_NIC={}\nSTEADFAST_PEERS={}\nSTEADFAST_CONNECT_STRING={}\n",
            self.pool,
            self.slot,
            self.address,
            self.eni,
            self.nic.name,
            peers.join(","),
            self.connect_string,
        )
    }
}

fn parse(bytes: &[u8]) -> Result<Facts, String> {
    let facts: Facts = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match facts.version {
        VERSION => Ok(facts),
        other => Err(format!("it has version {other}, and this program knows {VERSION}")),
    }
}

/// Makes a file hold a text, unless it does already.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    match fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        true => Ok(()),
        false => file::replace(path, text.as_bytes(), MODE, None),
    }
}
