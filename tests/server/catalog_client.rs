//! The client's catalog at tables in memory, as each product.

use crate::support::{PERSONAS, connect, start};
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona};
use drdarrow::server::table::MemoryTables;
use drdarrow::{Catalog, CatalogFilter, Connection, ErrorClass, NameFilter};

/// A product whose catalog is not known.
static INFORMIX: Persona = Persona { prdid: "IFX15000", ..LUW };
const TABLES: [&str; 3] = [
    "CREATE TABLE ORDERS (ID INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(20), PRICE DECIMAL(9, 2), RAW CHAR(4) FOR BIT DATA)",
    "CREATE TABLE OTHERS (A CHAR(3) NOT NULL PRIMARY KEY)",
    "CREATE TABLE PLAIN (A BIGINT)",
];

async fn filled(connection: &Connection) {
    for sql in TABLES {
        connection.execute(sql, &[]).await.unwrap();
    }
}

fn of_table(name: &str) -> CatalogFilter {
    CatalogFilter { schema: Some(NameFilter::is("APP")), ..CatalogFilter::of_name(name) }
}

async fn at_each_product(test: impl AsyncFn(&'static Persona, Catalog)) {
    for persona in PERSONAS {
        let server = start(persona, &MemoryTables::new()).await;
        let connection = connect(&server).await;
        filled(&connection).await;
        test(persona, Catalog::of(&connection)).await;
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn tables_and_schemas_are_told() {
    at_each_product(async |persona, catalog| {
        let all = catalog.tables(&CatalogFilter::default(), &["TABLE"]).await.unwrap();
        let names: Vec<_> = all.rows.iter().map(|row| (row.schema.as_str(), row.name.as_str())).collect();
        assert_eq!(names, [("APP", "ORDERS"), ("APP", "OTHERS"), ("APP", "PLAIN")], "{}", persona.name);
        let some = CatalogFilter { name: Some(NameFilter::like("O%R_\\%").unwrap()), ..CatalogFilter::default() };
        assert_eq!(catalog.tables(&some, &[]).await.unwrap().rows, []);
        let some = CatalogFilter { name: Some(NameFilter::like("%RS").unwrap()), ..CatalogFilter::default() };
        assert_eq!(catalog.tables(&some, &[]).await.unwrap().rows.len(), 2);
        let schemas = catalog.schemas(&CatalogFilter::default()).await.unwrap();
        assert_eq!(schemas.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["APP"]);
        assert_eq!(catalog.catalogs().await.unwrap().rows[0].name, "SAMPLE");
        assert_eq!(catalog.current_schema().await.unwrap(), "APP", "{}", persona.name);
        assert_eq!(catalog.table("orders").await.unwrap().name, "ORDERS");
        let missing = catalog.table("nothing").await.unwrap_err();
        assert_eq!((missing.kind, missing.sqlcode), (ErrorClass::Programming, Some(-204)));
    })
    .await;
}

#[tokio::test]
async fn columns_keys_and_indexes_are_told() {
    at_each_product(async |persona, catalog| {
        let name = persona.name;
        let columns = catalog.columns(&of_table("ORDERS")).await.unwrap().rows;
        let told: Vec<_> =
            columns.iter().map(|c| (c.position, c.declared.as_str(), c.nullable, c.key_position)).collect();
        assert_eq!(
            told,
            [
                (1, "INTEGER", false, Some(1)),
                (2, "VARCHAR(20)", true, None),
                (3, "DECIMAL(9,2)", true, None),
                (4, "CHAR(4) FOR BIT DATA", true, None)
            ],
            "{name}"
        );
        let everything = catalog.columns(&CatalogFilter::default()).await.unwrap();
        let batch = everything.batch().unwrap();
        assert_eq!((batch.num_rows(), batch.column_by_name("declared").is_some()), (6, true));
        let keys = catalog.keys(&CatalogFilter::default()).await.unwrap().rows;
        let told: Vec<_> = keys.iter().map(|k| (k.table.as_str(), k.kind.as_str(), k.column.as_deref())).collect();
        assert_eq!(told, [("ORDERS", "PRIMARY KEY", Some("ID")), ("OTHERS", "PRIMARY KEY", Some("A"))], "{name}");
        let indexes = catalog.indexes(&of_table("ORDERS")).await.unwrap().rows;
        let told: Vec<_> =
            indexes.iter().map(|i| (i.unique, i.position, i.column.as_str(), i.order.as_deref())).collect();
        // The access paths of keys are elsewhere on IBM i.
        let expected: &[_] = if name == IBMI.name { &[] } else { &[(true, 1, "ID", Some("ASC"))] };
        assert_eq!(told, expected, "{name}");
        let counted = catalog.statistics(&of_table("ORDERS")).await.unwrap().rows;
        assert_eq!(
            counted.iter().map(|s| s.rows).collect::<Vec<_>>(),
            if name == DERBY.name { vec![] } else { vec![Some(0)] }
        );
    })
    .await;
}

#[tokio::test]
async fn procedures_of_the_system_are_told_where_they_are_asked_for() {
    at_each_product(async |persona, catalog| {
        assert_eq!(catalog.procedures(&CatalogFilter::default()).await.unwrap().rows, []);
        let of_system = CatalogFilter { schema: Some(NameFilter::is("SYSIBM")), ..CatalogFilter::of_name("SQLTABLES") };
        let found = catalog.procedures(&of_system).await.unwrap().rows;
        assert_eq!((found.len(), found[0].kind.as_str()), (1, "PROCEDURE"), "{}", persona.name);
        let wrong = catalog.tables(&CatalogFilter::default(), &["SHEET"]).await.unwrap_err();
        assert_eq!(wrong.kind, ErrorClass::Interface);
    })
    .await;
}

#[tokio::test]
async fn a_product_without_a_known_catalog_is_named() {
    let server = start(&INFORMIX, &MemoryTables::new()).await;
    let connection = connect(&server).await;
    let catalog = Catalog::of(&connection);
    for told in [catalog.tables(&CatalogFilter::default(), &[]).await.err(), catalog.table("T").await.err()] {
        let e = told.unwrap();
        assert_eq!((e.kind, e.message.contains("IFX15000")), (ErrorClass::NotSupported, true), "{e}");
    }
}
