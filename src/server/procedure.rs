//! Calls of the catalog procedures: a CALL whose arguments are markers or constants, answered by a
//! result set: RSLSETRM with the section of it, SQLCARD, SQLRSLRD, then OPNQRYRM, SQLCINRD, QRYDSC
//! and the first QRYDTA; the rest goes by CNTQRY. Only personas with routines in SYSIBM have them:
//! what IBM's CLI driver expects of a result set is not known. (Measured: Derby.)

use super::backend::Parameters;
use super::catalog::Procedure;
use super::conversation::{After, Conversation, Out};
use super::describe;
use super::error::SqlError;
use super::held::{Cursor, Section};
use super::input::Input;
use super::query::{check_block_size, open_limit};
use super::trouble::{Result, Trouble};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::put_bytes;
use crate::wire::drda::execute::ExcSqlStt;
use crate::wire::drda::layout::{Layout, ServerClass};
use crate::wire::drda::query::OpnQryRm;
use crate::wire::drda::resultset::{self, PkgSnLst, ResultSet, RslSetRm};
use crate::wire::drda::sqlda::SqlDa;
use crate::wire::fdoca::descriptor;
use arrow_array::{Array, StringArray};
use arrow_schema::DataType;
use std::collections::HashMap;

/// Block size where the requester names none.
const BLOCK: u32 = 32_767;

/// A CALL that this server answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CatalogCall {
    procedure: Procedure,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Argument {
    Marker,
    Constant(Option<String>),
}

impl CatalogCall {
    /// The call that a statement is, if it is one of these.
    pub(super) fn of(sql: &str) -> Option<CatalogCall> {
        let (call, rest) = sql.trim().trim_end_matches(';').split_once(char::is_whitespace)?;
        let (name, rest) = rest.trim().split_once('(')?;
        let (schema, name) = name.trim().split_once('.')?;
        let ours = call.eq_ignore_ascii_case("CALL") && schema.trim().eq_ignore_ascii_case("SYSIBM");
        let procedure = Procedure::named(name.trim()).filter(|_| ours)?;
        let arguments = arguments(rest.trim_end().strip_suffix(')')?)?;
        (arguments.len() == procedure.parameters()).then_some(CatalogCall { procedure, arguments })
    }

    /// The fields of the markers.
    pub(super) fn parameters(&self) -> Vec<arrow_schema::Field> {
        let told = [("drda:type", "VARCHAR"), ("drda:length", "128")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let field = arrow_schema::Field::new("", DataType::Utf8, true).with_metadata(HashMap::from(told));
        let markers = self.arguments.iter().filter(|a| **a == Argument::Marker).count();
        vec![field; markers]
    }

    /// The arguments, with the values of the markers.
    fn values(&self, parameters: &Parameters) -> std::result::Result<Vec<Option<String>>, SqlError> {
        let mut markers = parameters.columns.iter();
        let value = |argument: &Argument| match argument {
            Argument::Constant(value) => Ok(value.clone()),
            Argument::Marker => {
                let array = markers.next().and_then(|a| a.as_any().downcast_ref::<StringArray>());
                let array = array.ok_or_else(|| SqlError::new(-301, "07006", &["1"]))?;
                Ok((array.len() > 0 && array.is_valid(0)).then(|| array.value(0).to_owned()))
            }
        };
        self.arguments.iter().map(value).collect()
    }
}

/// Markers, texts in quotes and NULLs, with commas.
fn arguments(text: &str) -> Option<Vec<Argument>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (argument, behind) = if let Some(behind) = rest.strip_prefix('?') {
            (Argument::Marker, behind)
        } else if let Some(mut behind) = rest.strip_prefix('\'') {
            let mut value = String::new();
            loop {
                let (part, next) = behind.split_once('\'')?;
                value.push_str(part);
                match next.strip_prefix('\'') {
                    Some(next) => {
                        value.push('\'');
                        behind = next;
                    }
                    None => break (Argument::Constant(Some(value)), next),
                }
            }
        } else {
            rest.get(..4).filter(|n| n.eq_ignore_ascii_case("NULL"))?;
            (Argument::Constant(None), rest.get(4..)?)
        };
        out.push(argument);
        match behind.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return behind.trim().is_empty().then_some(out),
        }
    }
}

impl Conversation {
    /// Runs the call and sends its result set.
    pub(super) fn catalog(
        &mut self,
        call: &CatalogCall,
        command: &ExcSqlStt,
        section: Section,
        input: Option<Input>,
        out: &mut Out<'_>,
    ) -> Result<After> {
        let size = command.qryblksz.unwrap_or(BLOCK);
        check_block_size(size)?;
        let persona = self.persona.clone();
        let parameters = self.parameters(input, &call.parameters(), 1)?;
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
        let mut cursor = Cursor::new(columns, Box::new(std::iter::once(Ok(batch))), None, true);
        cursor.closes = false;
        let sets = RslSetRm { svrcod: 0, pkgsnlst: PkgSnLst(vec![command.pkgnamcsn.clone()]) };
        out.reply(&sets.encode(self.text).map_err(Trouble::ours)?);
        let sqlca = self.success(None);
        self.card(Some(&sqlca), out)?;
        let list = [ResultSet { rows: 1, ..ResultSet::default() }];
        out.object(&resultset::encode(&list, &persona.typdef).map_err(Trouble::ours)?);
        let instance = self.next_instance;
        self.next_instance += 1;
        let opened = OpnQryRm::read_only(cursor.fixed, cursor.held, instance);
        out.object(&opened.encode(self.text).map_err(Trouble::ours)?);
        let layout = Layout::expected(self.sqlam, ServerClass::from_srvclsnm(persona.class));
        out.object(&sqlda.encode_sqlcinrd(layout, &persona.typdef).map_err(Trouble::ours)?);
        let mut w = Writer::new();
        let described = descriptor::encode_result(cursor.rows.fields(), &self.persona.typdef);
        put_bytes(&mut w, cp::QRYDSC, &described.map_err(Trouble::ours)?);
        out.object(w.as_slice());
        self.blocks(&mut cursor, size, command.maxblkext, out)?;
        self.cursors.insert((section, instance), cursor);
        Ok(After::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_recognised() {
        let call = CatalogCall::of("CALL SYSIBM.SQLTABLES(?,?, ?,?,?)").unwrap();
        assert_eq!((call.procedure, call.parameters().len()), (Procedure::Tables, 5));
        let call = CatalogCall::of("call sysibm.sqltables('', NULL, 'it''s', ?, 'GETSCHEMAS=1');").unwrap();
        let text = |t: &str| Argument::Constant(Some(t.to_owned()));
        let expected = [text(""), Argument::Constant(None), text("it's"), Argument::Marker, text("GETSCHEMAS=1")];
        assert_eq!(call.arguments, expected);
        for other in [
            "CALL SYSIBM.SQLTABLES(?)",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,'",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,?",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,? ?)",
            "CALL OTHER.SQLTABLES(?,?,?,?,?)",
            "CALL SYSIBM.SQLPROCEDURES(?,?,?,?)",
            "SELECT 1",
            "",
        ] {
            assert_eq!(CatalogCall::of(other), None, "{other}");
        }
    }
}
