//! Cursors that scroll: the rows are kept as they came from the backend, so they can be asked for in
//! any order; later changes do not show (insensitive). CNTQRY says where to go (QRYSCRORN,
//! QRYROWNBR) and how many rows are wanted from there (QRYROWSET). A place without a row is told by an
//! SQLCA in the row's place, with the number of rows that there are. (Measured: Derby.)

use super::batch_reader::Wait;
use super::blocks::{RowSender, end_of_data};
use super::cursors::OpenCursor;
use super::describe::is_large;
use super::rows::{LargeValues, RowSource};
use super::scroll_rows::ScrollTarget;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::row::CHUNK;
use crate::wire::sql::execute::extdta;
use crate::wire::sql::query::{CntQry, orientation};
use bytes::Bytes;

/// Rows that are sent at a time, however many are asked for.
const ROWSET: u32 = 32_767;
/// A row that is there and not sent: no SQLCA, no row.
const NOT_SENT: [u8; 2] = [0xFF, 0xFF];

/// A move: its end, and whether the end of the rows is what it asks for.
struct Move {
    target: ScrollTarget,
    quiet: bool,
}

/// The first rows, with the open.
pub(super) fn first_rows(sender: &mut RowSender<'_, '_>, cursor: &mut OpenCursor, size: u32, rows: u32) -> Result<()> {
    let to = Move { target: target(cursor, orientation::RELATIVE, 1)?, quiet: false };
    send_from(sender, cursor, to, size, rows)
}

/// The rows that a CNTQRY asks for.
pub(super) fn rows(sender: &mut RowSender<'_, '_>, cursor: &mut OpenCursor, command: &CntQry) -> Result<()> {
    let orientation = command.qryscrorn.unwrap_or(orientation::RELATIVE);
    let target = target(cursor, orientation, command.qryrownbr.unwrap_or(1))?;
    let to = Move { target, quiet: orientation == orientation::AFTER };
    let rows = command.qryrowset.or(command.nbrrow).unwrap_or(1);
    if command.qryrtndta == Some(false) {
        return go_to(sender, cursor, &to);
    }
    send_from(sender, cursor, to, command.qryblksz, rows)
}

fn target(cursor: &mut OpenCursor, orientation: u8, number: i64) -> Result<ScrollTarget> {
    let scroll = cursor.scroll.as_mut().ok_or_else(|| ProtocolError::unsupported(cp::PRMNSPRM, cp::QRYSCRORN))?;
    let target = scroll.target(orientation, number);
    target.ok_or_else(|| ProtocolError::syntax(synerrcd::VALUE, Some(cp::QRYSCRORN)))
}

/// Moves without sending rows: the reply says only whether there is a row.
fn go_to(sender: &mut RowSender<'_, '_>, cursor: &mut OpenCursor, to: &Move) -> Result<()> {
    match (to.target, &mut cursor.scroll) {
        (ScrollTarget::Row(row), Some(scroll)) => {
            scroll.at = row;
            cursor.tail.bytes(&NOT_SENT);
        }
        _ => no_row(sender, cursor, to)?,
    }
    sender.send(cursor, usize::MAX);
    Ok(())
}

/// Sends up to `rows` rows from there on, as many as a block holds but one at least.
fn send_from(sender: &mut RowSender<'_, '_>, cursor: &mut OpenCursor, to: Move, size: u32, rows: u32) -> Result<()> {
    let mut lobs = Vec::new();
    let mut over = true;
    if let (ScrollTarget::Row(first), Some(scroll)) = (to.target, &mut cursor.scroll) {
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
                let used = cursor.tail.len() + lobs.iter().map(|(l, _): &(Bytes, bool)| l.len()).sum::<usize>();
                full = row > first && used >= size as usize;
                let before = cursor.tail.len();
                if full || source.end().is_some() {
                    break;
                }
                let one = if large { 1 } else { usize::MAX };
                let bytes = if large { usize::MAX } else { size as usize };
                let had = source.sent;
                let mut places = LargeValues::new(&cursor.wanted, &mut lobs, sender.locators);
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
        let target = if matches!(to.target, ScrollTarget::Row(_)) { ScrollTarget::After } else { to.target };
        no_row(sender, cursor, &Move { target, ..to })?;
    }
    sender.send(cursor, usize::MAX);
    for (value, nullable) in lobs {
        sender.out.object(&extdta(&value, nullable, None).map_err(ProtocolError::ours)?);
    }
    Ok(())
}

/// Goes where no row is and appends the SQLCA that says so: 100, or 0 where that was the wish.
fn no_row(sender: &mut RowSender<'_, '_>, cursor: &mut OpenCursor, to: &Move) -> Result<()> {
    let Some(scroll) = &mut cursor.scroll else { return Ok(()) };
    scroll.reach(u64::MAX);
    scroll.at = if to.target == ScrollTarget::Before { 0 } else { scroll.count + 1 };
    let condition = match &scroll.end {
        Some(Err(error)) => error.clone(),
        _ if to.quiet => SqlError::new(0, "00000", &[]),
        _ => end_of_data(),
    };
    let count = scroll.count;
    sender.condition(cursor, &condition, count)
}
