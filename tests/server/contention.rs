//! Jobs that fight for the same records and objects: those who wait hold no thread, nobody else waits for them, and
//! what is in the files afterwards is right.

use crate::protocol::Raw;
use crate::record_requests::*;
use crate::support;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use drdarrow::server::file::library::FileStore;
use drdarrow::server::persona::IBMI;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::file::close::S38Close;
use drdarrow::wire::file::control::{Share, Which};
use drdarrow::wire::file::iofb::IoFeedback;
use drdarrow::wire::file::open::{CommitLevel, OpenAccess, S38Open, Ufcb};
use drdarrow::wire::file::session::{CmmUow, RllBckUow};
use drdarrow::wire::file::write::S38PutM;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Jobs that want the one record.
const WAITING: usize = 40;
/// More than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A runtime with fewer threads that may block than there are jobs that wait.
fn few_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).max_blocking_threads(3).enable_all().build().unwrap()
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.unwrap()
}

fn close() -> Vec<u8> {
    S38Close::new(name()).encode(TEXT).unwrap()
}

fn ids(files: &FileStore, name: &str) -> Vec<i32> {
    files.get(name).unwrap()["ID"].as_primitive::<Int32Type>().values().to_vec()
}

/// Opens the file under commitment control, with a lock level that starts it.
async fn under_commitment(raw: &mut Raw, level: CommitLevel) {
    assert_eq!(message(&raw.ask(&[command("STRCMTCTL LCKLVL(*CHG)")]).await), "CPI8351");
    let ufcb = Ufcb { commit: Some(level), ..ufcb(OpenAccess::ReadWrite, true) };
    assert_eq!(points(&raw.ask(&[S38Open { dclnam: name(), ufcb }.encode(TEXT).unwrap()]).await), [cp::S38OPNFB]);
}

#[test]
fn jobs_that_wait_for_one_record_keep_nobody_out() {
    few_threads().block_on(async {
        let server = serve(&store(3, LONG)).await;
        let mut holder = connect(&server).await;
        let layout = open(&mut holder, OpenAccess::ReadWrite, true).await;
        assert_eq!(rrns(&holder.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await, layout), [1]);
        let mut waiting = JoinSet::new();
        for _ in 0..WAITING {
            let mut raw = within(connect(&server)).await;
            within(open(&mut raw, OpenAccess::ReadWrite, true)).await;
            waiting.spawn(async move {
                let got = raw.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await;
                assert_eq!(rrns(&got, layout), [1]);
                // The next one has it only now.
                raw.ask(&[close()]).await;
            });
        }
        sleep(Duration::from_millis(300)).await;
        assert!(waiting.try_join_next().is_none());
        // Others log in, read and write meanwhile, whatever they use.
        let started = Instant::now();
        let mut other = within(connect(&server)).await;
        within(open(&mut other, OpenAccess::ReadWrite, true)).await;
        assert_eq!(rrns(&within(other.ask(&[by_key(Which::KeyAt, Share::Update, 2)])).await, layout), [2]);
        let sql = within(support::connect(&server)).await;
        assert_eq!(support::count(&within(support::rows(&sql, "VALUES 1")).await), 1);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        holder.ask(&[close()]).await;
        within(async { while waiting.join_next().await.transpose().unwrap().is_some() {} }).await;
        within(server.shutdown()).await;
    });
}

