//! The answering side of a query: OPNQRY opens it, CNTQRY continues it, CLSQRY closes it. Blocks
//! are cut where they are full, in the middle of a row if need be (limited block protocol); rows
//! with large objects go out whole, the objects after them, and only when asked for by CNTQRY
//! (fixed row protocol): the requester may want locators in their place (OUTOVR).

use super::batch_reader::Wait;
use super::lob_locator;
use super::meter::Meter;
use super::prepare::not_prepared;
use super::rows::LargeValues;
use super::scroll_rows::ScrollRows;
use super::state::{Filled, OpenCursor, Section, SectionStatement};
use crate::server::backend::Rows;
use crate::server::conversation::{After, Conversation, Out, Request};
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::reply::Reply;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::extdta;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::query::{ClsQry, CntQry, OpnQry, OpnQryRm, rtnextdta};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::text::SqlText;
use std::collections::BTreeMap;

/// Block sizes that are taken.
const BLOCK_SIZES: std::ops::RangeInclusive<u32> = 512..=10_485_760;
/// Bytes of a block that are no rows: the frame's header, LL and code point, an extended length.
const OVERHEAD: usize = 14;
/// Blocks sent beyond the first, however many more the requester would take.
const EXTRA: usize = 3;
/// Queries that a connection may have open.
const OPEN: usize = 1024;
/// QRYATTSNS: changes made later do not show.
const INSENSITIVE: u8 = 1;
/// QRYCLSIMP: the requester closes.
const NOT_CLOSED: u8 = 2;
/// After the SQLCA at the end of data: no row.
pub(super) const NO_ROW: u8 = 0xFF;

