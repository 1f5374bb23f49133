//! Code points: the two-byte names of commands, replies, objects, managers and parameters.
//! (DDM and DRDA architecture; values agreed by at least two public sources or seen on the wire.)

// Commands

/// `EXCSAT`
pub const EXCSAT: u16 = 0x1041;
/// `SYNCCTL`
pub const SYNCCTL: u16 = 0x1055;
/// `SYNCRSY`
pub const SYNCRSY: u16 = 0x1069;
/// `ACCSEC`
pub const ACCSEC: u16 = 0x106D;
/// `SECCHK`
pub const SECCHK: u16 = 0x106E;
/// `SYNCLOG`
pub const SYNCLOG: u16 = 0x106F;
/// `SNDPKT`
pub const SNDPKT: u16 = 0x1805;
/// `ACCRDB`
pub const ACCRDB: u16 = 0x2001;
/// `BGNBND`
pub const BGNBND: u16 = 0x2002;
/// `INTRDBRQS`
pub const INTRDBRQS: u16 = 0x2003;
/// `BNDSQLSTT`
pub const BNDSQLSTT: u16 = 0x2004;
/// `CLSQRY`
pub const CLSQRY: u16 = 0x2005;
/// `CNTQRY`
pub const CNTQRY: u16 = 0x2006;
/// `DRPPKG`
pub const DRPPKG: u16 = 0x2007;
/// `DSCSQLSTT`
pub const DSCSQLSTT: u16 = 0x2008;
/// `ENDBND`
pub const ENDBND: u16 = 0x2009;
/// `EXCSQLIMM`
pub const EXCSQLIMM: u16 = 0x200A;
/// `EXCSQLSTT`
pub const EXCSQLSTT: u16 = 0x200B;
/// `OPNQRY`
pub const OPNQRY: u16 = 0x200C;
/// `PRPSQLSTT`
pub const PRPSQLSTT: u16 = 0x200D;
/// `RDBCMM`
pub const RDBCMM: u16 = 0x200E;
/// `RDBRLLBCK`
pub const RDBRLLBCK: u16 = 0x200F;
/// `REBIND`
pub const REBIND: u16 = 0x2010;
/// `DSCRDBTBL`
pub const DSCRDBTBL: u16 = 0x2012;
/// `EXCSQLSET`
pub const EXCSQLSET: u16 = 0x2014;
/// `DISCONNECT`
pub const DISCONNECT: u16 = 0xC004;

// Reply messages

/// `MGRLVLRM`
pub const MGRLVLRM: u16 = 0x1210;
/// `MGRDEPRM`
pub const MGRDEPRM: u16 = 0x1218;
/// `SECCHKRM`
pub const SECCHKRM: u16 = 0x1219;
/// `CMDATHRM`
pub const CMDATHRM: u16 = 0x121C;
/// `AGNPRMRM`
pub const AGNPRMRM: u16 = 0x1232;
/// `RSCLMTRM`
pub const RSCLMTRM: u16 = 0x1233;
/// `PRCCNVRM`
pub const PRCCNVRM: u16 = 0x1245;
/// `SYNCCRD`
pub const SYNCCRD: u16 = 0x1248;
/// `CMDCMPRM`
pub const CMDCMPRM: u16 = 0x124B;
/// `SYNTAXRM`
pub const SYNTAXRM: u16 = 0x124C;
/// `CMDNSPRM`
pub const CMDNSPRM: u16 = 0x1250;
/// `PRMNSPRM`
pub const PRMNSPRM: u16 = 0x1251;
/// `VALNSPRM`
pub const VALNSPRM: u16 = 0x1252;
/// `OBJNSPRM`
pub const OBJNSPRM: u16 = 0x1253;
/// `CMDCHKRM`
pub const CMDCHKRM: u16 = 0x1254;
/// `TRGNSPRM`
pub const TRGNSPRM: u16 = 0x125F;
/// `SYNCRRD`
pub const SYNCRRD: u16 = 0x126D;
/// `EXCSATRD`
pub const EXCSATRD: u16 = 0x1443;
/// `ACCSECRD`
pub const ACCSECRD: u16 = 0x14AC;
/// `MONITORRD`
pub const MONITORRD: u16 = 0x1C00;
/// `ACCRDBRM`
pub const ACCRDBRM: u16 = 0x2201;
/// `QRYNOPRM`
pub const QRYNOPRM: u16 = 0x2202;
/// `RDBNACRM`
pub const RDBNACRM: u16 = 0x2204;
/// `OPNQRYRM`
pub const OPNQRYRM: u16 = 0x2205;
/// `PKGBNARM`
pub const PKGBNARM: u16 = 0x2206;
/// `RDBACCRM`
pub const RDBACCRM: u16 = 0x2207;
/// `BGNBNDRM`
pub const BGNBNDRM: u16 = 0x2208;
/// `PKGBPARM`
pub const PKGBPARM: u16 = 0x2209;
/// `DSCINVRM`
pub const DSCINVRM: u16 = 0x220A;
/// `ENDQRYRM`
pub const ENDQRYRM: u16 = 0x220B;
/// `ENDUOWRM`
pub const ENDUOWRM: u16 = 0x220C;
/// `ABNUOWRM`
pub const ABNUOWRM: u16 = 0x220D;
/// `DTAMCHRM`
pub const DTAMCHRM: u16 = 0x220E;
/// `QRYPOPRM`
pub const QRYPOPRM: u16 = 0x220F;
/// `RDBNFNRM`
pub const RDBNFNRM: u16 = 0x2211;
/// `OPNQFLRM`
pub const OPNQFLRM: u16 = 0x2212;
/// `SQLERRRM`
pub const SQLERRRM: u16 = 0x2213;
/// `RDBUPDRM`
pub const RDBUPDRM: u16 = 0x2218;
/// `RSLSETRM`
pub const RSLSETRM: u16 = 0x2219;
/// `RDBAFLRM`
pub const RDBAFLRM: u16 = 0x221A;
/// `CMDVLTRM`
pub const CMDVLTRM: u16 = 0x221D;
/// `CMMRQSRM`
pub const CMMRQSRM: u16 = 0x2225;
/// `RDBATHRM`
pub const RDBATHRM: u16 = 0x22CB;

