//! What the tests share: regions, EC2 calls, looks at the host, and the programs that judge.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use steadfast_sim::client::{LocalRegion, Options};
use steadfast_sim::control::{LaunchRequest, Timings};

/// The longest that anything awaited here may take.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// The program under test.
pub fn sim() -> PathBuf {
    let built = || env!("CARGO_BIN_EXE_steadfast-sim").into();
    std::env::var_os("STEADFAST_SIM_BINARY").map_or_else(built, PathBuf::from)
}

/// A region in which nothing takes long.
pub fn region() -> LocalRegion {
    let timings = Timings {
        api_ms: Some(0),
        attach_nic_ms: Some(20),
        attached_ms: Some(20),
        detach_ms: Some(20),
        boot_ms: Some(10),
        stop_ms: Some(10),
        terminate_ms: Some(10),
        stale_ms: Some(0),
        ..Timings::default()
    };
    let options = Options { sim_binary: sim(), timings, ..Options::default() };
    LocalRegion::up(&options).expect("a region comes up")
}

/// A running instance in the first zone.
pub fn instance(region: &LocalRegion) -> String {
    instance_with(region, "")
}

/// A running instance with user-data.
pub fn instance_with(region: &LocalRegion, user_data: &str) -> String {
    let launch = LaunchRequest { user_data: user_data.to_owned(), ..LaunchRequest::default() };
    let id = region.launch(&launch).expect("it is launched");
    region.wait_running(&id).expect("it runs");
    id
}

/// What a command prints, which must succeed.
pub fn output(mut command: Command) -> String {
    let done = command.output().expect("the command runs");
    assert!(done.status.success(), "{command:?}: {}", both(&done));
    String::from_utf8(done.stdout).expect("text")
}

/// What a shell prints in an instance.
pub fn shell(region: &LocalRegion, instance: &str, script: &str) -> String {
    output(region.exec(instance, &["bash", "-euc", script]))
}

/// Both of a command's outputs, for a message.
pub fn both(done: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{} {}{}", done.status, text(&done.stdout), text(&done.stderr))
}

/// Waits until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not after {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An operator's call to EC2, which succeeds.
pub fn ec2(region: &LocalRegion, action: &str, parameters: &[(&str, &str)]) -> String {
    region.ec2(action, parameters).expect("EC2 does it")
}

/// Attaches an ENI and waits until the instance sees its NIC.
pub fn attach(region: &LocalRegion, eni: &str, instance: &str, index: u32) {
    let index_text = index.to_string();
    let parameters =
        [("NetworkInterfaceId", eni), ("InstanceId", instance), ("DeviceIndex", &index_text)];
    ec2(region, "AttachNetworkInterface", &parameters);
    let name = format!("ens{}", 5 + index);
    until("the NIC appears", || links(region, instance).contains(&name));
}

/// Detaches an ENI.
pub fn detach(region: &LocalRegion, eni: &str) {
    let state = region.state().expect("the region answers");
    let eni = state.enis.into_iter().find(|found| found.id == eni).expect("the ENI");
    let attachment = eni.attachment.expect("it is attached");
    ec2(region, "DetachNetworkInterface", &[("AttachmentId", &attachment)]);
}

/// The names of an instance's links, as `ip` tells them.
pub fn links(region: &LocalRegion, instance: &str) -> BTreeSet<String> {
    let links = ip(region.exec(instance, &["ip", "-j", "link"]));
    links.iter().filter_map(|link| Some(link["ifname"].as_str()?.to_owned())).collect()
}

/// What `ip -j` says.
pub fn ip(command: Command) -> Vec<Value> {
    serde_json::from_str(&output(command)).expect("JSON of ip")
}

/// The host's mounts and links, which no region may change.
pub fn host() -> (BTreeSet<String>, Vec<String>) {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    // Without the mount's number and its parent's, which differ from one namespace to the next.
    let mounts = mounts.lines().filter_map(|line| Some(line.splitn(3, ' ').nth(2)?.to_owned()));
    let mut command = Command::new("ip");
    command.args(["-j", "link"]);
    let links = ip(command).iter().map(|link| link["ifname"].to_string()).collect();
    (mounts.collect(), links)
}

/// The processes of a region with all their descendants, by number and start.
pub fn processes(root: u32) -> Vec<steadfast_sim::kernel::Process> {
    let mut found = vec![root];
    let parents = parents();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.into_iter().filter_map(steadfast_sim::kernel::Process::find).collect()
}

/// Every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let parent = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let names = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = names.filter_map(|name| name.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, parent(pid)?))).collect()
}

/// A directory that others may read; it goes when this is dropped.
pub struct PublicDir(PathBuf);

impl PublicDir {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PublicDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes such a directory, where an ordinary user can get at it.
pub fn public_dir() -> PublicDir {
    let path = PathBuf::from(format!("/tmp/steadfast-sim-test-{}", std::process::id()));
    std::fs::create_dir(&path).expect("a new directory");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("open to all");
    PublicDir(path)
}
