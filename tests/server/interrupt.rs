//! A statement that nobody waits for any more is broken off: the client hung up, or the server stops.

use super::query_engine::{Query, QueryEngine};
use super::support::config;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::backend::{Interrupt, Rows};
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::serve;
use drdarrow::server::settings::ServerSettings;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Works until it is interrupted.
#[derive(Default)]
pub(crate) struct Sisyphus {
    working: Mutex<bool>,
    changed: Condvar,
}

impl Sisyphus {
    fn wait_for(&self, working: bool) -> bool {
        let guard = self.working.lock().unwrap();
        let limit = Duration::from_secs(20);
        *self.changed.wait_timeout_while(guard, limit, |now| *now != working).unwrap().0 == working
    }

    pub(crate) fn is_working(&self) -> bool {
        *self.working.lock().unwrap()
    }

    fn set(&self, working: bool) {
        *self.working.lock().unwrap() = working;
        self.changed.notify_all();
    }
}

impl Query for Arc<Sisyphus> {
    fn run(&self) -> Result<Rows, SqlError> {
        self.set(true);
        assert!(self.wait_for(false));
        Err(SqlError::new(-952, "57014", &[]))
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let work = self.clone();
        Some(Arc::new(move || work.set(false)))
    }
}

pub(crate) async fn in_the_background(work: &Arc<Sisyphus>, working: bool) -> bool {
    let work = work.clone();
    tokio::task::spawn_blocking(move || work.wait_for(working)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_ends_its_statement() {
    let work = Arc::new(Sisyphus::default());
    let server = serve(ServerSettings::default(), Arc::new(QueryEngine(work.clone()))).await.unwrap();
    let connection = Arc::new(Connection::connect(config(&server)).await.unwrap());
    let asking = connection.clone();
    let task = tokio::spawn(async move { asking.query("WORK", &[]).await.map(drop) });
    assert!(in_the_background(&work, true).await);
    connection.abort();
    assert!(in_the_background(&work, false).await);
    assert!(task.await.unwrap().is_err());
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_gives_statements_some_time() {
    let work = Arc::new(Sisyphus::default());
    let server = serve(ServerSettings::default(), Arc::new(QueryEngine(work.clone()))).await.unwrap();
    let connection = Connection::connect(config(&server)).await.unwrap();
    let task = tokio::spawn(async move { connection.query("WORK", &[]).await.map(drop) });
    assert!(in_the_background(&work, true).await);
    let grace = Duration::from_millis(300);
    let started = Instant::now();
    server.shutdown_within(grace).await;
    assert!(started.elapsed() >= grace && started.elapsed() < Duration::from_secs(10));
    let error = task.await.unwrap().unwrap_err();
    assert_eq!(error.sqlcode, Some(-952), "{error}");
}
