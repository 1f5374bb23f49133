//! The answering side of a login: EXCSAT, ACCSEC, SECCHK, ACCRDB. A mechanism that the persona
//! does not offer is answered with those that it does; a wrong password ends the connection.

use super::access::Access;
use super::access::LoginRules;
use super::secmec::{contribute, is_exposed, prove, reveals_password, verdict};
use super::state::{LoginState, Stage};
use crate::server::backend::{Backend, ConnectError, Engines, Login, Session};
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::persona::{Offer, Persona, Utf8};
use crate::server::protocol_error::{ProtocolError, Result, prccnvcd, synerrcd};
use crate::server::request::{After, Replies, Request};
use crate::server::sql::special_register::READ_COMMITTED;
use crate::wire::ddm::accsec::{AccSec, AccSecRd};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::excsat::{ATTRIBUTES, ExcSat, ExcSatRd, UTF8_LEVEL};
use crate::wire::ddm::object::params;
use crate::wire::ddm::rdbname;
use crate::wire::ddm::secchk::{SecChk, SecChkRm};
use crate::wire::ddm::text::DdmText;
use crate::wire::sql::accrdb::{AccRdb, AccRdbRm, Pbsd, ServerAddress};
use crate::wire::sql::sqlca::Sqlca;
use std::sync::Arc;

/// The name that a server gives itself.
const NAME: &str = "drdarrow";
/// SECMEC of a user id without a password.
const USER_ONLY: u16 = 4;
/// ENCALG of AES.
const AES: u16 = 2;

/// EXCSAT: who the server is, and the levels of its managers.
pub(in crate::server) fn excsat(
    state: &mut LoginState,
    env: &mut Environment,
    request: &Request,
    out: &mut Replies<'_>,
) -> Result<After> {
    let asked = ExcSat::decode(&request.command.body, env.text)?;
    let first = state.stage == Stage::Start;
    let points = attributes_for(request, first, &env.persona);
    let was = env.text;
    let mut managers = Vec::with_capacity(asked.managers.len());
    for (manager, level) in asked.managers {
        let ours = match (manager, env.persona.utf8) {
            (cp::UNICODEMGR, Utf8::Unicodemgr) if first && level == UTF8_LEVEL => {
                state.utf8_next = true;
                UTF8_LEVEL
            }
            // The rest of this chain is in UTF-8 already. (Measured: IBM's CLI driver.)
            (cp::CCSIDMGR, Utf8::Ccsidmgr) if !first && level == UTF8_LEVEL => {
                env.text = DdmText::Utf8;
                UTF8_LEVEL
            }
            _ => env.persona.level(manager, level),
        };
        if manager == cp::SQLAM && first {
            env.sqlam = ours;
        }
        if manager == cp::XAMGR && first {
            env.xa = ours > 0;
        }
        managers.push((manager, ours));
    }
    if env.persona.own_order {
        let levels = env.persona.levels;
        managers.sort_by_key(|(manager, _)| levels.iter().position(|(m, _)| m == manager).unwrap_or(levels.len()));
    }
    let answer = ExcSatRd {
        extnam: Some(env.persona.job.to_owned()),
        managers,
        srvclsnm: Some(env.persona.class.to_owned()),
        srvnam: Some(NAME.to_owned()),
        srvrlslv: Some(env.persona.release.to_owned()),
    };
    out.object(&answer.encode_only(&points, was)?);
    if first {
        state.stage = Stage::Exchanged;
    }
    Ok(After::Next)
}

/// The parameters of the answer to an EXCSAT.
fn attributes_for(request: &Request, first: bool, persona: &Persona) -> Vec<CodePoint> {
    let asked = || params(&request.command.body).filter_map(|p| p.ok().map(|(point, _)| point)).collect();
    if persona.own_order || !first && persona.answers_asked { asked() } else { ATTRIBUTES.to_vec() }
}

/// ACCSEC: the mechanism, or those that are offered.
pub(in crate::server) fn accsec(
    state: &mut LoginState,
    env: &mut Environment,
    rules: &LoginRules,
    request: &Request,
    out: &mut Replies<'_>,
) -> Result<After> {
    if !matches!(state.stage, Stage::Exchanged | Stage::Security) {
        return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER));
    }
    state.count_accsec()?;
    let asked = AccSec::decode(&request.command.body, env.text)?;
    // The name may be in either encoding: Derby's client writes EBCDIC here whatever was agreed.
    let other = AccSec::decode(&request.command.body, DdmText::Utf8)?;
    state.announced = [&asked, &other].iter().filter_map(|a| a.rdbnam.clone()).collect();
    let offered = offered(state, rules, &env.persona);
    if !offered.contains(&asked.secmec) {
        let Offer { form, secchkcd, encalgs } = env.persona.offer;
        let secchkcd = secchkcd.then_some(verdict::MECHANISM);
        let mut encalgs = match offered.as_slice() {
            // IBM's client for Java takes a list of one only with the algorithm after it. (Measured.)
            [9] if env.persona.files => vec![AES],
            offered if offered.iter().any(|m| matches!(m, 7 | 9)) => encalgs.to_vec(),
            _ => Vec::new(),
        };
        encalgs.retain(|number| *number == AES || !is_exposed(state, rules));
        // IBM's CLI driver goes by the first of the list: the one that it asked for. (Measured.)
        encalgs.sort_by_key(|number| !asked.encalgs.contains(number));
        let answer = AccSecRd { secmecs: offered, encalgs, secchkcd, form, ..AccSecRd::default() };
        out.object(&answer.encode(env.text)?);
        return Ok(After::Next);
    }
    let answer = contribute(state, rules, &asked)?;
    state.secmec = asked.secmec;
    state.stage = Stage::Security;
    out.object(&answer.encode(env.text)?);
    if std::mem::take(&mut state.utf8_next) {
        env.text = DdmText::Utf8;
    }
    Ok(After::Next)
}

