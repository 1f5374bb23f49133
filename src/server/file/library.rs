//! The files that a server offers: libraries of physical files in memory, filled from Arrow and
//! handed back as Arrow. Everything in them may be read by whoever may connect, and written, created
//! and deleted where the server is not read-only.

use super::arrow;
use super::message::CCSID;
use super::physical::{Definition, PhysicalFile};
use super::rules::{Duplicates, Quota, StoreError};
use crate::server::journal::entry::Author;
use crate::server::journal::journals::Journals;
use crate::wire::file::format::{KeyField, RecordFormat};
use crate::wire::file::system_name::{in_page, is_quoted, unquoted};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Bytes that all files may take.
const ROOM: usize = 4 << 30;
/// Bytes that their journals may take beside them.
const JOURNALS: usize = 256 << 20;
/// How long a locked record or object is waited for, as the system does where nothing else is said.
const WAIT: Duration = Duration::from_secs(60);
/// A library that is always there.
pub(super) const GENERAL: &str = "QGPL";

/// Libraries of files. Copies share them.
#[derive(Debug, Clone)]
pub struct FileStore(Arc<StoreInner>);

#[derive(Debug)]
struct StoreInner {
    libraries: Mutex<BTreeMap<String, Library>>,
    quota: Arc<Quota>,
    journals: Journals,
    wait: Duration,
    jobs: AtomicU64,
}

/// Files by name.
pub(super) type Library = BTreeMap<String, Arc<PhysicalFile>>;

/// How a file is made of Arrow batches.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// The fields by which the records are ordered.
    pub keys: Vec<KeyField>,
    /// No two records have equal keys.
    pub unique: bool,
    /// The order of records with equal keys.
    pub duplicates: Duplicates,
    /// The page of text that says no other by `drda:ccsid`.
    pub ccsid: u16,
    /// The file's describing text.
    pub text: String,
    /// The record format, where Arrow's types are not to decide.
    pub format: Option<RecordFormat>,
}

impl Default for FileOptions {
    fn default() -> FileOptions {
        FileOptions {
            keys: Vec::new(),
            unique: false,
            duplicates: Duplicates::Fifo,
            ccsid: 37,
            text: String::new(),
            format: None,
        }
    }
}

impl FileOptions {
    /// Ordered by these fields; `NAME DESC` has high values first.
    pub fn keyed<S: AsRef<str>>(keys: impl IntoIterator<Item = S>, unique: bool) -> FileOptions {
        let key = |text: S| {
            let upper = text.as_ref().trim().to_uppercase();
            let plain = upper.strip_suffix(" DESC");
            let name = plain.unwrap_or(&upper).trim_end().to_owned();
            KeyField { name, descending: plain.is_some(), ..KeyField::default() }
        };
        FileOptions { keys: keys.into_iter().map(key).collect(), unique, ..FileOptions::default() }
    }
}

impl Default for FileStore {
    fn default() -> FileStore {
        FileStore::new()
    }
}

impl FileStore {
    /// No files; at most 4 GiB of them; locks are waited for as long as the system does.
    pub fn new() -> FileStore {
        FileStore::with_limits(ROOM, WAIT)
    }

    /// Files of at most `bytes` in all; locked records and objects are waited for `wait`.
    pub fn with_limits(bytes: usize, wait: Duration) -> FileStore {
        FileStore(Arc::new(StoreInner {
            libraries: Mutex::new(BTreeMap::from([(GENERAL.to_owned(), Library::new())])),
            quota: Arc::new(Quota::new(bytes)),
            journals: Journals::new(bytes.min(JOURNALS)),
            wait,
            jobs: AtomicU64::new(1),
        }))
    }

