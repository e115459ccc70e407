//! DHCP messages (RFC 2131, options of RFC 2132): what a machine's client asks, and what it is told.

use std::net::Ipv4Addr;

/// A client's message up to its options, in bytes.
const FIXED: usize = 236;
/// What precedes the options.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// The message's flag by which a client asks for an answer to all.
const BROADCAST: [u8; 2] = [0x80, 0];

/// Options by their numbers.
mod option {
    pub const MASK: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const DNS: u8 = 6;
    pub const DOMAIN: u8 = 15;
    pub const MTU: u8 = 26;
    pub const BROADCAST: u8 = 28;
    pub const REQUESTED: u8 = 50;
    pub const LEASE_S: u8 = 51;
    pub const KIND: u8 = 53;
    pub const SERVER: u8 = 54;
    pub const PAD: u8 = 0;
    pub const END: u8 = 255;
}

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// To know what it could have.
    Discover,
    /// To have this address, or the one that it says it has already.
    Request(Ipv4Addr),
}

/// What it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Offer,
    Ack,
    Nak,
}

/// A client's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub wants: Wants,
    /// Its hardware address.
    pub mac: [u8; 6],
    transaction: [u8; 4],
    /// The address that it has, if it renews; else zeroes.
    pub has: Ipv4Addr,
}

/// What an interface is to be configured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub address: Ipv4Addr,
    /// The subnet's prefix length in bits.
    pub prefix: u8,
    /// The gateway, which is also the server.
    pub router: Ipv4Addr,
    pub dns: Ipv4Addr,
    pub domain: String,
    /// In bytes.
    pub mtu: u16,
    /// In seconds.
    pub lease_s: u32,
}

impl Question {
    /// A message that asks for something; anything else is none of a server's business.
    pub fn parse(message: &[u8]) -> Option<Question> {
        let (fixed, rest) = message.split_at_checked(FIXED)?;
        // From a client (1), on Ethernet (1), with addresses of six bytes.
        if fixed[..3] != [1, 1, 6] || rest.get(..4)? != COOKIE {
            return None;
        }
        let mac = fixed[28..34].try_into().ok()?;
        let transaction = fixed[4..8].try_into().ok()?;
        let has = address(&fixed[12..16])?;
        let options = options(&rest[4..]);
        let find = |number: u8| options.iter().find(|(is, _)| *is == number).map(|(_, text)| *text);
        let wants = match find(option::KIND)? {
            [1] => Wants::Discover,
            [3] => Wants::Request(find(option::REQUESTED).and_then(address).unwrap_or(has)),
            _ => return None,
        };
        Some(Question { wants, mac, transaction, has })
    }

    /// The answer to it.
    pub fn answer(&self, kind: Kind, terms: &Terms) -> Vec<u8> {
        let mut message = vec![0; FIXED];
        // From a server (2), on Ethernet (1), with addresses of six bytes.
        message[..3].copy_from_slice(&[2, 1, 6]);
        message[4..8].copy_from_slice(&self.transaction);
        message[10..12].copy_from_slice(&BROADCAST);
        message[28..34].copy_from_slice(&self.mac);
        message.extend(COOKIE);
        let number = match kind {
            Kind::Offer => 2,
            Kind::Ack => 5,
            Kind::Nak => 6,
        };
        put(&mut message, option::KIND, &[number]);
        put(&mut message, option::SERVER, &terms.router.octets());
        if kind != Kind::Nak {
            message[16..20].copy_from_slice(&terms.address.octets());
            terms.put(&mut message);
        }
        message.push(option::END);
        message
    }
}

impl Terms {
    fn put(&self, message: &mut Vec<u8>) {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or_default();
        let broadcast = Ipv4Addr::from_bits(self.address.to_bits() | !mask);
        put(message, option::LEASE_S, &self.lease_s.to_be_bytes());
        put(message, option::MASK, &mask.to_be_bytes());
        put(message, option::BROADCAST, &broadcast.octets());
        put(message, option::ROUTER, &self.router.octets());
        put(message, option::DNS, &self.dns.octets());
        put(message, option::DOMAIN, self.domain.as_bytes());
        put(message, option::MTU, &self.mtu.to_be_bytes());
    }
}

fn put(message: &mut Vec<u8>, number: u8, value: &[u8]) {
    let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
    message.extend([number, length]);
    message.extend(value.iter().take(length.into()));
}

/// The options of a message, as far as they can be read.
fn options(mut text: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let [number, rest @ ..] = text {
        text = match (*number, rest) {
            (option::PAD, _) => rest,
            (option::END, _) => break,
            (number, [length, rest @ ..]) => {
                let Some((value, rest)) = rest.split_at_checked((*length).into()) else { break };
                found.push((number, value));
                rest
            }
            _ => break,
        };
    }
    found
}

fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e];

    fn asked(kind: u8, more: &[u8]) -> Vec<u8> {
        let mut message = vec![0; FIXED];
        message[..3].copy_from_slice(&[1, 1, 6]);
        message[4..8].copy_from_slice(&[1, 2, 3, 4]);
        message[28..34].copy_from_slice(&MAC);
        message.extend(COOKIE);
        message.extend([0, option::KIND, 1, kind]);
        message.extend(more);
        message.push(option::END);
        message
    }

    fn terms() -> Terms {
        Terms {
            address: Ipv4Addr::new(10, 0, 17, 4),
            prefix: 20,
            router: Ipv4Addr::new(10, 0, 16, 1),
            dns: Ipv4Addr::new(10, 0, 0, 2),
            domain: "eu-west-1.compute.internal".to_owned(),
            mtu: 9001,
            lease_s: 3600,
        }
    }

    #[test]
    fn a_request_names_its_address_or_has_it() {
        let named = asked(3, &[option::REQUESTED, 4, 10, 0, 17, 4]);
        let wants = Question::parse(&named).map(|question| question.wants);
        assert_eq!(wants, Some(Wants::Request(Ipv4Addr::new(10, 0, 17, 4))));
        let mut renewed = asked(3, &[]);
        renewed[12..16].copy_from_slice(&[10, 0, 17, 9]);
        let wants = Question::parse(&renewed).map(|question| question.wants);
        assert_eq!(wants, Some(Wants::Request(Ipv4Addr::new(10, 0, 17, 9))));
    }

    #[test]
    fn what_is_cut_short_or_of_no_client_is_nothing() {
        let whole = asked(1, &[]);
        assert!(Question::parse(&whole).is_some());
        for length in 0..whole.len() - 1 {
            assert_eq!(Question::parse(&whole[..length]), None, "of {length} bytes");
        }
        assert_eq!(Question::parse(&asked(2, &[])), None, "an offer is a server's");
    }

    #[test]
    fn an_answer_bears_what_was_asked_for() {
        let question = Question::parse(&asked(1, &[])).expect("a question");
        let offer = question.answer(Kind::Offer, &terms());
        assert_eq!((&offer[4..8], &offer[16..20]), (&[1, 2, 3, 4][..], &[10, 0, 17, 4][..]));
        let options = options(&offer[FIXED + 4..]);
        assert!(options.contains(&(option::MASK, &[255, 255, 240, 0])));
        assert!(options.contains(&(option::BROADCAST, &[10, 0, 31, 255])));
        assert!(options.contains(&(option::MTU, &[0x23, 0x29])));
        let refused = question.answer(Kind::Nak, &terms());
        assert_eq!(refused[16..20], [0; 4]);
    }
}
