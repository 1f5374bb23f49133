//! TYPDEFNAM and TYPDEFOVR: the sender's machine. Byte order, float form and default CCSIDs of
//! everything it sends as data. (DDM: TYPDEFNAM X'002F', TYPDEFOVR X'0035'.)

use crate::wire::codec::reader::ByteOrder;

/// How REAL and DOUBLE are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FloatForm {
    /// IEEE 754, in the environment's byte order.
    #[default]
    Ieee,
    /// S/390 hexadecimal: sign, 7-bit exponent of 16 with bias 64, fraction. Always big-endian.
    Hexadecimal,
}

/// The named machine environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TypDefName {
    /// Big-endian, IEEE: AIX, Derby, and what we speak.
    #[default]
    Asc,
    /// As `Asc`; the Java environment.
    Jvm,
    /// Little-endian, IEEE: Db2 on x86 and arm.
    X86,
    /// IBM i: big-endian, IEEE, EBCDIC.
    Os400,
    /// z/OS: big-endian, hexadecimal float, EBCDIC.
    S370,
}

impl TypDefName {
    /// By its name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim_end() {
            "QTDSQLASC" => TypDefName::Asc,
            "QTDSQLJVM" => TypDefName::Jvm,
            "QTDSQLX86" => TypDefName::X86,
            "QTDSQL400" => TypDefName::Os400,
            "QTDSQL370" => TypDefName::S370,
            _ => return None,
        })
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            TypDefName::Asc => "QTDSQLASC",
            TypDefName::Jvm => "QTDSQLJVM",
            TypDefName::X86 => "QTDSQLX86",
            TypDefName::Os400 => "QTDSQL400",
            TypDefName::S370 => "QTDSQL370",
        }
    }
}

/// A machine environment with its CCSIDs: what a TYPDEFNAM and its TYPDEFOVR say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypDef {
    /// The environment.
    pub name: TypDefName,
    /// CCSID of single-byte character data (CCSIDSBC); 0 when not stated.
    pub sbc: u16,
    /// CCSID of double-byte character data (CCSIDDBC); 0 when not stated.
    pub dbc: u16,
    /// CCSID of mixed character data (CCSIDMBC); 0 when not stated.
    pub mbc: u16,
    /// CCSID of XML (CCSIDXML); 0 when not stated.
    pub xml: u16,
}

impl TypDef {
    /// The environment of this client: big-endian IEEE, UTF-8, UTF-16.
    pub const OURS: TypDef = TypDef { name: TypDefName::Asc, sbc: 1208, dbc: 1200, mbc: 1208, xml: 1208 };

    /// Order of integers (and IEEE floats).
    pub fn order(&self) -> ByteOrder {
        match self.name {
            TypDefName::X86 => ByteOrder::Little,
            _ => ByteOrder::Big,
        }
    }

    /// Form of REAL and DOUBLE.
    pub fn float(&self) -> FloatForm {
        match self.name {
            TypDefName::S370 => FloatForm::Hexadecimal,
            _ => FloatForm::Ieee,
        }
    }
}