// Data objects

/// `DATA`
pub const DATA: u16 = 0x0000;
/// `CODPNT`
pub const CODPNT: u16 = 0x000C;
/// `FDODSC`
pub const FDODSC: u16 = 0x0010;
/// `TYPDEFNAM`
pub const TYPDEFNAM: u16 = 0x002F;
/// `TYPDEFOVR`
pub const TYPDEFOVR: u16 = 0x0035;
/// `CODPNTDR`
pub const CODPNTDR: u16 = 0x0064;
/// `SECTKN`
pub const SECTKN: u16 = 0x11DC;
/// `EXTDTA`
pub const EXTDTA: u16 = 0x146C;
/// `FDODTA`
pub const FDODTA: u16 = 0x147A;
/// `PKTOBJ`
pub const PKTOBJ: u16 = 0x1C04;
/// `SQLCARD`
pub const SQLCARD: u16 = 0x2408;
/// `SQLCINRD`
pub const SQLCINRD: u16 = 0x240B;
/// `SQLRSLRD`
pub const SQLRSLRD: u16 = 0x240E;
/// `SQLDARD`
pub const SQLDARD: u16 = 0x2411;
/// `SQLDTA`
pub const SQLDTA: u16 = 0x2412;
/// `SQLDTARD`
pub const SQLDTARD: u16 = 0x2413;
/// `SQLSTT`
pub const SQLSTT: u16 = 0x2414;
/// `OUTOVR`
pub const OUTOVR: u16 = 0x2415;
/// `SQLSTTVRB`
pub const SQLSTTVRB: u16 = 0x2419;
/// `QRYDSC`
pub const QRYDSC: u16 = 0x241A;
/// `QRYDTA`
pub const QRYDTA: u16 = 0x241B;
/// `SQLATTR`
pub const SQLATTR: u16 = 0x2450;
/// `PBSD`
pub const PBSD: u16 = 0xC000;
/// `PBSD_ISO`
pub const PBSD_ISO: u16 = 0xC001;
/// `PBSD_SCHEMA`
pub const PBSD_SCHEMA: u16 = 0xC002;
/// `ACCRDBFDBK`
pub const ACCRDBFDBK: u16 = 0xCC0D;

// Managers

