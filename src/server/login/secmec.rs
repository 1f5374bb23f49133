//! The answering side of the security mechanisms: what the server contributes by ACCSECRD, and
//! whether the proof in SECCHK holds. A name that is not known takes as long as a wrong password.

use super::access::LoginRules;
use super::state::LoginState;
use crate::flow::secmec::SecMec;
use crate::flow::secmec::agreement::{EncAlg, Side};
use crate::flow::secmec::family::Family;
use crate::flow::secmec::substitute::ibmi::PasswordLevel;
use crate::flow::secmec::substitute::{Seeds, Substitute};
use crate::flow::secmec::token::TokenCipher;
use crate::server::environment::Environment;
use crate::server::persona::Persona;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::wire::ddm::accsec::{AccSec, AccSecRd};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::secchk::{SecChk, Secret};

/// Verdicts on a login (SECCHKCD).
pub(super) mod verdict {
    pub(in crate::server::login) const ACCEPTED: u8 = 0x00;
    pub(in crate::server::login) const MECHANISM: u8 = 0x01;
    /// The peer may try again.
    pub(in crate::server::login) const LATER: u8 = 0x09;
    pub(super) const TOKEN: u8 = 0x0B;
    pub(super) const NO_PASSWORD: u8 = 0x10;
    pub(super) const NO_USER: u8 = 0x12;
    /// The certificate is not that of this user.
    pub(super) const NOT_PERMITTED: u8 = 0x16;
    pub(super) const ALGORITHM: u8 = 0x1B;
}

/// Stands for the password of a user that is not known.
pub(super) const UNKNOWN_USER: &str = "?";

/// ACCSECRD for a mechanism that is offered.
pub(super) fn contribute(state: &mut LoginState, rules: &LoginRules, asked: &AccSec) -> Result<AccSecRd> {
    let mut answer = AccSecRd { secmecs: vec![asked.secmec], ..AccSecRd::default() };
    state.agreed = None;
    state.seeds = None;
    let mechanism = SecMec::from_number(asked.secmec);
    if matches!(mechanism, Some(SecMec::UserSubstitute | SecMec::UserStrongSubstitute)) {
        answer.sectkn = Some(state.random.seed().to_vec());
        state.seeds = Seeds::new(asked.sectkn.as_deref().unwrap_or_default(), state.random.seed()).ok();
        if state.seeds.is_none() {
            answer.secchkcd = Some(verdict::TOKEN);
        }
    } else if mechanism.is_some_and(SecMec::agrees_on_a_key) {
        // The key that came belongs to one of the algorithms that are named; to DES where none is.
        let length = asked.sectkn.as_ref().map_or(0, Vec::len);
        let named = asked.encalgs.iter().filter_map(|number| EncAlg::from_number(*number));
        let algorithm = match asked.encalgs.as_slice() {
            [] => Some(EncAlg::Des),
            [one] => EncAlg::from_number(*one),
            _ => named.into_iter().find(|algorithm| algorithm.key_len() == length),
        };
        let Some(algorithm) = algorithm.filter(|a| *a != EncAlg::Des || !is_exposed(state, rules)) else {
            answer.secchkcd = Some(verdict::ALGORITHM);
            return Ok(answer);
        };
        let Some(peer) = asked.sectkn.clone() else {
            return Err(ProtocolError::syntax(synerrcd::MISSING, Some(cp::SECTKN)));
        };
        answer.sectkn = Some(state.key(algorithm)?.public().to_vec());
        answer.encalgs = asked.encalgs.iter().copied().filter(|number| *number == algorithm.number()).collect();
        state.agreed = Some((algorithm, peer));
    }
    Ok(answer)
}

/// Listeners read what the peer sends, and nobody has said that passwords may travel so.
pub(super) fn is_exposed(state: &LoginState, rules: &LoginRules) -> bool {
    !state.line.private && !rules.allow_cleartext_password
}

/// True for a mechanism that tells a listener the password: in clear, or so that it is found out in no time.
pub(super) fn reveals_password(mechanism: u16, persona: &Persona) -> bool {
    match SecMec::from_number(mechanism) {
        Some(SecMec::UserPassword | SecMec::UserSubstitute) => true,
        // Only a few bits of each character count.
        Some(SecMec::UserStrongSubstitute) => family(persona) == Family::Derby,
        _ => false,
    }
}

