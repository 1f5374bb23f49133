//! The security mechanisms against a server of a few lines: what is asked for in which order, what
//! the proof holds, and that nothing secret goes to a server that plays false.

use super::recorded_replies::hex;
use super::scripted_login::Fake;
use super::secrets::shows;
use drdarrow::flow::error::FlowError;
use drdarrow::flow::secmec::agreement::{EncAlg, KeyPair, Side};
use drdarrow::flow::secmec::choice::Policy;
use drdarrow::flow::secmec::line::Line;
use drdarrow::flow::secmec::mechanism::Security;
use drdarrow::flow::secmec::random::RANDOM;
use drdarrow::flow::secmec::requester::Credentials;
use drdarrow::flow::secmec::source::TokenSource;
use drdarrow::flow::secmec::substitute::ibmi::PasswordLevel;
use drdarrow::flow::secmec::substitute::{Seeds, Substitute};
use drdarrow::wire::ddm::accsec::{AccSec, AccSecRd};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::secchk::{SecChkRm, Secret};
use drdarrow::wire::ddm::text::DdmText;
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "Tr0ub4dor-x3";
const LUW: &str = "QDB2/LINUXX8664";
const PRIME_DES: &str = "C62112D73EE613F0947AB31F0F6846A1BFF5B3A4CA0D60BC1E4C7A0D8C16B3E3";
const PRIME_AES: &str = "F24F63150EAA97CCE78F5710C45FAFBEB71CF6A8724F63140EAA97CCE78F5710C45FAFBEB71CF6A8724F631308E32B26EA15\
     94889CBBFC91F6DF7524352EF979";

fn who(password: &str) -> Credentials {
    Credentials { user: "confidant".to_owned(), password: Some(Secret::new(password)), ..Credentials::default() }
}

fn public(choice: Security) -> Policy {
    Policy { choice, ..Policy::default() }
}

fn private(choice: Security) -> Policy {
    Policy { line: Line::Local, ..public(choice) }
}

#[test]
fn the_strongest_that_the_server_offers_is_taken_up() {
    let auto = |level| Policy { password_level: level, ..public(Security::Auto) };
    let at_home = |level| Policy { line: Line::Local, ..auto(level) };
    for (class, takes, policy, asked, in_force) in [
        (LUW, &[9, 3, 4][..], auto(None), &[(9, Some(2))][..], "encrypted (SECMEC 9, AES-256)"),
        (LUW, &[3, 7], auto(None), &[(9, Some(2)), (7, Some(2))], "encrypted password (SECMEC 7, AES-256)"),
        (LUW, &[4, 3], private(Security::Auto), &[(9, Some(2)), (3, None)], "password in clear (SECMEC 3)"),
        ("QAS", &[8, 3], auto(Some(3)), &[(9, Some(2)), (8, None)], "substitute (SECMEC 8, SHA-1)"),
        ("QAS", &[8, 6], auto(Some(4)), &[(9, Some(2)), (8, None)], "substitute (SECMEC 8, SHA-512)"),
        ("QAS", &[8, 6], at_home(Some(0)), &[(9, Some(2)), (6, None)], "substitute (SECMEC 6, DES)"),
        ("Apache Derby", &[3, 4, 8], at_home(None), &[(8, None)], "substitute (SECMEC 8, Derby)"),
        ("Apache Derby", &[3, 4], private(Security::Auto), &[(8, None), (3, None)], "password in clear (SECMEC 3)"),
    ] {
        let mut server = Fake::new(class, takes);
        let session = server.serve(who("SECRET99"), policy).unwrap();
        assert_eq!(session.security.to_string(), in_force);
        assert_eq!(server.numbers(), asked);
        assert_eq!(server.proofs.len(), 1);
    }
    // A name alone.
    let mut server = Fake::new(LUW, &[3, 4]);
    let nobody = Credentials { user: "me".to_owned(), ..Credentials::default() };
    assert_eq!(server.serve(nobody, public(Security::Auto)).unwrap().security.secmec().number(), 4);
}

