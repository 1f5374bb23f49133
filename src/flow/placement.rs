//! Which objects may stand in a reply, and in which kind of frame. An unknown object is an error wherever it
//! stands: it may be rows, or the end of rows, under a damaged name. Objects that only inform are listed. An
//! unknown reply message that says that it is an error is a refusal.

use super::error::FlowError;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::object::{Object, params};
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::header::DssType;

/// Objects that may stand in any reply and are stepped over: what Derby says of a changed isolation
/// level or schema (measured: Derby 10.14), and what a server measured (read: DRDA).
const INFORMATION: [CodePoint; 2] = [cp::PBSD, cp::MONITORRD];

/// Objects that may stand in the replies of a login and are stepped over: the server's principal of
/// Kerberos, a token that stands outside of SECCHKRM, and what IMS says after ACCRDBRM. (Read: DRDA; the
/// source of a server for Kerberos; IBM's documentation of IMS.)
const LOGIN: [CodePoint; 3] = [cp::KERSECPPL, cp::SECTKN, cp::ACCRDBFDBK];

/// Data that only an object frame carries.
const DATA: [CodePoint; 10] = [
    cp::QRYDTA,
    cp::EXTDTA,
    cp::QRYDSC,
    cp::SQLDARD,
    cp::SQLDTARD,
    cp::SQLCINRD,
    cp::SQLRSLRD,
    cp::S38BUF,
    cp::S38IOFB,
    cp::S38OPNFB,
];

/// Reply messages that some server sends in an object frame: the open of a procedure's result set
/// (measured: Derby 10.14), and those of the login, whose frames no client of IBM looks at (measured: JTOpen).
const EITHER: [CodePoint; 3] = [cp::OPNQRYRM, cp::SECCHKRM, cp::ACCRDBRM];

/// Reply messages that answer certain commands, which take them themselves.
const ANSWERS: [CodePoint; 5] = [cp::SECCHKRM, cp::ACCRDBRM, cp::OPNQRYRM, cp::RSLSETRM, cp::S38MSGRM];

/// SVRCOD from which on a reply message is a refusal.
const ERROR: u16 = 8;

/// True for what may be stepped over in any reply.
pub(super) fn informs(point: CodePoint) -> bool {
    INFORMATION.contains(&point)
}

/// True for what may be stepped over in a reply of the login.
pub(super) fn informs_at_login(point: CodePoint) -> bool {
    LOGIN.contains(&point)
}

/// Holds an object of a reply against the kind of its frame.
pub fn check(kind: DssType, object: &Object) -> Result<(), FlowError> {
    let point = object.cp;
    let known = point.name().is_some();
    let message = point.is_reply_message();
    let why = match kind {
        DssType::Reply if DATA.contains(&point) => "a reply frame cannot carry it",
        DssType::Reply if known || severity(object) >= ERROR => return Ok(()),
        DssType::Object if message && !EITHER.contains(&point) => "an object frame cannot carry it",
        DssType::Object if known => return Ok(()),
        DssType::Reply | DssType::Object => "it is not known",
        DssType::Request | DssType::RequestNoReply | DssType::Encrypted => "its frame is not that of a reply",
    };
    Err(FlowError::Misplaced { point, why })
}

/// SVRCOD of a reply message, known or not.
fn severity(object: &Object) -> u16 {
    let code = params(&object.body).find_map(|param| match param {
        Ok((cp::SVRCOD, code)) => code.try_into().ok().map(u16::from_be_bytes),
        _ => None,
    });
    code.unwrap_or(0)
}

/// A reply message that the command itself does not expect, known or not. Anything else is an error, and so is
/// the good answer to another command.
pub(super) fn message(object: &Object, text: DdmText) -> Result<Reply, FlowError> {
    let point = object.cp;
    let why = if point.name().is_some() { "this command's reply has none" } else { "it is not known" };
    if DATA.contains(&point) || !point.is_reply_message() && severity(object) < ERROR {
        return Err(FlowError::Misplaced { point, why });
    }
    let reply = Reply::decode(point, &object.body, text)?;
    match ANSWERS.contains(&point) && !reply.is_error() {
        true => Err(FlowError::Misplaced { point, why }),
        false => Ok(reply),
    }
}

/// Takes what may stand once in a reply.
pub(super) fn once<T>(place: &mut Option<T>, value: T, point: CodePoint) -> Result<(), FlowError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(FlowError::Misplaced { point, why: "it stands twice" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn object(cp: CodePoint, body: &'static [u8]) -> Object {
        Object { cp, body: Bytes::from_static(body) }
    }

    #[test]
    fn what_is_not_known_is_named_in_hex() {
        for kind in [DssType::Object, DssType::Reply] {
            let e = check(kind, &object(CodePoint::new(0x2499), &[])).unwrap_err();
            assert!(e.to_string().contains("X'2499'"), "{e}");
        }
        // A message that the architecture gained later may refuse; anything else of it is lost on us.
        for (severity, refuses) in [(&[0, 6, 0x11, 0x49, 0, 8], true), (&[0, 6, 0x11, 0x49, 0, 4], false)] {
            let later = object(CodePoint::new(0x2299), severity);
            assert_eq!(check(DssType::Reply, &later).is_ok(), refuses);
            assert_eq!(message(&later, DdmText::Utf8).is_ok(), refuses);
            assert!(check(DssType::Object, &later).is_err());
        }
    }

    #[test]
    fn data_come_in_object_frames_and_messages_in_reply_frames() {
        for point in DATA {
            assert!(check(DssType::Object, &object(point, &[])).is_ok());
            assert!(check(DssType::Reply, &object(point, &[])).is_err());
            assert!(message(&object(point, &[0, 6, 0x11, 0x49, 0, 8]), DdmText::Utf8).is_err());
        }
        for point in ANSWERS {
            assert!(message(&object(point, &[0, 6, 0x11, 0x49, 0, 0]), DdmText::Utf8).is_err());
            assert!(message(&object(point, &[0, 6, 0x11, 0x49, 0, 8]), DdmText::Utf8).is_ok());
        }
        for point in [cp::ENDUOWRM, cp::ENDQRYRM, cp::SQLERRRM, cp::S38MSGRM] {
            assert!(check(DssType::Reply, &object(point, &[])).is_ok());
            assert!(check(DssType::Object, &object(point, &[])).is_err());
        }
        // (Measured: Derby sends these in either.)
        for point in [cp::EXCSATRD, cp::ACCSECRD, cp::OPNQRYRM, cp::SQLCARD, cp::PBSD] {
            assert!(check(DssType::Reply, &object(point, &[])).is_ok());
            assert!(check(DssType::Object, &object(point, &[])).is_ok());
        }
        for kind in [DssType::Request, DssType::RequestNoReply, DssType::Encrypted] {
            assert!(check(kind, &object(cp::SQLCARD, &[])).is_err());
        }
    }
}
