//! ACCRDB: open the database. ACCRDBRM answers with the environment in which the server sends its
//! data; ACCRDB states that of the requester. Errors: RDBNFNRM, RDBATHRM, RDBAFLRM, RDBACCRM.
//! Derby sends PBSD after ACCRDBRM and whenever isolation or schema changed.
//! (DRDA: X'2001', X'2201'; PBSD X'C000' is Derby's own. Measured, except SRVLST.)

use super::error::Result;
use super::package::RdbNam;
use super::typdef::TypDefOvr;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{FoundParams, ParamSlot, message, trimmed};
use crate::wire::ddm::error::MessageError;
use crate::wire::ddm::text::DdmText;
use crate::wire::ddm::{
    codepoint::{self, CodePoint},
    object, param,
};
use crate::wire::value::typdef::{TypDef, TypDefName};

message! {
    /// ACCRDB: open the database.
    AccRdb = ACCRDB {
        /// The database.
        rdbnam: RdbNam = RDBNAM,
        /// The manager to use: always SQLAM.
        rdbacccl: CodePoint = RDBACCCL,
        /// Who we are. Derby accepts only names that start with `DNC`.
        prdid: String = PRDID,
        /// Product-specific data: see [`prddta`].
        prddta: Option<Vec<u8>> = PRDDTA,
        /// The environment of the data that the requester sends.
        typdefnam: TypDefName = TYPDEFNAM,
        /// Correlation token: names the unit of work in logs and monitors.
        crrtkn: Option<Vec<u8>> = CRRTKN,
        /// The CCSIDs of the data that the requester sends.
        typdefovr: TypDefOvr = TYPDEFOVR,
        /// Answer with the target's defaults (USRID, PKGDFTCST).
        trgdftrt: Option<bool> = TRGDFTRT,
        /// The requester may update.
        rdbalwupd: Option<bool> = RDBALWUPD,
        /// Decimal delimiter in statements: code point.
        sttdecdel: Option<u16> = STTDECDEL,
        /// String delimiter in statements: code point.
        sttstrdel: Option<u16> = STTSTRDEL,
    }
}

impl AccRdb {
    /// Opens `rdbnam` with SQLAM, sending data as `typdef` says.
    pub fn new(rdbnam: &str, prdid: &str, typdef: &TypDef) -> Self {
        AccRdb {
            rdbnam: RdbNam(rdbnam.into()),
            rdbacccl: codepoint::SQLAM,
            prdid: prdid.into(),
            prddta: None,
            typdefnam: typdef.name,
            crrtkn: None,
            typdefovr: TypDefOvr::of(typdef),
            trgdftrt: None,
            rdbalwupd: None,
            sttdecdel: None,
            sttstrdel: None,
        }
    }

    /// The environment of the requester's data.
    pub fn typdef(&self) -> TypDef {
        let mut typdef = TypDef { name: self.typdefnam, sbc: 0, dbc: 0, mbc: 0, xml: 0 };
        self.typdefovr.apply(&mut typdef);
        typdef
    }
}

/// PRDDTA in the layout that Db2's and Derby's clients share: a length, product 8, platform 18,
/// application 20, user 8, and an accounting suffix after its length. Names are cut to fit;
/// what EBCDIC lacks is a question mark: all this only informs.
pub fn prddta(prdid: &str, platform: &str, application: &str, user: &str, suffix: &str) -> Result<Vec<u8>> {
    // EBCDIC whatever was agreed for other parameters, as both of these clients do it.
    let text = DdmText::Ebcdic;
    let mut body = Vec::new();
    for (value, width) in [(prdid, 8), (platform, 18), (application, 20), (user, 8)] {
        let mut field = text.encode_padded(&text.spellable(value), width)?;
        field.truncate(width);
        body.extend(field);
    }
    let mut suffix = text.encode(&text.spellable(suffix))?;
    suffix.truncate(200);
    body.push(u8::try_from(suffix.len()).unwrap_or(200));
    body.extend(suffix);
    let max = usize::from(u8::MAX);
    let len = u8::try_from(body.len()).map_err(|_| MessageError::Limit {
        what: codepoint::PRDDTA.into(),
        len: body.len(),
        max,
    })?;
    body.insert(0, len);
    Ok(body)
}

