//! S38MSGRM (X'D201'): a message of the system. It ends commands (S38CMD, S38CLOSE), stands after
//! S38IOFB when a read or write did not do what was asked, and before S38OPNFB where it only informs.
//! The severity does not tell an end from an error; the identifier does.

use std::fmt;

use super::system_name;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::command::{Param, message, trimmed};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;

message! {
    /// S38MSGRM: a message. With a severity of 0 and nothing else it says that all went well.
    S38MsgRm = S38MSGRM {
        /// Severity, 0 to 99.
        svrcod: u16 = SVRCOD,
        /// The message's identifier.
        s38mid: Option<MessageId> = S38MID,
        /// The kind of the message.
        s38mtype: Option<u16> = S38MTYPE,
        /// Where its description is kept.
        s38mfile: Option<MessageFile> = S38MFILE,
        /// Diagnostics in the server's own form.
        srvdgn: Option<Vec<u8>> = SRVDGN,
        /// The values put into its text.
        s38mdata: Option<Vec<u8>> = S38MDATA,
        /// Its text.
        s38mtext: Option<MessageText> = S38MTEXT,
    }
}

/// S38MID: seven characters, such as CPF5001.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageId(pub String);

/// S38MFILE: a message file and its library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFile {
    /// The message file.
    pub file: String,
    /// Its library.
    pub library: String,
}

/// S38MTEXT: text in the page of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageText(pub Vec<u8>);

/// The meaning of a message for reading and writing records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageMeaning {
    /// All went well.
    Nothing,
    /// CPF5001: no record in this direction.
    EndOfFile,
    /// CPF5006: no record with this key or number.
    NotFound,
    /// CPF5007: the record is deleted.
    Deleted,
    /// CPF5025: the position is before the first record or after the last.
    NoPosition,
    /// CPF5009, CPF5026: a record with this key is there already.
    Duplicate,
    /// CPF5027, CPF3130: another job has the record, or the member.
    Locked,
    /// CPF501B: no record is locked that could be updated or deleted.
    NotLocked,
    /// CPF3012, CPF3142, CPF4101: no such file.
    NoFile,
    /// CPF4102: no such member.
    NoMember,
    /// CPF427D: an open that succeeded all the same.
    Advice,
    /// Something else, to be taken as an error where no success is known by this identifier.
    Other,
}

/// A message as an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct HostMessage {
    /// The identifier, empty if there is none.
    pub id: String,
    /// Severity.
    pub severity: u16,
    /// The text, empty if there is none.
    pub text: String,
}

impl fmt::Display for HostMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = if self.id.is_empty() { "a message without identifier" } else { &self.id };
        match self.text.is_empty() {
            true => write!(f, "{id} (severity {})", self.severity),
            false => write!(f, "{id}: {} (severity {})", self.text, self.severity),
        }
    }
}

impl HostMessage {
    /// Its meaning.
    pub fn meaning(&self) -> MessageMeaning {
        meaning(&self.id)
    }
}

impl S38MsgRm {
    /// That all went well.
    pub fn ok() -> Self {
        S38MsgRm {
            svrcod: 0,
            s38mid: None,
            s38mtype: None,
            s38mfile: None,
            srvdgn: None,
            s38mdata: None,
            s38mtext: None,
        }
    }

    /// A message of the system's own message file, with its text in the page `ccsid`. A text that the
    /// page does not have is left out: the identifier says the same.
    pub fn new(id: &str, severity: u16, text: &str, ccsid: u16) -> Self {
        let mut bytes = Vec::with_capacity(text.len());
        let encoded = Codec::new(ccsid).and_then(|codec| codec.encode(text, &mut bytes));
        S38MsgRm {
            svrcod: severity,
            s38mid: Some(MessageId(id.into())),
            // Informational, as far as is known.
            s38mtype: Some(0x0200),
            s38mfile: Some(MessageFile { file: "QCPFMSG".into(), library: "QSYS".into() }),
            srvdgn: None,
            s38mdata: Some(vec![0, 0]),
            s38mtext: encoded.is_ok().then_some(MessageText(bytes)),
        }
    }

    /// The identifier, empty if there is none.
    pub fn id(&self) -> &str {
        self.s38mid.as_ref().map_or("", |id| &id.0)
    }

    /// Its meaning.
    pub fn meaning(&self) -> MessageMeaning {
        meaning(self.id())
    }

    /// The text, in a job of the page `ccsid`. Characters that mean nothing are shown as U+FFFD.
    pub fn text(&self, ccsid: u16) -> String {
        let Some(MessageText(bytes)) = &self.s38mtext else { return String::new() };
        let mut out = Vec::with_capacity(bytes.len());
        match Codec::new(ccsid).and_then(|codec| codec.decode_with(bytes, &mut out, Errors::Replace)) {
            Ok(()) => String::from_utf8_lossy(&out).trim_end().to_owned(),
            Err(_) => trimmed(bytes, DdmText::Ebcdic),
        }
    }

