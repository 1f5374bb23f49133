//! The rows of parameters that come with a command, one or many. They come in three forms: an SQLDTA
//! with as many rows as NBRROW says; one whose rows end at a byte FD, NBRROW being a bound; an SQLDTA
//! for each row, with its EXTDTAs, where those beyond the last row hold the byte FD alone. (Measured:
//! IBM's CLI driver; the first, IBM's JDBC driver.) What does not add up is refused: no row is lost.

use super::lob_locator::{Located, Locators, find_values, value_field};
use super::parameters::{Input, inputs, large, mismatch, unit_of};
use super::session::SqlSession;
use crate::column::decode::{ColumnDecoder, decoder};
use crate::column::options::Options;
use crate::server::backend::Parameters;
use crate::server::budget::{Budget, Lease};
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::server::request::Request;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::fdoca::row::{CHUNK, Counts, Offsets, Walker};
use crate::wire::value::cell::{Cells, Lob};
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::typdef::TypDef;
use crate::wire::value::types::Type;
use arrow_schema::Field as ArrowField;
use bytes::Bytes;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// After the last row of an array. (Measured: IBM's CLI driver.)
const END_OF_ROWS: u8 = 0xFD;
/// Rows that one command may bring: they are held in memory, and may be answered one by one.
const MOST_ROWS: usize = 1 << 20;
/// The least that a value takes once it is decoded.
const VALUE: usize = 16;
/// Less than that is not counted.
const SMALL: usize = 64 * 1024;

/// The rows of a command, found and counted.
pub(super) struct ParameterArray {
    inputs: Vec<Input>,
    /// How many there are; 1 where there is no SQLDTA.
    pub(super) rows: usize,
    /// A status byte stands after each large value.
    status: bool,
    /// The values of locators among the values, and the environment of the server, which says in which page they are.
    located: Located,
    typdef: TypDef,
    /// Set once nobody waits for the reply any more: the rows are not read on then.
    abandoned: Arc<AtomicBool>,
    /// The bytes that the values take beyond those that they came in, which are counted already.
    more: usize,
    /// Where they come from, and the lease of them once the values are decoded.
    budget: Option<Budget>,
    lease: OnceCell<Lease>,
}

/// An array whose rows stand or fall one by one.
pub(super) struct SingleRows {
    /// The values of the rows that can be read, in order.
    pub(super) good: Parameters,
    /// The faults of the others, by their positions among all rows.
    pub(super) bad: BTreeMap<usize, SqlError>,
}

impl From<Parameters> for SingleRows {
    fn from(good: Parameters) -> SingleRows {
        SingleRows { good, bad: BTreeMap::new() }
    }
}

type Decoders = Vec<Box<dyn ColumnDecoder>>;

impl ParameterArray {
    /// Of a command without data.
    pub(super) fn none() -> ParameterArray {
        ParameterArray {
            inputs: Vec::new(),
            rows: 1,
            status: false,
            located: Located::new(),
            typdef: TypDef::OURS,
            abandoned: Arc::default(),
            more: 0,
            budget: None,
            lease: OnceCell::new(),
        }
    }

    /// The one row of a command that takes no more.
    pub(super) fn one_row(sql: &SqlSession, env: &Environment, objects: &[Object]) -> Result<ParameterArray> {
        let array = ParameterArray::read(sql, env, objects, None)?;
        if array.rows == 1 { Ok(array) } else { Err(mismatch()) }
    }

    /// The rows of commands that bring one each; none unless that is so.
    pub(super) fn of_commands(
        sql: &SqlSession,
        env: &Environment,
        requests: &[Request],
    ) -> Result<Option<ParameterArray>> {
        let objects: Vec<Object> = requests.iter().flat_map(|request| request.objects.iter().cloned()).collect();
        let inputs = inputs(env, &objects)?;
        let fields = inputs.first().map_or(&[][..], |input| &input.fields);
        let (walker, mut offsets) = (Walker::new(fields, Counts::Units), Offsets::new(fields.len()));
        for Input { data, .. } in &inputs {
            offsets.clear();
            let ends = data.first() == Some(&END_OF_ROWS);
            if ends || walker.walk(data, 0, true, 1, &mut offsets)?.end != data.len() || offsets.rows() != 1 {
                return Ok(None);
            }
        }
        if inputs.len() != requests.len() {
            return Ok(None);
        }
        let mut array = ParameterArray { rows: inputs.len(), inputs: joined(inputs), ..ParameterArray::none() };
        array.belong_to(sql, env);
        array.measure(sql)?;
        Ok(Some(array))
    }