/// ACCRDBRM: the database is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccRdbRm {
    /// Severity: 0, or 4 when a CCSID is not supported.
    pub svrcod: u16,
    /// The server's product and release.
    pub prdid: String,
    /// The environment of everything the server sends.
    pub typdef: TypDef,
    /// Token to interrupt a request with, from another connection.
    pub rdbinttkn: Option<Vec<u8>>,
    /// Correlation token, when the requester sent none.
    pub crrtkn: Option<Vec<u8>>,
    /// The user as the server knows it.
    pub usrid: Option<String>,
    /// Default subtype of character columns: code point.
    pub pkgdftcst: Option<CodePoint>,
    /// Other addresses of the database.
    pub srvlst: Vec<ServerAddress>,
}

/// One entry of SRVLST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// Weight.
    pub priority: u16,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl AccRdbRm {
    /// The code point.
    pub const CP: CodePoint = codepoint::ACCRDBRM;

    /// An answer with what is always there.
    pub fn new(prdid: &str, typdef: TypDef) -> Self {
        AccRdbRm {
            svrcod: 0,
            prdid: prdid.into(),
            typdef,
            rdbinttkn: None,
            crrtkn: None,
            usrid: None,
            pkgdftcst: None,
            srvlst: Vec::new(),
        }
    }

    /// Reads the data after LL and code point. What Derby nests inside TYPDEFOVR is found there.
    pub fn decode(body: &[u8], text: DdmText) -> Result<AccRdbRm> {
        let found = FoundParams::read("ACCRDBRM", body)?;
        let nested = FoundParams::read("TYPDEFOVR", found.only(codepoint::TYPDEFOVR)?.unwrap_or_default())?;
        let name = <TypDefName as ParamSlot>::take(&found, codepoint::TYPDEFNAM, text)?;
        let mut typdef = TypDef { name, sbc: 0, dbc: 0, mbc: 0, xml: 0 };
        if let Some(ovr) = <Option<TypDefOvr> as ParamSlot>::take(&found, codepoint::TYPDEFOVR, text)? {
            ovr.apply(&mut typdef);
        }
        let usrid = match ParamSlot::take(&found, codepoint::USRID, text)? {
            Some(usrid) => Some(usrid),
            None => ParamSlot::take(&nested, codepoint::USRID, text)?,
        };
        let pkgdftcst = match ParamSlot::take(&found, codepoint::PKGDFTCST, text)? {
            Some(cst) => Some(cst),
            None => ParamSlot::take(&nested, codepoint::PKGDFTCST, text)?,
        };
        Ok(AccRdbRm {
            svrcod: ParamSlot::take(&found, codepoint::SVRCOD, text)?,
            prdid: ParamSlot::take(&found, codepoint::PRDID, text)?,
            typdef,
            rdbinttkn: ParamSlot::take(&found, codepoint::RDBINTTKN, text)?,
            crrtkn: ParamSlot::take(&found, codepoint::CRRTKN, text)?,
            usrid,
            pkgdftcst,
            srvlst: found.only(codepoint::SRVLST)?.map_or(Ok(Vec::new()), |data| servers(data, text))?,
        })
    }

    /// The whole object.
    pub fn encode(&self, text: DdmText) -> Result<Vec<u8>> {
        param::message(Self::CP, |w| {
            self.svrcod.put(w, codepoint::SVRCOD, text)?;
            self.prdid.put(w, codepoint::PRDID, text)?;
            self.typdef.name.put(w, codepoint::TYPDEFNAM, text)?;
            TypDefOvr::of(&self.typdef).put(w, codepoint::TYPDEFOVR, text)?;
            self.rdbinttkn.put(w, codepoint::RDBINTTKN, text)?;
            self.crrtkn.put(w, codepoint::CRRTKN, text)?;
            self.usrid.put(w, codepoint::USRID, text)?;
            self.pkgdftcst.put(w, codepoint::PKGDFTCST, text)?;
            if self.srvlst.is_empty() { Ok(()) } else { put_servers(w, &self.srvlst, text) }
        })
    }
}

