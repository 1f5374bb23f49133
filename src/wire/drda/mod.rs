//! The SQL wing: one file per command family of DRDA.

pub mod accrdb;
pub mod bind;
pub mod command;
pub mod execute;
pub mod package;
pub mod prepare;
pub mod query;
pub mod sqlca;
pub mod sqlda;
pub mod text;
pub mod uow;