    /// The rows of a command. `nbrrow` is how many it announces; without it there is one.
    pub(super) fn read(
        sql: &SqlSession,
        env: &Environment,
        objects: &[Object],
        nbrrow: Option<u32>,
    ) -> Result<ParameterArray> {
        let inputs = inputs(env, objects)?;
        let announced = nbrrow.map_or(1, |n| n as usize);
        if inputs.is_empty() {
            return if announced <= 1 { Ok(ParameterArray::none()) } else { Err(mismatch()) };
        }
        let mut array = ParameterArray { inputs, rows: 0, ..ParameterArray::none() };
        array.belong_to(sql, env);
        let mut walk = RowWalk::new(&array);
        while walk.next(CHUNK)?.is_some() {
            if walk.rows > announced {
                return Err(mismatch());
            }
        }
        if walk.rows < announced && !walk.ended {
            return Err(mismatch());
        }
        array.rows = walk.rows;
        array.measure(sql)?;
        Ok(array)
    }

    /// Takes over what a session knows.
    fn belong_to(&mut self, sql: &SqlSession, env: &Environment) {
        (self.status, self.abandoned, self.typdef) = (env.persona.extdta_status, sql.abandoned(), env.persona.typdef);
    }

    /// Finds out how much memory the values take.
    fn measure(&mut self, sql: &SqlSession) -> Result<()> {
        let copied = self.locate(&sql.locators)?;
        let came = |input: &Input| input.data.len() + input.lobs.iter().map(Bytes::len).sum::<usize>();
        let columns = self.inputs.first().map_or(0, |input| input.fields.len());
        let decoded = self.rows.saturating_mul(columns).saturating_mul(VALUE);
        self.more = decoded.saturating_sub(self.inputs.iter().map(came).sum()).saturating_add(copied);
        self.budget = Some(sql.budget.clone());
        Ok(())
    }

    /// Takes over the values of the locators in the rows; the bytes that they take once each row has a copy.
    fn locate(&mut self, locators: &Locators) -> Result<usize> {
        let fields = self.inputs.first().map_or(&[][..], |input| &input.fields);
        if fields.iter().all(|field| field.ty != Type::Locator) {
            return Ok(0);
        }
        let (mut located, mut bytes) = (Located::new(), 0_usize);
        let mut walk = RowWalk::new(self);
        while let Some(chunk) = walk.next(CHUNK)? {
            let found = locators.locate((fields, chunk.data), chunk.offsets, &mut located);
            bytes = bytes.saturating_add(found);
        }
        self.located = located;
        Ok(bytes)
    }

    /// Leases memory for the values.
    fn find_room(&self) -> std::result::Result<(), SqlError> {
        if let Some(budget) = self.budget.as_ref().filter(|_| self.more > SMALL && self.lease.get().is_none()) {
            // There was none.
            let _ = self.lease.set(budget.lease(self.more)?);
        }
        Ok(())
    }

    /// The values for a statement's markers, which are `expected`, of all rows.
    pub(super) fn parameters(&self, expected: &[ArrowField]) -> Result<std::result::Result<Parameters, SqlError>> {
        let fields = match markers(self, expected) {
            Ok(Some(fields)) => fields,
            Ok(None) => return Ok(Ok(Parameters::none())),
            Err(error) => return Ok(Err(error)),
        };
        let mut decoders = match decoders(&fields, expected) {
            Ok(decoders) => decoders,
            Err(error) => return Ok(Err(error)),
        };
        let mut walk = RowWalk::new(self);
        while let Some(chunk) = walk.next(CHUNK)? {
            if let Err(error) = chunk.append(&mut decoders) {
                return Ok(Err(error));
            }
        }
        Ok(finish(&mut decoders, self.rows))
    }