#[test]
fn nothing_is_weakened_without_leave() {
    for (class, takes, choice) in [
        (LUW, &[3, 4][..], Security::Auto),
        (LUW, &[4], Security::Auto),
        (LUW, &[11, 15], Security::Auto),
        ("QAS", &[8, 6, 3], Security::Auto),
        ("Apache Derby", &[3, 4], Security::Auto),
        (LUW, &[3, 7], Security::Encrypted(EncAlg::Aes)),
        (LUW, &[3, 9], Security::EncryptedPassword(EncAlg::Aes)),
        ("Apache Derby", &[3, 4], Security::Substitute),
    ] {
        let mut server = Fake::new(class, takes);
        let error = server.serve(who(PASSWORD), public(choice)).unwrap_err();
        assert!(matches!(error, FlowError::Mechanism { .. }), "{class} {takes:?}: {error}");
        assert_eq!(error.to_string().contains("offers only"), choice == Security::Auto, "{error}");
        assert!(server.learned_nothing(PASSWORD), "{class} {takes:?}");
        // Of Derby it is known beforehand that it has nothing else.
        assert_eq!(server.asked.len(), usize::from(class != "Apache Derby" || choice != Security::Auto));
    }
    // A password that is there is not left out because the server would do with a name.
    let mut server = Fake::new(LUW, &[4]);
    assert!(server.serve(who(PASSWORD), private(Security::Auto)).is_err());
    assert!(server.learned_nothing(PASSWORD));
    // Refused before a word is said.
    for choice in [Security::Password, Security::ProfileToken, Security::Kerberos] {
        let mut server = Fake::new("QAS", &[3, 11, 16]);
        assert!(server.serve(who(PASSWORD), public(choice)).is_err());
        assert!(server.received.is_empty(), "{choice:?}");
    }
}

#[test]
fn an_algorithm_that_the_server_lacks_makes_way_for_the_other() {
    let ways: [fn(&AccSec, &mut AccSecRd); 3] = [
        // SECCHKCD 1B, with the mechanism and without.
        |asked, reply| {
            if !asked.encalgs.is_empty() {
                *reply = AccSecRd { secmecs: vec![9], secchkcd: Some(0x1B), ..AccSecRd::default() };
            }
        },
        |asked, reply| {
            if !asked.encalgs.is_empty() {
                *reply = AccSecRd { secchkcd: Some(0x1B), ..AccSecRd::default() };
            }
        },
        // ENCALG was stepped over.
        |asked, reply| {
            if !asked.encalgs.is_empty() {
                reply.encalgs.clear();
                reply.sectkn = Some(Fake::key(EncAlg::Des).public().to_vec());
            }
        },
    ];
    for way in ways {
        let mut server = Fake::bent(LUW, &[9], way);
        let session = server.serve(who(PASSWORD), private(Security::Auto)).unwrap();
        assert_eq!(session.security.to_string(), "encrypted (SECMEC 9, DES)");
        assert_eq!(server.numbers(), [(9, Some(2)), (9, None)]);
        // Not because whoever answers says so, where others listen.
        let mut server = Fake::bent(LUW, &[9], way);
        let error = server.serve(who(PASSWORD), public(Security::Auto)).unwrap_err();
        assert!(matches!(&error, FlowError::Mechanism { cure: Some(cure), .. } if cure.contains("encrypted-des")));
        assert!(server.learned_nothing(PASSWORD));
        assert_eq!(server.numbers(), [(9, Some(2))]);
        let mut server = Fake::bent(LUW, &[9], way);
        assert!(server.serve(who(PASSWORD), public(Security::Encrypted(EncAlg::Aes))).is_err());
        assert!(server.learned_nothing(PASSWORD));
    }
    for (point, goes_on) in [(cp::PRMNSPRM, true), (cp::VALNSPRM, true), (cp::SYNTAXRM, false)] {
        let mut server = Fake { refuse: Some(point), ..Fake::new(LUW, &[9]) };
        assert_eq!(server.serve(who(PASSWORD), private(Security::Auto)).is_ok(), goes_on);
        let mut server = Fake { refuse: Some(point), ..Fake::new(LUW, &[9]) };
        let error = server.serve(who(PASSWORD), public(Security::Auto)).unwrap_err();
        assert!(matches!(error, FlowError::Mechanism { cure, .. } if cure.is_some() == goes_on));
        assert!(server.learned_nothing(PASSWORD));
    }
}

