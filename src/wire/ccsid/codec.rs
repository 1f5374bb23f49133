//! One page, both ways: chosen once per column, then used for every value.

use super::{
    directory::PAGES,
    double::Double,
    error::CcsidError,
    led,
    page::{Form, Order, Plane},
    shifted,
    single::Single,
    trouble::Trouble,
    unicode,
};

/// What to do about bytes that mean nothing in the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Errors {
    /// The first one is an error.
    #[default]
    Strict,
    /// Each becomes U+FFFD.
    Replace,
}

/// A converter between one CCSID and UTF-8.
#[derive(Clone, Copy)]
pub struct Codec {
    ccsid: u16,
    form: Form,
    tables: Tables,
}

/// The tables that the form asks for.
#[derive(Clone, Copy)]
enum Tables {
    Single(&'static Single),
    Shifted(&'static Single, &'static Double),
    Pairs(&'static Double),
    Led(&'static Single, &'static Double, &'static [Plane]),
    Utf8,
    Utf16(Order),
}

/// Every CCSID that has a codec, in ascending order.
pub fn known() -> impl Iterator<Item = u16> {
    PAGES.iter().map(|(ccsid, _)| *ccsid)
}

impl Codec {
    /// The converter for `ccsid`. The first one of a page expands its tables.
    pub fn new(ccsid: u16) -> Result<Codec, CcsidError> {
        Codec::find(ccsid).ok_or(CcsidError::Unknown(ccsid))
    }

    /// The page.
    pub fn ccsid(&self) -> u16 {
        self.ccsid
    }

    /// True when the bytes are UTF-8 already (they still have to be validated).
    pub fn is_utf8(&self) -> bool {
        matches!(self.tables, Tables::Utf8)
    }

    /// The bytes of one space, which values are padded with. In a GRAPHIC page that is the wide one.
    pub fn blank(&self) -> &'static [u8] {
        self.form.blank()
    }

    /// Appends `src` to `dst` as UTF-8. On an error `dst` may hold a part.
    pub fn decode(&self, src: &[u8], dst: &mut Vec<u8>) -> Result<(), CcsidError> {
        self.decode_with(src, dst, Errors::Strict)
    }

    /// Appends `src` to `dst` as UTF-8; `errors` says what becomes of bytes that mean nothing.
    /// With [`Errors::Replace`] there is no error.
    pub fn decode_with(&self, src: &[u8], dst: &mut Vec<u8>, errors: Errors) -> Result<(), CcsidError> {
        let trouble = &Trouble { ccsid: self.ccsid, errors, src };
        match self.tables {
            Tables::Single(single) => single.decode(src, dst, trouble),
            Tables::Shifted(single, double) => shifted::decode(single, double, src, dst, trouble),
            Tables::Pairs(double) => shifted::decode_pairs(double, src, dst, trouble),
            Tables::Led(single, double, planes) => led::decode((single, double, planes), src, dst, trouble),
            Tables::Utf8 => unicode::decode_utf8(src, dst, trouble),
            Tables::Utf16(order) => unicode::decode_utf16(order, src, dst, trouble),
        }
    }

    /// Appends `src` to `dst` in this page. On an error `dst` may hold a part.
    pub fn encode(&self, src: &str, dst: &mut Vec<u8>) -> Result<(), CcsidError> {
        match self.tables {
            Tables::Single(single) => single.encode(src, dst),
            Tables::Shifted(single, double) => shifted::encode(single, double, src, dst),
            Tables::Pairs(double) => shifted::encode_pairs(double, src, dst),
            Tables::Led(single, double, planes) => led::encode((single, double, planes), src, dst),
            Tables::Utf8 => {
                dst.extend_from_slice(src.as_bytes());
                Ok(())
            }
            Tables::Utf16(order) => {
                unicode::encode_utf16(order, src, dst);
                Ok(())
            }
        }
        .map_err(|(index, ch)| CcsidError::Unencodable { ccsid: self.ccsid, index, ch })
    }

    fn find(ccsid: u16) -> Option<Codec> {
        let place = PAGES.binary_search_by_key(&ccsid, |(known, _)| *known).ok()?;
        let (_, form) = *PAGES.get(place)?;
        let tables = match form {
            Form::Ebcdic { single } | Form::Ascii { single } => Tables::Single(Single::get(single)?),
            Form::Shifted { single, double } => Tables::Shifted(Single::get(single)?, Double::get(double)?),
            Form::Pairs { double } => Tables::Pairs(Double::get(double)?),
            Form::Led { single, double, planes } => {
                Tables::Led(Single::get(single)?, Double::get(double)?, planes.list())
            }
            Form::Utf8 => Tables::Utf8,
            Form::Utf16(order) => Tables::Utf16(order),
        };
        Some(Codec { ccsid, form, tables })
    }
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Codec").field(&self.ccsid).finish()
    }
}
