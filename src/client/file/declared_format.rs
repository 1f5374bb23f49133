//! A record format that the user declares over a file with one of its own: whether the lengths fit, and in
//! which fields of the file each declared field lies. The file's own fields carry the NULLs: a declared field
//! is NULL where all fields that it lies in are, and can be made NULL where it covers them whole.

use crate::wire::file::format::{FileFormats, KeyField, RecordField, RecordFormat};
use crate::wire::value::record_layout::PlacedField;

/// The fields of a declared format as they are read, and as they are written.
#[derive(Debug)]
pub(super) struct Laid {
    pub read: Vec<PlacedField>,
    pub written: Vec<PlacedField>,
}

/// The reason why a declared format does not describe records of `length` bytes.
pub(super) fn misfit(format: &RecordFormat, length: u32) -> Option<String> {
    if format.length == length {
        return None;
    }
    let sizes = format!("the format that was given describes {} bytes, its records have {length}", format.length);
    let outside = format.fields.iter().find(|field| field.offset.saturating_add(field.length) > length);
    Some(match outside {
        Some(field) => {
            let last = field.offset.saturating_add(field.length).saturating_sub(1);
            format!("{sizes}: field {} at bytes {} to {last} lies outside", field.name, field.offset)
        }
        None => format!(
            "{sizes}: no field takes bytes {} to {} (type H takes bytes as they are)",
            format.length,
            length.saturating_sub(1)
        ),
    })
}

/// The record format of the file that a declared one stands for: the one with its name, or the only one of its
/// length.
pub(super) fn own<'a>(formats: &'a FileFormats, declared: &RecordFormat) -> Option<&'a RecordFormat> {
    let mut fitting = formats.formats.iter().filter(|own| own.length == declared.length);
    let named = fitting.clone().find(|own| own.name == declared.name);
    let only = fitting.next().filter(|_| fitting.next().is_none());
    named.or(only)
}

/// Lays a declared format over the file's own; over `marks` fields of which nothing is known without one.
pub(super) fn lay(declared: &RecordFormat, own: Option<&RecordFormat>, marks: usize) -> Laid {
    let one = |place: PlacedField| {
        let end = place.offset + place.width;
        let below = |field: &RecordField| {
            let (from, to) = (field.offset as usize, (field.offset + field.length) as usize);
            from < end && to > place.offset
        };
        let Some(own) = own else { return (PlacedField { marks: 0..marks, ..place }, false) };
        let within = || own.fields.iter().enumerate().filter(|(_, field)| below(field));
        let first = within().next().map_or(0, |(at, _)| at);
        let last = within().next_back().map_or(0, |(at, _)| at + 1);
        let starts = within().map(|(_, field)| field.offset as usize).min() == Some(place.offset);
        let ends = within().map(|(_, field)| (field.offset + field.length) as usize).max() == Some(end);
        let nullable = within().all(|(_, field)| field.nullable);
        (PlacedField { marks: first..last, ..place }, starts && ends && nullable)
    };
    let (mut read, mut written) = (Vec::new(), Vec::new());
    for (place, whole) in declared.placed().into_iter().map(one) {
        let mut put = place.clone();
        put.field.nullable &= whole;
        read.push(place);
        written.push(put);
    }
    Laid { read, written }
}

