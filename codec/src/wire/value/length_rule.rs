//! How the two length bytes of a type id are to be read, and where the page of its characters comes from.

/// The meaning of two length bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthRule {
    /// Bytes, as many as the length says.
    Bytes,
    /// The same, of these widths only.
    OneOf(&'static [u32]),
    /// Four bytes, whatever the length says.
    Handle,
    /// Double-byte characters, as many as the length says.
    Characters,
    /// Packed decimal: digits, and those of them after the point.
    Packed,
    /// Zoned decimal.
    Zoned,
    /// Zoned decimal with a sign of its own.
    SignedZoned,
    /// Characters; those from this one on are the fraction of a second.
    Seconds(u32),
    /// The same after a count of bytes, where the length has this much added.
    VarSeconds(u32),
    /// A count of bytes, and at most so many of them.
    Var,
    /// A count of double-byte characters, and at most so many of them.
    VarChars,
    /// A count of one byte, and at most so many bytes.
    Pascal,
    /// At most so many bytes before a zero byte.
    NulTerminated,
    /// A placeholder of so many bytes (X'8004' is four); the value follows the row.
    Lob,
}

/// The page of characters, as the environment (TYPDEFOVR) gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Not characters.
    Absent,
    /// Bytes: CCSID 65535.
    Binary,
    /// Single-byte.
    Single,
    /// Mixed.
    Mixed,
    /// Double-byte.
    Double,
    /// That of XML.
    Xml,
}
