//! One row of an outfile: its columns by name, both ways. Numbers are zoned or packed, text is padded
//! with blanks and in the page of the job.

use super::outfile_columns::{Outfile, OutfileType};
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::{CcsidError, Errors};
use crate::wire::codec::error::{Result, WireError};
use crate::wire::value::decimal::{self, Wide};

/// A row being read.
#[derive(Debug, Clone, Copy)]
pub struct OutfileRow<'a> {
    layout: &'static Outfile,
    bytes: &'a [u8],
    codec: Codec,
}

/// A row being written: blanks and zeros until something is put there.
#[derive(Debug, Clone)]
pub struct RowMaker {
    layout: &'static Outfile,
    bytes: Vec<u8>,
    codec: Codec,
}

impl Outfile {
    /// Bytes of a row.
    pub fn length(&self) -> usize {
        self.columns.iter().map(|(_, len, _)| len).sum()
    }

    /// Form, offset and bytes of a column.
    fn find(&self, name: &str) -> Option<(OutfileType, usize, usize)> {
        let mut at = 0;
        self.columns.iter().find_map(|(kind, len, column)| {
            let found = (*column == name).then_some((*kind, at, *len));
            at += len;
            found
        })
    }
}

impl<'a> OutfileRow<'a> {
    /// A row from a job of the page `ccsid`.
    pub fn new(layout: &'static Outfile, bytes: &'a [u8], ccsid: u16) -> std::result::Result<Self, CcsidError> {
        Ok(OutfileRow { layout, bytes, codec: Codec::new(ccsid)? })
    }

    /// A column of text, without the blanks after it.
    pub fn text(&self, name: &'static str) -> Result<String> {
        let (_, cell) = self.cell(name)?;
        let mut out = Vec::with_capacity(cell.len());
        // Names matter and are plain; a description may be in another page than the job.
        self.codec
            .decode_with(cell, &mut out, Errors::Replace)
            .map_err(|e| WireError::invalid(name, 0, e.to_string()))?;
        Ok(String::from_utf8_lossy(&out).trim_end_matches([' ', '\0']).to_owned())
    }

    /// A number that fits `T`.
    pub fn number<T: TryFrom<i128>>(&self, name: &'static str) -> Result<T> {
        let (kind, cell) = self.cell(name)?;
        // A number that was never set is blank.
        if cell.iter().all(|b| *b == 0x40) {
            return T::try_from(0).map_err(|_| WireError::invalid(name, 0, "no room for a zero"));
        }
        let value = match kind {
            OutfileType::Zoned => decimal::zoned(cell),
            OutfileType::Packed => decimal::packed(cell),
            OutfileType::Text => return Err(WireError::invalid(name, 0, "not a number")),
        }
        .map_err(|e| WireError::invalid(name, 0, format!("{e}: {cell:02X?}")))?;
        T::try_from(value).map_err(|_| WireError::invalid(name, 0, format!("{value} is out of range")))
    }

    /// The bytes of a column.
    fn cell(&self, name: &'static str) -> Result<(OutfileType, &'a [u8])> {
        let (kind, at, need) = self
            .layout
            .find(name)
            .ok_or_else(|| WireError::invalid(self.layout.format, 0, format!("no column {name}")))?;
        let cell = self.bytes.get(at..at + need);
        let have = self.bytes.len().saturating_sub(at);
        Ok((kind, cell.ok_or(WireError::Truncated { what: name.into(), at, need, have })?))
    }
}

impl RowMaker {
    /// A row for a job of the page `ccsid`.
    pub fn new(layout: &'static Outfile, ccsid: u16) -> std::result::Result<Self, CcsidError> {
        let mut bytes = Vec::with_capacity(layout.length());
        for (kind, len, _) in layout.columns {
            let start = bytes.len();
            match kind {
                OutfileType::Text => bytes.resize(start + len, 0x40),
                OutfileType::Zoned => bytes.resize(start + len, 0xF0),
                OutfileType::Packed => {
                    bytes.resize(start + len - 1, 0);
                    bytes.push(0x0F);
                }
            }
        }
        Ok(RowMaker { layout, bytes, codec: Codec::new(ccsid)? })
    }