/// The keys of the file by the names of declared fields. Those that were declared have to be the leading ones of the
/// file; without any, all of the file's are looked for among the declared fields, by their place.
pub(super) fn keys(declared: &FileFormats, file: &FileFormats) -> Result<Vec<KeyField>, String> {
    let Some(format) = declared.formats.first() else { return Ok(Vec::new()) };
    let place = |field: &RecordField| (field.offset, field.length);
    let bytes = |field: &RecordField| format!("bytes {} to {}", field.offset, field.offset + field.length.max(1) - 1);
    let own = own(file, format);
    let of_file = |key: &KeyField| own.and_then(|own| own.field(&key.name));
    if declared.keys.len() > file.keys.len() {
        return Err(format!("{} key fields were given, the file has {}", declared.keys.len(), file.keys.len()));
    }
    let mut out = Vec::with_capacity(file.keys.len());
    for (at, key) in file.keys.iter().enumerate() {
        let Some(real) = of_file(key) else {
            return Err(format!("key field {} has no place in the records", key.name));
        };
        let named = match declared.keys.get(at) {
            Some(named) => format.field(&named.name).ok_or_else(|| format!("no field {} for the key", named.name))?,
            None if !declared.keys.is_empty() => break,
            None => format.fields.iter().find(|field| place(field) == place(real)).ok_or_else(|| {
                format!("no declared field takes the place of key field {} ({})", key.name, bytes(real))
            })?,
        };
        if place(named) != place(real) {
            let text = format!("{} ({}) is not key field {} of the file", named.name, bytes(named), key.name);
            return Err(format!("{text} ({})", bytes(real)));
        }
        out.push(KeyField { name: named.name.clone(), ..key.clone() });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::file::format::DdsType;

    fn format(fields: &[(&str, u32, bool)]) -> RecordFormat {
        let mut out = RecordFormat { name: "F".into(), ..RecordFormat::default() };
        for (name, length, nullable) in fields {
            out.fields.push(RecordField {
                name: (*name).into(),
                dds: DdsType::HEX,
                offset: out.length,
                length: *length,
                nullable: *nullable,
                ..RecordField::default()
            });
            out.length += length;
        }
        out
    }

    #[test]
    fn lengths_that_do_not_fit_name_what_is_wrong() {
        let declared = format(&[("A", 4, false), ("B", 6, false)]);
        assert_eq!(misfit(&declared, 10), None);
        let longer = misfit(&declared, 8).unwrap();
        assert!(longer.contains("10 bytes") && longer.contains("have 8"), "{longer}");
        assert!(longer.contains("field B at bytes 4 to 9 lies outside"), "{longer}");
        assert!(misfit(&declared, 12).unwrap().contains("no field takes bytes 10 to 11"));
    }

    #[test]
    fn fields_lie_in_those_of_the_file() {
        let own = format(&[("X", 4, true), ("Y", 2, true), ("Z", 4, false)]);
        let declared = format(&[("A", 2, true), ("B", 2, true), ("C", 2, true), ("D", 4, true)]);
        let laid = lay(&declared, Some(&own), 3);
        let marks: Vec<_> = laid.read.iter().map(|place| place.marks.clone()).collect();
        assert_eq!(marks, [0..1, 0..1, 1..2, 2..3]);
        assert!(laid.read.iter().all(|place| place.field.nullable));
        // Half a field cannot be made NULL, nor one that never is.
        let nullable: Vec<_> = laid.written.iter().map(|place| place.field.nullable).collect();
        assert_eq!(nullable, [false, false, true, false]);
        let wide = lay(&format(&[("A", 6, true), ("B", 4, true)]), Some(&own), 3);
        assert_eq!((wide.read[0].marks.clone(), wide.written[0].field.nullable), (0..2, true));
        let unknown = lay(&declared, None, 3);
        assert!(unknown.read.iter().all(|place| place.marks == (0..3)));
        assert!(unknown.written.iter().all(|place| !place.field.nullable));
    }

    #[test]
    fn keys_are_those_of_the_file_by_their_place() {
        let key = |name: &str| KeyField { name: name.into(), ..KeyField::default() };
        let file = FileFormats {
            formats: vec![format(&[("X", 4, true), ("Y", 6, true)])],
            keys: vec![KeyField { descending: true, ..key("X") }, key("Y")],
            ..FileFormats::default()
        };
        let with = |fields: &[(&str, u32, bool)], keys: &[&str]| {
            let keys = keys.iter().map(|name| key(name)).collect();
            let given = FileFormats { formats: vec![format(fields)], keys, ..FileFormats::default() };
            super::keys(&given, &file)
        };
        let same = [("A", 4, false), ("B", 6, false)];
        let found = with(&same, &[]).unwrap();
        assert_eq!((found.len(), found[0].name.as_str(), found[0].descending), (2, "A", true));
        assert_eq!(with(&same, &["A"]).unwrap().len(), 1);
        assert!(with(&same, &["B"]).unwrap_err().contains("is not key field X"));
        assert!(with(&same, &["A", "B", "A"]).unwrap_err().contains("3 key fields"));
        assert!(with(&[("A", 2, false), ("B", 8, false)], &[]).unwrap_err().contains("key field X (bytes 0 to 3)"));
    }
}
