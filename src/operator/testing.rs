//! What the tests of these modules share.

use crate::cloud::{Eni, TAG_POOL, TAG_SLOT};
use crate::ids::MacAddr;
use crate::pool::Pool;

/// A pool whose slots, numbered from 1, have these addresses; nobody holds them.
pub fn pool(addresses: &[&str]) -> Pool {
    pool_of(addresses).0
}

/// The same with its ENIs.
pub fn pool_of(addresses: &[&str]) -> (Pool, Vec<Eni>) {
    let eni = |(index, address): (usize, &&str)| {
        let number = u8::try_from(index + 1).unwrap();
        let tags = [(TAG_POOL, "kafka".to_owned()), (TAG_SLOT, number.to_string())];
        Eni {
            id: format!("eni-000000000000000{number:02x}").parse().unwrap(),
            mac: MacAddr([2, 0, 0, 0, 0, number]),
            zone: "eu-west-1a".to_owned(),
            subnet: "subnet-00000001".parse().unwrap(),
            addresses: vec![address.parse().unwrap()],
            tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            attachment: None,
        }
    };
    let enis: Vec<Eni> = addresses.iter().enumerate().map(eni).collect();
    (Pool::from_enis(&"kafka".parse().unwrap(), enis.clone()).unwrap(), enis)
}
