//! The columns of `QSYS2.DISPLAY_JOURNAL`, by IBM's names, and entries as Arrow. After them stand columns by which the
//! function picks its rows and which are not among its own.

use super::entry::JournalEntry;
use arrow_array::builder::{
    Decimal128Builder, Int64Builder, LargeBinaryBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, Int32Array, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Digits of a sequence number.
const SEQUENCE: u8 = 21;
/// The job and the program that serve record access, and the user that it runs under.
const PROGRAM: &str = "QRWTSRVR";
const LIBRARY: &str = "QSYS";
const USER: &str = "QUSER";
const SYSTEM: &str = "DRDARROW";

/// The type of a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// CHAR or VARCHAR of a length.
    Text(&'static str, u32),
    /// BLOB.
    Data,
    /// DECIMAL(21, 0).
    Sequence,
    Bigint,
    Integer,
    Timestamp,
}

use Kind::{Bigint, Data, Integer, Sequence, Text, Timestamp};

/// The first of them are made of entries; the others are the same for all entries of a receiver.
const COLUMNS: [(&str, Kind); 31] = [
    ("ENTRY_TIMESTAMP", Timestamp),
    ("SEQUENCE_NUMBER", Sequence),
    ("JOURNAL_CODE", Text("CHAR", 1)),
    ("JOURNAL_ENTRY_TYPE", Text("CHAR", 2)),
    ("COUNT_OR_RRN", Bigint),
    ("ENTRY_DATA", Data),
    ("NULL_VALUE_INDICATORS", Text("VARCHAR", 8000)),
    ("OBJECT", Text("VARCHAR", 30)),
    ("OBJECT_TYPE", Text("VARCHAR", 10)),
    ("JOB_NUMBER", Text("VARCHAR", 6)),
    ("USER_NAME", Text("VARCHAR", 10)),
    ("COMMIT_CYCLE", Sequence),
    ("JOB_NAME", Text("VARCHAR", 10)),
    ("JOB_USER", Text("VARCHAR", 10)),
    ("PROGRAM_NAME", Text("VARCHAR", 10)),
    ("PROGRAM_LIBRARY", Text("VARCHAR", 10)),
    ("SYSTEM_NAME", Text("VARCHAR", 8)),
    ("REFERENTIAL_CONSTRAINT", Text("VARCHAR", 3)),
    ("TRIGGER", Text("VARCHAR", 3)),
    ("IGNORE_ON_APPLY", Text("VARCHAR", 3)),
    ("INCOMPLETE_DATA", Text("VARCHAR", 3)),
    ("MINIMIZED_ENTRY_DATA", Text("VARCHAR", 10)),
    ("RECEIVER_NAME", Text("VARCHAR", 10)),
    ("RECEIVER_LIBRARY", Text("VARCHAR", 10)),
    // By which rows are picked.
    ("JOURNAL_LIBRARY", Text("VARCHAR", 10)),
    ("JOURNAL_NAME", Text("VARCHAR", 10)),
    ("RECEIVER_NUMBER", Integer),
    ("RECEIVER_ATTACHED", Integer),
    ("RECEIVER_RESET", Integer),
    ("RECEIVERS_UNTIL", Text("VARCHAR", 1024)),
    ("RECEIVERS_SINCE", Text("VARCHAR", 1024)),
];

/// The columns of entries.
pub(super) fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| columns(&COLUMNS));
    SCHEMA.clone()
}

/// Columns by their names and types.
pub(super) fn columns(columns: &[(&str, Kind)]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(|(name, kind)| kind.field(name)).collect::<Vec<Field>>()))
}

impl Kind {
    fn field(self, name: &str) -> Field {
        let told = |data_type, kind: &str, length: u32| {
            let told = [("drda:type", kind.to_owned()), ("drda:length", length.to_string())];
            let told: HashMap<String, String> = told.map(|(key, value)| (key.to_owned(), value)).into();
            Field::new(name, data_type, true).with_metadata(told)
        };
        match self {
            Text(kind, length) => told(DataType::Utf8, kind, length),
            Data => told(DataType::LargeBinary, "BLOB", i32::MAX as u32),
            Sequence => Field::new(name, DataType::Decimal128(SEQUENCE, 0), true),
            Bigint => Field::new(name, DataType::Int64, true),
            Integer => Field::new(name, DataType::Int32, true),
            Timestamp => Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, None), true),
        }
    }
}

/// Microseconds since 1970.
pub(super) fn microseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Sequence numbers as a column.
pub(super) fn sequences(numbers: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    let mut out = sequence_builder();
    numbers.for_each(|number| out.append_option(number.map(i128::from)));
    Arc::new(out.finish())
}

fn sequence_builder() -> Decimal128Builder {
    Decimal128Builder::new().with_data_type(DataType::Decimal128(SEQUENCE, 0))
}