#[test]
fn a_server_that_plays_false_gets_no_proof() {
    let number = |prime: &str, less: u8| {
        let mut bytes = hex(prime);
        *bytes.last_mut().unwrap() -= less;
        bytes
    };
    for (algorithm, prime) in [(EncAlg::Des, PRIME_DES), (EncAlg::Aes, PRIME_AES)] {
        let length = algorithm.key_len();
        let mut bad: Vec<Option<Vec<u8>>> = [0, 1].map(|n| Some([vec![0; length - 1], vec![n]].concat())).into();
        bad.extend([1, 0].map(|less| Some(number(prime, less))));
        bad.extend([Some(vec![0xFF; length]), None, Some(Vec::new())]);
        bad.extend([1, length - 1, length + 1, 1000].map(|n| Some(vec![2; n])));
        for choice in [Security::Encrypted(algorithm), Security::EncryptedPassword(algorithm)] {
            for key in &bad {
                let key = key.clone();
                let length = key.as_ref().map(Vec::len);
                let mut server = Fake::bent(LUW, &[7, 9], move |_, reply| reply.sectkn = key.clone());
                assert!(server.serve(who(PASSWORD), private(choice)).is_err(), "{choice:?} {length:?}");
                assert!(server.learned_nothing(PASSWORD), "{choice:?} {length:?}");
            }
        }
    }
    for (class, level) in [("Apache Derby", None), ("QAS", Some(0)), ("QAS", Some(2)), ("QAS", Some(4))] {
        for seed in [None, Some(vec![]), Some(vec![1; 7]), Some(vec![1; 9])] {
            let mut server = Fake::bent(class, &[6, 8], move |_, reply| reply.sectkn = seed.clone());
            let policy = Policy { password_level: level, ..private(Security::Substitute) };
            assert!(server.serve(who("SECRET99"), policy).is_err(), "{class} {level:?}");
            assert!(server.learned_nothing("SECRET99"));
        }
    }
    // Another mechanism than the one asked for, as if it had been.
    for echoed in [3, 4, 5, 8, 13, 99] {
        let mut server = Fake::bent(LUW, &[9], move |_, reply| reply.secmecs = vec![echoed]);
        assert!(server.serve(who(PASSWORD), public(Security::Auto)).is_err(), "{echoed}");
        assert!(server.learned_nothing(PASSWORD));
    }
}

fn passwords() -> Vec<String> {
    let mut out: Vec<String> =
        ["", "x", "SECRET99", "SECRET999", "SECRET9990", "!^[]|#$@£§", "äöüÄÖÜß", " a b ", "123"]
            .map(String::from)
            .into();
    out.push("p".repeat(128));
    out
}

#[test]
fn every_password_arrives_as_it_is() {
    for utf8 in [false, true] {
        for password in passwords() {
            for (choice, algorithm) in [
                (Security::Password, None),
                (Security::Encrypted(EncAlg::Aes), Some(EncAlg::Aes)),
                (Security::Encrypted(EncAlg::Des), Some(EncAlg::Des)),
                (Security::EncryptedPassword(EncAlg::Aes), Some(EncAlg::Aes)),
                (Security::EncryptedPassword(EncAlg::Des), Some(EncAlg::Des)),
            ] {
                let mut server = Fake { utf8, ..Fake::new(LUW, &[3, 7, 9]) };
                server.serve(who(&password), private(choice)).unwrap();
                let [proof] = server.proofs.as_slice() else { panic!("one proof") };
                let (user, arrived) = match algorithm {
                    None => (proof.usrid.clone().unwrap(), proof.password.clone().unwrap().expose().to_owned()),
                    Some(algorithm) => {
                        let peer = server.asked[0].sectkn.clone().unwrap();
                        let mut cipher = Fake::key(algorithm).agree(&peer, Side::Server).unwrap();
                        if let Some(user) = &proof.usrid {
                            cipher = cipher.for_clear_user(&server.text().encode(user).unwrap());
                        }
                        let plain = |token: &Vec<u8>| server.text().decode(&cipher.decrypt(token).unwrap());
                        let user = proof.usrid.clone().unwrap_or_else(|| plain(&proof.sectkns[0]));
                        (user, plain(proof.sectkns.last().unwrap()))
                    }
                };
                assert_eq!((user.as_str(), &arrived), ("confidant", &password), "{choice:?} {utf8}");
                if password.len() > 1 && choice != Security::Password {
                    assert!(!shows(&server.received, &password), "{choice:?} {password}");
                }
            }
        }
    }
}

