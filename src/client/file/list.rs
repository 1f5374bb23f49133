//! The files of a library as an Arrow table, joined by name from the output of DSPOBJD and DSPFD. Where the
//! layout of an outfile is not known, DSPFFD describes its columns.

use super::describe::{described, outfile, understood};
use super::file_name::{name, name_in_page};
use super::inner::FileInner;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;
use crate::wire::file::describe;
use crate::wire::file::format::RecordFormat;
use crate::wire::file::outfile::OutfileRow;
use crate::wire::file::outfile_columns::{ACCESS_PATH, FORMATS, MEMBERS};
use crate::wire::value::datetime::timestamp;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampSecondArray};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The outfiles, by what writes them.
const OBJECTS_FILE: &str = "DRDAOBJ";
const PHYSICAL_FILE: &str = "DRDAPHY";
const FORMATS_FILE: &str = "DRDAFMT";
const KEYS_FILE: &str = "DRDAFD";
const MEMBERS_FILE: &str = "DRDAMBR";
/// Nothing is there by such a name, or none of such a kind.
const NONE: [&str; 4] = ["CPF2123", "CPF2105", "CPF3012", "CPF3020"];

/// A file of the list.
#[derive(Debug, Default)]
struct ListedFile {
    logical: bool,
    source: Option<bool>,
    keyed: bool,
    unique: bool,
    keys: Vec<String>,
    record_length: Option<i32>,
    formats: i32,
    members: i32,
    records: i64,
    deleted: i64,
    text: String,
    created: Option<i64>,
    changed: Option<i64>,
}

/// The database files of a library: all, or those of a name, or whose names begin as `files` does before its `*`.
pub(super) async fn list(inner: &Arc<FileInner>, library: &str, files: &str) -> Result<RecordBatch> {
    let ccsid = inner.speech().ccsid;
    let library = name("library", library, &["*CURLIB"]).and_then(|name| name_in_page("library", &name, ccsid));
    let library = library.map_err(|e| Error::from(e).at(&inner.peer))?;
    let files = generic(files, ccsid).map_err(|e| e.at(&inner.peer))?;
    let page = Codec::new(ccsid);
    let page =
        page.map_err(|e| Error::new(ErrorClass::Interface, Phase::Execute, "22021", e.to_string()).at(&inner.peer))?;
    let _turn = inner.describing.lock().await;
    let which = format!("{library}/{files}");
    let mut all: BTreeMap<(String, String), ListedFile> = BTreeMap::new();
    let objects = format!("DSPOBJD OBJ({which}) OBJTYPE(*FILE) DETAIL(*FULL)");
    let Some((format, rows)) = some(described(inner, &objects, OBJECTS_FILE).await)? else { return table(&all) };
    for row in &rows {
        let text = |column| text(&format, row, column, page);
        let attribute = text("ODOBAT").unwrap_or_default();
        let logical = attribute.starts_with("LF");
        if !logical && !attribute.starts_with("PF") {
            continue;
        }
        let moment = |columns: [&'static str; 3]| moment(columns.map(|column| text(column).unwrap_or_default()));
        let key = (text("ODLBNM").unwrap_or_default(), text("ODOBNM").unwrap_or_default());
        let listed = ListedFile {
            logical,
            text: text("ODOBTX").unwrap_or_default(),
            created: moment(["ODCCEN", "ODCDAT", "ODCTIM"]),
            changed: moment(["ODLCEN", "ODLDAT", "ODLTIM"]),
            ..ListedFile::default()
        };
        all.insert(key, listed);
    }
    if all.is_empty() {
        return table(&all);
    }
    let about = |kind: &str| format!("DSPFD FILE({which}) TYPE({kind})");
    let physical = described(inner, &format!("{} FILEATR(*PF)", about("*ATR")), PHYSICAL_FILE).await;
    if let Some((format, rows)) = some(physical)? {
        for row in &rows {
            let text = |column| text(&format, row, column, page).unwrap_or_default();
            if let Some(file) = all.get_mut(&(text("PHLIB"), text("PHFILE"))) {
                file.source = Some(text("PHDTAT") == "S");
            }
        }
    }
    for row in some(outfile(inner, &about("*RCDFMT"), FORMATS_FILE, &FORMATS, true).await)?.iter().flatten() {
        let row = OutfileRow::new(&FORMATS, row, ccsid);
        let row = understood(inner, row.map_err(Into::into))?;
        let found = (|| Ok(((row.text("RFLIB")?, row.text("RFFILE")?), row.number::<i32>("RFLEN")?)))();
        let (key, length) = understood(inner, found)?;
        if let Some(file) = all.get_mut(&key) {
            file.formats += 1;
            file.record_length = file.record_length.max(Some(length));
        }
    }
    let rows = some(outfile(inner, &about("*ACCPTH"), KEYS_FILE, &ACCESS_PATH, false).await)?.unwrap_or_default();
    let mut keys: BTreeMap<(String, String), Vec<&[u8]>> = BTreeMap::new();
    for bytes in &rows {
        let row = understood(inner, OutfileRow::new(&ACCESS_PATH, bytes, ccsid).map_err(Into::into))?;
        let key = understood(inner, (|| Ok((row.text("APLIB")?, row.text("APFILE")?)))())?;
        keys.entry(key).or_default().push(bytes);
    }
    for (key, rows) in keys {
        let (keys, unique) = understood(inner, describe::keys(rows, ccsid))?;
        if let Some(file) = all.get_mut(&key) {
            (file.keyed, file.unique) = (!keys.is_empty(), unique);
            file.keys = keys.iter().map(|key| key.spelt()).collect();
        }
    }
    let rows = some(outfile(inner, &about("*MBR"), MEMBERS_FILE, &MEMBERS, true).await)?.unwrap_or_default();
    for member in understood(inner, describe::members(rows.iter().map(Vec::as_slice), ccsid))? {
        if let Some(file) = all.get_mut(&(member.library, member.file)) {
            file.members += 1;
            file.records += i64::try_from(member.records).unwrap_or(i64::MAX);
            file.deleted += i64::try_from(member.deleted).unwrap_or(i64::MAX);
        }
    }
    table(&all)
}

/// The result of a command; none where nothing is there.
fn some<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.connection_usable && NONE.iter().any(|id| e.message.contains(id)) => Ok(None),
        Err(e) => Err(e),
    }
}

