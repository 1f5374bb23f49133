//! The part of a conversation that both ends agreed on: encodings, manager levels, the database, the product. It says
//! how conditions are written for this requester.

use super::crowd::Crowd;
use super::error::SqlError;
use super::persona::Persona;
use super::protocol_error::{ProtocolError, Result};
use super::request::Replies;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ddm::codepoint::CodePoint;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::typdef::TypDef;
use std::sync::Arc;

/// Bytes of an SQLSTATE.
const SQLSTATE: usize = 5;
/// Bytes of a database's name in an SQLCA.
const RDBNAM: usize = 255;

/// The agreements of a conversation. The login makes them, commands only read them.
pub(super) struct Environment {
    pub(super) persona: Arc<Persona>,
    /// Encoding of DDM text.
    pub(super) text: DdmText,
    /// Manager level of SQL; 0 before EXCSAT.
    pub(super) sqlam: u16,
    /// Branches of global transactions were agreed (XAMGR).
    pub(super) xa: bool,
    /// The database's name, empty before ACCRDB.
    pub(super) rdbnam: String,
    /// The form of the data that the requester sends.
    pub(super) theirs: TypDef,
    /// The requests of others that wait.
    pub(super) crowd: Crowd,
}

impl Environment {
    /// Before EXCSAT.
    pub(super) fn new(persona: Arc<Persona>, crowd: Crowd) -> Environment {
        let (text, theirs) = (DdmText::Ebcdic, TypDef::OURS);
        Environment { persona, text, sqlam: 0, xa: false, rdbnam: String::new(), theirs, crowd }
    }

    /// The form of a command's data objects: the requester's, with what precedes them.
    pub(super) fn typdef_of(&self, objects: &[Object]) -> Result<TypDef> {
        let mut typdef = self.theirs;
        for object in objects {
            crate::wire::sql::typdef::take(&mut typdef, object.cp, &object.body, self.text)?;
        }
        Ok(typdef)
    }

    /// A reply message that names the database.
    pub(super) fn database_reply(&self, point: CodePoint) -> Reply {
        Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(point) }
    }

    /// An SQLCA of success with so many rows changed.
    pub(super) fn success(&self, count: Option<u64>) -> Sqlca {
        let mut sqlca = self.sqlca(&SqlError::new(0, self.persona.success, &[]));
        let count = count.unwrap_or(0);
        let [_, _, low, high, ..] = &mut sqlca.errd;
        if self.persona.error_code.is_some() {
            // Derby has a number of eight bytes in two of four.
            *low = (count & 0xFFFF_FFFF) as u32 as i32;
            *high = (count >> 32) as u32 as i32;
        } else {
            *low = i32::try_from(count).unwrap_or(-1);
        }
        sqlca
    }

    /// A condition as the persona tells it.
    pub(super) fn sqlca(&self, error: &SqlError) -> Sqlca {
        let state = self.fitting(self.persona.state(&error.sqlstate), SQLSTATE);
        let known = self.persona.codes.iter().find(|(code, _)| *code == error.sqlcode);
        let mut sqlca = Sqlca::new(known.map_or(error.sqlcode, |(_, own)| *own), &state, &[]);
        sqlca.errproc = self.persona.prdid.to_owned();
        // Each token and its separator, until there is no room.
        let mut room = self.persona.errmc;
        let tokens = error.tokens.iter().map(|token| {
            let token = self.fitting(token, room);
            room = room.saturating_sub(token.len() + 1);
            token
        });
        match self.persona.error_code {
            Some(code) => {
                if error.sqlcode < 0 {
                    sqlca.sqlcode = code;
                    // Arguments, then the key of the message. Three separators in a row would be the end of a message:
                    // arguments without text are left out at the end, and blank elsewhere. (Measured: Derby's client.)
                    let mut parts: Vec<String> = tokens.map(|token| undivided(&token)).collect();
                    while parts.pop_if(|last| last.is_empty()).is_some() {}
                    parts.iter_mut().filter(|part| part.is_empty()).for_each(|part| part.push(' '));
                    parts.push(state);
                    sqlca.errmc = parts.join("\u{14}").into_bytes();
                }
            }
            None => {
                sqlca.rdbnam = format!("{:<18}", self.fitting(&self.rdbnam, RDBNAM));
                sqlca.tokens = tokens.collect();
            }
        }
        sqlca
    }

    /// At most `room` bytes of the text, as the page of messages has it: characters that the page lacks become
    /// question marks.
    fn fitting(&self, text: &str, room: usize) -> String {
        let codec = Codec::new(self.persona.typdef.mbc);
        let known = |c: char| {
            let mut out = Vec::new();
            codec.as_ref().is_ok_and(|codec| codec.encode(c.encode_utf8(&mut [0; 4]), &mut out).is_ok())
        };
        let mut out = String::new();
        for c in text.chars().map(|c| if known(c) { c } else { '?' }) {
            if out.len() + c.len_utf8() > room {
                break;
            }
            out.push(c);
        }
        out
    }

    /// An SQLCARD.
    pub(super) fn card(&self, sqlca: Option<&Sqlca>, out: &mut Replies<'_>) -> Result<()> {
        out.object(&Sqlca::encode(sqlca, self.sqlam, &self.persona.typdef).map_err(ProtocolError::ours)?);
        Ok(())
    }

    /// The SQLCARD of success that counts no rows: the null SQLCA where the product says it so.
    pub(super) fn short_card(&self, out: &mut Replies<'_>) -> Result<()> {
        let full = (!self.persona.null_sqlca).then(|| self.success(None));
        self.card(full.as_ref(), out)
    }
}

/// A token without the separators of messages and of tokens: Derby's client cuts there.
fn undivided(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    for c in token.chars().map(|c| if c == '\u{14}' { ' ' } else { c }) {
        if c == ':' && out.ends_with(':') {
            out.push(' ');
        }
        out.push(c);
    }
    out
}
