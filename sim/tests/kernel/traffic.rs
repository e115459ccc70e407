//! Traffic between instances: servers, clients, and slots that carry it.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use steadfast_sim::client::LocalRegion;
use steadfast_sim::control::EniView;

use super::support::{output, shell};

/// Answers each connection with the address it came from.
const SERVER: &str = "
import socket, sys
s = socket.create_server((sys.argv[1], 7000), family=
    socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
print('listens', flush=True)
while True:
    c, a = s.accept(); c.sendall(a[0].encode()); c.close()
";

/// Connects to an address from another; prints what the server answers, or `dropped`.
const CLIENT: &str = "
import socket, sys
try:
    c = socket.create_connection((sys.argv[1], int(sys.argv[3])), 1.5, (sys.argv[2], 0))
    print(c.recv(99).decode())
except TimeoutError:
    print('dropped')
";

/// A server in an instance; it ends with this.
pub struct Server(Child);

impl Server {
    /// Starts it on an address and waits until it listens.
    pub fn start(region: &LocalRegion, instance: &str, address: &str) -> Server {
        let mut command = region.exec(instance, &["python3", "-c", SERVER, address]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("python3 runs");
        let mut word = [0; 7];
        let mut output = child.stdout.take().expect("its output");
        output.read_exact(&mut word).expect("it listens");
        Server(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What becomes of a connection to a [`Server`]: the address that it saw, or `dropped`.
pub fn connect(region: &LocalRegion, instance: &str, to: &str, from: &str) -> String {
    connect_to(region, instance, (to, 7000), from)
}

/// The same for a connection to any port. A refusal of any kind fails the test.
pub fn connect_to(region: &LocalRegion, instance: &str, to: (&str, u16), from: &str) -> String {
    let port = to.1.to_string();
    let command = ["python3", "-c", CLIENT, to.0, from, &port];
    output(region.exec(instance, &command)).trim().to_owned()
}

/// An ENI as it is now.
pub fn eni(region: &LocalRegion, id: &str) -> EniView {
    let enis = region.state().expect("the region answers").enis;
    enis.into_iter().find(|eni| eni.id == id).expect("the ENI")
}

/// An instance's primary address.
pub fn address(region: &LocalRegion, instance: &str) -> String {
    region.wait_running(instance).expect("it runs").private_ip
}

/// Two slots of a pool in the first zone: the region's zones are three, so the first and fourth.
pub fn slots(region: &LocalRegion) -> [EniView; 2] {
    let enis = region.create_pool("zk", 4, true).expect("a pool");
    [eni(region, &enis[0]), eni(region, &enis[3])]
}

/// Configures a slot's NIC as `ens6`, without any policy routing.
pub fn configure(region: &LocalRegion, instance: &str, slot: &EniView) {
    let (ipv4, ipv6) = (&slot.ipv4[0], &slot.ipv6[0]);
    shell(
        region,
        instance,
        &format!(
            "ip link set ens6 up mtu 9001; ip address add {ipv4}/20 dev ens6; \
             ip address add {ipv6}/64 dev ens6 nodad"
        ),
    );
}

/// Adds the policy routing that EC2 makes necessary.
pub fn route(region: &LocalRegion, instance: &str, slot: &EniView) {
    let gateways = shell(region, instance, "ip -4 route show default; ip -6 route show default");
    let ipv4 = gateways.split_whitespace().nth(2).expect("a default route").to_owned();
    let (slot4, slot6) = (&slot.ipv4[0], &slot.ipv6[0]);
    let network = slot6.rsplit_once("::").map_or(slot6.as_str(), |(network, _)| network);
    let network = network.split(':').take(4).collect::<Vec<_>>().join(":");
    let gateway6 = format!("{network}::1");
    shell(
        region,
        instance,
        &format!(
            "ip rule add from {slot4} lookup 100; ip route add {ipv4} dev ens6 table 100; \
             ip route add default via {ipv4} dev ens6 table 100; \
             ip -6 rule add from {slot6} lookup 100; ip -6 route add {gateway6} dev ens6 table 100; \
             ip -6 route add default via {gateway6} dev ens6 table 100"
        ),
    );
}

/// Sends each line back, on one connection after the other.
const ECHO: &str = "
import socket
s = socket.create_server(('0.0.0.0', 7001))
print('listens', flush=True)
while True:
    c, _ = s.accept()
    for line in c.makefile('rb'):
        c.sendall(line)
";

/// Says each line of its input over one connection, and prints what comes back; `end` after the
/// other side's FIN, the error's name after a reset or an ICMP error; after a second without any of
/// these, whether the other side's kernel has acknowledged the line.
const SPEAKER: &str = "
import fcntl, socket, struct, sys
c = socket.create_connection((sys.argv[1], 7001), 10)
c.settimeout(1)
print('speaks', flush=True)
for line in sys.stdin:
    try:
        c.sendall(line.encode())
        said = c.recv(99).decode().strip() or 'end'
    except TimeoutError:
        SIOCOUTQ = 0x5411
        unsent, = struct.unpack('i', fcntl.ioctl(c, SIOCOUTQ, b'    '))
        said = 'unacknowledged' if unsent else 'acknowledged'
    except OSError as error:
        said = type(error).__name__
    print(said, flush=True)
";

/// One TCP connection between two instances.
pub struct Conversation {
    echo: Child,
    speaker: Child,
    says: ChildStdin,
    hears: Lines<BufReader<ChildStdout>>,
}

impl Conversation {
    /// Connects; a word goes from the first instance to the second and back.
    pub fn start(region: &LocalRegion, from: &str, to: &str) -> Conversation {
        let mut echo = region.exec(to, &["python3", "-c", ECHO]);
        let mut echo = echo.stdout(Stdio::piped()).spawn().expect("python3 runs");
        let mut lines = BufReader::new(echo.stdout.take().expect("its output")).lines();
        assert_eq!(lines.next().expect("a line").expect("text"), "listens");
        let mut speaker = region.exec(from, &["python3", "-c", SPEAKER, &address(region, to)]);
        let speaker = speaker.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut speaker = speaker.spawn().expect("python3 runs");
        let says = speaker.stdin.take().expect("its input");
        let hears = BufReader::new(speaker.stdout.take().expect("its output")).lines();
        let mut new = Conversation { echo, speaker, says, hears };
        assert_eq!(new.hear(), "speaks");
        assert_eq!(new.say("hello"), "hello");
        new
    }

    /// Says a word; what comes of it.
    pub fn say(&mut self, word: &str) -> String {
        writeln!(self.says, "{word}").expect("it listens");
        self.hear()
    }

    fn hear(&mut self) -> String {
        self.hears.next().expect("a line").expect("text")
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        for child in [&mut self.speaker, &mut self.echo] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
