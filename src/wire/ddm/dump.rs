//! Prints any object by name, for traces and error reports: collections with what is in them,
//! values in hex, and as text where they are text. Secrets are masked here, once: passwords and
//! security tokens show their length only. It takes any bytes, however broken, and says what is
//! wrong with them.

use std::borrow::Cow;
use std::fmt::{Result, Write};
use std::ops::Range;

use super::codepoint::{self as cp, CodePoint};
use super::object;
use super::param::RDBNAM_WIDTH;
use super::point::Form;
use super::text::DdmText;

/// Bytes of a value that are shown.
const SHOWN: usize = 48;
/// Collections inside collections; more would be an attack on the stack.
const DEPTH: usize = 8;

/// Prints the objects of a frame's body, one line each, contents indented.
///
/// `text` is the encoding in force; names in the other one are recognised.
pub fn objects(body: &[u8], text: DdmText, out: &mut impl Write) -> Result {
    list(body, text, DumpPlace { depth: 0, inside: None }, out)
}

/// Prints one object of which LL and code point are taken off already.
pub fn object(point: CodePoint, data: &[u8], text: DdmText, out: &mut impl Write) -> Result {
    item(point, data, text, DumpPlace { depth: 0, inside: None }, out)
}

/// Where an object stands.
#[derive(Clone, Copy)]
struct DumpPlace {
    depth: usize,
    inside: Option<CodePoint>,
}

fn list(data: &[u8], text: DdmText, place: DumpPlace, out: &mut dyn Write) -> Result {
    for found in object::params(data) {
        match found {
            Ok((point, data)) => item(point, data, text, place, out)?,
            // What is left is not shown: it may be a password that lost its length.
            Err(error) => writeln!(out, "{:1$}!! {error}", "", place.depth * 2)?,
        }
    }
    Ok(())
}

fn item(point: CodePoint, data: &[u8], text: DdmText, place: DumpPlace, out: &mut dyn Write) -> Result {
    write!(out, "{:1$}", "", place.depth * 2)?;
    write!(out, "{point}")?;
    let collection = point.form() == Form::Objects;
    if collection && place.depth < DEPTH {
        writeln!(out, " ({})", data.len())?;
        return list(data, text, DumpPlace { depth: place.depth + 1, inside: Some(point) }, out);
    }
    // Contents that are too deep to be taken apart may hold a secret as well.
    if is_secret(point, place.inside) || collection {
        return writeln!(out, " *** [{}]", data.len());
    }
    let (whole, data) = (data.len(), secretless(point, data));
    out.write_char(' ')?;
    for byte in data.iter().take(SHOWN) {
        write!(out, "{byte:02x}")?;
    }
    if whole > data.len().min(SHOWN) {
        out.write_char('…')?;
    }
    write!(out, " [{whole}]")?;
    meaning(point, &data, text, out)?;
    out.write_char('\n')
}

/// A value without what follows the name of a database: attributes of Derby, secrets among them. Elsewhere only
/// those are masked, where a server repeats them.
fn secretless(point: CodePoint, data: &[u8]) -> Cow<'_, [u8]> {
    let ends = |byte: &u8| *byte == SEMICOLON.0 || *byte == SEMICOLON.1;
    if point == cp::RDBNAM {
        let end = data.iter().position(ends).unwrap_or(data.len());
        return Cow::Borrowed(data.get(..end).unwrap_or(data));
    }
    let mut out = Cow::Borrowed(data);
    let mut mask = |range: Range<usize>| {
        let slots = out.to_mut().get_mut(range).unwrap_or_default();
        slots.iter_mut().for_each(|byte| *byte = if *byte < 0x80 { b'*' } else { 0x5C });
    };
    if matches!(point, cp::PKGNAM | cp::PKGNAMCT | cp::PKGNAMCSN) {
        // The long form begins with the length of the name.
        let name = match *data {
            [0, length, ..] => 2..2 + usize::from(length),
            _ => 0..RDBNAM_WIDTH,
        };
        // It may be cut.
        let (start, end) = (name.start, name.end.min(data.len()));
        if let Some(at) = data.get(start..end).and_then(|name| name.iter().position(ends)) {
            mask(start + at + 1..end);
        }
        return out;
    }
    let start = data.get(..SHOWN * 2).unwrap_or(data);
    for (word, bit) in SECRETS {
        let is_word = |window: &[u8]| window.iter().zip(word).all(|(a, b)| a | bit == *b);
        for (at, _) in start.windows(word.len()).enumerate().filter(|(_, window)| is_word(window)) {
            let value = at + word.len();
            let rest = data.get(value..).unwrap_or_default();
            mask(value..value + rest.iter().position(ends).unwrap_or(rest.len()));
        }
    }
    out
}