/// Columns that entries are added to.
#[derive(Debug)]
pub(super) struct EntryBuilder {
    timestamp: TimestampMicrosecondBuilder,
    sequence: Decimal128Builder,
    /// Code, type, NULLs, object, its type, number of the job, user.
    texts: [StringBuilder; 7],
    rrn: Int64Builder,
    data: LargeBinaryBuilder,
    cycle: Decimal128Builder,
    /// Entries so far.
    pub(super) len: usize,
}

impl EntryBuilder {
    pub(super) fn new() -> EntryBuilder {
        EntryBuilder {
            timestamp: TimestampMicrosecondBuilder::new(),
            sequence: sequence_builder(),
            texts: Default::default(),
            rrn: Int64Builder::new(),
            data: LargeBinaryBuilder::new(),
            cycle: sequence_builder(),
            len: 0,
        }
    }

    /// Adds an entry with its number and time.
    pub(super) fn add(&mut self, entry: &JournalEntry<'_>, sequence: u64, time: i64) {
        let object = entry.object.map(|object| object.spelt());
        let job = format!("{:06}", entry.author.job % 1_000_000);
        let user = entry.author.user.to_uppercase();
        let texts = [
            Some(entry.kind.code),
            Some(entry.kind.kind),
            entry.nulls,
            object.as_deref(),
            object.as_ref().map(|_| "*FILE"),
            Some(job.as_str()),
            Some(user.as_str()),
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.append_option(text);
        }
        self.timestamp.append_value(time);
        self.sequence.append_value(i128::from(sequence));
        self.rrn.append_value(i64::from(entry.rrn));
        self.data.append_option(entry.image);
        self.cycle.append_value(i128::from(entry.cycle));
        self.len += 1;
    }

    /// The columns of the entries so far.
    pub(super) fn columns(&self) -> Vec<ArrayRef> {
        let [code, kind, nulls, object, object_type, job, user] = &self.texts;
        let text = |column: &StringBuilder| -> ArrayRef { Arc::new(column.finish_cloned()) };
        vec![
            Arc::new(self.timestamp.finish_cloned()),
            Arc::new(self.sequence.finish_cloned()),
            text(code),
            text(kind),
            Arc::new(self.rrn.finish_cloned()),
            Arc::new(self.data.finish_cloned()),
            text(nulls),
            text(object),
            text(object_type),
            text(job),
            text(user),
            Arc::new(self.cycle.finish_cloned()),
        ]
    }
}

/// The facts that entries of a receiver share: names of the receiver and the journal, both of its library, the number
/// of the receiver, of the one that is attached, and of the one with which its sequence numbers begin; the names of the
/// receivers up to it and from it on, each with a blank after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) receiver: &'a str,
    pub(super) library: &'a str,
    pub(super) journal: &'a str,
    pub(super) numbers: [i32; 3],
    pub(super) until: &'a str,
    pub(super) since: &'a str,
}

impl Common<'_> {
    /// Its columns, for so many entries.
    pub(super) fn columns(&self, len: usize) -> Vec<ArrayRef> {
        let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, len))) };
        let texts = [
            PROGRAM,
            USER,
            PROGRAM,
            LIBRARY,
            SYSTEM,
            "NO",
            "NO",
            "NO",
            "NO",
            "NO",
            self.receiver,
            self.library,
            self.library,
            self.journal,
        ];
        let numbers = self.numbers.map(|n| -> ArrayRef { Arc::new(Int32Array::from(vec![n; len])) });
        let names = [self.until, self.since].map(text);
        texts.into_iter().map(text).chain(numbers).chain(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Author, EntryKind, JournalEntry, JournaledObject};
    use super::*;
    use arrow_array::RecordBatch;

    #[test]
    fn entries_have_the_columns_that_are_told() {
        let mut builder = EntryBuilder::new();
        let author = Author { job: 7, user: "ada".to_owned() };
        let object = JournaledObject { library: "LIB", file: "FILE", member: "MBR" };
        let added = JournalEntry::of(EntryKind::ADDED, &author);
        builder.add(&JournalEntry { object: Some(object), image: Some(b"x"), rrn: 3, ..added }, 9, 1);
        builder.add(&JournalEntry::of(EntryKind::BEGIN, &author), 10, 2);
        let common =
            Common { receiver: "R", library: "L", journal: "J", numbers: [1, 2, 3], until: "Q R ", since: "R S " };
        let columns = builder.columns().into_iter().chain(common.columns(2)).collect();
        let batch = RecordBatch::try_new(schema(), columns).unwrap();
        assert_eq!(batch.num_columns(), COLUMNS.len());
        let text = |name: &str, row: usize| {
            batch[name].as_any().downcast_ref::<StringArray>().unwrap().iter().nth(row).unwrap().map(str::to_owned)
        };
        assert_eq!(text("OBJECT", 0).unwrap(), "FILE      LIB       MBR       ");
        assert_eq!((text("JOB_NUMBER", 0).unwrap(), text("USER_NAME", 1).unwrap()), ("000007".into(), "ADA".into()));
        assert_eq!((text("OBJECT", 1), text("JOURNAL_ENTRY_TYPE", 1).unwrap()), (None, "SC".to_owned()));
    }
}
