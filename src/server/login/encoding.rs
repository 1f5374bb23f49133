//! The encoding that a requester writes names in, whatever was agreed.

use crate::server::environment::Environment;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::server::request::Request;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::params;
use crate::wire::ddm::text::DdmText;

/// Refuses a requester that has asked for UTF-8 and goes on in EBCDIC, by the first name that is no UTF-8: that is a
/// SYNTAXRM about it. (Measured: adbc-driver-db2, of which the integers come in the wrong order then, too.)
pub(in crate::server) fn check(env: &Environment, request: &Request) -> Result<()> {
    if env.text != DdmText::Utf8 {
        return Ok(());
    }
    let names = params(&request.command.body).filter_map(std::result::Result::ok);
    let mut names = names.filter(|(point, _)| matches!(*point, cp::RDBNAM | cp::USRID | cp::PRDID));
    match names.find(|(_, name)| std::str::from_utf8(name).is_err()) {
        Some((point, _)) => {
            let name = point.name().unwrap_or("?");
            tracing::warn!(name, "refused: the requester has asked for UTF-8 (UNICODEMGR 1208) and goes on in EBCDIC");
            Err(ProtocolError::syntax(synerrcd::VALUE, Some(point)))
        }
        None => Ok(()),
    }
}