message! {
    /// PBSD: what of the session changed (Derby).
    Pbsd = PBSD {
        /// Isolation: 1, 2, 4 or 8 in the numbering of JDBC.
        isolation: Option<u8> = PBSD_ISO,
        /// The current schema.
        schema: Option<String> = PBSD_SCHEMA,
    }
}

/// SRVLST: a count, then in SRVLSRV pairs of priority and address. An address in a form that is
/// not known is left out.
fn servers(data: &[u8], text: DdmText) -> Result<Vec<ServerAddress>> {
    let list = FoundParams::read("SRVLST", data)?;
    let inner = FoundParams::read("SRVLSRV", list.only(codepoint::SRVLSRV)?.unwrap_or_default())?;
    let mut out = Vec::new();
    let mut priority = 0;
    for (cp, data) in inner.all() {
        match cp {
            codepoint::SRVPRTY => priority = object::read_u16(codepoint::SRVPRTY, data)?,
            codepoint::TCPPORTHOST => {
                let mut r = Reader::new(data, codepoint::TCPPORTHOST);
                let port = r.u16()?;
                out.push(ServerAddress { priority, host: trimmed(r.rest(), text), port });
            }
            codepoint::IPADDR => out.extend(address(data).map(|(host, port)| ServerAddress { priority, host, port })),
            _ => {}
        }
    }
    Ok(out)
}

fn put_servers(w: &mut Writer, servers: &[ServerAddress], text: DdmText) -> Result<()> {
    let max = usize::from(u16::MAX);
    let count = u16::try_from(servers.len()).map_err(|_| MessageError::Limit {
        what: codepoint::SRVLST.into(),
        len: servers.len(),
        max,
    })?;
    let hosts = servers.iter().map(|s| Ok(text.encode(&s.host)?)).collect::<Result<Vec<_>>>()?;
    object::put(w, codepoint::SRVLST, |w| {
        object::put_u16(w, codepoint::SRVLSTCNT, count);
        object::put(w, codepoint::SRVLSRV, |w| {
            for (server, host) in servers.iter().zip(&hosts) {
                object::put_u16(w, codepoint::SRVPRTY, server.priority);
                object::put(w, codepoint::TCPPORTHOST, |w| {
                    w.u16(server.port);
                    w.bytes(host);
                });
            }
        });
    });
    Ok(())
}

