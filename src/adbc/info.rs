//! The answers about the driver and the server (GetInfo).

use super::reader::{Reader, in_memory};
use crate::client::server_info::ServerInfo;
use adbc_core::constants::ADBC_VERSION_1_1_0;
use adbc_core::error::{Error, Result};
use adbc_core::options::InfoCode;
use adbc_core::schemas::GET_INFO_SCHEMA;
use arrow_array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array, UnionArray, new_empty_array,
};
use arrow_schema::{ArrowError, DataType};
use std::collections::HashSet;
use std::sync::Arc;

/// Arrow's release, of which this library has the parts.
const ARROW_VERSION: &str = "60";

/// A value by its place in the union of values.
enum InfoValue {
    Text(String),
    Flag(bool),
    Number(i64),
}

/// The answers to `codes`, or all of them. What is not known is left out.
pub(super) fn info(server: &ServerInfo, codes: Option<HashSet<InfoCode>>) -> Result<Reader> {
    use InfoValue::{Flag, Number, Text};
    let version = if server.release.is_empty() { server.prdid.clone() } else { server.release.clone() };
    let all = [
        (InfoCode::VendorName, Text(server.product.to_owned())),
        (InfoCode::VendorVersion, Text(version)),
        (InfoCode::VendorSql, Flag(true)),
        (InfoCode::VendorSubstrait, Flag(false)),
        (InfoCode::DriverName, Text("drdarrow".to_owned())),
        (InfoCode::DriverVersion, Text(env!("CARGO_PKG_VERSION").to_owned())),
        (InfoCode::DriverArrowVersion, Text(ARROW_VERSION.to_owned())),
        (InfoCode::DriverAdbcVersion, Number(ADBC_VERSION_1_1_0.into())),
    ];
    let wanted = |code: &InfoCode| codes.as_ref().is_none_or(|codes| codes.contains(code));
    let rows: Vec<_> = all.into_iter().filter(|(code, _)| wanted(code)).collect();
    let batch = table(&rows).map_err(Error::from)?;
    Ok(in_memory(vec![batch], GET_INFO_SCHEMA.clone()))
}

fn table(rows: &[(InfoCode, InfoValue)]) -> std::result::Result<RecordBatch, ArrowError> {
    let (mut texts, mut flags, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ids, mut offsets) = (Vec::<i8>::new(), Vec::<i32>::new());
    for (_, value) in rows {
        let (id, at) = match value {
            InfoValue::Text(text) => {
                texts.push(text.as_str());
                (0, texts.len())
            }
            InfoValue::Flag(flag) => {
                flags.push(*flag);
                (1, flags.len())
            }
            InfoValue::Number(number) => {
                numbers.push(*number);
                (2, numbers.len())
            }
        };
        ids.push(id);
        offsets.push(i32::try_from(at - 1).unwrap_or_default());
    }
    let schema = GET_INFO_SCHEMA.clone();
    let DataType::Union(fields, _) = schema.field(1).data_type() else {
        return Err(ArrowError::SchemaError("the schema of GetInfo has no union".to_owned()));
    };
    let children: Vec<ArrayRef> = fields
        .iter()
        .map(|(id, field)| -> ArrayRef {
            match id {
                0 => Arc::new(StringArray::from(texts.clone())),
                1 => Arc::new(BooleanArray::from(flags.clone())),
                2 => Arc::new(Int64Array::from(numbers.clone())),
                _ => new_empty_array(field.data_type()),
            }
        })
        .collect();
    let values = UnionArray::try_new(fields.clone(), ids.into(), Some(offsets.into()), children)?;
    let codes: UInt32Array = rows.iter().map(|(code, _)| Some(u32::from(code))).collect();
    RecordBatch::try_new(schema, vec![Arc::new(codes), Arc::new(values)])
}
