//! Calls of the catalog procedures: a CALL whose arguments are markers or constants, answered by a
//! result set: RSLSETRM with the section of it, SQLCARD, SQLRSLRD, then OPNQRYRM, SQLCINRD, QRYDSC
//! and the first QRYDTA; the rest goes by CNTQRY. Only personas with routines in SYSIBM have them:
//! what IBM's CLI driver expects of a result set is not known. (Measured: Derby.)

use super::catalog_call::CatalogCall;
use super::describe;
use super::meter::Meter;
use super::parameter_array::ParameterArray;
use super::query::{check_block_size, open_limit};
use super::state::{OpenCursor, Section};
use crate::server::conversation::{After, Conversation, Out};
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::layout::{ServerClass, SqldaLayout};
use crate::wire::sql::query::OpnQryRm;
use crate::wire::sql::resultset::{self, PkgSnLst, ResultSet, RslSetRm};
use crate::wire::sql::sqlda::SqlDa;

/// Block size where the requester names none.
const BLOCK: u32 = 32_767;

impl Conversation {
    /// Runs the call and sends its result set.
    pub(super) fn catalog(
        &mut self,
        call: &CatalogCall,
        command: &ExcSqlStt,
        section: Section,
        array: &ParameterArray,
        out: &mut Out<'_>,
    ) -> Result<After> {
        let size = command.qryblksz.unwrap_or(BLOCK);
        check_block_size(size)?;
        let persona = self.persona.clone();
        let parameters = self.parameters(array, &call.parameters())?;
        let made = parameters.and_then(|parameters| {
            let values = call.values(&parameters)?;
            let session = self.session.as_mut().ok_or_else(|| SqlError::new(-900, "08003", &[]))?;
            let batch = call.procedure.answer(&values, &session.tables()?, &persona)?;
            Ok((describe::fields(&batch.schema(), &persona)?, batch))
        });
        let (columns, batch) = match made {
            Ok(made) => made,
            Err(error) => {
                self.fail(&error, out)?;
                return Ok(After::Next);
            }
        };
        if command.maxrslcnt.unwrap_or(0) == 0 {
            // There is a result set more than the requester takes.
            let mut sqlca = self.sqlca(&SqlError::new(464, "0100E", &["CATALOG", "1", "0"]));
            sqlca.errd = [0; 6];
            self.card(Some(&sqlca), out)?;
            return Ok(After::Next);
        }
        open_limit(&self.cursors)?;
        let sqlda = SqlDa { columns: columns.iter().map(|f| describe::sqlvar(f, None)).collect(), ..SqlDa::default() };
        let (rows, meter) = (Box::new(std::iter::once(Ok(batch))), Meter::new(&self.budget, false));
        let mut cursor = OpenCursor::new(columns, rows, None, true, Some(meter));
        cursor.closes = false;
        let sets = RslSetRm { svrcod: 0, pkgsnlst: PkgSnLst(vec![command.pkgnamcsn.clone()]) };
        out.reply(&sets.encode(self.text).map_err(ProtocolError::ours)?);
        let sqlca = self.success(None);
        self.card(Some(&sqlca), out)?;
        let list = [ResultSet { rows: 1, ..ResultSet::default() }];
        out.object(&resultset::encode(&list, self.sqlam, &persona.typdef).map_err(ProtocolError::ours)?);
        let instance = self.next_instance;
        self.next_instance += 1;
        let opened = OpnQryRm::read_only(cursor.fixed, cursor.held, instance);
        out.object(&opened.encode(self.text).map_err(ProtocolError::ours)?);
        let layout = SqldaLayout::expected(self.sqlam, ServerClass::from_srvclsnm(persona.class));
        out.object(&sqlda.encode_sqlcinrd(layout, &persona.typdef).map_err(ProtocolError::ours)?);
        let described = descriptor::encode_result(cursor.rows.fields(), &self.persona.typdef);
        out.data(cp::QRYDSC, &described.map_err(ProtocolError::ours)?);
        self.blocks(&mut cursor, size, command.maxblkext, out)?;
        self.cursors.insert((section, instance), cursor);
        Ok(After::Next)
    }
}
