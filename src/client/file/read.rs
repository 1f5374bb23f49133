//! Reads one record at a time, by place, number or key. In a file that is open for changes the record is locked
//! and becomes the current one, which an update or deletion changes. Each move of the position forgets it.

use super::handle::Handle;
use super::open_member::OpenMember;
use super::options::OpenMode;
use super::position::{FilePosition, number};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::file::decode::RecordDecoder;
use crate::column::file::encode::RecordEncoder;
use crate::column::file::options::RecordOptions;
use crate::flow::file::exchange::Exchange;
use crate::flow::file::read::{self, FoundRecord};
use crate::wire::ddm::error::MessageError;
use crate::wire::file::control::{Share, Which};
use crate::wire::value::record_layout::{PlacedField, Stride};
use arrow_array::{Array, ArrayRef, RecordBatch};
use bytes::Bytes;

/// How a record stands to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMatch {
    /// The first with the key.
    Equal,
    /// The first with it or after it.
    AtOrAfter,
    /// The first after it.
    After,
    /// The last with it or before it.
    AtOrBefore,
    /// The last before it.
    Before,
}

impl KeyMatch {
    /// By its sign: `==`, `>=`, `>`, `<=`, `<`.
    pub fn by_sign(sign: &str) -> Option<KeyMatch> {
        Some(match sign {
            "==" | "=" | "eq" => KeyMatch::Equal,
            ">=" | "ge" => KeyMatch::AtOrAfter,
            ">" | "gt" => KeyMatch::After,
            "<=" | "le" => KeyMatch::AtOrBefore,
            "<" | "lt" => KeyMatch::Before,
            _ => return None,
        })
    }

    fn which(self) -> Which {
        match self {
            KeyMatch::Equal => Which::KeyAt,
            KeyMatch::AtOrAfter => Which::KeyAtOrAfter,
            KeyMatch::After => Which::KeyAfter,
            KeyMatch::AtOrBefore => Which::KeyAtOrBefore,
            KeyMatch::Before => Which::KeyBefore,
        }
    }
}

/// A record by its place.
#[derive(Debug, Clone)]
pub enum Position {
    /// The one with a number.
    Number(u32),
    /// The one that stands to a key so: an array of one element for each key field, or for the first ones.
    Key(Vec<ArrayRef>, KeyMatch),
    /// The first.
    First,
    /// The last.
    Last,
    /// The one after that read last.
    Next,
    /// The one before it.
    Previous,
    /// The next with the same key as the one read last.
    NextEqual,
    /// The previous with the same key.
    PreviousEqual,
}

/// A position in the terms of the commands.
enum Wanted {
    Number(u32),
    Step(Which),
    /// Which one, the fields of the key, and their bytes.
    Key(Which, u32, Vec<u8>),
}

impl OpenMember {
    /// The record at a position; none if there is no such record, or it is deleted.
    pub(super) async fn read_at(&self, position: Position) -> Result<Option<RecordBatch>> {
        let wanted = match position {
            Position::Number(rrn) => Wanted::Number(rrn),
            Position::Key(key, how) => self.by_key(how.which(), key.len() as u32, self.key(&key)?)?,
            Position::First => Wanted::Step(Which::First),
            Position::Last => Wanted::Step(Which::Last),
            Position::Next => Wanted::Step(Which::Next),
            Position::Previous => Wanted::Step(Which::Previous),
            Position::NextEqual => self.by_same_key(Which::NextEqual).await?,
            Position::PreviousEqual => self.by_same_key(Which::PreviousEqual).await?,
        };
        let mut place = self.place.lock().await;
        let fetched = self.fetch(&mut place, |member, handle, share| {
            let (speech, format) = (member.inner.speech(), &member.format.name);
            match wanted {
                Wanted::Number(rrn) => read::get_direct(speech, handle.dclnam, share, format, rrn),
                Wanted::Step(which) => read::get(speech, handle.dclnam, which, share),
                Wanted::Key(which, fields, key) => {
                    read::get_key(speech, handle.dclnam, which, share, format, fields, key)
                }
            }
        });
        let Some(slot) = fetched.await? else { return Ok(None) };
        self.decode(&mut place, &slot).map(Some)
    }

    /// Before the first record, or after the last: the next read begins there.
    pub(super) async fn rewind(&self, to_first: bool) -> Result<()> {
        let mut place = self.place.lock().await;
        let handle = self.positioned(&mut place).await?;
        let request = read::feod(self.inner.speech(), handle.dclnam, to_first);
        let answer = self.inner.talk(request, Phase::Fetch).await.map_err(|e| self.about(e))?;
        read::positioned(answer).map_err(|e| self.about(self.inner.flow_error(e, Phase::Fetch)))
    }

    fn by_key(&self, which: Which, fields: u32, key: Vec<u8>) -> Result<Wanted> {
        if self.options.keyed {
            return Ok(Wanted::Key(which, fields, key));
        }
        let text = format!("{} was not opened with keyed=True", self.name);
        Err(Error::new(ErrorClass::Interface, Phase::Fetch, "24000", text))
    }

    /// By the key of the record read last.
    async fn by_same_key(&self, which: Which) -> Result<Wanted> {
        self.usable()?;
        let Some(slot) = self.place.lock().await.current.clone() else { return Err(self.nowhere()) };
        let mut key = Vec::new();
        for place in self.key_fields()? {
            key.extend_from_slice(slot.get(place.offset..place.offset + place.width).unwrap_or_default());
        }
        // The system goes by the key of its current record, which this is.
        self.by_key(which, self.formats.keys.len() as u32, key)
    }

