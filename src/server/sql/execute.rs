//! The answering side of EXCSQLSTT: a prepared statement with its parameters, an array of them, a
//! static helper of SYSSTAT, or the call that explains an error.
//!
//! An array is atomic unless ATMIND says 1: all rows or none, answered by one SQLCARD with the rows
//! changed in all. Otherwise each row stands for itself and has an SQLCARD of its own, in order.
//! (Measured: what IBM's CLI and JDBC drivers take.)

use super::parameter_array::SingleRows;
use super::prepare::not_prepared;
use super::state::{Filled, SectionStatement};
use super::{explain, lob_sysstat};
use crate::server::backend::Done;
use crate::server::conversation::{After, Conversation, Out, Request};
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::reply::Reply;
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::sqlca::Sqlca;

/// ATMIND: all rows or none, as without it; each row for itself.
const ATOMIC: u8 = 0;
const NOT_ATOMIC: u8 = 1;

impl Conversation {
    pub(in crate::server) fn excsqlstt(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = ExcSqlStt::decode(&request.command.body, self.text)?;
        let atomic = match command.atmind {
            None | Some(ATOMIC) => true,
            Some(NOT_ATOMIC) => false,
            Some(_) => return Err(ProtocolError::unsupported(cp::VALNSPRM, cp::ATMIND)),
        };
        let array = self.array(&request.objects, command.nbrrow)?;
        if array.rows > 1 && !self.persona.arrays {
            return Err(ProtocolError::unsupported(cp::PRMNSPRM, cp::NBRROW));
        }
        if array.rows == 0 {
            return self.executed(Ok(Done::default()), out);
        }
        // Not atomic: each row is answered, also where it is the statement that is wrong.
        let answers = if atomic { 1 } else { array.rows };
        let section = match self.check_package(&command.pkgnamcsn) {
            Ok(section) => section,
            Err(error) => return self.refuse_rows(&error, answers, out),
        };
        let (statement, expected, defines) =
            match self.statements.get(&section).map(|Filled { statement, .. }| statement) {
                Some(SectionStatement::Prepared { columns, .. }) if !columns.is_empty() => {
                    return self.refuse_rows(&SqlError::new(-84, "42612", &[]), answers, out);
                }
                Some(SectionStatement::Prepared { prepared, defines, .. }) => {
                    (prepared.statement, &prepared.parameters, *defines)
                }
                Some(_) if array.rows > 1 => return self.refuse_rows(&one_row_only(), answers, out),
                _ if section.1 == lob_sysstat::PACKAGE => return self.sysstat(section.2, array.into_input(), out),
                Some(SectionStatement::Explain) => {
                    let reply = explain::answer(array.into_input(), &self.persona.typdef)?;
                    out.object(&reply);
                    return Ok(After::Next);
                }
                Some(SectionStatement::Call(call)) => return self.call(*call, array.into_input(), out),
                Some(SectionStatement::ClientInfo(sql)) => {
                    let sql = sql.clone();
                    let done = self.session()?.set(&sql).map(|()| Done::default());
                    return self.executed(done, out);
                }
                Some(SectionStatement::Register(register)) => {
                    let register = register.clone();
                    return self.set_register(register, &array, out);
                }
                Some(SectionStatement::Catalog(call)) => {
                    let call = call.clone();
                    return self.catalog(&call, &command, section, &array, out);
                }
                None => return self.refuse_rows(&not_prepared(), answers, out),
            };
        if atomic {
            let parameters = self.parameters(&array, expected)?;
            let done = match parameters {
                Ok(parameters) => self.session()?.execute(statement, &parameters),
                Err(error) => Err(error),
            };
            if defines && done.is_ok() {
                self.announce_change(out)?;
            }
            return self.executed(done, out);
        }
        let SingleRows { good, mut bad } = match self.parameters_each(&array, expected)? {
            Ok(each) => each,
            Err(error) => return self.refuse_rows(&error, answers, out),
        };
        let done = self.session()?.execute_each(statement, &good);
        if done.len() != good.rows {
            return Err(ProtocolError::ours("the engine answered for another number of rows"));
        }
        let mut done = done.into_iter();
        let all = (0..array.rows).filter_map(|row| bad.remove(&row).map(Err).or_else(|| done.next())).collect();
        self.executed_each(all, out)
    }

    /// The same error for each of some rows.
    fn refuse_rows(&mut self, error: &SqlError, rows: usize, out: &mut Out<'_>) -> Result<After> {
        self.fail(error, out)?;
        for _ in 1..rows {
            self.card(Some(&self.sqlca(error)), out)?;
        }
        Ok(After::Next)
    }

    /// Tells what became of the rows of an array that is not atomic: an SQLCARD for each. Where the
    /// transaction is gone, no row is in.
    fn executed_each(&mut self, done: Vec<std::result::Result<Done, SqlError>>, out: &mut Out<'_>) -> Result<After> {
        let gone = done.iter().find_map(|row| row.as_ref().err().filter(|e| e.rolled_back));
        if let Some(gone) = gone {
            return self.refuse_rows(&gone.clone(), done.len(), out);
        }
        if done.iter().flatten().any(|done| done.count.is_some()) {
            self.announce_change(out)?;
        }
        for row in &done {
            let sqlca = match row {
                Ok(done) => self.done(done),
                Err(error) => self.sqlca(error),
            };
            self.card(Some(&sqlca), out)?;
        }
        Ok(After::Next)
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
        if done.count.is_some() {
            self.announce_change(out)?;
        }
        if done.count.is_none() && done.warning.is_none() {
            self.nothing_to_say(out)?;
        } else {
            self.card(Some(&self.done(&done)), out)?;
        }
        Ok(After::Next)
    }

    /// The SQLCA of a statement that was run.
    fn done(&self, done: &Done) -> Sqlca {
        let mut sqlca = self.success(done.count);
        if let Some(warning) = &done.warning {
            let errd = sqlca.errd;
            sqlca = self.sqlca(warning);
            sqlca.errd = errd;
            if warning.sqlcode == 100 {
                sqlca.sqlcode = self.persona.no_row;
            }
        }
        sqlca
    }

    /// RDBUPDRM before the first change of a unit of work.
    pub(super) fn announce_change(&mut self, out: &mut Out<'_>) -> Result<()> {
        if !std::mem::replace(&mut self.updated, true) {
            let changed = Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(cp::RDBUPDRM) };
            out.reply(&changed.encode(self.text).map_err(ProtocolError::ours)?);
        }
        Ok(())
    }
}

/// -270: an array of rows is not for this statement.
fn one_row_only() -> SqlError {
    SqlError::new(-270, "42997", &["1"])
}
