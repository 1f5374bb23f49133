//! The commands of SQL: each with its message and its handler.

use super::session::SqlSession;
use super::xa::syncctl;
use super::{bind, execute, prepare, query, sndpkt, uow};
use crate::server::environment::Environment;
use crate::server::protocol_error::Result;
use crate::server::request::{After, Replies, Request};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::sql::bind::{BgnBnd, BndSqlStt, EndBnd};
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::prepare::{DscSqlStt, ExcSqlImm, ExcSqlSet, PrpSqlStt};
use crate::wire::sql::query::{ClsQry, CntQry, OpnQry};
use crate::wire::sql::sndpkt::SndPkt;
use crate::wire::sql::uow::{RdbCmm, RdbRllBck};

/// Decodes a command and runs it.
pub(in crate::server) type Handler = fn(&mut SqlSession, &Environment, &Request, &mut Replies<'_>) -> Result<After>;

/// The handler of a command; none for one that is not of SQL.
pub(in crate::server) fn handler(command: CodePoint) -> Option<Handler> {
    Some(match command {
        cp::PRPSQLSTT => |sql, env, r, out| {
            let command = PrpSqlStt::decode(&r.command.body, env.text)?;
            prepare::prpsqlstt(sql, env, &command, &r.objects, out)
        },
        cp::DSCSQLSTT => |sql, env, r, out| {
            let command = DscSqlStt::decode(&r.command.body, env.text)?;
            prepare::dscsqlstt(sql, env, &command, out)
        },
        cp::OPNQRY => |sql, env, r, out| {
            let command = OpnQry::decode(&r.command.body, env.text)?;
            query::opnqry(sql, env, &command, &r.objects, out)
        },
        cp::CNTQRY => |sql, env, r, out| {
            let command = CntQry::decode(&r.command.body, env.text)?;
            query::cntqry(sql, env, &command, &r.objects, out)
        },
        cp::CLSQRY => |sql, env, r, out| {
            let command = ClsQry::decode(&r.command.body, env.text)?;
            query::clsqry(sql, env, &command, out)
        },
        cp::EXCSQLSTT => |sql, env, r, out| {
            let command = ExcSqlStt::decode(&r.command.body, env.text)?;
            execute::excsqlstt(sql, env, &command, &r.objects, out)
        },
        cp::EXCSQLIMM => |sql, env, r, out| {
            let command = ExcSqlImm::decode(&r.command.body, env.text)?;
            prepare::excsqlimm(sql, env, &command, &r.objects, out)
        },
        cp::EXCSQLSET => |sql, env, r, out| {
            // Its package says nothing here: registers belong to none in particular.
            ExcSqlSet::decode(&r.command.body, env.text)?;
            prepare::excsqlset(sql, env, &r.objects, out)
        },
        cp::RDBCMM => |sql, env, r, out| {
            RdbCmm::decode(&r.command.body, env.text)?;
            uow::rdbcmm(sql, env, out)
        },
        cp::RDBRLLBCK => |sql, env, r, out| {
            RdbRllBck::decode(&r.command.body, env.text)?;
            uow::rdbrllbck(sql, env, out)
        },
        cp::SYNCCTL => |sql, env, r, out| syncctl::syncctl(sql, env, &r.command.body, out),
        cp::SNDPKT => |_, env, r, out| sndpkt::sndpkt(&SndPkt::decode(&r.command.body, env.text)?, out),
        cp::BGNBND => |sql, env, r, out| {
            let command = BgnBnd::decode(&r.command.body, env.text)?;
            bind::bgnbnd(sql, env, command, out)
        },
        cp::BNDSQLSTT => |sql, env, r, out| {
            let command = BndSqlStt::decode(&r.command.body, env.text)?;
            bind::bndsqlstt(sql, env, &command, out)
        },
        cp::ENDBND => |sql, env, r, out| {
            let command = EndBnd::decode(&r.command.body, env.text)?;
            bind::endbnd(sql, env, &command, out)
        },
        cp::DRPPKG => |sql, env, r, out| {
            let package = bind::package(&r.command.body, env.text)?;
            bind::drppkg(sql, env, &package, out)
        },
        cp::REBIND => |sql, env, r, out| {
            let package = bind::package(&r.command.body, env.text)?;
            bind::rebind(sql, env, &package, out)
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::codepoint::{Class, Side};

    #[test]
    fn only_commands_of_this_side_have_handlers() {
        let handled = (0..=u16::MAX).map(CodePoint::new).filter(|point| handler(*point).is_some());
        let of_this_side = |point: CodePoint| (point.class(), point.side()) == (Some(Class::Command), Some(Side::Sql));
        assert!(handled.clone().count() > 10);
        assert_eq!(handled.filter(|point| !of_this_side(*point)).collect::<Vec<_>>(), []);
    }
}
