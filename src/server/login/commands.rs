//! The answering side of a login: EXCSAT, ACCSEC, SECCHK, ACCRDB. A mechanism that the persona
//! does not offer is answered with those that it does; a wrong password ends the connection.

use super::access::Access;
use super::secmec::verdict;
use crate::server::backend::{ConnectError, Login};
use crate::server::conversation::{After, Conversation, Out, Request, Stage};
use crate::server::error::SqlError;
use crate::server::file::job::Job;
use crate::server::persona::{Offer, Utf8};
use crate::server::protocol_error::{ProtocolError, Result, prccnvcd, synerrcd};
use crate::server::sql::special_register::READ_COMMITTED;
use crate::wire::ddm::accsec::{AccSec, AccSecRd};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::excsat::{ATTRIBUTES, ExcSat, ExcSatRd, UTF8_LEVEL};
use crate::wire::ddm::object::params;
use crate::wire::ddm::rdbname;
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::secchk::{SecChk, SecChkRm};
use crate::wire::ddm::text::DdmText;
use crate::wire::sql::accrdb::{AccRdb, AccRdbRm, Pbsd};
use crate::wire::sql::sqlca::Sqlca;

/// The name that a server gives itself.
const NAME: &str = "drdarrow";
/// SECMEC of a user id without a password.
const USER_ONLY: u16 = 4;
/// ENCALG of AES.
const AES: u16 = 2;

impl Conversation {
    pub(in crate::server) fn excsat(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let asked = ExcSat::decode(&request.command.body, self.text)?;
        let points = self.attributes_for(request);
        let first = self.stage == Stage::Start;
        let was = self.text;
        let mut managers = Vec::with_capacity(asked.managers.len());
        for (manager, level) in asked.managers {
            let ours = match (manager, self.persona.utf8) {
                (cp::UNICODEMGR, Utf8::Unicodemgr) if first && level == UTF8_LEVEL => {
                    self.utf8_next = true;
                    UTF8_LEVEL
                }
                // The rest of this chain is in UTF-8 already. (Measured: IBM's CLI driver.)
                (cp::CCSIDMGR, Utf8::Ccsidmgr) if !first && level == UTF8_LEVEL => {
                    self.text = DdmText::Utf8;
                    UTF8_LEVEL
                }
                _ => self.persona.level(manager, level),
            };
            if manager == cp::SQLAM && first {
                self.sqlam = ours;
            }
            managers.push((manager, ours));
        }
        if self.persona.own_order {
            let levels = self.persona.levels;
            managers.sort_by_key(|(manager, _)| levels.iter().position(|(m, _)| m == manager).unwrap_or(levels.len()));
        }
        let answer = ExcSatRd {
            extnam: Some(self.persona.job.to_owned()),
            managers,
            srvclsnm: Some(self.persona.class.to_owned()),
            srvnam: Some(NAME.to_owned()),
            srvrlslv: Some(self.persona.release.to_owned()),
        };
        out.object(&answer.encode_only(&points, was)?);
        if first {
            self.stage = Stage::Exchanged;
        }
        Ok(After::Next)
    }

    /// The parameters of the answer to an EXCSAT.
    fn attributes_for(&self, request: &Request) -> Vec<CodePoint> {
        let asked = || params(&request.command.body).filter_map(|p| p.ok().map(|(point, _)| point)).collect();
        let later = self.stage != Stage::Start;
        if self.persona.own_order || later && self.persona.answers_asked { asked() } else { ATTRIBUTES.to_vec() }
    }

