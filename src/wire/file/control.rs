//! How a record is asked for: S38OPTL (X'D119'), four bytes that say which record, with what lock,
//! whether its data is wanted and by which operation; and S38CTLL (X'D105'), items of identifier,
//! length and value that end with X'FF'. (Measured from IBM's client for Java.)

use super::system_name;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::command::Param;
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;

/// Declares an enumeration with its bytes.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $what:literal { $( $(#[$vdoc:meta])* $variant:ident = $code:literal, )* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$vdoc])* $variant, )*
        }

        impl $name {
            /// The byte on the wire.
            pub fn code(self) -> u8 {
                match self { $( $name::$variant => $code, )* }
            }

            /// From the byte.
            pub fn of(code: u8) -> Result<Self> {
                match code {
                    $( $code => Ok($name::$variant), )*
                    _ => Err(MessageError::Value { what: $what.into(), detail: format!("X'{code:02X}'") }),
                }
            }
        }
    };
}

codes! {
    /// Which record.
    Which, "S38OPTL type" {
        /// The first.
        First = 0x01,
        /// The last.
        Last = 0x02,
        /// The one after the current one.
        Next = 0x03,
        /// The one before it.
        Previous = 0x04,
        /// The next one with another key.
        NextUnique = 0x05,
        /// The previous one with another key.
        PreviousUnique = 0x06,
        /// The one with a relative record number.
        Rrn = 0x08,
        /// The last one before a key.
        KeyBefore = 0x09,
        /// The one at a key or the last before it.
        KeyAtOrBefore = 0x0A,
        /// The one at a key.
        KeyAt = 0x0B,
        /// The one at a key or the first after it.
        KeyAtOrAfter = 0x0C,
        /// The first one after a key.
        KeyAfter = 0x0D,
        /// The next one with the key of the current record; the key sent along means nothing.
        NextEqual = 0x0E,
        /// The previous one with the key of the current record.
        PreviousEqual = 0x0F,
        /// The current one once more.
        Same = 0x21,
    }
}

codes! {
    /// Treatment of locks, and of the position.
    Share, "S38OPTL share" {
        /// No lock.
        Read = 0x00,
        /// No lock, and the one held is let go.
        ReadRelease = 0x02,
        /// Lock the record for an update or deletion.
        Update = 0x03,
        /// As `Read`, the position stays.
        ReadStay = 0x10,
        /// As `ReadRelease`, the position stays.
        ReadReleaseStay = 0x12,
        /// As `Update`, the position stays.
        UpdateStay = 0x13,
        /// As `Update`, an error if somebody else has the lock.
        UpdateNoWait = 0x23,
        /// As `UpdateNoWait`, the position stays.
        UpdateNoWaitStay = 0x33,
    }
}

codes! {
    /// The operation that the options belong to.
    Operation, "S38OPTL operation" {
        /// S38GET, S38GETM, S38FEOD.
        Get = 0x01,
        /// S38GETD.
        GetDirect = 0x02,
        /// S38GETK.
        GetKey = 0x03,
        /// SXXPUTDR.
        PutDirect = 0x04,
        /// S38PUT.
        Put = 0x05,
        /// S38UPDAT.
        Update = 0x07,
        /// S38DEL.
        Delete = 0x08,
    }
}

/// S38OPTL: the options of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Optl {
    /// Which record.
    pub which: Which,
    /// Treatment of locks.
    pub share: Share,
    /// The record's data is wanted.
    pub data: bool,
    /// The operation.
    pub operation: Operation,
}

impl Param for Optl {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.bytes(&[self.which.code(), self.share.code(), u8::from(!self.data), self.operation.code()]);
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let [which, share, without, operation] = r.array()?;
        r.end()?;
        let data = match without {
            0 => true,
            1 => false,
            _ => return Err(MessageError::Value { what: "S38OPTL data".into(), detail: format!("X'{without:02X}'") }),
        };
        Ok(Optl { which: Which::of(which)?, share: Share::of(share)?, data, operation: Operation::of(operation)? })
    }
}

/// Identifiers of S38CTLL.
const FORMAT: u8 = 0x01;
const RRN: u8 = 0x02;
const KEY: u8 = 0x07;
const KEY_FIELDS: u8 = 0x08;
const MEMBER: u8 = 0x0F;
const COUNT: u8 = 0x10;
const END: u8 = 0xFF;

/// S38CTLL: which record or how many, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ctll {
    /// The record format.
    pub format: Option<String>,
    /// The member's number, 0 for the one that is open.
    pub member: Option<u16>,
    /// The relative record number.
    pub rrn: Option<u32>,
    /// How many key fields `key` has.
    pub key_fields: Option<u32>,
    /// Key fields in the order of the key, as they lie in a record, whole.
    pub key: Option<Vec<u8>>,
    /// The most records wanted.
    pub count: Option<u16>,
}

