//! Which product the server looks like. A persona is data: what a real server of the kind answers
//! and insists on, as measured or as its users report it.

use crate::wire::ccsid::codec::Codec;
use crate::wire::ddm::accsec::Several;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::value::named_type::NamedType;
use crate::wire::value::product::Product;
use crate::wire::value::typdef::{TypDef, TypDefName};

/// When DDM text turns from EBCDIC to UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Utf8 {
    /// By UNICODEMGR in the first EXCSAT.
    Unicodemgr,
    /// By CCSIDMGR in a later EXCSAT.
    Ccsidmgr,
    /// Never.
    Never,
}

/// Which packages a statement may run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    /// Any name will do: the server has no packages.
    Any,
    /// The dynamic packages and the static helpers come with the server; others are bound.
    Shipped,
    /// The static helpers come with the server, others are bound: SQLCODE -805 for one that is not.
    Bound,
}

/// The contents of the ACCSECRD that refuses a mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// How the mechanisms offered are written.
    pub form: Several,
    /// SECCHKCD says that the mechanism is not supported.
    pub secchkcd: bool,
    /// ENCALG: every cipher of encrypted credentials.
    pub encalgs: &'static [u16],
}

/// A product's habits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// The name of the persona here.
    pub name: &'static str,
    /// SRVCLSNM.
    pub class: &'static str,
    /// PRDID.
    pub prdid: &'static str,
    /// SRVRLSLV.
    pub release: &'static str,
    /// EXTNAM: the job or program that serves a connection.
    pub job: &'static str,
    /// The highest level of each manager; those left out are not there.
    pub levels: &'static [(CodePoint, u16)],
    /// How DDM text becomes UTF-8.
    pub utf8: Utf8,
    /// The environment of everything sent as data.
    pub typdef: TypDef,
    /// Security mechanisms offered, the preferred one first.
    pub secmecs: &'static [u16],
    /// How a mechanism is refused.
    pub offer: Offer,
    /// A later EXCSAT is answered with what it asks, not with everything.
    pub answers_asked: bool,
    /// Managers and parameters of EXCSATRD come in the server's own order; what was not asked does not come.
    pub own_order: bool,
    /// An SQLCARD follows ACCRDBRM and tells of the session.
    pub session_card: bool,
    /// Success without anything to say is the null SQLCA.
    pub null_sqlca: bool,
    /// ENDUOWRM names the database.
    pub names_rdb: bool,
    /// SECCHKCD for a wrong user id or password.
    pub bad_login: u8,
    /// The prefix that the requester's PRDID must have.
    pub demanded_prdid: Option<&'static str>,
    /// Packages.
    pub packages: Packages,
    /// Parameters that the product refuses although others know them: command, parameter.
    pub refused: &'static [(CodePoint, CodePoint)],
    /// A statement may have an array of rows (NBRROW).
    pub arrays: bool,
    /// PBSD after ACCRDBRM.
    pub session_data: bool,
    /// The end of data is a row with an SQLCA in place of ENDQRYRM.
    pub ends_in_row: bool,
    /// A chain goes on after a statement that could not be prepared.
    pub goes_on: bool,
    /// SQLSTATE of success.
    pub success: &'static str,
    /// SQLCODE of every error, where the product has but one.
    pub error_code: Option<i32>,
    /// SQLCODEs that the product has in place of those of Db2 for i.
    pub codes: &'static [(i32, i32)],
    /// SQLSTATEs that the product has in place of Db2's.
    pub states: &'static [(&'static str, &'static str)],
    /// Parameter markers that a statement has at most. (Read: Db2 for LUW, SQL limits. Measured: Derby 10.14 describes
    /// 65,535.)
    pub markers: usize,
    /// Longest SQLERRMC in bytes. (Measured: IBM's CLI driver breaks off at a longer one.)
    pub errmc: usize,
    /// The number of rows of a cursor has its high word in SQLERRD1 and its low one in SQLERRD2; else the other way
    /// round. (Measured: Derby; IBM's JDBC driver goes to the last row by the other.)
    pub high_first: bool,
    /// SQLCODE of a statement that found no row to change.
    pub no_row: i32,
    /// Escapes of JDBC in a statement are resolved by the server.
    pub escapes: bool,
    /// Texts of errors and parts of large objects are to be had by calls of routines in SYSIBM.
    pub calls: bool,
    /// Width of a BOOLEAN.
    pub boolean: u16,
    /// Digits of every TIMESTAMP's second, where the product has but one form.
    pub timestamp_digits: Option<u8>,
    /// The product whose clients read its own types only. Those of Db2 read all of the family, of whichever product.
    pub only_types_of: Option<Product>,
    /// NUMERIC is zoned; else it is another name of DECIMAL. (Measured: the JDBC drivers of IBM and Derby read no zoned
    /// columns of those.)
    pub zoned: bool,
    /// Bytes are FOR BIT DATA in place of BINARY and VARBINARY.
    pub bit_data: bool,
    /// Text is said to be in the mixed page in place of the single-byte one.
    pub mixed: bool,
    /// A column of characters may be in a page of its own.
    pub pages: bool,
    /// Width of the placeholder of a large object.
    pub placeholder: u16,
    /// A status byte stands after a large object that comes in.
    pub extdta_status: bool,
    /// ACCRDBRM has a token with which a statement can be interrupted. (Read: IBM's documents have it of LUW and z/OS,
    /// not of IBM i; Derby's source has none.)
    pub interrupts: bool,
    /// Files can be read and written record by record; requests of a login may be numbered 0.
    pub files: bool,
    /// A table without a comment has a blank one in the answers of catalog procedures, not NULL. (Read: the outcomes that
    /// IBM's tests of its Python driver expect; measured: Derby.)
    pub blank_remarks: bool,
}

