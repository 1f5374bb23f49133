//! Parameters of a statement, encoded, and how they follow its command: rows in SQLDTAs, large objects in EXTDTAs.

use super::session::Session;
use crate::flow::error::FlowError;
use crate::wire::dss::chain::{Chain, Part};
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::{DERBY_EXTDTA_COMPLETE, SqldtaHeads, extdta_ends, sqldta_head};
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::product::Product;
use bytes::Bytes;
use std::sync::Arc;

/// The indicator of a row.
const PRESENT: u8 = 0;

/// One row of parameters, encoded.
#[derive(Debug, Clone)]
pub struct Input {
    /// How the values lie.
    pub fields: Arc<Vec<Field>>,
    /// The values, one after the other. Rows that are described alike may share a buffer, in which they lie back to
    /// back.
    pub row: Bytes,
    /// The large objects among them: position of the parameter and data, empty ones left out.
    pub lobs: Vec<(usize, Bytes)>,
}

impl Input {
    /// Bytes of its values.
    pub fn bytes(&self) -> usize {
        self.row.len() + self.lobs.iter().map(|(_, data)| data.len()).sum::<usize>()
    }

    /// Appends SQLDTA and the EXTDTAs that belong to it; a statement without parameters takes none.
    pub(super) fn put(&self, chain: &mut Chain, session: &Session) -> Result<(), FlowError> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let mut head = sqldta_head(&descriptor::encode_input(&self.fields), self.row.len() + 1)?;
        // In front of the values: the row is present.
        head.push(PRESENT);
        chain.object_of(&[Part::Copied(&head), Part::all(&self.row)]);
        // Derby 10.6 and later expect a status after the value.
        let status = (session.product == Product::Derby).then_some(DERBY_EXTDTA_COMPLETE);
        for (parameter, data) in &self.lobs {
            let nullable = self.fields.get(*parameter).is_some_and(|f| f.nullable && matches!(f.shape, Shape::Lob(_)));
            let (head, tail) = extdta_ends(data.len(), nullable, status)?;
            chain.object_of(&[Part::Copied(&head), Part::all(data), Part::Copied(&tail)]);
        }
        Ok(())
    }
}

/// Rows of parameters that are described alike and whose values all lie in them.
#[derive(Debug, Clone)]
pub struct RowBlock {
    /// How the values lie.
    pub fields: Arc<Vec<Field>>,
    /// The rows, back to back. Each begins with the byte that says that it is present ([`RowBlock::PRESENT`]).
    pub data: Bytes,
    /// How many they are.
    pub rows: usize,
    /// Where each of them ends; empty for rows that go as an array.
    pub ends: Vec<usize>,
}

impl RowBlock {
    /// Stands in front of each row.
    pub const PRESENT: [u8; 1] = [PRESENT];

    /// Appends an SQLDTA with all rows.
    pub(super) fn put_array(&self, chain: &mut Chain) -> Result<(), FlowError> {
        let head = sqldta_head(&descriptor::encode_input_rows(&self.fields), self.data.len())?;
        chain.object_of(&[Part::Copied(&head), Part::all(&self.data)]);
        Ok(())
    }

    /// Appends `command` with an SQLDTA for each row.
    pub(super) fn put_each(&self, command: &[u8], chain: &mut Chain) -> Result<(), FlowError> {
        let heads = SqldtaHeads::new(descriptor::encode_input(&self.fields))?;
        let (mut head, mut start) = (Vec::new(), 0);
        for end in &self.ends {
            chain.command(command);
            if !self.fields.is_empty() {
                heads.put(end.saturating_sub(start), &mut head)?;
                chain.object_of(&[Part::Copied(&head), Part::of(&self.data, start..*end)?]);
            }
            start = *end;
        }
        Ok(())
    }
}