#[test]
fn substitutes_of_ibm_i_are_what_both_sides_make() {
    for (number, level) in [(0, PasswordLevel::Des), (2, PasswordLevel::Sha1), (4, PasswordLevel::Sha512)] {
        for password in ["x", "SECRET99", "SECRET999", "SECRET9990", "#$@_"] {
            let mut server = Fake::new("QAS", &[6, 8]);
            let policy = Policy { password_level: Some(number), ..public(Security::Substitute) };
            server.serve(who(password), policy).unwrap();
            let seeds = Seeds::new(server.asked[0].sectkn.as_ref().unwrap(), &[0x77; 8]).unwrap();
            let substitute = Substitute::IbmI(level);
            let proof = &server.proofs[0];
            assert_eq!(proof.secmec, substitute.mechanism().number());
            assert_eq!(proof.usrid.as_deref(), Some("CONFIDANT"));
            assert_eq!(proof.substitute, Some(substitute.make("CONFIDANT", password, &seeds).unwrap()));
            assert!(password.len() < 2 || !shows(&server.received, password));
        }
        // What cannot be a password there is not sent in any form.
        let mut server = Fake::new("QAS", &[6, 8]);
        let policy = Policy { password_level: Some(number), ..public(Security::Substitute) };
        assert!(server.serve(who(""), policy).is_err());
        assert!(server.proofs.is_empty());
    }
}

#[test]
fn below_level_two_a_password_has_no_case() {
    for (class, level, arrives) in
        [("QAS", Some(1), "Q12AB"), ("QAS", Some(2), "12ab"), ("QAS", None, "12ab"), (LUW, Some(0), "12ab")]
    {
        for (choice, encrypted) in [(Security::Password, false), (Security::Encrypted(EncAlg::Aes), true)] {
            let mut server = Fake::new(class, &[3, 9]);
            server.serve(who("12ab"), Policy { password_level: level, ..private(choice) }).unwrap();
            let proof = &server.proofs[0];
            let got = if encrypted {
                let peer = server.asked[0].sectkn.as_ref().unwrap();
                let cipher = Fake::key(EncAlg::Aes).agree(peer, Side::Server).unwrap();
                DdmText::Ebcdic.decode(&cipher.decrypt(&proof.sectkns[1]).unwrap())
            } else {
                proof.password.as_ref().unwrap().expose().to_owned()
            };
            assert_eq!(got, arrives, "{class} {level:?} {choice:?}");
        }
    }
}

#[test]
fn tickets_go_back_and_forth() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = heard.clone();
    let tokens = TokenSource::new(move |challenge| {
        ears.lock().unwrap().push(challenge.to_vec());
        Ok([b"token for ", challenge].concat())
    });
    let more =
        |token: &[u8]| SecChkRm { svrcod: 8, secchkcd: 0x19, sectkn: Some(token.to_vec()), ..SecChkRm::default() };
    let done = SecChkRm { sectkn: Some(b"proof".to_vec()), ..SecChkRm::default() };
    let ticket = Credentials { user: "me".to_owned(), tokens: Some(tokens.clone()), ..Credentials::default() };
    let mut server = Fake { verdicts: vec![more(b"one"), more(b"two"), done], ..Fake::new(LUW, &[11]) };
    let session = server.serve(ticket.clone(), public(Security::Kerberos)).unwrap();
    assert_eq!(session.security.to_string(), "Kerberos (SECMEC 11)");
    let sent: Vec<&[u8]> = server.proofs.iter().map(|p| p.sectkns[0].as_slice()).collect();
    assert_eq!(sent, [&b"token for "[..], b"token for one", b"token for two"]);
    assert_eq!(*heard.lock().unwrap(), [&b""[..], b"one", b"two", b"proof"]);
    // IBM i looks for it after SECCHK.
    for (choice, number) in [(Security::Kerberos, 11), (Security::ProfileToken, 16)] {
        let mut server = Fake::new("QAS", &[11, 16]);
        server.serve(ticket.clone(), private(choice)).unwrap();
        assert_eq!((server.proofs[0].secmec, server.proofs[0].sectkns.len()), (number, 0));
        assert_eq!((server.behind[0].cp, &server.behind[0].body[..]), (cp::SECTKN, &b"token for "[..]));
    }
    // A server that never has enough, and a source that has none.
    let mut server = Fake { verdicts: vec![more(b"x"); 50], ..Fake::new(LUW, &[11]) };
    let error = server.serve(ticket, public(Security::Kerberos)).unwrap_err();
    assert!(error.to_string().contains("8 times"), "{error}");
    let none = TokenSource::new(|_| Err("no ticket cache".into()));
    let without = Credentials { user: "me".to_owned(), tokens: Some(none), ..Credentials::default() };
    let error = Fake::new(LUW, &[11]).serve(without, public(Security::Kerberos)).unwrap_err();
    assert!(error.to_string().contains("no ticket cache"), "{error}");
}