/// `AGENT`
pub const AGENT: u16 = 0x1403;
/// `SUPERVISOR`
pub const SUPERVISOR: u16 = 0x143C;
/// `SECMGR`
pub const SECMGR: u16 = 0x1440;
/// `CMNAPPC`
pub const CMNAPPC: u16 = 0x1444;
/// `DICTIONARY`
pub const DICTIONARY: u16 = 0x1458;
/// `CMNTCPIP`
pub const CMNTCPIP: u16 = 0x1474;
/// `CMNSYNCPT`
pub const CMNSYNCPT: u16 = 0x147C;
/// `SYNCPTMGR`
pub const SYNCPTMGR: u16 = 0x14C0;
/// `RSYNCMGR`
pub const RSYNCMGR: u16 = 0x14C1;
/// `CCSIDMGR`
pub const CCSIDMGR: u16 = 0x14CC;
/// `XAMGR`
pub const XAMGR: u16 = 0x1C01;
/// `UNICODEMGR`
pub const UNICODEMGR: u16 = 0x1C08;
/// `SQLAM`
pub const SQLAM: u16 = 0x2407;
/// `RDB`
pub const RDB: u16 = 0x240F;

// Parameters and values

/// `RSCTYP`
pub const RSCTYP: u16 = 0x111F;
/// `RSNCOD`
pub const RSNCOD: u16 = 0x1127;
/// `RSCNAM`
pub const RSCNAM: u16 = 0x112D;
/// `PRDID`
pub const PRDID: u16 = 0x112E;
/// `PRCCNVCD`
pub const PRCCNVCD: u16 = 0x113F;
/// `VRSNAM`
pub const VRSNAM: u16 = 0x1144;
/// `SRVCLSNM`
pub const SRVCLSNM: u16 = 0x1147;
/// `SVRCOD`
pub const SVRCOD: u16 = 0x1149;
/// `SYNERRCD`
pub const SYNERRCD: u16 = 0x114A;
/// `SRVDGN`
pub const SRVDGN: u16 = 0x1153;
/// `SRVRLSLV`
pub const SRVRLSLV: u16 = 0x115A;
/// `SPVNAM`
pub const SPVNAM: u16 = 0x115D;
/// `EXTNAM`
pub const EXTNAM: u16 = 0x115E;
/// `SRVNAM`
pub const SRVNAM: u16 = 0x116D;
/// `FORGET`
pub const FORGET: u16 = 0x1186;
/// `SYNCTYPE`
pub const SYNCTYPE: u16 = 0x1187;
/// `SECMGRNM`
pub const SECMGRNM: u16 = 0x1196;
/// `DEPERRCD`
pub const DEPERRCD: u16 = 0x119B;
/// `CCSIDSBC`
pub const CCSIDSBC: u16 = 0x119C;
/// `CCSIDDBC`
pub const CCSIDDBC: u16 = 0x119D;
/// `CCSIDMBC`
pub const CCSIDMBC: u16 = 0x119E;
/// `RLSCONV`
pub const RLSCONV: u16 = 0x119F;
/// `USRID`
pub const USRID: u16 = 0x11A0;
/// `PASSWORD`
pub const PASSWORD: u16 = 0x11A1;
/// `SECMEC`
pub const SECMEC: u16 = 0x11A2;
/// `SECCHKCD`
pub const SECCHKCD: u16 = 0x11A4;
/// `SVCERRNO`
pub const SVCERRNO: u16 = 0x11B4;
/// `NEWPASSWORD`
pub const NEWPASSWORD: u16 = 0x11DE;
/// `IPADDR`
pub const IPADDR: u16 = 0x11E8;
/// `SNAADDR`
pub const SNAADDR: u16 = 0x11E9;
/// `RSYNCTYP`
pub const RSYNCTYP: u16 = 0x11EA;
/// `MGRLVLLS`
pub const MGRLVLLS: u16 = 0x1404;
/// `MGRLVLN`
pub const MGRLVLN: u16 = 0x1473;
/// `XID`
pub const XID: u16 = 0x1801;
/// `MONITOR`
pub const MONITOR: u16 = 0x1900;
/// `ETIME`
pub const ETIME: u16 = 0x1901;
/// `XAFLAGS`
pub const XAFLAGS: u16 = 0x1903;
/// `XARETVAL`
pub const XARETVAL: u16 = 0x1904;
/// `PRPHRCLST`
pub const PRPHRCLST: u16 = 0x1905;
/// `XIDCNT`
pub const XIDCNT: u16 = 0x1906;
/// `TIMEOUT`
pub const TIMEOUT: u16 = 0x1907;
/// `RESPKTSZ`
pub const RESPKTSZ: u16 = 0x1908;
/// `ENCALG`
pub const ENCALG: u16 = 0x1909;
/// `ENCKEYLEN`
pub const ENCKEYLEN: u16 = 0x190A;
/// `PLGINCNT`
pub const PLGINCNT: u16 = 0x190F;
/// `PLGINLSE`
pub const PLGINLSE: u16 = 0x1910;
/// `TCPPORTHOST`
pub const TCPPORTHOST: u16 = 0x1912;
/// `CCSIDXML`
pub const CCSIDXML: u16 = 0x1913;
/// `PLGINNM`
pub const PLGINNM: u16 = 0x191C;
/// `PLGINLST`
pub const PLGINLST: u16 = 0x191E;
/// `KERSECPPL`
pub const KERSECPPL: u16 = 0x1C02;
/// `DSCERRCD`
pub const DSCERRCD: u16 = 0x2101;
/// `QRYPRCTYP`
pub const QRYPRCTYP: u16 = 0x2102;
/// `RDBINTTKN`
pub const RDBINTTKN: u16 = 0x2103;
/// `PRDDTA`
pub const PRDDTA: u16 = 0x2104;
/// `RDBCMTOK`
pub const RDBCMTOK: u16 = 0x2105;
/// `RDBCOLID`
pub const RDBCOLID: u16 = 0x2108;
/// `PKGID`
pub const PKGID: u16 = 0x2109;
/// `PKGNAM`
pub const PKGNAM: u16 = 0x210A;
/// `PKGSN`
pub const PKGSN: u16 = 0x210C;
/// `PKGCNSTKN`
pub const PKGCNSTKN: u16 = 0x210D;
/// `RTNSETSTT`
pub const RTNSETSTT: u16 = 0x210E;
/// `RDBACCCL`
pub const RDBACCCL: u16 = 0x210F;
/// `RDBNAM`
pub const RDBNAM: u16 = 0x2110;
/// `OUTEXP`
pub const OUTEXP: u16 = 0x2111;
/// `PKGNAMCT`
pub const PKGNAMCT: u16 = 0x2112;
/// `PKGNAMCSN`
pub const PKGNAMCSN: u16 = 0x2113;
/// `QRYBLKSZ`
pub const QRYBLKSZ: u16 = 0x2114;
/// `UOWDSP`
pub const UOWDSP: u16 = 0x2115;
/// `RTNSQLDA`
pub const RTNSQLDA: u16 = 0x2116;
/// `FDODSCOFF`
pub const FDODSCOFF: u16 = 0x2118;
/// `RDBALWUPD`
pub const RDBALWUPD: u16 = 0x211A;
/// `BNDCHKEXS`
pub const BNDCHKEXS: u16 = 0x211B;
/// `PKGRPLOPT`
pub const PKGRPLOPT: u16 = 0x211C;
/// `BNDCRTCTL`
pub const BNDCRTCTL: u16 = 0x211D;
/// `PKGATHOPT`
pub const PKGATHOPT: u16 = 0x211E;
/// `SQLCSRHLD`
pub const SQLCSRHLD: u16 = 0x211F;
/// `STTSTRDEL`
pub const STTSTRDEL: u16 = 0x2120;
/// `STTDECDEL`
pub const STTDECDEL: u16 = 0x2121;
/// `STTDATFMT`
pub const STTDATFMT: u16 = 0x2122;
/// `STTTIMFMT`
pub const STTTIMFMT: u16 = 0x2123;
/// `PKGISOLVL`
pub const PKGISOLVL: u16 = 0x2124;
/// `PKGDFTCST`
pub const PKGDFTCST: u16 = 0x2125;
/// `MAXSCTNBR`
pub const MAXSCTNBR: u16 = 0x2127;
/// `DFTRDBCOL`
pub const DFTRDBCOL: u16 = 0x2128;
/// `RDBRLSOPT`
pub const RDBRLSOPT: u16 = 0x2129;
/// `FDOTRPOFF`
pub const FDOTRPOFF: u16 = 0x212A;
/// `FDOPRMOFF`
pub const FDOPRMOFF: u16 = 0x212B;
/// `PKGRPLVRS`
pub const PKGRPLVRS: u16 = 0x212D;
/// `DGRIOPRL`
pub const DGRIOPRL: u16 = 0x212F;
/// `BNDEXPOPT`
pub const BNDEXPOPT: u16 = 0x2130;
/// `PKGOWNID`
pub const PKGOWNID: u16 = 0x2131;
/// `QRYBLKCTL`
pub const QRYBLKCTL: u16 = 0x2132;
/// `QRYEXTDTASZ`
pub const QRYEXTDTASZ: u16 = 0x2134;
/// `CRRTKN`
pub const CRRTKN: u16 = 0x2135;
/// `SMLDTASZ`
pub const SMLDTASZ: u16 = 0x2136;
/// `MEDDTASZ`
pub const MEDDTASZ: u16 = 0x2137;
/// `PRCNAM`
pub const PRCNAM: u16 = 0x2138;
/// `PKGSNLST`
pub const PKGSNLST: u16 = 0x2139;
/// `NBRROW`
pub const NBRROW: u16 = 0x213A;
/// `TRGDFTRT`
pub const TRGDFTRT: u16 = 0x213B;
/// `QRYRELSCR`
pub const QRYRELSCR: u16 = 0x213C;
/// `QRYROWNBR`
pub const QRYROWNBR: u16 = 0x213D;
/// `QRYRFRTBL`
pub const QRYRFRTBL: u16 = 0x213E;
/// `MAXRSLCNT`
pub const MAXRSLCNT: u16 = 0x2140;
/// `MAXBLKEXT`
pub const MAXBLKEXT: u16 = 0x2141;
/// `RSLSETFLG`
pub const RSLSETFLG: u16 = 0x2142;
/// `TYPSQLDA`
pub const TYPSQLDA: u16 = 0x2146;
/// `OUTOVROPT`
pub const OUTOVROPT: u16 = 0x2147;
/// `RTNEXTDTA`
pub const RTNEXTDTA: u16 = 0x2148;
/// `QRYATTSCR`
pub const QRYATTSCR: u16 = 0x2149;
/// `QRYATTSET`
pub const QRYATTSET: u16 = 0x214A;
/// `DYNDTAFMT`
pub const DYNDTAFMT: u16 = 0x214B;
/// `FREPRVREF`
pub const FREPRVREF: u16 = 0x214C;
/// `QRYATTUPD`
pub const QRYATTUPD: u16 = 0x2150;
/// `QRYSCRORN`
pub const QRYSCRORN: u16 = 0x2152;
/// `QRYROWSNS`
pub const QRYROWSNS: u16 = 0x2153;
/// `QRYBLKRST`
pub const QRYBLKRST: u16 = 0x2154;
/// `QRYRTNDTA`
pub const QRYRTNDTA: u16 = 0x2155;
/// `QRYROWSET`
pub const QRYROWSET: u16 = 0x2156;
/// `QRYATTSNS`
pub const QRYATTSNS: u16 = 0x2157;
/// `ATMIND`
pub const ATMIND: u16 = 0x2159;
/// `QRYINSID`
pub const QRYINSID: u16 = 0x215B;
/// `QRYCLSIMP`
pub const QRYCLSIMP: u16 = 0x215D;
/// `QRYCLSRLS`
pub const QRYCLSRLS: u16 = 0x215E;
/// `QRYBLKFCT`
pub const QRYBLKFCT: u16 = 0x215F;
/// `DIAGLVL`
pub const DIAGLVL: u16 = 0x2160;
/// `FRCFIXROW`
pub const FRCFIXROW: u16 = 0x2410;
/// `LMTBLKPRC`
pub const LMTBLKPRC: u16 = 0x2417;
/// `FIXROWPRC`
pub const FIXROWPRC: u16 = 0x2418;
/// `CSTSYSDFT`
pub const CSTSYSDFT: u16 = 0x2432;
/// `CSTBITS`
pub const CSTBITS: u16 = 0x2433;
/// `CSTSBCS`
pub const CSTSBCS: u16 = 0x2434;
/// `CSTMBCS`
pub const CSTMBCS: u16 = 0x2435;
/// `ISOLVLCHG`
pub const ISOLVLCHG: u16 = 0x2441;
/// `ISOLVLCS`
pub const ISOLVLCS: u16 = 0x2442;
/// `ISOLVLALL`
pub const ISOLVLALL: u16 = 0x2443;
/// `ISOLVLRR`
pub const ISOLVLRR: u16 = 0x2444;
/// `ISOLVLNC`
pub const ISOLVLNC: u16 = 0x2445;
/// `SRVLSTCNT`
pub const SRVLSTCNT: u16 = 0x244C;
/// `SRVLSRV`
pub const SRVLSRV: u16 = 0x244D;
/// `SRVLST`
pub const SRVLST: u16 = 0x244E;
/// `SRVPRTY`
pub const SRVPRTY: u16 = 0x244F;
/// `QRYATTISOL`
pub const QRYATTISOL: u16 = 0x2460;

