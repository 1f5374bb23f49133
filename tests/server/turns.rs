//! Calls on an engine's session come one at a time: while a thread waits for late rows, nothing else is asked of it.

use crate::protocol::Raw;
use arrow_array::{Int32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use drdarrow::server::backend::{Backend, ConnectError, Done, Login, Parameters, Prepared, Rows, Session};
use drdarrow::server::catalog::database::Database;
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::serve;
use drdarrow::server::persona::DERBY;
use drdarrow::server::settings::ServerSettings;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::sql::execute::ExcSqlStt;
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::prepare::PrpSqlStt;
use drdarrow::wire::sql::query::OpnQry;
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const TEXT: DdmText = DdmText::Ebcdic;

/// The second batch of its queries is late. Another call that comes meanwhile is noted.
#[derive(Clone, Default)]
struct Late {
    busy: Arc<AtomicBool>,
    disturbed: Arc<AtomicBool>,
}

impl Late {
    fn called(&self) {
        self.disturbed.fetch_or(self.busy.load(Ordering::Acquire), Ordering::AcqRel);
    }
}

impl Backend for Late {
    fn connect(&self, _: &Login) -> Result<Box<dyn Session>, ConnectError> {
        Ok(Box::new(self.clone()))
    }
}

impl Session for Late {
    fn prepare(&mut self, _: &str) -> Result<Prepared, SqlError> {
        self.called();
        let columns = Arc::new(Schema::new(vec![Field::new("A", DataType::Int32, true)]));
        Ok(Prepared { statement: 1, columns: Some(columns), parameters: Vec::new() })
    }

    fn query(&mut self, _: u64, _: &Parameters) -> Result<Rows, SqlError> {
        self.called();
        let (busy, mut batches) = (self.busy.clone(), 0);
        Ok(Box::new(std::iter::from_fn(move || {
            batches += 1;
            if batches > 1 {
                busy.store(true, Ordering::Release);
                std::thread::sleep(Duration::from_millis(600));
                busy.store(false, Ordering::Release);
                return None;
            }
            let rows = Int32Array::from(vec![1]);
            Some(RecordBatch::try_from_iter([("A", Arc::new(rows) as _)]).map_err(|e| SqlError::system(&e.to_string())))
        })))
    }

    fn execute(&mut self, _: u64, _: &Parameters) -> Result<Done, SqlError> {
        self.called();
        Ok(Done::default())
    }

    fn forget(&mut self, _: u64) {
        self.called();
    }

    fn set(&mut self, _: &str) -> Result<(), SqlError> {
        self.called();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.called();
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.called();
        Ok(())
    }

    fn database(&mut self) -> Result<Database, SqlError> {
        self.called();
        Ok(Database::default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn catalog_procedures_and_registers_wait_for_late_rows() {
    let statement = |sql: &str| sqlstt(sql, &TypDef::OURS, 7).unwrap();
    let section = |number| PkgNamCsn::dynamic("DB", "SYSSH200", number);
    for sql in ["CALL SYSIBM.SQLTABLES('', '', '', '', '')", "SET SCHEMA X", "SELECT 2 FROM T"] {
        let engine = Late::default();
        let settings = ServerSettings { persona: &DERBY, ..ServerSettings::default() };
        let server = serve(settings, Arc::new(engine.clone())).await.unwrap();
        let mut raw = Raw::connect(&server).await;
        raw.login().await;
        let mut chain = Chain::new();
        chain.command(&PrpSqlStt::new(section(1)).encode(TEXT).unwrap());
        chain.object(&statement("SELECT A FROM T"));
        chain.command(&OpnQry::new(section(1), 32_767).encode(TEXT).unwrap());
        chain.command(&PrpSqlStt::new(section(2)).encode(TEXT).unwrap());
        chain.object(&statement(sql));
        chain.command(&ExcSqlStt { maxrslcnt: Some(1), ..ExcSqlStt::new(section(2)) }.encode(TEXT).unwrap());
        raw.send(&chain.into_bytes()).await;
        let points: Vec<CodePoint> = raw.answer().await.iter().map(|(point, _)| *point).collect();
        let opened = [cp::SQLCARD, cp::OPNQRYRM, cp::QRYDSC, cp::QRYDTA, cp::SQLCARD];
        assert_eq!(points[..5], opened, "{sql}: {points:?}");
        assert!(!engine.disturbed.load(Ordering::Acquire), "{sql}");
        server.shutdown().await;
    }
}
