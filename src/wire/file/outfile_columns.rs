//! The layouts of the files that DSPFFD and DSPFD write: QWHDRFFD one row a field, QWHFDACP one a key
//! field, QWHFDFMT one a record format, QWHFDMBR one a member; QWHFDPHY one a physical file, and QLIDOBJD of DSPOBJD
//! one an object. Newer releases append columns, so a row may be longer.
//! (IBM's client for Java prints the first three whole; of the fourth the columns in use are known. Of the last two the
//! names of columns are known, not all of them nor their places: who reads them asks DSPFFD where they are.)

use self::OutfileType::{Packed, Text, Zoned};

/// The form of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutfileType {
    /// Characters.
    Text,
    /// A zoned number; digits after the point do not count.
    Zoned,
    /// A packed number, likewise.
    Packed,
}

/// A record format of such a file.
#[derive(Debug)]
pub struct Outfile {
    /// Its name.
    pub format: &'static str,
    /// Its columns, end to end: form, bytes, name. Nameless ones are not known.
    pub columns: &'static [(OutfileType, usize, &'static str)],
}

/// DSPFFD.
#[rustfmt::skip]
pub static FIELDS: Outfile = Outfile {
    format: "QWHDRFFD",
    columns: &[
        (Text, 10, "WHFILE"), (Text, 10, "WHLIB"), (Text, 7, "WHCRTD"), (Text, 1, "WHFTYP"),
        (Zoned, 5, "WHCNT"), (Text, 13, "WHDTTM"), (Text, 10, "WHNAME"), (Text, 13, "WHSEQ"),
        (Text, 50, "WHTEXT"), (Zoned, 5, "WHFLDN"), (Zoned, 5, "WHRLEN"), (Text, 10, "WHFLDI"),
        (Text, 10, "WHFLDE"), (Zoned, 5, "WHFOBO"), (Zoned, 5, "WHFIBO"), (Zoned, 5, "WHFLDB"),
        (Zoned, 2, "WHFLDO"), (Zoned, 2, "WHFLDP"), (Text, 50, "WHFTXT"), (Zoned, 3, "WHRCDE"),
        (Text, 10, "WHRFIL"), (Text, 10, "WHRLIB"), (Text, 10, "WHRFMT"), (Text, 10, "WHRFLD"),
        (Text, 20, "WHCHD1"), (Text, 20, "WHCHD2"), (Text, 20, "WHCHD3"), (Text, 1, "WHFLDT"),
        (Text, 1, "WHFIOB"), (Text, 2, "WHECDE"), (Text, 32, "WHEWRD"), (Zoned, 4, "WHVCNE"),
        (Zoned, 5, "WHNFLD"), (Zoned, 2, "WHNIND"), (Text, 1, "WHSHFT"), (Text, 1, "WHALTY"),
        (Text, 30, "WHALIS"), (Zoned, 2, "WHJREF"), (Zoned, 2, "WHDFTL"), (Text, 30, "WHDFT"),
        (Text, 1, "WHCHRI"), (Text, 1, "WHCTNT"), (Text, 10, "WHFONT"), (Zoned, 3, "WHCSWD"),
        (Zoned, 3, "WHCSHI"), (Text, 10, "WHBCNM"), (Zoned, 3, "WHBCHI"), (Text, 1, "WHMAP"),
        (Zoned, 5, "WHMAPS"), (Zoned, 5, "WHMAPL"), (Text, 8, "WHSYSN"), (Text, 2, "WHRES1"),
        (Text, 1, "WHSQLT"), (Text, 1, "WHHEX"), (Packed, 3, "WHPNTS"), (Packed, 3, "WHCCSID"),
        (Text, 4, "WHFMT"), (Text, 1, "WHSEP"), (Text, 1, "WHVARL"), (Packed, 3, "WHALLC"), (Text, 1, "WHNULL"),
        (Text, 10, "WHFCSN"), (Text, 10, "WHFCSL"), (Text, 10, "WHFCPN"), (Text, 10, "WHFCPL"),
        (Text, 10, "WHCDFN"), (Text, 10, "WHCDFL"), (Text, 10, "WHDCDF"), (Text, 10, "WHDCDL"),
        (Packed, 2, "WHTXRT"), (Zoned, 5, "WHFLDG"),
    ],
};

