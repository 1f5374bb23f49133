//! The file side: files of IBM i, read and written record by record. One file per command or
//! feedback area of the extensions that begin with S38, and the record formats.

pub mod buffer;
pub mod close;
pub mod control;
pub mod describe;
pub mod format;
pub mod iofb;
pub mod key;
pub mod message;
pub mod open;
pub mod opnfb;
pub mod outfile;
pub mod outfile_columns;
pub mod read;
pub mod session;
pub mod signon;
pub mod system_name;
pub mod write;

#[cfg(test)]
mod captured;
