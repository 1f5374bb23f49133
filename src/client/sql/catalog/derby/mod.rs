//! The catalog of Derby. Its SYS tables have types and the columns of keys as objects of Java, so columns and keys come
//! from the catalog procedures, as its own client asks them. Patterns there know no sign that stands for itself: what
//! they bring is filtered here. (Read: apache/derby, metadata.properties; measured: Derby 10.14.)

mod keys;

use crate::client::error::Result;
use crate::client::sql::catalog::ask::{Ask, text};
use crate::client::sql::catalog::column_type::CatalogType;
use crate::client::sql::catalog::filter::{CatalogFilter, Condition, NameFilter};
use crate::client::sql::catalog::listing::{ColumnRow, RoutineRow, SchemaRow, StatisticRow, TableRow};
use crate::client::sql::catalog::raw::RawRow;
use crate::client::sql::catalog::table_name::TableName;
use crate::wire::sql::like::{self, Sign};
use crate::wire::value::product::Product;
use std::collections::BTreeMap;

pub(super) use self::keys::{indexes, keys};

/// Options of a procedure: numbers as JDBC has them.
pub(super) const OPTIONS: &str = "DATATYPE='JDBC';DYNAMIC=0;REPORTPUBLICPRIVILEGES=1;CURSORHOLD=1";

/// A pattern that takes what a filter takes, and maybe more.
fn wide(filter: Option<&NameFilter>) -> String {
    let signs = match filter {
        None => return "%".to_owned(),
        Some(NameFilter::Is(name)) => name.chars().map(Sign::Itself).collect(),
        Some(NameFilter::Like(pattern)) => like::signs(pattern),
    };
    let sign = |sign: Sign| match sign {
        Sign::AnyText => '%',
        Sign::AnyCharacter | Sign::Itself('%' | '\\') => '_',
        Sign::Itself(c) => c,
    };
    signs.into_iter().map(sign).collect()
}