    /// Reads one record and remembers it as the current one.
    pub(super) async fn fetch(
        &self,
        place: &mut FilePosition,
        request: impl FnOnce(&OpenMember, &Handle, Share) -> std::result::Result<Exchange, MessageError>,
    ) -> Result<Option<Bytes>> {
        let share = if self.options.mode == OpenMode::ReadWrite { Share::Update } else { Share::Read };
        let handle = self.positioned(place).await?;
        let found = self.one(handle, request(self, handle, share)).await?;
        place.current.clone_from(&found);
        Ok(found)
    }

    /// The number of the record at a place.
    pub(super) async fn at(&self, handle: &Handle, which: Which) -> Result<Option<u32>> {
        let found = self.one(handle, read::get(self.inner.speech(), handle.dclnam, which, Share::Read)).await?;
        Ok(found.and_then(|slot| number(&slot, &handle.received())))
    }

    async fn one(
        &self,
        handle: &Handle,
        request: std::result::Result<Exchange, MessageError>,
    ) -> Result<Option<Bytes>> {
        let answer = self.inner.talk(request, Phase::Fetch).await.map_err(|e| self.about(e))?;
        let found = read::found(answer, &handle.layout);
        match found.map_err(|e| self.about(self.inner.flow_error(e, Phase::Fetch)))? {
            FoundRecord::Records(block) if block.count == 1 => {
                Ok(Some(block.slots.slice(..handle.layout.increment.min(block.slots.len()))))
            }
            FoundRecord::Records(block) => {
                let text = format!("{}: {} records came where one was asked for", self.name, block.count);
                Err(Error::new(ErrorClass::Internal, Phase::Fetch, "58009", text).at(&self.inner.peer))
            }
            FoundRecord::End(_) | FoundRecord::Nothing(_) => Ok(None),
        }
    }

    /// The open for single records, the current one forgotten: whatever comes now moves the position.
    pub(super) async fn positioned<'a>(&self, place: &'a mut FilePosition) -> Result<&'a Handle> {
        self.usable()?;
        place.current = None;
        if self.options.mode == OpenMode::Write {
            let text = format!("{} was opened to add records, not to read them", self.name);
            return Err(Error::new(ErrorClass::Interface, Phase::Fetch, "24504", text));
        }
        match &mut place.handle {
            Some(handle) => Ok(handle),
            empty => Ok(empty.insert(self.open_to_read(self.options.keyed, false).await?)),
        }
    }

    fn decode(&self, place: &mut FilePosition, slot: &[u8]) -> Result<RecordBatch> {
        let stride = match &place.handle {
            Some(handle) => handle.received(),
            None => return Err(self.nowhere()),
        };
        // After an error a decoder is of no further use: it is put back only when all went well.
        let mut decoder = match place.decoder.take() {
            Some(decoder) => decoder,
            None => {
                let given = &self.options.values;
                let options = RecordOptions { values: given.values.apart(), ..given.clone() };
                RecordDecoder::new(&self.shown, &options).map_err(|e| self.bad(&e.into(), Phase::Fetch))?
            }
        };
        let batch = decoder.append(slot, &stride, 1).and_then(|()| decoder.finish());
        let batch = match batch {
            Ok(batch) => batch,
            Err(e) => {
                place.counted.clear();
                return Err(self.bad(&e, Phase::Fetch));
            }
        };
        self.count(&decoder, &mut place.counted);
        place.decoder = Some(decoder);
        Ok(batch)
    }

    /// There is no current record.
    pub(super) fn nowhere(&self) -> Error {
        let text = format!("{}: no record was read that this could mean", self.name);
        Error::new(ErrorClass::Interface, Phase::Execute, "24504", text)
    }

    /// The key fields in the order of the key.
    pub(super) fn key_fields(&self) -> Result<Vec<&PlacedField>> {
        let find = |name: &String| self.fields.iter().find(|f| f.field.name == *name);
        self.formats.keys.iter().map(|key| find(&key.name)).collect::<Option<_>>().ok_or_else(|| {
            let text = format!("{}: a key field is not in the record format {}", self.name, self.format.name);
            Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text)
        })
    }

    /// A key as it lies in a record. Varying fields have their true length.
    pub(super) fn key(&self, values: &[ArrayRef]) -> Result<Vec<u8>> {
        let refuse = |state: &str, text: String| Err(Error::new(ErrorClass::Programming, Phase::Execute, state, text));
        let fields = self.key_fields()?;
        if values.is_empty() || values.len() > fields.len() {
            let text = format!("{}: a key has 1 to {} fields, not {}", self.name, fields.len(), values.len());
            return refuse("07001", text);
        }
        let mut columns = vec![None; self.fields.len()];
        for (field, value) in fields.iter().zip(values) {
            // The array of a bare None has no bits that would say so.
            if value.len() != 1 || value.logical_null_count() > 0 {
                return refuse("22004", format!("{}: key field {} is NULL", self.name, field.field.name));
            }
            let at = self.fields.iter().position(|f| f.field.name == field.field.name);
            if let Some(slot) = at.and_then(|at| columns.get_mut(at)) {
                *slot = Some(value.clone());
            }
        }
        let record = self.format.length as usize;
        let stride = Stride { record, increment: record + self.fields.len(), null_map: Some(record), rrn: None };
        let mut slot = Vec::new();
        let encoder = RecordEncoder::new(&self.fields).map_err(|e| self.bad(&e.into(), Phase::Execute))?;
        encoder.encode(&columns, 0..1, &stride, &mut slot).map_err(|e| self.bad(&e, Phase::Execute))?;
        let parts = fields.iter().take(values.len());
        Ok(parts.flat_map(|f| slot.get(f.offset..f.offset + f.width).unwrap_or_default()).copied().collect())
    }
}
