//! The products that talk DRDA, as far as their types and habits differ.

/// Which product answers, as far as its habits differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Apache Derby (PRDID CSS).
    Derby,
    /// Db2 for Linux, Unix and Windows (SQL).
    Luw,
    /// Db2 for i (QSQ).
    IbmI,
    /// Db2 for z/OS (DSN).
    Zos,
    /// Anything else.
    Other,
}

impl Product {
    /// By the first letters of a PRDID.
    pub fn from_prdid(prdid: &str) -> Product {
        match prdid.get(..3) {
            Some("CSS") => Product::Derby,
            Some("SQL") => Product::Luw,
            Some("QSQ") => Product::IbmI,
            Some("DSN") => Product::Zos,
            _ => Product::Other,
        }
    }
}
