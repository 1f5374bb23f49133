//! SQLDAGRP: the description of one column or parameter, and SQLDHGRP, the header before all of
//! them. Numbers are in the sender's byte order, the CCSID always big-endian. (DRDA SQLAM 7 and
//! above; below, the names lie inline. Measured: Derby at level 7, IBM's CLI driver at 7 to 11.)

use super::error::Result;
use super::layout::SqldaLayout;
use super::text::{NULL, SqlText, present};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::error::MessageError;
use crate::wire::value::types::SqlType;

/// SQLDHGRP: what is said once for all columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlDh {
    /// The cursor outlives a commit: 0, 1 or -1.
    pub hold: i16,
    /// Returned to whom: 0, 1, 2 or -1.
    pub ret: i16,
    /// The cursor scrolls.
    pub scroll: i16,
    /// Sensitivity of the cursor: 0 to 5 or -1.
    pub sensitive: i16,
    /// The statement's kind: 7 CALL, 19 DELETE, 50 INSERT, 85 SELECT, …
    pub fcode: i16,
    /// Kind of key: 0 to 2.
    pub keytype: i16,
    /// Optimistic locking (SQLAM 9).
    pub optlck: i16,
    /// Database.
    pub rdbnam: String,
    /// Schema.
    pub schema: String,
    /// Module (SQLAM 10).
    pub module: String,
}

impl SqlDh {
    /// Reads the group.
    pub fn read(r: &mut Reader<'_>, layout: SqldaLayout, text: &SqlText) -> Result<Option<SqlDh>> {
        if !present(r)? {
            return Ok(None);
        }
        let order = text.order();
        Ok(Some(SqlDh {
            hold: r.i16_in(order)?,
            ret: r.i16_in(order)?,
            scroll: r.i16_in(order)?,
            sensitive: r.i16_in(order)?,
            fcode: r.i16_in(order)?,
            keytype: r.i16_in(order)?,
            optlck: if layout.arrays { r.i16_in(order)? } else { 0 },
            rdbnam: text.single(r)?,
            schema: text.pair(r)?,
            module: if layout.module { text.pair(r)? } else { String::new() },
        }))
    }

    /// Writes the group, or its absence.
    pub fn write(header: Option<&SqlDh>, w: &mut Writer, layout: SqldaLayout, text: &SqlText) -> Result<()> {
        let Some(h) = header else {
            w.u8(NULL);
            return Ok(());
        };
        w.u8(0);
        for n in [h.hold, h.ret, h.scroll, h.sensitive, h.fcode, h.keytype] {
            w.i16_in(n, text.order());
        }
        if layout.arrays {
            w.i16_in(h.optlck, text.order());
        }
        text.put_single(w, "SQLDRDBNAM", &h.rdbnam)?;
        text.put_pair(w, "SQLDSCHEMA", &h.schema)?;
        if layout.module {
            text.put_pair(w, "SQLDMODULE", &h.module)?;
        }
        Ok(())
    }
}

/// One column or parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlVar {
    /// Digits of a decimal.
    pub precision: i16,
    /// Digits after the point, or of the fraction of a second.
    pub scale: i16,
    /// Length; of a decimal often precision * 256 + scale. Not the length on the wire.
    pub length: i64,
    /// The SQL type.
    pub sqltype: SqlType,
    /// The type number was odd.
    pub nullable: bool,
    /// CCSID: 0 not text, 65535 bytes.
    pub ccsid: u16,
    /// Extent of an array (SQLAM 9).
    pub array_extent: i64,
    /// The two bytes "X", meaning unknown.
    pub extra: u16,
    /// Name, label and the rest; absent when the server sends none.
    pub opt: Option<SqlVarOpt>,
}

impl SqlVar {
    /// Reads the group.
    pub fn read(r: &mut Reader<'_>, layout: SqldaLayout, text: &SqlText) -> Result<SqlVar> {
        let order = text.order();
        let precision = r.i16_in(order)?;
        let scale = r.i16_in(order)?;
        let length = if layout.long_length { r.i64_in(order)? } else { i64::from(r.i32_in(order)?) };
        let sqltype = r.u16_in(order)?;
        // Every known type lies in this range: outside of it the layout is another one.
        if !(380..4096).contains(&sqltype) {
            return Err(r.invalid(format!("SQLTYPE {sqltype}")).into());
        }
        let mut var = SqlVar {
            precision,
            scale,
            length,
            sqltype: SqlType::new(sqltype),
            nullable: sqltype & 1 == 1,
            ccsid: r.u16()?,
            ..SqlVar::default()
        };
        if layout.groups {
            if layout.arrays {
                var.array_extent = r.i64_in(order)?;
            }
            if layout.extra {
                var.extra = r.u16()?;
            }
            if present(r)? {
                var.opt = Some(SqlVarOpt::read(r, layout, text)?);
            }
        } else {
            var.opt = Some(SqlVarOpt::read_inline(r, layout, text)?);
        }
        Ok(var)
    }

