//! Sends client information to the server, at the login and later.

use super::inner::Inner;
use super::missing_package::with_package;
use crate::client::config::client_info::ClientInfo;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::flow::error::FlowError;
use crate::flow::sql::execute::{Immediate, SetRegisters};
use crate::net::transport::Deadline;
use crate::wire::value::product::Product;

/// Tells the server what the settings say. It only informs the server's administrators: a refusal is
/// no reason to stay away, but the user hears of it.
pub(super) async fn introduce(inner: &Inner, deadline: Deadline) -> Result<()> {
    let known = matches!(inner.session.product, Product::Luw | Product::IbmI | Product::Zos);
    if !known || inner.config.client.is_empty() {
        return Ok(());
    }
    match tell(inner, &inner.config.client, true, Some(deadline)).await {
        Err(e) if e.connection_usable => {
            let said = inner.caution.say(&format!("the client information was not taken: {e}"));
            said.map_err(|e| Error::from_flow(FlowError::Secmec(e), Phase::Execute))
        }
        other => other,
    }
}

/// Changes the registers. With `commit` the unit of work that a call opens ends with it.
pub(super) async fn tell(inner: &Inner, info: &ClientInfo, commit: bool, deadline: Option<Deadline>) -> Result<()> {
    with_package!(inner, deadline, try_to_tell(inner, info, commit, deadline).await)
}

async fn try_to_tell(inner: &Inner, info: &ClientInfo, commit: bool, deadline: Option<Deadline>) -> Result<()> {
    let phase = Phase::Execute;
    let lease = inner.lease(phase)?;
    let (session, section) = (inner.session.clone(), lease.name.clone());
    match inner.session.product {
        Product::Luw | Product::Zos => {
            inner.talk_until(SetRegisters::new(session, section, info.sets()), phase, deadline).await.map(drop)
        }
        Product::IbmI => {
            let call = Immediate::new(session, section, info.call(), commit);
            match inner.talk_until(call, phase, deadline).await? {
                Ok(_) => Ok(()),
                Err(failed) => Err(inner.explained(failed.error.into(), phase).await),
            }
        }
        Product::Derby | Product::Other => {
            let text = "this server has no registers for client information";
            Err(Error::new(ErrorClass::NotSupported, phase, "0A000", text).at(&inner.peer))
        }
    }
}
