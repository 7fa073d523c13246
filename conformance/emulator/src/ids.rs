//! Ids of the emulated account: UUIDs that depend on a seed and a number alone.

/// Id of the instance that every emulator starts with.
pub const DEFAULT_INSTANCE_ID: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01";

/// Returns a UUID in the form of version 4. Equal arguments give equal ids.
pub(crate) fn uuid(seed: u64, number: u64) -> String {
    let high = mix(seed ^ mix(number));
    let low = mix(high ^ number.wrapping_add(0x9e37_79b9_7f4a_7c15));
    let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// The finaliser of SplitMix64: spreads neighbouring numbers over the whole range.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_well_formed_and_distinct() {
        let all: std::collections::HashSet<String> = (0..10_000).map(|number| uuid(7, number)).collect();
        assert_eq!(all.len(), 10_000);
        for id in all.iter().take(50) {
            assert_eq!(id.len(), 36);
            assert_eq!(&id[14..15], "4");
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
    }
}
