//! What `release` and `pool bootstrap` tell as JSON, by their published schemas.

use crate::region::{POOL, Region};
use crate::schema::checked;

#[test]
fn a_release_tells_what_it_gave_back_or_would() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let eni = region.slots().remove(0);
    for more in [&["--dry-run"][..], &[]] {
        let args = [&["--output", "json"], more].concat();
        let told = checked("release", &instance.release(&args).done().stdout);
        assert_eq!(told["pool"], POOL);
        assert_eq!(told["is_dry_run"], !more.is_empty());
        assert_eq!(told["slots"][0]["eni"], eni.id);
        assert_eq!(told["slots"][0]["attachment"], eni.attachment.clone().unwrap());
    }
    let nothing = checked("release", &instance.release(&["--output", "json"]).done().stdout);
    assert_eq!(nothing["slots"], serde_json::json!([]));
}

#[test]
fn a_bootstrap_tells_for_whom_it_is() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    region.tag(&region.slots()[0].id, "steadfast:initialized", "before");
    let json = ["pool", "bootstrap", "--pool", POOL, "--slot", "1", "--output", "json"];
    for more in [&["--dry-run"][..], &["--confirm", "kafka/1"]] {
        let told = instance.steadfast(&[&json, more].concat()).done().stdout;
        let told = checked("pool-bootstrap", &told);
        assert_eq!(told["holder"], instance.id);
        assert_eq!(told["confirm"], "kafka/1");
        let is_dry_run = more == ["--dry-run"];
        assert_eq!(told["is_dry_run"], is_dry_run);
        let tag = region.slots()[0].tags.get("steadfast:bootstrap").cloned();
        assert_eq!(tag.is_none(), is_dry_run);
    }
}
