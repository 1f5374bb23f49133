//! Commands of a chain that bring a row each: run at once where that can be, and answered as if they had come alone.

use crate::protocol::Raw;
use crate::raw::{Ask, SQLAM, TEXT, input, open, points, section};
use crate::support::{connect, count, rows};
use drdarrow::server::backend::{Backend, ConnectError, Done, Interrupt, Login, Parameters, Prepared, Rows, Session};
use drdarrow::server::budget::Budget;
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::{DERBY, LUW, Persona};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::sql::execute::{ExcSqlStt, extdta};
use drdarrow::wire::sql::prepare::PrpSqlStt;
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::sql::uow::RdbCmm;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::{Arc, Mutex};

const INTEGER: (u8, u16) = (0x03, 4);
const VARCHAR: (u8, u16) = (0x3F, 0x7FFF);
const CLOB: (u8, u16) = (0xCF, 0x8004);

type Got = Vec<(CodePoint, Vec<u8>)>;
type Command = (Vec<u8>, Vec<Vec<u8>>);

/// The tables in memory; how many rows came at once is noted.
#[derive(Clone, Default)]
struct Noting {
    tables: MemoryTables,
    at_once: Arc<Mutex<Vec<usize>>>,
    /// So many of the rows that come at once are run.
    most: Option<usize>,
}

struct NotingSession(Box<dyn Session>, Noting);

impl Backend for Noting {
    fn connect(&self, login: &Login) -> Result<Box<dyn Session>, ConnectError> {
        Ok(Box::new(NotingSession(self.tables.connect(login)?, self.clone())))
    }
}

impl Session for NotingSession {
    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.0.prepare(sql)
    }

    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.0.query(statement, parameters)
    }

    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.1.at_once.lock().unwrap().push(1);
        self.0.execute(statement, parameters)
    }

    fn execute_gathered(&mut self, statement: u64, rows: &Parameters) -> Option<Vec<Result<Done, SqlError>>> {
        let most = self.1.most.unwrap_or(usize::MAX).min(rows.rows);
        let columns = rows.columns.iter().map(|column| column.slice(0, most)).collect();
        let done = self.0.execute_gathered(statement, &Parameters { columns, rows: most })?;
        self.1.at_once.lock().unwrap().push(done.len());
        Some(done)
    }

    fn forget(&mut self, statement: u64) {
        self.0.forget(statement);
    }

    fn set(&mut self, sql: &str) -> Result<(), SqlError> {
        self.0.set(sql)
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.0.commit()
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.0.rollback()
    }

    fn interrupt(&self) -> Option<Interrupt> {
        self.0.interrupt()
    }

    fn hold(&mut self, budget: &Budget) {
        self.0.hold(budget);
    }
}

async fn start(persona: &'static Persona, engine: &Noting, memory: usize) -> Server {
    let settings = ServerSettings { persona, max_connection_memory: memory, ..ServerSettings::default() };
    serve(settings, Arc::new(engine.clone())).await.unwrap()
}

fn execute(number: u16) -> Vec<u8> {
    ExcSqlStt::new(section("SYSSH200", number)).encode(TEXT).unwrap()
}

fn prepare(number: u16, sql: &str) -> Command {
    let command = PrpSqlStt::new(section("SYSSH200", number)).encode(TEXT).unwrap();
    (command, vec![sqlstt(sql, &TypDef::OURS, SQLAM).unwrap()])
}

fn commit() -> Command {
    (RdbCmm { rlsconv: None }.encode(TEXT).unwrap(), Vec::new())
}