    /// The same where each row stands for itself: a bad one does not spoil the others.
    pub(super) fn parameters_each(&self, expected: &[ArrowField]) -> Result<std::result::Result<SingleRows, SqlError>> {
        let whole = self.parameters(expected)?;
        let fields = match (whole, markers(self, expected)) {
            (Ok(good), _) => return Ok(Ok(good.into())),
            (Err(_), Ok(Some(fields))) => fields,
            (Err(error), _) => return Ok(Err(error)),
        };
        let mut good = match decoders(&fields, expected) {
            Ok(decoders) => decoders,
            Err(error) => return Ok(Err(error)),
        };
        let (mut bad, mut walk) = (BTreeMap::new(), RowWalk::new(self));
        let mut row = 0;
        while let Some(chunk) = walk.next(1)? {
            // After an error a decoder is of no further use: each row is tried by decoders of its own.
            let tried = decoders(&fields, expected).and_then(|mut tried| {
                chunk.append(&mut tried)?;
                finish(&mut tried, 1)
            });
            match tried.and_then(|_| chunk.append(&mut good)) {
                Ok(()) => {}
                Err(error) => drop(bad.insert(row, error)),
            }
            row += 1;
        }
        Ok(finish(&mut good, self.rows - bad.len()).map(|good| SingleRows { good, bad }))
    }

    /// How many values a row has.
    pub(super) fn columns(&self) -> usize {
        self.inputs.first().map_or(0, |input| input.fields.len())
    }

    /// The SQLDTA of a command that brings one row.
    pub(super) fn into_input(self) -> Option<Input> {
        self.inputs.into_iter().next()
    }
}

/// Rows in one piece, where no large values stand beside them.
fn joined(inputs: Vec<Input>) -> Vec<Input> {
    let plain = |input: &Input| input.lobs.is_empty() && input.fields.iter().all(|f| !matches!(f.shape, Shape::Lob(_)));
    match inputs.first() {
        Some(first) if inputs.iter().all(plain) => {
            let mut data = Vec::with_capacity(inputs.iter().map(|input| input.data.len()).sum());
            inputs.iter().for_each(|input| data.extend_from_slice(&input.data));
            vec![Input { fields: first.fields.clone(), data: data.into(), lobs: Vec::new() }]
        }
        _ => inputs,
    }
}

/// The fields of the rows; `None` without markers. There have to be as many as `expected`.
fn markers(array: &ParameterArray, expected: &[ArrowField]) -> std::result::Result<Option<Vec<Field>>, SqlError> {
    if array.rows > MOST_ROWS {
        return Err(SqlError::new(-246, "42873", &["", &array.rows.to_string()]));
    }
    array.find_room()?;
    let sent = array.inputs.first().map_or(&[][..], |input| &input.fields);
    if sent.len() != expected.len() {
        return Err(SqlError::new(-313, "07001", &[]));
    }
    // A small fraction has fewer digits than its scale. (Measured: Derby's client, of 0.00001.)
    let fitting = |field: &Field| match field.ty {
        Type::Packed => Field { precision: field.precision.max(field.scale), ..field.clone() },
        Type::Locator => value_field(field, &array.typdef).unwrap_or_else(|| field.clone()),
        _ => field.clone(),
    };
    Ok((!array.inputs.is_empty()).then(|| sent.iter().map(fitting).collect()))
}

fn decoders(fields: &[Field], expected: &[ArrowField]) -> std::result::Result<Decoders, SqlError> {
    // Timestamps come in the unit that the statement's parameter has.
    let options = |wanted: &ArrowField| Options {
        timestamp_unit: unit_of(wanted.data_type()),
        any_true: true,
        ..Options::default()
    };
    let made = fields.iter().zip(expected).enumerate();
    made.map(|(n, (field, wanted))| decoder(field, n, &options(wanted)).map_err(|e| SqlError::from(&e))).collect()
}

fn finish(decoders: &mut Decoders, rows: usize) -> std::result::Result<Parameters, SqlError> {
    let columns: std::result::Result<Vec<_>, _> = decoders.iter_mut().map(|d| d.finish()).collect();
    columns.map(|columns| Parameters { columns, rows }).map_err(|e| SqlError::from(&e))
}

