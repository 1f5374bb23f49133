//! Reply messages in words, and as the SQLSTATE of an error.

use std::fmt::{self, Write};

use super::codepoint as cp;
use super::rdbname;
use super::reply::Reply;

impl Reply {
    /// The reply in words: its name, what it means, and what it is about.
    pub fn describe(&self) -> String {
        let mut out = format!("{}: {}", self.cp, self.meaning());
        // A String takes everything.
        let _ = self.details(&mut out);
        out
    }

    /// The SQLSTATE of the error that this reply becomes when no SQLCARD says it better.
    pub fn sqlstate(&self) -> &'static str {
        match self.cp {
            _ if !self.is_error() => "00000",
            cp::MGRLVLRM => "58010",
            cp::CMDNSPRM => "58014",
            cp::OBJNSPRM => "58015",
            cp::PRMNSPRM => "58016",
            cp::VALNSPRM => "58017",
            cp::PKGBPARM => "58011",
            cp::PKGBNARM => "58012",
            cp::RDBNFNRM | cp::RDBAFLRM | cp::RDBATHRM | cp::TRGNSPRM => "08004",
            cp::RDBACCRM => "08002",
            cp::RDBNACRM => "08003",
            cp::SECCHKRM => "28000",
            cp::CMDATHRM => "42501",
            cp::QRYNOPRM => "24501",
            cp::QRYPOPRM => "24502",
            cp::ABNUOWRM => "40000",
            cp::CMDVLTRM | cp::CMMRQSRM => "2D521",
            // The next command may fare better, or it will not.
            cp::RSCLMTRM if self.svrcod < 16 => "57012",
            cp::RSCLMTRM | cp::AGNPRMRM => "57013",
            _ if self.breaks_connection() => "58009",
            _ => "58008",
        }
    }

    /// The meaning of the kind of reply.
    fn meaning(&self) -> String {
        let about = self.codpnt.map(|point| format!(" {}", point)).unwrap_or_default();
        match self.cp {
            cp::MGRLVLRM => "the server does not have a manager at the level asked for".into(),
            cp::MGRDEPRM => "managers that depend on each other were not asked for together".into(),
            cp::CMDATHRM => format!("not authorised to the command{about}"),
            cp::AGNPRMRM => "the server's agent failed for good".into(),
            cp::RSCLMTRM => "a resource of the server is at its limit".into(),
            cp::PRCCNVRM => "the server found commands in the wrong order".into(),
            cp::CMDCMPRM => "the command is complete".into(),
            cp::SYNTAXRM => "the server could not read what was sent; please report it".into(),
            cp::CMDNSPRM => format!("the server does not support the command{about}"),
            cp::PRMNSPRM => format!("the server does not support the parameter{about}"),
            cp::VALNSPRM => format!("the server does not support the value of{about}"),
            cp::OBJNSPRM => format!("the server does not support the object{about}"),
            cp::CMDCHKRM => "the server failed while it ran the command".into(),
            cp::TRGNSPRM => "the server is not of the kind that the command is for".into(),
            cp::SECCHKRM => "security check".into(),
            cp::ACCRDBRM => "the database is accessed".into(),
            cp::QRYNOPRM => "the query is not open".into(),
            cp::RDBNACRM => "no database is accessed".into(),
            cp::OPNQRYRM => "the query is open".into(),
            cp::PKGBNARM => "no package is being bound".into(),
            cp::RDBACCRM => "a database is accessed already".into(),
            cp::BGNBNDRM => "the binding of the package could not begin".into(),
            cp::PKGBPARM => "the command is not allowed while a package is being bound".into(),
            cp::DSCINVRM => "the server could not read a description of data; please report it".into(),
            cp::ENDQRYRM => "the query has ended".into(),
            cp::ENDUOWRM => "the unit of work has ended".into(),
            cp::ABNUOWRM => "the server rolled the unit of work back".into(),
            cp::DTAMCHRM => "data do not match their description; please report it".into(),
            cp::QRYPOPRM => "the query is open already".into(),
            cp::RDBNFNRM => "the server does not know the database".into(),
            cp::OPNQFLRM => "the query could not be opened".into(),
            cp::SQLERRRM => "SQL error".into(),
            cp::RDBUPDRM => "the database was changed in this unit of work".into(),
            cp::RSLSETRM => "the procedure returns result sets".into(),
            cp::RDBAFLRM => "access to the database failed".into(),
            cp::CMDVLTRM => "the command is not allowed here".into(),
            cp::CMMRQSRM => "the server asks for a commit".into(),
            cp::RDBATHRM => "not authorised to the database".into(),
            _ => "a reply that is not known".into(),
        }
    }

    /// Adds the parameters.
    fn details(&self, out: &mut String) -> fmt::Result {
        for (manager, level) in &self.mgrlvlls {
            write!(out, "; manager {} at level {level}", manager)?;
        }
        if let Some(name) = &self.rdbnam {
            write!(out, "; database {:?}", rdbname::shown(name))?;
        }
        if let Some(code) = self.synerrcd {
            write!(out, "; SYNERRCD {code:02X}, {}", synerrcd_text(code))?;
        }
        if let Some(code) = self.prccnvcd {
            write!(out, "; PRCCNVCD {code:02X}, {}", prccnvcd_text(code))?;
        }
        if let Some(code) = self.secchkcd {
            write!(out, "; SECCHKCD {code:02X}, {}", super::secchk::secchkcd_text(code).0)?;
        }
        if let Some(code) = self.dscerrcd {
            write!(out, "; DSCERRCD {code:02X}")?;
        }
        let named = matches!(self.cp, cp::CMDATHRM | cp::CMDNSPRM | cp::PRMNSPRM | cp::VALNSPRM | cp::OBJNSPRM);
        if let (false, Some(point)) = (named, self.codpnt) {
            write!(out, "; at {}", point)?;
        }
        match self.uowdsp {
            Some(1) => out.push_str("; committed"),
            Some(2) => out.push_str("; rolled back"),
            Some(other) => write!(out, "; UOWDSP {other:02X}")?,
            None => {}
        }
        if let Some(name) = &self.rscnam {
            write!(out, "; resource {name:?}")?;
        }
        if let Some(kind) = self.rsctyp {
            write!(out, "; RSCTYP {kind:04X}")?;
        }
        if let Some(reason) = &self.rsncod {
            write!(out, "; reason {reason:?}")?;
        }
        if self.is_error() {
            write!(out, "; severity {}", self.svrcod)?;
        }
        Ok(())
    }
}

/// A syntax error code in words.
fn synerrcd_text(code: u8) -> &'static str {
    match code {
        0x01 => "frame shorter than its header",
        0x02 => "frame length does not match its contents",
        0x03 => "third byte of a frame is not D0",
        0x04 => "bad format byte of a frame",
        0x07 => "object shorter than four bytes",
        0x09 => "object too long",
        0x0B => "object length not allowed",
        0x0C => "bad extended length",
        0x0E => "required object missing",
        0x0F => "too many objects",
        0x12 => "duplicate object",
        0x13 => "bad correlation id",
        0x14 => "required value not found",
        0x16 => "continuation too short",
        0x18 | 0x1A => "bad chaining flags",
        0x1D => "parameter or object not valid for the command",
        _ => "not a known code",
    }
}

/// A conversation error code in words.
fn prccnvcd_text(code: u8) -> &'static str {
    match code {
        0x03 => "object sent where none is allowed",
        0x06 => "EXCSAT was not the first command",
        0x11 => "ACCSEC or SECCHK out of order",
        0x12 => "RDBNAM differs from the one sent before",
        _ => "not a known code",
    }
}
