//! INTRDBRQS: break off the statement that another connection runs, named by the token that it got in ACCRDBRM. Sent
//! after EXCSAT on a connection without a login, and answered by CMDCMPRM whatever comes of it. (DRDA: X'2003'. Measured:
//! IBM's JDBC driver names the database, its CLI driver does not.)

use super::package::RdbNam;
use crate::wire::ddm::command::message;

message! {
    /// INTRDBRQS: interrupt a request.
    IntRdbRqs = INTRDBRQS {
        /// The database.
        rdbnam: Option<RdbNam> = RDBNAM,
        /// The token of the connection whose statement is meant.
        rdbinttkn: Vec<u8> = RDBINTTKN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::ddm::text::DdmText::Ebcdic;

    #[test]
    fn the_requests_of_ibms_drivers() {
        let token = hex("c1c2c3c4d5e6f708");
        for (body, rdbnam) in [
            ("00162110e3c5e2e3c4c2404040404040404040404040000c2103c1c2c3c4d5e6f708", Some(RdbNam("TESTDB".into()))),
            ("000c2103c1c2c3c4d5e6f708", None),
        ] {
            let body = hex(body);
            let got = IntRdbRqs::decode(&body, Ebcdic).unwrap();
            assert_eq!(got, IntRdbRqs { rdbnam, rdbinttkn: token.clone() });
            assert_eq!(got.encode(Ebcdic).unwrap()[4..], body);
            cut_everywhere(&body, |b| IntRdbRqs::decode(b, Ebcdic));
        }
    }
}
