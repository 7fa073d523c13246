//! Turns a seed into bytes: a generator treats a seed and a fuzzer's input alike.

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast and portable. Not cryptographically secure.
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// A stream for a seed and a label. Different labels give unrelated streams.
    pub fn new(seed: u64, label: &str) -> Self {
        // FNV-1a is stable across releases and platforms.
        let hash = label
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut stream = Self(seed ^ hash);
        stream.next();
        stream
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait, reason = "the stream is endless, so iterator methods such as collect hang")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Overwrites `buffer` with fresh bytes.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    /// `count` fresh bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.fill(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;

    #[test]
    fn same_seed_and_label_always_give_the_same_bytes() {
        assert_eq!(Stream::new(1, "CreateRule").bytes(8), [14, 65, 229, 56, 137, 143, 240, 213]);
        assert_ne!(Stream::new(1, "CreateRule").bytes(8), Stream::new(2, "CreateRule").bytes(8));
        assert_ne!(Stream::new(1, "CreateRule").bytes(8), Stream::new(1, "DeleteRule").bytes(8));
    }
}