/// A row of a number and a text, for the statement in a section.
fn row(section: u16, n: i32, text: Option<&str>) -> Command {
    let mut data = [&[0, 0][..], &n.to_be_bytes()].concat();
    match text {
        None => data.push(0xFF),
        Some(text) => data.extend([&[0][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()),
    }
    (execute(section), vec![input(&[INTEGER, VARCHAR], &data)])
}

const CREATE: &str = "CREATE TABLE K (A SMALLINT NOT NULL PRIMARY KEY, B VARCHAR(5))";
const INSERT: &str = "INSERT INTO K VALUES (?, ?)";

/// The rows that a query finds, each in words.
async fn found(server: &Server, sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    for batch in rows(&connect(server).await, sql).await {
        found.extend((0..batch.num_rows()).map(|row| format!("{:?}", batch.slice(row, 1).columns())));
    }
    found
}

async fn send(raw: &mut Raw, commands: &[Command]) -> Got {
    let ask = commands.iter().fold(Ask::new(), |ask, (command, objects)| ask.then(command, objects));
    ask.send(raw).await
}

/// The replies to commands that come in one chain, and to the same that come one by one, and how many rows were run at
/// once.
async fn both(
    persona: &'static Persona,
    memory: usize,
    most: Option<usize>,
    commands: &[Command],
) -> (Got, Got, Vec<usize>) {
    let mut got = Vec::new();
    let mut left = Vec::new();
    let mut at_once = Vec::new();
    for together in [true, false] {
        let engine = Noting { most, ..Noting::default() };
        let server = start(persona, &engine, memory).await;
        let mut raw = open(&server).await;
        send(&mut raw, &[prepare(1, CREATE), (execute(1), vec![]), commit()]).await;
        engine.at_once.lock().unwrap().clear();
        send(&mut raw, &[prepare(1, INSERT), prepare(2, INSERT), prepare(3, "DELETE FROM K WHERE A = ?")]).await;
        let mut replies = Vec::new();
        if together {
            replies = send(&mut raw, commands).await;
            at_once = engine.at_once.lock().unwrap().clone();
        } else {
            for command in commands {
                replies.extend(send(&mut raw, std::slice::from_ref(command)).await);
            }
        }
        send(&mut raw, &[commit()]).await;
        left.push(found(&server, "SELECT * FROM K").await);
        got.push(replies);
    }
    assert_eq!(left[0], left[1], "the rows in the table");
    let one_by_one = got.pop().unwrap();
    (got.pop().unwrap(), one_by_one, at_once)
}

#[tokio::test]
async fn each_command_is_answered_as_if_it_had_come_alone() {
    let good = |n: i32| row(1, n, Some("abc"));
    let wrong = [row(1, 40_000, None), row(1, 3, Some("abcdef")), row(1, 2, None), row(1, 9, Some("abcde   "))];
    for persona in [&LUW, &DERBY] {
        for wrong in &wrong {
            for at in [0, 1, 7, 20] {
                let mut commands: Vec<Command> = (1..=20).map(|n| good(n + 100)).collect();
                commands.insert(at.min(1), row(1, 2, None));
                commands.insert(at, wrong.clone());
                let (together, alone, at_once) = both(persona, 1 << 28, None, &commands).await;
                assert_eq!(together, alone, "{} {at}", persona.name);
                assert_eq!(at_once, [22], "{} {at}", persona.name);
            }
        }
    }
}

#[tokio::test]
async fn an_engine_may_run_some_of_the_rows() {
    let commands: Vec<Command> = (0..10).map(|n| row(1, n % 7, None)).collect();
    for (most, expected) in [(0, vec![0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), (4, vec![4, 4, 2]), (9, vec![9, 1])] {
        let (together, alone, at_once) = both(&LUW, 1 << 28, Some(most), &commands).await;
        assert_eq!((together, at_once), (alone, expected), "{most}");
    }
}

#[tokio::test]
async fn other_commands_between_the_rows_keep_their_places() {
    let delete = |n: i32| (execute(3), vec![input(&[INTEGER], &[&[0, 0][..], &n.to_be_bytes()].concat())]);
    let of = |section: u16, n: i32| row(section, n, Some("x"));
    let commands = vec![
        of(1, 1),
        of(1, 2),
        of(2, 3),
        of(2, 1),
        delete(1),
        of(1, 1),
        of(1, 4),
        commit(),
        of(1, 4),
        of(1, 5),
        of(1, 6),
        delete(6),
        delete(5),
        // Nothing is prepared there.
        of(7, 1),
        of(7, 2),
        of(1, 5),
    ];
    let (together, alone, at_once) = both(&LUW, 1 << 28, None, &commands).await;
    assert_eq!(together, alone);
    assert_eq!(at_once, [2, 2, 1, 2, 3, 1, 1, 1]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_refused_in_its_place() {
    let good = |n: i32| row(1, n, None);
    let two = input(&[INTEGER, VARCHAR], &[0, 0, 0, 0, 0, 7, 0xFF, 0, 0, 0, 0, 0, 8, 0xFF]);
    let wrong = [
        (execute(1), vec![two]),
        (execute(1), vec![input(&[INTEGER, VARCHAR], &[0, 0, 0, 0])]),
        (execute(1), vec![input(&[INTEGER, VARCHAR], &[])]),
        (execute(1), vec![input(&[INTEGER, VARCHAR], &[0xFD])]),
        (execute(1), vec![input(&[INTEGER], &[0, 0, 0, 0, 0, 7])]),
        (execute(1), vec![input(&[INTEGER, VARCHAR], &[0, 0, 0, 0, 0, 7, 0xFF]), extdta(b"x", true, None).unwrap()]),
    ];
    for (n, wrong) in wrong.into_iter().enumerate() {
        let commands = [good(1), good(2), wrong, good(3)];
        let mut replies = Vec::new();
        for together in [true, false] {
            let engine = Noting::default();
            let server = start(&LUW, &engine, 1 << 28).await;
            let mut raw = open(&server).await;
            send(&mut raw, &[prepare(1, CREATE), (execute(1), vec![]), commit(), prepare(1, INSERT)]).await;
            let mut got = Vec::new();
            if together {
                got = send(&mut raw, &commands).await;
            } else {
                for command in &commands[..3] {
                    got.extend(send(&mut raw, std::slice::from_ref(command)).await);
                }
            }
            if !raw.is_closed().await {
                let rest = if together { vec![] } else { send(&mut raw, &commands[3..]).await };
                got.extend(rest);
            }
            replies.push(got);
        }
        assert_eq!(points(&replies[0]), points(&replies[1]), "{n}");
        assert_eq!(replies[0], replies[1], "{n}");
    }
}

#[tokio::test]
async fn large_values_beside_the_rows_go_with_them() {
    let mut all = Vec::new();
    for together in [true, false] {
        let engine = Noting::default();
        let server = start(&LUW, &engine, 1 << 28).await;
        let mut raw = open(&server).await;
        let create = "CREATE TABLE L (A INTEGER, B CLOB(1000))";
        send(&mut raw, &[prepare(1, create), (execute(1), vec![]), commit()]).await;
        send(&mut raw, &[prepare(1, "INSERT INTO L VALUES (?, ?)")]).await;
        engine.at_once.lock().unwrap().clear();
        let with = |n: i32, text: Option<&str>| {
            let mut data = [&[0, 0][..], &n.to_be_bytes()].concat();
            match text {
                None => data.push(0xFF),
                Some(text) => data.extend([&[0][..], &(text.len() as u32).to_be_bytes()].concat()),
            }
            let mut objects = vec![input(&[INTEGER, CLOB], &data)];
            objects
                .extend(text.filter(|text| !text.is_empty()).map(|text| extdta(text.as_bytes(), true, None).unwrap()));
            (execute(1), objects)
        };
        let long = "é".repeat(500);
        let commands =
            [with(1, Some("one")), with(2, None), with(3, Some(&long)), with(4, Some("")), with(5, Some("x"))];
        let mut got = Vec::new();
        if together {
            got = send(&mut raw, &commands).await;
            assert_eq!(*engine.at_once.lock().unwrap(), [5]);
        } else {
            for command in &commands {
                got.extend(send(&mut raw, std::slice::from_ref(command)).await);
            }
        }
        assert_eq!(points(&got).iter().filter(|point| **point == cp::SQLCARD).count(), 5);
        send(&mut raw, &[commit()]).await;
        all.push((got, found(&server, "SELECT * FROM L").await));
    }
    assert_eq!(all[0].1.len(), 5);
    assert!(all[0] == all[1]);
}

#[tokio::test]
async fn rows_beyond_the_memory_of_the_connection_are_refused_one_by_one() {
    let commands: Vec<Command> = (0..2000).map(|n| row(1, n, Some("abcde"))).collect();
    let engine = Noting::default();
    let server = start(&LUW, &engine, 300_000).await;
    let mut raw = open(&server).await;
    send(&mut raw, &[prepare(1, CREATE), (execute(1), vec![]), commit(), prepare(1, INSERT)]).await;
    engine.at_once.lock().unwrap().clear();
    let got = send(&mut raw, &commands).await;
    assert_eq!(points(&got).iter().filter(|point| **point == cp::SQLCARD).count(), 2000);
    send(&mut raw, &[commit()]).await;
    let at_once = engine.at_once.lock().unwrap().clone();
    assert!(at_once.iter().any(|rows| *rows > 1) && at_once.contains(&1), "{at_once:?}");
    let stored = count(&rows(&connect(&server).await, "SELECT * FROM K").await);
    assert!((500..2000).contains(&stored), "{stored}");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_grows_as_the_rows_do_whatever_key_and_however_they_come() {
    let engine = Noting::default();
    let server = start(&LUW, &engine, 1 << 28).await;
    let mut raw = open(&server).await;
    send(&mut raw, &[prepare(1, "CREATE TABLE K (A INTEGER NOT NULL PRIMARY KEY, B VARCHAR(5))")]).await;
    send(&mut raw, &[(execute(1), vec![]), commit(), prepare(1, INSERT)]).await;
    let mut took = Vec::new();
    let mut at = 0;
    // Rows one by one, each a transaction, and in chains: the last ones take no longer than the first.
    for _ in 0..40 {
        let started = std::time::Instant::now();
        for _ in 0..20 {
            at += 1;
            send(&mut raw, &[row(1, at, Some("abc")), commit()]).await;
        }
        let rows: Vec<Command> = (1..=500).map(|n| row(1, at + n, None)).collect();
        send(&mut raw, &rows).await;
        send(&mut raw, &[commit()]).await;
        at += 500;
        took.push(started.elapsed());
    }
    let least = |part: &[std::time::Duration]| part.iter().min().copied().unwrap_or_default();
    let (first, last) = (least(&took[..10]), least(&took[30..]));
    assert!(last < first * 3, "{first:?} {last:?}");
    assert_eq!(count(&rows(&connect(&server).await, "SELECT * FROM K").await), 40 * 520);
}