impl Ctll {
    /// So many records.
    pub fn count(count: u16) -> Self {
        Ctll { count: Some(count), ..Ctll::default() }
    }

    /// The record with a number.
    pub fn rrn(format: &str, rrn: u32) -> Self {
        Ctll { format: Some(format.into()), member: Some(0), rrn: Some(rrn), ..Ctll::default() }
    }

    /// The record with a key of so many fields.
    pub fn key(format: &str, fields: u32, key: Vec<u8>) -> Self {
        Ctll {
            format: Some(format.into()),
            member: Some(0),
            key_fields: Some(fields),
            key: Some(key),
            ..Ctll::default()
        }
    }
}

impl Param for Ctll {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        if let Some(format) = &self.format {
            let mut value = Writer::new();
            system_name::put(&mut value, "format", format, text)?;
            item(w, FORMAT, value.as_slice())?;
        }
        if let Some(member) = self.member {
            item(w, MEMBER, &member.to_be_bytes())?;
        }
        if let Some(rrn) = self.rrn {
            item(w, RRN, &rrn.to_be_bytes())?;
        }
        if let Some(fields) = self.key_fields {
            item(w, KEY_FIELDS, &fields.to_be_bytes())?;
        }
        if let Some(key) = &self.key {
            item(w, KEY, key)?;
        }
        if let Some(count) = self.count {
            item(w, COUNT, &count.to_be_bytes())?;
        }
        w.u8(END);
        Ok(())
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let mut out = Ctll::default();
        loop {
            let at = r.u8()?;
            if at == END {
                break;
            }
            let mut value = Reader::new(r.var()?, what);
            match at {
                FORMAT => out.format = Some(system_name::read(&mut value, text)?),
                MEMBER => out.member = Some(value.u16()?),
                RRN => out.rrn = Some(value.u32()?),
                KEY_FIELDS => out.key_fields = Some(value.u32()?),
                KEY => out.key = Some(value.rest().to_vec()),
                COUNT => out.count = Some(value.u16()?),
                _ => return Err(r.invalid(format!("unknown identifier X'{at:02X}'")).into()),
            }
            value.end()?;
        }
        r.end()?;
        Ok(out)
    }
}

fn item(w: &mut Writer, id: u8, value: &[u8]) -> Result<()> {
    let max = usize::from(u16::MAX);
    if value.len() > max {
        return Err(MessageError::Limit { what: cp::S38CTLL.into(), len: value.len(), max });
    }
    w.u8(id);
    w.var(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: DdmText = DdmText::Ebcdic;

    #[test]
    fn every_code_goes_both_ways_and_others_are_refused() {
        let mut known = (0, 0, 0);
        for code in 0..=u8::MAX {
            if let Ok(which) = Which::of(code) {
                assert_eq!(which.code(), code);
                known.0 += 1;
            }
            if let Ok(share) = Share::of(code) {
                assert_eq!(share.code(), code);
                known.1 += 1;
            }
            if let Ok(operation) = Operation::of(code) {
                assert_eq!(operation.code(), code);
                known.2 += 1;
            }
        }
        assert_eq!(known, (15, 8, 7));
        assert!(Optl::read("S38OPTL".into(), &[3, 0, 2, 1], TEXT).is_err());
        assert!(Optl::read("S38OPTL".into(), &[3, 0, 0], TEXT).is_err());
        assert!(Optl::read("S38OPTL".into(), &[3, 0, 0, 1, 0], TEXT).is_err());
    }

    #[test]
    fn lists_end_where_they_say() {
        for (list, what) in [
            (&[][..], "no end"),
            (&[0xFF, 0], "more after the end"),
            (&[0x02, 0, 4, 0, 0, 0], "cut"),
            (&[0x02, 0, 3, 0, 0, 1, 0xFF], "a short number"),
            (&[0x02, 0, 5, 0, 0, 0, 0, 1, 0xFF], "a long number"),
            (&[0x55, 0, 0, 0xFF], "unknown"),
        ] {
            assert!(Ctll::read("S38CTLL".into(), list, TEXT).is_err(), "{what}");
        }
        assert_eq!(Ctll::read("S38CTLL".into(), &[0xFF], TEXT).unwrap(), Ctll::default());
        let long = Ctll { key: Some(vec![0; 65_536]), ..Ctll::default() };
        assert!(matches!(long.write(&mut Writer::new(), TEXT), Err(MessageError::Limit { .. })));
    }
}
