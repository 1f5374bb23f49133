//! The catalog of Db2 for LUW: SYSCAT. (Read: IBM, Db2 SQL Reference, catalog views; 10.5 and later.)

use super::ask::Ask;
use super::column_type::CatalogType;
use super::filter::{CatalogFilter, Condition, is_of_the_system};
use super::indexes::Indexes;
use super::keys::{KeyId, Keys, Reference};
use super::listing::{ColumnRow, IndexRow, KeyRow, RoutineRow, SchemaRow, StatisticRow, TableRow};
use super::raw::RawRow;
use super::rules::{key_kind, order, routine_kind, rule, table_kind};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::value::product::Product;
use std::collections::BTreeMap;

const LUW: Product = Product::Luw;
/// The default of a column, which is a large object: as such it would cost an answer of the server for each row.
const DEFAULT: &str = "CAST(\"DEFAULT\" AS VARCHAR(32672)) AS \"DEFAULT\"";
/// Bytes of a default that is whole.
const WHOLE: usize = 32_671;
/// The SQLCODE of a statement that is not understood.
const NO_SUCH_SYNTAX: i32 = -104;

fn of_table(filter: &CatalogFilter) -> Vec<Condition> {
    filter.conditions(LUW, "TABSCHEMA", "TABNAME")
}

