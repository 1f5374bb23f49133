//! The captured conversations: taken out of frames, split into objects, each object read by its
//! name and written again. Where one side was a stand-in, only the other side is evidence.

use drdarrow::wire::codec::error::WireError;
use drdarrow::wire::codec::reader::Reader;
use drdarrow::wire::ddm::accsec::{AccSec, AccSecRd};
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::dump;
use drdarrow::wire::ddm::error::MessageError;
use drdarrow::wire::ddm::excsat::{ExcSat, ExcSatRd};
use drdarrow::wire::ddm::object::{Object, objects, params};
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::secchk::{SecChk, SecChkRm};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::deframe::{Deframer, Dss};
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::fdoca::row::{CHUNK, Counts, Offsets, WalkStop, Walker};
use drdarrow::wire::sql::accrdb::{AccRdb, AccRdbRm};
use drdarrow::wire::sql::error::DrdaError;
use drdarrow::wire::sql::execute::{DescribedData, ExcSqlStt};
use drdarrow::wire::sql::layout::{ServerClass, SqldaLayout};
use drdarrow::wire::sql::prepare::{DscSqlStt, ExcSqlImm, ExcSqlSet, PrpSqlStt};
use drdarrow::wire::sql::query::{ClsQry, CntQry, OpnQry, OpnQryRm};
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::sql::sqlda::SqlDa;
use drdarrow::wire::sql::uow::{RdbCmm, RdbRllBck};
use drdarrow::wire::sql::{resultset, text, typdef};
use drdarrow::wire::value::field::Field;
use drdarrow::wire::value::typdef::TypDef;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// One read of one side.
struct Read {
    from_client: bool,
    connection: u32,
    bytes: Vec<u8>,
}

/// Reads a capture: `xx*n` stands for n times the byte xx.
fn capture(text: &str) -> Vec<Read> {
    let lines = text.lines().filter(|l| l.starts_with(['C', 'S']));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let head = words.next().unwrap();
            let mut bytes = Vec::new();
            for word in words {
                match word.split_once('*') {
                    Some((byte, n)) => {
                        let byte = u8::from_str_radix(byte, 16).unwrap();
                        bytes.resize(bytes.len() + n.parse::<usize>().unwrap(), byte);
                    }
                    None => bytes.extend(hex(word)),
                }
            }
            Read { from_client: head.starts_with('C'), connection: head[1..].parse().unwrap(), bytes }
        })
        .collect()
}

