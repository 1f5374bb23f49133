//! The views about journals: QSYS2.JOURNAL_INFO, JOURNAL_RECEIVER_INFO, JOURNALED_OBJECTS, with the columns that readers
//! of journals look at.

use super::columns::Kind::{Bigint, Integer, Sequence, Text, Timestamp};
use super::columns::{Kind, columns, microseconds, sequences};
use super::journal::Journal;
use super::receiver::Receiver;
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::SchemaRef;
use std::sync::Arc;

const JOURNALS: &str = "QSYS2.JOURNAL_INFO";
const RECEIVERS: &str = "QSYS2.JOURNAL_RECEIVER_INFO";
const OBJECTS: &str = "QSYS2.JOURNALED_OBJECTS";
/// Their names.
pub(super) const NAMES: [&str; 3] = [JOURNALS, RECEIVERS, OBJECTS];

const NAME: Kind = Text("VARCHAR", 10);

const JOURNAL_COLUMNS: &[(&str, Kind)] = &[
    ("JOURNAL_NAME", NAME),
    ("JOURNAL_LIBRARY", NAME),
    ("ATTACHED_JOURNAL_RECEIVER_NAME", NAME),
    ("ATTACHED_JOURNAL_RECEIVER_LIBRARY", NAME),
    ("JOURNAL_TYPE", NAME),
    ("JOURNAL_STATE", NAME),
    ("NUMBER_JOURNAL_RECEIVERS", Integer),
];

const RECEIVER_COLUMNS: &[(&str, Kind)] = &[
    ("JOURNAL_RECEIVER_LIBRARY", NAME),
    ("JOURNAL_RECEIVER_NAME", NAME),
    ("JOURNAL_LIBRARY", NAME),
    ("JOURNAL_NAME", NAME),
    ("ATTACH_TIMESTAMP", Timestamp),
    ("DETACH_TIMESTAMP", Timestamp),
    ("STATUS", Text("VARCHAR", 8)),
    ("NUMBER_OF_JOURNAL_ENTRIES", Bigint),
    ("FIRST_SEQUENCE_NUMBER", Sequence),
    ("LAST_SEQUENCE_NUMBER", Sequence),
];

const OBJECT_COLUMNS: &[(&str, Kind)] = &[
    ("JOURNAL_NAME", NAME),
    ("JOURNAL_LIBRARY", NAME),
    ("OBJECT_NAME", NAME),
    ("OBJECT_LIBRARY", NAME),
    ("OBJECT_TYPE", NAME),
    ("FILE_TYPE", NAME),
    ("JOURNAL_IMAGES", NAME),
];

/// The columns of a view.
pub(super) fn schema(name: &str) -> Option<SchemaRef> {
    Some(columns(match name {
        JOURNALS => JOURNAL_COLUMNS,
        RECEIVERS => RECEIVER_COLUMNS,
        OBJECTS => OBJECT_COLUMNS,
        _ => return None,
    }))
}

/// The rows of a view.
pub(super) fn rows(name: &str, journals: &[Arc<Journal>]) -> Option<RecordBatch> {
    let arrays = match name {
        JOURNALS => journal_rows(journals),
        RECEIVERS => receiver_rows(journals),
        OBJECTS => object_rows(journals),
        _ => return None,
    };
    RecordBatch::try_new(schema(name)?, arrays).ok()
}

fn texts<T: AsRef<str>>(values: impl Iterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn journal_rows(journals: &[Arc<Journal>]) -> Vec<ArrayRef> {
    let attached = |journal: &Arc<Journal>| journal.contents().receivers.back().map(|r| r.name.clone());
    let count = |journal: &Arc<Journal>| i32::try_from(journal.contents().receivers.len()).unwrap_or(i32::MAX);
    vec![
        texts(journals.iter().map(|j| &j.name)),
        texts(journals.iter().map(|j| &j.library)),
        texts(journals.iter().map(|j| attached(j).unwrap_or_default())),
        texts(journals.iter().map(|j| &j.library)),
        texts(journals.iter().map(|_| "*LOCAL")),
        texts(journals.iter().map(|_| "*ACTIVE")),
        Arc::new(Int32Array::from_iter_values(journals.iter().map(count))),
    ]
}

/// A receiver as its view has it.
struct Told {
    library: String,
    journal: String,
    receiver: String,
    attached: i64,
    detached: Option<i64>,
    first: u64,
    last: u64,
}

fn receiver_rows(journals: &[Arc<Journal>]) -> Vec<ArrayRef> {
    let mut all = Vec::new();
    for journal in journals {
        let told = |receiver: &Receiver| Told {
            library: journal.library.clone(),
            journal: journal.name.clone(),
            receiver: receiver.name.clone(),
            attached: microseconds(receiver.attached),
            detached: receiver.detached.map(microseconds),
            first: receiver.first,
            last: receiver.last,
        };
        all.extend(journal.contents().receivers.iter().map(told));
    }
    let status = |told: &Told| if told.detached.is_none() { "ATTACHED" } else { "ONLINE" };
    let count = |told: &Told| i64::try_from(told.last + 1 - told.first).unwrap_or(i64::MAX);
    vec![
        texts(all.iter().map(|t| &t.library)),
        texts(all.iter().map(|t| &t.receiver)),
        texts(all.iter().map(|t| &t.library)),
        texts(all.iter().map(|t| &t.journal)),
        Arc::new(TimestampMicrosecondArray::from_iter_values(all.iter().map(|t| t.attached))),
        Arc::new(all.iter().map(|t| t.detached).collect::<TimestampMicrosecondArray>()),
        texts(all.iter().map(status)),
        Arc::new(Int64Array::from_iter_values(all.iter().map(count))),
        sequences(all.iter().map(|t| Some(t.first))),
        sequences(all.iter().map(|t| Some(t.last))),
    ]
}

fn object_rows(journals: &[Arc<Journal>]) -> Vec<ArrayRef> {
    let mut all: Vec<(&Journal, String)> = Vec::new();
    for journal in journals {
        all.extend(journal.contents().files.iter().map(|file| (&**journal, file.clone())));
    }
    let same = |text: &'static str| texts(all.iter().map(|_| text));
    vec![
        texts(all.iter().map(|(j, _)| &j.name)),
        texts(all.iter().map(|(j, _)| &j.library)),
        texts(all.iter().map(|(_, file)| file)),
        texts(all.iter().map(|(j, _)| &j.library)),
        same("*FILE"),
        same("PHYSICAL"),
        same("*BOTH"),
    ]
}
