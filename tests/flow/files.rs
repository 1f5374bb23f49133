//! Files of IBM i over recorded replies: described, scanned, and the requests held against those of IBM's
//! own client. Then the replies are cut, delayed and damaged at every byte: the records are right or there
//! is an error.

use super::client::count;
use super::recorded_replies::{Book, hex};
use super::server::{Answer, Damage, Log, build, honest, start};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type, Int64Type};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::error::{Error, ErrorClass};
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::file::file_name::FileName;
use drdarrow::client::file::open_file::OpenFile;
use drdarrow::client::file::options::OpenOptions;
use drdarrow::client::file::read::Position;
use drdarrow::client::limits::Limits;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::objects;
use drdarrow::wire::dss::header::DssType;
use drdarrow::wire::file::buffer;
use std::time::Duration;

pub fn config() -> FileConfig {
    let uri = "drda://testuser:SECRET99@localhost:446/?signon_port=0&security=substitute&password_level=2";
    let (mut config, _) = FileConfig::from_uri(uri).unwrap();
    config.base.timeout = Duration::from_secs(5);
    config.base.statement_timeout = Some(Duration::from_secs(10));
    config
}

pub fn cust() -> FileName {
    FileName::parse("TESTLIB/CUST").unwrap()
}

pub fn numbered() -> OpenOptions {
    let mut options = OpenOptions::read();
    options.set("rrn", "true").unwrap();
    options
}

/// Connects, reads the file, closes.
async fn converse(book: &Book, damage: Damage) -> (Result<Vec<RecordBatch>, Error>, Log) {
    let (stream, server) = start(book, damage, Box::new(|_, _, bytes| Answer::Bytes(bytes)));
    let talk = async {
        let connection = FileConnection::over(stream, Line::Local, config()).await?;
        let file = connection.open(&cust(), numbered()).await?;
        let mut scan = file.scan().await?;
        let mut out = Vec::new();
        while let Some(batch) = scan.next().await? {
            out.push(batch);
        }
        drop(scan);
        file.close().await?;
        // What was opened is closed in the background; the clock goes on when that is done.
        tokio::time::sleep(Duration::from_secs(1)).await;
        connection.close().await?;
        Ok(out)
    };
    let told = tokio::time::timeout(Duration::from_secs(3600), talk).await.expect("a wait without end");
    let log = tokio::time::timeout(Duration::from_secs(3600), server).await.expect("a connection left open").unwrap();
    (told, log)
}

#[tokio::test(start_paused = true)]
async fn a_file_as_it_was_recorded() {
    let (told, log) = converse(&Book::files(), Damage::None).await;
    let told = told.unwrap();
    assert_eq!(told.len(), 1);
    let batch = &told[0];
    let names: Vec<_> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["RRN", "CUSNUM", "NAME", "BAL", "QTY", "NOTE"]);
    // Record 4 is deleted.
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values().to_vec(), [1, 2, 3, 5, 6]);
    assert_eq!(batch.column(1).as_primitive::<Decimal128Type>().values().to_vec(), [1, 2, 3, 5, 8]);
    let text = |column: usize| batch.column(column).as_string::<i32>().iter().collect::<Vec<_>>();
    let names: Vec<_> = text(2).into_iter().map(|name| name.unwrap().trim_end().to_owned()).collect();
    assert_eq!(names, ["ALPHA", "BETA", "GAMMA", "EPSILON", "THETA"]);
    assert_eq!(batch.column(3).as_primitive::<Decimal128Type>().values().to_vec(), [1050, -250, 999_999, 0, 123]);
    assert_eq!(batch.column(4).as_primitive::<Int32Type>().values().to_vec(), [7, -1, 100, 0, 5]);
    assert_eq!(text(5), [Some("one"), None, Some("three"), Some(""), Some("eight")]);
    // The whole talk: nothing is asked twice, what was opened is closed.
    let talk: Vec<String> = log.requests.iter().map(|r| r.names()).collect();
    assert_eq!(talk.join(" ").matches("S38OPEN").count(), talk.join(" ").matches("S38CLOSE").count(), "{talk:?}");
    assert_eq!(talk.iter().filter(|name| *name == "S38GETM").count(), 2 + 2 + 3, "{talk:?}");
}

