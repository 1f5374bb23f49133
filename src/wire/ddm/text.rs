//! Text inside DDM parameters: names, user ids, passwords, messages. EBCDIC 500 until UTF-8 is
//! agreed by UNICODEMGR (EXCSAT) or, on Db2 for LUW, CCSIDMGR. (Measured: IBM's CLI driver.)

use crate::wire::ccsid::{codec::Codec, error::CcsidError};

/// The encoding in force for DDM text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DdmText {
    /// EBCDIC CCSID 500, in force until something else is agreed.
    #[default]
    Ebcdic,
    /// UTF-8 (CCSID 1208).
    Utf8,
    /// The page of a job: names of files are in it.
    Job(u16),
}

impl DdmText {
    /// The CCSID.
    pub fn ccsid(self) -> u16 {
        match self {
            DdmText::Ebcdic => 500,
            DdmText::Utf8 => 1208,
            DdmText::Job(ccsid) => ccsid,
        }
    }

    /// Text to bytes; a character that the page lacks is an error.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, CcsidError> {
        let mut out = Vec::with_capacity(text.len());
        Codec::new(self.ccsid())?.encode(text, &mut out)?;
        Ok(out)
    }

    /// The text with a question mark for each character that the page lacks: for names that only inform.
    pub fn spellable(self, text: &str) -> String {
        let known = |c: char| self.encode(c.encode_utf8(&mut [0; 4])).is_ok();
        if self.encode(text).is_ok() {
            return text.to_owned();
        }
        text.chars().map(|c| if known(c) { c } else { '?' }).collect()
    }

    /// As [`encode`](Self::encode), padded with the page's blanks to at least `width` bytes.
    pub fn encode_padded(self, text: &str, width: usize) -> Result<Vec<u8>, CcsidError> {
        let mut out = self.encode(text)?;
        if out.len() < width {
            out.resize(width, self.blank());
        }
        Ok(out)
    }

    /// Bytes to text. Servers mix encodings in names that only inform (measured: Derby, Db2), so
    /// bytes that do not fit are shown as U+FFFD rather than refused.
    pub fn decode(self, bytes: &[u8]) -> String {
        let mut out = Vec::with_capacity(bytes.len());
        match Codec::new(self.ccsid()).and_then(|codec| codec.decode(bytes, &mut out)) {
            Ok(()) => String::from_utf8_lossy(&out).into_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// The blank.
    pub fn blank(self) -> u8 {
        match self {
            DdmText::Ebcdic | DdmText::Job(_) => 0x40,
            DdmText::Utf8 => 0x20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_keep_their_punctuation() {
        // The bytes that IBM's CLI driver sends for this password, apart from its own 6A for '|'.
        let bytes = DdmText::Ebcdic.encode("Abc123!^[]x").unwrap();
        assert_eq!(bytes, [0xC1, 0x82, 0x83, 0xF1, 0xF2, 0xF3, 0x4F, 0x5F, 0x4A, 0x5A, 0xA7]);
        assert_eq!(DdmText::Ebcdic.decode(&bytes), "Abc123!^[]x");
        assert_eq!(DdmText::Ebcdic.spellable("Größe 5 報"), "Größe 5 ?");
        assert_eq!(DdmText::Utf8.spellable("報"), "報");
        assert_eq!(DdmText::Ebcdic.encode_padded("AB", 4).unwrap(), [0xC1, 0xC2, 0x40, 0x40]);
    }
}
