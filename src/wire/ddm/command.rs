//! Shared by the command families of both sides: a message is a list of named parameters in free order, so
//! each is declared once as (field, code point, type) and gets both its writer and its reader.
//! Parameters that a message does not know are stepped over; one that it knows may stand once.
//! (DDM: command and reply message objects.)

use super::codepoint::CodePoint;
use super::error::{MessageError, Result};
use super::object;
use super::text::DdmText;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;

/// A type that a parameter can have.
pub trait Param: Sized {
    /// Appends the parameter's data.
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()>;
    /// Reads the data, all of it.
    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self>;
}

macro_rules! numbers {
    ($($t:ident $write:ident),*) => {$(
        impl Param for $t {
            fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
                w.$write(*self);
                Ok(())
            }
            fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
                let mut r = Reader::new(data, what);
                let v = <$t>::from_be_bytes(r.array()?);
                r.end()?;
                Ok(v)
            }
        }
    )*};
}

numbers!(u8 u8, u16 u16, i16 i16, u32 u32, u64 u64, i64 i64);

impl Param for CodePoint {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        self.number().write(w, text)
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        Ok(CodePoint::new(u16::read(what, data, text)?))
    }
}

impl Param for bool {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.u8(if *self { 0xF1 } else { 0xF0 });
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        Ok(object::read_bool(what, data)?)
    }
}

/// Text as it is, without padding; read without the blanks at its end.
impl Param for String {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        w.bytes(&text.encode(self)?);
        Ok(())
    }

    fn read(_: What, data: &[u8], text: DdmText) -> Result<Self> {
        Ok(trimmed(data, text))
    }
}

/// Bytes that this end does not interpret.
impl Param for Vec<u8> {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.bytes(self);
        Ok(())
    }

    fn read(_: What, data: &[u8], _: DdmText) -> Result<Self> {
        Ok(data.to_vec())
    }
}

/// A parameter of a message: required as it is, optional as an `Option`.
pub trait ParamSlot: Sized {
    /// Writes the parameter, if there is one.
    fn put(&self, w: &mut Writer, cp: CodePoint, text: DdmText) -> Result<()>;
    /// Takes what was found under the code point.
    fn take(found: &FoundParams<'_>, cp: CodePoint, text: DdmText) -> Result<Self>;
}

impl<P: Param> ParamSlot for P {
    fn put(&self, w: &mut Writer, cp: CodePoint, text: DdmText) -> Result<()> {
        let mut done = Ok(());
        object::put(w, cp, |w| done = self.write(w, text));
        done
    }

    fn take(found: &FoundParams<'_>, cp: CodePoint, text: DdmText) -> Result<Self> {
        match found.only(cp)? {
            Some(data) => P::read(cp.into(), data, text),
            None => Err(MessageError::Missing { message: found.message, parameter: cp.into() }),
        }
    }
}

impl<P: Param> ParamSlot for Option<P> {
    fn put(&self, w: &mut Writer, cp: CodePoint, text: DdmText) -> Result<()> {
        match self {
            Some(v) => v.put(w, cp, text),
            None => Ok(()),
        }
    }

    fn take(found: &FoundParams<'_>, cp: CodePoint, text: DdmText) -> Result<Self> {
        found.only(cp)?.map(|data| P::read(cp.into(), data, text)).transpose()
    }
}

/// The parameters of one message.
#[derive(Debug)]
pub struct FoundParams<'a> {
    message: &'static str,
    params: Vec<(CodePoint, &'a [u8])>,
}

impl<'a> FoundParams<'a> {
    /// Splits a message's data into its parameters.
    pub fn read(message: &'static str, body: &'a [u8]) -> Result<Self> {
        let params = object::params(body).collect::<std::result::Result<_, _>>()?;
        Ok(FoundParams { message, params })
    }

    /// The data of a parameter that may stand once.
    pub fn only(&self, cp: CodePoint) -> Result<Option<&'a [u8]>> {
        let mut hits = self.params.iter().filter(|(c, _)| *c == cp);
        let first = hits.next().map(|(_, data)| *data);
        match hits.next() {
            None => Ok(first),
            Some(_) => Err(MessageError::Duplicate { message: self.message, parameter: cp.into() }),
        }
    }

