//! The lines of defence in a host's network, each alone.

use crate::host::{Host, peers};

/// The priority of the agent's rules that send what goes to a peer into the slot's table.
const TO_PEERS: u32 = 8301;

/// What is left of the defence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defence {
    /// Replies leave by the NIC that they came in by, as every host with two NICs needs it, and
    /// nothing else: what a server dials out leaves from the host's primary address.
    None,
    /// What goes to a peer leaves through the slot's NIC, from the slot's address.
    SourceRoutes,
    /// The same with the blackhole below, but without a word on the source address. The blackhole
    /// cannot be had without routes through the slot's NIC: it is what is left of them.
    Blackhole,
    /// All that a claim makes.
    Claimed,
}

impl Defence {
    /// Takes from a host that has claimed its slot all but this. Doing it again changes nothing.
    pub fn leave(self, host: &Host<'_>) {
        let table = || host.instance.slot_json()["table"].as_u64().expect("the table's number");
        let script = match self {
            Defence::None => overrule(host),
            Defence::SourceRoutes => {
                let blackhole = format!("blackhole default table {} metric 4294967295", table());
                format!("ip route del {blackhole} || true")
            }
            Defence::Blackhole => format!(
                "ip -4 route show table {table} | grep ' src ' | while read -r route; do
                   ip route replace table {table} $(echo $route | sed 's/ src [^ ]*//')
                 done",
                table = table(),
            ),
            Defence::Claimed => return,
        };
        host.instance.sh(&script);
    }

    /// Undoes what [`Self::leave`] has done to a host, as far as a claim would stumble over it.
    pub fn undo(self, host: &Host<'_>) {
        if self == Defence::None {
            for rule in rules(host) {
                host.instance.sh(&format!("ip rule del {rule}"));
            }
        }
    }
}

/// Rules before the agent's, so that those are not asked: a guard would put back what was removed.
fn overrule(host: &Host<'_>) -> String {
    let add = |rule| format!("ip rule del {rule} 2>/dev/null || true\nip rule add {rule}\n");
    rules(host).iter().map(add).collect()
}

fn rules(host: &Host<'_>) -> Vec<String> {
    let peers = peers(host.instance.region).into_iter().filter(|(slot, _)| *slot != host.slot);
    let rule = |(_, address)| format!("to {address} lookup main priority {}", TO_PEERS - 100);
    peers.map(rule).collect()
}
