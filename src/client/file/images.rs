//! Images of records, as entries of a journal have them, decoded as the records of their file are.

use super::open_file::OpenFile;
use super::open_member::OpenMember;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::file::decode::RecordDecoder;
use crate::column::file::options::RecordOptions;
use crate::wire::file::buffer::{ABSENT, PRESENT, UNMAPPED};
use crate::wire::value::record_layout::{PlacedField, Stride};
use arrow_array::RecordBatch;
use std::collections::BTreeMap;

/// Images that are decoded together.
const CHUNK: usize = 1024;
/// Bytes of a record's number.
const NUMBER: usize = 4;

/// The image of a record.
#[derive(Debug, Clone, Copy)]
pub struct RecordImage<'a> {
    /// The number of the record.
    pub rrn: u32,
    /// Its bytes; none for an entry without an image, whose fields are all NULL.
    pub bytes: Option<&'a [u8]>,
    /// A sign for each field of the file: `0`, or `1` for NULL; none where no field is NULL.
    pub nulls: Option<&'a str>,
}

/// Images as columns: the fields that an open file shows, all of which can be NULL, without the numbers of records. Asks
/// nothing of the server.
pub fn decode_images<'a>(file: &OpenFile, images: impl Iterator<Item = RecordImage<'a>>) -> Result<RecordBatch> {
    let member = &*file.0;
    let mut shown: Vec<PlacedField> = member.shown.clone();
    shown.iter_mut().for_each(|place| place.field.nullable = true);
    let given = &member.options.values;
    let options = RecordOptions { rrn: None, values: given.values.apart(), ..given.clone() };
    let mut decoder = RecordDecoder::new(&shown, &options).map_err(|e| member.bad(&e.into(), Phase::Fetch))?;
    let record = member.format.length as usize;
    let marks = member.map.unwrap_or_else(|| shown.iter().map(|place| place.marks.end).max().unwrap_or(0));
    let stride = Stride {
        record,
        increment: record + NUMBER + marks,
        rrn: Some(record),
        null_map: Some(record + NUMBER).filter(|_| marks > 0),
    };
    let mut slots = Vec::new();
    let mut images = images.peekable();
    while images.peek().is_some() {
        slots.clear();
        let mut count = 0;
        for image in images.by_ref().take(CHUNK) {
            put(member, &image, &mut slots, record, marks)?;
            count += 1;
        }
        decoder.append(&slots, &stride, count).map_err(|e| member.bad(&e, Phase::Fetch))?;
    }
    member.count(&decoder, &mut BTreeMap::new());
    decoder.finish().map_err(|e| member.bad(&e, Phase::Fetch))
}

/// Lays an image out as a slot of a buffer.
fn put(member: &OpenMember, image: &RecordImage<'_>, out: &mut Vec<u8>, record: usize, marks: usize) -> Result<()> {
    let start = out.len();
    out.extend_from_slice(image.bytes.unwrap_or_default());
    let length = out.len() - start;
    if image.bytes.is_some() && length != record {
        let text = format!(
            "an image of record {} has {length} bytes, and the records of the file have {record}: the file was changed \
             since, or the image is not whole",
            image.rrn
        );
        return Err(member.about(Error::new(ErrorClass::Data, Phase::Fetch, "55019", text)));
    }
    out.resize(start + record, 0);
    out.extend_from_slice(&image.rrn.to_be_bytes());
    let mark = |sign: u8| match sign {
        b'0' => PRESENT,
        b'1' => ABSENT,
        _ => UNMAPPED,
    };
    match (image.bytes, image.nulls) {
        (None, _) => out.resize(out.len() + marks, ABSENT),
        (Some(_), None) => out.resize(out.len() + marks, PRESENT),
        (Some(_), Some(nulls)) if nulls.len() == marks => out.extend(nulls.bytes().map(mark)),
        (Some(_), Some(nulls)) => {
            let text = format!(
                "an image of record {} tells of {} fields whether they are NULL, and the file has {marks}: the file was \
                 changed since",
                image.rrn,
                nulls.len()
            );
            return Err(member.about(Error::new(ErrorClass::Data, Phase::Fetch, "55019", text)));
        }
    }
    Ok(())
}