    /// All parameters in their order.
    pub fn all(&self) -> impl Iterator<Item = (CodePoint, &'a [u8])> + '_ {
        self.params.iter().copied()
    }
}

/// Declares a message: a struct whose fields are its parameters, with `encode` and `decode`.
macro_rules! message {
    (
        $(#[$doc:meta])*
        $name:ident = $cp:ident { $( $(#[$fdoc:meta])* $field:ident: $ty:ty = $fcp:ident, )* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$fdoc])* pub $field: $ty, )*
        }

        impl $name {
            /// The code point.
            pub const CP: $crate::wire::ddm::codepoint::CodePoint = $crate::wire::ddm::codepoint::$cp;

            /// The whole object, LL and code point included.
            pub fn encode(
                &self,
                text: $crate::wire::ddm::text::DdmText,
            ) -> $crate::wire::ddm::error::Result<Vec<u8>> {
                $crate::wire::ddm::param::message(Self::CP, |_w| {
                    $( $crate::wire::ddm::command::ParamSlot::put(
                        &self.$field, _w, $crate::wire::ddm::codepoint::$fcp, text)?; )*
                    Ok(())
                })
            }

            /// Reads the data after LL and code point.
            pub fn decode(
                body: &[u8],
                text: $crate::wire::ddm::text::DdmText,
            ) -> $crate::wire::ddm::error::Result<Self> {
                let _found = $crate::wire::ddm::command::FoundParams::read(stringify!($cp), body)?;
                Ok($name {
                    $( $field: $crate::wire::ddm::command::ParamSlot::take(
                        &_found, $crate::wire::ddm::codepoint::$fcp, text)?, )*
                })
            }
        }
    };
}
pub(crate) use message;

/// DDM text without the blanks that fill a fixed width.
pub fn trimmed(data: &[u8], text: DdmText) -> String {
    let mut s = text.decode(data);
    s.truncate(s.trim_end_matches([' ', '\0']).len());
    s
}

/// Cuts a whole object's body at every byte: each must be an error or, where the cut falls
/// between two parameters, a value; never a panic.
#[cfg(test)]
pub(crate) fn cut_everywhere<T: std::fmt::Debug, E: std::fmt::Debug>(
    body: &[u8],
    read: impl Fn(&[u8]) -> std::result::Result<T, E>,
) {
    let ends: Vec<usize> = object::params(body)
        .scan(0, |at, p| {
            *at += p.ok()?.1.len() + 4;
            Some(*at)
        })
        .collect();
    for cut in 0..body.len() {
        let got = read(&body[..cut]);
        if cut > 0 && !ends.contains(&cut) {
            assert!(got.is_err(), "cut at {cut} of {}: {got:?}", body.len());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(unreachable_pub)] // the declared message is public by construction

    use super::super::param::hex;
    use super::*;

    message! {
        /// A message to test the declaration with.
        Sample = CNTQRY {
            /// Required.
            size: u32 = QRYBLKSZ,
            /// Optional.
            flag: Option<bool> = QRYBLKRST,
        }
    }

    #[test]
    fn parameters_come_in_any_order_and_strangers_are_stepped_over() {
        let body = hex("00052154F1 0005FFFF00 000821140000FFFF");
        let got = Sample::decode(&body, DdmText::Utf8).unwrap();
        assert_eq!(got, Sample { size: 65535, flag: Some(true) });
        assert_eq!(got.encode(DdmText::Utf8).unwrap(), hex("00112006 000821140000FFFF 00052154F1"));
        cut_everywhere(&body, |b| Sample::decode(b, DdmText::Utf8));
    }

    #[test]
    fn missing_doubled_and_misshapen_parameters_are_named() {
        let missing = Sample::decode(&hex("00052154F1"), DdmText::Utf8);
        assert_eq!(
            missing,
            Err(MessageError::Missing { message: "CNTQRY", parameter: super::super::codepoint::QRYBLKSZ.into() })
        );
        let twice = Sample::decode(&hex("000821140000FFFF 000821140000FFFF"), DdmText::Utf8);
        assert_eq!(
            twice,
            Err(MessageError::Duplicate { message: "CNTQRY", parameter: super::super::codepoint::QRYBLKSZ.into() })
        );
        assert!(Sample::decode(&hex("000721140000FF"), DdmText::Utf8).is_err());
        assert!(Sample::decode(&hex("000821140000FFFF 0005215401"), DdmText::Utf8).is_err());
    }
}
