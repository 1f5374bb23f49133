//! The SQL side: one file per command family of DRDA.

pub mod accrdb;
pub mod bind;
pub mod error;
pub mod execute;
pub mod intrdbrqs;
pub mod layout;
pub mod like;
pub mod package;
pub mod placeholder;
pub mod prepare;
pub mod query;
pub mod resultset;
pub mod sndpkt;
pub mod sqlca;
pub mod sqlcode;
pub mod sqlda;
pub mod sqldiag;
pub mod sqlvar;
pub mod syncctl;
pub mod text;
pub mod typdef;
pub mod uow;