impl Conversation {
    pub(in crate::server) fn opnqry(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = OpnQry::decode(&request.command.body, self.text)?;
        check_block_size(command.qryblksz)?;
        let opened = match self.check_package(&command.pkgnamcsn) {
            Ok(section) => self.open(&section, request)?.map(|cursor| (section, cursor)),
            Err(error) => Err(error),
        };
        let (section, mut cursor) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let failed = Reply { rdbnam: Some(self.rdbnam.clone()), ..Reply::new(cp::OPNQFLRM) };
                out.reply(&failed.encode(self.text)?);
                if self.persona.goes_on && error == not_prepared() {
                    // Derby tells of the failed prepare once, and of the open nothing more.
                    let sqlca = self.success(None);
                    self.card(Some(&sqlca), out)?;
                } else {
                    self.fail(&error, out)?;
                }
                return Ok(After::Next);
            }
        };
        cursor.closes = command.qryclsimp != Some(NOT_CLOSED);
        if command.qryblkctl == Some(cp::FRCFIXROW) {
            cursor.fixed = true;
        }
        let instance = self.next_instance;
        self.next_instance += 1;
        let opened = OpnQryRm {
            qryattscr: cursor.scroll.is_some().then_some(true),
            qryattsns: cursor.scroll.is_some().then_some(INSENSITIVE),
            ..OpnQryRm::read_only(cursor.fixed, cursor.held, instance)
        };
        out.reply(&opened.encode(self.text).map_err(ProtocolError::ours)?);
        let described = descriptor::encode_result(cursor.rows.fields(), &self.persona.typdef);
        out.data(cp::QRYDSC, &described.map_err(ProtocolError::ours)?);
        let over = if cursor.scroll.is_some() {
            match command.qryrowset {
                Some(rows) if rows > 0 && !cursor.fixed => {
                    self.scroll_first(&mut cursor, command.qryblksz, rows, out)?;
                }
                _ => {}
            }
            false
        } else {
            !cursor.fixed && self.blocks(&mut cursor, command.qryblksz, command.maxblkext, out)?
        };
        if !over {
            self.cursors.retain(|(of, _), c| !(of == &section && c.told));
            open_limit(&self.cursors)?;
            self.cursors.insert((section, instance), cursor);
        }
        Ok(After::Next)
    }

    pub(in crate::server) fn cntqry(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = CntQry::decode(&request.command.body, self.text)?;
        check_block_size(command.qryblksz)?;
        let key = self.find(&command.pkgnamcsn, command.qryinsid)?;
        let Some(mut cursor) = self.cursors.remove(&key) else { return Err(not_open()) };
        self.settle(false);
        if let Some(outovr) = request.objects.iter().find(|o| o.cp == cp::OUTOVR) {
            cursor.wanted = lob_locator::wanted(&outovr.body, cursor.rows.fields())?;
        }
        let over = if cursor.scroll.is_some() {
            self.scroll_to(&mut cursor, &command, out)?;
            false
        } else if cursor.fixed {
            let all = command.rtnextdta == Some(rtnextdta::ALL);
            let most = if all { usize::MAX } else { command.qryrowset.or(command.nbrrow).map_or(1, |n| n as usize) };
            self.whole_rows(&mut cursor, command.qryblksz, most.max(1), out)?
        } else {
            self.blocks(&mut cursor, command.qryblksz, command.maxblkext, out)?
        };
        if !over {
            self.cursors.insert(key, cursor);
        }
        Ok(After::Next)
    }

    pub(in crate::server) fn clsqry(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = ClsQry::decode(&request.command.body, self.text)?;
        let key = self.find(&command.pkgnamcsn, command.qryinsid)?;
        if let Some(mut cursor) = self.cursors.remove(&key)
            && cursor.rows.away().is_some()
        {
            self.leaving = Some(cursor.rows.into_pull());
        }
        let sqlca = self.success(None);
        self.card(Some(&sqlca), out)?;
        Ok(After::Next)
    }

    fn open(&mut self, section: &Section, request: &Request) -> Result<std::result::Result<OpenCursor, SqlError>> {
        let array = self.one_row(&request.objects)?;
        let filled = self.statements.get(section).map(|Filled { statement, .. }| statement);
        let Some(SectionStatement::Prepared { prepared, columns, held, scrolls, .. }) = filled else {
            return Ok(Err(not_prepared()));
        };
        if columns.is_empty() {
            // No query: the cursor has none as its statement.
            return Ok(Err(SqlError::new(-517, "07005", &[&format!("SQL_CUR{}", section.2)])));
        }
        let (statement, columns, held, scrolls) = (prepared.statement, columns.clone(), *held, *scrolls);
        let parameters = match self.parameters(&array, &prepared.parameters)? {
            Ok(parameters) => parameters,
            Err(error) => return Ok(Err(error)),
        };
        let none: fn() -> Rows = || Box::new(std::iter::empty());
        let session = self.session()?;
        let (rows, shared) = (session.query(statement, &parameters), session.rows_are_shared());
        Ok(rows.map(|rows| {
            let meter = Meter::new(&self.budget, shared);
            if scrolls {
                OpenCursor::new(columns, none(), Some(ScrollRows::new(rows, meter)), held, None)
            } else {
                OpenCursor::new(columns, rows, None, held, Some(meter))
            }
        }))
    }

    /// The open query that a command is about: by its instance, else the latest of the section.
    fn find(&self, name: &PkgNamCsn, instance: Option<u64>) -> Result<(Section, u64)> {
        let section: Section = (name.collection.clone(), name.package.clone(), name.section);
        let latest = instance.unwrap_or(u64::MAX);
        let key = self.cursors.range((section.clone(), instance.unwrap_or(0))..=(section, latest)).next_back();
        key.map(|(key, _)| key.clone()).ok_or_else(not_open)
    }

    /// Sends blocks as full as they get in time; true when the query is over.
    pub(super) fn blocks(
        &mut self,
        cursor: &mut OpenCursor,
        size: u32,
        extra: Option<i16>,
        out: &mut Out<'_>,
    ) -> Result<bool> {
        let payload = size as usize - OVERHEAD;
        let extra = match extra.unwrap_or(0) {
            n if n < 0 => EXTRA,
            n => usize::from(n.unsigned_abs()).min(EXTRA),
        };
        let mut wait = Wait::default();
        for _ in 0..=extra {
            let mut nothing = Vec::new();
            let mut large = LargeValues { wanted: &[], lobs: &mut nothing, locators: &mut self.locators };
            cursor.rows.fill(&mut cursor.tail, payload, usize::MAX, &mut large, &mut wait);
            if cursor.rows.end().is_some() && (cursor.tail.len() <= payload || self.ends_in_row(cursor)) {
                if self.finish(cursor, payload, out)? {
                    return Ok(!self.ends_in_row(cursor));
                }
                continue;
            }
            let late = cursor.tail.len() < payload;
            if !late || !cursor.tail.is_empty() {
                send_rows(cursor, payload, out);
            }
            if late {
                break;
            }
            wait.ready = true;
        }
        Ok(false)
    }

    /// Sends rows that fit, at least one and at most `most`, with their large objects after them; true
    /// when the query is over.
    fn whole_rows(&mut self, cursor: &mut OpenCursor, size: u32, most: usize, out: &mut Out<'_>) -> Result<bool> {
        let (mut lobs, mut rows) = (Vec::new(), 0);
        let mut wait = Wait::default();
        loop {
            let used = cursor.tail.len() + lobs.iter().map(|(l, _): &(bytes::Bytes, bool)| l.len()).sum::<usize>();
            if rows >= most || rows > 0 && used >= size as usize || cursor.rows.end().is_some() {
                break;
            }
            let mut large = LargeValues { wanted: &cursor.wanted, lobs: &mut lobs, locators: &mut self.locators };
            if cursor.rows.fill(&mut cursor.tail, usize::MAX, 1, &mut large, &mut wait) == 0 {
                break;
            }
            rows += 1;
        }
        let mut objects = Vec::with_capacity(lobs.len());
        for (value, nullable) in lobs {
            objects.push(extdta(&value, nullable, None).map_err(ProtocolError::ours)?);
        }
        // The end is told by itself, unless more rows were asked for than there are.
        let ends = cursor.rows.end().is_some();
        if ends && self.ends_in_row(cursor) && objects.is_empty() {
            self.finish(cursor, usize::MAX, out)?;
            return Ok(!self.ends_in_row(cursor));
        }
        if !cursor.tail.is_empty() {
            send_rows(cursor, usize::MAX, out);
        }
        objects.iter().for_each(|object| out.object(object));
        if ends && !self.ends_in_row(cursor) {
            self.finish(cursor, usize::MAX, out)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// The end is a row rather than a message: the product's habit, or the requester closes. After
    /// it the query can still be asked. (Measured: Derby answers surplus CNTQRYs.)
    fn ends_in_row(&self, cursor: &OpenCursor) -> bool {
        self.persona.ends_in_row || !cursor.closes
    }

    /// Sends what is left and the end of data; false when that takes another block.
    fn finish(&mut self, cursor: &mut OpenCursor, payload: usize, out: &mut Out<'_>) -> Result<bool> {
        let error = match cursor.rows.end() {
            Some(Err(error)) => Some(error.clone()),
            _ => None,
        };
        let mut sqlca = self.sqlca(error.as_ref().unwrap_or(&SqlError::new(100, "02000", &[])));
        if !self.ends_in_row(cursor) {
            if !cursor.tail.is_empty() {
                send_rows(cursor, payload, out);
            }
            out.reply(&Reply::new(cp::ENDQRYRM).encode(self.text)?);
            match error {
                Some(error) => self.fail(&error, out)?,
                None => self.card(Some(&sqlca), out)?,
            }
            return Ok(true);
        }
        // Told again to a requester that asks after the end.
        if !cursor.told || cursor.tail.is_empty() {
            let [high, low, ..] = &mut sqlca.errd;
            *high = (cursor.rows.sent >> 32) as u32 as i32;
            *low = (cursor.rows.sent & 0xFFFF_FFFF) as u32 as i32;
            let text = SqlText::new(&self.persona.typdef);
            Sqlca::write(Some(&sqlca), &mut cursor.tail, self.sqlam, &text).map_err(ProtocolError::ours)?;
            cursor.tail.u8(NO_ROW);
            cursor.told = true;
        }
        send_rows(cursor, payload, out);
        Ok(cursor.tail.is_empty())
    }
}

/// Sends a QRYDTA of up to `payload` bytes of what is encoded.
pub(super) fn send_rows(cursor: &mut OpenCursor, payload: usize, out: &mut Out<'_>) {
    let all = std::mem::take(&mut cursor.tail);
    let (now, later) = all.as_slice().split_at(all.len().min(payload));
    out.data(cp::QRYDTA, now);
    cursor.tail.bytes(later);
}

pub(super) fn check_block_size(size: u32) -> Result<()> {
    if BLOCK_SIZES.contains(&size) { Ok(()) } else { Err(ProtocolError::syntax(synerrcd::VALUE, Some(cp::QRYBLKSZ))) }
}

/// RSCLMTRM when no further query may be open.
pub(super) fn open_limit(cursors: &BTreeMap<(Section, u64), OpenCursor>) -> Result<()> {
    if cursors.len() < OPEN { Ok(()) } else { Err(ProtocolError::reply(Reply::new(cp::RSCLMTRM))) }
}

/// QRYNOPRM: the query is not open.
fn not_open() -> ProtocolError {
    ProtocolError::reply(Reply::new(cp::QRYNOPRM))
}
