//! The judges: `ip -j`, and packets.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::netns::{Namespace, sh};
use crate::vpc::ip;

/// All that a claim might touch, but the MTU: addresses with their flags, up or down, the
/// routes of all tables, the rules. Without what the kernel does by itself when a link comes
/// up, and then still changes after a while: link-local addresses and their routes, and IPv6's
/// local table, which follows the addresses.
pub fn state() -> Value {
    json!({
        "links": list("ip -j address").iter().map(link).collect::<Vec<_>>(),
        "routes": [routes("-4", "all"), routes("-6", "all")],
        "rules": [list("ip -j -4 rule"), list("ip -j -6 rule")],
    })
}

/// Routes and rules that were put back come in another order than they had.
pub fn sorted(mut state: Value) -> Value {
    for lists in ["routes", "rules"] {
        for list in state[lists].as_array_mut().unwrap() {
            list.as_array_mut().unwrap().sort_by_key(ToString::to_string);
        }
    }
    state
}

fn link(link: &Value) -> Value {
    let addresses = link["addr_info"].as_array().unwrap().iter();
    let addresses: Vec<_> = addresses.filter(|it| it["scope"] != "link").collect();
    json!({ "name": link["ifname"], "up": is_up(link), "addresses": addresses })
}

fn is_up(link: &Value) -> bool {
    link["flags"].as_array().unwrap().contains(&json!("UP"))
}

/// Whether the NIC is up.
pub fn up(nic: &str) -> bool {
    is_up(&list(&format!("ip -j address show dev {nic}"))[0])
}

/// The NIC's addresses, without link-local ones.
pub fn addresses(nic: &str) -> Vec<Value> {
    let links = list(&format!("ip -j address show dev {nic}"));
    link(&links[0])["addresses"].as_array().unwrap().clone()
}

/// The routes of a table, `-4` or `-6`; none if the table does not exist.
pub fn routes(family: &str, table: &str) -> Vec<Value> {
    // `ip` fails on a table that has never been.
    let routes = list(&format!("ip -j {family} route show table {table} 2>/dev/null || echo '[]'"));
    let follows = |it: &Value| {
        let to = it["dst"].as_str().unwrap_or_default();
        let local = family == "-6" && it["table"] == "local";
        local || to.starts_with("fe80:") || to.starts_with("ff00:")
    };
    routes.into_iter().filter(|it| !follows(it)).collect()
}

/// What a command of `ip -j` lists.
pub fn list(command: &str) -> Vec<Value> {
    let text = sh(command);
    match text.trim() {
        "" => Vec::new(),
        text => serde_json::from_str(text).unwrap_or_else(|error| panic!("{command}: {error}")),
    }
}

/// Listens on the address, and tells everybody who connects which address they come from.
/// `at` is the namespace, if it is not the host's.
pub fn serve(at: Option<&Namespace>, address: &str) -> SocketAddr {
    let address = SocketAddr::new(ip(address), 0);
    let bind = move || TcpListener::bind(address).unwrap();
    let listener = match at {
        Some(namespace) => namespace.enter(bind),
        None => bind(),
    };
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            let from = caller.peer_addr().unwrap().ip();
            let _ = write!(caller, "{from}");
        }
    });
    address
}

/// Connects and returns the address that the other end sees.
pub fn call(from: Option<&Namespace>, to: SocketAddr, within: Duration) -> io::Result<IpAddr> {
    let call = move || {
        let mut stream = TcpStream::connect_timeout(&to, within)?;
        stream.set_read_timeout(Some(within))?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text.parse().unwrap())
    };
    match from {
        Some(namespace) => namespace.enter(call),
        None => call(),
    }
}
