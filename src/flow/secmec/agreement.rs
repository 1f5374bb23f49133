//! Diffie-Hellman as DRDA fixes it: one group of 256 bits for DES and one of 512 bits for AES-256.
//! Public keys travel as SECTKN of ACCSEC and ACCSECRD. (Measured: IBM's CLI driver 12.1, JTOpen.)
//! Both groups are far too small by today's standards: this hides a password from a passive
//! eavesdropper without much means; TLS is the answer to any other.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U256, U512, Uint};
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
        let public = match algorithm {
            EncAlg::Des => DES.public(random),
            EncAlg::Aes => AES.public(random),
        };
        let public = public.ok_or(SecMecError::WeakKey)?.to_vec();
        Ok(KeyPair { algorithm, private: Zeroizing::new(random.to_vec()), public })
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
        let secret = match self.algorithm {
            EncAlg::Des => DES.secret(peer, &self.private),
            EncAlg::Aes => AES.secret(peer, &self.private),
        };
        let secret = secret.ok_or(SecMecError::PublicRange)?;
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

/// A group: the numbers below a prime, and one of them whose powers are public keys.
struct Group<const LIMBS: usize> {
    params: FixedMontyParams<LIMBS>,
    generator: Uint<LIMBS>,
}

impl<const LIMBS: usize> Group<LIMBS> {
    const fn new(prime: &str, generator: &str) -> Group<LIMBS> {
        let params = FixedMontyParams::new_vartime(Odd::<Uint<LIMBS>>::from_be_hex(prime));
        Group { params, generator: Uint::from_be_hex(generator) }
    }

    /// The public key of a private one; none for a key that gives itself away.
    fn public(&self, private: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let public = self.power(&self.generator, private)?;
        self.valid(&public).map(|_| public)
    }

    /// The secret that a public key and a private one have in common; none where anybody can name it.
    fn secret(&self, public: &[u8], private: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.power(&self.valid(public)?, private)
    }

    /// 2..=p-2: anything else has a power that anyone can name.
    fn valid(&self, public: &[u8]) -> Option<Uint<LIMBS>> {
        let value = number(public)?;
        let most = self.params.modulus().as_ref().wrapping_sub(&Uint::ONE);
        (value > Uint::ONE && value < most).then_some(value)
    }

    /// `base` to the power of `exponent`, left padded with zeros. The time that it takes depends on neither.
    fn power(&self, base: &Uint<LIMBS>, exponent: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let exponent = Zeroizing::new(number::<LIMBS>(exponent)?);
        let power = Zeroizing::new(FixedMontyForm::new(base, &self.params).pow(&exponent));
        let value = Zeroizing::new(power.retrieve());
        let bytes = Zeroizing::new(value.to_be_bytes());
        Some(Zeroizing::new(bytes.as_ref().to_vec()))
    }
}

/// A number of its full length.
fn number<const LIMBS: usize>(bytes: &[u8]) -> Option<Uint<LIMBS>> {
    (bytes.len() == Uint::<LIMBS>::BYTES).then(|| Uint::from_be_slice(bytes))
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

/// That of DES.
static DES: Group<{ U256::LIMBS }> = Group::new(
    "C62112D73EE613F0947AB31F0F6846A1BFF5B3A4CA0D60BC1E4C7A0D8C16B3E3",
    "4690FA1F7B9E1D4442C86C9114603FDECF071EDCEC5F626E21E256AED9EA34E4",
);

/// That of AES.
static AES: Group<{ U512::LIMBS }> = Group::new(
    "F24F63150EAA97CCE78F5710C45FAFBEB71CF6A8724F63140EAA97CCE78F5710\
     C45FAFBEB71CF6A8724F631308E32B26EA1594889CBBFC91F6DF7524352EF979",
    "E8CE9E0844C67A009FB7843CD945A058935DA51B028A49E5A91F831B78364491\
     CD0E0A8F72345DF80769549926FD16ECD6F6859481647CA9EFB2BAAC7BC09A92",
);

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
    const KNOWN_DES: [&str; 4] = [
        "1e193463d8ff28de84d42805ed9f150120de19cb2b7296ab013969c9205b12f3",
        "8e0d03167376dbdcb7b1a4f7746808f659512502b9d4f7eae371615c05832ed2",
        "62a98e78b15a6a97",
        "3b7009821acede925361115e69b49984",
    ];
    const KNOWN_AES: [&str; 4] = [
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
        for (algorithm, known) in [(EncAlg::Des, KNOWN_DES), (EncAlg::Aes, KNOWN_AES)] {
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
            let small = |n: u8| [vec![0; want - 1], vec![n]].concat();
            let prime = match algorithm {
                EncAlg::Des => DES.params.modulus().as_ref().to_be_bytes().as_ref().to_vec(),
                EncAlg::Aes => AES.params.modulus().as_ref().to_be_bytes().as_ref().to_vec(),
            };
            // Its last byte is neither small nor large.
            let near = |by: i8| {
                let mut out = prime.clone();
                out[want - 1] = out[want - 1].checked_add_signed(by).unwrap();
                out
            };
            for bad in [small(0), small(1), near(-1), near(0), near(1), vec![0xFF; want]] {
                assert_eq!(pair.agree(&bad, Side::Requester).unwrap_err(), SecMecError::PublicRange);
            }
            for good in [small(2), near(-2)] {
                assert!(pair.agree(&good, Side::Requester).is_ok());
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
