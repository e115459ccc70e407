//! A message: its run, its number, when it was made, and a checksum over it all.
//!
//! Kafka has checksums of its own, of batches. This one is from end to end: what comes out is what
//! went in.

use std::ops::Range;

const RUN: Range<usize> = 0..8;
const NUMBER: Range<usize> = 8..16;
const SENT: Range<usize> = 16..24;
const FILLER: Range<usize> = 24..124;
const CHECKSUM: Range<usize> = 124..128;

/// A message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Message {
    /// Which run of the client made it: a topic may hold those of several.
    pub run: u64,
    /// Counted from 0 in each run.
    pub number: usize,
    /// When it was made, in seconds since the epoch.
    pub sent: f64,
}

impl Message {
    /// What is sent.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; CHECKSUM.end];
        bytes[RUN].copy_from_slice(&self.run.to_be_bytes());
        bytes[NUMBER].copy_from_slice(&(self.number as u64).to_be_bytes());
        bytes[SENT].copy_from_slice(&self.sent.to_be_bytes());
        // Of another content in each message, so that half of one and half of another do not fit.
        bytes[FILLER].fill(self.number as u8);
        let checksum = crc32fast::hash(&bytes[..CHECKSUM.start]);
        bytes[CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// What has come; none if the checksum does not fit.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, checksum) = bytes.split_last_chunk()?;
        let fits = bytes.len() == CHECKSUM.end
            && crc32fast::hash(content) == u32::from_be_bytes(*checksum);
        fits.then_some(())?;
        Some(Self {
            run: u64::from_be_bytes(bytes[RUN].try_into().ok()?),
            number: usize::try_from(u64::from_be_bytes(bytes[NUMBER].try_into().ok()?)).ok()?,
            sent: f64::from_be_bytes(bytes[SENT].try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Message = Message { run: 7, number: 1_000_000, sent: 1_700_000_000.25 };

    #[test]
    fn what_comes_is_what_was_sent() {
        assert_eq!(Message::decode(&MESSAGE.encode()), Some(MESSAGE));
    }

    #[test]
    fn the_checksum_is_crc_32() {
        // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_change_of_any_byte_is_noticed() {
        let sent = MESSAGE.encode();
        for at in 0..sent.len() {
            let mut come = sent.clone();
            come[at] ^= 1;
            assert_eq!(Message::decode(&come), None, "byte {at}");
        }
        for come in [&[][..], &sent[..3], &sent[1..], &[&sent[..], b"x"].concat()] {
            assert_eq!(Message::decode(come), None, "{} bytes", come.len());
        }
    }
}
