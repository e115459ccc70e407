//! How soon the guard returns when the NIC goes, whatever it is doing: it does, each time, and the
//! times are told. They are the machine's; that no look is waited for is shown elsewhere.

use std::thread;
use std::time::{Duration, Instant};

use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};
use steadfast::agent::Fenced;

use crate::guarding::{Fighter, LONG, guard};
use crate::netns::{alone, sh};
use crate::vpc::{SLOT, Vpc, host, mac, wanted};

const ROUNDS: usize = 100;

#[test]
fn the_guard_returns_as_soon_as_the_kernel_tells() {
    alone(|| async {
        let _vpc = Vpc::new();
        measure("at rest").await;
    });
}

#[test]
fn the_guard_returns_as_soon_while_others_fight_it() {
    alone(|| async {
        let _vpc = Vpc::new();
        let _fighters = [
            Fighter::begin("ip rule del priority 8300"),
            Fighter::begin("ip address flush dev eth1"),
            Fighter::begin("ip link set eth0 mtu 9000; ip link set eth0 mtu 9001"),
        ];
        measure("under attack").await;
    });
}

async fn measure(when: &str) {
    let (mut since_asked, mut since_told) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let index = attach().await;
        let guarding = tokio::spawn(guard(wanted()));
        // Into whatever the guard is doing.
        let pause = Duration::from_micros(fastrand::u64(50_000..150_000));
        tokio::time::sleep(pause).await;
        // It listens before the NIC is removed.
        let links = links();
        let witness = thread::spawn(move || witness(&links, index));
        let remover = thread::spawn(move || remove(index));
        let fenced = tokio::time::timeout(LONG, guarding).await.unwrap().unwrap();
        let returned = Instant::now();
        assert!(matches!(fenced, Fenced::NicGone { .. }), "{fenced}");
        since_asked.push(returned.saturating_duration_since(remover.join().unwrap()));
        since_told.push(returned.saturating_duration_since(witness.join().unwrap()));
    }
    for (what, times) in [("the request", since_asked), ("the kernel's event", since_told)] {
        let (median, worst) = median_and_worst(times);
        println!("{when}: guard returned after {what}: median {median:?}, worst {worst:?}");
    }
}

/// Attaches the slot's NIC and returns its index.
async fn attach() -> u32 {
    sh(&format!("ip link add {} address {} type veth peer name outer", SLOT.name, SLOT.mac));
    host().nic(mac(&SLOT)).await.unwrap().unwrap().index
}

/// Removes the device by a request of its own; when that was sent.
fn remove(index: u32) -> Instant {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection().unwrap();
        tokio::spawn(connection);
        let asked = Instant::now();
        handle.link().del(index).execute().await.unwrap();
        asked
    })
}

/// A socket that hears of links.
fn links() -> Socket {
    let mut socket = Socket::new(NETLINK_ROUTE).unwrap();
    let links = 1;
    socket.bind(&SocketAddr::new(0, links)).unwrap();
    socket
}

/// Waits for the kernel's message that the device has gone, on a thread that does nothing else.
fn witness(links: &Socket, index: u32) -> Instant {
    loop {
        let Ok((message, _)) = links.recv_from_full() else { continue };
        let told = Instant::now();
        let kind = u16::from_ne_bytes(message[4..6].try_into().unwrap());
        let about = u32::from_ne_bytes(message[20..24].try_into().unwrap());
        let del_link = 17;
        if kind == del_link && about == index {
            return told;
        }
    }
}

fn median_and_worst(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() - 1])
}
