//! Errors of the client as those of ADBC: the status by SQLSTATE, and what else is known as details.

use crate::client::config::ConfigError;
use crate::client::error::{self, ErrorClass, Phase};
use adbc_core::error::{Error, Status};
use std::ffi::c_char;

/// An error of the client.
pub(super) fn of(e: error::Error) -> Error {
    let mut details: Vec<(String, Vec<u8>)> = vec![("phase".to_owned(), e.phase.name().into())];
    let mut put = |key: &str, value: Option<String>| {
        details.extend(value.map(|value| (key.to_owned(), value.into_bytes())));
    };
    // A manager that takes details leaves no room for the vendor's code.
    put("sqlcode", e.sqlcode.map(|code| code.to_string()));
    put("row", e.row.map(|row| row.to_string()));
    put("column", e.column.clone());
    put("hint", e.hint.clone());
    put("peer", e.peer.clone());
    put("retryable", e.retryable.then(|| "true".to_owned()));
    put("connection_usable", (!e.connection_usable).then(|| "false".to_owned()));
    Error {
        // Text of C ends at the first NUL.
        message: e.to_string().replace('\0', "\u{FFFD}"),
        status: status(&e),
        vendor_code: e.sqlcode.unwrap_or_default(),
        sqlstate: sqlstate(e.sqlstate.as_deref().unwrap_or_default()),
        details: Some(details.into_iter().map(|(key, value)| (key, without_nul(value))).collect()),
    }
}

/// A setting that cannot be meant.
pub(super) fn of_setting(e: ConfigError) -> Error {
    of(e.into())
}

/// An error of our own.
pub(super) fn fault(status: Status, sqlstate: &str, message: impl Into<String>) -> Error {
    let message = message.into().replace('\0', "\u{FFFD}");
    Error { sqlstate: self::sqlstate(sqlstate), ..Error::with_message_and_status(message, status) }
}

/// A wait that was broken off.
pub(super) fn cancelled() -> Error {
    fault(Status::Cancelled, "57014", "the wait was broken off; what was sent is not taken back")
}

fn without_nul(value: Vec<u8>) -> Vec<u8> {
    value.into_iter().filter(|byte| *byte != 0).collect()
}

fn sqlstate(text: &str) -> [c_char; 5] {
    let mut state = [0; 5];
    for (place, byte) in state.iter_mut().zip(text.bytes()) {
        *place = c_char::try_from(byte).unwrap_or_default();
    }
    state
}

fn status(e: &error::Error) -> Status {
    let state = e.sqlstate.as_deref().unwrap_or_default();
    match state {
        // No table, schema, view of this name; Derby's own of table and schema.
        "42704" | "42X05" | "42Y07" | "42Y55" => return Status::NotFound,
        "42710" | "X0Y32" | "X0Y68" => return Status::AlreadyExists,
        "57014" | "XCL52" => return Status::Cancelled,
        // A limit has passed, or a lock was waited for too long; Derby's own of locks.
        "57033" | "40XL1" | "40XL2" => return Status::Timeout,
        // Missing privileges; Derby's own.
        "42501" | "42502" | "42505" | "42506" | "42507" | "42508" | "42509" | "42512" | "42517" | "42519" | "38004" => {
            return Status::Unauthorized;
        }
        "56084" => return Status::NotImplemented,
        // The connection was closed by its user.
        "08003" if e.kind == ErrorClass::Interface => return Status::InvalidState,
        _ => {}
    }
    match state.get(..2).unwrap_or_default() {
        "28" => Status::Unauthenticated,
        // Derby says so of a wrong password.
        "08" if e.phase == Phase::Security && state == "08004" => Status::Unauthenticated,
        "23" => Status::Integrity,
        "22" => Status::InvalidData,
        "0A" => Status::NotImplemented,
        "24" | "25" => Status::InvalidState,
        "07" | "26" | "42" => Status::InvalidArguments,
        "08" | "40" | "57" => Status::IO,
        _ => match e.kind {
            ErrorClass::Interface | ErrorClass::Programming => Status::InvalidArguments,
            ErrorClass::Operational => Status::IO,
            ErrorClass::Data => Status::InvalidData,
            ErrorClass::Integrity => Status::Integrity,
            ErrorClass::NotSupported => Status::NotImplemented,
            ErrorClass::Internal => Status::Internal,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_decides_the_status() {
        let of_state = |state: &str, kind, phase| status(&error::Error::new(kind, phase, state, "x"));
        for (state, expected) in [
            ("42704", Status::NotFound),
            ("42X05", Status::NotFound),
            ("42710", Status::AlreadyExists),
            ("42601", Status::InvalidArguments),
            ("23505", Status::Integrity),
            ("22003", Status::InvalidData),
            ("28000", Status::Unauthenticated),
            ("57014", Status::Cancelled),
            ("57033", Status::Timeout),
            ("08006", Status::IO),
            ("40001", Status::IO),
            ("0A000", Status::NotImplemented),
            ("24501", Status::InvalidState),
            ("58009", Status::IO),
        ] {
            assert_eq!(of_state(state, ErrorClass::Operational, Phase::Execute), expected, "{state}");
        }
        assert_eq!(of_state("", ErrorClass::Interface, Phase::Config), Status::InvalidArguments);
        assert_eq!(of_state("58009", ErrorClass::Internal, Phase::Fetch), Status::Internal);
        assert_eq!(of_state("08003", ErrorClass::Interface, Phase::Execute), Status::InvalidState);
    }

    #[test]
    fn the_code_and_the_place_are_details() {
        let mut e = error::Error::new(ErrorClass::Data, Phase::Fetch, "22003", "too\0large").hint("cast it");
        (e.sqlcode, e.row) = (Some(-302), Some(7));
        let e = of(e);
        assert_eq!((e.vendor_code, e.status), (-302, Status::InvalidData));
        assert!(!e.message.contains('\0') && e.message.contains("cast it"), "{}", e.message);
        let details = e.details.unwrap();
        assert!(details.contains(&("sqlcode".to_owned(), b"-302".to_vec())), "{details:?}");
        assert!(details.contains(&("row".to_owned(), b"7".to_vec())), "{details:?}");
        assert_eq!(e.sqlstate.map(|c| c as u8), *b"22003");
    }
}