/// SECCHK: the proof of the requester.
pub(in crate::server) fn secchk(
    state: &mut LoginState,
    env: &Environment,
    rules: &LoginRules,
    request: &Request,
    out: &mut Replies<'_>,
) -> Result<After> {
    if state.stage != Stage::Security {
        return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER));
    }
    let proof = SecChk::decode(&request.command.body, env.text)?;
    if proof.secmec != state.secmec {
        return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER));
    }
    if proof.rdbnam.as_ref().is_some_and(|name| !state.is_announced(name)) {
        return Err(ProtocolError::order(prccnvcd::RDBNAM));
    }
    let mut claimed = String::new();
    let proved = match state.too_many_waiting {
        true => Err(verdict::LATER),
        false => prove(state, env, rules, &proof, &mut claimed),
    };
    let (user, secchkcd) = match proved {
        Ok(user) => (user, verdict::ACCEPTED),
        Err(code) => (String::new(), code),
    };
    let accepted = secchkcd == verdict::ACCEPTED;
    let svrcod = if accepted { 0 } else { 8 };
    out.reply(&SecChkRm { svrcod, secchkcd, ..SecChkRm::default() }.encode(env.text)?);
    let peer = state.line.peer;
    if state.too_many_waiting {
        tracing::warn!(%peer, "login refused: too many of this address wait");
        return Ok(After::Close);
    }
    if !accepted {
        state.pause = rules.failures.failed(peer.ip(), &claimed, secchkcd.into());
        return Ok(After::Close);
    }
    tracing::info!(%peer, ?user, mechanism = state.secmec, "logged in");
    state.prove(user);
    Ok(After::Next)
}

/// The mechanisms that this peer may use.
fn offered(state: &LoginState, rules: &LoginRules, persona: &Persona) -> Vec<u16> {
    // A user id alone proves nothing where passwords are asked for.
    let open = matches!(rules.access, Access::Anyone);
    let exposed = is_exposed(state, rules);
    let shut = |mechanism: u16| mechanism == USER_ONLY && !open || exposed && reveals_password(mechanism, persona);
    persona.secmecs.iter().copied().filter(|mechanism| !shut(*mechanism)).collect()
}

/// Facts for the requester that has opened a database.
pub(in crate::server) struct Told<'a> {
    /// The token by which it can be interrupted.
    pub(in crate::server) rdbinttkn: Option<Vec<u8>>,
    /// Other addresses of the database.
    pub(in crate::server) servers: &'a [ServerAddress],
}

/// ACCRDB: opens the database. Gives the engine's session, and its engine for more of them; none where it refuses, and the
/// connection ends. `told` is what the requester is told beside that it is open.
pub(in crate::server) fn accrdb(
    state: &LoginState,
    env: &mut Environment,
    engines: &Engines,
    told: Told<'_>,
    request: &Request,
    out: &mut Replies<'_>,
) -> Result<Option<Opened>> {
    if state.stage != Stage::Proved {
        return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER));
    }
    let asked = AccRdb::decode(&request.command.body, env.text)?;
    if env.persona.demanded_prdid.is_some_and(|start| !asked.prdid.starts_with(start)) {
        return Err(ProtocolError::syntax(synerrcd::VALUE, Some(cp::PRDID)));
    }
    if asked.rdbacccl != cp::SQLAM || env.sqlam == 0 {
        return Err(ProtocolError::unsupported(cp::VALNSPRM, cp::RDBACCCL));
    }
    if !state.is_announced(&asked.rdbnam.0) {
        return Err(ProtocolError::order(prccnvcd::RDBNAM));
    }
    // Attributes of Derby may follow the name, secrets among them: nobody here has a use for them.
    env.rdbnam = rdbname::shown(&asked.rdbnam.0).to_owned();
    env.theirs = asked.typdef();
    let login = Login { user: state.user.clone(), database: env.rdbnam.clone(), read_only: false };
    let backend = if asked.rdbalwupd == Some(false) { &engines.reading } else { &engines.changing };
    let session = match backend.connect(&login) {
        Ok(session) => session,
        Err(e) => {
            let (message, error) = match e {
                ConnectError::NoDatabase => (cp::RDBNFNRM, SqlError::new(-30061, "08004", &[env.rdbnam.trim_end()])),
                ConnectError::NotAuthorised => (cp::RDBATHRM, SqlError::new(-30060, "08004", &[&state.user, ""])),
                ConnectError::Failed(e) => (cp::RDBAFLRM, e),
            };
            out.reply(&env.database_reply(message).encode(env.text)?);
            env.card(Some(&env.sqlca(&error)), out)?;
            return Ok(None);
        }
    };
    let persona = &env.persona;
    let usrid = (asked.trgdftrt == Some(true) && !persona.session_data).then(|| state.user.clone());
    let Told { rdbinttkn, servers } = told;
    let answer =
        AccRdbRm { usrid, rdbinttkn, srvlst: servers.to_vec(), ..AccRdbRm::new(persona.prdid, persona.typdef) };
    out.reply(&answer.encode(env.text).map_err(ProtocolError::ours)?);
    if persona.session_card {
        env.card(Some(&session_card(state, env)), out)?;
    }
    if persona.session_data {
        let pbsd = Pbsd { isolation: Some(READ_COMMITTED), schema: Some(state.user.to_uppercase()) };
        out.reply(&pbsd.encode(env.text).map_err(ProtocolError::ours)?);
    }
    Ok(Some(Opened { session, backend: backend.clone(), login }))
}