/// The frame of IBM's client of that name.
fn jtopen(name: &str) -> Vec<u8> {
    let all = include_str!("../data/record_frames.hex");
    hex(all.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' ')).unwrap())
}

/// The frames that a client sent.
fn frames(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    while bytes.len() >= 6 {
        let len = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        out.push(bytes[..len].to_vec());
        bytes = &bytes[len..];
    }
    out
}

/// Blanks what may differ: the correlation, the name of an open file.
fn masked(frame: &[u8]) -> Vec<u8> {
    let mut out = frame.to_vec();
    out[4..6].fill(0);
    if out[12..14] == [0x11, 0x36] {
        out[14..22].fill(0x40);
    }
    out
}

#[tokio::test(start_paused = true)]
async fn requests_are_those_of_ibms_client() {
    let (told, log) = converse(&Book::files(), Damage::None).await;
    told.unwrap();
    let sent = frames(&log.received);
    let of = |point: CodePoint| sent.iter().filter(|f| f[8..10] == point.number().to_be_bytes()).collect::<Vec<_>>();
    // Names differ, managers and levels do not.
    let managers = "0060 1404 14030003 14230003 14050003 14060003 14070003 14740005 14580001 14570003 140c0003 \
                    14190003 141e0003 14220003 240f0003 14320003 14330003 14400009 143b0003 24070003 14630003 \
                    14650003 143c0003 147f0004 14a00004";
    let managers = hex(managers);
    assert!(of(cp::EXCSAT)[0].windows(managers.len()).any(|part| part == managers));
    // Seed and substitute differ.
    let accsec = of(cp::ACCSEC)[0];
    assert_eq!(accsec[..20], hex("001cd00100010016106d000611a20008000c11dc")[..18 + 2]);
    let secchk = of(cp::SECCHK)[0];
    assert_eq!(secchk[6..34], hex("0030106e000611a20008000e11a0e3c5e2e3e4e2c5d94040001811a1")[..]);
    assert_eq!(secchk.len(), 54);
    // The open asks for more records at a time.
    let open = masked(of(cp::S38OPEN).last().unwrap());
    let mut theirs = masked(&jtopen("open-read"));
    let factor = theirs.len() - 2 - 16 - 2;
    theirs[factor..factor + 2].copy_from_slice(&open[factor..factor + 2]);
    assert_eq!(open, theirs);
    let get = masked(of(cp::S38GETM).last().unwrap());
    assert_eq!(get, masked(&jtopen("getm")));
    assert_eq!(masked(of(cp::S38CLOSE)[0]), masked(&jtopen("close")));
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_is_named() {
    let mut book = Book::files();
    let missing = book.reply("S38OPEN: NOFILE", 0).unwrap().clone();
    book.replies.insert("S38OPEN: CUST".to_owned(), vec![missing]);
    let (told, _) = converse(&book, Damage::None).await;
    let e = told.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::Programming, Some("42704")));
    assert!(e.connection_usable && e.message.contains("CPF4101") && e.message.contains("TESTLIB/CUST"), "{e}");
}

#[tokio::test(start_paused = true)]
async fn an_open_that_nobody_waits_for_is_closed() {
    let (stream, server) = start(
        &Book::files(),
        Damage::None,
        Box::new(|_, request, bytes| match request.sql.as_deref() {
            Some("CUST") => Answer::Late(Duration::from_secs(1), bytes),
            _ => Answer::Bytes(bytes),
        }),
    );
    let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
    let name = cust();
    let open = connection.open(&name, numbered());
    assert!(tokio::time::timeout(Duration::from_millis(900), open).await.is_err());
    tokio::time::sleep(Duration::from_secs(5)).await;
    drop(connection);
    let log = server.await.unwrap();
    let closes = log.requests.iter().filter(|r| r.has(cp::S38CLOSE)).count();
    assert_eq!(closes, 3, "two outfiles and the file");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_left_in_time() {
    for silent in ["CUST", "S38GETM"] {
        let (stream, _server) = start(
            &Book::files(),
            Damage::None,
            Box::new(move |_, request, bytes| match request.sql.as_deref() {
                Some(file) if file == silent => Answer::Silence,
                _ if request.names() == silent => Answer::Silence,
                _ => Answer::Bytes(bytes),
            }),
        );
        let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
        let e = connection.open(&cust(), numbered()).await.unwrap_err();
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("57033"), false), "{e}");
    }
}

