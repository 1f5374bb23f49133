//! Asks Derby for the text of an error: its SQLCA carries only the arguments, the text comes from a call of
//! SYSIBM.SQLCAMESSAGE. (Measured: what Derby's own client sends.)

use super::input::Input;
use super::output;
use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::placement::once;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::fdoca::lid;
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::prepare::PrpSqlStt;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::text;
use crate::wire::value::types::TypeId;
use std::sync::Arc;

const CALL: &str = "CALL SYSIBM.SQLCAMESSAGE(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
/// Position of the text among the parameters.
const MESSAGE: usize = 14;
const INT: TypeId = TypeId::INTEGER;
const LONG_TEXT: TypeId = TypeId::LONG_VARCHAR_MIXED;

/// Fetches the text of an error.
#[derive(Debug)]
pub struct Explain {
    session: Arc<Session>,
    section: PkgNamCsn,
    sqlca: Sqlca,
    message: Option<Option<String>>,
    replies: Replies,
}

impl Explain {
    /// The text of `sqlca`, by way of a statement in `section`.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, sqlca: Sqlca) -> Explain {
        Explain { replies: Replies::new(&session), session, section, sqlca, message: None }
    }

    /// The parts of the SQLCA in the order of the procedure's parameters.
    fn input(&self) -> Result<Input, FlowError> {
        let ca = &self.sqlca;
        let types = [
            INT,
            TypeId::SMALLINT,
            LONG_TEXT,
            LONG_TEXT,
            INT,
            INT,
            INT,
            INT,
            INT,
            INT,
            LONG_TEXT,
            LONG_TEXT,
            LONG_TEXT,
            LONG_TEXT,
            TypeId::VARCHAR_MIXED,
            INT,
        ];
        let fields: Result<Vec<_>, _> = types.iter().map(|id| lid::usual(id.nullable(), &self.session.ours)).collect();
        let fields = fields.map_err(|e| FlowError::Settings(e.to_string()))?;
        let mut w = Writer::new();
        let number = |w: &mut Writer, n: i32| {
            w.u8(0);
            w.i32(n);
        };
        let string = |w: &mut Writer, s: &[u8]| {
            w.u8(0);
            w.var(s);
        };
        number(&mut w, ca.sqlcode);
        w.u8(0);
        w.u16(ca.errmc.len().min(0x7FFF) as u16);
        string(&mut w, &ca.errmc);
        string(&mut w, ca.errproc.as_bytes());
        ca.errd.iter().for_each(|n| number(&mut w, *n));
        string(&mut w, ca.warn.as_bytes());
        string(&mut w, ca.sqlstate.as_bytes());
        w.u8(0xFF);
        string(&mut w, b"en");
        w.bytes(&[0xFF, 0xFF]);
        Ok(Input { fields: Arc::new(fields), row: w.into_vec().into(), lobs: Vec::new() })
    }
}

impl Flow for Explain {
    type Out = Option<String>;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let encoding = self.session.text;
        let mut chain = Chain::new();
        chain.command(&PrpSqlStt::new(self.section.clone()).encode(encoding)?);
        chain.object(&text::sqlstt(CALL, &self.session.ours, self.session.sqlam)?);
        let run =
            ExcSqlStt { outexp: Some(true), rdbcmtok: self.session.rdbcmtok(), ..ExcSqlStt::new(self.section.clone()) };
        chain.command(&run.encode(encoding)?);
        self.input()?.put(&mut chain, &self.session)?;
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if object.cp == cp::SQLDTARD {
            let value = output::value(&object, &self.replies.typdef, MESSAGE)?;
            let message = value.map(|(_, text)| String::from_utf8_lossy(&text).into_owned());
            once(&mut self.message, message, object.cp)?;
            return Ok(Reception::Wanted);
        }
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<Self::Out>, FlowError> {
        Ok(Step::Done(self.message.take().flatten().filter(|m| !m.trim().is_empty())))
    }
}
