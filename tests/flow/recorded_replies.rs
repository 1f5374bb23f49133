//! A server's answers, by command: a text file of commented hex. A heading in brackets names
//! the commands of a chain, and the statement they belong to; below it stand the bytes of the reply.

use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::{objects, params};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::deframe::{Deframer, Dss};
use drdarrow::wire::dss::header::DssType;
use std::collections::HashMap;
use std::fmt::Write;

/// A chain of a client, read as far as a server has to know it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Code points of the commands.
    pub commands: Vec<CodePoint>,
    /// Text of the last statement in the chain.
    pub sql: Option<String>,
    /// Section of the last command that names one.
    pub section: u16,
}

impl Request {
    /// Names of the commands.
    pub fn names(&self) -> String {
        self.commands.iter().map(|c| c.name().unwrap_or("?")).collect::<Vec<_>>().join(" ")
    }

    pub fn has(&self, command: CodePoint) -> bool {
        self.commands.contains(&command)
    }
}

/// A whole chain of frames with its bytes.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    pub bytes: Vec<u8>,
    pub frames: Vec<Dss>,
}

/// Collects the chains of one side.
pub struct Chains {
    deframer: Deframer,
    whole: Whole,
}

impl Chains {
    pub fn new() -> Chains {
        Chains { deframer: Deframer::new(64 << 20), whole: Whole::default() }
    }

    /// Takes bytes in; gives the chains that became whole.
    pub fn feed(&mut self, input: &[u8]) -> Vec<Whole> {
        let mut out = Vec::new();
        for byte in input {
            self.whole.bytes.push(*byte);
            if let Some(dss) = self.deframer.feed(&mut &[*byte][..]).expect("frames that make sense") {
                let last = !dss.header.chained;
                self.whole.frames.push(dss);
                if last {
                    out.push(std::mem::take(&mut self.whole));
                }
            }
        }
        out
    }
}

/// Reads a client's chain.
pub fn request(frames: &[Dss]) -> Request {
    let mut out = Request { commands: Vec::new(), sql: None, section: 0 };
    for frame in frames {
        for object in objects(&frame.body) {
            let object = object.expect("an object that makes sense");
            match frame.header.kind {
                DssType::Request => {
                    out.commands.push(object.cp);
                    for param in params(&object.body) {
                        if let (cp::PKGNAMCSN, [.., a, b]) = param.expect("parameters that make sense") {
                            out.section = u16::from_be_bytes([*a, *b]);
                        }
                    }
                    file_request(&object.body, object.cp, &mut out);
                }
                _ if object.cp == cp::SQLSTT => {
                    // Lengths and null indicators lie around the text; how many depends on the level agreed.
                    let text = String::from_utf8_lossy(&object.body).into_owned();
                    let start = ["SELECT", "SET", "CALL"].iter().find_map(|word| text.find(word)).unwrap_or(0);
                    let text = text[start..].trim_end_matches(['\u{FFFD}', '\0']).to_owned();
                    out.sql = Some(text);
                }
                _ => {}
            }
        }
    }
    out
}

/// Of a request about files: the command, or the file and the number that is its name when open.
fn file_request(body: &[u8], command: CodePoint, out: &mut Request) {
    let text = |bytes: &[u8]| DdmText::Ebcdic.decode(bytes).trim_end().to_owned();
    for param in params(body) {
        match param.expect("parameters that make sense") {
            (cp::S38CMDST, cl) => out.sql = Some(text(cl)),
            (cp::S38UFCB, ufcb) => out.sql = Some(text(&ufcb[..10])),
            (cp::DCLNAM, name) if command != cp::S38CLOSE => out.section = text(name).parse().unwrap_or(0),
            _ => {}
        }
    }
}

/// Replies by heading.
#[derive(Debug, Default, Clone)]
pub struct Book {
    pub replies: HashMap<String, Vec<Vec<u8>>>,
    order: Vec<String>,
}

impl Book {
    /// The conversations with Derby that belong to these tests.
    pub fn derby() -> Book {
        Book::parse(include_str!("../data/derby_conversations.hex"))
    }

    /// The conversation about a file of IBM i.
    pub fn files() -> Book {
        Book::parse(include_str!("../data/file_conversations.hex"))
    }

    pub fn heading(request: &Request, sql: Option<&str>) -> String {
        match sql {
            Some(sql) => format!("{}: {sql}", request.names()),
            None => request.names(),
        }
    }

    pub fn add(&mut self, heading: &str, reply: Vec<u8>) {
        if !self.replies.contains_key(heading) {
            self.order.push(heading.to_owned());
        }
        self.replies.entry(heading.to_owned()).or_default().push(reply);
    }

    /// The `n`th reply to these commands; the last one again when there are no more.
    pub fn reply(&self, heading: &str, n: usize) -> Option<&Vec<u8>> {
        let replies = self.replies.get(heading)?;
        replies.get(n).or(replies.last())
    }

    pub fn parse(text: &str) -> Book {
        let mut book = Book::default();
        let mut current: Option<(String, Vec<u8>)> = None;
        for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Some(heading) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                if let Some((heading, reply)) = current.replace((heading.to_owned(), Vec::new())) {
                    book.add(&heading, reply);
                }
            } else if let Some((_, reply)) = &mut current {
                reply.extend(hex(line));
            }
        }
        if let Some((heading, reply)) = current {
            book.add(&heading, reply);
        }
        book
    }

    pub fn print(&self, comment: &str) -> String {
        let mut out = String::new();
        for line in comment.lines() {
            let _ = writeln!(out, "# {line}");
        }
        for heading in &self.order {
            for reply in &self.replies[heading] {
                let _ = writeln!(out, "[{heading}]");
                for row in reply.chunks(56) {
                    for byte in row {
                        let _ = write!(out, "{byte:02x}");
                    }
                    out.push('\n');
                }
            }
        }
        out
    }
}

/// The bytes of a line of hex.
pub fn hex(line: &str) -> Vec<u8> {
    let digits: Vec<u8> = line.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}
