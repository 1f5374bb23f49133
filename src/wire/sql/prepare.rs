//! Preparing and describing a statement, and running one at once: PRPSQLSTT, DSCSQLSTT,
//! EXCSQLIMM, EXCSQLSET. The statement's text follows as an SQLSTT object (for PRPSQLSTT an
//! SQLATTR may stand before it). Replies: SQLDARD or SQLCARD; SQLERRRM before an SQLCARD of an
//! error. (DRDA: X'200D', X'2008', X'200A', X'2014'; parameters as measured from IBM's CLI
//! driver and Derby's client.)

use super::package::PkgNamCsn;
use crate::wire::ddm::command::message;

message! {
    /// PRPSQLSTT: bind a statement's text to a section.
    PrpSqlStt = PRPSQLSTT {
        /// The section.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// Answer with an SQLDARD instead of an SQLCARD.
        rtnsqlda: Option<bool> = RTNSQLDA,
        /// Which description: see [`typsqlda`](mod@typsqlda). Output by default.
        typsqlda: Option<u8> = TYPSQLDA,
        /// Answer with the SET statements that restore the session (1), as IBM's driver asks.
        rtnsetstt: Option<u8> = RTNSETSTT,
    }
}

impl PrpSqlStt {
    /// Prepares without a description.
    pub fn new(pkgnamcsn: PkgNamCsn) -> Self {
        PrpSqlStt { pkgnamcsn, rtnsqlda: None, typsqlda: None, rtnsetstt: None }
    }
}

message! {
    /// DSCSQLSTT: describe a prepared statement's columns or parameters.
    DscSqlStt = DSCSQLSTT {
        /// The section.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// Which description: see [`typsqlda`](mod@typsqlda).
        typsqlda: Option<u8> = TYPSQLDA,
    }
}

message! {
    /// EXCSQLIMM: run a statement that has neither parameters nor a result.
    ExcSqlImm = EXCSQLIMM {
        /// The section.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// The statement may commit or roll back. Always true for this client.
        rdbcmtok: Option<bool> = RDBCMTOK,
        /// Answer with the SET statements that restore the session (1).
        rtnsetstt: Option<u8> = RTNSETSTT,
    }
}

message! {
    /// EXCSQLSET: set special registers, one SQLSTT each; one SQLCARD answers all of them.
    ExcSqlSet = EXCSQLSET {
        /// A package; its token is [`TOKEN_ANY`](super::package::TOKEN_ANY).
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// Answer with the SET statements that restore the session (1).
        rtnsetstt: Option<u8> = RTNSETSTT,
    }
}

/// Values of TYPSQLDA.
pub mod typsqlda {
    /// Standard description of the result's columns.
    pub const OUTPUT: u8 = 0;
    /// Standard description of the parameters.
    pub const INPUT: u8 = 1;
    /// Light description of the result's columns.
    pub const OUTPUT_LIGHT: u8 = 2;
    /// Light description of the parameters.
    pub const INPUT_LIGHT: u8 = 3;
    /// Extended description of the result's columns: with table, schema and key columns.
    pub const OUTPUT_EXTENDED: u8 = 4;
    /// Extended description of the parameters.
    pub const INPUT_EXTENDED: u8 = 5;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::ddm::text::DdmText;

    const CSN: &str = "004421135445535444422020202020202020202020204e554c4c4944202020202020202020202020\
                       5359535348323030202020202020202020205359534c564c30310004";

    #[test]
    fn commands_of_ibms_driver_and_derbys_client_come_back_byte_for_byte() {
        let section = PkgNamCsn::dynamic("TESTDB", "SYSSH200", 4);

        let prepare = hex(&format!("{CSN} 00052116f1 0005214604"));
        let got = PrpSqlStt::decode(&prepare, DdmText::Utf8).unwrap();
        let want = PrpSqlStt {
            rtnsqlda: Some(true),
            typsqlda: Some(typsqlda::OUTPUT_EXTENDED),
            ..PrpSqlStt::new(section.clone())
        };
        assert_eq!(got, want);
        assert_eq!(got.encode(DdmText::Utf8).unwrap()[4..], prepare);
        cut_everywhere(&prepare, |b| PrpSqlStt::decode(b, DdmText::Utf8));

        let describe = hex(&format!("{CSN} 0005214601"));
        let got = DscSqlStt::decode(&describe, DdmText::Utf8).unwrap();
        assert_eq!(got, DscSqlStt { pkgnamcsn: section.clone(), typsqlda: Some(typsqlda::INPUT) });
        assert_eq!(got.encode(DdmText::Utf8).unwrap()[4..], describe);
        cut_everywhere(&describe, |b| DscSqlStt::decode(b, DdmText::Utf8));

        let immediate = hex(&format!("{CSN} 00052105f1"));
        let got = ExcSqlImm::decode(&immediate, DdmText::Utf8).unwrap();
        assert_eq!(got, ExcSqlImm { pkgnamcsn: section, rdbcmtok: Some(true), rtnsetstt: None });
        assert_eq!(got.encode(DdmText::Utf8).unwrap()[4..], immediate);
        cut_everywhere(&immediate, |b| ExcSqlImm::decode(b, DdmText::Utf8));
    }

    #[test]
    fn setting_registers() {
        let whole = hex("004d2014004421135445535444422020202020202020202020204e554c4c4944202020202020202020202020\
             535953534832303020202020202020202020010101010101010100010005210e01");
        let got = ExcSqlSet::decode(&whole[4..], DdmText::Utf8).unwrap();
        assert_eq!((got.pkgnamcsn.package.as_str(), got.pkgnamcsn.token, got.rtnsetstt), ("SYSSH200", [1; 8], Some(1)));
        assert_eq!(got.encode(DdmText::Utf8).unwrap(), whole);
        cut_everywhere(&whole[4..], |b| ExcSqlSet::decode(b, DdmText::Utf8));
    }
}