/// The user, or why the proof does not hold; in both cases who was `claimed`, as far as that could be read.
pub(super) fn prove(
    state: &mut LoginState,
    env: &Environment,
    rules: &LoginRules,
    proof: &SecChk,
    claimed: &mut String,
) -> std::result::Result<String, u8> {
    let mechanism = SecMec::from_number(state.secmec).ok_or(verdict::TOKEN)?;
    let (user, password) = claimed_identity(state, env, mechanism, proof)?;
    claimed.clone_from(&user);
    if user.is_empty() {
        return Err(verdict::NO_USER);
    }
    let ibm_i = family(&env.persona) == Family::IbmI;
    // Before the password is looked at: whoever may not be this user cannot try any.
    if !rules.certificate_users.admits(state.holder.as_ref(), &user, ibm_i) {
        return Err(verdict::NOT_PERMITTED);
    }
    let Some(found) = rules.access.find(&user, ibm_i) else { return Ok(user) };
    let known = found.map_or(UNKNOWN_USER, |(_, password)| password.expose());
    let right = if matches!(mechanism, SecMec::UserSubstitute | SecMec::UserStrongSubstitute) {
        let (substitute, given) = substitute(mechanism, &env.persona, proof)?;
        let asked = match substitute {
            Substitute::IbmI(level) => PasswordLevel::from_number(rules.password_level) == Some(level),
            Substitute::Derby => true,
        };
        let seeds = state.seeds.as_ref().ok_or(verdict::TOKEN)?;
        // A password that such a substitute cannot be made of is not the right one.
        asked && substitute.make(&user, known, seeds).is_ok_and(|right| same(given, &right))
    } else {
        let given = password.ok_or(verdict::NO_PASSWORD)?;
        // JTOpen fills a password up with blanks.
        let plain = |text: &str| if ibm_i { text.trim_end_matches(' ').len() } else { text.len() };
        let bytes = |text: &'_ str| text.as_bytes().get(..plain(text)).unwrap_or_default().to_vec();
        same(&zeroize::Zeroizing::new(bytes(given.expose())), &zeroize::Zeroizing::new(bytes(known)))
    };
    match found {
        Some((name, _)) if right => Ok(name.clone()),
        _ => Err(env.persona.bad_login),
    }
}

/// Who it claims to be, and the password where the mechanism carries it.
fn claimed_identity(
    state: &mut LoginState,
    env: &Environment,
    mechanism: SecMec,
    proof: &SecChk,
) -> std::result::Result<(String, Option<Secret>), u8> {
    if !mechanism.agrees_on_a_key() {
        return Ok((proof.usrid.clone().ok_or(verdict::NO_USER)?, proof.password.clone()));
    }
    let (algorithm, peer) = state.agreed.take().ok_or(verdict::TOKEN)?;
    let key = state.key(algorithm).map_err(|_| verdict::TOKEN)?;
    let cipher = key.agree(&peer, Side::Server).map_err(|_| verdict::TOKEN)?;
    let text = env.text;
    let plain = |cipher: &TokenCipher, token: &[u8]| {
        cipher.decrypt(token).map(|plain| text.decode(&plain)).map_err(|_| verdict::TOKEN)
    };
    match (mechanism, proof.sectkns.as_slice()) {
        (SecMec::UserEncryptedPassword, [password]) => {
            let user = proof.usrid.clone().ok_or(verdict::NO_USER)?;
            let cipher = cipher.for_clear_user(&text.encode(&user).map_err(|_| verdict::NO_USER)?);
            Ok((user, Some(Secret::new(plain(&cipher, password)?))))
        }
        (SecMec::EncryptedUserPassword, [user, password]) => {
            let user = plain(&cipher, user)?.trim_end_matches(' ').to_owned();
            Ok((user, Some(Secret::new(plain(&cipher, password)?))))
        }
        _ => Err(verdict::TOKEN),
    }
}

/// The substitute that a proof brings, with its kind: a weaker one, of which capitals and small letters are the same,
/// proves nothing above its level.
fn substitute<'a>(
    mechanism: SecMec,
    persona: &Persona,
    proof: &'a SecChk,
) -> std::result::Result<(Substitute, &'a [u8]), u8> {
    let (substitute, given) = match (family(persona), proof.sectkns.as_slice(), &proof.substitute) {
        (Family::Derby, [token], None) => (Substitute::Derby, token.as_slice()),
        (Family::IbmI, [], Some(given)) => {
            let level = PasswordLevel::from_length(given.len()).ok_or(verdict::TOKEN)?;
            (Substitute::IbmI(level), given.as_slice())
        }
        _ => return Err(verdict::TOKEN),
    };
    if substitute.mechanism() == mechanism { Ok((substitute, given)) } else { Err(verdict::TOKEN) }
}

fn family(persona: &Persona) -> Family {
    Family::of_class(persona.class)
}

/// Compares in a time that does not tell where the first difference is.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}