/// IPADDR: an address of four or sixteen bytes and a port.
fn address(data: &[u8]) -> Option<(String, u16)> {
    let (ip, port) = data.split_last_chunk::<2>()?;
    let host = match <[u8; 4]>::try_from(ip) {
        Ok(v4) => std::net::Ipv4Addr::from(v4).to_string(),
        Err(_) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?).to_string(),
    };
    Some((host, u16::from_be_bytes(*port)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;

    #[test]
    fn the_request_of_derbys_client() {
        let body = hex("001821106d656d6f72793a753b6372656174653d74727565 \
             0006210f2407 \
             000c112e444e433130313430 \
             003c210437c4d5c3f1f0f1f4f0d1e5d440404040404040404040404040404084859982a8849583948189954040 \
             404040404040404040404040404000 \
             000d002f51544453514c415343 \
             00172135d5c6f0f0f0f0f0f12ec2c2c4c301a205fd633e \
             001600350006119c04b80006119d04b00006119e04b8");
        let got = AccRdb::decode(&body, DdmText::Utf8).unwrap();
        let prddta = prddta("DNC10140", "JVM", "derbydncmain", "", "").unwrap();
        let ours = AccRdb {
            prddta: Some(prddta),
            crrtkn: got.crrtkn.clone(),
            ..AccRdb::new("memory:u;create=true", "DNC10140", &TypDef { xml: 0, ..TypDef::OURS })
        };
        assert_eq!(got, ours);
        assert_eq!(got.encode(DdmText::Utf8).unwrap()[4..], body);
        cut_everywhere(&body, |b| AccRdb::decode(b, DdmText::Utf8));
    }

    #[test]
    fn the_request_of_ibms_driver() {
        let body = hex("0006210f2407 00202135f1f2f74bf04bf04bf14bf3f6f4f5f84bf2f6f1f1f2f3f0f1f5f1f2f9 \
             00162110e3c5e2e3c4c2404040404040404040404040 000c112ee2d8d3f1f2f0f1f4 000d002fd8e3c4e2d8d3e7f8f6 \
             001c00350006119c04b80006119d04b00006119e04b80006191304b8 0005213bf1");
        let got = AccRdb::decode(&body, DdmText::Ebcdic).unwrap();
        assert_eq!((got.rdbnam.0.as_str(), got.prdid.as_str(), got.trgdftrt), ("TESTDB", "SQL12014", Some(true)));
        let typdef = TypDef { name: TypDefName::X86, sbc: 1208, dbc: 1200, mbc: 1208, xml: 1208 };
        assert_eq!(got.typdef(), typdef);
        let again = got.encode(DdmText::Ebcdic).unwrap();
        assert_eq!(AccRdb::decode(&again[4..], DdmText::Ebcdic).unwrap(), got);
    }

    #[test]
    fn the_answers_of_derby() {
        let body = hex("000611490000 000c112e4353533130313430 000d002f51544453514c415343 \
                        001000350006119c04b80006119e04b8");
        let got = AccRdbRm::decode(&body, DdmText::Utf8).unwrap();
        let typdef = TypDef { name: TypDefName::Asc, sbc: 1208, dbc: 0, mbc: 1208, xml: 0 };
        assert_eq!(got, AccRdbRm::new("CSS10140", typdef));
        assert_eq!(got.encode(DdmText::Utf8).unwrap()[4..], body);
        cut_everywhere(&body, |b| AccRdbRm::decode(b, DdmText::Utf8));

        let nested = hex("000611490000 000c112e4353533130313430 000d002f51544453514c415343 \
                          001d0035 0006119c04b8 0006119e04b8 000621252432 000711a0415050");
        let got = AccRdbRm::decode(&nested, DdmText::Utf8).unwrap();
        assert_eq!((got.usrid.as_deref(), got.pkgdftcst), (Some("APP"), Some(codepoint::CSTSYSDFT)));
        assert_eq!(got.typdef, typdef);

        let pbsd = Pbsd::decode(&hex("0005c001020007c002415050"), DdmText::Utf8).unwrap();
        assert_eq!(pbsd, Pbsd { isolation: Some(2), schema: Some("APP".into()) });
    }

    #[test]
    fn a_list_of_servers_and_an_unknown_environment() {
        let full = AccRdbRm {
            rdbinttkn: Some(vec![1, 2]),
            srvlst: vec![
                ServerAddress { priority: 10, host: "a.example".into(), port: 50000 },
                ServerAddress { priority: 5, host: "b.example".into(), port: 50001 },
            ],
            ..AccRdbRm::new("SQL11059", TypDef::OURS)
        };
        let whole = full.encode(DdmText::Ebcdic).unwrap();
        assert_eq!(AccRdbRm::decode(&whole[4..], DdmText::Ebcdic).unwrap(), full);
        assert_eq!(address(&hex("7f000001c350")), Some(("127.0.0.1".into(), 50000)));
        assert_eq!(address(&hex("7f0001c350")), None);
        let strange = hex("000611490000 000c112e4353533130313430 000d002f51544453514c565858");
        assert!(AccRdbRm::decode(&strange, DdmText::Utf8).is_err());
    }
}
