//! The token that a server gives with a connection (RDBINTTKN).

use std::fmt;

/// The token of a connection, by which another one breaks off what it runs. Whoever has it needs no login, so it shows
/// nothing.
#[derive(Clone)]
pub struct InterruptToken(pub(super) Vec<u8>);

impl fmt::Debug for InterruptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InterruptToken(***)")
    }
}
