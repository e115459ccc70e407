//! The client token of a slot that is to be made: the same for everyone who wants the same.
//!
//! EC2 remembers a token longer than the ENI that was made under it: a slot that is made, retired and
//! made again the same way must have another one. So the ENIs that were retired from its number are
//! part of it, and the *round*: how often EC2 has answered with an ENI that is gone.

use crate::cloud::account::NewEni;
use crate::ids::EniId;

/// 46 ASCII letters of EC2's 64.
pub fn token<'a>(new: &NewEni, retired: impl Iterator<Item = &'a EniId>, round: u32) -> String {
    let NewEni { subnet, ipv4, ipv6, groups, description, tags, client_token: _ } = new;
    let retired: Vec<&EniId> = retired.collect();
    // Debug of names and numbers: a change of its form would only make another token.
    let all = format!(
        "{subnet} {ipv4:?} {ipv6:?} {groups:?} {description:?} {tags:?} {retired:?} {round}"
    );
    format!("steadfast-pool-{:032x}", fnv_1a(all.as_bytes()))
}

/// FNV-1a, 128 bits: it need not withstand anybody, since EC2 refuses a token that comes with other
/// parameters than the first time.
fn fnv_1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::account::NewIpv6;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Of the reference implementation.
        assert_eq!(fnv_1a(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv_1a(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn it_follows_from_everything_that_the_eni_is_to_be() {
        let first = NewEni {
            subnet: "subnet-00000001".parse().unwrap(),
            ipv4: None,
            ipv6: NewIpv6::None,
            groups: Vec::new(),
            description: "slot 1 of pool kafka".to_owned(),
            tags: [("steadfast:slot".to_owned(), "1".to_owned())].into(),
            client_token: String::new(),
        };
        let retired: EniId = "eni-00000001".parse().unwrap();
        let of = |new: &NewEni| token(new, [].into_iter(), 0);
        let mut all = vec![of(&first), token(&first, [&retired].into_iter(), 0)];
        all.push(token(&first, [].into_iter(), 1));
        all.push(of(&NewEni { ipv4: "10.0.0.9".parse().ok(), ..first.clone() }));
        all.push(of(&NewEni { ipv6: NewIpv6::Chosen, ..first.clone() }));
        all.push(of(&NewEni { subnet: "subnet-00000002".parse().unwrap(), ..first.clone() }));
        all.push(of(&NewEni { groups: vec!["sg-00000001".parse().unwrap()], ..first.clone() }));
        assert!(all.iter().all(|it| it.len() <= 64 && it.is_ascii()));
        let each: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(each.len(), all.len(), "{all:?}");
        assert_eq!(of(&first), of(&NewEni { client_token: "x".to_owned(), ..first }));
    }
}
