//! The strong password substitute of mechanism 8 (USRSSBPWD) as Derby has it: a SHA-1 over the
//! password's hash, both sides' seeds and the user id, so that only who knows the password can
//! make it. Derby takes it only for users whose password it knows (BUILTIN) with SHA-1 hashes.
//! (Measured: Derby 10.14's own client. IBM i's mechanism 8 is another construction.)

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::{SEQUENCE, Seeds};

/// Marks a password hashed by SHA-1 in Derby's own tables.
const DERBY_SHA1: &[u8] = b"3b60";

/// The substitute, for SECTKN of SECCHK. The user id is the one sent as USRID, as typed.
pub fn strong(user: &str, password: &str, seeds: &Seeds) -> [u8; 20] {
    let user = nibbles(user.encode_utf16());
    let password = nibbles(password.encode_utf16());
    let stored = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(&*password)));
    let mut digits = Zeroizing::new(DERBY_SHA1.to_vec());
    for byte in stored.iter() {
        digits.extend([byte >> 4, byte & 0x0F].map(|n| if n < 10 { b'0' + n } else { b'a' + n - 10 }));
    }
    let digits = nibbles(digits.iter().map(|b| u16::from(*b)));
    let token = Zeroizing::new(<[u8; 20]>::from(Sha1::new().chain_update(&*user).chain_update(&*digits).finalize()));
    Sha1::new()
        .chain_update(token.as_slice())
        .chain_update(seeds.server)
        .chain_update(seeds.requester)
        .chain_update(&*user)
        .chain_update(SEQUENCE)
        .finalize()
        .into()
}

/// Derby's spelling of text as nibbles. It means two a character but steps by one, so each low
/// nibble is overwritten by the next high one: the first half holds the high nibbles, then the last
/// low one, then zeros. Both sides have to agree on that.
fn nibbles(units: impl Iterator<Item = u16>) -> Zeroizing<Vec<u8>> {
    let units = Zeroizing::new(units.collect::<Vec<u16>>());
    let mut out = Zeroizing::new(Vec::with_capacity(units.len() * 2));
    out.extend(units.iter().map(|unit| (unit >> 4 & 0x0F) as u8));
    out.extend(units.last().map(|unit| (unit & 0x0F) as u8));
    out.resize(units.len() * 2, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;

    #[test]
    fn what_the_derby_client_sent_and_the_server_took() {
        let seeds = Seeds::new(&hex("056b62d90c253f43"), &hex("f1c40fd2c592c47a")).unwrap();
        let swapped = Seeds { requester: seeds.server, server: seeds.requester };
        let known = hex("b3066e50fdb76f21ebc0b6909a32d9efc41d574a");
        assert_eq!(strong("app", "Abc123!|^[]x", &seeds).as_slice(), known);
        assert_ne!(strong("APP", "Abc123!|^[]x", &seeds).as_slice(), known);
        assert_ne!(strong("app", "Abc123!|^[]x", &swapped).as_slice(), known);
    }

    #[test]
    fn nibbles_overlap() {
        assert_eq!(nibbles("app".encode_utf16()).as_slice(), [6, 7, 7, 0, 0, 0]);
        assert_eq!(nibbles("aé".encode_utf16()).as_slice(), [6, 0xE, 9, 0]);
        assert!(nibbles("".encode_utf16()).is_empty());
    }
}
