//! S38OPEN: finds the member, locks it, tells by S38OPNFB what it is like.

use super::commit::Commitment;
use super::job::Job;
use super::lock_wait::Patience;
use super::locks::{LockState, ObjectLock};
use super::message::{Fault, Result};
use super::open_files::OpenDataPath;
use super::physical::PhysicalFile;
use super::reply::TEXT;
use super::rules::Duplicates;
use crate::server::request::Replies;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::put_bytes;
use crate::wire::file::buffer::BufferLayout;
use crate::wire::file::open::{CommitLevel, OpenAccess, S38Open, Ufcb};
use crate::wire::file::opnfb::OpenFeedback;

/// Bytes of a block, as the system limits them.
pub(super) const BLOCK: usize = 16 << 20;

pub(super) fn open(job: &mut Job, command: S38Open, out: &mut Replies<'_>) -> Result<()> {
    let S38Open { dclnam, ufcb } = command;
    job.open.check_free(dclnam)?;
    let Some(file) = job.libraries.find(&ufcb.library, &ufcb.file) else {
        let text = format!("File {} in library {} not found.", ufcb.file, ufcb.library);
        return Err(Fault::new("CPF4101", text).into());
    };
    let commit = level(&job.commitment, &ufcb)?;
    let (read, write, change, delete) = match ufcb.access {
        OpenAccess::Read => (true, false, false, false),
        OpenAccess::Write => (false, true, false, false),
        OpenAccess::ReadWrite | OpenAccess::SspReadWrite => (true, true, true, true),
        OpenAccess::SspWrite => (false, true, true, false),
    };
    if write {
        let what = || format!("File {} in library {} not opened for output", ufcb.file, file.library);
        job.libraries.may_change(&file.library, "CPF4104", what)?;
    }
    let state = if write { LockState::SharedUpdate } else { LockState::SharedRead };
    let id = job.id;
    let locked = job.waiter.attempt(&file, Patience::Usual, |contents| {
        let Some(member) = contents.resolve(&ufcb.member) else {
            let text = format!("File {} with member {} not found.", ufcb.file, ufcb.member);
            return Err(Fault::new("CPF4102", text).into());
        };
        let lock = ObjectLock { job: id, state, member: Some(member), open: true };
        if contents.meets(&lock, false) {
            return Ok(None);
        }
        contents.locks.push(lock.clone());
        Ok(Some(lock))
    })?;
    let Some(lock) = locked else {
        let text = format!("Not able to allocate file {} for its open.", ufcb.file);
        return Err(Fault::new("CPF4128", text).into());
    };
    let member = lock.member.clone().unwrap_or_default();
    let layout = file.layout();
    let asked = ufcb.blocking.map_or(1, |b| if b.sequential { b.records } else { 1 });
    let open = OpenDataPath {
        keyed: file.path().is_some() && ufcb.arrival != Some(true),
        block: block(asked, &layout),
        place: Default::default(),
        locked: None,
        written: None,
        file: file.clone(),
        member,
        lock,
        read,
        write,
        change,
        delete,
        commit,
    };
    let mut feedback = feedback(&open, &layout);
    feedback.record_wait = u32::try_from(job.waiter.usual().as_secs()).unwrap_or(u32::MAX);
    job.open.insert(dclnam, open);
    let mut w = Writer::new();
    put_bytes(&mut w, cp::S38OPNFB, &feedback.encode(TEXT)?);
    out.object(w.as_slice());
    Ok(())
}

/// The level of commitment control that an open asks for.
fn level(commitment: &Commitment, ufcb: &Ufcb) -> Result<Option<CommitLevel>> {
    let asked = match ufcb.commit {
        None | Some(CommitLevel::None) => return Ok(None),
        Some(asked) => asked,
    };
    match (commitment.level(), asked) {
        (None, _) => {
            let text = format!("Commitment control is not active: file {} is not opened.", ufcb.file);
            Err(Fault::new("CPF4326", text).into())
        }
        (job, CommitLevel::Default) => Ok(job),
        (_, level) => Ok(Some(level)),
    }
}

/// The most records of a block.
fn block(asked: u16, layout: &BufferLayout) -> u16 {
    let most = u16::try_from(BLOCK / layout.increment.max(1)).unwrap_or(u16::MAX);
    asked.clamp(1, most.max(1))
}

fn feedback(open: &OpenDataPath, layout: &BufferLayout) -> OpenFeedback {
    let PhysicalFile { library, name, definition, .. } = &*open.file;
    let records = open.file.contents().member(&open.member).map_or(0, |m| m.count());
    let length = layout.record as u16;
    let bytes = layout.increment as u32 * u32::from(open.block);
    let access = match (open.keyed, definition.unique, definition.duplicates) {
        (false, ..) => "AR",
        (_, true, _) => "KU",
        (_, _, None) => "KN",
        (_, _, Some(Duplicates::Fifo)) => "KF",
        (_, _, Some(Duplicates::Lifo)) => "KL",
        (_, _, Some(Duplicates::Fcfo)) => "KC",
    };
    let nullable = definition.format.fields.iter().any(|f| f.nullable);
    OpenFeedback {
        open_type: match (open.read, open.write) {
            (true, false) => 0x40,
            (false, _) => 0x20,
            (true, true) => 0x60,
        },
        file: name.clone(),
        library: library.clone(),
        member: open.member.clone(),
        record_length: length,
        input_length: if open.read { bytes } else { 0 },
        output_length: if open.write { bytes } else { 0 },
        records: u32::try_from(records).unwrap_or(u32::MAX),
        access: access.to_owned(),
        duplicate_keys: open.keyed && !definition.unique,
        source: definition.source,
        parameters: [0; 10],
        block: open.block,
        increment: layout.increment as u16,
        flags: 0,
        members: 1,
        longest: length,
        record_wait: 0,
        variable: if nullable { 0x0040 } else { 0 },
        null_map: layout.null_map.unwrap_or(0) as u16,
        null_key_map: 0,
        ccsid: super::message::CCSID,
        fixed_length: 0,
        shortest: 0,
    }
}
