//! Diffie-Hellman as DRDA fixes it: one group of 256 bits for DES and one of 512 bits for AES-256.
//! Public keys travel as SECTKN of ACCSEC and ACCSECRD. (Measured: IBM's CLI driver 12.1, JTOpen.)
//! Both groups are far too small by today's standards: this hides a password from a passive
//! eavesdropper without much means; TLS is the answer to any other.

use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::SecMecError;
use super::token::TokenCipher;

/// The cipher of the credentials (ENCALG).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EncAlg {
    /// DES with a group of 256 bits: what a server assumes when ENCALG is absent.
    #[default]
    Des,
    /// AES-256 with a group of 512 bits.
    Aes,
}

impl EncAlg {
    /// The number in ENCALG.
    pub fn number(self) -> u16 {
        match self {
            EncAlg::Des => 1,
            EncAlg::Aes => 2,
        }
    }

    /// The algorithm of a number.
    pub fn from_number(number: u16) -> Option<EncAlg> {
        [EncAlg::Des, EncAlg::Aes].into_iter().find(|algorithm| algorithm.number() == number)
    }

    /// Bytes of a public key, a private key and a shared secret.
    pub fn key_len(self) -> usize {
        match self {
            EncAlg::Des => 32,
            EncAlg::Aes => 64,
        }
    }

    fn prime(self) -> BigUint {
        BigUint::from_bytes_be(match self {
            EncAlg::Des => &DES_PRIME,
            EncAlg::Aes => &AES_PRIME,
        })
    }

    fn generator(self) -> BigUint {
        BigUint::from_bytes_be(match self {
            EncAlg::Des => &DES_GENERATOR,
            EncAlg::Aes => &AES_GENERATOR,
        })
    }
}

/// Which end of the conversation a key pair belongs to: the server's public key also gives the
/// initialisation vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The asking side.
    Requester,
    /// The answering side.
    Server,
}

/// A private key with its public one.
pub struct KeyPair {
    algorithm: EncAlg,
    private: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A key pair from random bytes, as many as [`EncAlg::key_len`] says. One pair serves one
    /// connection.
    pub fn new(algorithm: EncAlg, random: &[u8]) -> Result<KeyPair, SecMecError> {
        let want = algorithm.key_len();
        if random.len() != want {
            return Err(SecMecError::RandomLength { want, got: random.len() });
        }
        let public = power(algorithm, &algorithm.generator(), random);
        if !is_valid(algorithm, &public) {
            return Err(SecMecError::WeakKey);
        }
        Ok(KeyPair { algorithm, private: Zeroizing::new(random.to_vec()), public: public.to_vec() })
    }

    /// The public key, for SECTKN of ACCSEC or ACCSECRD.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The cipher that both sides arrive at. The peer's key is checked before the private one is
    /// used.
    pub fn agree(&self, peer: &[u8], side: Side) -> Result<TokenCipher, SecMecError> {
        let want = self.algorithm.key_len();
        if peer.len() != want {
            return Err(SecMecError::PublicLength { what: "public key", want, got: peer.len() });
        }
        if !is_valid(self.algorithm, peer) {
            return Err(SecMecError::PublicRange);
        }
        let secret = power(self.algorithm, &BigUint::from_bytes_be(peer), &self.private);
        let server: &[u8] = match side {
            Side::Requester => peer,
            Side::Server => &self.public,
        };
        Ok(match self.algorithm {
            // Eight bytes from the middle of each; DES takes no notice of the parity bits.
            EncAlg::Des => TokenCipher::des(part(&secret, 12), part(server, 12)),
            EncAlg::Aes => TokenCipher::aes(aes_key(&secret), part(server, 24)),
        })
    }
}

/// `base` to the power of `exponent` in the group, left padded with zeros.
fn power(algorithm: EncAlg, base: &BigUint, exponent: &[u8]) -> Zeroizing<Vec<u8>> {
    // The big integers themselves are not wiped when they go; the crate has no way to do that.
    let value = base.modpow(&BigUint::from_bytes_be(exponent), &algorithm.prime());
    let digits = Zeroizing::new(value.to_bytes_be());
    let mut out = Zeroizing::new(vec![0; algorithm.key_len()]);
    for (slot, digit) in out.iter_mut().rev().zip(digits.iter().rev()) {
        *slot = *digit;
    }
    out
}

/// 2..=p-2: anything else has a power that anyone can name.
fn is_valid(algorithm: EncAlg, public: &[u8]) -> bool {
    let value = BigUint::from_bytes_be(public);
    let two = BigUint::from(2u8);
    value >= two && value <= algorithm.prime() - two
}