/// The name of a code point, for dumps and messages.
pub fn name(cp: u16) -> Option<&'static str> {
    Some(match cp {
        DATA => "DATA",
        CODPNT => "CODPNT",
        FDODSC => "FDODSC",
        TYPDEFNAM => "TYPDEFNAM",
        TYPDEFOVR => "TYPDEFOVR",
        CODPNTDR => "CODPNTDR",
        EXCSAT => "EXCSAT",
        SYNCCTL => "SYNCCTL",
        SYNCRSY => "SYNCRSY",
        ACCSEC => "ACCSEC",
        SECCHK => "SECCHK",
        SYNCLOG => "SYNCLOG",
        RSCTYP => "RSCTYP",
        RSNCOD => "RSNCOD",
        RSCNAM => "RSCNAM",
        PRDID => "PRDID",
        PRCCNVCD => "PRCCNVCD",
        VRSNAM => "VRSNAM",
        SRVCLSNM => "SRVCLSNM",
        SVRCOD => "SVRCOD",
        SYNERRCD => "SYNERRCD",
        SRVDGN => "SRVDGN",
        SRVRLSLV => "SRVRLSLV",
        SPVNAM => "SPVNAM",
        EXTNAM => "EXTNAM",
        SRVNAM => "SRVNAM",
        FORGET => "FORGET",
        SYNCTYPE => "SYNCTYPE",
        SECMGRNM => "SECMGRNM",
        DEPERRCD => "DEPERRCD",
        CCSIDSBC => "CCSIDSBC",
        CCSIDDBC => "CCSIDDBC",
        CCSIDMBC => "CCSIDMBC",
        RLSCONV => "RLSCONV",
        USRID => "USRID",
        PASSWORD => "PASSWORD",
        SECMEC => "SECMEC",
        SECCHKCD => "SECCHKCD",
        SVCERRNO => "SVCERRNO",
        SECTKN => "SECTKN",
        NEWPASSWORD => "NEWPASSWORD",
        IPADDR => "IPADDR",
        SNAADDR => "SNAADDR",
        RSYNCTYP => "RSYNCTYP",
        MGRLVLRM => "MGRLVLRM",
        MGRDEPRM => "MGRDEPRM",
        SECCHKRM => "SECCHKRM",
        CMDATHRM => "CMDATHRM",
        AGNPRMRM => "AGNPRMRM",
        RSCLMTRM => "RSCLMTRM",
        PRCCNVRM => "PRCCNVRM",
        SYNCCRD => "SYNCCRD",
        CMDCMPRM => "CMDCMPRM",
        SYNTAXRM => "SYNTAXRM",
        CMDNSPRM => "CMDNSPRM",
        PRMNSPRM => "PRMNSPRM",
        VALNSPRM => "VALNSPRM",
        OBJNSPRM => "OBJNSPRM",
        CMDCHKRM => "CMDCHKRM",
        TRGNSPRM => "TRGNSPRM",
        SYNCRRD => "SYNCRRD",
        AGENT => "AGENT",
        MGRLVLLS => "MGRLVLLS",
        SUPERVISOR => "SUPERVISOR",
        SECMGR => "SECMGR",
        EXCSATRD => "EXCSATRD",
        CMNAPPC => "CMNAPPC",
        DICTIONARY => "DICTIONARY",
        EXTDTA => "EXTDTA",
        MGRLVLN => "MGRLVLN",
        CMNTCPIP => "CMNTCPIP",
        FDODTA => "FDODTA",
        CMNSYNCPT => "CMNSYNCPT",
        ACCSECRD => "ACCSECRD",
        SYNCPTMGR => "SYNCPTMGR",
        RSYNCMGR => "RSYNCMGR",
        CCSIDMGR => "CCSIDMGR",
        XID => "XID",
        SNDPKT => "SNDPKT",
        MONITOR => "MONITOR",
        ETIME => "ETIME",
        XAFLAGS => "XAFLAGS",
        XARETVAL => "XARETVAL",
        PRPHRCLST => "PRPHRCLST",
        XIDCNT => "XIDCNT",
        TIMEOUT => "TIMEOUT",
        RESPKTSZ => "RESPKTSZ",
        ENCALG => "ENCALG",
        ENCKEYLEN => "ENCKEYLEN",
        PLGINCNT => "PLGINCNT",
        PLGINLSE => "PLGINLSE",
        TCPPORTHOST => "TCPPORTHOST",
        CCSIDXML => "CCSIDXML",
        PLGINNM => "PLGINNM",
        PLGINLST => "PLGINLST",
        MONITORRD => "MONITORRD",
        XAMGR => "XAMGR",
        KERSECPPL => "KERSECPPL",
        PKTOBJ => "PKTOBJ",
        UNICODEMGR => "UNICODEMGR",
        ACCRDB => "ACCRDB",
        BGNBND => "BGNBND",
        INTRDBRQS => "INTRDBRQS",
        BNDSQLSTT => "BNDSQLSTT",
        CLSQRY => "CLSQRY",
        CNTQRY => "CNTQRY",
        DRPPKG => "DRPPKG",
        DSCSQLSTT => "DSCSQLSTT",
        ENDBND => "ENDBND",
        EXCSQLIMM => "EXCSQLIMM",
        EXCSQLSTT => "EXCSQLSTT",
        OPNQRY => "OPNQRY",
        PRPSQLSTT => "PRPSQLSTT",
        RDBCMM => "RDBCMM",
        RDBRLLBCK => "RDBRLLBCK",
        REBIND => "REBIND",
        DSCRDBTBL => "DSCRDBTBL",
        EXCSQLSET => "EXCSQLSET",
        DSCERRCD => "DSCERRCD",
        QRYPRCTYP => "QRYPRCTYP",
        RDBINTTKN => "RDBINTTKN",
        PRDDTA => "PRDDTA",
        RDBCMTOK => "RDBCMTOK",
        RDBCOLID => "RDBCOLID",
        PKGID => "PKGID",
        PKGNAM => "PKGNAM",
        PKGSN => "PKGSN",
        PKGCNSTKN => "PKGCNSTKN",
        RTNSETSTT => "RTNSETSTT",
        RDBACCCL => "RDBACCCL",
        RDBNAM => "RDBNAM",
        OUTEXP => "OUTEXP",
        PKGNAMCT => "PKGNAMCT",
        PKGNAMCSN => "PKGNAMCSN",
        QRYBLKSZ => "QRYBLKSZ",
        UOWDSP => "UOWDSP",
        RTNSQLDA => "RTNSQLDA",
        FDODSCOFF => "FDODSCOFF",
        RDBALWUPD => "RDBALWUPD",
        BNDCHKEXS => "BNDCHKEXS",
        PKGRPLOPT => "PKGRPLOPT",
        BNDCRTCTL => "BNDCRTCTL",
        PKGATHOPT => "PKGATHOPT",
        SQLCSRHLD => "SQLCSRHLD",
        STTSTRDEL => "STTSTRDEL",
        STTDECDEL => "STTDECDEL",
        STTDATFMT => "STTDATFMT",
        STTTIMFMT => "STTTIMFMT",
        PKGISOLVL => "PKGISOLVL",
        PKGDFTCST => "PKGDFTCST",
        MAXSCTNBR => "MAXSCTNBR",
        DFTRDBCOL => "DFTRDBCOL",
        RDBRLSOPT => "RDBRLSOPT",
        FDOTRPOFF => "FDOTRPOFF",
        FDOPRMOFF => "FDOPRMOFF",
        PKGRPLVRS => "PKGRPLVRS",
        DGRIOPRL => "DGRIOPRL",
        BNDEXPOPT => "BNDEXPOPT",
        PKGOWNID => "PKGOWNID",
        QRYBLKCTL => "QRYBLKCTL",
        QRYEXTDTASZ => "QRYEXTDTASZ",
        CRRTKN => "CRRTKN",
        SMLDTASZ => "SMLDTASZ",
        MEDDTASZ => "MEDDTASZ",
        PRCNAM => "PRCNAM",
        PKGSNLST => "PKGSNLST",
        NBRROW => "NBRROW",
        TRGDFTRT => "TRGDFTRT",
        QRYRELSCR => "QRYRELSCR",
        QRYROWNBR => "QRYROWNBR",
        QRYRFRTBL => "QRYRFRTBL",
        MAXRSLCNT => "MAXRSLCNT",
        MAXBLKEXT => "MAXBLKEXT",
        RSLSETFLG => "RSLSETFLG",
        TYPSQLDA => "TYPSQLDA",
        OUTOVROPT => "OUTOVROPT",
        RTNEXTDTA => "RTNEXTDTA",
        QRYATTSCR => "QRYATTSCR",
        QRYATTSET => "QRYATTSET",
        DYNDTAFMT => "DYNDTAFMT",
        FREPRVREF => "FREPRVREF",
        QRYATTUPD => "QRYATTUPD",
        QRYSCRORN => "QRYSCRORN",
        QRYROWSNS => "QRYROWSNS",
        QRYBLKRST => "QRYBLKRST",
        QRYRTNDTA => "QRYRTNDTA",
        QRYROWSET => "QRYROWSET",
        QRYATTSNS => "QRYATTSNS",
        ATMIND => "ATMIND",
        QRYINSID => "QRYINSID",
        QRYCLSIMP => "QRYCLSIMP",
        QRYCLSRLS => "QRYCLSRLS",
        QRYBLKFCT => "QRYBLKFCT",
        DIAGLVL => "DIAGLVL",
        ACCRDBRM => "ACCRDBRM",
        QRYNOPRM => "QRYNOPRM",
        RDBNACRM => "RDBNACRM",
        OPNQRYRM => "OPNQRYRM",
        PKGBNARM => "PKGBNARM",
        RDBACCRM => "RDBACCRM",
        BGNBNDRM => "BGNBNDRM",
        PKGBPARM => "PKGBPARM",
        DSCINVRM => "DSCINVRM",
        ENDQRYRM => "ENDQRYRM",
        ENDUOWRM => "ENDUOWRM",
        ABNUOWRM => "ABNUOWRM",
        DTAMCHRM => "DTAMCHRM",
        QRYPOPRM => "QRYPOPRM",
        RDBNFNRM => "RDBNFNRM",
        OPNQFLRM => "OPNQFLRM",
        SQLERRRM => "SQLERRRM",
        RDBUPDRM => "RDBUPDRM",
        RSLSETRM => "RSLSETRM",
        RDBAFLRM => "RDBAFLRM",
        CMDVLTRM => "CMDVLTRM",
        CMMRQSRM => "CMMRQSRM",
        RDBATHRM => "RDBATHRM",
        SQLAM => "SQLAM",
        SQLCARD => "SQLCARD",
        SQLCINRD => "SQLCINRD",
        SQLRSLRD => "SQLRSLRD",
        RDB => "RDB",
        FRCFIXROW => "FRCFIXROW",
        SQLDARD => "SQLDARD",
        SQLDTA => "SQLDTA",
        SQLDTARD => "SQLDTARD",
        SQLSTT => "SQLSTT",
        OUTOVR => "OUTOVR",
        LMTBLKPRC => "LMTBLKPRC",
        FIXROWPRC => "FIXROWPRC",
        SQLSTTVRB => "SQLSTTVRB",
        QRYDSC => "QRYDSC",
        QRYDTA => "QRYDTA",
        CSTSYSDFT => "CSTSYSDFT",
        CSTBITS => "CSTBITS",
        CSTSBCS => "CSTSBCS",
        CSTMBCS => "CSTMBCS",
        ISOLVLCHG => "ISOLVLCHG",
        ISOLVLCS => "ISOLVLCS",
        ISOLVLALL => "ISOLVLALL",
        ISOLVLRR => "ISOLVLRR",
        ISOLVLNC => "ISOLVLNC",
        SRVLSTCNT => "SRVLSTCNT",
        SRVLSRV => "SRVLSRV",
        SRVLST => "SRVLST",
        SRVPRTY => "SRVPRTY",
        SQLATTR => "SQLATTR",
        QRYATTISOL => "QRYATTISOL",
        PBSD => "PBSD",
        PBSD_ISO => "PBSD_ISO",
        PBSD_SCHEMA => "PBSD_SCHEMA",
        DISCONNECT => "DISCONNECT",
        ACCRDBFDBK => "ACCRDBFDBK",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_points_have_their_names() {
        assert_eq!(super::name(0x1041), Some("EXCSAT"));
        assert_eq!(super::name(0x241B), Some("QRYDTA"));
        assert_eq!(super::name(0x1234), None);
    }
}
