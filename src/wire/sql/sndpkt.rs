//! SNDPKT: are you there? A requester sends a packet of any bytes (PKTOBJ) and says how long the packet in answer is to
//! be. (DRDA: X'1805', X'1C04'. Measured: IBM's CLI driver, which asks for none and sends 1,024 bytes.)

use super::package::RdbNam;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint;
use crate::wire::ddm::command::message;
use crate::wire::ddm::object::put_bytes;

message! {
    /// SNDPKT: send a packet.
    SndPkt = SNDPKT {
        /// Bytes of the packet in answer.
        respktsz: u32 = RESPKTSZ,
        /// The database.
        rdbnam: Option<RdbNam> = RDBNAM,
    }
}

/// A PKTOBJ of so many bytes, which say nothing.
pub fn pktobj(bytes: usize) -> Vec<u8> {
    let mut w = Writer::new();
    put_bytes(&mut w, codepoint::PKTOBJ, &vec![0; bytes]);
    w.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::ddm::text::DdmText::Utf8;

    #[test]
    fn the_request_of_ibms_driver() {
        let body = hex("0008190800000000 0016211053414d504c45202020202020202020202020");
        let got = SndPkt::decode(&body, Utf8).unwrap();
        assert_eq!(got, SndPkt { respktsz: 0, rdbnam: Some(RdbNam("SAMPLE".into())) });
        assert_eq!(got.encode(Utf8).unwrap()[4..], body);
        cut_everywhere(&body, |b| SndPkt::decode(b, Utf8));
        assert_eq!(pktobj(2), hex("00061c040000"));
    }
}