/// SHA-1 of both halves of the secret, put together to 32 bytes with eight of them overlapping.
fn aes_key(secret: &[u8]) -> Zeroizing<[u8; 32]> {
    let (left, right) = secret.split_at(secret.len() / 2);
    let left: [u8; 20] = Sha1::digest(left).into();
    let right: [u8; 20] = Sha1::digest(right).into();
    let (left, right) = (Zeroizing::new(left), Zeroizing::new(right));
    let mut key = Zeroizing::new([0; 32]);
    for (slot, byte) in key.iter_mut().zip(left.iter()) {
        *slot = *byte;
    }
    for (slot, byte) in key.iter_mut().skip(12).zip(right.iter()) {
        *slot ^= *byte;
    }
    key
}

/// `N` bytes from `at`.
fn part<const N: usize>(bytes: &[u8], at: usize) -> Zeroizing<[u8; N]> {
    let mut out = Zeroizing::new([0; N]);
    for (slot, byte) in out.iter_mut().zip(bytes.iter().skip(at)) {
        *slot = *byte;
    }
    out
}

const DES_PRIME: [u8; 32] = [
    0xC6, 0x21, 0x12, 0xD7, 0x3E, 0xE6, 0x13, 0xF0, 0x94, 0x7A, 0xB3, 0x1F, 0x0F, 0x68, 0x46, 0xA1, 0xBF, 0xF5, 0xB3,
    0xA4, 0xCA, 0x0D, 0x60, 0xBC, 0x1E, 0x4C, 0x7A, 0x0D, 0x8C, 0x16, 0xB3, 0xE3,
];

const DES_GENERATOR: [u8; 32] = [
    0x46, 0x90, 0xFA, 0x1F, 0x7B, 0x9E, 0x1D, 0x44, 0x42, 0xC8, 0x6C, 0x91, 0x14, 0x60, 0x3F, 0xDE, 0xCF, 0x07, 0x1E,
    0xDC, 0xEC, 0x5F, 0x62, 0x6E, 0x21, 0xE2, 0x56, 0xAE, 0xD9, 0xEA, 0x34, 0xE4,
];

const AES_PRIME: [u8; 64] = [
    0xF2, 0x4F, 0x63, 0x15, 0x0E, 0xAA, 0x97, 0xCC, 0xE7, 0x8F, 0x57, 0x10, 0xC4, 0x5F, 0xAF, 0xBE, 0xB7, 0x1C, 0xF6,
    0xA8, 0x72, 0x4F, 0x63, 0x14, 0x0E, 0xAA, 0x97, 0xCC, 0xE7, 0x8F, 0x57, 0x10, 0xC4, 0x5F, 0xAF, 0xBE, 0xB7, 0x1C,
    0xF6, 0xA8, 0x72, 0x4F, 0x63, 0x13, 0x08, 0xE3, 0x2B, 0x26, 0xEA, 0x15, 0x94, 0x88, 0x9C, 0xBB, 0xFC, 0x91, 0xF6,
    0xDF, 0x75, 0x24, 0x35, 0x2E, 0xF9, 0x79,
];

