//! Other programs that manage network interfaces, and might undo what steadfast does for the slot.

use std::collections::BTreeMap;

use super::super::{Area, Check, Finding};
use super::{Root, SlotNic};
use crate::ids::MacAddr;

const MANAGERS: Check = Check::of(Area::Host, "network-managers");
const FOREIGN_RULES: Check = Check::of(Area::Host, "networkd-foreign-rules");

/// What of the name of `systemd-networkd` the kernel keeps.
const NETWORKD: &str = "systemd-network";

/// Which run, and whether they manage the slot's NIC: none, if no slot is held or it is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Managers {
    /// The slot's NIC.
    pub nic: Option<String>,
    /// systemd-networkd.
    pub networkd: Option<Option<bool>>,
    /// Whether that is told to leave other programs' routing rules alone.
    pub networkd_keeps_rules: bool,
    /// NetworkManager.
    pub network_manager: Option<Option<bool>>,
    /// dhcpcd, which takes every NIC that it is not told to leave.
    pub dhcpcd: Option<Option<bool>>,
    /// ifupdown.
    pub ifupdown: Option<Option<bool>>,
}

impl Managers {
    /// Looks for them.
    pub fn read(root: &Root, processes: &BTreeMap<u32, String>, nic: Option<&SlotNic>) -> Self {
        let runs = |name: &str| processes.values().any(|it| it == name);
        let managed = |path: &str, no: &str| {
            let state = root.read(format!("{path}/{}", nic?.index))?;
            Some(!state.lines().any(|line| line.trim() == no))
        };
        let name = nic.map(|nic| nic.name.clone());
        let dhcpcd = || {
            let conf = root.read("/etc/dhcpcd.conf").unwrap_or_default();
            let denied =
                conf.lines().filter_map(|line| line.trim().strip_prefix("denyinterfaces "));
            let name = name.as_deref()?;
            Some(!denied.flat_map(str::split_whitespace).any(|it| it == name))
        };
        let ifstate = root.read("/run/network/ifstate");
        let ifup = ifstate.map(|state| {
            let name = name.as_deref()?;
            Some(state.lines().any(|line| line.split('=').next() == Some(name)))
        });
        Self {
            networkd: runs(NETWORKD)
                .then(|| managed("/run/systemd/netif/links", "ADMIN_STATE=unmanaged")),
            networkd_keeps_rules: keeps_rules(root),
            network_manager: runs("NetworkManager")
                .then(|| managed("/run/NetworkManager/devices", "managed=false")),
            dhcpcd: runs("dhcpcd").then(dhcpcd),
            ifupdown: ifup,
            nic: name,
        }
    }
}

/// By systemd-networkd's settings: the files in order, the last word counts.
fn keeps_rules(root: &Root) -> bool {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    // A later directory hides a file of the same name in an earlier one.
    for directory in ["/usr/lib", "/run", "/etc"] {
        let directory = format!("{directory}/systemd/networkd.conf.d");
        let names = root.list(&directory).into_iter().filter(|name| name.ends_with(".conf"));
        files.extend(names.map(|name| (name.clone(), format!("{directory}/{name}"))));
    }
    let main = "/etc/systemd/networkd.conf".to_owned();
    let texts = std::iter::once(main).chain(files.into_values()).filter_map(|path| root.read(path));
    let mut keeps = false;
    for text in texts {
        let mut values = text.lines().filter_map(|line| {
            line.trim().strip_prefix("ManageForeignRoutingPolicyRules")?.trim().strip_prefix('=')
        });
        if let Some(value) = values.next_back() {
            keeps = matches!(value.trim(), "no" | "false" | "0" | "off");
        }
    }
    keeps
}

/// The findings. The commands exempt every slot of the pool: which one comes is not known before.
pub fn check(managers: &Managers, slots: &[MacAddr]) -> Vec<Finding> {
    let mut found = Vec::new();
    let manages = |it: &Option<Option<bool>>| *it == Some(Some(true));
    let nic = managers.nic.as_deref().unwrap_or("the slot's NIC");
    let fights = |program: &str| {
        MANAGERS.warning(format!("{program} manages {nic}, the slot's NIC")).why(
            "it may take the slot's address or routes away, and steadfast puts them back only \
                 while it runs; without the address for 10 s the server is fenced",
        )
    };
    let macs = |separator: &str, prefix: &str| {
        let all: Vec<String> = slots.iter().map(|mac| format!("{prefix}{mac}")).collect();
        all.join(separator)
    };
    // Without a hardware address the file would match every NIC, or none.
    let exempt = |finding: Finding, command: String| match slots.is_empty() {
        true => finding.hint(
            "run this again when EC2 tells the pool: the command that mends it names every slot's \
             hardware address",
        ),
        false => finding.command(command),
    };
    if manages(&managers.networkd) {
        found.push(exempt(
            fights("systemd-networkd"),
            format!(
                "printf '[Match]\\nMACAddress={}\\n\\n[Link]\\nUnmanaged=yes\\n' > \
             /etc/systemd/network/05-steadfast.network && networkctl reload",
                macs(" ", "")
            ),
        ));
    }
    if manages(&managers.network_manager) {
        found.push(exempt(
            fights("NetworkManager"),
            format!(
                "printf '[keyfile]\\nunmanaged-devices={}\\n' > \
             /etc/NetworkManager/conf.d/steadfast.conf && nmcli general reload conf",
                macs(";", "mac:")
            ),
        ));
    }
    if manages(&managers.dhcpcd) {
        found.push(fights("dhcpcd").command(format!(
            "echo 'denyinterfaces {nic}' >> /etc/dhcpcd.conf && systemctl restart dhcpcd"
        )));
    }
    if manages(&managers.ifupdown) {
        found.push(fights("ifupdown").hint(format!(
            "take {nic} out of /etc/network/interfaces and its directory interfaces.d"
        )));
    }
    if found.is_empty() {
        found.push(MANAGERS.ok("no other network manager has the slot's NIC"));
    }
    if managers.networkd.is_some() {
        found.push(foreign_rules(managers.networkd_keeps_rules));
    }
    found
}

fn foreign_rules(keeps: bool) -> Finding {
    match keeps {
        true => FOREIGN_RULES.ok("systemd-networkd leaves other programs' routing rules alone"),
        false => FOREIGN_RULES
            .warning("systemd-networkd removes other programs' routing rules when it starts")
            .why(
                "steadfast's are among them: until it has put them back, the server's packets leave \
                 from the wrong address",
            )
            .command(
                "mkdir -p /etc/systemd/networkd.conf.d && printf \
                 '[Network]\\nManageForeignRoutes=no\\nManageForeignRoutingPolicyRules=no\\n' > \
                 /etc/systemd/networkd.conf.d/steadfast.conf && systemctl restart systemd-networkd",
            ),
    }
}
