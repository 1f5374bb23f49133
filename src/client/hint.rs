//! Advice for the SQL errors that users meet most: the cure for an SQLCODE of Db2 or an SQLSTATE of Derby. The
//! server's sentence names the fault; the advice says how to repair it on that product.

use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::product::Product;

/// The advice for an error, where there is any. The product is read off SQLERRPROC, whose first three letters are
/// those of a PRDID (SQL, QSQ, DSN, CSS) on every server.
pub(super) fn advice(sqlca: &Sqlca) -> Option<&'static str> {
    let product = Product::from_prdid(&sqlca.errproc);
    if product == Product::Derby {
        let state = sqlca.sqlstate.trim();
        return DERBY.iter().find(|(of, _)| *of == state).map(|(_, advice)| *advice);
    }
    let of_code = || DB2.iter().filter(|(code, ..)| *code == sqlca.sqlcode);
    let own = of_code().find(|(_, of, _)| *of == product);
    own.or_else(|| of_code().find(|(_, of, _)| *of == Product::Other)).map(|(.., advice)| *advice)
}

/// The column that the server names, or the number of the parameter.
pub(super) fn column(sqlca: &Sqlca) -> Option<String> {
    let first = sqlca.tokens.first()?.split(':').next()?.trim();
    let named = match (sqlca.sqlstate.trim(), sqlca.sqlcode) {
        // Db2 for LUW may number the column within its table, as in `TBSPACEID=2, TABLEID=4, COLNO=0`.
        ("23502", _) | (_, -404 | -407) => !first.contains([' ', '=']),
        // Db2 for z/OS and i: the position of the variable.
        (_, -302 | -303) => first.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    let name = first.rsplit('.').next().unwrap_or(first).trim_matches('"');
    (named && !name.is_empty()).then(|| name.to_owned())
}

use Product::{IbmI, Luw, Other, Zos};

/// By SQLCODE and product; `Other` stands for all that have no row of their own. (Read: IBM's documentation of the
/// SQL messages of Db2 for LUW 11.5, Db2 for i 7.5 and Db2 13 for z/OS.)
static DB2: &[(i32, Product, &str)] = &[
    (
        -7008,
        Other,
        "the table is not journaled, which commitment control needs: start journaling (STRJRNPF), or connect with isolation=nc",
    ),
    (
        -30082,
        Luw,
        "reason 24 is a wrong user id or password, 1 an expired password (new_password=… sets another), 17 a mechanism that the server does not take (security=…)",
    ),
    (-30082, Other, "check user id and password, and whether the user profile is enabled and its password not expired"),
    (-964, Luw, "commit more often, or have the log made larger (LOGPRIMARY, LOGSECOND)"),
    (-918, Other, "roll back: nothing else is accepted before that"),
    (-913, Other, "only this statement was undone: try it again, or roll back so that others can go on"),
    (
        -911,
        Luw,
        "the work since the last commit is undone: do the whole transaction again; reason 2 is a deadlock, 68 a lock timeout",
    ),
    (-911, Other, "the work since the last commit is undone: do the whole transaction again"),
    (
        -904,
        Zos,
        "the reason code and the kind name the resource: 00C90080 to 00C900A3 are states of a table space (-DISPLAY DATABASE(…) RESTRICT), 00C9008E is a lock timeout",
    ),
    (
        -904,
        IbmI,
        "the joblog of connection.server.job says which resource; a limit of the job or of the table is usual",
    ),
    (-904, Other, "the reason code names the resource; the server's administrator can free it"),
    (
        -818,
        Other,
        "the package was bound from another build of the program: bind it anew, or name another with package=…",
    ),
    (-805, Other, "the package is not bound at this server: name one with package=… or have it bound"),
    (-803, Other, "a row with this key is there already: change the key, or use MERGE, which updates it"),
    (-798, Other, "leave the column out, or use OVERRIDING SYSTEM VALUE"),
    (-668, Luw, "reason 7 wants REORG TABLE first, reason 1 SET INTEGRITY, reason 3 the end of a failed LOAD"),
    (-601, IbmI, "drop it first, use CREATE OR REPLACE, or choose another library (SET SCHEMA)"),
    (-601, Other, "drop it first, use CREATE OR REPLACE, or choose another schema"),
    (-552, IbmI, "the user needs this authority: *USE and *ADD to the library, or a special authority of the profile"),
    (-552, Other, "the user needs this authority: GRANT it, or connect as another user"),
    (-551, IbmI, "the user lacks authority to the object: GRANT, or GRTOBJAUT for the file and its library"),
    (-551, Zos, "the user lacks the privilege: GRANT it to the user or to a secondary authorization id"),
    (-551, Other, "the user lacks the privilege: GRANT it, or connect as another user"),
    (-545, Other, "the value is outside what the column's check constraint allows"),
    (-532, Other, "delete the rows that depend on it first"),
    (-530, Other, "insert the parent row first"),
    (-440, Other, "name the schema of the routine, and check the number and types of its parameters"),
    (-407, Other, "give the column a value, or leave it out where it has a default"),
    (
        -332,
        IbmI,
        "a job or file with CCSID 65535 cannot be converted: give the column or the user profile a real CCSID, or CAST the value with CCSID",
    ),
    (
        -332,
        Other,
        "the server has no conversion between these CCSIDs: CAST the column to a Unicode type, or have the conversion defined",
    ),
    (
        -330,
        Other,
        "the value holds a character that the CCSID of its target lacks: use a column in Unicode, or replace the character",
    ),
    (-302, Other, "the value is longer or larger than its target: compare it with the column's type"),
    (-206, Other, "text stands in single quotes, names in double quotes; a name in double quotes keeps its case"),
    (
        -204,
        IbmI,
        "write LIBRARY.NAME or SET SCHEMA first: the library list is not searched; a name in double quotes keeps its case",
    ),
    (
        -204,
        Zos,
        "write SCHEMA.NAME or SET CURRENT SCHEMA first; check that the location is the right one; a name in double quotes keeps its case",
    ),
    (-204, Other, "write SCHEMA.NAME or SET SCHEMA first; a name in double quotes keeps its case"),
    (-104, Other, "one statement a call, without a semicolon at its end; parameters are question marks"),
];

/// By SQLSTATE: Derby has one SQLCODE for all errors. (Measured: Derby 10.14.)
static DERBY: &[(&str, &str)] = &[
    ("22001", "the value is longer than its column"),
    ("23502", "give the column a value, or leave it out where it has a default"),
    ("23503", "insert the parent row first, or delete the rows that depend on it"),
    ("23505", "a row with this key is there already: change the key, or use MERGE, which updates it"),
    ("40001", "the work since the last commit is undone: do the whole transaction again"),
    ("40XL1", "a lock was not to be had in time: try again, or roll back so that others can go on"),
    ("42500", "the user lacks the privilege: GRANT it, or connect as another user"),
    ("42502", "the user lacks the privilege: GRANT it, or connect as another user"),
    ("42X01", "one statement a call, without a semicolon at its end; parameters are question marks"),
    ("42X04", "text stands in single quotes, names in double quotes; a name in double quotes keeps its case"),
    ("42X05", "write SCHEMA.NAME or SET SCHEMA first; a name in double quotes keeps its case"),
    ("42Y07", "the schema is made with CREATE SCHEMA, or with the first table in it"),
    ("X0Y32", "drop it first, or choose another schema"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: i32, state: &str, errproc: &str) -> Option<&'static str> {
        advice(&Sqlca { errproc: errproc.to_owned(), ..Sqlca::new(code, state, &[]) })
    }

    #[test]
    fn every_product_has_advice_for_the_common_codes() {
        let codes = [
            -204, -206, -104, -551, -552, -805, -818, -911, -913, -904, -30082, -332, -330, -601, -803, -302, -407,
            -7008,
        ];
        for code in codes {
            for errproc in ["SQLNQ1FB", "SQL12010", "QSQRPARS", "DSNXOTL ", "DSN13015", "IFX15000", "        "] {
                assert!(of(code, "     ", errproc).is_some_and(|advice| !advice.is_empty()), "{code} {errproc}");
            }
        }
        assert_eq!(of(-99_999, "99999", "SQL12010"), None);
    }

    #[test]
    fn advice_is_that_of_the_product() {
        assert!(of(-204, "42704", "QSQRPARS").unwrap().contains("library list"));
        assert!(of(-204, "42704", "DSNXOTL ").unwrap().contains("location"));
        assert!(!of(-204, "42704", "SQLNQ1FB").unwrap().contains("library"));
        assert!(of(-911, "40001", "SQLRA14B").unwrap().contains("68"));
        assert_eq!(of(-911, "40001", "DSNXRST "), of(-911, "40001", "IFX15000"));
        assert!(of(-20_001, "42X05", "CSS10140").unwrap().contains("SCHEMA"));
        assert_eq!(of(-204, "XXXXX", "CSS10140"), None);
    }

    #[test]
    fn no_row_hides_another() {
        for (n, (code, product, _)) in DB2.iter().enumerate() {
            assert!(!DB2.iter().skip(n + 1).any(|(c, p, _)| c == code && p == product), "{code} {product:?}");
        }
    }
}