#[test]
fn a_server_ends_while_jobs_wait() {
    few_threads().block_on(async {
        let server = serve(&store(3, LONG)).await;
        let mut holder = connect(&server).await;
        open(&mut holder, OpenAccess::ReadWrite, true).await;
        holder.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await;
        let mut waiting = JoinSet::new();
        for _ in 0..5 {
            let mut raw = connect(&server).await;
            open(&mut raw, OpenAccess::ReadWrite, true).await;
            waiting.spawn(async move { raw.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await });
        }
        sleep(Duration::from_millis(200)).await;
        let started = Instant::now();
        within(server.shutdown_within(Duration::from_millis(100))).await;
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        within(waiting.join_all()).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_for_each_other_are_told_so() {
    let server = serve(&store(3, Duration::from_millis(300))).await;
    let mut jobs = Vec::new();
    for own in [1, 2] {
        let mut raw = connect(&server).await;
        under_commitment(&mut raw, CommitLevel::All).await;
        raw.ask(&[by_key(Which::KeyAt, Share::Update, own)]).await;
        jobs.push(raw);
    }
    let mut both = JoinSet::new();
    for (mut raw, other) in jobs.into_iter().zip([2, 1]) {
        both.spawn(async move {
            let got = within(raw.ask(&[by_key(Which::KeyAt, Share::Update, other)])).await;
            (refusal(&got), raw)
        });
    }
    let told = both.join_all().await;
    assert_eq!(told.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["CPF5027"; 2]);
    drop(told);
    // With them their locks have gone.
    let mut third = connect(&server).await;
    let layout = open(&mut third, OpenAccess::ReadWrite, true).await;
    for id in [1, 2] {
        let got = within(async {
            loop {
                let got = third.ask(&[by_key(Which::KeyAt, Share::Update, id)]).await;
                if points(&got) == [cp::S38BUF, cp::S38IOFB] {
                    return got;
                }
            }
        });
        assert_eq!(rrns(&got.await, layout), [id as u32]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_has_to_wait_is_written_once() {
    for committed in [true, false] {
        let files = store(3, LONG);
        let server = serve(&files).await;
        let (mut mine, mut other) = (connect(&server).await, connect(&server).await);
        under_commitment(&mut mine, CommitLevel::Change).await;
        let layout = open(&mut other, OpenAccess::ReadWrite, true).await;
        let put = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
        let key = send(&mut mine, &put, &slot(layout, 15)).await;
        assert_eq!(points(&key), [cp::S38IOFB]);
        let slots: Vec<u8> = (11..=20).flat_map(|id| slot(layout, id)).collect();
        let sent = put.clone();
        let waiting = tokio::spawn(async move { send(&mut other, &sent, &slots).await });
        sleep(Duration::from_millis(200)).await;
        // More than once woken for nothing.
        let mut third = connect(&server).await;
        for _ in 0..3 {
            open(&mut third, OpenAccess::ReadWrite, true).await;
            third.ask(&[by_key(Which::KeyAt, Share::Update, 2)]).await;
            third.ask(&[close()]).await;
        }
        assert!(!waiting.is_finished());
        let end = match committed {
            true => CmmUow { luwhldcsr: true }.encode(TEXT).unwrap(),
            false => RllBckUow { luwhldcsr: true }.encode(TEXT).unwrap(),
        };
        mine.ask(&[end]).await;
        let got = within(waiting).await.unwrap();
        let told = IoFeedback::decode(&got[0].1).unwrap();
        let before = (11..15).collect::<Vec<_>>();
        if committed {
            assert_eq!((told.records, message(&got).as_str()), (4, "CPF5026"));
            assert_eq!(ids(&files, "LIB/F"), [vec![1, 2, 3, 15], before].concat());
        } else {
            assert_eq!((points(&got), told.records), (vec![cp::S38IOFB], 10));
            assert_eq!(ids(&files, "LIB/F"), [vec![1, 2, 3], before, (15..=20).collect()].concat());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_a_read_lets_go_is_had_at_once() {
    let server = serve(&store(3, LONG)).await;
    let (mut reader, mut waiter) = (connect(&server).await, connect(&server).await);
    under_commitment(&mut reader, CommitLevel::CursorStability).await;
    let layout = open(&mut waiter, OpenAccess::ReadWrite, true).await;
    // Such a read lets the record before it go only once it has its own.
    let read = |id| by_key(Which::KeyAt, Share::ReadStay, id);
    assert_eq!(rrns(&reader.ask(&[read(1)]).await, layout), [1]);
    let waiting = tokio::spawn(async move { waiter.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await });
    sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    assert_eq!(rrns(&reader.ask(&[read(2)]).await, layout), [2]);
    assert_eq!(rrns(&within(waiting).await.unwrap(), layout), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_second_object_keeps_nobody_from_the_first() {
    let server = serve(&store(3, LONG)).await;
    let (mut holder, mut waiter, mut third) = (connect(&server).await, connect(&server).await, connect(&server).await);
    assert_eq!(message(&holder.ask(&[command("CRTPF LIB/G RCDLEN(10)")]).await), "CPC7301");
    assert_eq!(message(&holder.ask(&[command("ALCOBJ (LIB/F *FILE *EXCL)")]).await), "");
    let both = command("ALCOBJ ((LIB/G *FILE *EXCL) (LIB/F *FILE *EXCL)) WAIT(30)");
    let waiting = tokio::spawn(async move { (message(&waiter.ask(&[both]).await), waiter) });
    sleep(Duration::from_millis(200)).await;
    assert_eq!(message(&third.ask(&[command("ALCOBJ (LIB/G *FILE *EXCL) WAIT(0)")]).await), "");
    assert_eq!(message(&third.ask(&[command("DLCOBJ (LIB/G *FILE *EXCL)")]).await), "");
    assert_eq!(message(&holder.ask(&[command("DLCOBJ (LIB/F *FILE *EXCL)")]).await), "");
    let (said, mut waiter) = within(waiting).await.unwrap();
    assert_eq!(said, "");
    // The time is that of the whole command.
    let started = Instant::now();
    assert_eq!(message(&third.ask(&[command("ALCOBJ (LIB/F *FILE *EXCL) WAIT(1)")]).await), "CPF1002");
    assert!((1..5).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert_eq!(message(&waiter.ask(&[command("DLCOBJ ((LIB/G *FILE *EXCL) (LIB/F *FILE *EXCL))")]).await), "");
}

#[tokio::test]
async fn what_is_not_done_under_commitment_takes_no_room() {
    let files = FileStore::with_limits(100_000, Duration::from_millis(1));
    let small = batch(3);
    files.put("LIB/F", &small.schema(), &[small], &options()).unwrap();
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    under_commitment(&mut raw, CommitLevel::All).await;
    let put = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
    let layout = drdarrow::wire::file::buffer::BufferLayout::of_server(1006, 2);
    for _ in 0..1000 {
        assert_eq!(refusal(&raw.ask(&[by_key(Which::KeyAt, Share::Read, 99)]).await), "CPF5006");
        assert_eq!(refusal(&send(&mut raw, &put, &slot(layout, 2)).await), "CPF5026");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_is_open_is_there_until_it_is_closed() {
    let files = FileStore::with_limits(16 << 20, LONG);
    let settings =
        ServerSettings { persona: &IBMI, files: Some(files.clone()), workers: 8, ..ServerSettings::default() };
    let server = support::start_with(settings, &MemoryTables::new()).await;
    let over = Instant::now() + Duration::from_secs(2);
    let mut destroyers = JoinSet::new();
    for (make, destroy) in [("CRTPF LIB/R RCDLEN(4)", "DLTF LIB/R"), ("CRTLIB LIB", "DLTLIB LIB")] {
        let mut raw = connect(&server).await;
        destroyers.spawn(async move {
            while Instant::now() < over {
                raw.ask(&[command("CRTLIB LIB"), command(make)]).await;
                raw.ask(&[command(destroy)]).await;
            }
        });
    }
    let mut users = JoinSet::new();
    for user in 0..3 {
        let (mut raw, files) = (connect(&server).await, files.clone());
        users.spawn(async move {
            let ufcb = Ufcb { file: "R".into(), format: Some("R".into()), ..ufcb(OpenAccess::Write, false) };
            let open = S38Open { dclnam: name(), ufcb }.encode(TEXT).unwrap();
            let put = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
            let (mut opened, mut number) = (0, user);
            while Instant::now() < over {
                if points(&raw.ask(std::slice::from_ref(&open)).await) != [cp::S38OPNFB] {
                    continue;
                }
                (opened, number) = (opened + 1, number + 3);
                let layout = drdarrow::wire::file::buffer::BufferLayout::of_server(4, 1);
                assert_eq!(points(&send(&mut raw, &put, &slot(layout, number)).await), [cp::S38IOFB]);
                let rows = files.get("LIB/R").unwrap();
                assert!(rows.num_rows() > 0, "what was written is in another file");
                raw.ask(&[close()]).await;
            }
            opened
        });
    }
    let opened: i32 = within(users.join_all()).await.into_iter().sum();
    within(destroyers.join_all()).await;
    assert!(opened > 10, "{opened}");
}