/// DSPFD of type *ACCPTH.
#[rustfmt::skip]
pub static ACCESS_PATH: Outfile = Outfile {
    format: "QWHFDACP",
    columns: &[
        (Text, 1, "APRCEN"), (Text, 6, "APRDAT"), (Text, 6, "APRTIM"), (Text, 10, "APFILE"),
        (Text, 10, "APLIB"), (Text, 1, "APFTYP"), (Text, 4, "APFILA"), (Text, 3, "APMXD"), (Text, 6, "APFATR"),
        (Text, 8, "APSYSN"), (Packed, 2, "APASP"), (Text, 4, "APRES"), (Text, 1, "APMANT"), (Text, 1, "APUNIQ"),
        (Text, 1, "APKEYO"), (Text, 1, "APSELO"), (Text, 1, "APACCP"), (Packed, 2, "APNSCO"),
        (Text, 10, "APBDF"), (Text, 10, "APBOL"), (Text, 10, "APBOLF"), (Packed, 2, "APNKYF"),
        (Text, 10, "APKEYF"), (Text, 1, "APKSEQ"), (Text, 1, "APKSIN"), (Text, 1, "APKZD"), (Text, 1, "APKASQ"),
        (Packed, 2, "APKEYN"), (Text, 1, "APJOIN"), (Text, 1, "APACPJ"), (Text, 1, "APRIKY"),
    ],
};

/// DSPFD of type *MBR, as far as it is known.
#[rustfmt::skip]
pub static MEMBERS: Outfile = Outfile {
    format: "QWHFDMBR",
    columns: &[
        (Text, 13, ""), (Text, 10, "MBFILE"), (Text, 10, "MBLIB"), (Text, 130, ""), (Text, 10, "MBNAME"),
        (Text, 20, ""), (Text, 50, "MBMTXT"), (Text, 94, ""), (Packed, 6, "MBRCDC"), (Packed, 6, "MBNRCD"),
        (Packed, 6, "MBNDTR"),
    ],
};

/// DSPFD of type *RCDFMT.
#[rustfmt::skip]
pub static FORMATS: Outfile = Outfile {
    format: "QWHFDFMT",
    columns: &[
        (Text, 1, "RFRCEN"), (Text, 6, "RFRDAT"), (Text, 6, "RFRTIM"), (Text, 10, "RFFILE"), (Text, 10, "RFLIB"),
        (Text, 1, "RFFTYP"), (Text, 4, "RFFILA"), (Text, 1, "RFMXDD"), (Text, 1, "RFMXDC"), (Text, 1, "RFMXDB"),
        (Text, 6, "RFFATR"), (Text, 8, "RFSYSN"), (Packed, 2, "RFASP"), (Text, 4, "RFRES"), (Packed, 3, "RFTOTF"),
        (Text, 10, "RFNAME"), (Packed, 3, "RFFLDN"), (Packed, 3, "RFLEN"), (Text, 13, "RFID"), (Text, 1, "RFTYPE"),
        (Text, 10, "RFASFN"), (Text, 50, "RFFTXT"), (Packed, 3, "RFHIGH"), (Packed, 3, "RFWIDE"),
        (Text, 10, "RFFONT"), (Packed, 2, "RFPGRT"), (Packed, 2, "RFLPI"), (Packed, 2, "RFCHWD"),
        (Packed, 2, "RFCHHI"), (Packed, 3, "RFPNTS"), (Text, 1, "RFWIN"), (Text, 10, "RFFCSN"),
        (Text, 10, "RFFCSL"), (Text, 10, "RFFCPN"), (Text, 10, "RFFCPL"), (Text, 10, "RFCDFN"),
        (Text, 10, "RFCDFL"), (Text, 10, "RFDCDF"), (Text, 10, "RFDCDL"), (Text, 1, "RFMNB"), (Text, 1, "RFPLD"),
    ],
};

/// DSPFD of type *ATR for physical files, the columns that clients look for.
#[rustfmt::skip]
pub static PHYSICAL: Outfile = Outfile {
    format: "QWHFDPHY",
    columns: &[
        (Text, 10, "PHFILE"), (Text, 10, "PHLIB"), (Text, 1, "PHFTYP"), (Text, 4, "PHFILA"), (Text, 6, "PHFATR"),
        (Text, 1, "PHDTAT"), (Text, 50, "PHTXT"), (Packed, 3, "PHNOMB"),
    ],
};

/// DSPOBJD, likewise.
#[rustfmt::skip]
pub static OBJECTS: Outfile = Outfile {
    format: "QLIDOBJD",
    columns: &[
        (Text, 10, "ODLBNM"), (Text, 10, "ODOBNM"), (Text, 8, "ODOBTP"), (Text, 10, "ODOBAT"), (Text, 50, "ODOBTX"),
        (Text, 1, "ODCCEN"), (Text, 6, "ODCDAT"), (Text, 6, "ODCTIM"),
        (Text, 1, "ODLCEN"), (Text, 6, "ODLDAT"), (Text, 6, "ODLTIM"),
    ],
};
