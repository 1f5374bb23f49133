//! Password substitutes as IBM i has them, by password level (QPWDLVL): DES below level 2 (mechanism
//! 6), SHA-1 at levels 2 and 3, SHA-512 over PBKDF2 at level 4 (mechanism 8). (Measured: JTOpen 9.4
//! and 21; what passwords may be at which level is documented by IBM.)

use cbc::cipher::{BlockCipherEncrypt, KeyInit};
use des::Des;
use hmac::Hmac;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::super::SecMecError;
use super::{SEQUENCE, Seeds};
use crate::wire::ccsid::codec::Codec;

/// Longest user profile name, and longest password below level 2.
const NAME: usize = 10;
/// The page of profile names and of short passwords.
const CCSID: u16 = 37;
/// An EBCDIC blank.
const BLANK: u8 = 0x40;
/// Characters that do not count at the end of a password.
const BLANKS: [char; 3] = ['\0', ' ', '\u{3000}'];
/// Rounds of PBKDF2 at level 4.
const ROUNDS: u32 = 10_022;

/// Which substitute a password level wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordLevel {
    /// Levels 0 and 1: eight bytes, DES.
    Des,
    /// Levels 2 and 3: 20 bytes, SHA-1.
    Sha1,
    /// Level 4: 64 bytes, SHA-512.
    Sha512,
}

impl PasswordLevel {
    /// By QPWDLVL.
    pub fn from_number(level: u8) -> Option<PasswordLevel> {
        match level {
            0 | 1 => Some(PasswordLevel::Des),
            2 | 3 => Some(PasswordLevel::Sha1),
            4 => Some(PasswordLevel::Sha512),
            _ => None,
        }
    }

    /// By the length of a substitute.
    pub fn from_length(bytes: usize) -> Option<PasswordLevel> {
        [PasswordLevel::Des, PasswordLevel::Sha1, PasswordLevel::Sha512]
            .into_iter()
            .find(|level| level.length() == bytes)
    }

    /// Bytes of its substitute.
    pub fn length(self) -> usize {
        match self {
            PasswordLevel::Des => 8,
            PasswordLevel::Sha1 => 20,
            PasswordLevel::Sha512 => 64,
        }
    }

    pub(super) fn substitute(
        self,
        name: &str,
        password: &str,
        seeds: &Seeds,
    ) -> Result<Zeroizing<Vec<u8>>, SecMecError> {
        let name = user(name)?;
        let wide = utf16(&name);
        let substitute = match self {
            PasswordLevel::Des => des_substitute(&name, password, seeds)?.to_vec(),
            PasswordLevel::Sha1 => {
                let password = utf16(long_password(password)?.trim_end_matches(BLANKS));
                let token: [u8; 20] = Sha1::new().chain_update(&*wide).chain_update(&*password).finalize().into();
                finish(Sha1::new(), &*Zeroizing::new(token), &wide, seeds)
            }
            PasswordLevel::Sha512 => {
                let token = stretched(&name, long_password(password)?)?;
                finish(Sha512::new(), &*token, &wide, seeds)
            }
        };
        Ok(Zeroizing::new(substitute))
    }
}

/// A profile name as it is known to the system: upper case, a `Q` in front of a digit, ten
/// characters with blanks.
pub fn user(name: &str) -> Result<String, SecMecError> {
    let mut out = with_q(name.trim_end_matches(' '));
    let length = out.chars().count();
    if length == 0 || length > NAME {
        return Err(SecMecError::Rule { parameter: "USRID", rule: "an IBM i user profile has 1 to 10 characters" });
    }
    out.extend(std::iter::repeat_n(' ', NAME - length));
    Ok(out)
}

/// A password as levels 0 and 1 know it: upper case, a `Q` in front of a digit, at most ten
/// characters.
pub fn short_password(password: &str) -> Result<Zeroizing<String>, SecMecError> {
    let out = Zeroizing::new(with_q(password.trim_end_matches(' ')));
    let length = out.chars().count();
    if length == 0 || length > NAME {
        let rule = "password levels 0 and 1 know passwords of 1 to 10 characters";
        return Err(SecMecError::Rule { parameter: "PASSWORD", rule });
    }
    Ok(out)
}

