//! Asks whether the server is there: an EXCSAT, which is allowed at any time and has nothing to do with units of work.
//! (Measured: Derby 10.14 takes one without parameters; Db2 for LUW the one that states the page of DDM text. Read for
//! others: DRDA.)

use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::excsat::ExcSat;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::chain::Chain;
use crate::wire::value::product::Product;
use std::sync::Arc;

/// Waits for an answer.
#[derive(Debug)]
pub struct Ping {
    session: Arc<Session>,
    answered: bool,
    replies: Replies,
}

impl Ping {
    /// Of this session.
    pub fn new(session: Arc<Session>) -> Ping {
        Ping { replies: Replies::new(&session), session, answered: false }
    }
}

impl Flow for Ping {
    type Out = ();

    fn start(&mut self) -> Result<Chain, FlowError> {
        // The agreed levels stay. Derby knows no CCSIDMGR.
        let utf8 = self.session.product == Product::Luw && self.session.text == DdmText::Utf8;
        let question = if utf8 { ExcSat::utf8_text() } else { ExcSat::default() };
        let mut chain = Chain::new();
        chain.command(&question.encode(self.session.text)?);
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if object.cp == cp::EXCSATRD {
            self.answered = true;
            return Ok(Reception::Normal);
        }
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        match (self.answered, self.replies.failure()) {
            (_, Some(failure)) => Err(failure),
            (true, None) => Ok(Step::Done(())),
            (false, None) => Err(FlowError::Missing { what: "EXCSATRD", command: "EXCSAT" }),
        }
    }
}