    /// Writes the group.
    pub fn write(&self, w: &mut Writer, layout: SqldaLayout, text: &SqlText) -> Result<()> {
        let order = text.order();
        w.i16_in(self.precision, order);
        w.i16_in(self.scale, order);
        if layout.long_length {
            w.i64_in(self.length, order);
        } else {
            let length = i32::try_from(self.length).map_err(|_| MessageError::Value {
                what: "SQLLENGTH".into(),
                detail: format!("{} does not fit four bytes", self.length),
            })?;
            w.i32_in(length, order);
        }
        w.u16_in(self.sqltype.number() | u16::from(self.nullable), order);
        w.u16(self.ccsid);
        if layout.groups {
            if layout.arrays {
                w.i64_in(self.array_extent, order);
            }
            if layout.extra {
                w.u16(self.extra);
            }
            match &self.opt {
                Some(opt) => {
                    w.u8(0);
                    opt.write(w, layout, text)
                }
                None => {
                    w.u8(NULL);
                    Ok(())
                }
            }
        } else {
            let none = SqlVarOpt::default();
            self.opt.as_ref().unwrap_or(&none).write_inline(w, layout, text)
        }
    }

    /// The column's name; empty when it has none.
    pub fn name(&self) -> &str {
        self.opt.as_ref().map_or("", |opt| &opt.name)
    }

    /// The column's label, when it has one.
    pub fn label(&self) -> Option<&str> {
        self.opt.as_ref().map(|opt| opt.label.as_str()).filter(|label| !label.is_empty())
    }
}

/// SQLDOPTGRP: what a column is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlVarOpt {
    /// Not zero: the name was made up by the server.
    pub unnamed: i16,
    /// Name.
    pub name: String,
    /// Label or heading.
    pub label: String,
    /// Comment.
    pub comment: String,
    /// SQLUDTGRP.
    pub udt: Option<SqlUdt>,
    /// SQLDXGRP.
    pub ext: Option<SqlDx>,
}

impl SqlVarOpt {
    fn read(r: &mut Reader<'_>, layout: SqldaLayout, text: &SqlText) -> Result<SqlVarOpt> {
        let opt = SqlVarOpt {
            unnamed: r.i16_in(text.order())?,
            name: text.pair(r)?,
            label: text.pair_lossy(r)?,
            comment: text.pair_lossy(r)?,
            udt: SqlUdt::read(r, layout, text)?,
            ext: SqlDx::read(r, layout, text)?,
        };
        if layout.tail && present(r)? {
            return Err(r.invalid("a group of unknown layout at the end of SQLDOPTGRP").into());
        }
        Ok(opt)
    }

    fn read_inline(r: &mut Reader<'_>, layout: SqldaLayout, text: &SqlText) -> Result<SqlVarOpt> {
        Ok(SqlVarOpt {
            name: text.pair(r)?,
            label: text.pair_lossy(r)?,
            comment: text.pair_lossy(r)?,
            udt: if layout.inline_udt { SqlUdt::read(r, layout, text)? } else { None },
            ..SqlVarOpt::default()
        })
    }

    fn write(&self, w: &mut Writer, layout: SqldaLayout, text: &SqlText) -> Result<()> {
        w.i16_in(self.unnamed, text.order());
        self.write_names(w, text)?;
        SqlUdt::write(self.udt.as_ref(), w, layout, text)?;
        SqlDx::write(self.ext.as_ref(), w, layout, text)?;
        if layout.tail {
            w.u8(NULL);
        }
        Ok(())
    }

    fn write_inline(&self, w: &mut Writer, layout: SqldaLayout, text: &SqlText) -> Result<()> {
        self.write_names(w, text)?;
        if layout.inline_udt { SqlUdt::write(self.udt.as_ref(), w, layout, text) } else { Ok(()) }
    }

    fn write_names(&self, w: &mut Writer, text: &SqlText) -> Result<()> {
        text.put_pair(w, "SQLNAME", &self.name)?;
        text.put_pair(w, "SQLLABEL", &self.label)?;
        text.put_pair(w, "SQLCOMMENTS", &self.comment)
    }
}

/// SQLUDTGRP: a user-defined type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlUdt {
    /// The standard group.
    Standard {
        /// Kind: 0 to 3.
        xtype: i32,
        /// Database.
        rdbnam: String,
        /// Schema.
        schema: String,
        /// Type.
        name: String,
        /// Module (SQLAM 10).
        module: String,
    },
    /// Derby's: a type that is a Java class.
    Derby {
        /// Type.
        name: String,
        /// Class.
        class: String,
    },
}