/// Names cannot begin with a digit; the system puts a `Q` there, and so does every client.
/// In upper case, and in one piece of memory: a string that grows leaves its beginning elsewhere.
fn with_q(text: &str) -> String {
    // A character becomes three at most, of three bytes where it had two.
    let mut out = String::with_capacity(text.len() * 5 + 1);
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        out.push('Q');
    }
    out.extend(text.chars().flat_map(char::to_uppercase));
    out
}

/// From level 2 on: as typed, up to 128 characters. A star begins special values such as `*NONE`.
fn long_password(password: &str) -> Result<&str, SecMecError> {
    let meant = password.trim_end_matches(BLANKS);
    let rule = if meant.is_empty() {
        "an IBM i password is not empty"
    } else if password.starts_with('*') {
        "an IBM i password does not begin with a star"
    } else if meant.encode_utf16().count() > 128 {
        "an IBM i password has at most 128 characters"
    } else {
        return Ok(password);
    };
    Err(SecMecError::Rule { parameter: "PASSWORD", rule })
}

fn utf16(text: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() * 2));
    out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    out
}

/// The hash over token, seeds and user id that both SHA levels end with.
fn finish<D: Digest>(hash: D, token: &[u8], user: &[u8], seeds: &Seeds) -> Vec<u8> {
    hash.chain_update(token)
        .chain_update(seeds.server)
        .chain_update(seeds.requester)
        .chain_update(user)
        .chain_update(SEQUENCE)
        .finalize()
        .to_vec()
}

/// The token of level 4. The salt is made of the name and the password's last four characters. The
/// password itself goes in as UTF-8, as JTOpen does it; that only differs from the UTF-16 which its
/// authors name where there is more than ASCII, and no such exchange was seen yet.
fn stretched(name: &str, password: &str) -> Result<Zeroizing<[u8; 64]>, SecMecError> {
    let units = Zeroizing::new(password.encode_utf16().collect::<Vec<u16>>());
    let mut salt = utf16(name);
    for unit in units.iter().skip(units.len().saturating_sub(4)) {
        salt.extend(unit.to_be_bytes());
    }
    for _ in units.len()..4 {
        salt.extend([0x00, 0x20]);
    }
    let salt = Sha256::digest(&*salt);
    let mut token = Zeroizing::new([0; 64]);
    pbkdf2::pbkdf2::<Hmac<Sha512>>(password.as_bytes(), &salt, ROUNDS, &mut *token)
        .map_err(|_| SecMecError::Rule { parameter: "PASSWORD", rule: "it cannot be hashed" })?;
    Ok(token)
}

fn des_substitute(name: &str, password: &str, seeds: &Seeds) -> Result<[u8; 8], SecMecError> {
    let name = ebcdic("USRID", name)?;
    let password = ebcdic("PASSWORD", &short_password(password)?)?;
    let (user, user_rest) = (block(&name, 0), block(&name, 8));
    let folded = folded(&name);
    let mut token = Zeroizing::new(token(block(&password, 0), folded));
    if password.len() > 8 {
        *token ^= self::token(block(&password, 8), folded);
    }
    let key = *token;
    let requester = u64::from_be_bytes(seeds.requester);
    // The server's seed, counted up by the number of this substitute.
    let server = u64::from_be_bytes(seeds.server).wrapping_add(u64::from_be_bytes(SEQUENCE));
    let mut chain = encrypt(key, server);
    chain = encrypt(key, chain ^ requester);
    chain = encrypt(key, chain ^ server ^ user);
    chain = encrypt(key, chain ^ server ^ user_rest);
    Ok(encrypt(key, chain ^ u64::from_be_bytes(SEQUENCE)).to_be_bytes())
}

/// The token of a password: the folded name under a key made of the password's part.
fn token(part: u64, folded: u64) -> u64 {
    encrypt((part ^ 0x5555_5555_5555_5555) << 1, folded)
}