pub(super) async fn schemas(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<SchemaRow>> {
    let conditions = filter.of_schema(LUW, "SCHEMANAME");
    let rows = ask.rows("SELECT SCHEMANAME, REMARKS FROM SYSCAT.SCHEMATA", &conditions).await?;
    let schema = |row: &RawRow| {
        Ok(SchemaRow { name: row.name("SCHEMANAME")?, remarks: row.words("REMARKS")?, ..SchemaRow::default() })
    };
    rows.iter().map(schema).collect()
}

pub(super) async fn tables(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<TableRow>> {
    let select = "SELECT TABSCHEMA, TABNAME, TYPE, COLCOUNT, REMARKS, BASE_TABSCHEMA, BASE_TABNAME FROM SYSCAT.TABLES";
    let table = |row: &RawRow| {
        let (schema, letter) = (row.name("TABSCHEMA")?, row.name("TYPE")?);
        let kind = match table_kind(&letter) {
            "TABLE" if is_of_the_system(LUW, &schema) => "SYSTEM TABLE",
            kind => kind,
        };
        Ok(TableRow {
            schema,
            name: row.name("TABNAME")?,
            kind: kind.to_owned(),
            native_kind: Some(letter),
            columns: row.small("COLCOUNT")?,
            remarks: row.words("REMARKS")?,
            base_schema: row.words("BASE_TABSCHEMA")?,
            base_name: row.words("BASE_TABNAME")?,
            ..TableRow::default()
        })
    };
    ask.rows(select, &of_table(filter)).await?.iter().map(table).collect()
}

pub(super) async fn columns(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<ColumnRow>> {
    let of_table = of_table(filter);
    let select = |default: &str| {
        format!(
            "SELECT TABSCHEMA, TABNAME, COLNAME, COLNO, TYPESCHEMA, TYPENAME, LENGTH, SCALE, TYPESTRINGUNITS, \
             STRINGUNITSLENGTH, CODEPAGE, NULLS, {default}, IDENTITY, GENERATED, KEYSEQ, REMARKS FROM SYSCAT.COLUMNS"
        )
    };
    let rows = match ask.rows(&select(DEFAULT), &of_table).await {
        // A server without CAST has no large objects to be cast.
        Err(e) if e.sqlcode == Some(NO_SUCH_SYNTAX) => ask.rows(&select("\"DEFAULT\""), &of_table).await?,
        rows => rows?,
    };
    let mut columns = rows.iter().map(column).collect::<Result<Vec<_>>>()?;
    if columns.iter().any(|column| column.generated.is_some()) {
        let expressions = generated(ask, &of_table).await?;
        for column in &mut columns {
            let of = [column.schema.clone(), column.table.clone(), column.name.clone()];
            column.generated = expressions.get(&of).cloned();
        }
    }
    Ok(columns)
}

/// The expressions of generated columns, by schema, table and name. They are large objects, which are read row by row.
async fn generated(ask: &Ask, of_table: &[Condition]) -> Result<BTreeMap<[String; 3], String>> {
    let mut expressions = BTreeMap::new();
    let conditions = [of_table, &[Condition::is("GENERATED", "A"), Condition::is("IDENTITY", "N")]].concat();
    for row in ask.rows("SELECT TABSCHEMA, TABNAME, COLNAME, TEXT FROM SYSCAT.COLUMNS", &conditions).await? {
        if let Some(text) = row.words("TEXT")? {
            expressions.insert([row.name("TABSCHEMA")?, row.name("TABNAME")?, row.name("COLNAME")?], text);
        }
    }
    Ok(expressions)
}

fn column(row: &RawRow) -> Result<ColumnRow> {
    let page = row.small("CODEPAGE")?;
    let name = row.name("TYPENAME")?;
    let text = name.contains("CHAR") || name.contains("GRAPHIC") || name.contains("CLOB");
    let bits = page == Some(0) && name.contains("CHAR");
    let (identity, generated) = (row.says("IDENTITY", "Y")?, row.text("GENERATED")?.unwrap_or_default());
    let characters = match row.says("TYPESTRINGUNITS", "CODEUNITS32")? {
        true => row.number("STRINGUNITSLENGTH")?,
        false => None,
    };
    let kind = CatalogType {
        schema: row.words("TYPESCHEMA")?.filter(|schema| schema != "SYSIBM"),
        length: row.number("LENGTH")?.unwrap_or_default(),
        scale: row.number("SCALE")?.unwrap_or_default(),
        bits,
        characters,
        name,
    };
    let mut column = ColumnRow {
        schema: row.name("TABSCHEMA")?,
        table: row.name("TABNAME")?,
        name: row.name("COLNAME")?,
        position: row.place("COLNO")?.saturating_add(1),
        nullable: row.says("NULLS", "Y")?,
        default: default(row)?,
        identity: identity.then(|| if generated == "A" { "ALWAYS" } else { "BY DEFAULT" }.to_owned()),
        // The expression follows.
        generated: (generated == "A" && !identity).then(String::new),
        key_position: row.small("KEYSEQ")?.filter(|n| *n > 0),
        ccsid: page.filter(|_| text),
        remarks: row.words("REMARKS")?,
        ..ColumnRow::default()
    };
    kind.tell(&mut column);
    Ok(column)
}

/// A default that is cut is an error.
fn default(row: &RawRow) -> Result<Option<String>> {
    let default = row.words("DEFAULT")?;
    match default.as_ref().filter(|text| text.len() > WHOLE) {
        None => Ok(default),
        Some(_) => {
            let text = format!("the default of column {} has more than {WHOLE} bytes", row.name("COLNAME")?);
            Err(Error::new(ErrorClass::Data, Phase::Fetch, "22001", text).hint("SYSCAT.COLUMNS has it whole"))
        }
    }
}

pub(super) async fn keys(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<KeyRow>> {
    let of_table = of_table(filter);
    let mut keys = Keys::default();
    for row in ask.rows("SELECT TABSCHEMA, TABNAME, CONSTNAME, TYPE FROM SYSCAT.TABCONST", &of_table).await? {
        let Some(kind) = key_kind(&row.name("TYPE")?) else { continue };
        let id = id(&row)?;
        let [schema, table, name] = id.clone();
        keys.add(id, kind, &schema, &table, &name);
    }
    if keys.has("CHECK") {
        let checks = [of_table.as_slice(), &[Condition::is("TYPE", "C")]].concat();
        for row in ask.rows("SELECT TABSCHEMA, TABNAME, CONSTNAME, TEXT FROM SYSCAT.CHECKS", &checks).await? {
            keys.checks.insert(id(&row)?, row.name("TEXT")?);
        }
    }
    if keys.have_columns() {
        let select = "SELECT TABSCHEMA, TABNAME, CONSTNAME, COLNAME, COLSEQ FROM SYSCAT.KEYCOLUSE";
        for row in ask.rows(select, &of_table).await? {
            keys.columns.add(id(&row)?, row.place("COLSEQ")?, row.name("COLNAME")?);
        }
    }
    if keys.has("FOREIGN KEY") {
        let select = "SELECT TABSCHEMA, TABNAME, CONSTNAME, REFTABSCHEMA, REFTABNAME, DELETERULE, UPDATERULE \
                      FROM SYSCAT.REFERENCES";
        for row in ask.rows(select, &of_table).await? {
            let reference = Reference {
                schema: row.name("REFTABSCHEMA")?,
                table: row.name("REFTABNAME")?,
                on_delete: rule(&row.name("DELETERULE")?),
                on_update: rule(&row.name("UPDATERULE")?),
            };
            keys.references.insert(id(&row)?, reference);
        }
        let select = "SELECT R.TABSCHEMA, R.TABNAME, R.CONSTNAME, K.COLNAME, K.COLSEQ FROM SYSCAT.REFERENCES R \
                      JOIN SYSCAT.KEYCOLUSE K ON K.TABSCHEMA = R.REFTABSCHEMA AND K.TABNAME = R.REFTABNAME \
                      AND K.CONSTNAME = R.REFKEYNAME";
        for row in ask.rows(select, &filter.conditions(LUW, "R.TABSCHEMA", "R.TABNAME")).await? {
            keys.parents.add(id(&row)?, row.place("COLSEQ")?, row.name("COLNAME")?);
        }
    }
    Ok(keys.rows())
}

/// The name of a constraint.
fn id(row: &RawRow) -> Result<KeyId> {
    Ok([row.name("TABSCHEMA")?, row.name("TABNAME")?, row.name("CONSTNAME")?])
}

pub(super) async fn indexes(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<IndexRow>> {
    let select = "SELECT INDSCHEMA, INDNAME, TABSCHEMA, TABNAME, UNIQUERULE FROM SYSCAT.INDEXES";
    let mut indexes = Indexes::default();
    for row in ask.rows(select, &of_table(filter)).await? {
        let rule = row.name("UNIQUERULE")?;
        indexes.add(IndexRow {
            schema: row.name("TABSCHEMA")?,
            table: row.name("TABNAME")?,
            index_schema: row.name("INDSCHEMA")?,
            name: row.name("INDNAME")?,
            unique: rule != "D",
            primary: Some(rule == "P"),
            ..IndexRow::default()
        });
    }
    let part = "SELECT INDSCHEMA, INDNAME, COLNAME, COLSEQ, COLORDER FROM SYSCAT.INDEXCOLUSE";
    let join = "SELECT U.INDSCHEMA, U.INDNAME, U.COLNAME, U.COLSEQ, U.COLORDER FROM SYSCAT.INDEXES I \
                JOIN SYSCAT.INDEXCOLUSE U ON U.INDSCHEMA = I.INDSCHEMA AND U.INDNAME = I.INDNAME";
    let of_all = filter.conditions(LUW, "I.TABSCHEMA", "I.TABNAME");
    for row in indexes.parts(ask, part, ["INDSCHEMA", "INDNAME"], join, &of_all).await? {
        let of = (row.name("INDSCHEMA")?, row.name("INDNAME")?);
        indexes.column(of, row.place("COLSEQ")?, row.name("COLNAME")?, order(&row.name("COLORDER")?));
    }
    Ok(indexes.rows())
}

pub(super) async fn procedures(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<RoutineRow>> {
    let select = "SELECT ROUTINESCHEMA, ROUTINENAME, SPECIFICNAME, ROUTINETYPE, PARM_COUNT, RESULT_SETS, REMARKS \
                  FROM SYSCAT.ROUTINES";
    let routine = |row: &RawRow| {
        Ok(RoutineRow {
            schema: row.name("ROUTINESCHEMA")?,
            name: row.name("ROUTINENAME")?,
            specific_name: row.words("SPECIFICNAME")?,
            kind: routine_kind(&row.name("ROUTINETYPE")?).to_owned(),
            parameters: row.small("PARM_COUNT")?,
            results: row.small("RESULT_SETS")?,
            remarks: row.words("REMARKS")?,
        })
    };
    let conditions = filter.conditions(LUW, "ROUTINESCHEMA", "ROUTINENAME");
    ask.rows(select, &conditions).await?.iter().map(routine).collect()
}

pub(super) async fn statistics(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<StatisticRow>> {
    let of_table = of_table(filter);
    let mut all = Vec::new();
    for row in ask.rows("SELECT TABSCHEMA, TABNAME, CARD FROM SYSCAT.TABLES", &of_table).await? {
        let rows = row.counted("CARD")?;
        all.push(StatisticRow {
            schema: row.name("TABSCHEMA")?,
            table: row.name("TABNAME")?,
            rows,
            ..StatisticRow::default()
        });
    }
    let select = "SELECT TABSCHEMA, TABNAME, COLNAME, COLCARD, NUMNULLS, AVGCOLLEN FROM SYSCAT.COLUMNS";
    for row in ask.rows(select, &of_table).await? {
        all.push(StatisticRow {
            schema: row.name("TABSCHEMA")?,
            table: row.name("TABNAME")?,
            column: Some(row.name("COLNAME")?),
            distinct: row.counted("COLCARD")?,
            nulls: row.counted("NUMNULLS")?,
            average_bytes: row.counted("AVGCOLLEN")?,
            ..StatisticRow::default()
        });
    }
    Ok(all)
}
