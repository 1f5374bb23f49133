//! Asks the system for the description of a file: DSPFFD and DSPFD write outfiles into QTEMP, which are read as
//! any other file. Their formats are known beforehand.

use super::file_name::FileName;
use super::handle::Handle;
use super::inner::FileInner;
use super::options::OpenMode;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::flow::file::read::{self, FoundRecord};
use crate::wire::ddm::error::MessageError;
use crate::wire::file::control::{Share, Which};
use crate::wire::file::describe::{self, MemberDescription};
use crate::wire::file::format::{FileFormats, RecordFormat};
use crate::wire::file::open::{Blocking, Ufcb};
use crate::wire::file::outfile_columns::{ACCESS_PATH, FIELDS, MEMBERS, Outfile};
use std::sync::Arc;

/// Where the outfiles are.
const QTEMP: &str = "QTEMP";
const FIELDS_FILE: &str = "DRDAFFD";
const KEYS_FILE: &str = "DRDAFD";
const MEMBERS_FILE: &str = "DRDAMBR";
/// Rows asked for at a time.
const BLOCK: u16 = 100;
/// The most rows of an outfile: formats have up to 8,000 fields, files 32,767 members.
const MOST: usize = 1 << 20;

/// The record formats and keys of a file.
pub(super) async fn describe_file(inner: &Arc<FileInner>, name: &FileName) -> Result<FileFormats> {
    let _turn = inner.describing.lock().await;
    let file = name.qualified();
    let ccsid = inner.speech().ccsid;
    let mut formats = formats(inner, &file).await?;
    let rows = outfile(inner, &format!("DSPFD FILE({file}) TYPE(*ACCPTH)"), KEYS_FILE, &ACCESS_PATH, false).await?;
    (formats.keys, formats.unique) = understood(inner, describe::keys(slices(&rows), ccsid))?;
    Ok(formats)
}

/// The record formats of a file: `LIB/FILE`.
async fn formats(inner: &Arc<FileInner>, file: &str) -> Result<FileFormats> {
    let rows = outfile(inner, &format!("DSPFFD FILE({file})"), FIELDS_FILE, &FIELDS, true).await?;
    let formats = understood(inner, describe::formats(slices(&rows), inner.speech().ccsid))?;
    if formats.formats.is_empty() {
        let e =
            Error::new(ErrorClass::Internal, Phase::Execute, "58009", format!("{file}: DSPFFD describes no format"));
        return Err(e.at(&inner.peer));
    }
    Ok(formats)
}

/// The members of a file.
pub(super) async fn members(inner: &Arc<FileInner>, name: &FileName) -> Result<Vec<MemberDescription>> {
    let _turn = inner.describing.lock().await;
    let cl = format!("DSPFD FILE({}) TYPE(*MBR)", name.qualified());
    let rows = outfile(inner, &cl, MEMBERS_FILE, &MEMBERS, true).await?;
    understood(inner, describe::members(slices(&rows), inner.speech().ccsid))
}

/// Runs a command that writes an outfile, reads that, and deletes it.
pub(super) async fn outfile(
    inner: &Arc<FileInner>,
    cl: &str,
    file: &str,
    layout: &Outfile,
    arrival: bool,
) -> Result<Vec<Vec<u8>>> {
    inner.command(&format!("{cl} OUTPUT(*OUTFILE) OUTFILE({QTEMP}/{file})")).await?;
    let rows = rows(inner, file, layout.format, arrival).await;
    deleted(inner, file, rows).await
}

/// The same of an outfile whose layout is asked for: its record format and its rows.
pub(super) async fn described(inner: &Arc<FileInner>, cl: &str, file: &str) -> Result<(RecordFormat, Vec<Vec<u8>>)> {
    inner.command(&format!("{cl} OUTPUT(*OUTFILE) OUTFILE({QTEMP}/{file})")).await?;
    let found = async {
        let format = formats(inner, &format!("{QTEMP}/{file}")).await?.formats.into_iter().next().unwrap_or_default();
        let rows = rows(inner, file, &format.name, true).await?;
        Ok((format, rows))
    }
    .await;
    deleted(inner, file, found).await
}

/// The contents of an outfile, once that is deleted.
async fn deleted<T>(inner: &Arc<FileInner>, file: &str, found: Result<T>) -> Result<T> {
    let deleted = inner.command(&format!("QSYS/DLTF FILE({QTEMP}/{file})")).await;
    let found = found?;
    deleted?;
    Ok(found)
}

async fn rows(inner: &Arc<FileInner>, file: &str, format: &str, arrival: bool) -> Result<Vec<Vec<u8>>> {
    let ufcb = Ufcb {
        file: file.to_owned(),
        library: QTEMP.to_owned(),
        member: "*FIRST".to_owned(),
        access: OpenMode::Read.access(),
        null_capable: true,
        arrival: Some(arrival),
        commit: None,
        blocking: Some(Blocking::of(BLOCK)),
        format: Some(format.to_owned()),
    };
    // Nothing in these files is NULL: where their maps stand does not matter.
    let handle = Handle::open(inner, ufcb, Some(0)).await?;
    let mut out = Vec::new();
    loop {
        let count = handle.block(BLOCK);
        let request = read::get_many(inner.speech(), handle.dclnam, Which::Next, Share::Read, count, &handle.layout);
        let answer = inner.talk(request, Phase::Execute).await?;
        let found = read::found(answer, &handle.layout).map_err(|e| inner.flow_error(e, Phase::Execute))?;
        let FoundRecord::Records(block) = found else { break };
        let record = handle.layout.record;
        let slots = block.slots.chunks_exact(handle.layout.increment.max(1)).take(block.count);
        out.extend(slots.map(|slot| slot.get(..record).unwrap_or_default().to_vec()));
        if out.len() > MOST {
            let e = Error::new(ErrorClass::Internal, Phase::Execute, "58009", format!("{file} has no end"));
            return Err(e.at(&inner.peer));
        }
    }
    handle.close().await?;
    Ok(out)
}

fn slices(rows: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    rows.iter().map(Vec::as_slice)
}

/// The error of a file whose contents make no sense; the talk is sound and the connection stays.
pub(super) fn understood<T>(inner: &FileInner, read: std::result::Result<T, MessageError>) -> Result<T> {
    read.map_err(|e| {
        let message = format!("the description of the file cannot be read: {e}");
        Error::new(ErrorClass::Internal, Phase::Execute, "58009", message).at(&inner.peer)
    })
}
