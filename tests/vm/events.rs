//! What happens to a machine of a running ensemble, and what must be so afterwards. Each leaves all
//! servers members.

use crate::guest::{Guest, UNIT, mark};
use crate::site::Site;
use crate::timeline::Timeline;
use crate::within::eventually;

/// Rules, the routes of the slot's table and the slot's addresses; not for how long a lease makes them
/// last, nor who made the address.
const NETWORK: &str = "
    . /run/steadfast/slot.env
    ip rule | sort
    ip route show table \"$((10000 + ${STEADFAST_NIC#ens} - 5))\" | sort
    ip -o -4 address show dev \"$STEADFAST_NIC\" | tr -s ' ' | cut -d' ' -f2-4";
/// What user-data writes for systemd-networkd.
const LEAVE_IT: [&str; 2] =
    ["/etc/systemd/network/05-steadfast.network", "/etc/systemd/networkd.conf.d/steadfast.conf"];

/// The power goes; the Auto Scaling group launches another machine, which takes the slot.
pub fn power_cut(site: &Site<'_>, slot: u8) {
    let lost = site.wait_holder(slot, None);
    let since = mark(site.region);
    site.region.terminate(&lost.id).unwrap();
    let guest = site.wait_holder(slot, Some(&lost.id));
    guest.wait_member();
    let title = format!("power cut: slot {slot} on its replacement {}", guest.id);
    println!("{}", Timeline::of(&title, &guest).table());
    let calls = guest.calls_since(since);
    let attaches = calls.iter().filter(|call| *call == "AttachNetworkInterface").count();
    assert_eq!(attaches, 1, "{calls:?}");
    let log = guest.agent_log();
    assert!(log.contains("start gate: open"), "{log}");
    assert!(log.contains("has no vote until") && !log.contains("first boot"), "{log}");
}

/// The machine boots anew: the same slot without a claim, and nothing is done twice.
pub fn reboot(site: &Site<'_>, slot: u8) {
    let guest = site.wait_holder(slot, None);
    let tags = site.slots()[&slot].tags.clone();
    let since = mark(site.region);
    let boot = guest.sh("cat /proc/sys/kernel/random/boot_id");
    // It may be gone before it has answered.
    let _ = guest.try_sh("systemctl --no-block reboot");
    eventually(format_args!("{} boots anew", guest.id), || {
        guest.try_sh("cat /proc/sys/kernel/random/boot_id").filter(|now| *now != boot)
    });
    guest.wait_member();
    guest.wait_sh("cloud-init ends", "systemctl is-active -q cloud-final.service");
    let title = format!("reboot: slot {slot} on {}", guest.id);
    println!("{}", Timeline::of(&title, &guest).table());
    assert_eq!(guest.calls_since(since), ["DescribeNetworkInterfaces"], "no second claim");
    assert_eq!(site.wait_holder(slot, None).id, guest.id);
    let log = guest.agent_log();
    assert!(log.contains(&format!("holds slot {slot} ")) && log.contains("resumed=true"), "{log}");
    assert!(!log.contains("first boot"), "{log}");
    assert_eq!(site.slots()[&slot].tags, tags, "the slot's tags say when it first voted");
    // cloud-init ran the user-data at the first boot alone, and no marker lets an empty disk vote.
    let times = "grep -c 'steadfast user-data: done' /var/log/cloud-init-output.log";
    assert_eq!(guest.sh(times).trim(), "1");
    guest.sh("! find /var/lib/zookeeper -name initialize | grep .");
}

/// The slot's card is pulled out under the running server: fenced, then claimed anew.
pub fn pulled_out(site: &Site<'_>, slot: u8) {
    let guest = site.wait_holder(slot, None);
    let server = guest.server();
    let since = mark(site.region);
    site.region.detach_by_force(&site.slots()[&slot].id).unwrap();
    let fenced = guest.wait_sh(
        "the journal says that it was fenced",
        &format!("journalctl -b -u {UNIT} -o short-iso-precise | grep -F 'fenced: '"),
    );
    println!("pulled out: {}", fenced.lines().next().unwrap_or_default());
    // Nobody is left of the fenced server, whatever runs by now.
    let left = format!("for pid in {server}; do ! test -e /proc/$pid/exe; done");
    guest.sh(&left);
    guest.wait_member();
    assert!(guest.console().contains("fenced: "), "{}", guest.end());
    assert!(guest.unit("NRestarts") != "0", "the unit was not restarted");
    let calls = guest.calls_since(since);
    assert!(calls.contains(&"AttachNetworkInterface".to_owned()), "{calls:?}");
    assert_eq!(site.wait_holder(slot, None).id, guest.id, "its zone has no other slot");
}

