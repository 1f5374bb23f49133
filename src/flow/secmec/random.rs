//! Random bytes of one login: a private key for each algorithm and a seed. None shares a byte with
//! another, so that a weak mechanism tried first gives nothing of the next one away.

use super::agreement::EncAlg;
use super::substitute::SEED;
use zeroize::Zeroizing;

/// Bytes to draw.
pub const RANDOM: usize = 64 + 32 + SEED;

/// The bytes, wiped when dropped.
#[derive(Clone)]
pub struct Random(Zeroizing<[u8; RANDOM]>);

impl Random {
    /// Fresh bytes, to be used for one connection.
    pub fn new(bytes: [u8; RANDOM]) -> Random {
        Random(Zeroizing::new(bytes))
    }

    /// The private key for an algorithm.
    pub fn private(&self, algorithm: EncAlg) -> &[u8] {
        let at = match algorithm {
            EncAlg::Aes => 0,
            EncAlg::Des => EncAlg::Aes.key_len(),
        };
        self.0.get(at..at + algorithm.key_len()).unwrap_or_default()
    }

    /// The seed of a password substitute.
    pub fn seed(&self) -> &[u8] {
        self.0.get(RANDOM - SEED..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_use() {
        let random = Random::new(std::array::from_fn(|i| i as u8));
        let all = [random.private(EncAlg::Aes), random.private(EncAlg::Des), random.seed()].concat();
        assert_eq!(all, (0..RANDOM as u8).collect::<Vec<u8>>());
    }
}
