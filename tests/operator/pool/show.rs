//! `pool show`: what EC2 has, defects and all.

use super::{Laptop, make_eni, subnets, tag};
use crate::region::{Instance, POOL, Region};
use crate::run::exit;
use crate::schema::checked;

const READ: &str = "DescribeNetworkInterfaces ok";

fn claimed(region: &Region) -> Instance<'_> {
    let instance = region.launch("a");
    instance.claim(&["--slot", "2"]).done();
    instance
}

#[test]
fn it_tells_the_slots_and_who_holds_them() {
    let region = Region::with_pool(3);
    let laptop = Laptop(&region);
    let holder = claimed(&region);
    let calls = laptop.calls(|| {
        let text = laptop.pool(&["show"]).done().stdout;
        assert!(text.starts_with("pool kafka: 3 slots, 1 held\n"), "{text}");
        for eni in region.slots() {
            let row = text.lines().find(|line| line.contains(&eni.id)).unwrap();
            for word in [&eni.ipv4[0], &eni.ipv6[0], &eni.mac, "eu-west-1a"] {
                assert!(row.contains(word), "{word} in {row}");
            }
        }
        assert!(!text.contains('\u{1b}'), "colour in a pipe: {text}");
    });
    assert_eq!(calls, [READ, READ]);
    let json = laptop.pool(&["show", "--output", "json"]).done().stdout;
    let json = checked("pool", &json);
    let slots = json["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 3);
    assert_eq!(slots[0]["holder"], serde_json::Value::Null);
    assert_eq!(slots[1]["holder"]["instance"], holder.id);
    assert_eq!(slots[1]["holder"]["status"], "attached");
    let since = slots[1]["holder"]["since"].as_str().unwrap();
    assert!(humantime::parse_rfc3339(since).is_ok(), "{since}");
    let from_connect_string = holder.steadfast(&["connect-string", "--pool", POOL]).done().stdout;
    assert_eq!(json["connect_string"], from_connect_string.trim());
}

#[test]
fn every_defect_is_shown() {
    let region = Region::with_pool(3);
    let laptop = Laptop(&region);
    let slots = region.slots();
    tag(&region, &slots[1].id, "steadfast:slot", "1");
    tag(&region, &slots[2].id, "steadfast:slot", "0");
    let stray = make_eni(&region, &subnets(&region)[0], &[]);
    tag(&region, &stray, "steadfast:pool", POOL);
    let text = laptop.pool(&["show"]).done().stdout;
    let expected =
        ["has slot 1 twice", "\"0\", which is not a slot number", "has no tag steadfast:slot"];
    for text_of in expected {
        assert!(text.contains(text_of), "no {text_of} in {text}");
    }
    assert_eq!(text.matches("defect:").count(), 3, "{text}");
    assert!(!text.contains("connect string"), "{text}");
    let json = laptop.pool(&["show", "--output", "json"]).done().stdout;
    let json = checked("pool", &json);
    assert_eq!(json["slots"].as_array().unwrap().len(), 4);
    assert_eq!(json["connect_string"], serde_json::Value::Null);
}

#[test]
fn a_pool_that_is_not_there_is_told() {
    let region = Region::up();
    Laptop(&region).pool(&["show"]).fails(exit::CONFIG, &["pool kafka has no ENI"]);
}
