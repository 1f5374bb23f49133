//! Code points: the two-byte names of commands, replies, objects, managers and parameters.
//! (DDM and DRDA architecture; values agreed by at least two public sources or seen on the wire;
//! X'D0xx' to X'D4xx' are the extensions for record access to IBM i.)

pub use super::point::{Class, CodePoint, Side};
use super::point::{Entry, Form};

/// Declares each point once: its class and side, its name, its number, and the form of its value if it has one
/// that can be shown.
macro_rules! points {
    ($($class:ident $side:ident { $($name:ident = $value:literal $($form:ident)?;)* })*) => {
        $($(
            #[doc = concat!("`", stringify!($name), "`")]
            pub const $name: CodePoint = CodePoint::new($value);
        )*)*

        impl CodePoint {
            /// Its line of the table.
            pub(super) fn entry(self) -> Option<&'static Entry> {
                Some(match self {
                    $($($name => &Entry {
                        name: stringify!($name),
                        class: Class::$class,
                        side: Side::$side,
                        form: form!($($form)?),
                    },)*)*
                    _ => return None,
                })
            }
        }
    };
}

macro_rules! form {
    () => {
        Form::Bytes
    };
    (objects) => {
        Form::Objects
    };
    (text) => {
        Form::Text
    };
    (point) => {
        Form::Point
    };
    (secret) => {
        Form::Secret
    };
}

