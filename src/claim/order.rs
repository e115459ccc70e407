//! The order in which free slots are tried: it spreads, so that agents booting together rarely try
//! the same slot first, and it is the same at every run of one instance.

use crate::ids::{InstanceId, SlotNumber};

/// Sorts slots by preference first, then by a hash of (instance, slot).
pub fn spread(
    slots: impl IntoIterator<Item = SlotNumber>,
    instance: &InstanceId,
    prefer: Option<SlotNumber>,
) -> Vec<SlotNumber> {
    let mut slots: Vec<_> = slots.into_iter().collect();
    slots.sort_by_key(|&slot| (Some(slot) != prefer, hash(instance, slot), slot));
    slots
}

/// FNV-1a, 64 bits, finished by an avalanche: the standard library's hashers promise no stable
/// value between releases, and a re-run after an upgrade should try the same slot first.
fn hash(instance: &InstanceId, slot: SlotNumber) -> u64 {
    let bytes = instance.as_str().bytes().chain([slot.get()]);
    let fnv = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // Without it the last byte, which is the slot, hardly moves the high bits that sort first.
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(n: u8) -> Vec<SlotNumber> {
        (1..=n).map(|k| SlotNumber::try_from(k).unwrap()).collect()
    }

    #[test]
    fn a_preferred_slot_comes_first_and_none_is_lost() {
        let me: InstanceId = "i-0123456789abcdef0".parse().unwrap();
        let prefer = SlotNumber::try_from(7).unwrap();
        let mut order = spread(slots(9), &me, Some(prefer));
        assert_eq!(order[0], prefer);
        order.sort();
        assert_eq!(order, slots(9));
    }

    #[test]
    fn first_choices_spread_over_the_slots() {
        let mut first = [0_u32; 5];
        for k in 0..1000_u32 {
            let me: InstanceId = format!("i-{k:017x}").parse().unwrap();
            first[usize::from(spread(slots(5), &me, None)[0].get()) - 1] += 1;
        }
        // 200 each if even; four standard deviations are about 50.
        assert!(first.iter().all(|n| (150..250).contains(n)), "{first:?}");
    }
}
