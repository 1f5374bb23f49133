//! The answering side of EXCSQLSTT: a prepared statement with its parameters, an array of them, a
//! static helper of SYSSTAT, or the call that explains an error.

use super::backend::Done;
use super::conversation::{After, Conversation, Out, Request};
use super::error::SqlError;
use super::held::Statement;
use super::prepare::not_prepared;
use super::trouble::{Result, Trouble};
use super::{explain, lobs};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::reply::Reply;
use crate::wire::drda::execute::ExcSqlStt;

impl Conversation {
    pub(super) fn excsqlstt(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = ExcSqlStt::decode(&request.command.body, self.text)?;
        let section = match self.check_package(&command.pkgnamcsn) {
            Ok(section) => section,
            Err(error) => {
                self.fail(&error, out)?;
                return Ok(After::Next);
            }
        };
        let input = self.input(&request.objects)?;
        if section.1 == lobs::PACKAGE {
            return self.sysstat(section.2, input, out);
        }
        let (statement, expected) = match self.statements.get(&section) {
            Some(Statement::Prepared { columns, .. }) if !columns.is_empty() => {
                self.fail(&SqlError::new(-84, "42612", &[]), out)?;
                return Ok(After::Next);
            }
            Some(Statement::Prepared { prepared, .. }) => (prepared.statement, &prepared.parameters),
            Some(Statement::Explain) => {
                let reply = explain::answer(input, &self.persona.typdef)?;
                out.object(&reply);
                return Ok(After::Next);
            }
            Some(Statement::Call(call)) => return self.call(*call, input, out),
            Some(Statement::Register(sql)) => {
                let sql = sql.clone();
                let done = self.session()?.set(&sql).map(|()| Done::default());
                return self.executed(done, out);
            }
            Some(Statement::Catalog(call)) => {
                let call = call.clone();
                return self.catalog(&call, &command, section, input, out);
            }
            None => {
                self.fail(&not_prepared(), out)?;
                return Ok(After::Next);
            }
        };
        // The number of rows is an upper bound; the data say how many there are.
        let rows = command.nbrrow.map_or(1, |n| n as usize);
        let mut others = 0;
        let done = match self.parameters(input, expected, rows)? {
            Ok(parameters) => {
                others = parameters.rows.saturating_sub(1) as u64;
                self.session()?.execute(statement, &parameters)
            }
            Err(error) => Err(error),
        };
        // Of an array the driver counts every row but one itself. (Measured: IBM's CLI driver.)
        let count = |count: u64| count.saturating_sub(others);
        self.executed(done.map(|done| Done { count: done.count.map(count), ..done }), out)
    }

    /// Tells what became of a statement; the first change of a unit of work is announced.
    pub(super) fn executed(&mut self, done: std::result::Result<Done, SqlError>, out: &mut Out<'_>) -> Result<After> {
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                self.fail(&error, out)?;
                return Ok(After::Next);
            }
        };
        if done.count.is_some() && !std::mem::replace(&mut self.updated, true) {
            let changed = Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(cp::RDBUPDRM) };
            out.reply(&changed.encode(self.text).map_err(Trouble::ours)?);
        }
        let mut sqlca = self.success(done.count);
        if let Some(warning) = done.warning {
            let errd = sqlca.errd;
            sqlca = self.sqlca(&warning);
            sqlca.errd = errd;
            if warning.sqlcode == 100 {
                sqlca.sqlcode = self.persona.no_row;
            }
        }
        self.card(Some(&sqlca), out)?;
        Ok(After::Next)
    }
}