    /// Puts text into a column; characters past its end are left out, as the system does.
    pub fn text(&mut self, name: &'static str, value: &str) -> std::result::Result<&mut Self, CcsidError> {
        let mut out = Vec::with_capacity(value.len());
        if self.codec.encode(value, &mut out).is_err() {
            // Names are plain; of a description the page may lack some characters.
            out.clear();
            for c in value.chars() {
                let mut one = Vec::new();
                let known = self.codec.encode(c.encode_utf8(&mut [0; 4]), &mut one).is_ok();
                if known { out.extend(one) } else { self.codec.encode("?", &mut out)? }
            }
        }
        if let Some(cell) = self.cell(name) {
            cell.iter_mut().zip(out).for_each(|(to, from)| *to = from);
        }
        Ok(self)
    }

    /// Puts a number into a column; the nines of its width when it is too large.
    pub fn number(&mut self, name: &'static str, value: u64) -> &mut Self {
        let Some((kind, _, len)) = self.layout.find(name) else { return self };
        let mut out = Vec::new();
        let digits = if kind == OutfileType::Packed { 2 * len - 1 } else { len } as u8;
        let value = Wide::from(i128::from(value.min(10u64.saturating_pow(u32::from(digits)) - 1)));
        let put = match kind {
            OutfileType::Packed => decimal::put_packed(value, digits, &mut out),
            _ => decimal::put_zoned(value, digits, true, &mut out),
        };
        if let (OutfileType::Packed, Some(last)) = (kind, out.last_mut()) {
            *last |= 0x0F;
        }
        if let (Ok(()), Some(cell)) = (put, self.cell(name).filter(|cell| cell.len() == out.len())) {
            cell.copy_from_slice(&out);
        }
        self
    }

    /// The row.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn cell(&mut self, name: &str) -> Option<&mut [u8]> {
        let (_, at, len) = self.layout.find(name)?;
        self.bytes.get_mut(at..at + len)
    }
}

#[cfg(test)]
mod tests {
    use super::super::outfile_columns::{ACCESS_PATH, FIELDS, MEMBERS};
    use super::*;

    #[test]
    fn columns_stand_where_the_client_prints_them() {
        assert_eq!((FIELDS.length(), ACCESS_PATH.length()), (591, 119));
        for (layout, name, at) in [
            (&FIELDS, "WHCNT", 28),
            (&FIELDS, "WHFLDE", 139),
            (&FIELDS, "WHFLDT", 321),
            (&FIELDS, "WHCCSID", 491),
            (&FIELDS, "WHNULL", 503),
            (&ACCESS_PATH, "APNKYF", 98),
            (&ACCESS_PATH, "APKSEQ", 110),
            (&MEMBERS, "MBNAME", 163),
            (&MEMBERS, "MBRCDC", 337),
        ] {
            assert_eq!(layout.find(name).unwrap().1, at, "{name}");
        }
    }

    #[test]
    fn rows_are_written_and_read() {
        let mut row = RowMaker::new(&FIELDS, 37).unwrap();
        row.text("WHFILE", "CUST").unwrap().number("WHCNT", 2).number("WHCCSID", 65535).number("WHFLDO", 1234);
        row.text("WHNULL", "YES").unwrap();
        let bytes = row.finish();
        let row = OutfileRow::new(&FIELDS, &bytes, 37).unwrap();
        assert_eq!(row.text("WHFILE").unwrap(), "CUST");
        assert_eq!((row.number::<u16>("WHCNT"), row.number::<u32>("WHCCSID")), (Ok(2), Ok(65535)));
        assert_eq!((row.number::<u8>("WHFLDO"), row.number::<u8>("WHPNTS")), (Ok(99), Ok(0)));
        assert_eq!(row.text("WHNULL").unwrap(), "Y");
        assert!(row.number::<u8>("WHCCSID").is_err() && row.number::<u8>("WHFILE").is_err());
        assert!(row.text("NOSUCH").is_err());
        let short = OutfileRow::new(&FIELDS, &bytes[..503], 37).unwrap();
        assert!(matches!(short.text("WHNULL"), Err(WireError::Truncated { at: 503, .. })));
        let blank = vec![0x40; 591];
        assert_eq!(OutfileRow::new(&FIELDS, &blank, 37).unwrap().number::<u8>("WHCNT"), Ok(0));
    }
}
