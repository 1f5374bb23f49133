//! A value that a statement gave back in its SQLDTARD: one row that describes itself.

use crate::flow::error::FlowError;
use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint;
use crate::wire::ddm::object::Object;
use crate::wire::fdoca::descriptor;
use crate::wire::fdoca::row::{Counts, Offsets, Walker};
use crate::wire::sql::execute::DescribedData;
use crate::wire::value::cell::NULL;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::typdef::TypDef;
use bytes::Bytes;

/// The value at `column` (from 0), without the length in front of it; `None` for NULL. Of a large value it is the
/// placeholder.
pub(super) fn value(object: &Object, typdef: &TypDef, column: usize) -> Result<Option<(Field, Bytes)>, FlowError> {
    let output = DescribedData::decode(&object.body)?;
    let fields = descriptor::decode(&output.fdodsc, typdef)?;
    let mut offsets = Offsets::new(fields.len());
    Walker::new(&fields, Counts::Units).walk(&output.fdodta, 0, false, 1, &mut offsets)?;
    let at = offsets.column(column).first().filter(|at| **at != NULL);
    let (Some(at), Some(field)) = (at, fields.into_iter().nth(column)) else { return Ok(None) };
    let cell = output.fdodta.slice((*at as usize).min(output.fdodta.len())..);
    let cut = || WireError::Truncated {
        what: codepoint::SQLDTARD.into(),
        at: *at as usize,
        need: cell.len() + 1,
        have: cell.len(),
    };
    let counted = |width: usize| {
        let (count, _) = cell.split_first_chunk::<2>()?;
        Some((2, usize::from(u16::from_be_bytes(*count)) * width))
    };
    let (start, len) = match field.shape {
        Shape::Fixed(n) => Some((0, n as usize)),
        Shape::Var => counted(1),
        Shape::VarChars => counted(2),
        Shape::Lob(width) => Some((0, usize::from(width))),
        Shape::Pascal | Shape::NulTerminated => None,
    }
    .filter(|(start, len)| start + len <= cell.len())
    .ok_or_else(cut)?;
    let value = cell.slice(start..start + len);
    Ok(Some((field, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::codepoint as cp;
    use crate::wire::fdoca::lid;

    #[test]
    fn values_by_their_shape_and_cuts() {
        let fields = [(0x17, [0, 8]), (0x3F, [0, 9]), (0x3B, [0, 9])]
            .map(|(id, size)| lid::field(id, size, &TypDef::OURS, 0).unwrap());
        let row = [&[0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 2][..], b"hi", &[0, 0, 1, 0, b'x']].concat();
        let object = |row: &[u8]| {
            let fdodsc = descriptor::encode_result(&fields, &TypDef::OURS).unwrap().into();
            let body = DescribedData { fdodsc, fdodta: Bytes::copy_from_slice(row) }.encode_sqldtard().unwrap();
            Object { cp: cp::SQLDTARD, body: Bytes::from(body).slice(4..) }
        };
        let get = |column| value(&object(&row), &TypDef::OURS, column).unwrap().map(|(_, v)| v);
        assert_eq!(get(0).unwrap(), [0, 0, 0, 0, 0, 0, 0, 7].as_slice());
        assert_eq!((get(1).unwrap(), get(2).unwrap()), (b"hi".as_slice().into(), b"\0x".as_slice().into()));
        assert_eq!(get(3), None);
        for cut in 0..row.len() {
            assert!(!matches!(value(&object(&row[..cut]), &TypDef::OURS, 2), Ok(Some(_))), "{cut}");
        }
        let null = value(&object(&[0xFF, 0, 0xFF, 0xFF, 0xFF]), &TypDef::OURS, 0).unwrap();
        assert_eq!(null, None);
    }
}