#[test]
fn a_new_password_goes_the_way_of_the_old_one() {
    let renewed = Credentials { new_password: Some(Secret::new("N3w-one")), ..who(PASSWORD) };
    let mut server = Fake::new(LUW, &[10]);
    server.serve(renewed.clone(), public(Security::Auto)).unwrap();
    let cipher = Fake::key(EncAlg::Aes).agree(server.asked[0].sectkn.as_ref().unwrap(), Side::Server).unwrap();
    let tokens = &server.proofs[0].sectkns;
    let plain: Vec<String> = tokens.iter().map(|t| DdmText::Ebcdic.decode(&cipher.decrypt(t).unwrap())).collect();
    assert_eq!(plain, ["confidant", PASSWORD, "N3w-one"]);
    assert!(!shows(&server.received, PASSWORD) && !shows(&server.received, "N3w-one"));
    let mut server = Fake::new(LUW, &[5]);
    server.serve(renewed.clone(), private(Security::Auto)).unwrap();
    assert_eq!(server.proofs[0].newpassword, Some(Secret::new("N3w-one")));
    assert_eq!(server.numbers(), [(10, Some(2)), (5, None)]);
    // Not where it would be left out.
    let mut server = Fake::new("Apache Derby", &[3, 4, 8]);
    assert!(server.serve(renewed, private(Security::Auto)).is_err());
    assert!(server.learned_nothing(PASSWORD));
}

#[test]
fn an_additional_factor_is_for_ibm_i_alone() {
    let factor = Credentials { additional_factor: Some(Secret::new("123456")), ..who("SECRET99") };
    let policy = Policy { password_level: Some(3), ..private(Security::Substitute) };
    let mut server = Fake::new("QAS", &[8]);
    server.serve(factor.clone(), policy).unwrap();
    assert_eq!(server.proofs[0].factor, Some(Secret::new("123456")));
    let mut server = Fake::new("Apache Derby", &[8]);
    assert!(server.serve(factor.clone(), policy).is_err());
    assert!(server.learned_nothing("123456"));
    let mut server = Fake::new("QAS", &[8]);
    assert!(server.serve(factor, Policy { line: Line::default(), ..policy }).is_err());
    assert!(server.received.is_empty());
}

#[test]
fn verdicts_have_their_words() {
    for (code, words, state) in [
        (0x0E, "expired", "28000"),
        (0x0F, "wrong", "28000"),
        (0x13, "wrong", "28000"),
        (0x14, "revoked", "28000"),
        (0x15, "new password", "28000"),
        (0x19, "another security token", "28000"),
        (0x1B, "algorithm", "08001"),
    ] {
        let verdict = SecChkRm { svrcod: 8, secchkcd: code, ..SecChkRm::default() };
        let mut server = Fake { verdicts: vec![verdict], ..Fake::new(LUW, &[9]) };
        match server.serve(who(PASSWORD), public(Security::Auto)) {
            Err(FlowError::Login { words: got, sqlstate, .. }) => {
                assert!(got.contains(words), "{code:02X}: {got}");
                assert_eq!(sqlstate, state);
            }
            other => panic!("{code:02X}: {other:?}"),
        }
    }
}

#[test]
fn no_byte_of_one_mechanism_s_randomness_serves_another() {
    let mut server = Fake::bent(LUW, &[9], |asked, reply| {
        if !asked.encalgs.is_empty() {
            *reply = AccSecRd { secmecs: vec![9], secchkcd: Some(0x1B), ..AccSecRd::default() };
        }
    });
    server.serve(who(PASSWORD), private(Security::Auto)).unwrap();
    let drawn: Vec<u8> = (0..RANDOM).map(|i| 3 + i as u8).collect();
    let key = |algorithm, at: usize, n: usize| KeyPair::new(algorithm, &drawn[at..at + n]).unwrap().public().to_vec();
    let sent: Vec<_> = server.asked.iter().map(|a| a.sectkn.clone().unwrap()).collect();
    assert_eq!(sent, [key(EncAlg::Aes, 0, 64), key(EncAlg::Des, 64, 32)]);
}