    /// Puts a file, with one member of its own name, in place of one that is there: `LIBRARY/FILE`.
    pub fn put(
        &self,
        name: &str,
        schema: &Schema,
        batches: &[RecordBatch],
        options: &FileOptions,
    ) -> Result<(), StoreError> {
        let (library, file) = split(name)?;
        let format = match &options.format {
            Some(format) => format.clone(),
            None => arrow::format(&file, schema, batches, options.ccsid)
                .map_err(|reason| StoreError::Refused { file: name.to_owned(), reason })?,
        };
        // Keys may be named as the columns are, whose fields may have other names.
        let named = |key: &KeyField| {
            let known = format.fields.iter().any(|field| field.name == key.name);
            let column = schema.fields().iter().position(|column| column.name().to_uppercase() == key.name);
            let name = column.filter(|_| !known).and_then(|at| arrow::names(schema).get(at).cloned());
            KeyField { name: name.unwrap_or_else(|| key.name.clone()), ..key.clone() }
        };
        let definition = Definition {
            keys: options.keys.iter().map(named).collect(),
            format,
            unique: options.unique,
            duplicates: Some(options.duplicates),
            source: false,
            text: options.text.clone(),
        };
        let refused = |reason: String| StoreError::Refused { file: name.to_owned(), reason };
        let journal = Some(self.0.journals.of(&library));
        let made = PhysicalFile::new(&library, &file, definition, self.quota(), journal).map_err(refused)?;
        made.add_member(&mut made.contents(), &file, &options.text).map_err(|fault| refused(fault.text))?;
        arrow::load(&made, &file, schema, batches).map_err(|e| e.of(name))?;
        let author = Author::default();
        let before = self.find(&library, &file);
        before.iter().for_each(|before| before.end_journaling(&author));
        made.begin_journaling(&author);
        self.libraries(|all| all.entry(library).or_default().insert(file, Arc::new(made)));
        Ok(())
    }

    /// The records of a file's first member, in the order of their numbers; deleted ones are left out.
    pub fn get(&self, name: &str) -> Result<RecordBatch, StoreError> {
        self.get_member(name, "*FIRST")
    }

    /// The records of a member.
    pub fn get_member(&self, name: &str, member: &str) -> Result<RecordBatch, StoreError> {
        let (library, file) = split(name)?;
        let found = self.find(&library, &file).ok_or_else(|| StoreError::NotFound(format!("file {name}")))?;
        let resolved = found.contents().resolve(member);
        let member = resolved.ok_or_else(|| StoreError::NotFound(format!("member {member} in file {name}")))?;
        arrow::unload(&found, &member).map_err(|e| e.of(name))
    }

    /// All files: `LIBRARY/FILE`.
    pub fn names(&self) -> Vec<String> {
        self.libraries(|all| {
            all.iter().flat_map(|(library, files)| files.keys().map(move |file| format!("{library}/{file}"))).collect()
        })
    }

    /// A file by its names.
    pub(super) fn find(&self, library: &str, file: &str) -> Option<Arc<PhysicalFile>> {
        self.libraries(|all| all.get(library)?.get(file).cloned())
    }

