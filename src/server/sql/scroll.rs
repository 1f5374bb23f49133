//! Cursors that scroll: the rows are kept as they came from the backend, so they can be asked for in
//! any order; later changes do not show (insensitive). CNTQRY says where to go (QRYSCRORN,
//! QRYROWNBR) and how many rows are wanted from there (QRYROWSET). What is no row is told by an
//! SQLCA in a row's place, with the number of rows that there are. (Measured: Derby.)

use super::batch_reader::Wait;
use super::describe::is_large;
use super::query::{NO_ROW, send_rows};
use super::rows::{LargeValues, RowSource};
use super::scroll_rows::ScrollTarget;
use super::state::OpenCursor;
use crate::server::conversation::{Conversation, Out};
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::row::CHUNK;
use crate::wire::sql::execute::extdta;
use crate::wire::sql::query::{CntQry, orientation};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::text::SqlText;

/// Rows that are sent at a time, however many are asked for.
const ROWSET: u32 = 32_767;

impl Conversation {
    /// The first rows, with the open.
    pub(super) fn scroll_first(
        &mut self,
        cursor: &mut OpenCursor,
        size: u32,
        rows: u32,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let target = self.target_of(cursor, orientation::RELATIVE, 1)?;
        self.scroll_rows(cursor, target, false, size, rows, out)
    }

    /// The rows that a CNTQRY asks for.
    pub(super) fn scroll_to(&mut self, cursor: &mut OpenCursor, command: &CntQry, out: &mut Out<'_>) -> Result<()> {
        let orientation = command.qryscrorn.unwrap_or(orientation::RELATIVE);
        let target = self.target_of(cursor, orientation, command.qryrownbr.unwrap_or(1))?;
        let rows = command.qryrowset.or(command.nbrrow).unwrap_or(1);
        if command.qryrtndta == Some(false) {
            return self.scroll_move(cursor, target, orientation, out);
        }
        let quiet = orientation == orientation::AFTER;
        self.scroll_rows(cursor, target, quiet, command.qryblksz, rows, out)
    }

    fn target_of(&self, cursor: &mut OpenCursor, orientation: u8, number: i64) -> Result<ScrollTarget> {
        let scroll = cursor.scroll.as_mut().ok_or_else(|| ProtocolError::unsupported(cp::PRMNSPRM, cp::QRYSCRORN))?;
        let target = scroll.target(orientation, number);
        target.ok_or_else(|| ProtocolError::syntax(synerrcd::VALUE, Some(cp::QRYSCRORN)))
    }

    /// Goes there and says no more than what there is.
    fn scroll_move(&mut self, cursor: &mut OpenCursor, target: ScrollTarget, orn: u8, out: &mut Out<'_>) -> Result<()> {
        match (target, &mut cursor.scroll) {
            (ScrollTarget::Row(row), Some(scroll)) => {
                scroll.at = row;
                cursor.tail.bytes(&[NO_ROW, NO_ROW]);
            }
            _ => self.no_row(cursor, target, orn == orientation::AFTER)?,
        }
        send_rows(cursor, usize::MAX, out);
        Ok(())
    }

    /// Sends up to `rows` rows from there on, as many as a block holds but one at least.
    fn scroll_rows(
        &mut self,
        cursor: &mut OpenCursor,
        target: ScrollTarget,
        quiet: bool,
        size: u32,
        rows: u32,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let mut lobs = Vec::new();
        let mut over = true;
        if let (ScrollTarget::Row(first), Some(scroll)) = (target, &mut cursor.scroll) {
            let most = u64::from(rows.clamp(1, ROWSET));
            // A row more than is wanted: whether the last one is among them is told with them.
            scroll.reach(first.saturating_add(most - 1));
            let mut row = first;
            let mut full = false;
            while row < first + most && !full {
                let Some(batch) = scroll.slice(row, (first + most - row).min(CHUNK as u64)) else { break };
                let fields = cursor.rows.fields().to_vec();
                let large = fields.iter().any(is_large);
                let mut source = RowSource::new(fields, Box::new(std::iter::once(Ok(batch))), None);
                loop {
                    let used =
                        cursor.tail.len() + lobs.iter().map(|(l, _): &(bytes::Bytes, bool)| l.len()).sum::<usize>();
                    full = row > first && used >= size as usize;
                    let before = cursor.tail.len();
                    if full || source.end().is_some() {
                        break;
                    }
                    let one = if large { 1 } else { usize::MAX };
                    let bytes = if large { usize::MAX } else { size as usize };
                    let had = source.sent;
                    let mut places =
                        LargeValues { wanted: &cursor.wanted, lobs: &mut lobs, locators: &mut self.locators };
                    source.fill(&mut cursor.tail, bytes, one, &mut places, &mut Wait::default());
                    row += source.sent - had;
                    if cursor.tail.len() == before {
                        break;
                    }
                }
                if let Some(Err(error)) = source.end() {
                    scroll.end = Some(Err(error.clone()));
                    break;
                }
            }
            scroll.at = row - 1;
            // After the last row, or where the rows broke off.
            over = row < first + most && !full;
        }
        if over {
            let target = if matches!(target, ScrollTarget::Row(_)) { ScrollTarget::After } else { target };
            self.no_row(cursor, target, quiet)?;
        }
        send_rows(cursor, usize::MAX, out);
        for (value, nullable) in lobs {
            out.object(&extdta(&value, nullable, None).map_err(ProtocolError::ours)?);
        }
        Ok(())
    }

    /// Goes where no row is and appends the SQLCA that says so: 100, or 0 where that was the wish.
    fn no_row(&mut self, cursor: &mut OpenCursor, target: ScrollTarget, quiet: bool) -> Result<()> {
        let Some(scroll) = &mut cursor.scroll else { return Ok(()) };
        scroll.reach(u64::MAX);
        scroll.at = if target == ScrollTarget::Before { 0 } else { scroll.count + 1 };
        let (code, state) = if quiet { (0, "00000") } else { (100, "02000") };
        let condition = match &scroll.end {
            Some(Err(error)) => error.clone(),
            _ => SqlError::new(code, state, &[]),
        };
        let count = scroll.count;
        let mut sqlca = self.sqlca(&condition);
        let [high, low, ..] = &mut sqlca.errd;
        *high = (count >> 32) as u32 as i32;
        *low = (count & 0xFFFF_FFFF) as u32 as i32;
        let text = SqlText::new(&self.persona.typdef);
        Sqlca::write(Some(&sqlca), &mut cursor.tail, self.sqlam, &text).map_err(ProtocolError::ours)?;
        cursor.tail.u8(NO_ROW);
        Ok(())
    }
}
