//! What an instance is to the programs in it, and to those who start them from outside.

use std::process::Stdio;
use std::time::Instant;

use steadfast_sim::client::LocalRegion;
use steadfast_sim::control::LaunchRequest;

use super::support::{both, instance, instance_with, output, region, shell, until};

fn code(region: &LocalRegion, instance: &str, script: &str) -> Option<i32> {
    let mut command = region.exec(instance, &["sh", "-c", script]);
    command.status().expect("it runs").code()
}

#[test]
fn exec_passes_exit_codes_signals_and_streams_through() {
    let region = region();
    let id = instance(&region);
    assert_eq!(code(&region, &id, "exit 0"), Some(0));
    assert_eq!(code(&region, &id, "exit 7"), Some(7));
    assert_eq!(code(&region, &id, "kill -KILL $$"), Some(128 + 9));
    let missing = region.exec(&id, &["no-such-program"]).output().expect("it runs");
    assert_eq!(missing.status.code(), Some(127), "{}", both(&missing));
    let gone = region.exec("i-0", &["true"]).output().expect("it runs");
    assert_eq!(gone.status.code(), Some(69), "{}", both(&gone));
    assert_eq!(shell(&region, &id, "echo out; echo err >&2"), "out\n");
    let script = "echo from the host | ";
    let mut piped = std::process::Command::new("sh");
    let sim = region.sim_binary().display();
    piped.args(["-c", &format!("{script}{sim} exec --name {} {id} -- cat", region.name())]);
    assert_eq!(output(piped), "from the host\n");
}

#[test]
fn a_program_dies_with_the_exec_that_started_it() {
    let region = region();
    let id = instance(&region);
    let mut exec = region.exec(&id, &["sleep", "1000"]);
    let mut exec = exec.stdin(Stdio::null()).spawn().expect("it runs");
    let sleeping = || shell(&region, &id, "pgrep -c sleep || true").trim() == "1";
    until("it sleeps", sleeping);
    exec.kill().expect("it is ours");
    exec.wait().expect("it was killed");
    until("it is gone", || !sleeping());
}

#[test]
fn an_instance_has_its_own_of_what_is_its_own() {
    let region = region();
    let id = instance(&region);
    let view = region.wait_running(&id).expect("it runs");
    let host = format!("ip-{}", view.private_ip.replace('.', "-"));
    assert_eq!(shell(&region, &id, "hostname; cat /etc/hostname"), format!("{host}\n{host}\n"));
    assert_eq!(shell(&region, &id, "id -u; ls -d /proc/[0-9]* | wc -l").lines().next(), Some("0"));
    assert_eq!(shell(&region, &id, "ls /sys/class/net"), "ens5\nlo\n");
    shell(&region, &id, "echo 2 > /proc/sys/net/ipv4/conf/all/rp_filter");
    shell(&region, &id, "touch /etc/own /var/lib/zookeeper/own /run/own /tmp/own /dev/shm/own");
    shell(&region, &id, "test -r /etc/passwd && test -c /dev/null && test -w /dev/null");
    shell(&region, &id, "! touch /usr/bin/own 2>/dev/null");
    shell(&region, &id, "mkdir /etc/steadfast/own");
}

#[test]
fn nothing_of_the_hosts_environment_is_in_an_instance() {
    let region = region();
    let id = instance(&region);
    let mut command = region.exec_with(&id, &[("ADDED", "yes")], &["env"]);
    command.env("AWS_SECRET_ACCESS_KEY", "hosts").env("LEAK", "hosts");
    let environment = output(command);
    let mut names: Vec<&str> =
        environment.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ADDED", "AWS_ENDPOINT_URL", "HOME", "PATH", "TERM"], "{environment}");
}

#[test]
fn a_program_of_the_host_runs_at_its_own_path() {
    let region = region();
    let id = instance(&region);
    let path = region.sim_binary().to_str().expect("text").to_owned();
    assert!(output(region.exec(&id, &[path.as_str(), "--version"])).starts_with("steadfast-sim "));
}

#[test]
fn user_data_runs_at_every_boot_and_prints_to_the_console() {
    let region = region();
    let script = "#!/bin/sh\necho boot >> /var/boots; echo user-data as $(id -un)\n";
    let id = instance_with(&region, script);
    let console = || region.console(&id).expect("a console");
    until("user-data ran", || console().contains("user-data ended with status 0"));
    assert!(console().contains("user-data as root\n"), "{}", console());
    region.stop(&id).expect("it stops");
    region.wait_state(&id, "stopped", super::support::DEADLINE).expect("it stops");
    region.start(&id).expect("it starts");
    region.wait_running(&id).expect("it runs");
    until("user-data ran twice", || console().matches("ended with status 0").count() == 2);
    assert_eq!(shell(&region, &id, "cat /var/boots"), "boot\nboot\n", "the disk was kept");
    region.terminate(&id).expect("it is terminated");
    region.wait_state(&id, "terminated", super::support::DEADLINE).expect("it is terminated");
    until("the disk is dropped", || !region.state_dir().disk(&id).exists());
    assert!(console().contains("user-data as root"), "the console outlives the instance");
}

#[test]
fn a_power_cut_ends_everything_in_an_instance() {
    let region = region();
    let script = "#!/bin/sh\nsetsid sleep 1234 &\nwhile true; do date +%s%N > /var/beat; done\n";
    let id = instance_with(&region, script);
    let beat = region.state_dir().disk(&id).join("var/beat");
    until("it beats", || beat.exists());
    region.stop(&id).expect("it stops");
    region.wait_state(&id, "stopped", super::support::DEADLINE).expect("it stops");
    let last = std::fs::read(&beat).expect("the disk is there");
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(std::fs::read(&beat).expect("the disk is there"), last, "something still runs");
}

#[test]
fn an_instance_that_ends_by_itself_is_stopped() {
    let region = region();
    let id = instance(&region);
    code(&region, &id, "kill -TERM 1");
    let waited = region.wait_state(&id, "stopped", super::support::DEADLINE);
    waited.expect("it is stopped");
    let left = output(region.router(&["ip", "-j", "link", "show", "type", "veth"]));
    assert_eq!(left.trim(), "[]", "a NIC is left at the router");
}

#[test]
fn a_shell_works_on_a_terminal() {
    let region = region();
    let id = instance(&region);
    let shell = format!("{} --name {} shell {id}", region.sim_binary().display(), region.name());
    let mut terminal = std::process::Command::new("script");
    terminal.args(["-qec", &shell, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut terminal = terminal.spawn().expect("script is in bsdutils");
    let mut input = terminal.stdin.take().expect("its input");
    std::io::Write::write_all(&mut input, b"echo $((6*7)) on $(hostname)\nexit 3\n")
        .expect("typed");
    let done = terminal.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("42 on ip-10-"), "{said}");
    assert_eq!(done.status.code(), Some(3), "{said}");
}

#[test]
fn sixty_instances_boot_in_seconds() {
    let region = region();
    let begin = Instant::now();
    let launch = LaunchRequest { count: 60, ..LaunchRequest::default() };
    let ids = steadfast_sim::client::Client::launch(&region, &launch).expect("launched");
    for id in &ids {
        region.wait_running(id).expect("it runs");
    }
    let taken = begin.elapsed();
    assert_eq!(ids.len(), 60);
    assert!(taken < std::time::Duration::from_secs(30), "60 instances took {taken:?}");
}