/// Db2 12.1 for Linux on x86. (Its levels, its refusal of a mechanism, the cards of a login, of DDL and of a commit:
/// measured by others of 8.2, 11.1 and 11.5.)
pub static LUW: Persona = Persona {
    name: "luw",
    class: "QDB2/LINUXX8664",
    prdid: "SQL12010",
    release: "SQL12010",
    blank_remarks: false,
    job: "drdarrow",
    levels: &[(cp::AGENT, 10), (cp::SQLAM, 11), (cp::CMNTCPIP, 8), (cp::RDB, 8), (cp::SECMGR, 9), (cp::XAMGR, 7)],
    utf8: Utf8::Ccsidmgr,
    typdef: TypDef { name: TypDefName::X86, sbc: 1208, dbc: 1200, mbc: 1208, xml: 1208 },
    secmecs: &[9, 7, 3, 4],
    offer: Offer { form: Several::Values, secchkcd: true, encalgs: &[1, 2] },
    answers_asked: true,
    own_order: false,
    session_card: true,
    null_sqlca: true,
    names_rdb: true,
    bad_login: 0x0F,
    demanded_prdid: None,
    packages: Packages::Shipped,
    refused: &[],
    arrays: true,
    session_data: false,
    ends_in_row: false,
    goes_on: false,
    success: "00000",
    error_code: None,
    codes: &[(-404, -433)],
    states: &[],
    markers: 32_767,
    errmc: 70,
    high_first: false,
    no_row: 100,
    escapes: false,
    calls: false,
    boolean: 2,
    timestamp_digits: None,
    only_types_of: None,
    zoned: false,
    bit_data: false,
    mixed: true,
    pages: false,
    placeholder: 8,
    extdta_status: false,
    interrupts: true,
    files: false,
};