pub(super) async fn schemas(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<SchemaRow>> {
    let conditions = filter.of_schema(Product::Derby, "SCHEMANAME");
    let rows = ask.rows("SELECT SCHEMANAME FROM SYS.SYSSCHEMAS", &conditions).await?;
    rows.iter().map(|row| Ok(SchemaRow { name: row.name("SCHEMANAME")?, ..SchemaRow::default() })).collect()
}

pub(super) async fn tables(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<TableRow>> {
    let (schema, name) = (wide(filter.schema.as_ref()), wide(filter.name.as_ref()));
    let arguments = [text(None), text(Some(&schema)), text(Some(&name)), text(None), text(Some(OPTIONS))];
    let table = |row: &RawRow| {
        let native = row.name("TABLE_TYPE")?;
        Ok(TableRow {
            schema: row.name("TABLE_SCHEM")?,
            name: row.name("TABLE_NAME")?,
            kind: match native.as_str() {
                "SYNONYM" | "ALIAS" => "ALIAS",
                "VIEW" => "VIEW",
                "SYSTEM TABLE" => "SYSTEM TABLE",
                "TABLE" => "TABLE",
                _ => "OTHER",
            }
            .to_owned(),
            native_kind: Some(native),
            remarks: row.words("REMARKS")?,
            ..TableRow::default()
        })
    };
    let rows: Result<Vec<TableRow>> = ask.call("SQLTABLES", &arguments).await?.iter().map(table).collect();
    let takes = |row: &TableRow| filter.takes(Product::Derby, &row.schema, &row.name);
    let mut rows: Vec<TableRow> = rows?.into_iter().filter(takes).collect();
    if rows.iter().any(|row| row.kind == "ALIAS") {
        let bases = bases(ask).await?;
        for row in &mut rows {
            if let Some(base) = bases.get(&(row.schema.clone(), row.name.clone())) {
                (row.base_schema, row.base_name) = (base.schema.clone(), Some(base.name.clone()));
            }
        }
    }
    Ok(rows)
}

/// The tables that synonyms stand for, by schema and name. They are Java objects, whose text is the name of a table.
/// (Measured: Derby 10.14.)
async fn bases(ask: &Ask) -> Result<BTreeMap<(String, String), TableName>> {
    let select = "SELECT S.SCHEMANAME, A.ALIAS, CAST(A.ALIASINFO AS VARCHAR(32672)) AS BASE FROM SYS.SYSALIASES A \
                  JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = A.SCHEMAID";
    let mut bases = BTreeMap::new();
    for row in ask.rows(select, &[Condition::is("A.ALIASTYPE", "S")]).await? {
        bases.insert((row.name("SCHEMANAME")?, row.name("ALIAS")?), TableName::parse(&row.name("BASE")?)?);
    }
    Ok(bases)
}

pub(super) async fn columns(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<ColumnRow>> {
    let (schema, name) = (wide(filter.schema.as_ref()), wide(filter.name.as_ref()));
    let arguments = [text(None), text(Some(&schema)), text(Some(&name)), text(Some("%")), text(Some(OPTIONS))];
    let mut columns = Vec::new();
    for row in ask.call("SQLCOLUMNS", &arguments).await? {
        if filter.takes(Product::Derby, &row.name("TABLE_SCHEM")?, &row.name("TABLE_NAME")?) {
            columns.push(column(&row)?);
        }
    }
    let primary = keys(ask, filter).await?.into_iter().filter(|key| key.kind == "PRIMARY KEY");
    let places: BTreeMap<_, _> =
        primary.map(|key| ((key.schema, key.table, key.column.unwrap_or_default()), key.position)).collect();
    for column in &mut columns {
        let of = (column.schema.clone(), column.table.clone(), column.name.clone());
        column.key_position = places.get(&of).copied().flatten();
    }
    Ok(columns)
}

fn column(row: &RawRow) -> Result<ColumnRow> {
    // Derby writes the length of bytes as `VARCHAR () FOR BIT DATA`.
    let name = row.name("TYPE_NAME")?;
    let plain = name.replace(" ()", "").replace("()", "");
    let bits = plain.ends_with(" FOR BIT DATA");
    let default = row.words("COLUMN_DEF")?;
    let identity = row.says("IS_AUTOINCREMENT", "YES")?;
    let by_default = default.as_deref().is_some_and(|text| text.starts_with("GENERATED_BY_DEFAULT"));
    let generated = default.as_deref().and_then(|text| text.strip_prefix("GENERATED ALWAYS AS")).map(str::trim);
    let kind = CatalogType {
        name: plain.trim_end_matches(" FOR BIT DATA").to_owned(),
        schema: None,
        length: row.number("COLUMN_SIZE")?.unwrap_or_default(),
        scale: row.number("DECIMAL_DIGITS")?.unwrap_or_default(),
        bits,
        characters: None,
    };
    let mut column = ColumnRow {
        schema: row.name("TABLE_SCHEM")?,
        table: row.name("TABLE_NAME")?,
        name: row.name("COLUMN_NAME")?,
        position: row.place("ORDINAL_POSITION")?,
        nullable: row.number("NULLABLE")? != Some(0),
        generated: generated.map(str::to_owned),
        default: default.clone().filter(|_| !identity && generated.is_none()),
        identity: identity.then(|| if by_default { "BY DEFAULT" } else { "ALWAYS" }.to_owned()),
        remarks: row.words("REMARKS")?,
        ..ColumnRow::default()
    };
    kind.tell(&mut column);
    if column.type_name == "TIMESTAMP" {
        // Its digits are not stated.
        column.declared.clone_from(&column.type_name);
    }
    Ok(column)
}

pub(super) async fn procedures(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<RoutineRow>> {
    let (schema, name) = (wide(filter.schema.as_ref()), wide(filter.name.as_ref()));
    let arguments = [text(None), text(Some(&schema)), text(Some(&name)), text(Some(OPTIONS))];
    let mut routines = Vec::new();
    for (procedure, kind) in [("SQLPROCEDURES", "PROCEDURE"), ("SQLFUNCTIONS", "FUNCTION")] {
        for row in ask.call(procedure, &arguments).await? {
            let (schema, name) = (row.name(&format!("{kind}_SCHEM"))?, row.name(&format!("{kind}_NAME"))?);
            if filter.takes(Product::Derby, &schema, &name) {
                let specific_name = row.words("SPECIFIC_NAME")?;
                routines.push(RoutineRow {
                    schema,
                    name,
                    specific_name,
                    kind: kind.to_owned(),
                    ..RoutineRow::default()
                });
            }
        }
    }
    Ok(routines)
}

/// Derby counts no rows.
pub(super) async fn statistics(_: &Ask, _: &CatalogFilter) -> Result<Vec<StatisticRow>> {
    Ok(Vec::new())
}
