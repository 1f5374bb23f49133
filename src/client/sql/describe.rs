//! The server's description of a statement, which is prepared and not executed.

use super::columns::merge_descriptions;
use super::inner::Inner;
use super::lob::LobForms;
use super::missing_package::with_package;
use super::parameters;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::schema::schema;
use crate::flow::sql::prepare::Prepare;
use crate::flow::sql::session::Session;
use crate::flow::sql::uow::EndWork;
use crate::net::transport::Deadline;
use crate::wire::fdoca::lid;
use crate::wire::sql::sqlvar::SqlVar;
use crate::wire::value::field::{CCSID_BINARY, Field};
use crate::wire::value::length_rule::{LengthRule, Page};
use crate::wire::value::types::{Form, SqlType, TypeId, forms};
use arrow_schema::{DataType, Schema, SchemaRef};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A placeholder of four bytes, as large objects have it in their rows.
const PLACEHOLDER: u16 = 0x8004;

/// A statement in Arrow's terms.
#[derive(Debug, Clone)]
pub struct StatementDescription {
    /// The columns of its result; none where it returns no rows.
    pub columns: Option<SchemaRef>,
    /// Its parameters in order. One that is not known by name has an empty name, one of a type that no value of Arrow's
    /// is sent as has the type Null.
    pub parameters: SchemaRef,
}

/// Prepares `sql`, which was checked, and asks for its descriptions.
pub(super) async fn describe(inner: &Arc<Inner>, sql: &str) -> Result<StatementDescription> {
    let _turn = inner.turn_of(true).await?;
    inner.usable(Phase::Execute)?;
    inner.opens_work(true);
    let ask = async || {
        let lease = inner.lease(Phase::Execute)?;
        let prepare = Prepare::new(inner.session.clone(), lease.name.clone(), sql.to_owned(), true);
        inner.talk(prepare, Phase::Execute).await
    };
    let deadline = || inner.config.statement_timeout.map(Deadline::after);
    let prepared = with_package!(inner, deadline(), ask().await)?;
    // The server locks what a statement names until the unit of work ends.
    if inner.commits() && !inner.is_reading() && inner.work.batches.load(Ordering::Acquire) == 0 {
        inner.talk_and_commit(EndWork::commit(inner.session.clone()), Phase::Commit).await?;
        inner.work.ended();
    }
    let columns = match prepared.columns.columns.as_slice() {
        [] => None,
        described => {
            let fields = described.iter().enumerate().map(|(n, var)| column(n, var, &inner.session));
            let fields = merge_descriptions(&fields.collect::<Result<Vec<_>>>()?, &prepared.columns)?;
            let forms = LobForms::new(fields, inner.config.lobs, true, &inner.session.theirs);
            Some(in_arrow(&forms.values, inner)?)
        }
    };
    let described = prepared.parameters.map(|p| p.columns).unwrap_or_default();
    let parameters = described.iter().enumerate().map(|(n, var)| parameter(n, var, inner)).collect::<Vec<_>>();
    Ok(StatementDescription { columns, parameters: Arc::new(Schema::new(parameters)) })
}

fn in_arrow(fields: &[Field], inner: &Inner) -> Result<SchemaRef> {
    schema(fields, &inner.config.options).map_err(|e| Error::from_column(&e, Phase::Execute).at(&inner.peer))
}

/// Parameter `n` in Arrow's terms.
fn parameter(n: usize, var: &SqlVar, inner: &Inner) -> arrow_schema::Field {
    let sent = parameters::field(n, var, false, &inner.session);
    let sent = sent.and_then(|field| in_arrow(std::slice::from_ref(&field), inner)).ok();
    let data_type = sent.and_then(|schema| schema.fields().first().map(|field| field.data_type().clone()));
    // Servers count parameters that have no name.
    let name = Some(var.name()).filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()));
    arrow_schema::Field::new(name.unwrap_or_default(), data_type.unwrap_or(DataType::Null), true)
}

/// The field of column `n` of a result as its rows will have it.
fn column(n: usize, var: &SqlVar, session: &Session) -> Result<Field> {
    let Some(form) = form(var, session) else {
        let text = format!("column {} {:?}: SQL type {} is not supported", n + 1, var.name(), var.sqltype);
        return Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "56084", text));
    };
    let ccsid = if matches!(form.page, Page::Absent | Page::Binary | Page::Xml) { 0 } else { var.ccsid };
    lid::field(form.id.with_null(var.nullable), size(form, var), &session.theirs, ccsid)
        .map_err(|e| Error::new(ErrorClass::Internal, Phase::Execute, "58009", e.to_string()))
}

/// The form of a column: the first of its type whose page is that of the column.
fn form(var: &SqlVar, session: &Session) -> Option<&'static Form> {
    if var.sqltype == SqlType::FLOAT {
        return if var.length == 4 { TypeId::REAL.form() } else { TypeId::DOUBLE.form() };
    }
    let all = || forms().filter(|form| form.sql_type == var.sqltype);
    let binary = var.ccsid == CCSID_BINARY || var.ccsid == 0;
    let single = var.ccsid == session.theirs.sbc;
    let fits = |form: &&Form| match form.page {
        Page::Binary => binary,
        Page::Single => single,
        Page::Mixed => !binary,
        Page::Absent | Page::Double | Page::Xml => true,
    };
    all().find(fits).or_else(|| all().next())
}

/// The length bytes of a column.
fn size(form: &Form, var: &SqlVar) -> [u8; 2] {
    let digits = |n: i16| u8::try_from(n).unwrap_or_default();
    let length = u16::try_from(var.length).unwrap_or(form.usual);
    match form.length {
        LengthRule::Packed | LengthRule::Zoned | LengthRule::SignedZoned => [digits(var.precision), digits(var.scale)],
        // Where the digits of the fraction are not told, the length has them.
        LengthRule::Seconds(before) if var.scale > 0 => (before as u16 + u16::from(digits(var.scale))).to_be_bytes(),
        LengthRule::VarSeconds(before) => (before as u16 + u16::from(digits(var.scale))).to_be_bytes(),
        LengthRule::OneOf(widths) if !widths.contains(&u32::from(length)) => form.usual.to_be_bytes(),
        LengthRule::Lob => PLACEHOLDER.to_be_bytes(),
        _ => length.to_be_bytes(),
    }
}