/// Apache Derby 10.14 network server.
pub static DERBY: Persona = Persona {
    name: "derby",
    class: "Apache Derby",
    prdid: "CSS10140",
    release: "CSS10140/10.14.2.0",
    blank_remarks: true,
    job: "drdarrow",
    levels: &[(cp::AGENT, 7), (cp::SQLAM, 7), (cp::CMNTCPIP, 5), (cp::RDB, 7), (cp::SECMGR, 7), (cp::XAMGR, 7)],
    utf8: Utf8::Unicodemgr,
    typdef: TypDef { name: TypDefName::Asc, sbc: 1208, dbc: 0, mbc: 1208, xml: 0 },
    secmecs: &[3, 4, 8],
    offer: Offer { form: Several::Parameters, secchkcd: true, encalgs: &[] },
    answers_asked: false,
    own_order: false,
    session_card: false,
    null_sqlca: false,
    names_rdb: false,
    bad_login: 0x13,
    demanded_prdid: Some("DNC"),
    packages: Packages::Any,
    refused: &[
        (cp::ACCSEC, cp::ENCALG),
        (cp::DSCSQLSTT, cp::QRYINSID),
        (cp::OPNQRY, cp::DYNDTAFMT),
        (cp::EXCSQLSTT, cp::ATMIND),
    ],
    // The product ignores NBRROW and would run the first row only. (Read: apache/derby, DRDAConnThread.)
    arrays: false,
    session_data: true,
    ends_in_row: true,
    goes_on: true,
    success: "     ",
    error_code: Some(-20001),
    codes: &[],
    // Measured: Derby 10.14.
    states: &[
        ("42601", "42X01"),
        ("42703", "42X04"),
        ("42704", "42X05"),
        ("42710", "X0Y32"),
        ("21506", "21000"),
        ("42884", "42Y03"),
        ("34000", "42X30"),
        ("24504", "24000"),
    ],
    markers: 65_535,
    errmc: 2400,
    high_first: true,
    no_row: 10000,
    escapes: true,
    calls: true,
    boolean: 1,
    timestamp_digits: Some(9),
    only_types_of: Some(Product::Derby),
    zoned: false,
    bit_data: true,
    mixed: true,
    pages: false,
    placeholder: 4,
    extdta_status: true,
    interrupts: false,
    files: false,
};

/// Db2 for i 7.5.
pub static IBMI: Persona = Persona {
    name: "ibmi",
    codes: &[],
    class: "QAS",
    prdid: "QSQ07050",
    // Two digits each: JCC reads no other form. (Measured.)
    release: "V07R05M00",
    job: "123456/QUSER/QRWTSRVR",
    levels: &IBMI_LEVELS,
    utf8: Utf8::Never,
    secmecs: &[9, 8, 6, 3, 4],
    // JTOpen looks for the list's parts where they stand. (Measured.)
    offer: Offer { form: Several::Values, secchkcd: false, encalgs: &[] },
    own_order: true,
    session_card: false,
    null_sqlca: false,
    names_rdb: false,
    typdef: TypDef { name: TypDefName::Os400, sbc: 37, dbc: 1200, mbc: 37, xml: 1208 },
    packages: Packages::Bound,
    zoned: true,
    mixed: false,
    interrupts: false,
    files: true,
    pages: true,
    ..LUW
};

/// In the order in which IBM i names them, whatever the order of the question. (Measured by others: JTOpen's
/// AS400JPing compares the answer byte by byte.)
const IBMI_LEVELS: [(CodePoint, u16); 23] = [
    (cp::AGENT, 10),
    (cp::ALTINDF, 3),
    (cp::CMBACCAM, 3),
    (cp::CMBKEYAM, 3),
    (cp::CMBRNBAM, 3),
    (cp::CMNTCPIP, 5),
    (cp::DICTIONARY, 1),
    (cp::DIRECTORY, 3),
    (cp::DIRFIL, 3),
    (cp::DRCAM, 3),
    (cp::KEYFIL, 3),
    (cp::LCKMGR, 3),
    (cp::RDB, 10),
    (cp::RSCRCVM, 4),
    (cp::RELKEYAM, 3),
    (cp::RELRNBAM, 3),
    (cp::SECMGR, 9),
    (cp::SEQFIL, 3),
    (cp::SQLAM, 10),
    (cp::STRAM, 3),
    (cp::STRFIL, 3),
    (cp::SUPERVISOR, 3),
    (cp::SYSCMDMGR, 4),
];

