//! Breaking off what another connection runs: EXCSAT and INTRDBRQS in one flush, without a login. The server answers when
//! it has heard that, not when the statement has ended. (Measured: IBM's JDBC and CLI drivers. Read: the reply CMDCMPRM;
//! IBM's JDBC driver takes no SQLCARD, its CLI driver takes either.)

use super::connect::{NAME, introduction};
use super::interrupt_token::InterruptToken;
use crate::flow::error::FlowError;
use crate::flow::placement::{informs, message};
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::rdbname::RdbName;
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::intrdbrqs::IntRdbRqs;
use crate::wire::sql::package::RdbNam;

/// The conversation.
#[derive(Debug)]
pub struct Interrupt {
    application: String,
    database: RdbName,
    token: InterruptToken,
    answered: bool,
    refusal: Option<Reply>,
}

impl Interrupt {
    /// Of the connection with this token.
    pub fn new(application: Option<String>, database: RdbName, token: InterruptToken) -> Interrupt {
        let application = application.filter(|name| !name.is_empty()).unwrap_or_else(|| NAME.to_owned());
        Interrupt { application, database, token, answered: false, refusal: None }
    }
}

impl Flow for Interrupt {
    type Out = ();

    fn start(&mut self) -> Result<Chain, FlowError> {
        // All is EBCDIC as long as no other page is asked for. The name may stay away.
        let text = DdmText::Ebcdic;
        let mut hello = introduction(&self.application);
        hello.managers.retain(|(manager, _)| *manager != cp::UNICODEMGR);
        let named = text.encode(&self.database).is_ok() && !self.database.has_attributes();
        let rdbnam = named.then(|| RdbNam((*self.database).to_owned()));
        let mut chain = Chain::new();
        chain.command(&hello.encode(text)?);
        chain.secret_command(&IntRdbRqs { rdbnam, rdbinttkn: self.token.0.clone() }.encode(text)?);
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        match object.cp {
            cp::EXCSATRD => {}
            // Db2's SQLCARD for it was not seen: whatever is in it, the request was heard.
            cp::CMDCMPRM | cp::SQLCARD => self.answered = true,
            point if informs(point) => {}
            _ => {
                let reply = message(&object, DdmText::Ebcdic)?;
                if reply.is_error() {
                    self.refusal.get_or_insert(reply);
                    return Ok(Reception::Failure);
                }
            }
        }
        Ok(Reception::Normal)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        match self.refusal.take() {
            Some(refusal) => Err(FlowError::Refused(Box::new(refusal))),
            None if self.answered => Ok(Step::Done(())),
            None => Err(FlowError::Missing { what: "CMDCMPRM", command: "INTRDBRQS" }),
        }
    }
}
