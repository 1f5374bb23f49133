//! Binding packages: BGNBND, BNDSQLSTT for each statement, ENDBND; DRPPKG and REBIND. A package is
//! no more here than a name that statements may run under: dynamic sections need nothing else.

use crate::server::conversation::{After, Conversation, Out, Request};
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::command::{FoundParams, ParamSlot};
use crate::wire::ddm::reply::Reply;
use crate::wire::sql::bind::{BgnBnd, BndSqlStt, EndBnd};
use crate::wire::sql::package::PkgNamCt;

impl Conversation {
    pub(in crate::server) fn package_command(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let body = &request.command.body;
        let done = match request.command.cp {
            cp::BGNBND => {
                let name = BgnBnd::decode(body, self.text)?.pkgnamct;
                self.binding = Some((name.collection, name.package));
                Ok(())
            }
            cp::BNDSQLSTT => {
                let name = BndSqlStt::decode(body, self.text)?.pkgnamcsn;
                self.same_binding(&name.collection, &name.package)?;
                Ok(())
            }
            cp::ENDBND => {
                let name = EndBnd::decode(body, self.text)?.pkgnamct;
                self.same_binding(&name.collection, &name.package)?;
                self.binding = None;
                if self.shared.bind(&name.collection, &name.package) {
                    Ok(())
                } else {
                    Err(SqlError::new(-904, "57011", &["00E7009A", "package", &name.package]))
                }
            }
            cp::DRPPKG => {
                let name = self.named(body)?;
                let dropped = self.shared.drop_package(&name.collection, &name.package);
                if dropped { Ok(()) } else { Err(missing(&name)) }
            }
            cp::REBIND => {
                let name = self.named(body)?;
                let there = self.shared.has_package(&name.collection, &name.package);
                if there { Ok(()) } else { Err(missing(&name)) }
            }
            other => return Err(ProtocolError::unsupported(cp::CMDNSPRM, other)),
        };
        match done {
            Ok(()) => {
                let sqlca = self.success(None);
                self.card(Some(&sqlca), out)?;
            }
            Err(error) => self.fail(&error, out)?,
        }
        Ok(After::Next)
    }

    /// The package that a command without other parameters names.
    fn named(&self, body: &[u8]) -> Result<PkgNamCt> {
        let found = FoundParams::read("package command", body)?;
        Ok(<PkgNamCt as ParamSlot>::take(&found, cp::PKGNAMCT, self.text)?)
    }

    /// PKGBNARM unless this package is being bound.
    fn same_binding(&self, collection: &str, package: &str) -> Result<()> {
        match &self.binding {
            Some((c, p)) if c == collection && p == package => Ok(()),
            _ => Err(ProtocolError::reply(Reply::new(cp::PKGBNARM))),
        }
    }
}

fn missing(name: &PkgNamCt) -> SqlError {
    SqlError::new(-204, "42704", &[&format!("{}.{}", name.collection, name.package)])
}
