//! Code points: the two-byte names of commands, replies, objects, managers and parameters.
//! (DDM and DRDA architecture; values agreed by at least two public sources or seen on the wire;
//! X'D0xx' to X'D4xx' are the extensions for record access to IBM i.)

/// Declares each point once, as a constant and as a name.
macro_rules! points {
    ($($name:ident = $value:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            pub const $name: u16 = $value;
        )*

        /// The name of a code point, for dumps and messages.
        pub fn name(cp: u16) -> Option<&'static str> {
            Some(match cp {
                $($value => stringify!($name),)*
                _ => return None,
            })
        }

        /// The code point of a name.
        pub fn point(name: &str) -> Option<u16> {
            Some(match name {
                $(stringify!($name) => $value,)*
                _ => return None,
            })
        }
    };
}

points! {
    // Commands
    EXCSAT = 0x1041;
    SYNCCTL = 0x1055;
    CMMUOW = 0x105A;
    RLLBCKUOW = 0x105B;
    SYNCRSY = 0x1069;
    ACCSEC = 0x106D;
    SECCHK = 0x106E;
    SYNCLOG = 0x106F;
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

    // Reply messages
    CSRNSARM = 0x1205;
    DUPFILRM = 0x1207;
    DUPKSIRM = 0x1209;
    DUPRNBRM = 0x120A;
    ENDFILRM = 0x120B;
    FILFULRM = 0x120C;
    FILIUSRM = 0x120D;
    FILNFNRM = 0x120E;
    MGRLVLRM = 0x1210;
    FILNOPRM = 0x1211;
    MGRDEPRM = 0x1218;
    SECCHKRM = 0x1219;
    CMDATHRM = 0x121C;
    ACCMTHRM = 0x1231;
    AGNPRMRM = 0x1232;
    RSCLMTRM = 0x1233;
    PRCCNVRM = 0x1245;
    SYNCCRD = 0x1248;
    CMDCMPRM = 0x124B;
    SYNTAXRM = 0x124C;
    CMDNSPRM = 0x1250;
    PRMNSPRM = 0x1251;
    VALNSPRM = 0x1252;
    OBJNSPRM = 0x1253;
    CMDCHKRM = 0x1254;
    DUPDCLRM = 0x1255;
    DCLNAMRM = 0x1256;
    DCLNFNRM = 0x1257;
    TRGNSPRM = 0x125F;
    ACCINTRM = 0x1266;
    SYNCRRD = 0x126D;
    EXCSATRD = 0x1443;
    ACCSECRD = 0x14AC;
    MONITORRD = 0x1C00;
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
    S38MSGRM = 0xD201;

    // Data objects
    DATA = 0x0000;
    CHRSTRDR = 0x0009;
    CODPNT = 0x000C;
    FDODSC = 0x0010;
    TYPDEFNAM = 0x002F;
    TYPDEFOVR = 0x0035;
    CODPNTDR = 0x0064;
    SECTKN = 0x11DC;
    EXTDTA = 0x146C;
    FDODTA = 0x147A;
    PKTOBJ = 0x1C04;
    SQLCARD = 0x2408;
    SQLCINRD = 0x240B;
    SQLRSLRD = 0x240E;
    SQLDARD = 0x2411;
    SQLDTA = 0x2412;
    SQLDTARD = 0x2413;
    SQLSTT = 0x2414;
    OUTOVR = 0x2415;
    SQLSTTVRB = 0x2419;
    QRYDSC = 0x241A;
    QRYDTA = 0x241B;
    SQLATTR = 0x2450;
    PBSD = 0xC000;
    PBSD_ISO = 0xC001;
    PBSD_SCHEMA = 0xC002;
    ACCRDBFDBK = 0xCC0D;
    S38IOFB = 0xD402;
    S38OPNFB = 0xD404;
    S38BUF = 0xD405;
    S38LCNRD = 0xD406;

    // Managers
    AGENT = 0x1403;
    CMBACCAM = 0x1405;
    CMBKEYAM = 0x1406;
    CMBRNBAM = 0x1407;
    DIRFIL = 0x140C;
    DRCAM = 0x1419;
    KEYFIL = 0x141E;
    LCKMGR = 0x1422;
    ALTINDF = 0x1423;
    RELKEYAM = 0x1432;
    RELRNBAM = 0x1433;
    SEQFIL = 0x143B;
    SUPERVISOR = 0x143C;
    SECMGR = 0x1440;
    CMNAPPC = 0x1444;
    DIRECTORY = 0x1457;
    DICTIONARY = 0x1458;
    STRAM = 0x1463;
    STRFIL = 0x1465;
    CMNTCPIP = 0x1474;
    CMNSYNCPT = 0x147C;
    SYSCMDMGR = 0x147F;
    RSCRCVM = 0x14A0;
    SYNCPTMGR = 0x14C0;
    RSYNCMGR = 0x14C1;
    CCSIDMGR = 0x14CC;
    XAMGR = 0x1C01;
    UNICODEMGR = 0x1C08;
    SQLAM = 0x2407;
    RDB = 0x240F;

    // Parameters and values
    RSCTYP = 0x111F;
    RSNCOD = 0x1127;
    RSCNAM = 0x112D;
    PRDID = 0x112E;
    DCLNAM = 0x1136;
    PRCCNVCD = 0x113F;
    VRSNAM = 0x1144;
    SRVCLSNM = 0x1147;
    SVRCOD = 0x1149;
    SYNERRCD = 0x114A;
    SRVDGN = 0x1153;
    SRVRLSLV = 0x115A;
    SPVNAM = 0x115D;
    EXTNAM = 0x115E;
    SRVNAM = 0x116D;
    FORGET = 0x1186;
    SYNCTYPE = 0x1187;
    SECMGRNM = 0x1196;
    DEPERRCD = 0x119B;
    CCSIDSBC = 0x119C;
    CCSIDDBC = 0x119D;
    CCSIDMBC = 0x119E;
    RLSCONV = 0x119F;
    USRID = 0x11A0;
    PASSWORD = 0x11A1;
    SECMEC = 0x11A2;
    SECCHKCD = 0x11A4;
    SVCERRNO = 0x11B4;
    LUWHLDCSR = 0x11B5;
    NEWPASSWORD = 0x11DE;
    IPADDR = 0x11E8;
    SNAADDR = 0x11E9;
    RSYNCTYP = 0x11EA;
    MGRLVLLS = 0x1404;
    MGRLVLN = 0x1473;
    XID = 0x1801;
    MONITOR = 0x1900;
    ETIME = 0x1901;
    XAFLAGS = 0x1903;
    XARETVAL = 0x1904;
    PRPHRCLST = 0x1905;
    XIDCNT = 0x1906;
    TIMEOUT = 0x1907;
    RESPKTSZ = 0x1908;
    ENCALG = 0x1909;
    ENCKEYLEN = 0x190A;
    PLGINCNT = 0x190F;
    PLGINLSE = 0x1910;
    TCPPORTHOST = 0x1912;
    CCSIDXML = 0x1913;
    PLGINNM = 0x191C;
    PLGINLST = 0x191E;
    KERSECPPL = 0x1C02;
    DSCERRCD = 0x2101;
    QRYPRCTYP = 0x2102;
    RDBINTTKN = 0x2103;
    PRDDTA = 0x2104;
    RDBCMTOK = 0x2105;
    RDBCOLID = 0x2108;
    PKGID = 0x2109;
    PKGNAM = 0x210A;
    PKGSN = 0x210C;
    PKGCNSTKN = 0x210D;
    RTNSETSTT = 0x210E;
    RDBACCCL = 0x210F;
    RDBNAM = 0x2110;
    OUTEXP = 0x2111;
    PKGNAMCT = 0x2112;
    PKGNAMCSN = 0x2113;
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
    PKGISOLVL = 0x2124;
    PKGDFTCST = 0x2125;
    MAXSCTNBR = 0x2127;
    DFTRDBCOL = 0x2128;
    RDBRLSOPT = 0x2129;
    FDOTRPOFF = 0x212A;
    FDOPRMOFF = 0x212B;
    PKGRPLVRS = 0x212D;
    DGRIOPRL = 0x212F;
    BNDEXPOPT = 0x2130;
    PKGOWNID = 0x2131;
    QRYBLKCTL = 0x2132;
    QRYEXTDTASZ = 0x2134;
    CRRTKN = 0x2135;
    SMLDTASZ = 0x2136;
    MEDDTASZ = 0x2137;
    PRCNAM = 0x2138;
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
    FRCFIXROW = 0x2410;
    LMTBLKPRC = 0x2417;
    FIXROWPRC = 0x2418;
    CSTSYSDFT = 0x2432;
    CSTBITS = 0x2433;
    CSTSBCS = 0x2434;
    CSTMBCS = 0x2435;
    ISOLVLCHG = 0x2441;
    ISOLVLCS = 0x2442;
    ISOLVLALL = 0x2443;
    ISOLVLRR = 0x2444;
    ISOLVLNC = 0x2445;
    SRVLSTCNT = 0x244C;
    SRVLSRV = 0x244D;
    SRVLST = 0x244E;
    SRVPRTY = 0x244F;
    QRYATTISOL = 0x2460;
    S38CMDST = 0xD103;
    S38CTLL = 0xD105;
    S38LRQS = 0xD10B;
    S38LWAIT = 0xD10C;
    S38MDATA = 0xD10E;
    S38MFILE = 0xD111;
    S38MID = 0xD112;
    S38LRLS = 0xD115;
    S38MTEXT = 0xD116;
    S38MTYPE = 0xD117;
    S38OPTL = 0xD119;
    S38UFCB = 0xD11F;
    S38CLOST = 0xD121;
    SXXFACTOR = 0xD142;
    SXXVERID = 0xD143;
    SXXCLTIP = 0xD144;
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_points_have_their_names() {
        assert_eq!(super::name(0x1041), Some("EXCSAT"));
        assert_eq!(super::name(0x241B), Some("QRYDTA"));
        assert_eq!(super::name(0xD011), Some("S38OPEN"));
        assert_eq!(super::name(0x1234), None);
    }
}