/// The bytes of a line of hex.
pub fn hex(line: &str) -> Vec<u8> {
    let digits: Vec<u8> = line.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

/// Fields and the cut row of an open query.
type Query = (Option<Vec<Field>>, Vec<u8>);

/// The agreements of the two sides of a connection so far.
struct Talk {
    text: DdmText,
    /// The encoding agreed, in force from the next request on: ACCSEC may still travel with EXCSAT.
    agreed: Option<DdmText>,
    sqlam: u16,
    class: ServerClass,
    ours: TypDef,
    theirs: TypDef,
    /// The environment of the reply being read.
    override_: TypDef,
    /// The query that the client spoke of last, by its section's name.
    section: Vec<u8>,
    /// Fields and cut rows of the open queries; no fields when an OUTOVR laid them out anew.
    queries: HashMap<Vec<u8>, Query>,
    rows: usize,
}

impl Talk {
    fn new() -> Talk {
        Talk {
            text: DdmText::Ebcdic,
            agreed: None,
            sqlam: 7,
            class: ServerClass::Other,
            ours: TypDef::OURS,
            theirs: TypDef::OURS,
            override_: TypDef::OURS,
            section: Vec::new(),
            queries: HashMap::new(),
            rows: 0,
        }
    }

    /// Reads a client's object.
    fn asked(&mut self, o: &Object) -> Result<bool, String> {
        let t = self.agreed.take().map_or(self.text, |t| {
            self.text = t;
            t
        });
        for (_, name) in params(&o.body).flatten().filter(|(point, _)| *point == cp::PKGNAMCSN) {
            self.section = name.to_vec();
        }
        match o.cp {
            cp::OUTOVR => {
                if let Some((fields, _)) = self.queries.get_mut(&self.section) {
                    *fields = None;
                }
                Ok(())
            }
            cp::EXCSAT => again(&o.body, |b| ExcSat::decode(b, DdmText::Ebcdic), |m| m.encode(DdmText::Ebcdic)),
            cp::ACCSEC => again(&o.body, |b| AccSec::decode(b, t), |m| m.encode(t)),
            cp::SECCHK => SecChk::decode(&o.body, t).map(|_| ()).map_err(said),
            cp::ACCRDB => {
                self.ours = AccRdb::decode(&o.body, t).map_err(said)?.typdef();
                again(&o.body, |b| AccRdb::decode(b, t), |m| m.encode(t))
            }
            cp::PRPSQLSTT => again(&o.body, |b| PrpSqlStt::decode(b, t), |m| m.encode(t)),
            cp::DSCSQLSTT => again(&o.body, |b| DscSqlStt::decode(b, t), |m| m.encode(t)),
            cp::OPNQRY => again(&o.body, |b| OpnQry::decode(b, t), |m| m.encode(t)),
            cp::CNTQRY => again(&o.body, |b| CntQry::decode(b, t), |m| m.encode(t)),
            cp::CLSQRY => again(&o.body, |b| ClsQry::decode(b, t), |m| m.encode(t)),
            cp::EXCSQLSTT => again(&o.body, |b| ExcSqlStt::decode(b, t), |m| m.encode(t)),
            cp::EXCSQLIMM => again(&o.body, |b| ExcSqlImm::decode(b, t), |m| m.encode(t)),
            cp::EXCSQLSET => again(&o.body, |b| ExcSqlSet::decode(b, t), |m| m.encode(t)),
            cp::RDBCMM => again(&o.body, |b| RdbCmm::decode(b, t), |m| m.encode(t)),
            cp::RDBRLLBCK => again(&o.body, |b| RdbRllBck::decode(b, t), |m| m.encode(t)),
            cp::SQLSTT | cp::SQLATTR => text::decode(&o.body, &self.ours, self.sqlam).map(|_| ()).map_err(said),
            cp::SQLDTA => {
                let data = DescribedData::decode(&o.body).map_err(said)?;
                let fields = descriptor::decode(&data.fdodsc, &self.ours).map_err(said)?;
                let mut offsets = Offsets::new(fields.len());
                // FDODTA has the row's indicator but no SQLCA.
                Walker::new(&fields, Counts::Units).walk(&data.fdodta, 0, true, 1, &mut offsets).map_err(said)?;
                if offsets.rows() == 1 { Ok(()) } else { Err("the row of parameters is cut".into()) }
            }
            _ => return Ok(false),
        }
        .map(|()| true)
    }

    /// Reads a server's object.
    fn answered(&mut self, o: &Object) -> Result<bool, String> {
        let t = self.text;
        match o.cp {
            cp::EXCSATRD => {
                let m = ExcSatRd::decode(&o.body, DdmText::Ebcdic).map_err(said)?;
                self.sqlam = m.level(cp::SQLAM).filter(|n| *n > 0).unwrap_or(self.sqlam);
                self.class = ServerClass::from_srvclsnm(m.srvclsnm.as_deref().unwrap_or_default());
                let utf8 = m.level(cp::UNICODEMGR) == Some(1208) || m.level(cp::CCSIDMGR) == Some(1208);
                self.agreed = utf8.then_some(DdmText::Utf8);
                again(&o.body, |b| ExcSatRd::decode(b, DdmText::Ebcdic), |m| m.encode(DdmText::Ebcdic))
            }
            cp::ACCSECRD => again(&o.body, |b| AccSecRd::decode(b, t), |m| m.encode(t)),
            cp::SECCHKRM => again(&o.body, |b| SecChkRm::decode(b, t), |m| m.encode(t)),
            cp::ACCRDBRM => {
                self.theirs = AccRdbRm::decode(&o.body, t).map_err(said)?.typdef;
                Ok(())
            }
            cp::TYPDEFNAM | cp::TYPDEFOVR => {
                typdef::take(&mut self.override_, o.cp, &o.body, t).map(|_| ()).map_err(said)
            }
            cp::SQLCARD => {
                let (sqlam, env) = (self.sqlam, self.override_);
                again(&o.body, |b| Sqlca::decode(b, sqlam, &env), |m| Sqlca::encode(m.as_ref(), sqlam, &env))
            }
            cp::SQLDARD | cp::SQLCINRD => {
                let (sqlam, class, env, columns) = (self.sqlam, self.class, self.override_, o.cp == cp::SQLCINRD);
                let layout = SqldaLayout::expected(sqlam, class);
                again(
                    &o.body,
                    |b| {
                        if columns {
                            SqlDa::decode_sqlcinrd(b, sqlam, class, &env)
                        } else {
                            SqlDa::decode(b, sqlam, class, &env)
                        }
                    },
                    |m| if columns { m.encode_sqlcinrd(layout, &env) } else { m.encode(sqlam, layout, &env) },
                )
            }
            cp::SQLRSLRD => {
                let (env, sqlam) = (self.override_, self.sqlam);
                again(&o.body, |b| resultset::decode(b, sqlam, &env), |m| resultset::encode(m, sqlam, &env))
            }
            cp::OPNQRYRM => again(&o.body, |b| OpnQryRm::decode(b, t), |m| m.encode(t)),
            cp::QRYDSC => {
                let fields = descriptor::decode(&o.body, &self.override_).map_err(said)?;
                let again =
                    descriptor::decode(&descriptor::encode_result(&fields, &self.override_).unwrap(), &self.override_);
                let same = again.as_ref() == Ok(&fields);
                self.queries.insert(self.section.clone(), (Some(fields), Vec::new()));
                if same { Ok(()) } else { Err(format!("{again:?}")) }
            }
            cp::QRYDTA => {
                let Some((Some(fields), tail)) = self.queries.get_mut(&self.section) else { return Ok(true) };
                let (fields, mut data) = (fields.clone(), std::mem::take(tail));
                data.extend_from_slice(&o.body);
                let at = self.walk(&fields, &data)?;
                if let Some((_, tail)) = self.queries.get_mut(&self.section) {
                    *tail = data[at..].to_vec();
                }
                Ok(())
            }
            cp::SQLDTARD => {
                let data = DescribedData::decode(&o.body).map_err(said)?;
                let fields = descriptor::decode(&data.fdodsc, &self.override_).map_err(said)?;
                let at = self.walk(&fields, &data.fdodta)?;
                if at == data.fdodta.len() { Ok(()) } else { Err("the row of results is cut".into()) }
            }
            point if point.is_reply_message() => {
                let reply = Reply::decode(point, &o.body, t).map_err(said)?;
                assert!(!reply.describe().is_empty());
                Ok(())
            }
            _ => return Ok(false),
        }
        .map(|()| true)
    }

    /// Walks rows and the SQLCAs among them; gives the position of what is cut at the end.
    fn walk(&mut self, fields: &[Field], data: &[u8]) -> Result<usize, String> {
        let walker = Walker::new(fields, Counts::Units);
        let mut offsets = Offsets::new(fields.len());
        let (mut row, mut at, mut behind) = (0, 0, false);
        let sqltext = text::SqlText::new(&self.override_);
        while at < data.len() {
            offsets.clear();
            let walked = walker.walk(data, at, behind, CHUNK, &mut offsets).map_err(said)?;
            self.rows += offsets.rows();
            if offsets.rows() > 0 {
                row = walked.end;
            }
            at = walked.end;
            match walked.stop {
                WalkStop::Sqlca => {
                    let mut r = Reader::new(&data[at..], "SQLCA");
                    match Sqlca::read(&mut r, self.sqlam, &sqltext) {
                        Err(DrdaError::Message(MessageError::Wire(WireError::Truncated { .. }))) => return Ok(row),
                        other => other.map_err(said)?,
                    };
                    (at, behind) = (at + r.pos(), true);
                }
                WalkStop::Short => return Ok(row),
                WalkStop::Overlong { .. } => return Err("a value longer than declared".to_owned()),
                WalkStop::Full | WalkStop::NoRow => (row, behind) = (at, false),
            }
        }
        Ok(at)
    }
}

fn said(e: impl std::fmt::Display) -> String {
    e.to_string()
}

/// Reads, writes and reads again: the same value.
fn again<T: PartialEq + std::fmt::Debug, D: std::fmt::Display>(
    body: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, D>,
    encode: impl Fn(&T) -> Result<Vec<u8>, D>,
) -> Result<(), String> {
    let first = decode(body).map_err(said)?;
    let bytes = encode(&first).map_err(|e| format!("writing {first:?}: {e}"))?;
    let object = objects(&bytes.into()).next().ok_or("nothing was written")?.map_err(said)?;
    let second = decode(&object.body).map_err(|e| format!("reading {first:?} again: {e}"))?;
    if first == second { Ok(()) } else { Err(format!("{first:?} became {second:?}")) }
}

/// Counts of objects read by name and of those without a reader.
#[derive(Default)]
struct Seen {
    known: BTreeMap<CodePoint, usize>,
    unread: BTreeMap<CodePoint, usize>,
    rows: usize,
    troubles: Vec<String>,
}

fn read(name: &str, text: &str, real_server: bool, seen: &mut Seen) {
    let mut talks: HashMap<u32, (Talk, [Deframer; 2])> = HashMap::new();
    for read in capture(text) {
        let (talk, deframers) = talks
            .entry(read.connection)
            .or_insert_with(|| (Talk::new(), [Deframer::new(1 << 24), Deframer::new(1 << 24)]));
        let mut input = &read.bytes[..];
        loop {
            let deframer = &mut deframers[usize::from(read.from_client)];
            let dss = match deframer.feed(&mut input) {
                Ok(Some(dss)) => dss,
                Ok(None) => break,
                Err(e) => {
                    seen.troubles.push(format!("{name}: frames: {e}"));
                    return;
                }
            };
            frame(name, &dss, read.from_client, real_server, talk, seen);
            if !dss.header.chained {
                talk.override_ = talk.theirs;
            }
        }
    }
    seen.rows += talks.values().map(|(talk, _)| talk.rows).sum::<usize>();
}

fn frame(name: &str, dss: &Dss, from_client: bool, real_server: bool, talk: &mut Talk, seen: &mut Seen) {
    let mut printed = String::new();
    dump::objects(&dss.body, talk.text, &mut printed).unwrap();
    assert!(!printed.contains("!!"), "{name}: {printed}");
    // A frame built of the same body is the same frame.
    let mut chain = Chain::new();
    chain.frame(dss.header.kind, dss.header.id, &dss.body);
    let bytes = chain.into_bytes();
    let back = Deframer::new(1 << 24).feed(&mut &bytes[..]).unwrap().unwrap();
    assert_eq!((back.body, back.header.kind, back.header.id), (dss.body.clone(), dss.header.kind, dss.header.id));
    for object in objects(&dss.body) {
        let object = object.unwrap();
        let result = if from_client { talk.asked(&object) } else { talk.answered(&object) };
        match result {
            Ok(true) => *seen.known.entry(object.cp).or_default() += 1,
            Ok(false) => *seen.unread.entry(object.cp).or_default() += 1,
            Err(_) if !from_client && !real_server => {}
            Err(e) => {
                let what = object.cp;
                seen.troubles.push(format!("{name}: {} {what}: {e}", if from_client { "C" } else { "S" }));
            }
        }
        // Cut anywhere, nothing panics.
        for cut in (0..object.body.len().min(400)).step_by(7) {
            let piece = Object { cp: object.cp, body: object.body.slice(..cut) };
            let mut other = Talk {
                queries: talk.queries.clone(),
                section: talk.section.clone(),
                sqlam: talk.sqlam,
                class: talk.class,
                ..Talk::new()
            };
            let _ = if from_client { other.asked(&piece) } else { other.answered(&piece) };
        }
    }
}

#[test]
fn every_conversation_is_understood() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let mut names: Vec<String> =
        fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut seen = Seen::default();
    for name in names.iter().filter(|n| *n != "zos_reply.hex") {
        let text = fs::read_to_string(dir.join(name)).unwrap();
        let real_server = text.starts_with("# Derby") || text.contains("to Derby") || text.contains("The same");
        read(name, &text, real_server, &mut seen);
    }
    assert!(seen.troubles.is_empty(), "\n{}", seen.troubles.join("\n"));
    assert!(seen.rows > 20 && seen.known.values().sum::<usize>() > 1000, "{} rows, {:?}", seen.rows, seen.known);
    let unread: Vec<String> = seen.unread.iter().map(|(p, n)| format!("{p} x{n}")).collect();
    println!("without a reader: {}", unread.join(", "));
}
