//! The forms that a page can have.

/// How the bytes of a page are read. Numbers are places in the tables of `directory`.
#[derive(Debug, Clone, Copy)]
pub(super) enum PageForm {
    /// One byte a character, EBCDIC.
    Ebcdic { single: usize },
    /// One byte a character, ASCII below 0x80.
    Ascii { single: usize },
    /// EBCDIC, with double-byte characters between shift-out and shift-in.
    Shifted { single: usize, double: usize },
    /// Double-byte characters alone, EBCDIC.
    Pairs { double: usize },
    /// ASCII, with lead bytes of longer characters.
    Led { single: usize, double: usize, planes: Planes },
    /// UTF-8.
    Utf8,
    /// UTF-16.
    Utf16(UnitOrder),
}

impl PageForm {
    /// The padding of a value of this page: one space.
    pub(super) fn blank(self) -> &'static [u8] {
        match self {
            PageForm::Ebcdic { .. } | PageForm::Shifted { .. } => &[0x40],
            PageForm::Pairs { .. } => &[0x40, 0x40],
            PageForm::Ascii { .. } | PageForm::Led { .. } | PageForm::Utf8 => &[0x20],
            PageForm::Utf16(UnitOrder::Little) => &[0x20, 0x00],
            PageForm::Utf16(UnitOrder::Big | UnitOrder::Marked) => &[0x00, 0x20],
        }
    }
}

/// Byte order of UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitOrder {
    /// Big-endian.
    Big,
    /// Little-endian.
    Little,
    /// Said by a byte order mark; big-endian without one.
    Marked,
}

/// The planes of an EUC page that are reached through a single shift.
#[derive(Debug, Clone, Copy)]
pub(super) enum Planes {
    /// A PC page, or an EUC page with one plane.
    None,
    /// 954: SS3 and JIS X 0212.
    Japan,
    /// 964: SS2, a plane number, and CNS 11643 plane 2 or the user-defined planes 12 and 13.
    Taiwan,
}

/// One such plane: all planes share a table, told apart by the top bits that are taken off.
#[derive(Debug)]
pub(super) struct Plane {
    /// The bytes before the code.
    pub(super) prefix: &'static [u8],
    /// The bits that are kept of the first byte of the code.
    pub(super) lead: u8,
    /// The bits that are kept of the second byte.
    pub(super) trail: u8,
}

impl Planes {
    /// The planes after a single shift.
    pub(super) fn list(self) -> &'static [Plane] {
        match self {
            Planes::None => &[],
            Planes::Japan => &[Plane { prefix: &[0x8F], lead: 0xFF, trail: 0x7F }],
            Planes::Taiwan => &[
                Plane { prefix: &[0x8E, 0xA2], lead: 0xFF, trail: 0x7F },
                Plane { prefix: &[0x8E, 0xAC], lead: 0x7F, trail: 0xFF },
                Plane { prefix: &[0x8E, 0xAD], lead: 0x7F, trail: 0x7F },
            ],
        }
    }
}

/// Where a table lies in its stored form, see `tools/ccsid/generate.py`.
#[derive(Debug)]
pub(super) struct TableSource {
    /// The table that this one is a difference to.
    pub(super) base: Option<usize>,
    pub(super) start: usize,
    pub(super) end: usize,
}
