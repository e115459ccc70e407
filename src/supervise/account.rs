//! The account as which COMMAND runs.

use std::ffi::CString;
use std::fs;
use std::io;
use std::path::PathBuf;

use nix::unistd::{User, getgrouplist};
use rustix::process::{Gid, Uid, getegid, geteuid};
use rustix::thread::{
    clear_ambient_capability_set, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::SuperviseError;

/// An account of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
    /// Every group that it is in, the primary one among them.
    pub groups: Vec<u32>,
    /// Its home directory.
    pub home: PathBuf,
}

impl Account {
    /// The account of that name, from wherever this machine has its accounts.
    ///
    /// # Errors
    /// [`SuperviseError::NoAccount`]: there is none, or nobody can tell.
    pub fn named(name: &str) -> Result<Self, SuperviseError> {
        let failed = |source: io::Error| SuperviseError::NoAccount { name: name.into(), source };
        let unknown =
            || failed(io::Error::new(io::ErrorKind::NotFound, "there is no such account"));
        let user = User::from_name(name).map_err(|errno| failed(errno.into()))?;
        let user = user.ok_or_else(unknown)?;
        let c_name = CString::new(name).map_err(|_| unknown())?;
        let groups = getgrouplist(&c_name, user.gid).map_err(|errno| failed(errno.into()))?;
        Ok(Self {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            groups: groups.into_iter().map(|group| group.as_raw()).collect(),
            home: user.dir,
        })
    }

    /// As the keeper is told of it: `uid:gid:group,group`.
    pub(super) fn numbers(&self) -> String {
        let groups: Vec<_> = self.groups.iter().map(u32::to_string).collect();
        format!("{}:{}:{}", self.uid, self.gid, groups.join(","))
    }

    /// What keeps this process from becoming it, beside a missing privilege.
    pub fn unmapped(&self) -> Option<String> {
        let lacks = |file: &str, id| !fs::read_to_string(file).is_ok_and(|map| is_mapped(&map, id));
        match (lacks("/proc/self/uid_map", self.uid), lacks("/proc/self/gid_map", self.gid)) {
            (false, false) => None,
            (true, _) => Some(format!("user id {} is not mapped", self.uid)),
            (false, true) => Some(format!("group id {} is not mapped", self.gid)),
        }
    }
}

/// Whether a user namespace knows the id; `map` is its `uid_map` or `gid_map`, whose lines are the
/// first id inside, the first outside and their count.
fn is_mapped(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map_while(|word| word.parse::<u32>().ok());
        let (first, count) = (numbers.next(), numbers.nth(1));
        first.zip(count).is_some_and(|(first, count)| id >= first && id - first < count)
    })
}

/// An account's numbers, ready to be taken between fork and exec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

impl Numbers {
    /// From [`Account::numbers`].
    pub fn parse(text: &str) -> Option<Self> {
        // The largest number stands for "none" in the kernel's calls.
        let id = |word: &str| word.parse().ok().filter(|&id: &u32| id != u32::MAX);
        let mut parts = text.split(':');
        let uid = Uid::from_raw(id(parts.next()?)?);
        let gid = Gid::from_raw(id(parts.next()?)?);
        let words = parts.next()?.split(',').filter(|word| !word.is_empty());
        let groups = words.map(|word| id(word).map(Gid::from_raw)).collect::<Option<_>>()?;
        parts.next().is_none().then_some(Self { uid, gid, groups })
    }

    /// Makes the calling process that account for good. Allocates nothing and takes no lock; the
    /// process must have one thread.
    pub fn take(&self) -> io::Result<()> {
        if geteuid() == self.uid && getegid() == self.gid {
            return Ok(());
        }
        // The user last: with it goes the right to change the groups.
        set_thread_groups(&self.groups)?;
        set_thread_res_gid(self.gid, self.gid, self.gid)?;
        // An agent that is not root has its rights by these, and they would outlast the change.
        clear_ambient_capability_set()?;
        set_thread_res_uid(self.uid, self.uid, self.uid)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let [name, home] = ["zookeeper", "/var/lib/zookeeper"].map(String::from);
        let account = Account { name, uid: 102, gid: 105, groups: vec![105, 4], home: home.into() };
        let gids = [105, 4].map(Gid::from_raw).to_vec();
        let (uid, gid) = (Uid::from_raw(102), Gid::from_raw(105));
        let numbers = Numbers { uid, gid, groups: gids };
        assert_eq!(Numbers::parse(&account.numbers()), Some(numbers));
        let alone = Numbers { uid, gid, groups: Vec::new() };
        assert_eq!(
            Numbers::parse(&Account { groups: Vec::new(), ..account }.numbers()),
            Some(alone)
        );
    }

    #[test]
    fn what_is_no_account_is_none() {
        for text in ["", "-", "1", "1:2", "1:2:3:4", "a:2:3", "1:2:x", "4294967295:2:", "1:-1:"] {
            assert_eq!(Numbers::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_is_mapped_where_a_line_spans_it() {
        let map = "         0       1000          1\n       100     100000         10\n";
        for (id, mapped) in
            [(0, true), (1, false), (99, false), (100, true), (109, true), (110, false)]
        {
            assert_eq!(is_mapped(map, id), mapped, "{id}");
        }
        assert!(is_mapped("0 0 4294967295", 102));
        assert!(!is_mapped("", 0));
    }
}
