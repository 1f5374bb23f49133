//! Ways of branches, judged by what is in the tables afterwards: joined ones in one phase, local work in between, names that
//! are free again, users beside each other.

use crate::branches::{NONE, answer, branch, control, in_table, open, run, step, tables, waiting};
use crate::protocol::Raw;
use crate::support::start;
use drdarrow::server::persona::LUW;
use drdarrow::wire::sql::syncctl::{WorkId, XaRetVal, synctype, xaflags};

async fn local(raw: &mut Raw, synctype: u8) -> XaRetVal {
    answer(raw, control(synctype, Some(WorkId::Local), xaflags::LOCAL)).await.xaretval
}

/// Another connection works for a branch.
async fn join(raw: &mut Raw, n: u32) {
    assert_eq!(step(raw, synctype::NEW, n, xaflags::JOIN).await, XaRetVal::OK);
    assert_eq!(run(raw, "INSERT INTO T VALUES (2)").await, 0);
    assert_eq!(run(raw, "INSERT INTO U VALUES (2)").await, 0);
    assert_eq!(step(raw, synctype::END, n, xaflags::SUCCESS).await, XaRetVal::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_all_who_have_joined_is_committed_in_one_phase_or_none_of_it() {
    let server = start(&LUW, &tables()).await;
    let (mut one, mut two, mut three) = (open(&server).await, open(&server).await, open(&server).await);
    for (n, rolls_back, expected) in [(1, false, (3, 2)), (2, true, (3, 2)), (3, false, (5, 3))] {
        branch(&mut one, n).await;
        join(&mut two, n).await;
        assert_eq!(step(&mut two, synctype::NEW, n, xaflags::JOIN).await, XaRetVal::OK);
        // Somebody works for it again.
        assert_eq!(step(&mut three, synctype::COMMIT, n, xaflags::ONE_PHASE).await, XaRetVal::PROTOCOL);
        assert_eq!(step(&mut two, synctype::END, n, xaflags::SUCCESS).await, XaRetVal::OK);
        let ended = match rolls_back {
            true => step(&mut three, synctype::ROLLBACK, n, NONE).await,
            false => step(&mut three, synctype::COMMIT, n, xaflags::ONE_PHASE).await,
        };
        assert_eq!(ended, XaRetVal::OK);
        assert_eq!((in_table(&server, "T").await, in_table(&server, "U").await), expected);
        assert_eq!(step(&mut one, synctype::COMMIT, n, xaflags::ONE_PHASE).await, XaRetVal::UNKNOWN);
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_work_between_branches_is_apart_from_them() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    branch(&mut raw, 1).await;
    // Undone, and the branch is not.
    assert_eq!(run(&mut raw, "INSERT INTO U VALUES (1)").await, 0);
    assert_eq!(local(&mut raw, synctype::ROLLBACK).await, XaRetVal::OK);
    assert_eq!(step(&mut raw, synctype::PREPARE, 1, NONE).await, XaRetVal::OK);
    // Kept, and the branch is not.
    assert_eq!(local(&mut raw, synctype::NEW).await, XaRetVal::OK);
    assert_eq!(run(&mut raw, "INSERT INTO U VALUES (2)").await, 0);
    assert_eq!(local(&mut raw, synctype::COMMIT).await, XaRetVal::OK);
    assert_eq!((in_table(&server, "T").await, in_table(&server, "U").await), (1, 2));
    // Local work that is not over belongs to no branch.
    assert_eq!(run(&mut raw, "INSERT INTO U VALUES (3)").await, 0);
    assert_eq!(step(&mut raw, synctype::NEW, 2, NONE).await, XaRetVal::OUTSIDE);
    assert_eq!(step(&mut raw, synctype::COMMIT, 1, NONE).await, XaRetVal::OK);
    assert_eq!((in_table(&server, "T").await, in_table(&server, "U").await), (2, 2));
    assert_eq!(local(&mut raw, synctype::COMMIT).await, XaRetVal::OK);
    assert_eq!(in_table(&server, "U").await, 3);
    branch(&mut raw, 2).await;
    assert_eq!(step(&mut raw, synctype::ROLLBACK, 2, NONE).await, XaRetVal::OK);
    assert_eq!((in_table(&server, "T").await, in_table(&server, "U").await), (2, 3));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_as_many_branches_as_he_may_have_leaves_room_for_others() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    for n in 0..500 {
        assert_eq!(step(&mut raw, synctype::NEW, n, NONE).await, XaRetVal::OK);
        assert_eq!(step(&mut raw, synctype::END, n, xaflags::SUCCESS).await, XaRetVal::OK);
    }
    // On whatever connection.
    let mut again = open(&server).await;
    for mine in [&mut raw, &mut again] {
        assert_eq!(step(mine, synctype::NEW, 500, NONE).await, XaRetVal::SERVER_ERROR);
    }
    let mut other = Raw::connect(&server).await;
    other.login_to_branches("you").await;
    branch(&mut other, 500).await;
    assert_eq!(step(&mut other, synctype::COMMIT, 500, xaflags::ONE_PHASE).await, XaRetVal::OK);
    assert_eq!(in_table(&server, "T").await, 2);
    // One that is over makes room.
    assert_eq!(step(&mut raw, synctype::ROLLBACK, 7, NONE).await, XaRetVal::OK);
    assert_eq!(step(&mut again, synctype::NEW, 500, NONE).await, XaRetVal::OK);
    assert_eq!(waiting(&mut other).await, []);
    server.shutdown().await;
}
