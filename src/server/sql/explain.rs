//! The call by which JDBC drivers ask what an error means: SYSIBM.SQLCAMESSAGE with the parts of the SQLCA, answered by
//! the text. (Measured: sixteen parameters of Derby's client, all of which come back; one more of IBM's, the page of the
//! text, without which IBM's shows the first token alone.)

use super::describe::{self, MODE_IN, MODE_INOUT, MODE_OUT};
use super::parameters::Input;
use crate::server::persona::Persona;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::{descriptor, lid};
use crate::wire::sql::execute::DescribedData;
use crate::wire::sql::sqlcode;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::sql::sqlvar::SqlVar;
use crate::wire::value::types::TypeId;

const CALL: &str = "CALL SYSIBM.SQLCAMESSAGE";
/// Positions among the parameters.
const SQLCODE: usize = 0;
const ERRMC: usize = 2;
const MESSAGE: usize = 14;
const RETURN: usize = 15;
const CCSID: usize = 16;
const PARAMETERS: usize = 16;
/// The page of the text.
const UTF8: u16 = 1208;
const MORE_PARAMETERS: usize = 17;
const SEPARATOR: char = '\u{14}';
/// Between the tokens of Db2.
const DB2_SEPARATOR: u8 = 0xFF;

/// The markers of the call, if a statement is it.
pub(super) fn markers(sql: &str) -> Option<usize> {
    let (call, rest) = sql.trim_start().split_at_checked(CALL.len())?;
    call.eq_ignore_ascii_case(CALL).then(|| rest.matches('?').count().min(MORE_PARAMETERS))
}

/// The description of the call's parameters.
pub(super) fn parameters(markers: usize) -> SqlDa {
    let columns = (0..markers).map(|n| {
        let mode = match n {
            MESSAGE | RETURN => MODE_OUT,
            CCSID => MODE_INOUT,
            _ => MODE_IN,
        };
        let ccsid = if form(n) == TypeId::VARCHAR_MIXED { UTF8 } else { 0 };
        SqlVar { ccsid, ..describe::parameter(form(n), mode) }
    });
    SqlDa { sqlca: None, header: None, columns: columns.collect() }
}

/// Type id of a parameter.
fn form(n: usize) -> TypeId {
    match n {
        ERRMC | 3 | 10..=MESSAGE => TypeId::VARCHAR_MIXED,
        1 => TypeId::SMALLINT,
        _ => TypeId::INTEGER,
    }
}

/// The SQLDTARD of the call: the text, zero for "found", and NULL for all that only came in.
pub(super) fn answer(input: Option<Input>, persona: &Persona) -> Result<Vec<u8>> {
    let typdef = &persona.typdef;
    let input = input.filter(|i| matches!(i.fields.len(), PARAMETERS | MORE_PARAMETERS));
    let input = input.ok_or_else(|| ProtocolError::syntax(synerrcd::MISSING, Some(cp::SQLDTA)))?;
    let cells = input.first_row()?;
    let errmc = match cells.get(ERRMC).and_then(Option::as_ref) {
        Some(cell) => Reader::new(cell, "SQLERRMC").var()?,
        None => &[],
    };
    let text = match (cells.get(SQLCODE), input.fields.get(SQLCODE)) {
        (Some(Some(cell)), Some(field)) if persona.error_code.is_none() => {
            let code = Reader::new(cell, "SQLCODE").i32_in(field.order)?;
            let tokens =
                errmc.split(|byte| *byte == DB2_SEPARATOR).map(|token| String::from_utf8_lossy(token).into_owned());
            sqlcode::text(code, &tokens.collect::<Vec<_>>()).unwrap_or_else(|| format!("SQLCODE {code}"))
        }
        _ => words(&String::from_utf8_lossy(errmc), persona),
    };
    let (mut fields, mut w) = (Vec::with_capacity(MORE_PARAMETERS), Writer::new());
    w.bytes(&[0xFF, 0x00]);
    for n in 0..input.fields.len() {
        fields.push(lid::usual(form(n).nullable(), typdef).map_err(ProtocolError::ours)?);
        match n {
            MESSAGE => {
                w.u8(0);
                w.var(text.as_bytes());
            }
            RETURN => {
                w.u8(0);
                w.i32_in(0, typdef.order());
            }
            CCSID => {
                w.u8(0);
                w.i32_in(UTF8.into(), typdef.order());
            }
            _ => w.u8(0xFF),
        }
    }
    let described = DescribedData {
        fdodsc: descriptor::encode_result(&fields, typdef).map_err(ProtocolError::ours)?.into(),
        fdodta: w.into_vec().into(),
    };
    described.encode_sqldtard().map_err(ProtocolError::ours)
}

/// The message of an SQLERRMC as this server writes it for Derby: arguments, then the SQLSTATE.
fn words(errmc: &str, persona: &Persona) -> String {
    let mut parts: Vec<String> = errmc.split(SEPARATOR).map(str::to_owned).collect();
    let state = parts.pop().unwrap_or_default();
    let known = match persona.db2_state(&state) {
        "42704" => Some(-204),
        "42703" => Some(-206),
        "42601" => Some(-104),
        "42710" => Some(-601),
        "42884" => Some(-440),
        "23502" => Some(-407),
        "23505" => Some(-803),
        _ => None,
    };
    let text = known.and_then(|code| sqlcode::text(code, &parts));
    text.unwrap_or_else(|| if parts.is_empty() { format!("error {state}") } else { parts.join(", ") })
}
