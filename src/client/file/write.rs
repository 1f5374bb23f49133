//! Adding, updating and deleting records. Batches are matched to the record format by the names of their
//! columns; what a batch does not have is NULL or the default of its type when added, and stays as it is
//! when updated.

use super::handle::Handle;
use super::open_file::OpenFile;
use super::open_member::OpenMember;
use super::options::OpenMode;
use super::position::FilePosition;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::error::ColumnError;
use crate::column::file::encode::RecordEncoder;
use crate::column::file::error::RecordError;
use crate::flow::file::exchange::{Exchange, FileReply};
use crate::flow::file::read;
use crate::flow::file::write::{self, Unwritten};
use crate::wire::ddm::error::MessageError;
use crate::wire::file::buffer::PRESENT;
use crate::wire::file::control::Which;
use crate::wire::value::record_layout::Stride;
use arrow_array::{Array, ArrayRef, RecordBatch};
use bytes::Bytes;
use std::ops::Range;

/// Bytes of records encoded at a time.
const CHUNK: usize = 1 << 20;

impl OpenFile {
    fn writer(&self) -> RecordWriter<'_> {
        RecordWriter(&self.0)
    }

    /// Adds the rows of a batch at the end: how many. When one is refused those before it stay added, those
    /// after it are not, and the error says which it was and how many were.
    pub async fn write(&self, batch: &RecordBatch) -> Result<u64> {
        self.write_after(0, batch).await
    }

    /// As [`write`](Self::write), for a batch in front of which `before` rows were added: errors count them.
    pub async fn write_after(&self, before: u64, batch: &RecordBatch) -> Result<u64> {
        let columns = self.writer().columns(batch).map_err(|e| self.writer().counted(e, before))?;
        self.put(before, batch.num_rows(), |encoder, rows, stride, slots| encoder.encode(&columns, rows, stride, slots))
            .await
    }

    /// As [`write_after`](Self::write_after), batches that need not have the same columns: a request takes rows of
    /// as many as it has room for.
    pub async fn write_rows(&self, before: u64, batches: &[RecordBatch]) -> Result<u64> {
        let (mut parts, mut rows, mut wrong) = (Vec::with_capacity(batches.len()), 0, None);
        for batch in batches {
            match self.writer().columns(batch) {
                Ok(columns) => {
                    parts.push(Part { rows: rows..rows + batch.num_rows(), columns });
                    rows += batch.num_rows();
                }
                Err(e) => {
                    wrong = Some(e);
                    break;
                }
            }
        }
        let done = self.put(before, rows, |encoder, rows, stride, slots| {
            let first = parts.partition_point(|part| part.rows.end <= rows.start);
            let mut touched =
                parts.get(first..).unwrap_or_default().iter().take_while(|part| part.rows.start < rows.end);
            touched.try_for_each(|part| {
                let start = part.rows.start;
                let own = rows.start.max(start) - start..rows.end.min(part.rows.end) - start;
                encoder.encode(&part.columns, own, stride, slots)
            })
        });
        let done = done.await?;
        wrong.map_or(Ok(done), |e| Err(self.writer().counted(at_row(e, before + done), before + done)))
    }

    /// Adds `rows` records that `encode` makes slots of, after `before` others.
    async fn put(
        &self,
        before: u64,
        rows: usize,
        encode: impl Fn(&RecordEncoder<'_>, Range<usize>, &Stride, &mut Vec<u8>) -> std::result::Result<(), RecordError>,
    ) -> Result<u64> {
        let remote = &*self.0;
        let writer = self.writer();
        let mut place = remote.place.lock().await;
        let handle = writer.changing(&mut place, OpenMode::Write).map_err(|e| writer.counted(e, before))?;
        let encoder = RecordEncoder::new(&remote.fields).map_err(|e| remote.bad(&e.into(), Phase::Execute))?;
        let stride = handle.sent();
        let per_request = usize::from(handle.block(remote.block())).clamp(1, (CHUNK / stride.increment.max(1)).max(1));
        let mut slots = Vec::new();
        let mut done = 0;
        while done < rows {
            let so_far = before + done as u64;
            let asked = done..rows.min(done + per_request);
            let (end, bad) = good(asked, &mut slots, |rows, slots| encode(&encoder, rows, &stride, slots));
            if end > done {
                let request = write::put(remote.inner.speech(), handle.dclnam, &slots);
                let answer = writer.change(request, "write").await.map_err(|e| writer.counted(e, so_far))?;
                write::added(answer, end - done).map_err(|Unwritten { before, error }| {
                    let so_far = so_far + before as u64;
                    let e = at_row(remote.inner.flow_error(error, Phase::Execute), so_far);
                    writer.counted(remote.about(e), so_far)
                })?;
                done = end;
            }
            if let Some(e) = bad {
                let so_far = before + done as u64;
                let e = remote.bad(&numbered(e, so_far + 1), Phase::Execute);
                return Err(writer.counted(Error { row: Some(so_far + 1), ..e }, so_far));
            }
        }
        Ok(done as u64)
    }

    /// Updates the record that was read last with the one row of a batch.
    pub async fn update(&self, row: &RecordBatch) -> Result<()> {
        let mut place = self.0.place.lock().await;
        self.writer().update(&mut place, row).await
    }

    /// Updates the record with a number; false if there is none.
    pub async fn update_at(&self, rrn: u32, row: &RecordBatch) -> Result<bool> {
        let mut place = self.0.place.lock().await;
        self.writer().look_at(&mut place, row)?;
        match self.writer().lock(&mut place, rrn).await? {
            Some(_) => self.writer().update(&mut place, row).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Updates the first record with a key; false if there is none.
    pub async fn update_key(&self, key: &[ArrayRef], row: &RecordBatch) -> Result<bool> {
        let mut place = self.0.place.lock().await;
        self.writer().look_at(&mut place, row)?;
        match self.writer().lock_key(&mut place, key).await? {
            Some(_) => self.writer().update(&mut place, row).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Deletes the record that was read last.
    pub async fn delete(&self) -> Result<()> {
        let mut place = self.0.place.lock().await;
        self.writer().delete(&mut place).await
    }

    /// Deletes the record with a number; false if there is none.
    pub async fn delete_at(&self, rrn: u32) -> Result<bool> {
        let mut place = self.0.place.lock().await;
        match self.writer().lock(&mut place, rrn).await? {
            Some(_) => self.writer().delete(&mut place).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Deletes the first record with a key; false if there is none.
    pub async fn delete_key(&self, key: &[ArrayRef]) -> Result<bool> {
        let mut place = self.0.place.lock().await;
        match self.writer().lock_key(&mut place, key).await? {
            Some(_) => self.writer().delete(&mut place).await.map(|()| true),
            None => Ok(false),
        }
    }
}

/// Rows that have the same columns.
struct Part {
    /// Which of all rows they are.
    rows: Range<usize>,
    columns: Vec<Option<ArrayRef>>,
}

/// Changes the records of an open member.
struct RecordWriter<'a>(&'a OpenMember);

impl RecordWriter<'_> {
    /// The open file, if it was opened for this.
    fn changing<'a>(&self, place: &'a mut FilePosition, least: OpenMode) -> Result<&'a Handle> {
        self.0.usable()?;
        let fits = match least {
            OpenMode::Write => self.0.options.mode != OpenMode::Read,
            OpenMode::Read | OpenMode::ReadWrite => self.0.options.mode == OpenMode::ReadWrite,
        };
        if !fits {
            let (have, need) = (self.0.options.mode.name(), least.name());
            let text = format!("{} was opened with mode {have:?}; this needs {need:?}", self.0.name);
            return Err(Error::new(ErrorClass::Interface, Phase::Execute, "25006", text));
        }
        // Whatever becomes of it, the position moves.
        if least == OpenMode::Write {
            place.current = None;
        }
        place.handle.as_ref().ok_or_else(|| self.0.nowhere())
    }

    async fn lock(&self, place: &mut FilePosition, rrn: u32) -> Result<Option<Bytes>> {
        self.changing(place, OpenMode::ReadWrite)?;
        self.0
            .fetch(place, |remote, handle, share| {
                read::get_direct(remote.inner.speech(), handle.dclnam, share, &remote.format.name, rrn)
            })
            .await
    }

    async fn lock_key(&self, place: &mut FilePosition, key: &[ArrayRef]) -> Result<Option<Bytes>> {
        self.changing(place, OpenMode::ReadWrite)?;
        if !self.0.options.keyed {
            let text = format!("{} was not opened with keyed=True", self.0.name);
            return Err(Error::new(ErrorClass::Interface, Phase::Execute, "24000", text));
        }
        let (fields, bytes) = (key.len() as u32, self.0.key(key)?);
        self.0
            .fetch(place, |remote, handle, share| {
                let (speech, format) = (remote.inner.speech(), &remote.format.name);
                read::get_key(speech, handle.dclnam, Which::KeyAt, share, format, fields, bytes)
            })
            .await
    }

    async fn update(&self, place: &mut FilePosition, row: &RecordBatch) -> Result<()> {
        self.changing(place, OpenMode::ReadWrite)?;
        let old = place.current.clone().ok_or_else(|| self.0.nowhere())?;
        let handle = place.handle.as_ref().ok_or_else(|| self.0.nowhere())?;
        let slot = self.changed(handle, &old, row)?;
        let request = write::update(self.0.inner.speech(), handle.dclnam, &slot);
        place.current = None;
        let answer = self.change(request, "update").await?;
        let done = write::changed(answer, "S38UPDAT");
        done.map_err(|e| self.0.about(self.0.inner.flow_error(e, Phase::Execute)))
    }

    async fn delete(&self, place: &mut FilePosition) -> Result<()> {
        self.changing(place, OpenMode::ReadWrite)?;
        let handle = match (&place.current, &place.handle) {
            (Some(_), Some(handle)) => handle,
            _ => return Err(self.0.nowhere()),
        };
        let request = write::delete(self.0.inner.speech(), handle.dclnam);
        place.current = None;
        let answer = self.change(request, "deletion").await?;
        let done = write::changed(answer, "S38DEL");
        done.map_err(|e| self.0.about(self.0.inner.flow_error(e, Phase::Execute)))
    }

    /// A request that changes records, and its answer. Without commitment control nobody undoes what was done when
    /// the answer is lost.
    async fn change(&self, request: std::result::Result<Exchange, MessageError>, what: &str) -> Result<FileReply> {
        let mut pending = self.0.inner.submit(request, Phase::Execute).map_err(|e| self.0.about(e))?;
        let answer = self.0.inner.wait(&mut pending, Phase::Execute).await.map_err(|e| self.0.about(e));
        answer.map_err(|e| match e.connection_usable || self.0.options.commit.is_some() {
            true => e,
            false => Error {
                sqlstate: Some("08007".to_owned()),
                message: format!("the outcome of the {what} is unknown: {}", e.message),
                ..e.hint("look at the records before doing the work again")
            },
        })
    }

    /// The error with the number of rows that were added all the same. Under commitment control the system undoes
    /// them with the connection.
    fn counted(&self, e: Error, added: u64) -> Error {
        let undone = !e.connection_usable && self.0.options.commit.is_some();
        let added = match added {
            0 => return e,
            _ if undone => "no row is kept: the system undoes what was not committed".to_owned(),
            1 => "1 row was added before".to_owned(),
            n => format!("{n} rows were added before"),
        };
        Error { message: format!("{}; {added}", e.message), ..e }
    }

    /// Refuses a row that cannot become a record before a record is locked for it.
    fn look_at(&self, place: &mut FilePosition, row: &RecordBatch) -> Result<()> {
        let handle = self.changing(place, OpenMode::ReadWrite)?;
        self.changed(handle, &[], row).map(drop)
    }

    /// The slot of a record in which the columns of `row` are new.
    fn changed(&self, handle: &Handle, old: &[u8], row: &RecordBatch) -> Result<Vec<u8>> {
        if row.num_rows() != 1 {
            let text = format!("{}: a record is updated with one row, not {}", self.0.name, row.num_rows());
            return Err(Error::new(ErrorClass::Interface, Phase::Execute, "21000", text));
        }
        let columns = self.columns(row)?;
        let (sent, received) = (handle.sent(), handle.received());
        let encoder = RecordEncoder::new(&self.0.fields).map_err(|e| self.0.bad(&e.into(), Phase::Execute))?;
        let mut slot = Vec::new();
        encoder.encode(&columns, 0..1, &sent, &mut slot).map_err(|e| self.0.bad(&e, Phase::Execute))?;
        for (field, column) in self.0.fields.iter().zip(&columns) {
            if column.is_some() {
                continue;
            }
            let places = field.offset..field.offset + field.width;
            if let (Some(to), Some(from)) = (slot.get_mut(places.clone()), old.get(places)) {
                to.copy_from_slice(from);
            }
            let marks = |at: usize| at + field.marks.start..at + field.marks.end;
            let from = received.null_map.and_then(|at| old.get(marks(at)));
            let to = sent.null_map.and_then(|at| slot.get_mut(marks(at)));
            if let (Some(to), Some(from)) = (to, from) {
                to.copy_from_slice(from);
            }
        }
        self.whole(&columns, &sent, &slot)?;
        Ok(slot)
    }

    /// Refuses values of declared fields that would be lost in a field of the file that stays NULL.
    fn whole(&self, columns: &[Option<ArrayRef>], sent: &Stride, slot: &[u8]) -> Result<()> {
        let Some(at) = sent.null_map else { return Ok(()) };
        for (field, column) in self.0.fields.iter().zip(columns) {
            let given = column.as_ref().is_some_and(|column| column.logical_null_count() == 0);
            let marks = slot.get(at + field.marks.start..at + field.marks.end).unwrap_or_default();
            if given && marks.iter().any(|mark| *mark != PRESENT) {
                let text = format!(
                    "{}: field {} lies in a field of the file that is NULL: give all that lie in it a value",
                    self.0.name, field.field.name
                );
                return Err(Error::new(ErrorClass::Data, Phase::Execute, "22002", text).at(&self.0.inner.peer));
            }
        }
        Ok(())
    }

    /// The columns of a batch in the order of the fields.
    fn columns(&self, batch: &RecordBatch) -> Result<Vec<Option<ArrayRef>>> {
        let refuse = |text: String| Err(Error::new(ErrorClass::Programming, Phase::Execute, "42703", text));
        let mut out = vec![None; self.0.fields.len()];
        for (column, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let name = column.name();
            let at = self.0.fields.iter().position(|f| f.field.name.eq_ignore_ascii_case(name));
            match at.and_then(|at| out.get_mut(at)) {
                Some(Some(_)) => return refuse(format!("{}: column {name:?} is given twice", self.0.name)),
                Some(place) => *place = Some(array.clone()),
                // The numbers that a read put in front: a record cannot be given one.
                None if self.0.options.values.rrn.as_ref() == Some(name) => {}
                None => return refuse(format!("{} has no field {name:?}", self.0.name)),
            }
        }
        Ok(out)
    }
}

/// The slots of as many of `rows` as can be encoded: where they end, and what is wrong with the next one.
fn good(
    rows: Range<usize>,
    slots: &mut Vec<u8>,
    encode: impl Fn(Range<usize>, &mut Vec<u8>) -> std::result::Result<(), RecordError>,
) -> (usize, Option<RecordError>) {
    slots.clear();
    if encode(rows.clone(), slots).is_ok() {
        return (rows.end, None);
    }
    slots.clear();
    for row in rows.clone() {
        if let Err(e) = encode(row..row + 1, slots) {
            return (row, Some(e));
        }
    }
    (rows.end, None)
}

/// An error of a value with the number that its row has among all that are written.
fn numbered(e: RecordError, number: u64) -> RecordError {
    match e {
        RecordError::Column(ColumnError::Value(mut bad)) => {
            bad.row = number;
            RecordError::Column(ColumnError::Value(bad))
        }
        RecordError::Column(ColumnError::Null { column, index, .. }) => {
            RecordError::Column(ColumnError::Null { column, index, row: number })
        }
        other => other,
    }
}

/// The error about the row after `before` others.
fn at_row(e: Error, before: u64) -> Error {
    Error { message: format!("row {}: {}", before + 1, e.message), row: Some(before + 1), ..e }
}