/// Db2 13 for z/OS.
pub static ZOS: Persona = Persona {
    name: "zos",
    class: "QDB2",
    prdid: "DSN13015",
    release: "DSN13015",
    blank_remarks: true,
    job: LUW.job,
    levels: &[(cp::AGENT, 10), (cp::SQLAM, 10), (cp::CMNTCPIP, 5), (cp::RDB, 12), (cp::SECMGR, 9), (cp::XAMGR, 7)],
    secmecs: LUW.secmecs,
    offer: LUW.offer,
    own_order: false,
    // Read: vertx-sql-client turns to UTF-8 for servers whose release begins with DSN.
    utf8: Utf8::Unicodemgr,
    interrupts: true,
    files: false,
    typdef: TypDef { name: TypDefName::S370, sbc: 1047, dbc: 1200, mbc: 1047, xml: 1208 },
    ..IBMI
};

/// Why character data cannot be in a CCSID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPage {
    /// It is not known.
    #[error("CCSID {0} is not supported")]
    Unknown(u16),
    /// It is one of GRAPHIC.
    #[error("CCSID {0} is one of GRAPHIC, not of CHAR")]
    Double(u16),
    /// The persona has but one.
    #[error("the persona {0} has one CCSID for all columns: ibmi and zos can have others")]
    Persona(&'static str),
}

/// The form of the bytes of a page's characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Single,
    /// One or more, as in UTF-8.
    Mixed,
    /// Two, or a pair of two.
    Double,
}

impl Width {
    /// Of a page; none when it is not known.
    pub(super) fn of(ccsid: u16) -> Option<Width> {
        let codec = Codec::new(ccsid).ok()?;
        Some(match (codec.is_single(), codec.blank()) {
            (true, _) => Width::Single,
            (false, [_, _]) => Width::Double,
            (false, _) => Width::Mixed,
        })
    }
}

impl Persona {
    /// By its name here.
    pub fn named(name: &str) -> Option<&'static Persona> {
        [&LUW, &DERBY, &IBMI, &ZOS].into_iter().find(|p| p.name == name)
    }

    /// The same with character data in another page.
    pub fn with_ccsid(&self, ccsid: u16) -> Result<Persona, BadPage> {
        if !self.pages {
            return Err(BadPage::Persona(self.name));
        }
        let typdef = match Width::of(ccsid).ok_or(BadPage::Unknown(ccsid))? {
            Width::Single => TypDef { sbc: ccsid, mbc: ccsid, ..self.typdef },
            // Dates and times are in the single-byte page, as ever.
            Width::Mixed => TypDef { mbc: ccsid, ..self.typdef },
            Width::Double => return Err(BadPage::Double(ccsid)),
        };
        Ok(Persona { typdef, mixed: typdef.sbc != ccsid, ..self.clone() })
    }

    /// Whether columns may be of the SQL type with this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.only_types_of.is_none_or(|product| NamedType::is_of(name, product))
    }

    /// The product's SQLSTATE for one of Db2.
    pub(super) fn state<'a>(&self, db2: &'a str) -> &'a str {
        self.states.iter().find(|(of, _)| *of == db2).map_or(db2, |(_, own)| own)
    }

    /// Db2's SQLSTATE for one of the product.
    pub(super) fn db2_state<'a>(&self, own: &'a str) -> &'a str {
        self.states.iter().find(|(_, state)| *state == own).map_or(own, |(db2, _)| db2)
    }

    /// The level of a manager: the lower of what is asked for and what there is.
    pub(super) fn level(&self, manager: CodePoint, asked: u16) -> u16 {
        self.levels.iter().find(|(m, _)| *m == manager).map_or(0, |(_, own)| asked.min(*own))
    }
}