#[tokio::test(start_paused = true)]
async fn ranges_need_numbers_that_mean_something() {
    // What S38OPNFB says of the file: a physical one; a logical one over two members; a join.
    for (flags, members, allowed) in [(0, 1, true), (0x80, 1, true), (0x80, 2, false), (0x84, 1, false)] {
        let (stream, _server) = start(
            &Book::files(),
            Damage::None,
            Box::new(move |_, request, mut bytes| {
                if request.sql.as_deref() == Some("CUST") {
                    bytes[75..78].copy_from_slice(&[flags, 0, members]);
                }
                Answer::Bytes(bytes)
            }),
        );
        let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
        let file = connection.open(&cust(), numbered()).await.unwrap();
        let ranged = file.scan_range(1, Some(3)).await;
        assert_eq!(
            ranged.as_ref().err().map(|e| e.kind),
            (!allowed).then_some(ErrorClass::NotSupported),
            "{flags:02X}"
        );
        if !allowed {
            assert_eq!(file.partitions(2).await.unwrap_err().kind, ErrorClass::NotSupported, "{flags:02X}");
        }
        // All of it can be read whatever it is.
        let mut scan = file.scan().await.unwrap();
        assert_eq!(scan.next().await.unwrap().unwrap().num_rows(), 5);
    }
}

/// A connection to a system whose file is described as `edit` makes it: it gets the rows of DSPFFD, and where in
/// each the name of the format stands.
async fn described(edit: fn(&mut [u8], &[usize])) -> FileConnection {
    let mut fields = true;
    let (stream, _server) = start(
        &Book::files(),
        Damage::None,
        Box::new(move |_, request, mut bytes| {
            if request.names() == "S38GETM" && std::mem::take(&mut fields) {
                let name = hex("c3e4e2e3d94040404040");
                let places = bytes.windows(name.len()).enumerate().filter(|(_, part)| *part == name);
                let places: Vec<usize> = places.map(|(at, _)| at).collect();
                assert_eq!(places.len(), 5);
                edit(&mut bytes, &places);
            }
            Answer::Bytes(bytes)
        }),
    );
    FileConnection::over(stream, Line::Local, config()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn several_formats_and_logical_files_are_named() {
    // The last field is that of another format.
    let connection = described(|rows, names| rows[names[4]] = 0xC7).await;
    let e = connection.open(&cust(), numbered()).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref(), e.connection_usable), (ErrorClass::NotSupported, Some("0A000"), true));
    assert!(e.message.contains("2 record formats") && e.message.contains("format=… (CUSTR, GUSTR)"), "{e}");
    let connection = described(|rows, names| rows[names[4]] = 0xC7).await;
    let mut options = numbered();
    options.set("format", "custr").unwrap();
    let file = connection.open(&cust(), options).await.unwrap();
    assert_eq!(file.format().fields.len(), 4);
    // WHFTYP stands 19 bytes before the name of the format.
    let connection = described(|rows, names| names.iter().for_each(|at| rows[at - 19] = 0xD3)).await;
    let file = connection.open(&cust(), numbered()).await.unwrap();
    let e = file.partitions(2).await.unwrap_err();
    assert!(e.kind == ErrorClass::NotSupported && e.message.contains("logical file"), "{e}");
    // A join is only read, which the open tells.
    let (stream, _server) = start(
        &Book::files(),
        Damage::None,
        Box::new(|_, request, mut bytes| {
            if request.sql.as_deref() == Some("CUST") {
                bytes[75] = 0x84;
            }
            Answer::Bytes(bytes)
        }),
    );
    let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
    let e = connection.open(&cust(), OpenOptions::write()).await.unwrap_err();
    assert!(e.kind == ErrorClass::NotSupported && e.message.contains("join"), "{e}");
}

