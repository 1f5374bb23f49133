//! Texts of the common SQLCODEs of Db2, in words of our own. A server sends the code and the
//! values to put in (SQLERRMC); the sentence is the requester's. `{1}` stands for the first
//! value. Products send different numbers of values, so a text may have alternatives after `|`,
//! the one with most values first; values that no slot takes are added at the end.

/// The text of a code with its tokens put in; `None` for a code that is not in the table.
pub fn text(sqlcode: i32, tokens: &[String]) -> Option<String> {
    let at = TEXTS.binary_search_by_key(&sqlcode, |(code, _)| *code).ok()?;
    let (_, alternatives) = TEXTS.get(at)?;
    let mut out = String::new();
    let mut used = 0;
    for template in alternatives.split('|') {
        (out, used) = fill(template, tokens)?;
        if used <= tokens.len() {
            break;
        }
    }
    let more: Vec<&str> = tokens.iter().skip(used).map(|t| t.trim()).filter(|t| !t.is_empty()).collect();
    if !more.is_empty() {
        out.push_str(" [");
        out.push_str(&more.join(", "));
        out.push(']');
    }
    Some(out)
}

/// Fills the slots and tells the highest of them; a value that is missing is a question mark.
fn fill(template: &str, tokens: &[String]) -> Option<(String, usize)> {
    let mut out = String::with_capacity(template.len() + 32);
    let mut highest = 0;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, after) = after.split_once('}')?;
        let n: usize = slot.parse().ok()?;
        out.push_str(before);
        out.push_str(match n.checked_sub(1).and_then(|i| tokens.get(i)).map(|t| t.trim()) {
            Some(token) if !token.is_empty() => token,
            _ => "?",
        });
        highest = highest.max(n);
        rest = after;
    }
    out.push_str(rest);
    Some((out, highest))
}

