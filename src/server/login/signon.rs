//! The sign-on server, which IBM's clients ask before DDM: it tells the password level and the page
//! of the job, and looks at the password. What the clients read of it is measured; so are the codes.

use super::access::LoginRules;
use super::secmec::{UNKNOWN_USER, same};
use crate::flow::secmec::substitute::ibmi::PasswordLevel;
use crate::flow::secmec::substitute::{Seeds, Substitute};
use crate::net::tls::holder::HolderNames;
use crate::server::file::message::CCSID;
use crate::wire::file::signon::{Body, Stream};
use std::net::IpAddr;
use std::time::Duration;

/// Version 7, release 4.
const VERSION: u32 = 0x0007_0400;
/// The level of the data stream that is spoken.
const LEVEL: u16 = 5;
const JOB: &str = "000001/QUSER/QZSOSIGN";
/// 1 January 2024: the clock does not matter to anybody.
const DAY: [u8; 8] = [0x07, 0xE8, 1, 1, 0, 0, 0, 0];

/// Return codes.
const ACCEPTED: u32 = 0;
const BAD_REQUEST: u32 = 0x0001_000B;
const NO_USER: u32 = 0x0002_0001;
const WRONG_PASSWORD: u32 = 0x0003_000B;

/// The seeds of a sign-on.
pub(in crate::server) type SignonSeeds = Option<Seeds>;

/// A reply, and how long it is to take.
pub(in crate::server) struct SignonReply {
    pub(in crate::server) bytes: Vec<u8>,
    pub(in crate::server) pause: Duration,
}

/// True for a data stream that proves who somebody is.
pub(in crate::server) fn is_proof(request: &[u8]) -> bool {
    Stream::decode(request).is_ok_and(|stream| matches!(stream.body, Body::Info { .. }))
}

/// The reply to a data stream; none ends the connection.
pub(in crate::server) fn answer(
    rules: &LoginRules,
    peer: IpAddr,
    holder: Option<&HolderNames>,
    seed: &[u8],
    seeds: &mut SignonSeeds,
    request: &[u8],
) -> Option<SignonReply> {
    let mut pause = Duration::ZERO;
    let Stream { correlation, body } = match Stream::decode(request) {
        Ok(stream) => stream,
        Err(e) => {
            tracing::debug!(error = %e, "a sign-on request cannot be read");
            return None;
        }
    };
    let body = match body {
        Body::Exchange { seed: theirs, .. } => {
            *seeds = Seeds::new(&theirs, seed).ok();
            Body::ExchangeReply {
                code: ACCEPTED,
                version: VERSION,
                level: LEVEL,
                seed: seed.try_into().ok(),
                password_level: rules.password_level,
                job: JOB.to_owned(),
            }
        }
        Body::Info { proof, user, .. } => {
            let code = verdict(rules, holder, seeds.as_ref(), user.as_deref(), &proof);
            let known = code == ACCEPTED;
            let user = user.unwrap_or_default();
            match known {
                true => tracing::info!(%peer, ?user, "signed on"),
                false => pause = rules.failures.failed(peer, &user, code),
            }
            Body::InfoReply {
                code,
                times: [known.then_some(DAY), known.then_some(DAY)],
                expires: None,
                ccsid: known.then_some(u32::from(CCSID)),
            }
        }
        _ => return None,
    };
    Some(SignonReply { bytes: Stream { correlation, body }.encode().ok()?, pause })
}

/// A return code. Only substitutes for passwords are looked at; whoever may connect without a
/// password may sign on with anything.
fn verdict(
    rules: &LoginRules,
    holder: Option<&HolderNames>,
    seeds: Option<&Seeds>,
    user: Option<&str>,
    proof: &[u8],
) -> u32 {
    let Some(user) = user.filter(|user| !user.is_empty()) else { return NO_USER };
    if !rules.certificate_users.admits(holder, user, true) {
        return NO_USER;
    }
    let Some(found) = rules.access.find(user, true) else { return ACCEPTED };
    let (Some(seeds), Some(level)) = (seeds, PasswordLevel::from_length(proof.len())) else { return BAD_REQUEST };
    let known = found.map_or(UNKNOWN_USER, |(_, password)| password.expose());
    let asked = PasswordLevel::from_number(rules.password_level) == Some(level);
    let right = || Substitute::IbmI(level).make(user, known, seeds);
    let right = asked && right().is_ok_and(|right| same(proof, &right));
    if right && found.is_some() { ACCEPTED } else { WRONG_PASSWORD }
}
