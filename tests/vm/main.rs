//! Machines that boot: a real image with its own kernel, init and cloud-init, in QEMU, on the local
//! region. Three of them form an ensemble from the shipped user-data alone; then what befalls machines
//! befalls them, while a client writes without pause through the static connect string. At the end every
//! acknowledged write is read back from every server.
//!
//! ```sh
//! make test-vm         # makes the image (a minute or two, once) and the package, and runs this
//! ```
//!
//! Without hardware virtualisation, which is used where the processor has it, this takes minutes. It
//! prints where each boot's time went. If it fails, the machines' consoles lie in `target/vm/consoles`.
//! It is not run by a plain `cargo test`. To look at a machine by hand, see `sim/README.md`:
//!
//! ```sh
//! eval "$(steadfast-sim up)" && steadfast-sim pool kafka --slots 3
//! ami=$(steadfast-sim image "$(tests/vm/image)")
//! steadfast-sim launch --image "$ami" --tag steadfast:pool=kafka --user-data my-user-data.yaml
//! steadfast-sim console i-...                        # what EC2's console output would show
//! steadfast-sim exec i-... -- systemctl status       # once it has booted
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `site` | the region: pools, role, image, a web server with the packages, groups |
//! | `user_data` | the shipped user-data with its values set |
//! | `package` | what `make deb` made, and a newer one of the same files |
//! | `guest` | a machine, by its guest agent |
//! | `timeline` | where a boot's time went |
//! | `events` | power cut, reboot, card pulled out, networkd, upgrade |
//! | `wrong` | user-data that is wrong |
//! | `within` | waits and programs with deadlines |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests say what they expect by panicking, and print what a person is to judge"
)]

mod events;
mod guest;
mod package;
mod site;
mod timeline;
mod user_data;
mod within;
mod wrong;

#[path = "../../examples/workload/handle.rs"]
#[allow(dead_code, reason = "shared with the demo")]
mod handle;
#[path = "../../examples/workload/protocol.rs"]
#[allow(dead_code, reason = "it is the whole protocol")]
mod protocol;

use std::time::Instant;

use steadfast_sim::client::LocalRegion;

use crate::handle::Handle;
use crate::site::{Site, kept};
use crate::timeline::Timeline;
use crate::within::{DEADLINE, eventually};
use crate::wrong::Wrong;

/// Writes that are acknowledged after each event before the next.
const WRITES: usize = 20;

#[test]
fn machines_form_an_ensemble_and_keep_their_word() {
    let begin = Instant::now();
    let region = site::up();
    let machines = {
        let consoles = Consoles(&region);
        let site = Site::new(&region);
        play(&site, begin);
        drop(consoles);
        machines(&region)
    };
    drop(region);
    nothing_left(&machines);
    println!("{:>6.0} s  in all", begin.elapsed().as_secs_f64());
}

fn play(site: &Site<'_>, begin: Instant) {
    let told = |what: &str| println!("{:>6.0} s  {what}", begin.elapsed().as_secs_f64());
    site.groups();
    told("three groups of one machine each");
    form(site);
    let mut client = Handle::start(site.workload(), |_| ()).unwrap();
    let mut writes = |what: &str| {
        client.wait_members(3, DEADLINE).unwrap();
        client.wait_acknowledged(WRITES, DEADLINE).unwrap();
        told(what);
    };
    writes("an ensemble, and a client that writes");
    let wrong = Wrong::launch(site);
    events::networkd(site, 2);
    writes("systemd-networkd restarted and reloaded");
    events::upgrade(site, 3);
    writes("a newer package installed, then started");
    wrong.judge();
    writes("wrong user-data told of");
    events::pulled_out(site, 1);
    writes("a card pulled out: fenced, and claimed anew");
    events::reboot(site, 3);
    writes("a reboot");
    events::power_cut(site, 2);
    writes("a power cut, and a replacement");
    let checked = client.check(DEADLINE).unwrap();
    println!("{checked}");
    checked.nothing_lost().unwrap();
    client.end().unwrap();
}

/// Waits until all machines are members, and tells of their boots.
fn form(site: &Site<'_>) {
    for slot in 1..=3 {
        let guest = site.wait_holder(slot, None);
        guest.wait_member();
        let title = format!("first boot: slot {slot} on {}", guest.id);
        println!("{}", Timeline::of(&title, &guest).table());
    }
}

/// Every instance that the region remembers.
fn machines(region: &LocalRegion) -> Vec<String> {
    region.state().unwrap().instances.into_iter().map(|instance| instance.id).collect()
}

/// No QEMU is left of a region that has ended: each has its instance's id as its name.
fn nothing_left(machines: &[String]) {
    eventually("every machine is gone with its region", || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
        let mut words = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
        let is_left = |line: String| {
            line.starts_with("qemu")
                && line.split('\0').any(|it| machines.iter().any(|id| it == id))
        };
        (!words.any(is_left)).then_some(())
    });
}

/// Keeps the consoles if the test fails.
struct Consoles<'a>(&'a LocalRegion);

impl Drop for Consoles<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let directory = kept().join("consoles");
        let _ = std::fs::remove_dir_all(&directory);
        let _ = std::fs::create_dir_all(&directory);
        let Ok(state) = self.0.state() else { return };
        for instance in state.instances {
            let console = self.0.console(&instance.id).unwrap_or_default();
            let _ = std::fs::write(directory.join(&instance.id), console);
        }
        println!("trouble of the region: {:#?}", state.trouble);
        println!("the consoles: {}", directory.display());
    }
}