/// A walk over the rows, SQLDTA by SQLDTA.
struct RowWalk<'a> {
    array: &'a ParameterArray,
    inputs: std::slice::Iter<'a, Input>,
    /// The SQLDTA that is being read, how far, and its EXTDTAs that no row has had yet.
    current: Option<(&'a Input, usize, std::slice::Iter<'a, Bytes>)>,
    walker: Walker,
    offsets: Offsets,
    /// Rows so far.
    rows: usize,
    /// The byte FD was seen.
    ended: bool,
}

impl<'a> RowWalk<'a> {
    fn new(array: &'a ParameterArray) -> RowWalk<'a> {
        let fields = array.inputs.first().map_or(&[][..], |input| &input.fields);
        RowWalk {
            array,
            inputs: array.inputs.iter(),
            current: None,
            walker: Walker::new(fields, Counts::Units),
            offsets: Offsets::new(fields.len()),
            rows: 0,
            ended: false,
        }
    }

    /// The next rows, `most` or fewer; `None` when there are no more.
    fn next(&mut self, most: usize) -> Result<Option<ParameterChunk<'_>>> {
        loop {
            if self.array.abandoned.load(Ordering::Acquire) {
                return Err(ProtocolError::ours("nobody waits for it"));
            }
            let Some((input, at, mut extdtas)) = self.current.take() else {
                let Some(input) = self.inputs.next() else { return Ok(None) };
                self.current = Some((input, 0, input.lobs.iter()));
                continue;
            };
            let end = self.walk(input, at, most)?;
            if self.offsets.rows() == 0 {
                self.ended |= ends(input, end)?;
                // A value that no row has is one of a row that did not come.
                if extdtas.next().is_some() {
                    return Err(mismatch());
                }
                continue;
            }
            if self.ended {
                return Err(mismatch());
            }
            let mut lobs = large(input, &self.offsets, &mut extdtas, self.array.status)?;
            let known = (&self.array.located, &self.array.typdef);
            let found = find_values((&input.fields, &input.data), &self.offsets, known, &mut lobs);
            let first_row = self.rows as u64 + 1;
            self.rows += self.offsets.rows();
            self.current = Some((input, end, extdtas));
            return Ok(Some(ParameterChunk {
                data: &input.data,
                offsets: &self.offsets,
                lobs: found.map(|()| lobs),
                first_row,
            }));
        }
    }

    /// Finds rows from `at` on; where the last one ends.
    fn walk(&mut self, input: &Input, mut at: usize, most: usize) -> Result<usize> {
        self.offsets.clear();
        while self.offsets.rows() < most.min(CHUNK) && input.data.get(at).is_some_and(|byte| *byte != END_OF_ROWS) {
            let had = self.offsets.rows();
            let walked = self.walker.walk(&input.data, at, true, had + 1, &mut self.offsets)?;
            if self.offsets.rows() == had {
                return Err(ProtocolError::syntax(synerrcd::LENGTH, Some(cp::FDODTA)));
            }
            at = walked.end;
        }
        Ok(at)
    }
}

/// Whether an SQLDTA says at `at`, where its rows end, that they are all.
fn ends(input: &Input, at: usize) -> Result<bool> {
    match input.data.get(at..) {
        Some([]) => Ok(false),
        Some([END_OF_ROWS]) => Ok(true),
        _ => Err(ProtocolError::syntax(synerrcd::LENGTH, Some(cp::FDODTA))),
    }
}

/// Some rows, found.
struct ParameterChunk<'a> {
    data: &'a [u8],
    offsets: &'a Offsets,
    /// Large values, column by column; an error where a locator stands for none.
    lobs: std::result::Result<Vec<Vec<Lob>>, SqlError>,
    first_row: u64,
}

impl ParameterChunk<'_> {
    fn append(&self, decoders: &mut Decoders) -> std::result::Result<(), SqlError> {
        let lobs = self.lobs.as_ref().map_err(Clone::clone)?;
        for ((column, decoder), lobs) in decoders.iter_mut().enumerate().zip(lobs) {
            let offsets = self.offsets.column(column);
            let cells = Cells { buf: self.data, offsets, lobs, first_row: self.first_row };
            decoder.append(&cells).map_err(|e| SqlError::from(&e))?;
        }
        Ok(())
    }
}
