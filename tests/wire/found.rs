//! The bytes of real servers that others published (tests/data/wild): the blocks of a file, each with
//! the line above it, and the objects in frames.

use drdarrow::wire::ddm::object::{Object, objects};
use drdarrow::wire::dss::deframe::Deframer;

/// The bytes under the comment of `file` that begins with `label`.
pub(crate) fn block(file: &str, label: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/wild/{file}.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("# {label}")));
    assert!(lines.next().is_some(), "{file} has no block {label:?}");
    let digits: Vec<u8> = lines.take_while(|line| !line.starts_with('#')).flat_map(str::bytes).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

/// The objects in whole frames.
pub(crate) fn framed(bytes: &[u8]) -> Vec<Object> {
    let (mut deframer, mut input, mut out) = (Deframer::new(1 << 20), bytes, Vec::new());
    while let Some(dss) = deframer.feed(&mut input).unwrap() {
        out.extend(objects(&dss.body).map(Result::unwrap));
    }
    assert!(input.is_empty() && deframer.is_idle(), "bytes are left over");
    out
}