/// An open database.
pub(in crate::server) struct Opened {
    pub session: Box<dyn Session>,
    /// The engine, as far as this requester may use it.
    pub backend: Arc<dyn Backend>,
    pub login: Login,
}

/// Db2 for LUW's description of a session just begun: territory, page, authorization id, database, class,
/// agent, partitions and more. (Measured by others: Db2 LUW 8.2; Informix 15 has the same form.)
fn session_card(state: &LoginState, env: &Environment) -> Sqlca {
    let page = env.persona.typdef.sbc.to_string();
    let user = format!("{:<8}", state.user.to_uppercase());
    let (database, class) = (env.rdbnam.trim_end(), env.persona.class);
    let tokens = ["1", &page, &user, database, class, "1", "1", "0", &page, "0", ""];
    let mut sqlca = env.sqlca(&SqlError::new(0, env.persona.success, &tokens));
    sqlca.errd = [-1, 2, 0, 3, 0, 0];
    sqlca
}

#[cfg(test)]
mod tests {
    use super::super::access::CertificateUsers;
    use super::super::failed_logins::FailedLogins;
    use super::super::state::PeerLine;
    use super::*;
    use crate::flow::secmec::random::{RANDOM, Random};
    use crate::server::persona::{DERBY, IBMI, LUW, ZOS};
    use std::time::Duration;

    #[test]
    fn what_listeners_can_read_is_offered_on_private_lines_only() {
        let users = || Access::users([("app".to_owned(), "secret".to_owned())]);
        let state =
            |peer: &str, tls| LoginState::new(PeerLine::new(peer.parse().unwrap(), tls), Random::new([7; RANDOM]));
        let rules = |access, allow_cleartext_password| {
            let failures = FailedLogins::new(Duration::ZERO);
            let certificate_users = CertificateUsers::Any;
            LoginRules { access, certificate_users, password_level: 2, allow_cleartext_password, failures }
        };
        let elsewhere = ["198.51.100.7:999", "[2001:db8::1]:999", "[::ffff:198.51.100.7]:999"];
        let here = ["127.0.0.1:999", "127.8.8.8:999", "[::1]:999", "[::ffff:127.0.0.1]:999"];
        let des = AccSec { secmec: 9, sectkn: Some(vec![2; 32]), ..AccSec::default() };
        for (persona, private, open) in [
            (&LUW, &[9, 7, 3][..], &[9, 7][..]),
            (&ZOS, &[9, 7, 3], &[9, 7]),
            (&IBMI, &[9, 8, 6, 3], &[9, 8]),
            (&DERBY, &[3, 8], &[]),
        ] {
            let offered = |peer: &str, tls, allowed| offered(&state(peer, tls), &rules(users(), allowed), persona);
            for peer in elsewhere {
                assert_eq!(offered(peer, false, false), open, "{} {peer}", persona.name);
                assert_eq!(offered(peer, true, false), private, "{} {peer}", persona.name);
                assert_eq!(offered(peer, false, true), private, "{} {peer}", persona.name);
            }
            for peer in here {
                assert_eq!(offered(peer, false, false), private, "{} {peer}", persona.name);
            }
            // Where nobody is asked for a password, names will do.
            let names = super::offered(&state(elsewhere[0], false), &rules(Access::Anyone, false), persona);
            assert_eq!(names, [open, &[4]].concat(), "{}", persona.name);
            if private.contains(&9) {
                let answer = |peer| contribute(&mut state(peer, false), &rules(users(), false), &des).unwrap();
                let (refused, taken) = (answer(elsewhere[0]), answer(here[0]));
                assert_eq!((refused.secchkcd, refused.sectkn), (Some(0x1B), None));
                assert!(taken.secchkcd.is_none() && taken.sectkn.is_some());
            }
        }
    }
}