    /// Works on the libraries.
    pub(super) fn libraries<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Library>) -> T) -> T {
        work(&mut self.0.libraries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn quota(&self) -> Arc<Quota> {
        self.0.quota.clone()
    }

    /// The journals of its libraries.
    pub(in crate::server) fn journals(&self) -> &Journals {
        &self.0.journals
    }

    /// How long a lock is waited for.
    pub(super) fn patience(&self) -> Duration {
        self.0.wait
    }

    /// A number for a job.
    pub(super) fn next_job(&self) -> u64 {
        self.0.jobs.fetch_add(1, Ordering::Relaxed)
    }
}

/// A name of the system, as it is written in the page of the job.
pub(super) fn is_name(name: &str) -> bool {
    in_page(name, CCSID).is_ok_and(|spelt| spelt == name)
}

fn split(name: &str) -> Result<(String, String), StoreError> {
    let wrong = || StoreError::Name(name.to_owned());
    let (library, file) = unquoted(name, '/').and_then(|at| name.split_at_checked(at)).ok_or_else(wrong)?;
    let one = |name: &str| {
        let upper = if is_quoted(name) { name.to_owned() } else { name.to_uppercase() };
        in_page(&upper, CCSID)
    };
    match (one(library), one(file.strip_prefix('/').unwrap_or(file))) {
        (Ok(library), Ok(file)) if library != "QTEMP" => Ok((library, file)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Decimal128Type, Int8Type};
    use arrow_array::*;
    use arrow_schema::{DataType, Field};
    use std::collections::HashMap;

    fn batch(columns: Vec<(Field, ArrayRef)>) -> RecordBatch {
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
    }

    fn column(name: &str, array: impl Array + 'static) -> (Field, ArrayRef) {
        (Field::new(name, array.data_type().clone(), true), Arc::new(array))
    }

    fn told((field, array): (Field, ArrayRef), about: &[(&str, &str)]) -> (Field, ArrayRef) {
        let pairs = about.iter().map(|(key, value)| (format!("drda:{key}"), (*value).to_owned()));
        (field.with_metadata(pairs.collect::<HashMap<_, _>>()), array)
    }

    #[test]
    fn what_is_put_comes_back_and_can_be_put_again() {
        let decimal = |p, s| Decimal128Array::from(vec![Some(-125), None]).with_precision_and_scale(p, s).unwrap();
        let given = batch(vec![
            column("I2", Int16Array::from(vec![Some(i16::MIN), None])),
            column("I4", Int32Array::from(vec![Some(i32::MAX), None])),
            column("I8", Int64Array::from(vec![Some(i64::MIN), None])),
            column("R4", Float32Array::from(vec![Some(1.5), None])),
            column("R8", Float64Array::from(vec![Some(-1e300), None])),
            column("PAC", decimal(7, 2)),
            told(column("ZON", decimal(31, 3)), &[("type", "NUMERIC")]),
            column("FLAG", BooleanArray::from(vec![Some(true), None])),
            column("TXT", StringArray::from(vec![Some("Grüße"), None])),
            column("WIDE", StringArray::from(vec![Some("日本 𝄞"), None])),
            told(column("CHR", StringArray::from(vec![Some("ab  "), None])), &[("type", "CHAR"), ("length", "4")]),
            told(column("UTF", StringArray::from(vec![Some("日本"), None])), &[("ccsid", "1208")]),
            column("BIN", BinaryArray::from(vec![Some(&b"\0\xFF"[..]), None])),
            told(column("DF", StringArray::from(vec![Some("1.50"), None])), &[("type", "DECFLOAT")]),
            column("DAT", Date32Array::from(vec![Some(19_782), None])),
            column("TIM", Time32SecondArray::from(vec![Some(86_399), None])),
            column("TS", TimestampMicrosecondArray::from(vec![Some(1_709_210_096_123_456), None])),
        ]);
        let store = FileStore::new();
        store.put("lib/all", &given.schema(), std::slice::from_ref(&given), &FileOptions::default()).unwrap();
        let got = store.get("LIB/ALL").unwrap();
        for (a, b) in given.columns().iter().zip(got.columns()) {
            assert_eq!(a, b);
        }
        let dictionary: DictionaryArray<Int8Type> = [Some("long enough"), None].into_iter().collect();
        let odd = batch(vec![
            column("UINT", UInt64Array::from(vec![Some(u64::MAX), None])),
            column("WORD", dictionary),
            column("NANOS", TimestampNanosecondArray::from(vec![Some(1_709_210_096_123_456_789), None])),
        ]);
        store.put("LIB/ODD", &odd.schema(), std::slice::from_ref(&odd), &FileOptions::default()).unwrap();
        let back = store.get("LIB/ODD").unwrap();
        assert_eq!(back["UINT"].as_primitive::<Decimal128Type>().value(0), i128::from(u64::MAX));
        assert_eq!(back["WORD"].as_string::<i32>().iter().collect::<Vec<_>>(), [Some("long enough"), None]);
        assert_eq!(back["NANOS"].to_data(), odd["NANOS"].to_data());
        // Beyond the reach of nanoseconds.
        let far = batch(vec![
            column("NANOS", TimestampNanosecondArray::from(vec![1000])),
            column("FAR", TimestampMicrosecondArray::from(vec![253_402_300_799_999_999])),
        ]);
        store.put("LIB/FAR", &far.schema(), std::slice::from_ref(&far), &FileOptions::default()).unwrap();
        assert_eq!(store.get("LIB/FAR").unwrap()["FAR"].to_data(), far["FAR"].to_data());
        // What is known of the columns makes the same file again.
        store.put("LIB/AGAIN", &got.schema(), std::slice::from_ref(&got), &FileOptions::default()).unwrap();
        let again = store.get("LIB/AGAIN").unwrap();
        assert_eq!((again.schema(), again.columns()), (got.schema(), got.columns()));
        assert_eq!(store.names(), ["LIB/AGAIN", "LIB/ALL", "LIB/FAR", "LIB/ODD"]);
    }

    #[test]
    fn names_are_made_to_fit() {
        let one = || Int32Array::from(vec![1]);
        let names = ["customer number", "customer name", "1st", "a", "CUSTO00001"];
        let given = batch(names.iter().map(|name| column(name, one())).collect());
        let store = FileStore::new();
        store.put("L/F", &given.schema(), std::slice::from_ref(&given), &FileOptions::default()).unwrap();
        let got = store.get("L/F").unwrap();
        let names: Vec<String> = got.schema().fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names, ["CUSTO00001", "CUSTO00002", "F1ST", "A", "CUSTO00003"]);
        // Keys are named either way.
        for (key, found) in [("customer name", "CUSTO00002"), ("custo00003 desc", "CUSTO00003"), ("1st", "F1ST")] {
            store.put("L/K", &given.schema(), std::slice::from_ref(&given), &FileOptions::keyed([key], true)).unwrap();
            assert_eq!(store.find("L", "K").unwrap().definition.keys[0].name, found);
        }
    }

    #[test]
    fn digits_of_binary_fields_tell_their_bytes() {
        let store = FileStore::new();
        for (told_as, expected) in [("1", [1, 5, 10]), ("9", [4, 9, 10]), ("10", [4, 9, 10]), ("19", [4, 9, 18])] {
            let told = |of| told(of, &[("precision", told_as)]);
            let rows = batch(vec![
                told(column("B2", Int16Array::from(vec![1]))),
                told(column("B4", Int32Array::from(vec![1]))),
                told(column("B8", Int64Array::from(vec![1]))),
            ]);
            store.put("L/B", &rows.schema(), &[rows], &FileOptions::default()).unwrap();
            let file = store.find("L", "B").unwrap();
            assert_eq!(
                file.definition.format.fields.iter().map(|f| f.digits).collect::<Vec<_>>(),
                expected,
                "{told_as}"
            );
        }
    }

    #[test]
    fn what_makes_no_file_is_refused() {
        let store = FileStore::new();
        let rows = batch(vec![column("A", Int32Array::from(vec![1, 1]))]);
        let put = |name: &str, rows: &RecordBatch, options: &FileOptions| {
            store.put(name, &rows.schema(), std::slice::from_ref(rows), options).unwrap_err().to_string()
        };
        for name in ["F", "L/F/M", "QTEMP/F", "TOOLONGNAME/F", "L/", "L/1", "L/A-B"] {
            assert!(put(name, &rows, &FileOptions::default()).contains("no name"), "{name}");
        }
        assert!(put("L/F", &rows, &FileOptions::keyed(["a desc"], true)).contains("Duplicate"));
        assert!(put("L/F", &rows, &FileOptions::keyed(["B"], false)).contains("B is not in"));
        let odd = batch(vec![column("A", DurationSecondArray::from(vec![1]))]);
        assert!(put("L/F", &odd, &FileOptions::default()).contains("column A"));
        for (about, why) in [
            (("length", "4294967295"), "drda:length 4294967295"),
            (("length", "32767"), "drda:length 32767"),
            (("ccsid", "65573"), "CCSID 65573"),
            (("precision", "256"), "drda:precision"),
            (("scale", "256"), "drda:scale"),
        ] {
            let wrong = told(column("T", StringArray::from(vec!["x"])), &[about]);
            assert!(put("L/F", &batch(vec![wrong]), &FileOptions::default()).contains(why), "{why}");
        }
        let lost = told(column("T", StringArray::from(vec!["日"])), &[("ccsid", "37")]);
        assert!(put("L/F", &batch(vec![lost]), &FileOptions::default()).contains("CCSID 37"));
        assert!(store.names().is_empty() && matches!(store.get("L/F"), Err(StoreError::NotFound(_))));
        let text = Field::new("T", DataType::Utf8, false);
        let keys = batch(vec![(text, Arc::new(StringArray::from(vec!["b", "a"])))]);
        store.put("L/F", &keys.schema(), &[keys], &FileOptions::keyed(["T"], false)).unwrap();
        assert!(matches!(store.get_member("L/F", "NOPE"), Err(StoreError::NotFound(_))));
    }
}