points! {
    Command Both {
        EXCSAT = 0x1041;
        SYNCRSY = 0x1069;
        ACCSEC = 0x106D;
        SECCHK = 0x106E;
        SYNCLOG = 0x106F;
    }
    Command Sql {
        SYNCCTL = 0x1055;
        SNDPKT = 0x1805;
        ACCRDB = 0x2001;
        BGNBND = 0x2002;
        INTRDBRQS = 0x2003;
        BNDSQLSTT = 0x2004;
        CLSQRY = 0x2005;
        CNTQRY = 0x2006;
        DRPPKG = 0x2007;
        DSCSQLSTT = 0x2008;
        ENDBND = 0x2009;
        EXCSQLIMM = 0x200A;
        EXCSQLSTT = 0x200B;
        OPNQRY = 0x200C;
        PRPSQLSTT = 0x200D;
        RDBCMM = 0x200E;
        RDBRLLBCK = 0x200F;
        REBIND = 0x2010;
        DSCRDBTBL = 0x2012;
        EXCSQLSET = 0x2014;
        DISCONNECT = 0xC004;
    }
    Command File {
        CMMUOW = 0x105A;
        RLLBCKUOW = 0x105B;
        S38ALCOB = 0xD002;
        S38CLOSE = 0xD004;
        S38CMD = 0xD006;
        S38DEL = 0xD007;
        S38DLCOB = 0xD008;
        S38FEOD = 0xD00B;
        S38GET = 0xD00C;
        S38GETD = 0xD00D;
        S38GETK = 0xD00E;
        S38GETM = 0xD00F;
        S38OPEN = 0xD011;
        S38PUT = 0xD012;
        S38PUTM = 0xD013;
        S38UPDAT = 0xD019;
        SXXPUTDR = 0xD01C;
        SXXASPRQ = 0xD02A;
    }
    ReplyMessage Both {
        MGRLVLRM = 0x1210;
        MGRDEPRM = 0x1218;
        SECCHKRM = 0x1219;
        CMDATHRM = 0x121C;
        AGNPRMRM = 0x1232;
        RSCLMTRM = 0x1233;
        PRCCNVRM = 0x1245;
        CMDCMPRM = 0x124B;
        SYNTAXRM = 0x124C;
        CMDNSPRM = 0x1250;
        PRMNSPRM = 0x1251;
        VALNSPRM = 0x1252;
        OBJNSPRM = 0x1253;
        CMDCHKRM = 0x1254;
        TRGNSPRM = 0x125F;
    }
    ReplyMessage Sql {
        ACCRDBRM = 0x2201;
        QRYNOPRM = 0x2202;
        RDBNACRM = 0x2204;
        OPNQRYRM = 0x2205;
        PKGBNARM = 0x2206;
        RDBACCRM = 0x2207;
        BGNBNDRM = 0x2208;
        PKGBPARM = 0x2209;
        DSCINVRM = 0x220A;
        ENDQRYRM = 0x220B;
        ENDUOWRM = 0x220C;
        ABNUOWRM = 0x220D;
        DTAMCHRM = 0x220E;
        QRYPOPRM = 0x220F;
        RDBNFNRM = 0x2211;
        OPNQFLRM = 0x2212;
        SQLERRRM = 0x2213;
        RDBUPDRM = 0x2218;
        RSLSETRM = 0x2219;
        RDBAFLRM = 0x221A;
        CMDVLTRM = 0x221D;
        CMMRQSRM = 0x2225;
        RDBATHRM = 0x22CB;
    }
    ReplyMessage File {
        CSRNSARM = 0x1205;
        DUPFILRM = 0x1207;
        DUPKSIRM = 0x1209;
        DUPRNBRM = 0x120A;
        ENDFILRM = 0x120B;
        FILFULRM = 0x120C;
        FILIUSRM = 0x120D;
        FILNFNRM = 0x120E;
        FILNOPRM = 0x1211;
        ACCMTHRM = 0x1231;
        DUPDCLRM = 0x1255;
        DCLNAMRM = 0x1256;
        DCLNFNRM = 0x1257;
        ACCINTRM = 0x1266;
        S38MSGRM = 0xD201;
    }
    DataObject Both {
        DATA = 0x0000;
        CHRSTRDR = 0x0009;
        CODPNT = 0x000C point;
        CODPNTDR = 0x0064 point;
        SECTKN = 0x11DC secret;
        SYNCCRD = 0x1248 objects;
        SYNCRRD = 0x126D objects;
        EXCSATRD = 0x1443 objects;
        ACCSECRD = 0x14AC objects;
        MONITORRD = 0x1C00 objects;
        PKTOBJ = 0x1C04;
    }
    DataObject Sql {
        FDODSC = 0x0010;
        TYPDEFNAM = 0x002F text;
        TYPDEFOVR = 0x0035 objects;
        EXTDTA = 0x146C;
        FDODTA = 0x147A;
        SQLCARD = 0x2408;
        SQLCINRD = 0x240B;
        SQLRSLRD = 0x240E;
        SQLDARD = 0x2411;
        SQLDTA = 0x2412 objects;
        SQLDTARD = 0x2413 objects;
        SQLSTT = 0x2414;
        OUTOVR = 0x2415;
        SQLSTTVRB = 0x2419;
        QRYDSC = 0x241A;
        QRYDTA = 0x241B;
        SQLATTR = 0x2450;
        PBSD = 0xC000 objects;
        PBSD_ISO = 0xC001;
        PBSD_SCHEMA = 0xC002 text;
        ACCRDBFDBK = 0xCC0D;
    }
    DataObject File {
        S38IOFB = 0xD402;
        S38OPNFB = 0xD404;
        S38BUF = 0xD405;
        S38LCNRD = 0xD406;
    }
    Manager Both {
        AGENT = 0x1403; SUPERVISOR = 0x143C; SECMGR = 0x1440; CMNAPPC = 0x1444; CMNTCPIP = 0x1474;
        CMNSYNCPT = 0x147C; RSCRCVM = 0x14A0; SYNCPTMGR = 0x14C0; RSYNCMGR = 0x14C1;
        CCSIDMGR = 0x14CC; XAMGR = 0x1C01; UNICODEMGR = 0x1C08;
    }
    Manager Sql {
        SQLAM = 0x2407; RDB = 0x240F;
    }
    Manager File {
        CMBACCAM = 0x1405; CMBKEYAM = 0x1406; CMBRNBAM = 0x1407; DIRFIL = 0x140C; DRCAM = 0x1419;
        KEYFIL = 0x141E; LCKMGR = 0x1422; ALTINDF = 0x1423; RELKEYAM = 0x1432; RELRNBAM = 0x1433;
        SEQFIL = 0x143B; DIRECTORY = 0x1457; DICTIONARY = 0x1458; STRAM = 0x1463; STRFIL = 0x1465;
        SYSCMDMGR = 0x147F;
    }
    Parameter Both {
        RSCTYP = 0x111F;
        RSNCOD = 0x1127 text;
        RSCNAM = 0x112D text;
        PRCCNVCD = 0x113F;
        VRSNAM = 0x1144 text;
        SRVCLSNM = 0x1147 text;
        SVRCOD = 0x1149;
        SYNERRCD = 0x114A;
        SRVDGN = 0x1153 text;
        SRVRLSLV = 0x115A text;
        SPVNAM = 0x115D text;
        EXTNAM = 0x115E text;
        SRVNAM = 0x116D text;
        FORGET = 0x1186;
        SYNCTYPE = 0x1187;
        SECMGRNM = 0x1196 text;
        DEPERRCD = 0x119B;
        CCSIDSBC = 0x119C;
        CCSIDDBC = 0x119D;
        CCSIDMBC = 0x119E;
        RLSCONV = 0x119F;
        USRID = 0x11A0 text;
        PASSWORD = 0x11A1 secret;
        SECMEC = 0x11A2;
        SECCHKCD = 0x11A4;
        SVCERRNO = 0x11B4;
        LUWHLDCSR = 0x11B5;
        NEWPASSWORD = 0x11DE secret;
        IPADDR = 0x11E8;
        SNAADDR = 0x11E9;
        RSYNCTYP = 0x11EA;
        MGRLVLLS = 0x1404;
        MGRLVLN = 0x1473 point;
        XID = 0x1801;
        MONITOR = 0x1900;
        ETIME = 0x1901;
        XAFLAGS = 0x1903;
        XARETVAL = 0x1904;
        PRPHRCLST = 0x1905 objects;
        XIDCNT = 0x1906;
        TIMEOUT = 0x1907;
        RESPKTSZ = 0x1908;
        ENCALG = 0x1909;
        ENCKEYLEN = 0x190A;
        PLGINCNT = 0x190F;
        PLGINLSE = 0x1910 objects;
        TCPPORTHOST = 0x1912;
        CCSIDXML = 0x1913;
        PLGINNM = 0x191C text;
        PLGINLST = 0x191E objects;
        KERSECPPL = 0x1C02 text;
        RDBNAM = 0x2110 text;
    }
    Parameter Sql {
        PRDID = 0x112E text;
        DSCERRCD = 0x2101;
        QRYPRCTYP = 0x2102 point;
        RDBINTTKN = 0x2103 secret;
        PRDDTA = 0x2104 text;
        RDBCMTOK = 0x2105;
        RDBCOLID = 0x2108 text;
        PKGID = 0x2109 text;
        PKGNAM = 0x210A text;
        PKGSN = 0x210C;
        PKGCNSTKN = 0x210D;
        RTNSETSTT = 0x210E;
        RDBACCCL = 0x210F point;
        OUTEXP = 0x2111;
        PKGNAMCT = 0x2112 text;
        PKGNAMCSN = 0x2113 text;
        QRYBLKSZ = 0x2114;
        UOWDSP = 0x2115;
        RTNSQLDA = 0x2116;
        FDODSCOFF = 0x2118;
        RDBALWUPD = 0x211A;
        BNDCHKEXS = 0x211B;
        PKGRPLOPT = 0x211C;
        BNDCRTCTL = 0x211D;
        PKGATHOPT = 0x211E;
        SQLCSRHLD = 0x211F;
        STTSTRDEL = 0x2120;
        STTDECDEL = 0x2121;
        STTDATFMT = 0x2122;
        STTTIMFMT = 0x2123;
        PKGISOLVL = 0x2124 point;
        PKGDFTCST = 0x2125 point;
        MAXSCTNBR = 0x2127;
        DFTRDBCOL = 0x2128 text;
        RDBRLSOPT = 0x2129;
        FDOTRPOFF = 0x212A;
        FDOPRMOFF = 0x212B;
        PKGRPLVRS = 0x212D;
        DGRIOPRL = 0x212F;
        BNDEXPOPT = 0x2130;
        PKGOWNID = 0x2131 text;
        QRYBLKCTL = 0x2132 point;
        QRYEXTDTASZ = 0x2134;
        CRRTKN = 0x2135 text;
        SMLDTASZ = 0x2136;
        MEDDTASZ = 0x2137;
        PRCNAM = 0x2138 text;
        PKGSNLST = 0x2139;
        NBRROW = 0x213A;
        TRGDFTRT = 0x213B;
        QRYRELSCR = 0x213C;
        QRYROWNBR = 0x213D;
        QRYRFRTBL = 0x213E;
        MAXRSLCNT = 0x2140;
        MAXBLKEXT = 0x2141;
        RSLSETFLG = 0x2142;
        TYPSQLDA = 0x2146;
        OUTOVROPT = 0x2147;
        RTNEXTDTA = 0x2148;
        QRYATTSCR = 0x2149;
        QRYATTSET = 0x214A;
        DYNDTAFMT = 0x214B;
        FREPRVREF = 0x214C;
        QRYATTUPD = 0x2150;
        QRYSCRORN = 0x2152;
        QRYROWSNS = 0x2153;
        QRYBLKRST = 0x2154;
        QRYRTNDTA = 0x2155;
        QRYROWSET = 0x2156;
        QRYATTSNS = 0x2157;
        ATMIND = 0x2159;
        QRYINSID = 0x215B;
        QRYCLSIMP = 0x215D;
        QRYCLSRLS = 0x215E;
        QRYBLKFCT = 0x215F;
        DIAGLVL = 0x2160;
        SRVLSTCNT = 0x244C;
        SRVLSRV = 0x244D objects;
        SRVLST = 0x244E objects;
        SRVPRTY = 0x244F;
        QRYATTISOL = 0x2460 point;
    }
    Parameter File {
        DCLNAM = 0x1136 text;
        S38CMDST = 0xD103 text;
        S38CTLL = 0xD105;
        S38LRQS = 0xD10B;
        S38LWAIT = 0xD10C;
        S38MDATA = 0xD10E;
        S38MFILE = 0xD111 text;
        S38MID = 0xD112 text;
        S38LRLS = 0xD115;
        S38MTEXT = 0xD116 text;
        S38MTYPE = 0xD117;
        S38OPTL = 0xD119;
        S38UFCB = 0xD11F;
        S38CLOST = 0xD121;
        SXXFACTOR = 0xD142;
        SXXVERID = 0xD143;
        SXXCLTIP = 0xD144;
    }
    Value Sql {
        FRCFIXROW = 0x2410; LMTBLKPRC = 0x2417; FIXROWPRC = 0x2418; CSTSYSDFT = 0x2432;
        CSTBITS = 0x2433; CSTSBCS = 0x2434; CSTMBCS = 0x2435; ISOLVLCHG = 0x2441; ISOLVLCS = 0x2442;
        ISOLVLALL = 0x2443; ISOLVLRR = 0x2444; ISOLVLNC = 0x2445;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points_have_names_and_the_others_numbers() {
        assert_eq!(CodePoint::new(0x1041).to_string(), "EXCSAT");
        assert_eq!(CodePoint::new(0x241B).name(), Some("QRYDTA"));
        assert_eq!(format!("{S38OPEN} {S38OPEN:04X}"), "S38OPEN D011");
        assert_eq!(CodePoint::new(0x1234).name(), None);
        assert_eq!(format!("{} {:?}", CodePoint::new(0x1234), CodePoint::new(0xC)), "X'1234' CODPNT");
    }

    #[test]
    fn each_has_a_class_and_a_side() {
        assert_eq!((OPNQRY.class(), OPNQRY.side()), (Some(Class::Command), Some(Side::Sql)));
        assert_eq!((S38MSGRM.class(), S38MSGRM.side()), (Some(Class::ReplyMessage), Some(Side::File)));
        assert_eq!((CodePoint::new(0x1234).class(), CodePoint::new(0x1234).side()), (None, None));
        assert!(SQLERRRM.is_reply_message() && !SQLCARD.is_reply_message());
        assert_eq!((OPNQRY.form(), PASSWORD.form(), QRYDTA.form()), (Form::Objects, Form::Secret, Form::Bytes));
    }
}