const AES_GENERATOR: [u8; 64] = [
    0xE8, 0xCE, 0x9E, 0x08, 0x44, 0xC6, 0x7A, 0x00, 0x9F, 0xB7, 0x84, 0x3C, 0xD9, 0x45, 0xA0, 0x58, 0x93, 0x5D, 0xA5,
    0x1B, 0x02, 0x8A, 0x49, 0xE5, 0xA9, 0x1F, 0x83, 0x1B, 0x78, 0x36, 0x44, 0x91, 0xCD, 0x0E, 0x0A, 0x8F, 0x72, 0x34,
    0x5D, 0xF8, 0x07, 0x69, 0x54, 0x99, 0x26, 0xFD, 0x16, 0xEC, 0xD6, 0xF6, 0x85, 0x94, 0x81, 0x64, 0x7C, 0xA9, 0xEF,
    0xB2, 0xBA, 0xAC, 0x7B, 0xC0, 0x9A, 0x92,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;

    /// Private keys 01 02 03 ... and 81 82 83 ...
    fn pairs(algorithm: EncAlg) -> (KeyPair, KeyPair) {
        let random = |first: u8| -> Vec<u8> { (0..algorithm.key_len()).map(|i| first + i as u8).collect() };
        (KeyPair::new(algorithm, &random(0x01)).unwrap(), KeyPair::new(algorithm, &random(0x81)).unwrap())
    }

    // Public keys and tokens computed apart from this crate: Python's pow() for the groups, hashlib
    // for SHA-1, the package `cryptography` (OpenSSL) for DES and AES.
    const DES: [&str; 4] = [
        "1e193463d8ff28de84d42805ed9f150120de19cb2b7296ab013969c9205b12f3",
        "8e0d03167376dbdcb7b1a4f7746808f659512502b9d4f7eae371615c05832ed2",
        "62a98e78b15a6a97",
        "3b7009821acede925361115e69b49984",
    ];
    const AES: [&str; 4] = [
        "04bd317b5dbd8c5a9504beb5ee00e2452b2faa3f8192fd4f69def156f4d2a82b5aa7e9d36a0fd1848f18377fa7ccd70885ff34845d95
        8141a0762f11f9acfc63",
        "36b5c51c21706f41c163f1ff43a675503db988b7630f32bf69b77e007b456f2316a63c79cc7a6e86120acda705341ac23273340ee10c
        62231b65ed5badd44634",
        "b919afb3f74a0d8bfafadc6bd2804917",
        "45c026defc8950ea276d9e8e99cf7a90",
    ];

    #[test]
    fn both_sides_arrive_at_the_known_tokens() {
        let user = [0xA4, 0xA2, 0x85, 0x99, 0xF1]; // user1
        let password = [0xC1, 0x82, 0x83, 0xF1, 0xF2, 0xF3, 0x4F, 0x5F, 0x4A, 0x5A, 0xA7]; // Abc123!^[]x
        for (algorithm, known) in [(EncAlg::Des, DES), (EncAlg::Aes, AES)] {
            let (requester, server) = pairs(algorithm);
            assert_eq!(requester.public(), hex(known[0]));
            assert_eq!(server.public(), hex(known[1]));
            let asking = requester.agree(server.public(), Side::Requester).unwrap();
            let answering = server.agree(requester.public(), Side::Server).unwrap();
            assert_eq!(asking.encrypt(&user), hex(known[2]));
            assert_eq!(asking.encrypt(&password), hex(known[3]));
            assert_eq!(answering.decrypt(&hex(known[2])).unwrap().as_slice(), user);
            assert_eq!(answering.decrypt(&hex(known[3])).unwrap().as_slice(), password);
        }
    }

    #[test]
    fn a_key_on_the_wire_is_taken() {
        // The public keys that IBM's CLI driver sent for DES and for AES.
        let des = hex("319e1a0aa8070cbb6f8e402fc4c0ff32b11137ee0afcbf38d502616a366da295");
        let aes = hex(
            "6eae414c2123e3bb9db78c8cbcabe2835db75ed0583f4eeb83023dd0fd6617c0d0b406c0443cb5c15eeecd3242ccaff73a13203dd52e
            6eaf6a9b382b7ab2f3c4",
        );
        assert!(pairs(EncAlg::Des).1.agree(&des, Side::Server).is_ok());
        assert!(pairs(EncAlg::Aes).1.agree(&aes, Side::Server).is_ok());
    }

    #[test]
    fn hostile_public_keys_are_refused() {
        for algorithm in [EncAlg::Des, EncAlg::Aes] {
            let (pair, _) = pairs(algorithm);
            let want = algorithm.key_len();
            let padded = |v: BigUint| {
                let digits = v.to_bytes_be();
                [vec![0; want - digits.len()], digits].concat()
            };
            let p = algorithm.prime();
            for bad in [BigUint::ZERO, BigUint::from(1u8), &p - 1u8, p.clone(), &p + 1u8] {
                assert_eq!(pair.agree(&padded(bad), Side::Requester).unwrap_err(), SecMecError::PublicRange);
            }
            assert_eq!(pair.agree(&vec![0xFF; want], Side::Requester).unwrap_err(), SecMecError::PublicRange);
            for good in [BigUint::from(2u8), &p - 2u8] {
                assert!(pair.agree(&padded(good), Side::Requester).is_ok());
            }
            for got in [0, 1, want - 1, want + 1, 96] {
                let error = pair.agree(&vec![2; got], Side::Requester).unwrap_err();
                assert_eq!(error, SecMecError::PublicLength { what: "public key", want, got });
            }
        }
    }

    #[test]
    fn bad_randomness_is_refused() {
        assert_eq!(KeyPair::new(EncAlg::Des, &[0; 32]).unwrap_err(), SecMecError::WeakKey);
        assert_eq!(KeyPair::new(EncAlg::Aes, &[7; 32]).unwrap_err(), SecMecError::RandomLength { want: 64, got: 32 });
        assert_eq!(format!("{:?}", pairs(EncAlg::Des).0), "KeyPair { algorithm: Des, .. }");
    }

    #[test]
    fn numbers() {
        assert_eq!((EncAlg::from_number(1), EncAlg::from_number(2)), (Some(EncAlg::Des), Some(EncAlg::Aes)));
        assert_eq!(EncAlg::from_number(3), None);
    }
}
