//! Objects that every reply may hold beside the command's own: SQLCARDs, reply messages, changes of the
//! environment, and information that is stepped over. Anything else is an error.

use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::placement::{informs, message};
use crate::flow::step::Reception;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::syncctl::{SyncCrd, XaRetVal};
use crate::wire::sql::typdef;
use crate::wire::value::typdef::TypDef;

/// Collects the common part of a reply.
#[derive(Debug)]
pub struct Replies {
    /// The environment of the data that follows: the session's, unless the reply overrides it.
    pub typdef: TypDef,
    /// Every SQLCARD that was no error, in order; none stands for an empty one.
    pub cards: Vec<Option<Sqlca>>,
    /// The first SQL error, and how many SQLCARDs came before it.
    pub error: Option<(Box<Sqlca>, usize)>,
    /// The first refusing reply message.
    pub refusal: Option<Box<Reply>>,
    /// SYNCCRD came: the unit of work has ended.
    pub synced: bool,
    /// Why it was not committed or rolled back.
    pub outcome: Option<XaRetVal>,
}

impl Replies {
    /// Nothing yet.
    pub fn new(session: &Session) -> Replies {
        Replies { typdef: session.theirs, cards: Vec::new(), error: None, refusal: None, synced: false, outcome: None }
    }

    /// Takes an object that the command itself does not expect.
    pub fn take(&mut self, object: &Object, session: &Session) -> Result<Reception, FlowError> {
        match object.cp {
            cp::SQLCARD => {
                let sqlca = Sqlca::decode(&object.body, session.sqlam, &self.typdef)?;
                return Ok(self.sqlca(sqlca));
            }
            cp::TYPDEFNAM | cp::TYPDEFOVR => {
                typdef::take(&mut self.typdef, object.cp, &object.body, session.text)?;
            }
            cp::SYNCCRD if session.two_phase => {
                let outcome = SyncCrd::decode(&object.body, session.text)?.xaretval;
                self.synced = true;
                if outcome != XaRetVal::OK {
                    self.outcome.get_or_insert(outcome);
                    return Ok(Reception::Failure);
                }
            }
            point if informs(point) => {
                tracing::debug!(code_point = format!("{point:04X}"), "informational object stepped over");
            }
            // A reply message that the architecture gained later still has its severity.
            _ => return Ok(self.reply(message(object, session.text)?)),
        }
        Ok(Reception::Normal)
    }

    /// Notes an SQLCA that came by itself or inside another object.
    pub fn sqlca(&mut self, sqlca: Option<Sqlca>) -> Reception {
        match sqlca {
            Some(sqlca) if sqlca.is_error() => {
                let before = self.cards.len();
                self.error.get_or_insert_with(|| (Box::new(sqlca), before));
                Reception::Failure
            }
            other => {
                self.cards.push(other);
                Reception::Normal
            }
        }
    }

    fn reply(&mut self, reply: Reply) -> Reception {
        if reply.is_error() {
            self.refusal.get_or_insert_with(|| Box::new(reply));
            return Reception::Failure;
        }
        Reception::Normal
    }

    /// The failure, if there was one: the SQL error before the message that came with it.
    pub fn failure(&mut self) -> Option<FlowError> {
        match (self.error.take(), self.refusal.take()) {
            (Some((sqlca, _)), reply) => Some(FlowError::Sql { sqlca, reply }),
            (None, Some(reply)) => Some(FlowError::Refused(reply)),
            (None, None) => self.outcome.take().map(FlowError::Xa),
        }
    }

    /// Warnings, in order. The code for no row is not among them, whichever it is (Derby: 10000).
    pub fn warnings(self) -> Vec<Sqlca> {
        let remark = |c: &Sqlca| c.sqlcode > 0 && !c.is_end() && c.sqlstate.trim() != "02000";
        self.cards.into_iter().flatten().filter(remark).collect()
    }
}