/// A name of nine or ten characters in eight bytes: the bits of the last two, in pairs, on top of
/// the others.
fn folded(name: &[u8]) -> u64 {
    let mut out = block(name, 0).to_be_bytes();
    let [ninth, tenth, ..] = block(name, 8).to_be_bytes();
    if ninth != BLANK {
        let pairs = [ninth, tenth].into_iter().flat_map(|byte| [0, 2, 4, 6].map(|shift| byte << shift & 0xC0));
        for (slot, pair) in out.iter_mut().zip(pairs) {
            *slot ^= pair;
        }
    }
    u64::from_be_bytes(out)
}

/// Eight bytes from `at`, with blanks where there are none.
fn block(bytes: &[u8], at: usize) -> u64 {
    let mut out = [BLANK; 8];
    for (slot, byte) in out.iter_mut().zip(bytes.iter().skip(at)) {
        *slot = *byte;
    }
    u64::from_be_bytes(out)
}

fn encrypt(key: u64, plain: u64) -> u64 {
    let mut block = plain.to_be_bytes().into();
    Des::new(&key.to_be_bytes().into()).encrypt_block(&mut block);
    u64::from_be_bytes(block.into())
}

fn ebcdic(parameter: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, SecMecError> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let done = Codec::new(CCSID).and_then(|codec| codec.encode(text, &mut out));
    done.map(|()| out).map_err(|e| SecMecError::Text { at: e.character(), parameter, ccsid: CCSID })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;

    const SERVER: &str = "1112131415161718";

    fn made(level: u8, seeds: (&str, &str), user: &str, password: &str) -> Vec<u8> {
        let seeds = Seeds::new(&hex(seeds.0), &hex(seeds.1)).unwrap();
        PasswordLevel::from_number(level).unwrap().substitute(user, password, &seeds).unwrap().to_vec()
    }

    #[test]
    fn what_jtopen_sent() {
        for (level, seed, substitute) in [
            (0, "000001a205ee61c5", "8c8a6c8a318db205"),
            (2, "000001a205f065d4", "1ca64ce751884a3266872b1352e259839967f74d"),
            (3, "000001a205f245c9", "eb1ef5cf5454fcdddc5ffde99e02a739e9647936"),
            (
                4,
                "000001a205f24a6a",
                "9bf43954d547ff2ba88babea6216dfb685a175cfe43b7b69243447b9e21d51cd59660b98758afda79c69d650d8217d47484c
                 cbdcc3eb3797b11e7d5730ba639a",
            ),
        ] {
            for user in ["TESTUSER", "testuser", "TESTUSER  "] {
                assert_eq!(made(level, (seed, SERVER), user, "SECRET99"), hex(substitute), "{level} {user}");
            }
        }
    }

    // The functions of JTOpen 9.4 on the same seeds.
    #[test]
    fn what_jtopen_makes_of_short_and_long_names_and_passwords() {
        const HIGH: &str = "ffffffffffffffff";
        for (user, password, low, high) in [
            ("TESTUSER", "A", "3c6b237138a92035", "e84930777ba3a62d"),
            ("TESTUSER", "SECRET999", "cbe685d2519aa1ef", "3b59e50e4449ca5b"),
            ("TESTUSER", "SECRET9990", "5f07daf9b6f5e76e", "4983665ac0983460"),
            ("QSECOFR", "SECRET9990", "bb5422fd7848f33a", "61193ab03598a8b7"),
            ("TESTUSER10", "SECRET99", "33b4aa3733d6cb94", "eeb8986beb1dd15a"),
            ("TESTUSER9", "SECRET9990", "78e9e84cb3ae494a", "8fa1d7c8015a01a8"),
            ("TESTUSER10", "P#$@_12345", "3c2dfe33b958b082", "44179e0d3bf64a2e"),
            ("ME", "Q1234", "501cd13c5f5c3bbd", "5acebae81325d6f8"),
        ] {
            let seeds = ("000001a205ee61c5", SERVER);
            assert_eq!(made(0, seeds, user, password), hex(low), "{user} {password}");
            assert_eq!(made(1, (HIGH, HIGH), user, password), hex(high), "{user} {password}");
            // Case does not count.
            assert_eq!(made(0, seeds, user, &password.to_lowercase()), hex(low));
        }
        let seeds = ("000001a205ee61c5", SERVER);
        for (user, password, known) in [
            ("TESTUSER", "SECRET99", "86f4204059865cd1ec41bd52ef61c3ac84c22a8d"),
            ("TESTUSER", "Abc123!^[]|#$@£§ äöü", "44d22deb8007a310c9acb3e1c32964bc5631346c"),
            ("TESTUSER10", &"x".repeat(128), "7cc15bcd07bb68c48b1dfac85f532bade98c3548"),
        ] {
            assert_eq!(made(2, seeds, user, password), hex(known), "{user} {password}");
            // Blanks at the end do not count.
            assert_eq!(made(3, seeds, user, &format!("{password} \u{3000}")), hex(known), "{user} {password}");
        }
        assert_ne!(made(2, seeds, "TESTUSER", "secret99"), made(2, seeds, "TESTUSER", "SECRET99"));
    }

    #[test]
    fn a_q_goes_in_front_of_a_digit() {
        let seeds = ("000001a205ee61c5", SERVER);
        assert_eq!(made(0, seeds, "ME", "1234"), made(0, seeds, "ME", "Q1234"));
        assert_ne!(made(2, seeds, "ME", "1234"), made(2, seeds, "ME", "Q1234"));
        assert_eq!(user("1me").unwrap(), "Q1ME      ");
    }

    // Python: hashlib.pbkdf2_hmac and hashlib.sha512.
    #[test]
    fn level_four_by_hashlib() {
        for (password, known) in LEVEL_FOUR {
            assert_eq!(made(4, ("000001a205f24a6a", SERVER), "TESTUSER", password), hex(known), "{password}");
        }
    }

    const LEVEL_FOUR: [(&str, &str); 3] = [
        (
            "x",
            "a455482266611780f981283757673581b6f47949780f3d4d260bb7866c43ee039ab12f6cb980cc08bc45433088f47ff4
             345f393d14d5c518ef288c2b9ce06eb7",
        ),
        (
            "Abc123!^[]|#$@£§äöü",
            "dbc03d40859467af15569af26182a9b66d48a4e5261d0b7450c7d87e8c6fc3a66e6a5afe149d15bd3cf4eaedb6ec32b4
             ffbf33813aa4214581c95121b437d461",
        ),
        (
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
            "de2bb89d54599875a4f1f75c7815423813900a4e1872663c32d2f7c8584d7904f3369b9a16fa5060a8f60013eba2b968
             206485d7650c37c8758ee754ca616b4b",
        ),
    ];

    #[test]
    fn what_cannot_be_a_password_or_a_name_is_refused_without_repeating_it() {
        let seeds = Seeds { requester: [0; 8], server: [0; 8] };
        let refused = |level: PasswordLevel, user: &str, password: &str| {
            level.substitute(user, password, &seeds).map(|_| ()).unwrap_err().to_string()
        };
        for (level, password) in [
            (PasswordLevel::Des, "elevenchars"),
            (PasswordLevel::Des, "1234567890"),
            (PasswordLevel::Des, ""),
            (PasswordLevel::Des, "日本"),
            (PasswordLevel::Sha1, ""),
            (PasswordLevel::Sha1, "   "),
            (PasswordLevel::Sha1, "*NONE"),
            (PasswordLevel::Sha512, ""),
            (PasswordLevel::Sha512, &"x".repeat(129)),
        ] {
            let text = refused(level, "ME", password);
            assert!(text.contains("PASSWORD"), "{text}");
            assert!(password.trim().is_empty() || !text.contains(password), "{text}");
        }
        for user in ["", "ELEVENCHARS", "1234567890"] {
            assert!(refused(PasswordLevel::Sha1, user, "x").contains("USRID"));
        }
    }

    #[test]
    fn levels() {
        let by_number: Vec<_> = (0..=5).map(PasswordLevel::from_number).collect();
        let [des, sha1, sha512] = [PasswordLevel::Des, PasswordLevel::Sha1, PasswordLevel::Sha512].map(Some);
        assert_eq!(by_number, [des, des, sha1, sha1, sha512, None]);
        assert_eq!([8, 20, 64, 0].map(PasswordLevel::from_length), [des, sha1, sha512, None]);
    }
}
