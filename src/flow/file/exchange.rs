//! One command of record access and everything that may come back: records (S38BUF), feedback (S38IOFB,
//! S38OPNFB), messages (S38MSGRM), reply messages of DDM. The files of the commands interpret them.

use crate::flow::bounds::FRAME;
use crate::flow::error::FlowError;
use crate::flow::placement::{informs, message, once};
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::chain::Chain;
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::message::{HostMessage, MessageMeaning, S38MsgRm};
use crate::wire::file::opnfb::OpenFeedback;
use bytes::Bytes;

/// The facts of the connection that file requests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding {
    /// Encoding of DDM text.
    pub text: DdmText,
    /// The page of the server's job: of commands and messages.
    pub ccsid: u16,
}

/// Everything that came back.
#[derive(Debug, Default)]
pub struct FileReply {
    /// The slots of S38BUF.
    pub buffer: Option<Bytes>,
    /// S38IOFB.
    pub feedback: Option<IoFeedback>,
    /// S38OPNFB.
    pub opened: Option<OpenFeedback>,
    /// S38MSGRM, in order.
    pub messages: Vec<HostMessage>,
    /// S38MSGRM came, were it only to say that all went well.
    pub told: bool,
    /// UOWDSP of ENDUOWRM: 1 committed, 2 rolled back.
    pub ended: Option<u8>,
    /// CMDCMPRM came.
    pub complete: bool,
    refusal: Option<Box<Reply>>,
}

impl FileReply {
    /// Takes one object.
    pub fn take(&mut self, object: &Object, speech: TextEncoding) -> Result<Reception, FlowError> {
        match object.cp {
            cp::S38BUF => {
                once(&mut self.buffer, object.body.clone(), object.cp)?;
                return Ok(Reception::Wanted);
            }
            cp::S38IOFB => once(&mut self.feedback, IoFeedback::decode(&object.body)?, object.cp)?,
            cp::S38OPNFB => once(&mut self.opened, OpenFeedback::decode(&object.body, speech.text)?, object.cp)?,
            cp::S38MSGRM => {
                self.told = true;
                let message = S38MsgRm::decode(&object.body, speech.text)?;
                if !message.id().is_empty() || message.svrcod > 0 {
                    self.messages.push(message.error(speech.ccsid));
                }
            }
            point => {
                if informs(point) {
                    tracing::debug!(code_point = format!("{point:04X}"), "informational object stepped over");
                    return Ok(Reception::Normal);
                }
                // A reply message that the architecture gained later still has its severity.
                let reply = message(object, speech.text)?;
                if reply.is_error() {
                    self.refusal.get_or_insert_with(|| Box::new(reply));
                    return Ok(Reception::Failure);
                }
                self.complete |= point == cp::CMDCMPRM;
                if point == cp::ENDUOWRM {
                    self.ended = Some(reply.uowdsp.unwrap_or(0));
                }
            }
        }
        Ok(Reception::Normal)
    }

    /// The refusal by a reply message of DDM, if there was one.
    pub fn refusal(&mut self) -> Result<(), FlowError> {
        self.refusal.take().map_or(Ok(()), |reply| Err(FlowError::Refused(reply)))
    }

    /// The first message that is not advice, with all that came with it, as an error.
    pub fn failure(&mut self) -> Option<FlowError> {
        let at = self.messages.iter().position(|m| m.meaning() != MessageMeaning::Advice)?;
        let first = Box::new(self.messages.remove(at));
        Some(FlowError::Host { first, rest: std::mem::take(&mut self.messages) })
    }
}

/// A command under way.
#[derive(Debug)]
pub struct Exchange {
    chain: Chain,
    expect: usize,
    speech: TextEncoding,
    answer: FileReply,
}

impl Exchange {
    /// A command alone.
    pub fn new(speech: TextEncoding, command: &[u8]) -> Exchange {
        let mut chain = Chain::new();
        chain.command(command);
        Exchange { chain, expect: 0, speech, answer: FileReply::default() }
    }

    /// With an object chained to it.
    pub fn with(mut self, object: &[u8]) -> Exchange {
        self.chain.object(object);
        self
    }

    /// Whose answer may have so many bytes.
    pub fn expecting(mut self, bytes: usize) -> Exchange {
        self.expect = bytes;
        self
    }
}

impl Flow for Exchange {
    type Out = FileReply;

    fn start(&mut self) -> Result<Chain, FlowError> {
        Ok(std::mem::take(&mut self.chain))
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.answer.take(&object, self.speech)
    }

    fn end(&mut self) -> Result<Step<FileReply>, FlowError> {
        let mut answer = std::mem::take(&mut self.answer);
        answer.refusal()?;
        Ok(Step::Done(answer))
    }

    fn expect(&self) -> usize {
        self.expect
    }

    fn longest(&self) -> usize {
        FRAME.max(self.expect)
    }

    fn is_unnumbered(&self) -> bool {
        true
    }
}
