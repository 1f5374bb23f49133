//! A reply that is longer than the server collects before it sends.

use crate::protocol::Raw;
use crate::query_engine::{Query, QueryEngine};
use crate::raw::{TEXT, open, section};
use arrow_array::{RecordBatch, StringArray};
use arrow_schema::SchemaRef;
use drdarrow::server::backend::Rows;
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::serve;
use drdarrow::server::settings::ServerSettings;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::dss::header::DssType;
use drdarrow::wire::sql::prepare::PrpSqlStt;
use drdarrow::wire::sql::query::{CntQry, OpnQry};
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::sql::uow::RdbCmm;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// An engine that has all rows of its one query from the beginning, and says so: no reply ends because the next ones
/// are late, however slow the machine is.
#[derive(Clone)]
struct Ready(Vec<RecordBatch>);

impl Query for Ready {
    fn columns(&self, sql: &str) -> Option<SchemaRef> {
        sql.starts_with("SELECT").then(|| self.0[0].schema())
    }

    fn run(&self) -> Result<Rows, SqlError> {
        Ok(Box::new(self.0.clone().into_iter().map(Ok)))
    }

    fn rows_are_shared(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_replies_that_is_sent_in_pieces_is_one_chain() {
    let texts = StringArray::from_iter_values((0..100).map(|_| "x".repeat(30_000)));
    let batch = RecordBatch::try_from_iter([("T", Arc::new(texts) as _)]).unwrap();
    let server = serve(ServerSettings::default(), Arc::new(QueryEngine(Ready(vec![batch; 40])))).await.unwrap();
    let mut raw = open(&server).await;
    let block = 10_485_760;
    let opnqry = OpnQry { maxblkext: Some(-1), ..OpnQry::new(section("SYSSH200", 2), block) }.encode(TEXT).unwrap();
    let prepare = |number| PrpSqlStt::new(section("SYSSH200", number)).encode(TEXT).unwrap();
    let long = |sql: &str| sqlstt(&format!("{sql} --{}", "x".repeat(2_000_000)), &TypDef::OURS, 7).unwrap();
    let cntqry = CntQry { maxblkext: Some(-1), ..CntQry::new(section("SYSSH200", 2), block, None) };
    let mut chain = Chain::new();
    chain.command(&prepare(1));
    chain.object(&long("VALUES 1"));
    chain.command(&prepare(2));
    chain.object(&long("SELECT T FROM L"));
    chain.command(&opnqry);
    chain.command(&cntqry.encode(TEXT).unwrap());
    // Two of these are as much as is collected before it is run.
    chain.command(&prepare(3));
    chain.object(&long("VALUES 1"));
    chain.command(&RdbCmm { rlsconv: None }.encode(TEXT).unwrap());
    let bytes = chain.into_bytes();
    let Raw(stream) = &mut raw;
    let (mut from, mut to) = stream.split();
    let sent = async { to.write_all(&bytes).await.unwrap() };
    let read = async {
        let mut deframer = Deframer::new(64 << 20);
        let (mut buf, mut all, mut frames) = (vec![0; 1 << 20], 0, Vec::new());
        loop {
            let n = from.read(&mut buf).await.unwrap();
            assert!(n > 0, "{all} bytes in {} frames", frames.len());
            all += n;
            let mut input = &buf[..n];
            while let Some(dss) = deframer.feed(&mut input).unwrap() {
                frames.push((dss.header.kind, dss.header.chained));
                let body = dss.body;
                if body.get(2..4) == Some(&cp::ENDUOWRM.number().to_be_bytes()) {
                    return (all, frames);
                }
            }
        }
    };
    let ((), (all, frames)) = timeout(PATIENCE, async { tokio::join!(sent, read) }).await.unwrap();
    assert!(all > 64 << 20, "{all}");
    assert!(frames.iter().all(|(_, chained)| *chained), "{frames:?}");
    assert!(frames.iter().any(|(kind, _)| *kind == DssType::Object));
}
