//! Levels of isolation: by the names of ADBC, and on a connection that is open.

use super::error::fault;
use super::shared::Shared;
use crate::client::sql::isolation;
use adbc_core::constants::{
    ADBC_OPTION_ISOLATION_LEVEL_DEFAULT, ADBC_OPTION_ISOLATION_LEVEL_READ_COMMITTED,
    ADBC_OPTION_ISOLATION_LEVEL_READ_UNCOMMITTED, ADBC_OPTION_ISOLATION_LEVEL_REPEATABLE_READ,
    ADBC_OPTION_ISOLATION_LEVEL_SERIALIZABLE,
};
use adbc_core::error::{Result, Status};

/// ADBC's levels of isolation with ours. The names say the same of what a transaction sees.
const LEVELS: [(&str, &str); 4] = [
    (ADBC_OPTION_ISOLATION_LEVEL_READ_UNCOMMITTED, "ur"),
    (ADBC_OPTION_ISOLATION_LEVEL_READ_COMMITTED, "cs"),
    (ADBC_OPTION_ISOLATION_LEVEL_REPEATABLE_READ, "rs"),
    (ADBC_OPTION_ISOLATION_LEVEL_SERIALIZABLE, "rr"),
];

/// Our name of a level.
pub(super) fn named(level: &str) -> Result<&'static str> {
    if level == ADBC_OPTION_ISOLATION_LEVEL_DEFAULT {
        return Ok("cs");
    }
    LEVELS.iter().find(|(known, _)| *known == level).map(|(_, name)| *name).ok_or_else(|| {
        let known = LEVELS.map(|(name, _)| name).join(", ");
        let text = format!("no server of DRDA has the isolation level {level:?}; it has {known}");
        fault(Status::NotImplemented, "0A000", text)
    })
}

/// The name that ADBC has for a level of ours; ours, where it has none.
pub(super) fn told(name: &str) -> String {
    LEVELS.iter().find(|(_, known)| *known == name).map_or(name, |(level, _)| level).to_owned()
}

/// Sets the level of an open connection, from the next transaction on.
pub(super) fn set(shared: &Shared, level: &str) -> Result<()> {
    let name = named(level)?;
    if name == shared.level() {
        return Ok(());
    }
    shared.wait(isolation::set(shared.client()?, name))?;
    shared.set_level(name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_adbc_stand_for_ours() {
        for (level, name) in LEVELS {
            assert_eq!((named(level).unwrap(), told(name).as_str()), (name, level));
        }
        assert_eq!((named(ADBC_OPTION_ISOLATION_LEVEL_DEFAULT).unwrap(), told("nc").as_str()), ("cs", "nc"));
        let unknown = named("adbc.connection.transaction.isolation.snapshot");
        assert_eq!(unknown.unwrap_err().status, Status::NotImplemented);
    }
}