    /// As an error, in a job of the page `ccsid`.
    pub fn error(&self, ccsid: u16) -> HostMessage {
        HostMessage { id: self.id().to_owned(), severity: self.svrcod, text: self.text(ccsid) }
    }
}

/// The meaning of a message, by its identifier.
pub fn meaning(id: &str) -> MessageMeaning {
    match id {
        "" => MessageMeaning::Nothing,
        "CPF5001" => MessageMeaning::EndOfFile,
        "CPF5006" => MessageMeaning::NotFound,
        "CPF5007" => MessageMeaning::Deleted,
        "CPF5025" => MessageMeaning::NoPosition,
        "CPF5009" | "CPF5026" => MessageMeaning::Duplicate,
        "CPF5027" | "CPF3130" => MessageMeaning::Locked,
        "CPF501B" => MessageMeaning::NotLocked,
        "CPF3012" | "CPF3142" | "CPF4101" => MessageMeaning::NoFile,
        "CPF4102" => MessageMeaning::NoMember,
        "CPF427D" => MessageMeaning::Advice,
        _ => MessageMeaning::Other,
    }
}

impl Param for MessageId {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        // Identifiers are EBCDIC whatever the job speaks.
        w.bytes(&DdmText::Ebcdic.encode_padded(&self.0, 7)?);
        Ok(())
    }

    fn read(_: What, data: &[u8], _: DdmText) -> Result<Self> {
        Ok(MessageId(trimmed(data, DdmText::Ebcdic)))
    }
}

impl Param for MessageFile {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        system_name::put(w, "message file", &self.file, text)?;
        system_name::put(w, "message library", &self.library, text)
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let out = MessageFile { file: system_name::read(&mut r, text)?, library: system_name::read(&mut r, text)? };
        r.end()?;
        Ok(out)
    }
}

impl Param for MessageText {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        let max = usize::from(u16::MAX);
        if self.0.len() > max {
            return Err(MessageError::Limit { what: cp::S38MTEXT.into(), len: self.0.len(), max });
        }
        w.var(&self.0);
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let text = r.var()?.to_vec();
        r.end()?;
        Ok(MessageText(text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::captured::object;
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;

    const TEXT: DdmText = DdmText::Ebcdic;

    #[test]
    fn messages_that_were_seen() {
        let frame = object("message-end");
        assert_eq!(frame.cp, S38MsgRm::CP);
        let end = S38MsgRm::decode(&frame.body, TEXT).unwrap();
        assert_eq!(end, S38MsgRm::new("CPF5001", 0, "End of file reached.", 37));
        assert_eq!(end.encode(TEXT).unwrap()[4..], frame.body);
        assert_eq!((end.meaning(), end.text(37).as_str()), (MessageMeaning::EndOfFile, "End of file reached."));
        assert_eq!(end.error(37).to_string(), "CPF5001: End of file reached. (severity 0)");
        cut_everywhere(&frame.body, |b| S38MsgRm::decode(b, TEXT));

        let frame = object("message-advice");
        let advice = S38MsgRm::decode(&frame.body, TEXT).unwrap();
        assert_eq!((advice.id(), advice.meaning()), ("CPF427D", MessageMeaning::Advice));
        assert_eq!(advice.encode(TEXT).unwrap()[4..], frame.body);

        let frame = object("message-ok");
        assert_eq!(S38MsgRm::decode(&frame.body, TEXT).unwrap(), S38MsgRm::ok());
        assert_eq!(S38MsgRm::ok().encode(TEXT).unwrap()[4..], frame.body);
        assert_eq!(S38MsgRm::ok().meaning(), MessageMeaning::Nothing);
    }

    #[test]
    fn strangers_are_stepped_over_and_lengths_held() {
        let got = S38MsgRm::decode(&hex("00061149001e 00060000ABCD 0006D1160000"), TEXT).unwrap();
        assert_eq!((got.svrcod, got.text(37).as_str()), (30, ""));
        assert_eq!(got.error(37).to_string(), "a message without identifier (severity 30)");
        assert!(S38MsgRm::decode(&hex("00061149001e 0008D1160005C1C2"), TEXT).is_err());
        assert!(S38MsgRm::decode(&hex("000BD112C3D7C6F5F0F0F1"), TEXT).is_err());
        assert_eq!(S38MsgRm::new("CPF9999", 40, "日", 37).s38mtext, None);
    }
}
