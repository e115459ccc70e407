//! User-data that is wrong in the usual ways: each ends in a failed unit that says what to do, on the
//! console, too, which is all that a person sees of an instance on EC2.

use crate::guest::{Guest, UNIT};
use crate::site::{FOREIGN_POOL, Site};
use crate::user_data::Values;

/// Machines that boot with it.
pub struct Wrong<'a> {
    no_pool: Guest<'a>,
    other_package: Guest<'a>,
    no_permission: Guest<'a>,
}

impl<'a> Wrong<'a> {
    /// Launches them; nobody waits for them here.
    pub fn launch(site: &Site<'a>) -> Self {
        let right = site.values();
        let sum = Values { package_sha256: "0".repeat(64), ..right.clone() };
        Self {
            no_pool: site.launch(None, &right),
            other_package: site.launch(Some(FOREIGN_POOL), &sum),
            no_permission: site.launch(Some(FOREIGN_POOL), &right),
        }
    }

    /// Waits until each has failed as it should, and terminates it.
    pub fn judge(self) {
        fails(&self.no_pool, "78", &["no pool is named", "steadfast:pool"]);
        fails(&self.no_permission, "77", &["ec2:AttachNetworkInterface"]);
        not_installed(&self.other_package);
        for guest in [self.no_pool, self.other_package, self.no_permission] {
            guest.region.terminate(&guest.id).unwrap();
        }
    }
}

/// The unit failed with this exit status and a status line that has these texts.
fn fails(guest: &Guest<'_>, status: &str, texts: &[&str]) {
    guest.wait_sh("the unit fails", &format!("systemctl is-failed -q {UNIT}"));
    assert_eq!(guest.unit("ExecMainStatus"), status, "{}", guest.end());
    let line = guest.unit("StatusText");
    println!("wrong user-data: {line}");
    let console = guest.console();
    for text in texts {
        assert!(line.contains(text), "no {text:?} in the status line: {line}");
        assert!(console.contains(text), "no {text:?} on the console: {}", guest.end());
    }
}

/// Nothing of a package that is another was installed.
fn not_installed(guest: &Guest<'_>) {
    guest.wait_sh("cloud-init fails", "systemctl is-failed -q cloud-final.service");
    let console = guest.console();
    for text in ["is not what it should be", "steadfast user-data: FAILED"] {
        let line = console.lines().find(|line| line.contains(text));
        let line = line.unwrap_or_else(|| panic!("no {text:?} on the console: {}", guest.end()));
        println!("wrong user-data: {}", line.trim());
    }
    guest.sh("! dpkg-query -W steadfast 2>/dev/null && ! test -e /usr/bin/steadfast");
}