/// A `;` in ASCII and in EBCDIC.
const SEMICOLON: (u8, u8) = (0x3B, 0x5E);
/// How the names of secret attributes end, in ASCII and in EBCDIC, with the bit that makes one case of two.
const SECRETS: [(&[u8], u8); 4] = [
    (b"password=", 0x20),
    (b"encryptionkey=", 0x20),
    (&[0xD7, 0xC1, 0xE2, 0xE2, 0xE6, 0xD6, 0xD9, 0xC4, 0x7E], 0x40),
    (&[0xC5, 0xD5, 0xC3, 0xD9, 0xE8, 0xD7, 0xE3, 0xC9, 0xD6, 0xD5, 0xD2, 0xC5, 0xE8, 0x7E], 0x40),
];

/// The meaning of a value, after its hex.
fn meaning(point: CodePoint, data: &[u8], text: DdmText, out: &mut dyn Write) -> Result {
    match point {
        cp::MGRLVLLS => {
            for pair in data.chunks_exact(4).take(SHOWN) {
                if let [m1, m2, l1, l2] = *pair {
                    let manager = CodePoint::new(u16::from_be_bytes([m1, m2]));
                    write!(out, " {manager}={}", u16::from_be_bytes([l1, l2]))?;
                }
            }
        }
        cp::SQLSTT | cp::SQLATTR => write!(out, " {:?}", readable(statement(data), DdmText::Utf8))?,
        _ if point.form() == Form::Text => write!(out, " {:?}", readable(data, text))?,
        _ if point.form() == Form::Point => {
            if let [high, low] = *data
                && let Some(name) = CodePoint::new(u16::from_be_bytes([high, low])).name()
            {
                write!(out, " {name}")?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The characters of a nullable string: an indicator, four bytes of length, text. It is only
/// looked at, so whatever does not fit stays as it is.
fn statement(data: &[u8]) -> &[u8] {
    match data {
        [0xFF, 0x00, _, _, _, _, text @ ..] => text,
        [0x00, _, _, _, _, text @ .., 0xFF] => text,
        other => other,
    }
}

/// The start of a value as text, with dots for what cannot be shown.
fn readable(data: &[u8], text: DdmText) -> String {
    let start = data.get(..SHOWN * 2).unwrap_or(data);
    // EBCDIC letters and digits lie above 7F, so bytes that are all ASCII are no EBCDIC name; bytes
    // that are no UTF-8 are most likely EBCDIC.
    let ascii = start.iter().all(|b| (0x20..0x7F).contains(b)) && start.iter().any(|b| *b != 0x40);
    let text = match text {
        DdmText::Ebcdic if ascii => DdmText::Utf8,
        DdmText::Utf8 if !is_utf8(start) => DdmText::Ebcdic,
        agreed => agreed,
    };
    let shown = |c: char| if c.is_control() || c == char::REPLACEMENT_CHARACTER { '.' } else { c };
    let mut out: String = text.decode(start).chars().map(shown).collect();
    if start.len() < data.len() {
        out.push('…');
    }
    out
}

/// True for UTF-8 that may have been cut within its last character.
fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or_else(|e| e.error_len().is_none(), |_| true)
}

/// Passwords and tokens anywhere; in SECCHK everything but what is known to be harmless.
fn is_secret(point: CodePoint, inside: Option<CodePoint>) -> bool {
    let harmless = matches!(point, cp::SECMEC | cp::RDBNAM | cp::USRID | cp::PLGINNM | cp::SECMGRNM);
    point.form() == Form::Secret || (inside == Some(cp::SECCHK) && !harmless)
}

#[cfg(test)]
mod tests {
    use super::super::param::hex;
    use super::*;

    /// Frames of a conversation, with the encoding in force for each.
    fn frames() -> Vec<(Vec<u8>, DdmText)> {
        let lines = include_str!("../../../tests/data/derby_objects.hex").lines();
        let lines = lines.filter(|line| !line.starts_with('#'));
        let text = |i| if i < 4 { DdmText::Ebcdic } else { DdmText::Utf8 };
        lines.enumerate().map(|(i, line)| (hex(&line[2..]), text(i))).collect()
    }

    fn dump(body: &[u8], text: DdmText) -> String {
        let mut out = String::new();
        objects(body, text, &mut out).unwrap();
        out
    }

    #[test]
    fn a_connect_in_names() {
        let frames = frames();
        let print = |i: usize| dump(&frames[i].0, frames[i].1);
        let excsat = print(0);
        assert!(excsat.starts_with("EXCSAT (93)\n"), "{excsat}");
        assert!(excsat.contains("  EXTNAM 84859982a884958394818995 [12] \"derbydncmain\"\n"), "{excsat}");
        assert!(excsat.contains(" AGENT=7 SQLAM=7 RDB=7 SECMGR=7 UNICODEMGR=1208\n"), "{excsat}");
        assert_eq!(print(1).lines().nth(1), Some("  SECMEC 0003 [2]"));
        assert!(print(1).ends_with("… [20] \"memory:u\"\n"), "{}", print(1));
        assert_eq!(
            print(4),
            "SECCHK (53)\n  SECMEC 0003 [2]\n  RDBNAM 6d656d6f72793a75… [20] \
             \"memory:u\"\n  USRID 617070 [3] \"app\"\n  PASSWORD *** [12]\n"
        );
        let accrdb = print(5);
        assert!(accrdb.contains("  RDBACCCL 2407 [2] SQLAM\n"), "{accrdb}");
        assert!(accrdb.contains("  TYPDEFOVR (18)\n    CCSIDSBC 04b8 [2]\n"), "{accrdb}");
    }

    #[test]
    fn statements_read_as_text() {
        let print = |data: &str| {
            let mut out = String::new();
            object(cp::SQLSTT, &hex(data), DdmText::Ebcdic, &mut out).unwrap();
            out
        };
        assert_eq!(print("00 00000002 6869 ff"), "SQLSTT 00000000026869ff [8] \"hi\"\n");
        assert_eq!(print("ff 00 00000002 6869"), "SQLSTT ff00000000026869 [8] \"hi\"\n");
        assert_eq!(print("1b 5b"), "SQLSTT 1b5b [2] \".[\"\n");
    }

    #[test]
    fn names_in_the_other_encoding_are_recognised() {
        let print = |data: &[u8], text| {
            let mut out = String::new();
            object(cp::RDBNAM, data, text, &mut out).unwrap();
            out
        };
        assert!(print(b"TESTDB  ", DdmText::Ebcdic).ends_with("\"TESTDB  \"\n"));
        assert!(print(&hex("e3c5e2e3c4c24040"), DdmText::Utf8).ends_with("\"TESTDB  \"\n"));
    }

    #[test]
    fn long_values_are_shortened() {
        let mut out = String::new();
        object(cp::QRYDTA, &[0xAB; 100_000], DdmText::Utf8, &mut out).unwrap();
        assert_eq!(out, format!("QRYDTA {}… [100000]\n", "ab".repeat(SHOWN)));
    }

    #[test]
    fn secrets_never_show() {
        let secret = b"SECRETsecret";
        for inside in [cp::PASSWORD, cp::NEWPASSWORD, cp::SECTKN, cp::SXXFACTOR] {
            let mut w = crate::wire::codec::writer::Writer::new();
            object::put(&mut w, cp::SECCHK, |w| {
                object::put_u16(w, cp::SECMEC, 3);
                object::put_bytes(w, inside, secret);
            });
            let body = w.into_vec();
            // Whole, and cut anywhere.
            for cut in 0..=body.len() {
                let out = dump(&body[..cut], DdmText::Utf8);
                assert!(!out.contains("SECRET") && !out.contains("534543"), "{out}");
            }
            assert!(dump(&body, DdmText::Utf8).contains(" *** [12]"));
        }
        let mut out = String::new();
        object(cp::SECTKN, secret, DdmText::Utf8, &mut out).unwrap();
        assert_eq!(out, "SECTKN *** [12]\n");
    }

    #[test]
    fn attributes_of_derby_do_not_show() {
        let name = "db;create=true;BootPassword=geheim-1;encryptionKEY=cafe47";
        for text in [DdmText::Ebcdic, DdmText::Utf8] {
            let bytes = text.encode(name).unwrap();
            let mut long = vec![0, bytes.len() as u8];
            long.extend(&bytes);
            long.extend([0, 18]);
            long.extend(text.encode_padded("NULLID", 18).unwrap());
            let short = text.encode_padded("d;password=geheim", 18).unwrap();
            let said = text.encode(&format!("the database {name} was not found")).unwrap();
            let values = [
                (cp::RDBNAM, bytes.clone()),
                (cp::PKGNAMCSN, long.clone()),
                (cp::PKGNAMCT, long.clone()),
                (cp::PKGNAM, long),
                (cp::PKGNAMCSN, short),
                (cp::SQLCARD, said.clone()),
                (cp::SRVDGN, said),
                (cp::PRDDTA, bytes),
            ];
            for (point, value) in values {
                for cut in 0..=value.len() {
                    let mut out = String::new();
                    object(point, &value[..cut], text, &mut out).unwrap();
                    for secret in ["geheim", "cafe47", "cafe"] {
                        let hex: String = text.encode(secret).unwrap().iter().map(|b| format!("{b:02x}")).collect();
                        assert!(!out.contains(secret) && !out.contains(&hex), "{out}");
                    }
                }
            }
        }
    }

    #[test]
    fn any_bytes_print_without_a_panic() {
        for (body, text) in frames() {
            assert!(!dump(&body, text).contains("!!"), "{}", dump(&body, text));
            for cut in 0..body.len() {
                dump(&body[..cut], text);
            }
            for at in 0..body.len() {
                for bit in 0..8 {
                    let mut other = body.clone();
                    other[at] ^= 1 << bit;
                    dump(&other, text);
                }
            }
        }
    }

    #[test]
    fn deep_nesting_ends() {
        // 8004 runs to the end, so four bytes open one more collection.
        let body: Vec<u8> = [0x80, 0x04, 0x24, 0x12].repeat(50_000);
        let out = dump(&body, DdmText::Utf8);
        assert_eq!(out.lines().count(), DEPTH + 1);
    }
}
