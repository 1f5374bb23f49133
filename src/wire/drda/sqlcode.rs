//! What SQLCODEs mean.

/// The text of a code with its tokens put in; `None` for a code that is not in the table.
pub fn text(_sqlcode: i32, _tokens: &[String]) -> Option<String> {
    None
}