/// A name of files: `*ALL`, one, or the beginning of several.
fn generic(files: &str, ccsid: u16) -> Result<String> {
    let upper = files.trim();
    if upper.eq_ignore_ascii_case("*ALL") || upper == "*" {
        return Ok("*ALL".to_owned());
    }
    let (start, star) = upper.strip_suffix('*').map_or((upper, ""), |start| (start, "*"));
    let name = name_in_page("files", &name("files", start, &[])?, ccsid)?;
    Ok(format!("{name}{star}"))
}

/// A column of text of a row whose format is known by name. Names are bytes that mean what they do in the page of the
/// job, whatever page the column is said to be in.
fn text(format: &RecordFormat, row: &[u8], column: &str, page: Codec) -> Option<String> {
    let field = format.field(column)?;
    let cell = row.get(field.offset as usize..(field.offset + field.length) as usize)?;
    let mut out = Vec::new();
    page.decode_with(cell, &mut out, Errors::Replace).ok()?;
    Some(String::from_utf8_lossy(&out).trim_end_matches([' ', '\0']).to_owned())
}

/// A century (0: the twentieth), a date as MMDDYY and a time as HHMMSS, in seconds since 1970.
fn moment([century, date, time]: [String; 3]) -> Option<i64> {
    let two = |text: &'_ str, at: usize| text.get(at..at + 2).map(str::to_owned);
    let century = 19 + century.parse::<u32>().ok()?;
    let (month, day, year) = (two(&date, 0)?, two(&date, 2)?, two(&date, 4)?);
    let (hour, minute, second) = (two(&time, 0)?, two(&time, 2)?, two(&time, 4)?);
    let text = format!("{century}{year}-{month}-{day}-{hour}.{minute}.{second}");
    Some(timestamp(text.as_bytes()).ok()?.ticks(0)?.0)
}

fn table(all: &BTreeMap<(String, String), ListedFile>) -> Result<RecordBatch> {
    let text = |of: &dyn Fn(&(String, String), &ListedFile) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(|(key, file)| of(key, file))))
    };
    let whole =
        |of: fn(&ListedFile) -> Option<i32>| -> ArrayRef { Arc::new(all.values().map(of).collect::<Int32Array>()) };
    let long =
        |of: fn(&ListedFile) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(all.values().map(of))) };
    let flag =
        |of: fn(&ListedFile) -> Option<bool>| -> ArrayRef { Arc::new(all.values().map(of).collect::<BooleanArray>()) };
    let moment = |of: fn(&ListedFile) -> Option<i64>| -> ArrayRef {
        Arc::new(all.values().map(of).collect::<TimestampSecondArray>())
    };
    let mut keys = ListBuilder::new(StringBuilder::new());
    for file in all.values() {
        file.keys.iter().for_each(|key| keys.values().append_value(key));
        keys.append(true);
    }
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("library", text(&|key, _| key.0.clone()), false),
        ("file", text(&|key, _| key.1.clone()), false),
        ("kind", text(&|_, file| if file.logical { "logical" } else { "physical" }.to_owned()), false),
        ("source", flag(|file| file.source), true),
        ("keyed", flag(|file| Some(file.keyed)), false),
        ("unique", flag(|file| Some(file.unique)), false),
        ("keys", Arc::new(keys.finish()), false),
        ("formats", whole(|file| Some(file.formats)), false),
        ("record_length", whole(|file| file.record_length), true),
        ("members", whole(|file| Some(file.members)), false),
        ("records", long(|file| file.records), false),
        ("deleted", long(|file| file.deleted), false),
        ("text", text(&|_, file| file.text.clone()), false),
        ("created", moment(|file| file.created), true),
        ("changed", moment(|file| file.changed), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns)
        .map_err(|e| Error::new(ErrorClass::Internal, Phase::Execute, "58004", e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_two_centuries() {
        let of = |parts: [&str; 3]| moment(parts.map(str::to_owned));
        assert_eq!(of(["0", "010170", "000001"]), Some(1));
        assert_eq!(of(["1", "022924", "123456"]), Some(1_709_210_096));
        for wrong in [["", "", ""], ["1", "023024", "000000"], ["1", "013101", "250000"], ["x", "010101", "000000"]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn names_may_be_the_beginning_of_several() {
        for (given, meant) in [("*ALL", "*ALL"), ("*", "*ALL"), ("ord*", "ORD*"), ("orders", "ORDERS"), ("T#*", "T#*")]
        {
            assert_eq!(generic(given, 37).unwrap(), meant);
        }
        for bad in ["", "A B", "*X", "A*B", "ELEVENCHARS*", "X) DLTF FILE(Y*", "Ä*"] {
            assert!(generic(bad, 37).is_err(), "{bad}");
        }
    }
}
