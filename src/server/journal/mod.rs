//! Journals of record files: each library has one, `QSQJRN`, to which every change of its files goes as an entry, with
//! the images of the records before and after. Entries are kept as Arrow batches, in receivers; the oldest receivers go
//! when there are many. SQL reads them by `QSYS2.DISPLAY_JOURNAL` and the views beside it. (Read: IBM i Journal
//! management, and IBM i Services; nothing of it was measured.)

pub(in crate::server) mod columns;
pub(in crate::server) mod entry;
#[expect(clippy::module_inception, reason = "the file is named after the type")]
pub(in crate::server) mod journal;
pub(in crate::server) mod journals;
mod receiver;
mod views;
