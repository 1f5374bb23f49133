//! Steps of a branch of a global transaction: SYNCCTLs in one chain, each answered by a SYNCCRD. A step that fails does not
//! end the chain: whoever asks looks at each answer in its order. (Measured: the clients of IBM and Derby.)

use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::syncctl::{SyncCrd, SyncCtl};
use std::sync::Arc;

/// Takes the steps.
#[derive(Debug)]
pub struct Sync {
    session: Arc<Session>,
    steps: Vec<SyncCtl>,
    answers: Vec<SyncCrd>,
    replies: Replies,
}

impl Sync {
    /// One chain of them.
    pub fn new(session: Arc<Session>, steps: Vec<SyncCtl>) -> Sync {
        Sync { replies: Replies::new(&session), session, steps, answers: Vec::new() }
    }
}

impl Flow for Sync {
    /// An answer for each step.
    type Out = Vec<SyncCrd>;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        for step in &self.steps {
            chain.command(&step.encode(self.session.text)?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        match object.cp {
            cp::SYNCCRD if self.answers.len() == self.steps.len() => {
                Err(FlowError::Misplaced { point: object.cp, why: "there are more of them than steps" })
            }
            cp::SYNCCRD => {
                self.answers.push(SyncCrd::decode(&object.body, self.session.text)?);
                Ok(Reception::Normal)
            }
            // Special registers that changed. (Read: Derby's sources.)
            cp::SQLSTT => Ok(Reception::Normal),
            _ => self.replies.take(&object, &self.session),
        }
    }

    fn end(&mut self) -> Result<Step<Vec<SyncCrd>>, FlowError> {
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        if self.answers.len() < self.steps.len() {
            return Err(FlowError::Missing { what: "SYNCCRD", command: "SYNCCTL" });
        }
        Ok(Step::Done(std::mem::take(&mut self.answers)))
    }
}
