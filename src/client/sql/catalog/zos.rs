//! The catalog of Db2 for z/OS: SYSIBM. (Read: IBM, Db2 for z/OS, catalog tables.)

use super::ask::Ask;
use super::column_type::CatalogType;
use super::filter::{CatalogFilter, Condition, is_of_the_system};
use super::indexes::Indexes;
use super::keys::{KeyId, Keys, Reference};
use super::listing::{ColumnRow, IndexRow, KeyRow, RoutineRow, SchemaRow, StatisticRow, TableRow};
use super::raw::RawRow;
use super::rules::{key_kind, order, routine_kind, rule, table_kind};
use crate::client::error::Result;
use crate::wire::value::product::Product;

const ZOS: Product = Product::Zos;

fn of_table(filter: &CatalogFilter) -> Vec<Condition> {
    filter.conditions(ZOS, "TBCREATOR", "TBNAME")
}

/// Those that have tables: there is no list of schemas.
pub(super) async fn schemas(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<SchemaRow>> {
    let rows = ask.rows("SELECT DISTINCT CREATOR FROM SYSIBM.SYSTABLES", &filter.of_schema(ZOS, "CREATOR")).await?;
    rows.iter().map(|row| Ok(SchemaRow { name: row.name("CREATOR")?, ..SchemaRow::default() })).collect()
}

pub(super) async fn tables(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<TableRow>> {
    let select = "SELECT CREATOR, NAME, TYPE, COLCOUNT, TBCREATOR, TBNAME, REMARKS, LABEL FROM SYSIBM.SYSTABLES";
    let table = |row: &RawRow| {
        let (schema, letter) = (row.name("CREATOR")?, row.name("TYPE")?);
        let kind = match table_kind(&letter) {
            "TABLE" if is_of_the_system(ZOS, &schema) => "SYSTEM TABLE",
            // A history table has the letter of Db2 for LUW's hierarchies.
            "OTHER" if letter == "H" => "TABLE",
            kind => kind,
        };
        Ok(TableRow {
            schema,
            name: row.name("NAME")?,
            kind: kind.to_owned(),
            native_kind: Some(letter),
            columns: row.small("COLCOUNT")?,
            remarks: row.words("REMARKS")?,
            label: row.words("LABEL")?,
            base_schema: row.words("TBCREATOR")?,
            base_name: row.words("TBNAME")?,
            ..TableRow::default()
        })
    };
    ask.rows(select, &filter.conditions(ZOS, "CREATOR", "NAME")).await?.iter().map(table).collect()
}

pub(super) async fn columns(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<ColumnRow>> {
    let select = "SELECT TBCREATOR, TBNAME, NAME, COLNO, TYPESCHEMA, TYPENAME, LENGTH, LENGTH2, SCALE, NULLS, CCSID, \
                  FOREIGNKEY, \"DEFAULT\", DEFAULTVALUE, KEYSEQ, REMARKS, LABEL FROM SYSIBM.SYSCOLUMNS";
    ask.rows(select, &of_table(filter)).await?.iter().map(column).collect()
}

fn column(row: &RawRow) -> Result<ColumnRow> {
    let (name, bits) = (row.name("TYPENAME")?, row.says("FOREIGNKEY", "B")?);
    let length = row.number("LENGTH")?.unwrap_or_default();
    let scale = row.number("SCALE")?.unwrap_or_default();
    // One of 10 bytes without a scale is older than scales, and has six digits.
    let old = name.starts_with("TIMEST") && length == 10 && scale == 0;
    let kind = CatalogType {
        schema: row.words("TYPESCHEMA")?.filter(|schema| schema != "SYSIBM"),
        // Large objects have their length beside.
        length: row.number("LENGTH2")?.filter(|n| *n > 0).unwrap_or(length),
        scale: if old { 6 } else { scale },
        bits,
        characters: None,
        name,
    };
    let letter = row.text("DEFAULT")?.unwrap_or_default();
    let mut column = ColumnRow {
        schema: row.name("TBCREATOR")?,
        table: row.name("TBNAME")?,
        name: row.name("NAME")?,
        position: row.place("COLNO")?,
        nullable: row.says("NULLS", "Y")?,
        default: default(&letter, row.words("DEFAULTVALUE")?),
        identity: match letter.as_str() {
            "I" => Some("ALWAYS".to_owned()),
            "J" => Some("BY DEFAULT".to_owned()),
            _ => None,
        },
        key_position: row.small("KEYSEQ")?.filter(|n| *n > 0),
        ccsid: row.small("CCSID")?.filter(|n| *n > 0),
        remarks: row.words("REMARKS")?,
        label: row.words("LABEL")?,
        ..ColumnRow::default()
    };
    kind.tell(&mut column);
    Ok(column)
}

/// The default by the letter of its kind, with the value that the catalog has for some of them.
fn default(letter: &str, value: Option<String>) -> Option<String> {
    match letter {
        "S" | "L" => Some("CURRENT SQLID".to_owned()),
        "U" => Some("USER".to_owned()),
        "I" | "J" => None,
        // A text stands there without its quotes.
        "1" => Some(format!("'{}'", value.unwrap_or_default().replace('\'', "''"))),
        _ => value,
    }
}

pub(super) async fn keys(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<KeyRow>> {
    let of_table = of_table(filter);
    let of_child = filter.conditions(ZOS, "CREATOR", "TBNAME");
    let mut keys = Keys::default();
    for row in ask.rows("SELECT TBCREATOR, TBNAME, CONSTNAME, TYPE FROM SYSIBM.SYSTABCONST", &of_table).await? {
        let Some(kind) = key_kind(&row.name("TYPE")?) else { continue };
        add(&mut keys, [row.name("TBCREATOR")?, row.name("TBNAME")?, row.name("CONSTNAME")?], kind);
    }
    if keys.have_columns() {
        let select = "SELECT TBCREATOR, TBNAME, CONSTNAME, COLNAME, COLSEQ FROM SYSIBM.SYSKEYCOLUSE";
        for row in ask.rows(select, &of_table).await? {
            let id = [row.name("TBCREATOR")?, row.name("TBNAME")?, row.name("CONSTNAME")?];
            keys.columns.add(id, row.place("COLSEQ")?, row.name("COLNAME")?);
        }
    }
    let select = "SELECT TBOWNER, TBNAME, CHECKNAME, CHECKCONDITION FROM SYSIBM.SYSCHECKS";
    for row in ask.rows(select, &filter.conditions(ZOS, "TBOWNER", "TBNAME")).await? {
        let id = [row.name("TBOWNER")?, row.name("TBNAME")?, row.name("CHECKNAME")?];
        keys.checks.insert(id.clone(), row.name("CHECKCONDITION")?);
        add(&mut keys, id, "CHECK");
    }
    let select = "SELECT CREATOR, TBNAME, RELNAME, REFTBCREATOR, REFTBNAME, DELETERULE FROM SYSIBM.SYSRELS";
    for row in ask.rows(select, &of_child).await? {
        let reference = Reference {
            schema: row.name("REFTBCREATOR")?,
            table: row.name("REFTBNAME")?,
            on_delete: rule(&row.name("DELETERULE")?),
            on_update: None,
        };
        keys.references.insert(relation(&row)?, reference);
        add(&mut keys, relation(&row)?, "FOREIGN KEY");
    }
    if keys.has("FOREIGN KEY") {
        let select = "SELECT CREATOR, TBNAME, RELNAME, COLNAME, COLSEQ FROM SYSIBM.SYSFOREIGNKEYS";
        for row in ask.rows(select, &of_child).await? {
            keys.columns.add(relation(&row)?, row.place("COLSEQ")?, row.name("COLNAME")?);
        }
        // The parent's columns are those of the index that the relation names; without one, of its primary key.
        let by_index = "SELECT R.CREATOR, R.TBNAME, R.RELNAME, K.COLNAME, K.COLSEQ FROM SYSIBM.SYSRELS R \
                        JOIN SYSIBM.SYSKEYS K ON K.IXCREATOR = R.IXOWNER AND K.IXNAME = R.IXNAME";
        let by_key = "SELECT R.CREATOR, R.TBNAME, R.RELNAME, C.NAME AS COLNAME, C.KEYSEQ AS COLSEQ FROM SYSIBM.SYSRELS R \
                      JOIN SYSIBM.SYSCOLUMNS C ON C.TBCREATOR = R.REFTBCREATOR AND C.TBNAME = R.REFTBNAME \
                      AND R.IXNAME = '' AND C.KEYSEQ > 0";
        for select in [by_index, by_key] {
            for row in ask.rows(select, &filter.conditions(ZOS, "R.CREATOR", "R.TBNAME")).await? {
                keys.parents.add(relation(&row)?, row.place("COLSEQ")?, row.name("COLNAME")?);
            }
        }
    }
    Ok(keys.rows())
}

fn add(keys: &mut Keys, id: KeyId, kind: &str) {
    let [schema, table, name] = id.clone();
    keys.add(id, kind, &schema, &table, &name);
}

/// The name of a foreign key.
fn relation(row: &RawRow) -> Result<KeyId> {
    Ok([row.name("CREATOR")?, row.name("TBNAME")?, row.name("RELNAME")?])
}

pub(super) async fn indexes(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<IndexRow>> {
    let select = "SELECT CREATOR, NAME, TBCREATOR, TBNAME, UNIQUERULE FROM SYSIBM.SYSINDEXES";
    let mut indexes = Indexes::default();
    for row in ask.rows(select, &of_table(filter)).await? {
        let rule = row.name("UNIQUERULE")?;
        indexes.add(IndexRow {
            schema: row.name("TBCREATOR")?,
            table: row.name("TBNAME")?,
            index_schema: row.name("CREATOR")?,
            name: row.name("NAME")?,
            unique: rule != "D",
            primary: Some(rule == "P"),
            ..IndexRow::default()
        });
    }
    let part = "SELECT IXCREATOR, IXNAME, COLNAME, COLSEQ, ORDERING FROM SYSIBM.SYSKEYS";
    let join = "SELECT K.IXCREATOR, K.IXNAME, K.COLNAME, K.COLSEQ, K.ORDERING FROM SYSIBM.SYSINDEXES I \
                JOIN SYSIBM.SYSKEYS K ON K.IXCREATOR = I.CREATOR AND K.IXNAME = I.NAME";
    let of_all = filter.conditions(ZOS, "I.TBCREATOR", "I.TBNAME");
    for row in indexes.parts(ask, part, ["IXCREATOR", "IXNAME"], join, &of_all).await? {
        let of = (row.name("IXCREATOR")?, row.name("IXNAME")?);
        indexes.column(of, row.place("COLSEQ")?, row.name("COLNAME")?, order(&row.name("ORDERING")?));
    }
    Ok(indexes.rows())
}

pub(super) async fn procedures(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<RoutineRow>> {
    let select =
        "SELECT SCHEMA, NAME, SPECIFICNAME, ROUTINETYPE, PARM_COUNT, RESULT_SETS, REMARKS FROM SYSIBM.SYSROUTINES";
    let routine = |row: &RawRow| {
        Ok(RoutineRow {
            schema: row.name("SCHEMA")?,
            name: row.name("NAME")?,
            specific_name: row.words("SPECIFICNAME")?,
            kind: routine_kind(&row.name("ROUTINETYPE")?).to_owned(),
            parameters: row.small("PARM_COUNT")?,
            results: row.small("RESULT_SETS")?,
            remarks: row.words("REMARKS")?,
        })
    };
    ask.rows(select, &filter.conditions(ZOS, "SCHEMA", "NAME")).await?.iter().map(routine).collect()
}

pub(super) async fn statistics(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<StatisticRow>> {
    let conditions = filter.conditions(ZOS, "CREATOR", "NAME");
    let mut all = Vec::new();
    for row in ask.rows("SELECT CREATOR, NAME, CARDF FROM SYSIBM.SYSTABLES", &conditions).await? {
        let rows = row.counted("CARDF")?;
        all.push(StatisticRow {
            schema: row.name("CREATOR")?,
            table: row.name("NAME")?,
            rows,
            ..StatisticRow::default()
        });
    }
    let conditions = filter.conditions(ZOS, "TBCREATOR", "TBNAME");
    let select = "SELECT TBCREATOR, TBNAME, NAME, COLCARDF FROM SYSIBM.SYSCOLUMNS";
    for row in ask.rows(select, &conditions).await? {
        all.push(StatisticRow {
            schema: row.name("TBCREATOR")?,
            table: row.name("TBNAME")?,
            column: Some(row.name("NAME")?),
            distinct: row.counted("COLCARDF")?,
            ..StatisticRow::default()
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_an_expression() {
        let told = |letter: &str, value: Option<&str>| default(letter, value.map(str::to_owned));
        assert_eq!(told("1", Some("it's")).as_deref(), Some("'it''s'"));
        assert_eq!(told("1", None).as_deref(), Some("''"));
        assert_eq!(told("4", Some("-5")).as_deref(), Some("-5"));
        assert_eq!(told("U", None).as_deref(), Some("USER"));
        assert_eq!((told("I", None), told("N", None)), (None, None));
    }
}
