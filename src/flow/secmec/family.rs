//! The families of products that differ in the mechanisms that they take.

/// The product on the other side, as far as mechanisms differ: from SRVCLSNM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Apache Derby.
    Derby,
    /// IBM i.
    IbmI,
    /// Any other.
    Other,
}

impl Family {
    /// By the name that the server gives its class.
    pub fn of_class(srvclsnm: &str) -> Family {
        match srvclsnm.trim() {
            "QAS" => Family::IbmI,
            name if name.contains("Derby") => Family::Derby,
            _ => Family::Other,
        }
    }
}