#[tokio::test(start_paused = true)]
async fn misuse_is_told_without_asking() {
    let (stream, server) = honest(&Book::files());
    let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
    let file = connection.open(&cust(), numbered()).await.unwrap();
    assert_eq!(file.delete_at(1).await.unwrap_err().sqlstate.as_deref(), Some("25006"));
    assert_eq!(
        file.read_at(Position::Key(vec![], drdarrow::client::file::read::KeyMatch::Equal)).await.unwrap_err().kind,
        ErrorClass::Programming
    );
    let mut options = OpenOptions::read();
    options.set("columns", "NAME,NOPE").unwrap();
    assert_eq!(connection.open(&cust(), options).await.unwrap_err().sqlstate.as_deref(), Some("42703"));
    connection.close().await.unwrap();
    let e = file.scan().await.unwrap_err();
    assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("08003"), false));
    let log = server.await.unwrap();
    assert!(!log.requests.iter().any(|r| r.has(cp::S38DEL) || r.has(cp::S38GETK)));
}

/// A block longer than a frame's length can say: the object is of extended length, the frame continued.
#[tokio::test(start_paused = true)]
async fn long_blocks_and_batches_of_any_size() {
    let mut book = Book::files();
    let short = super::server::frames(book.reply("S38GETM: CUST", 0).unwrap());
    let found: Vec<_> = objects(&short[0].body).map(|object| object.unwrap().body).collect();
    let (slots, mut feedback) = (&found[0], found[1].to_vec());
    let records = 2500usize;
    let block: Vec<u8> = (0..records)
        .flat_map(|n| {
            let mut slot = slots[..52].to_vec();
            slot[38..42].copy_from_slice(&(n as u32 + 1).to_be_bytes());
            slot
        })
        .collect();
    feedback[14..16].copy_from_slice(&(records as u16).to_be_bytes());
    let mut body = buffer::encode(&block);
    body.extend([0, feedback.len() as u8 + 4, 0xD4, 0x02]);
    body.extend(&feedback);
    let long = build(&[(DssType::Object, 1, body)]);
    assert!(long[..2] == [0xFF, 0xFF] && long[6..8] == [0x80, 0x08]);
    let end = book.reply("S38GETM: CUST", 2).unwrap().clone();
    book.replies.insert("S38GETM: CUST".to_owned(), vec![long.clone(), end]);
    let (stream, _server) = honest(&book);
    let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
    let file = connection.open(&cust(), numbered()).await.unwrap();
    for rows in [1, 999, 1024, 2500, 9999] {
        let mut scan = file.scan().await.unwrap();
        scan.set_limits(Limits { rows, ..Limits::default() });
        let mut numbers = Vec::new();
        while let Some(batch) = scan.next().await.unwrap() {
            assert!(batch.num_rows() <= rows);
            numbers.extend(batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
        }
        assert!(numbers.into_iter().eq(1..=records as i64), "batches of {rows}");
    }
    // Fewer records than are announced, or more, are an error.
    for count in [records - 1, records + 1] {
        let mut lying = long.clone();
        let at = lying.len() - feedback.len() + 14;
        lying[at..at + 2].copy_from_slice(&(count as u16).to_be_bytes());
        book.replies.insert("S38GETM: CUST".to_owned(), vec![lying]);
        let e = converse(&book, Damage::None).await.0.unwrap_err();
        assert!(e.message.contains("records are announced") && !e.connection_usable, "{e}");
    }
}

/// Advice before the feedback of an open; feedback of a read in a frame of its own.
#[tokio::test(start_paused = true)]
async fn answers_in_their_other_shapes() {
    let mut book = Book::files();
    let right = converse(&book, Damage::None).await.0.unwrap();
    let advice = jtopen("message-advice")[6..].to_vec();
    let open = super::server::frames(book.reply("S38OPEN: CUST", 0).unwrap())[0].body.to_vec();
    let opened = build(&[(DssType::Reply, 1, advice), (DssType::Object, 1, open)]);
    book.replies.insert("S38OPEN: CUST".to_owned(), vec![opened]);
    for replies in book.replies.get_mut("S38GETM: CUST").unwrap() {
        let frames = super::server::frames(replies);
        if frames.len() == 1 {
            let [records, feedback] = &objects(&frames[0].body).map(Result::unwrap).collect::<Vec<_>>()[..] else {
                panic!("two objects")
            };
            let alone = [&[0, feedback.body.len() as u8 + 4, 0xD4, 0x02][..], &feedback.body].concat();
            *replies = build(&[(DssType::Object, 1, buffer::encode(&records.body)), (DssType::Object, 1, alone)]);
        }
    }
    assert_eq!(converse(&book, Damage::None).await.0.unwrap(), right);
}

/// A reader that leaves in the middle closes its file, and the connection goes on.
#[tokio::test(start_paused = true)]
async fn a_scan_that_is_left_is_closed() {
    let (stream, server) = start(
        &Book::files(),
        Damage::None,
        Box::new(|_, request, bytes| match request.names() == "S38GETM" && request.section > 2 {
            true => Answer::Late(Duration::from_secs(5), bytes),
            false => Answer::Bytes(bytes),
        }),
    );
    let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
    let file = connection.open(&cust(), numbered()).await.unwrap();
    drop(file.scan().await.unwrap());
    let batch = file.scan().await.unwrap().next().await.unwrap().unwrap();
    assert_eq!(batch.num_rows(), 3, "those of the first block: the second takes five seconds");
    tokio::time::sleep(Duration::from_secs(60)).await;
    connection.close().await.unwrap();
    let log = server.await.unwrap();
    let closes = log.requests.iter().filter(|r| r.has(cp::S38CLOSE)).count();
    assert_eq!(closes, 4, "two outfiles and two scans");
}

/// The requests for records so far, of `talk` with the file.
async fn asked<F: Future>(talk: impl FnOnce(OpenFile) -> F) -> usize {
    let (stream, server) = start(&Book::files(), Damage::None, Box::new(|_, _, bytes| Answer::Bytes(bytes)));
    let connection = FileConnection::over(stream, Line::Local, config()).await.unwrap();
    let file = connection.open(&cust(), numbered()).await.unwrap();
    let _open = talk(file).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    connection.abort();
    let log = server.await.unwrap();
    log.requests.iter().filter(|r| r.has(cp::S38GETM)).count()
}

/// The description of a file is read first, from two outfiles.
const DESCRIBED: usize = 4;

#[tokio::test(start_paused = true)]
async fn two_blocks_are_asked_for_ahead_of_a_slow_reader() {
    let one_record = |file: OpenFile| async move {
        let mut scan = file.scan().await.unwrap();
        scan.set_limits(Limits { rows: 1, ..Limits::default() });
        assert_eq!(scan.next().await.unwrap().unwrap().num_rows(), 1);
        scan
    };
    assert_eq!(asked(one_record).await, DESCRIBED + 3);
}

#[tokio::test(start_paused = true)]
async fn a_range_that_ends_with_a_block_asks_for_no_other() {
    let first_block = |file: OpenFile| async move {
        let mut scan = file.scan_range(1, Some(3)).await.unwrap();
        assert_eq!(scan.next().await.unwrap().unwrap().num_rows(), 3);
        assert!(scan.next().await.unwrap().is_none());
        scan
    };
    assert_eq!(asked(first_block).await, DESCRIBED + 1);
}

#[tokio::test(start_paused = true)]
async fn cut_at_every_byte() {
    let book = Book::files();
    let (right, log) = converse(&book, Damage::None).await;
    let right = right.unwrap();
    // The answer to the last close is all that may be missing.
    let farewell = book.reply("S38CLOSE", 0).unwrap().len();
    for at in 0..log.sent {
        match converse(&book, Damage::Cut(at)).await.0 {
            Err(e) => assert!(!e.connection_usable, "cut at {at}: {e:?}"),
            Ok(got) => assert!(got == right && at >= log.sent - farewell, "cut at {at} was not seen"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn split_at_every_byte() {
    let book = Book::files();
    let (right, log) = converse(&book, Damage::None).await;
    let right = right.unwrap();
    for at in 0..log.sent {
        assert_eq!(converse(&book, Damage::Split(at)).await.0.unwrap(), right, "split at {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_at_every_byte() {
    let book = Book::files();
    let (right, log) = converse(&book, Damage::None).await;
    let rows = count(&right.unwrap());
    let (mut told, mut errors) = (0, 0);
    for (mask, first, step) in [(0x01, 0, 1), (0x80, 0, 4), (0xFF, 2, 4)] {
        for at in (first..log.sent).step_by(step) {
            match converse(&book, Damage::Flip(at, mask)).await.0 {
                Err(_) => errors += 1,
                Ok(got) => {
                    assert_eq!(count(&got), rows, "byte {at} flipped by {mask:02X}");
                    told += 1;
                }
            }
        }
    }
    assert!(told > 1000 && errors > 1000, "{told} {errors}");
}
