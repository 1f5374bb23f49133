//! The end of a unit of work: RDBCMM and RDBRLLBCK, answered by ENDUOWRM and an SQLCARD.

use crate::server::conversation::{After, Conversation, Out, Request};
use crate::server::protocol_error::{ProtocolError, Result};
use crate::wire::sql::package::RdbNam;
use crate::wire::sql::uow::{EndUowRm, RdbCmm, RdbRllBck, UowDsp};

/// Severity of ENDUOWRM.
const WARNING: u16 = 4;

impl Conversation {
    pub(in crate::server) fn rdbcmm(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        RdbCmm::decode(&request.command.body, self.text)?;
        // Nobody reads on in queries that end with the unit of work: their rows need not be kept for that.
        self.settle(false);
        self.cursors.retain(|_, cursor| cursor.held);
        match self.session()?.commit() {
            Ok(()) => self.end_work(UowDsp::Committed, out),
            Err(error) => {
                self.fail(&error, out)?;
                Ok(After::Next)
            }
        }
    }

    pub(in crate::server) fn rdbrllbck(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        RdbRllBck::decode(&request.command.body, self.text)?;
        // What is still to come of open queries goes with them.
        self.settle(true);
        match self.session()?.rollback() {
            Ok(()) => self.end_work(UowDsp::RolledBack, out),
            Err(error) => {
                self.fail(&error, out)?;
                Ok(After::Next)
            }
        }
    }

    fn end_work(&mut self, uowdsp: UowDsp, out: &mut Out<'_>) -> Result<After> {
        self.work_ended(uowdsp == UowDsp::RolledBack);
        let rdbnam = self.persona.names_rdb.then(|| RdbNam(self.rdbnam.clone()));
        out.reply(&EndUowRm { svrcod: WARNING, uowdsp, rdbnam }.encode(self.text).map_err(ProtocolError::ours)?);
        self.nothing_to_say(out)?;
        Ok(After::Next)
    }

    /// Forgets what lives no longer than its unit of work.
    pub(in crate::server) fn work_ended(&mut self, rolled_back: bool) {
        self.updated = false;
        self.locators.clear();
        self.cursors.retain(|_, cursor| cursor.held && !rolled_back);
    }
}
