//! Binding a package: BGNBND, one BNDSQLSTT with its SQLSTT for each statement, ENDBND. Used to
//! make the dynamic packages on a server that lacks them (SQLCODE -805). Each is answered by an
//! SQLCARD; BGNBNDRM, PKGBNARM and PKGBPARM announce a failure. Enumerated values are code points.
//! (DRDA: X'2002', X'2004', X'2009'; the parameters as Wireshark names them, the sequence as a
//! JCC binder was seen to send it.)

use super::package::{PkgNamCsn, PkgNamCt};
use crate::wire::ddm::codepoint::{self, CodePoint};
use crate::wire::ddm::command::message;

message! {
    /// BGNBND: begin a package.
    BgnBnd = BGNBND {
        /// The package.
        pkgnamct: PkgNamCt = PKGNAMCT,
        /// Version of the package.
        vrsnam: Option<String> = VRSNAM,
        /// The version to be replaced.
        pkgrplvrs: Option<String> = PKGRPLVRS,
        /// Isolation: ISOLVLCHG, ISOLVLCS, ISOLVLALL, ISOLVLRR or ISOLVLNC.
        pkgisolvl: Option<CodePoint> = PKGISOLVL,
        /// Blocking: LMTBLKPRC or FRCFIXROW.
        qryblkctl: Option<CodePoint> = QRYBLKCTL,
        /// Are missing objects an error at bind time?
        bndchkexs: Option<u16> = BNDCHKEXS,
        /// May the package replace one of the same name?
        pkgrplopt: Option<u16> = PKGRPLOPT,
        /// Treatment of a package with errors.
        bndcrtctl: Option<u16> = BNDCRTCTL,
        /// Are grants kept when a package is replaced?
        pkgathopt: Option<u16> = PKGATHOPT,
        /// Cursors outlive a commit.
        sqlcsrhld: Option<bool> = SQLCSRHLD,
        /// String delimiter.
        sttstrdel: Option<u16> = STTSTRDEL,
        /// Decimal delimiter.
        sttdecdel: Option<u16> = STTDECDEL,
        /// Format of dates.
        sttdatfmt: Option<u16> = STTDATFMT,
        /// Format of times.
        stttimfmt: Option<u16> = STTTIMFMT,
        /// Subtype of new character columns: CSTSYSDFT, CSTBITS, CSTSBCS or CSTMBCS.
        pkgdftcst: Option<CodePoint> = PKGDFTCST,
        /// When locks are given back.
        rdbrlsopt: Option<u16> = RDBRLSOPT,
        /// Schema of unqualified names.
        dftrdbcol: Option<String> = DFTRDBCOL,
        /// Degree of parallel reading.
        dgrioprl: Option<u16> = DGRIOPRL,
        /// Explain the statements.
        bndexpopt: Option<u16> = BNDEXPOPT,
        /// Owner of the package.
        pkgownid: Option<String> = PKGOWNID,
    }
}

impl BgnBnd {
    /// A package with cursor stability and limited blocks; everything else as the server has it.
    pub fn new(pkgnamct: PkgNamCt) -> Self {
        BgnBnd {
            pkgnamct,
            vrsnam: None,
            pkgrplvrs: None,
            pkgisolvl: Some(codepoint::ISOLVLCS),
            qryblkctl: Some(codepoint::LMTBLKPRC),
            bndchkexs: None,
            pkgrplopt: None,
            bndcrtctl: None,
            pkgathopt: None,
            sqlcsrhld: None,
            sttstrdel: None,
            sttdecdel: None,
            sttdatfmt: None,
            stttimfmt: None,
            pkgdftcst: None,
            rdbrlsopt: None,
            dftrdbcol: None,
            dgrioprl: None,
            bndexpopt: None,
            pkgownid: None,
        }
    }
}

message! {
    /// BNDSQLSTT: a statement of the package; its text follows as an SQLSTT object.
    BndSqlStt = BNDSQLSTT {
        /// The section that the statement gets.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
    }
}

message! {
    /// ENDBND: the package is complete.
    EndBnd = ENDBND {
        /// The package.
        pkgnamct: PkgNamCt = PKGNAMCT,
        /// Highest section number, when more are wanted than were bound.
        maxsctnbr: Option<u16> = MAXSCTNBR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::ddm::text::DdmText::Utf8;

    #[test]
    fn a_package_is_bound() {
        let section = PkgNamCsn::dynamic("TESTDB", "SYSSH200", 3);
        let names = "5445535444422020202020202020202020204e554c4c4944202020202020202020202020\
                     5359535348323030202020202020202020205359534c564c3031";
        let begin = BgnBnd::new(section.pkgnamct());
        let whole = begin.encode(Utf8).unwrap();
        assert_eq!(whole, hex(&format!("0052 2002 0042 2112 {names} 000621242442 000621322417")));
        assert_eq!(BgnBnd::decode(&whole[4..], Utf8).unwrap(), begin);
        cut_everywhere(&whole[4..], |b| BgnBnd::decode(b, Utf8));

        let statement = BndSqlStt { pkgnamcsn: section.clone() };
        let whole = statement.encode(Utf8).unwrap();
        assert_eq!(whole, hex(&format!("0048 2004 0044 2113 {names} 0003")));
        assert_eq!(BndSqlStt::decode(&whole[4..], Utf8).unwrap(), statement);

        let end = EndBnd { pkgnamct: section.pkgnamct(), maxsctnbr: Some(65) };
        let whole = end.encode(Utf8).unwrap();
        assert_eq!(whole, hex(&format!("004c 2009 0042 2112 {names} 000621270041")));
        assert_eq!(EndBnd::decode(&whole[4..], Utf8).unwrap(), end);
        cut_everywhere(&whole[4..], |b| EndBnd::decode(b, Utf8));
    }
}
