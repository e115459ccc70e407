//! `--to`: the slot is attached to a named instance, or the instance is refused.

use steadfast_sim::control::LaunchRequest;

use super::cast::{Cast, Says, changes_nothing, eni};
use crate::region::{Region, eventually};
use crate::run::exit;
use crate::schema::checked;
use crate::tampering::ATTACH;

#[test]
fn it_is_attached_to_the_instance_that_was_named_and_its_agent_takes_it_up() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let to = region.launch("a");
    // Something else has the first index.
    region.attach_foreign(&to.id, "a", "1");
    let dry = changes_nothing(&region, || it.reclaim(&["1", "--to", &to.id, "--dry-run"]).done());
    let permitted = "ec2:CreateTags, ec2:DetachNetworkInterface, ec2:AttachNetworkInterface\n";
    assert!(dry.stdout.ends_with(permitted), "{}", dry.stdout);
    let outcome = it.reclaim(&["1", "--to", &to.id, "--yes", "--output", "json"]).done();
    let json = checked("reclaim", &outcome.stdout);
    assert_eq!(json["attached"]["instance"], to.id);
    assert_eq!(json["attached"]["device_index"], 2);
    assert_eq!(to.holds(), [1]);
    assert!(to.claim(&[]).done().stdout.contains("holds slot 1 of pool kafka"));
    // Once more: it is where it is to be. And a free slot is given, too.
    let again = changes_nothing(&region, || it.reclaim(&["1", "--to", &to.id]).done());
    assert!(again.stdout.contains(&format!("{} holds slot 1 already", to.id)), "{}", again.stdout);
    to.release(&[]).done();
    let outcome = it.reclaim(&["1", "--to", &to.id, "--yes"]).done();
    assert!(outcome.stdout.contains("is attached to"), "{}", outcome.stdout);
    assert_eq!(to.holds(), [1]);
}

#[test]
fn an_instance_that_cannot_have_it_is_refused_before_anything_is_done() {
    let region = Region::up();
    region.pool(3);
    let holder = region.launch("a");
    holder.claim(&["--only-slot", "1"]).done();
    let (elsewhere, stopped) = (region.launch("b"), region.launch("a"));
    region.stop(&stopped.id).unwrap();
    region.wait_state(&stopped.id, "stopped", crate::region::DEADLINE).unwrap();
    let small = LaunchRequest {
        zone: Some("a".to_owned()),
        instance_type: Some("t3.micro".to_owned()),
        ..LaunchRequest::default()
    };
    let full = region.launch_as(small);
    region.attach_foreign(&full.id, "a", "1");
    let unknown = "i-00000000000000abc";
    let cases = [
        (elsewhere.id.as_str(), "lies in eu-west-1b, and the slot in eu-west-1a"),
        (&stopped.id, "is stopped: a slot is given to a running instance alone"),
        (&full.id, "t3.micro takes 2 interfaces on network card 0"),
        (unknown, "EC2 knows no instance i-00000000000000abc"),
    ];
    changes_nothing(&region, || {
        for (to, text) in cases {
            let args = ["reclaim", "--pool", "kafka", "1", "--yes", "--to", to];
            // Told together with what could be overridden; overriding that alone does not help.
            let quorum = "(--even-without-quorum overrides)";
            elsewhere.steadfast(&args).fails(exit::CONFIG, &[text, quorum]);
            let args = [&args[..], &["--even-without-quorum"]].concat();
            elsewhere.steadfast(&args).fails(exit::CONFIG, &[text]);
        }
    });
}

/// A replacement that waits may be faster: then nothing is taken from it.
#[test]
fn a_replacement_that_is_faster_keeps_it() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let (to, replacement) = (region.launch("a"), region.launch("a"));
    let late = steadfast_sim::control::FaultKind::Delay { ms: 20_000 };
    region.fail_for(&it.laptop.id, ATTACH, late);
    let mut claim = replacement.start_claim(&[]);
    assert!(claim.wait_line("0 free"));
    let outcome = it.reclaim(&["1", "--yes", "--to", &to.id, "--call-timeout", "60s"]);
    let text = format!(
        "slot 1 was claimed by {} before it could be attached to {}",
        replacement.id, to.id
    );
    outcome.fails(exit::TEMPFAIL, &[&text]);
    claim.finish().done();
    eventually("the replacement keeps it", || (replacement.holds() == [1]).then_some(()));
    assert_eq!(eni(&region, 1).instance, Some(replacement.id.clone()));
}
