//! Answers of a server in place of those asked for, what the client makes of them, and whether it goes on. And
//! what it says of work whose end nobody saw.

use super::client::{NARROW, config, rows};
use super::recorded_replies::Book;
use super::server::{Answer, Damage, Edit, build, start};
use drdarrow::client::error::{Error, ErrorClass};
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::header::DssType;
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::value::typdef::TypDef;
use std::time::Duration;
use tokio::time::timeout;

type Part = (DssType, u16, Vec<u8>);

/// A connection to a server whose answers are edited.
async fn connect(edit: Edit, autocommit: bool) -> Connection {
    let (stream, _server) = start(&Book::derby(), Damage::None, edit);
    let mut config = config();
    config.autocommit = autocommit;
    Connection::over(stream, Line::Local, config).await.unwrap()
}

fn message(reply: &Reply) -> Part {
    (DssType::Reply, 1, reply.encode(DdmText::Utf8).unwrap())
}

/// A query that is answered with these in place of rows, and whether the connection goes on after it.
async fn answered(parts: Vec<Part>) -> (Error, bool) {
    let edit: Edit =
        Box::new(move |_, r, b| if r.has(cp::OPNQRY) { Answer::Bytes(build(&parts)) } else { Answer::Bytes(b) });
    let connection = connect(edit, false).await;
    let e = rows(&connection, NARROW).await.unwrap_err();
    let goes_on = connection.commit().await.is_ok();
    assert_eq!((e.connection_usable, connection.is_closed()), (goes_on, !goes_on), "{e:?}");
    (e, goes_on)
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_classes() {
    use ErrorClass::{Internal, NotSupported, Operational, Programming};
    let about = |cp| Reply { codpnt: Some(cp::OPNQRY), ..Reply::new(cp) };
    let limit = |svrcod| Reply { svrcod, rsncod: Some("no room".into()), ..Reply::new(cp::RSCLMTRM) };
    for (reply, kind, state, usable, words) in [
        (about(cp::CMDNSPRM), NotSupported, "58014", true, "the command OPNQRY"),
        (about(cp::OBJNSPRM), NotSupported, "58015", true, "the object OPNQRY"),
        (about(cp::PRMNSPRM), NotSupported, "58016", true, "the parameter OPNQRY"),
        (about(cp::VALNSPRM), NotSupported, "58017", true, "the value of OPNQRY"),
        (about(cp::CMDATHRM), Programming, "42501", true, "not authorised to the command OPNQRY"),
        (
            Reply { mgrlvlls: vec![(cp::SQLAM, 7)], ..about(cp::MGRLVLRM) },
            NotSupported,
            "58010",
            true,
            "SQLAM at level 7",
        ),
        (limit(8), Operational, "57012", true, "reason \"no room\""),
        (limit(16), Operational, "57013", false, "reason \"no room\""),
        (Reply { svrcod: 16, ..about(cp::AGNPRMRM) }, Operational, "57013", false, "agent failed"),
        (
            Reply { synerrcd: Some(0x0E), ..about(cp::SYNTAXRM) },
            Internal,
            "58009",
            false,
            "please report it; SYNERRCD 0E",
        ),
        (Reply { prccnvcd: Some(3), ..about(cp::PRCCNVRM) }, Internal, "58009", false, "PRCCNVCD 03"),
        (Reply { dscerrcd: Some(1), ..about(cp::DSCINVRM) }, Internal, "58009", false, "DSCERRCD 01"),
        (about(cp::DTAMCHRM), Internal, "58009", false, "do not match their description"),
        (about(cp::RDBNACRM), Operational, "08003", false, "no database is accessed"),
    ] {
        let (e, _) = answered(vec![message(&reply)]).await;
        assert_eq!((e.kind, e.sqlstate.as_deref(), e.connection_usable), (kind, Some(state), usable), "{e:?}");
        assert!(e.message.contains(words) && e.reply == reply.cp.name(), "{e:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lost_its_database_is_left() {
    // Derby, once an exception of Java ended its session: every answer is a card of this SQLSTATE.
    for (state, usable) in [("08003", false), ("08006", false), ("42X05", true)] {
        let card = Sqlca::encode(Some(&Sqlca::new(-40001, state, &["gone"])), 7, &TypDef::OURS).unwrap();
        let parts = vec![message(&Reply { svrcod: 8, ..Reply::new(cp::CMDCHKRM) }), (DssType::Object, 1, card)];
        let (e, goes_on) = answered(parts).await;
        assert_eq!((e.sqlstate.as_deref(), goes_on), (Some(state), usable), "{e:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_autocommit_a_lost_answer_is_a_lost_commit() {
    // The book has no answer to this: the server closes.
    for (autocommit, state) in [(true, "08007"), (false, "08006")] {
        let connection = connect(Box::new(|_, _, b| Answer::Bytes(b)), autocommit).await;
        let e = connection.execute("INSERT INTO T VALUES (1)", &[]).await.unwrap_err();
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some(state), false), "{e:?}");
        // Without a commit the end of the connection undoes it: it may be done again.
        assert!(e.retryable != autocommit && (e.message.contains("unknown") == autocommit), "{e:?}");
    }
}

/// A server that refuses to commit, or is gone when it is asked to.
fn refusing(refuse: bool) -> Edit {
    Box::new(move |_, r, b| {
        if !r.has(cp::RDBCMM) {
            return Answer::Bytes(b);
        }
        let card = Sqlca::encode(Some(&Sqlca::new(-20001, "23506", &["no"])), 7, &TypDef::OURS).unwrap();
        let parts = [message(&Reply::new(cp::ENDUOWRM)), (DssType::Object, 1, card)];
        if refuse { Answer::Bytes(build(&parts)) } else { Answer::Close }
    })
}

#[tokio::test(start_paused = true)]
async fn a_query_in_autocommit_ends_with_its_commit() {
    for (refuse, state, usable) in [(true, "23506", true), (false, "08007", false)] {
        let connection = connect(refusing(refuse), true).await;
        let e = rows(&connection, NARROW).await.unwrap_err();
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some(state), usable), "{e:?}");
        assert!(e.message.starts_with("the commit after the query"), "{e:?}");
        // What is not read to its end is told of at the next use, the last one at the latest.
        let connection = connect(refusing(refuse), true).await;
        drop(connection.query(NARROW, &[]).await.unwrap());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let e = connection.close().await.unwrap_err();
        assert_eq!(e.sqlstate.as_deref(), Some(state), "{e:?}");
        connection.close().await.unwrap();
    }
    // Without autocommit nothing is committed.
    let connection = connect(refusing(true), false).await;
    rows(&connection, NARROW).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_open_at_the_close_is_committed() {
    for autocommit in [true, false] {
        let said = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let heard = said.clone();
        let edit: Edit = Box::new(move |_, r, b| {
            let ends = [cp::RDBCMM, cp::RDBRLLBCK].into_iter().filter(|point| r.has(*point));
            heard.lock().unwrap().extend(ends);
            Answer::Bytes(b)
        });
        let connection = connect(edit, autocommit).await;
        let stream = connection.query(NARROW, &[]).await.unwrap();
        connection.close().await.unwrap();
        drop(stream);
        assert_eq!(said.lock().unwrap()[0], if autocommit { cp::RDBCMM } else { cp::RDBRLLBCK });
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_unknown_of_a_commit_that_was_not_sent() {
    let edit: Edit = Box::new(|_, r, b| if r.has(cp::OPNQRY) { Answer::Close } else { Answer::Bytes(b) });
    let connection = connect(edit, false).await;
    assert_eq!(rows(&connection, NARROW).await.unwrap_err().sqlstate.as_deref(), Some("08006"));
    for e in [connection.commit().await.unwrap_err(), connection.rollback().await.unwrap_err()] {
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("08003"), false), "{e:?}");
        assert_eq!(e.message.matches("no longer usable").count(), 1, "{e:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_given_up_is_unknown_to_whoever_comes_next() {
    let edit: Edit = Box::new(|_, r, b| if r.has(cp::RDBCMM) { Answer::Silence } else { Answer::Bytes(b) });
    let connection = connect(edit, false).await;
    assert!(timeout(Duration::from_millis(100), connection.commit()).await.is_err());
    // It waits for the answer that does not come, or comes when it is known already.
    for _ in 0..2 {
        let e = rows(&connection, NARROW).await.unwrap_err();
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("08007"), false), "{e:?}");
    }
}
