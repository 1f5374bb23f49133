//! Which optional pieces an SQLDARD has: decided by the level of the SQL application manager and,
//! as measured with IBM's CLI driver, by the class of the server. (The driver accepted exactly one
//! of all combinations at each level; field reports from Db2 for LUW and IBM i agree.)

use crate::wire::value::typdef::{TypDef, TypDefName};

/// Which kind of server describes: from SRVCLSNM of EXCSATRD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerClass {
    /// Db2 for Linux, UNIX and Windows: `QDB2/…`.
    Luw,
    /// Db2 for z/OS: `QDB2` alone.
    Zos,
    /// Db2 for IBM i: `QAS`.
    Ibmi,
    /// Apache Derby.
    Derby,
    /// Anything else.
    #[default]
    Other,
}

impl ServerClass {
    /// By the name that the server gives itself.
    pub fn from_srvclsnm(name: &str) -> Self {
        match name.trim() {
            "QDB2" => ServerClass::Zos,
            "QAS" => ServerClass::Ibmi,
            n if n.starts_with("QDB2/") => ServerClass::Luw,
            n if n.contains("Derby") => ServerClass::Derby,
            _ => ServerClass::Other,
        }
    }

    /// The environment that a server of this class, with this name, very likely has. It holds until ACCRDBRM
    /// says which. (Measured by others: `QDB2/LINUX` of Db2 8.2 for 32-bit Linux and `IDS/UNIX64` of Informix 15
    /// are little-endian.)
    pub fn usual(self, name: &str) -> TypDef {
        let plain = |name| TypDef { name, sbc: 0, dbc: 0, mbc: 0, xml: 0 };
        match self {
            ServerClass::Ibmi => plain(TypDefName::Os400),
            ServerClass::Zos => plain(TypDefName::S370),
            ServerClass::Luw if name.trim() == "QDB2/LINUX" => plain(TypDefName::X86),
            ServerClass::Luw if ["X86", "NT", "LE"].iter().any(|machine| name.contains(machine)) => {
                plain(TypDefName::X86)
            }
            ServerClass::Other if name.trim_start().starts_with("IDS/") => plain(TypDefName::X86),
            ServerClass::Luw | ServerClass::Derby | ServerClass::Other => TypDef::OURS,
        }
    }
}

/// The optional pieces of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqldaLayout {
    /// Header and nullable groups (SQLAM 7); without: names inline.
    pub groups: bool,
    /// LENGTH has eight bytes (SQLAM 6), else four.
    pub long_length: bool,
    /// SQLUDTGRP follows the names (with `groups` always).
    pub inline_udt: bool,
    /// OPTLCK and HIDDEN, and the array's extent in each column (SQLAM 9).
    pub arrays: bool,
    /// Two more bytes before SQLDOPTGRP ("X").
    pub extra: bool,
    /// One more nullable group at the end of SQLDOPTGRP ("T").
    pub tail: bool,
    /// Module names (SQLAM 10).
    pub module: bool,
    /// SQLUDTGRP as Derby writes it: type name and class name only.
    pub derby_udt: bool,
}

impl SqldaLayout {
    /// The layout that a server of this class is expected to use at this level.
    pub fn expected(sqlam: u16, class: ServerClass) -> SqldaLayout {
        let luw = class == ServerClass::Luw;
        SqldaLayout {
            groups: sqlam >= 7,
            long_length: sqlam >= 6,
            inline_udt: sqlam == 6,
            arrays: sqlam >= 9,
            extra: if luw { sqlam >= 9 } else { sqlam >= 11 && class != ServerClass::Derby },
            tail: if luw { sqlam >= 7 } else { sqlam >= 11 && class != ServerClass::Derby },
            module: sqlam >= 10,
            derby_udt: class == ServerClass::Derby,
        }
    }

    /// The other layouts seen at the level, the likelier first.
    pub fn neighbours(self, sqlam: u16) -> Vec<SqldaLayout> {
        let mut out = Vec::new();
        let mut add = |layout: SqldaLayout| {
            if layout != self && !out.contains(&layout) {
                out.push(layout);
            }
        };
        if sqlam < 7 {
            add(SqldaLayout { inline_udt: !self.inline_udt, ..self });
            add(SqldaLayout { long_length: !self.long_length, inline_udt: false, ..self });
            return out;
        }
        for (extra, tail) in [(false, false), (true, true), (false, true), (true, false)] {
            add(SqldaLayout { extra, tail, derby_udt: false, ..self });
        }
        add(SqldaLayout { extra: false, tail: false, derby_udt: !self.derby_udt, ..self });
        // A server that agreed to a higher level than it describes at.
        for level in 7..=11 {
            for (extra, tail) in [(false, false), (true, true)] {
                let (arrays, module) = (level >= 9, level >= 10);
                add(SqldaLayout { arrays, module, extra: extra && arrays, tail, derby_udt: false, ..self });
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::codec::reader::ByteOrder;

    #[test]
    fn classes_by_name() {
        assert_eq!(ServerClass::from_srvclsnm("QDB2/LINUXX8664"), ServerClass::Luw);
        assert_eq!(ServerClass::from_srvclsnm("QDB2"), ServerClass::Zos);
        assert_eq!(ServerClass::from_srvclsnm("QAS"), ServerClass::Ibmi);
        assert_eq!(ServerClass::from_srvclsnm("Apache Derby"), ServerClass::Derby);
        assert_eq!(ServerClass::from_srvclsnm("IDS/UNIX64"), ServerClass::Other);
    }

    #[test]
    fn the_usual_byte_order_by_name() {
        let order = |name: &str| ServerClass::from_srvclsnm(name).usual(name).order();
        for little in ["QDB2/LINUX", "QDB2/LINUXX8664", "QDB2/NT64", "QDB2/LINUXPPCLE", "IDS/UNIX64", "IDS/NT64"] {
            assert_eq!(order(little), ByteOrder::Little, "{little}");
        }
        for big in ["QDB2/AIX64", "QDB2/LINUXZ64", "QDB2/SUN64", "QDB2", "QAS", "Apache Derby", "another"] {
            assert_eq!(order(big), ByteOrder::Big, "{big}");
        }
    }

    #[test]
    fn no_layout_is_tried_twice() {
        for sqlam in [5, 6, 7, 8, 9, 10, 11] {
            for class in [ServerClass::Luw, ServerClass::Derby, ServerClass::Other] {
                let expected = SqldaLayout::expected(sqlam, class);
                let mut all = expected.neighbours(sqlam);
                all.push(expected);
                for (i, layout) in all.iter().enumerate() {
                    assert!(!all[..i].contains(layout), "{sqlam} {class:?} {layout:?}");
                    assert_eq!(layout.groups, sqlam >= 7);
                }
            }
        }
    }
}