/// Sorted by code.
static TEXTS: &[(i32, &str)] = &[
    (
        -30082,
        "the server refused the login: {2} (reason {1})|the server refused the login; reason {1}|the server refused the login",
    ),
    (-30081, "communication with the server failed"),
    (-30080, "communication with the server failed"),
    (-30061, "the database {1} is not known to the server"),
    (-30060, "{1} has no authority for the operation {2}"),
    (-30041, "the server lacks a resource; the connection continues; reason {1}, resource {2} {3}"),
    (-30040, "the server lacks a resource; reason {1}, resource {2} {3}"),
    (-30020, "the command failed with a protocol error, the connection ends; reason {1}"),
    (-20423, "the text search server reports an error"),
    (-16061, "the value {1} cannot become the type {2}"),
    (-7008, "{1} in {2} cannot be used in this way, for instance because it is not journaled; reason {3}"),
    (-4743, "the statement needs a feature that is not enabled at the compatibility level in force"),
    (-4700, "the statement needs a feature that is not enabled"),
    (-1229, "the transaction was rolled back because a node failed"),
    (-1224, "the database manager ended the request or closed the connection"),
    (-1040, "the database has reached its limit of connections"),
    (-1035, "the database is in use in a mode that keeps others out"),
    (-1032, "the database manager is not started"),
    (-1024, "there is no connection to a database"),
    (-1015, "the database is damaged or was not closed properly; it has to be restarted"),
    (-1013, "the database {1} was not found"),
    (-992, "the release of the bound program is not valid"),
    (-968, "the file system is full"),
    (-964, "the transaction log is full"),
    (-954, "the application heap of the server is exhausted"),
    (-952, "the statement was cancelled by an interrupt"),
    (-925, "COMMIT is not allowed in this environment"),
    (-922, "not authorized: {1}"),
    (-918, "the transaction was ended by the server and has to be rolled back"),
    (
        -913,
        "a deadlock or a lock timeout stopped the statement; reason {1}|a deadlock or a lock timeout stopped the statement",
    ),
    (
        -911,
        "a deadlock or a lock timeout rolled the transaction back; reason {1}|a deadlock or a lock timeout rolled the transaction back",
    ),
    (-910, "the object was changed or dropped in the same transaction, which is not committed"),
    (-908, "binding is not allowed now; kind {1}, authority {2}, reason {3}"),
    (-906, "the statement cannot run because an earlier one of the package failed"),
    (-905, "the statement was stopped: it used more than its limit of {1}"),
    (-904, "a resource is not available: reason {1}, kind {2}, name {3}"),
    (
        -902,
        "a system error; the connection has to be made again; reason {1}|a system error; the connection has to be made again",
    ),
    (
        -901,
        "a system error stopped the statement, later ones may work: {1}|a system error stopped the statement, later ones may work",
    ),
    (-842, "a connection to {1} exists already"),
    (-840, "the result has too many columns"),
    (-822, "an address in the SQLDA is not valid"),
    (-818, "program and package do not belong together: their timestamps differ"),
    (-817, "the statement is not allowed here because it would change data"),
    (-811, "a query that may give one row gave several"),
    (
        -805,
        "the package {1} was not found; it has to be bound on the server|a package was not found; it has to be bound on the server",
    ),
    (-804, "the input variables were described wrongly; reason {1}"),
    (-803, "a row with the same key exists already; unique index or constraint {1}"),
    (-802, "an arithmetic operation overflowed or divided by zero"),
    (-801, "division by zero"),
    (-798, "a value cannot be given to column {1}: it is generated always"),
    (-788, "a MERGE would change a row of its target more than once"),
    (-750, "the table {1} cannot be changed because other objects depend on it"),
    (-727, "an implicit action (kind {1}) failed with SQLCODE {2}, SQLSTATE {3} and the values {4}"),
    (-723, "the trigger {1} failed with SQLCODE {2}, SQLSTATE {3} and the values {4}"),
    (-680, "too many columns"),
    (-670, "the row of the table would be longer than {1} bytes, the limit of the table space {2}"),
    (-669, "the object cannot be dropped explicitly; reason {1}"),
    (-668, "the operation is not allowed on the table {2}; reason {1}"),
    (-666, "the statement cannot run because something else is in progress: {1}"),
    (-638, "the table {1} cannot be created: it has no columns"),
    (-637, "{1} is given twice or contradicts another keyword"),
    (-624, "the table {1} has a primary key or unique constraint on these columns already"),
    (-614, "the index cannot be made: its key would be too long"),
    (-612, "the name {1} occurs twice"),
    (-607, "the operation {1} is not allowed on a system object"),
    (-604, "the length, precision or scale of the data type {1} is not valid"),
    (-603, "the unique index cannot be made: the table has rows with equal keys"),
    (-601, "the name {1} is already used by an object of kind {2}"),
    (-598, "an existing index serves as the index of the key"),
    (-593, "NOT NULL is required for column {1}"),
    (-575, "the view {1} is marked inoperative"),
    (-574, "the default of column {1} is not valid; reason {2}"),
    (-573, "the columns of the foreign key {1} refer to no unique key of {2}"),
    (-567, "{1} failed: {2} lacks the authority; package {3}"),
    (-556, "{2} cannot be revoked from {1}: it was not granted"),
    (-554, "an authority cannot be granted to oneself"),
    (-553, "{1} is a name that is not allowed for a schema or user here"),
    (-552, "{1} is not authorized to {2}"),
    (-551, "{1} is not authorized to {2} on {3}"),
    (-549, "the statement {1} is not allowed in {2} {3} under its rules of execution"),
    (-548, "the check constraint {1} is not allowed"),
    (-545, "the check constraint {1} does not allow the row"),
    (-544, "the check constraint {1} cannot be added: a row breaks it"),
    (-542, "column {1} cannot be part of a key: it allows nulls"),
    (-540, "the definition of the table {1} is incomplete"),
    (-532, "the constraint {1} forbids the delete: a row depends on it"),
    (-531, "the key of a parent row cannot be changed: the constraint {1} has rows that depend on it"),
    (-530, "the value of the foreign key {1} equals no key of the parent table"),
    (-526, "the operation is not allowed on a temporary table: {1} {2}"),
    (-525, "the statement cannot run: it was in error when it was bound; section {1}, package {2}"),
    (-518, "EXECUTE names no valid prepared statement"),
    (-517, "the cursor {1} has no query as its statement"),
    (-516, "DESCRIBE names no prepared statement"),
    (-514, "the cursor {1} is not prepared"),
    (-513, "the alias {1} would stand for another alias"),
    (-511, "FOR UPDATE is not allowed: the result of the query is read-only"),
    (-510, "the table or view of the cursor {1} cannot be changed through it"),
    (-509, "the cursor {2} belongs to another table than {1}"),
    (-508, "the cursor {1} is not on a row"),
    (-507, "the cursor {1} is not open"),
    (-504, "the cursor {1} is not declared"),
    (-503, "column {1} is not among those that the cursor may update"),
    (-502, "the cursor {1} is open already"),
    (-501, "the cursor {1} is not open"),
    (-500, "the cursor {1} was closed when its connection ended"),
    (-499, "the cursor {1} has been used with this result set already"),
    (-471, "the call of {1} failed; reason {2}"),
    (-470, "null is not allowed for a parameter of the routine: {1}"),
    (-469, "an output parameter of a routine has no variable: {1}"),
    (-458, "no routine {1} with the given parameters was found"),
    (-443, "the routine {1} ({2}) reports an error: {3}"),
    (-440, "no such routine takes these arguments: {1} {2}|no such routine takes these arguments: {1}"),
    (-438, "the application raised an error: {1}"),
    (-433, "the value {1} is too long"),
    (-431, "the routine {1} ({2}) was interrupted; reason {3}"),
    (-430, "the routine {1} ({2}) ended abnormally"),
    (-420, "the value of an argument of {1} cannot be converted"),
    (-419, "the division would give a negative scale"),
    (-418, "a parameter marker stands where its type cannot be known"),
    (-417, "both operands of an operator are parameter markers"),
    (-415, "the columns of UNION or VALUES do not fit one another"),
    (-413, "overflow while a number was converted"),
    (-412, "the subquery gives more than one column"),
    (-409, "the operand of COUNT is not valid"),
    (-408, "the value does not fit the type of its target {1}|the value does not fit the type of its target"),
    (-407, "NULL is not allowed in column {1}|NULL is not allowed in a column"),
    (-406, "a computed value is out of the range of its type"),
    (-405, "the number {1} is out of the range of its type"),
    (-404, "the string is too long for its column"),
    (-402, "an arithmetic function or operator {1} was given text or a date"),
    (-401, "the operands of {1} do not fit one another|the operands of an operator do not fit one another"),
    (-359, "the range of values of the identity column or sequence is used up"),
    (-351, "a column of the result has a type that is not supported; position {1}"),
    (-350, "column {1} has a type that is not allowed here"),
    (-348, "{1} is not allowed in this place"),
    (-345, "the recursive query {1} is not formed as it has to be"),
    (-338, "the ON clause of a join refers to something that it may not"),
    (-332, "there is no conversion from CCSID {1} to {2}"),
    (-331, "a string cannot be converted from CCSID {2} to {3}; reason {1}"),
    (-330, "a string cannot be converted or translated; reason {1}"),
    (-313, "the statement does not have as many parameter markers as values were given"),
    (-312, "the variable {1} is not defined or cannot be used here"),
    (-311, "the length of variable {1} is negative or too large"),
    (-310, "the decimal variable or parameter {1} does not hold a number"),
    (
        -305,
        "NULL was given to variable {1}, which has no null indicator|NULL was given to a variable without a null indicator",
    ),
    (-304, "a value is out of the range of variable {1}|a value is out of the range of its variable"),
    (-303, "a value does not fit the type of variable {1}|a value does not fit the type of its variable"),
    (
        -302,
        "the value of input variable {1} is too long or out of range for its target|an input value is too long or out of range for its target",
    ),
    (
        -301,
        "the type of input variable {1} is not allowed in its place|the type of an input variable is not allowed in its place",
    ),
    (-300, "the string of variable {1} has no valid end"),
    (-270, "the function is not supported; reason {1}"),
    (-245, "the call of {1} is ambiguous"),
    (-225, "FETCH asks for an orientation that the cursor {1} does not have"),
    (-219, "the table {1} that EXPLAIN needs does not exist"),
    (-216, "both sides of the comparison {1} need as many columns"),
    (-214, "an expression in {2} of position {1} is not allowed; reason {3}"),
    (-212, "{1} is named twice"),
    (-208, "ORDER BY column {1} is not part of the result"),
    (-207, "ORDER BY allows no column name here"),
    (-206, "{1} is not a column in this place"),
    (-205, "column {1} is not in {2}"),
    (-204, "{1} is not defined"),
    (-203, "the column name {1} is ambiguous"),
    (-199, "the keyword {1} is not allowed here; expected {2}"),
    (-198, "the statement to prepare or run is empty"),
    (-197, "a qualified column name is not allowed in ORDER BY here"),
    (-187, "a special register of the current date or time cannot be used here"),
    (-183, "a date or time computation leaves the range of its type"),
    (-182, "an expression with dates, times or durations is not valid"),
    (-181, "a date, time or timestamp has a part that is out of range"),
    (
        -180,
        "the text of a date, time or timestamp is not formed as one: {1}|the text of a date, time or timestamp is not formed as one",
    ),
    (-173, "UR is not allowed in WITH: the query is not read-only"),
    (-171, "argument {1} of {2} has a type, length or value that is not allowed"),
    (-170, "{1} takes another number of arguments"),
    (-161, "the new row breaks the condition of the view"),
    (-158, "the number of column names differs from the number of columns of the result"),
    (-156, "the statement does not name a kind of object that it is allowed for"),
    (-153, "the view needs a list of column names"),
    (-151, "column {1} cannot be updated"),
    (-150, "the view or table does not allow this change of data"),
    (-142, "the statement is not supported"),
    (-138, "an argument of SUBSTR is out of range"),
    (-137, "the result of a concatenation is too long"),
    (-136, "the key of ORDER BY or GROUP BY is too long"),
    (-134, "a long string or large object is not allowed here: {1}"),
    (-132, "the operands of LIKE or a like function are not valid"),
    (-131, "the operands of LIKE do not fit one another"),
    (-130, "ESCAPE needs one character, and the pattern must use it properly"),
    (-129, "the statement names too many tables"),
    (-127, "DISTINCT is used more than once"),
    (-125, "a number in ORDER BY or GROUP BY names no column of the result"),
    (-122, "the columns of SELECT are neither grouped nor computed over the group"),
    (-121, "column {1} is named twice"),
    (-120, "a function over many rows is not allowed here"),
    (-119, "the expression in HAVING with {1} is neither grouped nor computed over the group"),
    (-118, "the table that is changed is also read in a subquery, which is not allowed here"),
    (-117, "the number of values differs from the number of columns"),
    (-113, "{1} holds a character that is not allowed"),
    (-112, "the argument of {1} is itself a function over many rows"),
    (-111, "a function over many rows has no column in it"),
    (-110, "the hexadecimal constant {1} is not valid"),
    (-109, "the clause {1} is not allowed here"),
    (-108, "the name {1} has a qualifier that is not allowed"),
    (-107, "the name {1} is too long; limit {2}"),
    (-106, "part of the statement {1} is not as it has to be"),
    (-105, "the string constant {1} is not valid"),
    (-104, "unexpected {1} after {2}; expected: {3}|unexpected {1}; expected: {2}|unexpected {1}|a syntax error"),
    (-103, "the number {1} is not formed as one"),
    (-102, "the string constant {1} is too long"),
    (-101, "the statement is too long or too complex"),
    (-97, "LONG VARCHAR or LONG VARGRAPHIC is not allowed here"),
    (-84, "the statement is not allowed to be prepared or run in this way"),
    (-29, "INTO is required"),
    (-10, "the string constant that begins with {1} has no end"),
    (-7, "the character {1} is not allowed here; text before it: {2}"),
    (12, "an unqualified column was taken from an outer query: {1}"),
    (100, "no row was found, or no further one"),
    (117, "fewer values than columns"),
    (162, "the table space {1} waits for its constraints to be checked"),
    (203, "column {1} was taken from a table although its name is ambiguous"),
    (204, "{1} is not defined"),
    (236, "the SQLDA has too few entries: {1} for {2} of {3} columns"),
    (237, "the SQLDA has fewer entries than needed for all columns"),
    (238, "the SQLDA needs more entries because of large objects"),
    (304, "a value is out of the range of variable {1}|a value is out of the range of its variable"),
    (331, "a string could not be converted from CCSID {2} to {3}; reason {1}"),
    (347, "the recursive query {1} may never end"),
    (438, "the application raised a warning: {1}"),
    (462, "the routine {1} ({2}) warns: {3}"),
    (464, "the procedure {1} returned {2} result sets, more than the {3} allowed"),
    (466, "the procedure {1} returned {2} result sets"),
    (495, "the estimated cost {1} exceeds the warning limit"),
    (541, "the foreign key {1} exists already"),
    (551, "{1} is not authorized to {2} on {3}"),
    (552, "{1} is not authorized to {2}"),
    (598, "the existing index {1} serves the key"),
    (605, "no index was made: {1} has the same definition"),
    (802, "an arithmetic operation gave no value (overflow or division by zero)"),
    (20237, "the fetch passed the first row; fewer rows came than asked for"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(list: &[&str]) -> Vec<String> {
        list.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn the_table_is_sorted_and_its_slots_are_numbers() {
        assert!(TEXTS.windows(2).all(|w| w[0].0 < w[1].0));
        for (code, _) in TEXTS {
            assert!(text(*code, &[]).is_some(), "{code}");
        }
    }

    #[test]
    fn tokens_are_put_in_and_none_is_lost() {
        assert_eq!(text(-204, &tokens(&["A.B"])).unwrap(), "A.B is not defined");
        assert_eq!(text(-104, &tokens(&["FROM", "SELECT", "<expr>"])).unwrap(), {
            "unexpected FROM after SELECT; expected: <expr>"
        });
        assert_eq!(text(-104, &tokens(&["FROM", "X Y"])).unwrap(), "unexpected FROM; expected: X Y");
        assert_eq!(text(-302, &[]).unwrap(), "an input value is too long or out of range for its target");
        assert_eq!(text(-501, &tokens(&["C1", "more"])).unwrap(), "the cursor C1 is not open [more]");
        assert_eq!(text(-204, &[]).unwrap(), "? is not defined");
        assert_eq!(text(-1, &[]), None);
    }

    #[test]
    fn every_frequent_code_has_a_text() {
        for code in [
            -7, -10, -29, -84, -101, -103, -104, -117, -118, -119, -122, -150, -151, -158, -180, -181, -199, -203,
            -204, -205, -206, -207, -301, -302, -303, -304, -305, -401, -402, -407, -408, -413, -418, -420, -433, -440,
            -501, -502, -507, -511, -514, -518, -530, -532, -545, -551, -552, -553, -601, -607, -612, -668, -670, -680,
            -727, -801, -802, -803, -804, -805, -811, -818, -901, -902, -904, -911, -913, -922, -952, -964, -968,
            -1024, -1224, -7008, -30081, -30082,
        ] {
            assert!(text(code, &[]).is_some(), "{code}");
        }
    }
}