/// systemd-networkd starts anew and reloads: as user-data has told it, it leaves the slot alone; as the
/// image has it, it takes routes and rules away, and they are put back. The server does not notice.
pub fn networkd(site: &Site<'_>, slot: u8) {
    let guest = site.wait_holder(slot, None);
    let (server, before) = (guest.server(), guest.sh(NETWORK));
    guest.sh("systemctl restart systemd-networkd && networkctl reload");
    guest.wait_sh("networkd is done", "networkctl --no-legend list ens5 | grep configured");
    assert_eq!(guest.sh(NETWORK), before, "left alone");
    assert!(!guest.agent_log().contains("put back"), "{}", guest.agent_log());
    let moved = LEAVE_IT.map(|file| format!("mv {file} /root/")).join(" && ");
    guest.sh(&format!("{moved} && networkctl reload && systemctl restart systemd-networkd"));
    guest.wait_sh("it takes the slot's card", "networkctl --no-legend list ens6 | grep configured");
    wait_put_back(&guest, &before);
    guest.sh("networkctl reload && networkctl reconfigure ens6");
    guest.wait_sh("networkd is done", "networkctl --no-legend list ens6 | grep configured");
    wait_put_back(&guest, &before);
    let log = guest.agent_log();
    let put_back: Vec<_> = log.lines().filter(|line| line.contains("put back")).collect();
    assert!(put_back.iter().any(|line| line.contains("ip rule add")), "{log}");
    assert!(put_back.iter().any(|line| line.contains("ip route add")), "{log}");
    println!("networkd: {} times something was put back", put_back.len());
    let [network, settings] = LEAVE_IT;
    guest.sh(&format!(
        "mv /root/05-steadfast.network {network} && mv /root/steadfast.conf {settings} && \
         systemctl restart systemd-networkd"
    ));
    guest.wait_sh("networkd is done", "networkctl --no-legend list ens5 | grep configured");
    wait_put_back(&guest, &before);
    assert_eq!(guest.server(), server, "the same server all the while");
    guest.wait_member();
}

/// Waits until the slot's network is as it was.
fn wait_put_back(guest: &Guest<'_>, before: &str) {
    let what = format!("the network of {} is as it was: {before}", guest.id);
    eventually(what, || guest.try_sh(NETWORK).filter(|now| now == before));
}

/// A newer package comes while the server runs: nothing stops, and the next start has it.
pub fn upgrade(site: &Site<'_>, slot: u8) {
    let guest = site.wait_holder(slot, None);
    let (server, agent) = (guest.server(), guest.unit("MainPID"));
    let (newer, url) = (&site.newer, site.url(&site.newer));
    let said = guest.sh(&format!(
        "curl -fsS -o /tmp/newer.deb {url} && DEBIAN_FRONTEND=noninteractive \
         apt-get -q -o Dpkg::Use-Pty=0 install --yes /tmp/newer.deb 2>&1"
    ));
    let told = said.lines().filter(|line| line.contains("steadfast:"));
    told.for_each(|line| println!("upgrade: {line}"));
    assert!(
        said.contains("systemctl restart steadfast-zookeeper"),
        "it does not say what to do: {said}"
    );
    assert_eq!(guest.sh("dpkg-query -Wf '${Version}' steadfast"), newer.version);
    assert_eq!((guest.server(), guest.unit("MainPID")), (server, agent.clone()), "neither ended");
    let exe = |pid: &str| guest.sh(&format!("readlink /proc/{pid}/exe")).trim().to_owned();
    assert_eq!(exe(&agent), "/usr/bin/steadfast (deleted)", "the agent goes on as it was");
    let since = mark(site.region);
    guest.sh(&format!("systemctl restart {UNIT}"));
    guest.wait_member();
    assert_eq!(exe(&guest.unit("MainPID")), "/usr/bin/steadfast");
    assert_eq!(guest.calls_since(since), ["DescribeNetworkInterfaces"], "the slot was kept");
}
