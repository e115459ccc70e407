//! What the guard asks of IMDS, asked by the real adapter on an instance of a local region, on
//! which this test runs itself again.

use std::path::Path;
use std::time::{Duration, Instant};

use steadfast::cloud::Metadata;
use steadfast::cloud::imds::Imds;
use steadfast_sim::client::{LocalRegion, Options};
use steadfast_sim::control::{LaunchRequest, Timings};

use crate::guarding::LONG;

/// Set on the instance: the hardware address to ask for.
const ASK_FOR: &str = "STEADFAST_TEST_MAC";
/// Before the answer.
const ANSWER: &str = "listed: ";

#[test]
fn imds_lists_a_slot_while_it_is_attached() {
    if let Ok(mac) = std::env::var(ASK_FOR) {
        return ask(&mac);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_steadfast"));
    let region = region(program);
    let enis = region.create_pool("kafka", 1, false).unwrap();
    let zone = Some("a".to_owned());
    let id = region.launch(&LaunchRequest { zone, ..LaunchRequest::default() }).unwrap();
    region.wait_running(&id).unwrap();
    let mac = region.state().unwrap().enis.into_iter().find(|eni| eni.id == enis[0]).unwrap().mac;

    let lists = |mac: &str| {
        let exe = std::env::current_exe().unwrap();
        let test = "imds::imds_lists_a_slot_while_it_is_attached";
        let args = [exe.to_str().unwrap(), "--exact", test, "--nocapture"];
        let output = region.exec_with(&id, &[(ASK_FOR, mac)], &args).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let answer = text.split_once(ANSWER).unwrap_or_else(|| panic!("{text}")).1;
        answer.starts_with("true")
    };
    let steadfast = |command: &str| {
        let args = [program.to_str().unwrap(), command, "--pool", "kafka"];
        let output = region.exec(&id, &args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    assert!(!lists(&mac));
    steadfast("claim");
    eventually(|| lists(&mac));
    assert!(!lists("02:00:5e:10:00:99"));
    steadfast("release");
    eventually(|| !lists(&mac));
}

fn ask(mac: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listed = runtime.block_on(Imds::new().lists(mac.parse().unwrap()));
    println!("{ANSWER}{}", listed.unwrap_or_else(|error| panic!("{error}")));
}

fn region(program: &Path) -> LocalRegion {
    let programs = program.parent().unwrap();
    let sim_binary = programs.join("steadfast-sim");
    assert!(sim_binary.exists(), "no {}: cargo build --bins", sim_binary.display());
    // EC2's delays, shortened.
    let timings = Timings {
        attach_nic_ms: Some(100),
        attached_ms: Some(150),
        detach_ms: Some(150),
        boot_ms: Some(20),
        imds_lag_ms: Some(200),
        ..Timings::default()
    };
    let shares = vec![programs.to_owned()];
    let options = Options { sim_binary, shares, timings, seed: None, zones: Some(1) };
    LocalRegion::up(&options).expect("a local region")
}

fn eventually(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}
