//! Servers that are asked, and what they answer.

use std::time::Duration;

use steadfast::zookeeper::answer::{Mode, Silence, Srvr};
use steadfast::zookeeper::ask;
use steadfast::zookeeper::twin::Twin;

use crate::netns::{alone, sh};
use crate::scratch::Scratch;
use crate::server::Server;

/// A pool of two slots with IPv6 addresses, which reach each other by them.
#[test]
fn two_servers_on_ipv6_serve_and_are_counted() {
    alone(|| async {
        sh("ip link set lo up; ip addr add fd00::1/128 dev lo; ip addr add fd00::2/128 dev lo");
        let scratch = Scratch::new();
        let mut servers = [1, 2].map(|me| Server::of(&scratch, me, &["fd00::1", "fd00::2"]));
        let within = Duration::from_secs(60);
        let client = servers[0].config.client;
        assert!(matches!(servers[0].srvr().await, Srvr::Silent(Silence::Unreachable(_))));
        for server in &mut servers {
            server.disk.write_marker().unwrap();
            server.start();
        }
        let mut modes = Vec::new();
        for server in &mut servers {
            let Srvr::Serves(serving) = server.serves().await else { panic!("it serves") };
            assert_eq!(serving.version.as_deref(), Some("3.8.0"));
            assert!(serving.zxid.is_some() && serving.connections == Some(1), "{serving:?}");
            modes.push(serving.mode);
        }
        modes.sort_by_key(|mode| mode.as_str());
        assert_eq!(modes, [Mode::Follower, Mode::Leader]);

        let mut learners = Vec::new();
        for server in &servers {
            let mntr = ask::mntr(server.config.client, None, within).await.unwrap();
            assert_eq!(Twin::seen(&mntr, 2), None);
            assert_eq!(Twin::seen(&mntr, 1).is_some(), mntr.learners().is_some());
            learners.push((mntr.get("zk_server_state").unwrap().to_owned(), mntr.learners()));
        }
        learners.sort();
        assert_eq!(learners, [("follower".into(), None), ("leader".into(), Some(1))]);

        // What is left of two has no quorum, and runs on.
        servers[1].kill();
        servers[0]
            .until("it gives up serving", async |server| {
                (server.srvr().await == Srvr::NotServing).then_some(())
            })
            .await;
        assert_eq!(ask::mntr(client, None, within).await, Err(Silence::NotServing));
    });
}
