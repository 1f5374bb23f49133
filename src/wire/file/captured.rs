//! Whole frames by name, as IBM's client for Java and the server that it accepted sent them.

use crate::wire::ddm::object::{Object, objects};
use crate::wire::ddm::param::hex;
use bytes::Bytes;

/// The frame of that name, without the six bytes of its header.
pub(super) fn frame(name: &str) -> Bytes {
    let line = include_str!("../../../tests/data/record_frames.hex")
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no frame {name}"));
    Bytes::from(hex(line)).slice(6..)
}

/// The only object of a frame.
pub(super) fn object(name: &str) -> Object {
    let mut all: Vec<Object> = objects(&frame(name)).map(Result::unwrap).collect();
    assert_eq!(all.len(), 1, "{name}");
    all.remove(0)
}

#[test]
fn every_frame_prints_itself_by_name() {
    use crate::wire::ddm::{dump, text::DdmText};
    for line in include_str!("../../../tests/data/record_frames.hex").lines() {
        let name = line.split(' ').next().unwrap();
        if name == "#" || name.starts_with("signon") {
            continue;
        }
        let mut out = String::new();
        dump::objects(&frame(name), DdmText::Ebcdic, &mut out).unwrap();
        assert!(!out.contains("X'") && !out.contains("!!"), "{name}: {out}");
    }
    let mut out = String::new();
    dump::objects(&frame("message-end"), DdmText::Ebcdic, &mut out).unwrap();
    assert!(out.contains("S38MID c3d7c6f5f0f0f1 [7] \"CPF5001\"") && out.contains("End of file reached."), "{out}");
}