    pub(in crate::server) fn accsec(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        if !matches!(self.stage, Stage::Exchanged | Stage::Security) {
            return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER));
        }
        self.entry.asks()?;
        let asked = AccSec::decode(&request.command.body, self.text)?;
        // The name may be in either encoding: Derby's client writes EBCDIC here whatever was agreed.
        let other = AccSec::decode(&request.command.body, DdmText::Utf8)?;
        self.announced = [&asked, &other].iter().filter_map(|a| a.rdbnam.clone()).collect();
        let offered = self.offered();
        if !offered.contains(&asked.secmec) {
            let Offer { form, secchkcd, encalgs } = self.persona.offer;
            let secchkcd = secchkcd.then_some(verdict::MECHANISM);
            let mut encalgs = match offered.as_slice() {
                // IBM's client for Java takes a list of one only with the algorithm after it. (Measured.)
                [9] if self.persona.files => vec![AES],
                offered if offered.iter().any(|m| matches!(m, 7 | 9)) => encalgs.to_vec(),
                _ => Vec::new(),
            };
            encalgs.retain(|number| *number == AES || !self.overheard());
            // IBM's CLI driver goes by the first of the list: the one that it asked for. (Measured.)
            encalgs.sort_by_key(|number| !asked.encalgs.contains(number));
            let answer = AccSecRd { secmecs: offered, encalgs, secchkcd, form, ..AccSecRd::default() };
            out.object(&answer.encode(self.text)?);
            return Ok(After::Next);
        }
        let answer = self.contribute(&asked)?;
        self.secmec = asked.secmec;
        self.stage = Stage::Security;
        out.object(&answer.encode(self.text)?);
        if std::mem::take(&mut self.utf8_next) {
            self.text = DdmText::Utf8;
        }
        Ok(After::Next)
    }

    pub(in crate::server) fn secchk(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        if self.stage != Stage::Security {
            return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER));
        }
        let proof = SecChk::decode(&request.command.body, self.text)?;
        if proof.secmec != self.secmec {
            return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER));
        }
        if proof.rdbnam.as_ref().is_some_and(|name| !self.is_announced(name)) {
            return Err(ProtocolError::order(prccnvcd::RDBNAM));
        }
        let mut claimed = String::new();
        let proved = match self.entry.too_many_waiting {
            true => Err(verdict::LATER),
            false => self.prove(&proof, &mut claimed),
        };
        let (user, secchkcd) = match proved {
            Ok(user) => (user, verdict::ACCEPTED),
            Err(code) => (String::new(), code),
        };
        let accepted = secchkcd == verdict::ACCEPTED;
        let svrcod = if accepted { 0 } else { 8 };
        out.reply(&SecChkRm { svrcod, secchkcd, ..SecChkRm::default() }.encode(self.text)?);
        let peer = self.entry.line.peer;
        if self.entry.too_many_waiting {
            tracing::warn!(%peer, "login refused: too many of this address wait");
            return Ok(After::Close);
        }
        if !accepted {
            self.entry.pause = self.shared.failures.failed(peer.ip(), &claimed, secchkcd.into());
            return Ok(After::Close);
        }
        tracing::info!(%peer, ?user, mechanism = self.secmec, "logged in");
        self.user = user;
        self.stage = Stage::Proved;
        let files = self.shared.files.clone().filter(|_| self.persona.files);
        self.job = files.map(|files| Job::new(files, self.shared.read_only));
        Ok(After::Next)
    }

    /// The mechanisms that this peer may use.
    fn offered(&self) -> Vec<u16> {
        // A user id alone proves nothing where passwords are asked for.
        let open = matches!(self.shared.access, Access::Anyone);
        let shut = |mechanism: u16| mechanism == USER_ONLY && !open || self.overheard() && self.is_readable(mechanism);
        self.persona.secmecs.iter().copied().filter(|mechanism| !shut(*mechanism)).collect()
    }

    /// True for the database that ACCSEC named, if it named one.
    fn is_announced(&self, name: &str) -> bool {
        self.announced.is_empty() || self.announced.iter().any(|known| known == name)
    }

    pub(in crate::server) fn accrdb(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        match self.stage {
            Stage::Proved => {}
            Stage::Open => {
                let again = Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(cp::RDBACCRM) };
                return Err(ProtocolError::reply(again));
            }
            _ => return Err(ProtocolError::order(prccnvcd::SECURITY_ORDER)),
        }
        let asked = AccRdb::decode(&request.command.body, self.text)?;
        if self.persona.demanded_prdid.is_some_and(|start| !asked.prdid.starts_with(start)) {
            return Err(ProtocolError::syntax(synerrcd::VALUE, Some(cp::PRDID)));
        }
        if asked.rdbacccl != cp::SQLAM || self.sqlam == 0 {
            return Err(ProtocolError::unsupported(cp::VALNSPRM, cp::RDBACCCL));
        }
        if !self.is_announced(&asked.rdbnam.0) {
            return Err(ProtocolError::order(prccnvcd::RDBNAM));
        }
        // Attributes of Derby may follow the name, secrets among them: nobody here has a use for them.
        self.rdbnam = rdbname::shown(&asked.rdbnam.0).to_owned();
        self.theirs = asked.typdef();
        let login = Login { user: self.user.clone(), database: self.rdbnam.clone() };
        match self.shared.backend.connect(&login) {
            Ok(mut session) => {
                session.hold(&self.budget);
                self.session = Some(session);
            }
            Err(e) => {
                let (message, error) = match e {
                    ConnectError::NoDatabase => {
                        (cp::RDBNFNRM, SqlError::new(-30061, "08004", &[self.rdbnam.trim_end()]))
                    }
                    ConnectError::NotAuthorised => (cp::RDBATHRM, SqlError::new(-30060, "08004", &[&self.user, ""])),
                    ConnectError::Failed(e) => (cp::RDBAFLRM, e),
                };
                let refusal = Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(message) };
                out.reply(&refusal.encode(self.text)?);
                self.card(Some(&self.sqlca(&error)), out)?;
                return Ok(After::Close);
            }
        }
        self.stage = Stage::Open;
        let usrid = (asked.trgdftrt == Some(true) && !self.persona.session_data).then(|| self.user.clone());
        let answer = AccRdbRm { usrid, ..AccRdbRm::new(self.persona.prdid, self.persona.typdef) };
        out.reply(&answer.encode(self.text).map_err(ProtocolError::ours)?);
        if self.persona.session_card {
            self.card(Some(&self.session_told()), out)?;
        }
        if self.persona.session_data {
            let state = Pbsd { isolation: Some(READ_COMMITTED), schema: Some(self.user.to_uppercase()) };
            out.reply(&state.encode(self.text).map_err(ProtocolError::ours)?);
        }
        Ok(After::Next)
    }

    /// Db2 for LUW's description of a session just begun: territory, page, authorization id, database, class,
    /// agent, partitions and more. (Measured by others: Db2 LUW 8.2; Informix 15 has the same form.)
    fn session_told(&self) -> Sqlca {
        let page = self.persona.typdef.sbc.to_string();
        let user = format!("{:<8}", self.user.to_uppercase());
        let (database, class) = (self.rdbnam.trim_end(), self.persona.class);
        let tokens = ["1", &page, &user, database, class, "1", "1", "0", &page, "0", ""];
        let mut sqlca = self.sqlca(&SqlError::new(0, self.persona.success, &tokens));
        sqlca.errd = [-1, 2, 0, 3, 0, 0];
        sqlca
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::secmec::random::{RANDOM, Random};
    use crate::server::login::entry::PeerLine;
    use crate::server::persona::{DERBY, IBMI, LUW, Persona, ZOS};
    use crate::server::settings::ServerSettings;
    use crate::server::shared::ServerShared;
    use crate::server::table::MemoryTables;
    use std::sync::Arc;

    fn conversation(persona: &'static Persona, access: Access, peer: &str, tls: bool, allowed: bool) -> Conversation {
        let settings =
            ServerSettings { persona, access, allow_cleartext_password: allowed, ..ServerSettings::default() };
        let shared = ServerShared::new(&settings, Arc::new(persona.clone()), Arc::new(MemoryTables::new()));
        Conversation::new(Arc::new(shared), Random::new([7; RANDOM]), PeerLine::new(peer.parse().unwrap(), tls))
    }

    #[test]
    fn what_listeners_can_read_is_offered_on_private_lines_only() {
        let users = || Access::users([("app".to_owned(), "secret".to_owned())]);
        let elsewhere = ["198.51.100.7:999", "[2001:db8::1]:999", "[::ffff:198.51.100.7]:999"];
        let here = ["127.0.0.1:999", "127.8.8.8:999", "[::1]:999", "[::ffff:127.0.0.1]:999"];
        let des = AccSec { secmec: 9, sectkn: Some(vec![2; 32]), ..AccSec::default() };
        for (persona, private, open) in [
            (&LUW, &[9, 7, 3][..], &[9, 7][..]),
            (&ZOS, &[9, 7, 3], &[9, 7]),
            (&IBMI, &[9, 8, 6, 3], &[9, 8]),
            (&DERBY, &[3, 8], &[]),
        ] {
            let offered = |peer: &str, tls, allowed| conversation(persona, users(), peer, tls, allowed).offered();
            for peer in elsewhere {
                assert_eq!(offered(peer, false, false), open, "{} {peer}", persona.name);
                assert_eq!(offered(peer, true, false), private, "{} {peer}", persona.name);
                assert_eq!(offered(peer, false, true), private, "{} {peer}", persona.name);
            }
            for peer in here {
                assert_eq!(offered(peer, false, false), private, "{} {peer}", persona.name);
            }
            // Where nobody is asked for a password, names will do.
            let names = conversation(persona, Access::Anyone, elsewhere[0], false, false).offered();
            assert_eq!(names, [open, &[4]].concat(), "{}", persona.name);
            if private.contains(&9) {
                let answer = |peer| conversation(persona, users(), peer, false, false).contribute(&des).unwrap();
                let (refused, taken) = (answer(elsewhere[0]), answer(here[0]));
                assert_eq!((refused.secchkcd, refused.sectkn), (Some(0x1B), None));
                assert!(taken.secchkcd.is_none() && taken.sectkn.is_some());
            }
        }
    }
}