impl SqlUdt {
    fn read(r: &mut Reader<'_>, layout: SqldaLayout, text: &SqlText) -> Result<Option<SqlUdt>> {
        // Derby writes no indicator in front of the two names, only one in place of them. (Measured.)
        if layout.derby_udt && r.peek() != Some(NULL) {
            return Ok(Some(SqlUdt::Derby { name: text.pair(r)?, class: text.pair(r)? }));
        }
        if !present(r)? {
            return Ok(None);
        }
        Ok(Some(SqlUdt::Standard {
            xtype: r.i32_in(text.order())?,
            rdbnam: text.single(r)?,
            schema: text.pair(r)?,
            name: text.pair(r)?,
            module: if layout.module { text.pair(r)? } else { String::new() },
        }))
    }

    fn write(udt: Option<&SqlUdt>, w: &mut Writer, layout: SqldaLayout, text: &SqlText) -> Result<()> {
        let wrong =
            || MessageError::Value { what: "SQLUDTGRP".into(), detail: "the other form of the group is due".into() };
        match (udt, layout.derby_udt) {
            (None, _) => w.u8(NULL),
            (Some(SqlUdt::Derby { name, class }), true) => {
                text.put_pair(w, "SQLUDTNAME", name)?;
                text.put_pair(w, "SQLUDTCLASS", class)?;
            }
            (Some(SqlUdt::Standard { xtype, rdbnam, schema, name, module }), false) => {
                w.u8(0);
                w.i32_in(*xtype, text.order());
                text.put_single(w, "SQLUDTRDB", rdbnam)?;
                text.put_pair(w, "SQLUDTSCHEMA", schema)?;
                text.put_pair(w, "SQLUDTNAME", name)?;
                if layout.module {
                    text.put_pair(w, "SQLUDTMODULE", module)?;
                }
            }
            _ => return Err(wrong().into()),
        }
        Ok(())
    }
}

/// Values of [`SqlDx::parmmode`].
pub mod parmmode {
    /// The parameter goes in.
    pub const IN: i16 = 1;
    /// It goes in and comes out.
    pub const INOUT: i16 = 2;
    /// It comes out.
    pub const OUT: i16 = 4;
}

/// SQLDXGRP: where a column comes from. Filled for extended descriptions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlDx {
    /// Position in the key, 0 for none.
    pub keymem: i16,
    /// The column can be updated.
    pub updatable: i16,
    /// How the column is generated: 0 to 7.
    pub generated: i16,
    /// Mode of a parameter: see [`parmmode`](mod@parmmode); 0 none.
    pub parmmode: i16,
    /// Optimistic locking (SQLAM 9).
    pub optlck: i16,
    /// The column is hidden (SQLAM 9).
    pub hidden: i16,
    /// Database.
    pub rdbnam: String,
    /// Correlation name.
    pub corname: String,
    /// Base table.
    pub basename: String,
    /// Schema of the base table.
    pub schema: String,
    /// Column in the base table.
    pub name: String,
    /// Module (SQLAM 10).
    pub module: String,
}

impl SqlDx {
    fn read(r: &mut Reader<'_>, layout: SqldaLayout, text: &SqlText) -> Result<Option<SqlDx>> {
        if !present(r)? {
            return Ok(None);
        }
        let order = text.order();
        Ok(Some(SqlDx {
            keymem: r.i16_in(order)?,
            updatable: r.i16_in(order)?,
            generated: r.i16_in(order)?,
            parmmode: r.i16_in(order)?,
            optlck: if layout.arrays { r.i16_in(order)? } else { 0 },
            hidden: if layout.arrays { r.i16_in(order)? } else { 0 },
            rdbnam: text.single(r)?,
            corname: text.pair(r)?,
            basename: text.pair(r)?,
            schema: text.pair(r)?,
            name: text.pair(r)?,
            module: if layout.module { text.pair(r)? } else { String::new() },
        }))
    }

    fn write(ext: Option<&SqlDx>, w: &mut Writer, layout: SqldaLayout, text: &SqlText) -> Result<()> {
        let Some(x) = ext else {
            w.u8(NULL);
            return Ok(());
        };
        w.u8(0);
        for n in [x.keymem, x.updatable, x.generated, x.parmmode] {
            w.i16_in(n, text.order());
        }
        if layout.arrays {
            w.i16_in(x.optlck, text.order());
            w.i16_in(x.hidden, text.order());
        }
        text.put_single(w, "SQLXRDBNAM", &x.rdbnam)?;
        text.put_pair(w, "SQLXCORNAME", &x.corname)?;
        text.put_pair(w, "SQLXBASENAME", &x.basename)?;
        text.put_pair(w, "SQLXSCHEMA", &x.schema)?;
        text.put_pair(w, "SQLXNAME", &x.name)?;
        if layout.module {
            text.put_pair(w, "SQLXMODULE", &x.module)?;
        }
        Ok(())
    }
}
