//! Client information: the names by which a server's administrators tell connections apart. They fill
//! the registers CURRENT CLIENT_APPLNAME, CLIENT_WRKSTNNAME, CLIENT_USERID and CLIENT_ACCTNG.
//!
//! Db2 for LUW and z/OS take `SET CLIENT …` in EXCSQLSET (measured: IBM's CLI driver), Db2 for i a call
//! of SYSPROC.WLM_SET_CLIENT_INFO. Derby has no such registers.

use super::{ConfigError, error};

/// The registers are VARCHAR(255).
const LIMIT: usize = 255;

/// The client information told to a server. An empty text takes a value back; none leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The application.
    pub application: Option<String>,
    /// The machine that it runs on.
    pub workstation: Option<String>,
    /// The user that it works for, who need not be the one who logged in.
    pub user: Option<String>,
    /// The account that the work is charged to.
    pub accounting: Option<String>,
}

impl ClientInfo {
    /// Sets one by the name of its setting.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        let place = match key {
            "application_name" => &mut self.application,
            "client_workstation" => &mut self.workstation,
            "client_user" => &mut self.user,
            "client_accounting" => &mut self.accounting,
            _ => return Err(error(key, "is not client information")),
        };
        if value.len() > LIMIT {
            return Err(error(key, "is longer than 255 bytes"));
        }
        if value.chars().any(char::is_control) {
            return Err(error(key, "must not contain control characters"));
        }
        *place = Some(value.to_owned());
        Ok(())
    }

    /// True when nothing is to be told.
    pub fn is_empty(&self) -> bool {
        *self == ClientInfo::default()
    }

    /// The registers and their values, in the order of WLM_SET_CLIENT_INFO.
    fn registers(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("USERID", self.user.as_deref()),
            ("WRKSTNNAME", self.workstation.as_deref()),
            ("APPLNAME", self.application.as_deref()),
            ("ACCTNG", self.accounting.as_deref()),
        ]
    }

    /// One statement for each value.
    pub(in crate::client) fn sets(&self) -> Vec<String> {
        let told = self.registers().into_iter().filter_map(|(name, value)| Some((name, value?)));
        told.map(|(name, value)| format!("SET CLIENT {name} {}", literal(value))).collect()
    }

    /// One statement for all values; NULL leaves what is there.
    pub(in crate::client) fn call(&self) -> String {
        let values = self.registers().map(|(_, value)| value.map_or_else(|| "NULL".to_owned(), literal));
        format!("CALL SYSPROC.WLM_SET_CLIENT_INFO({}, NULL)", values.join(", "))
    }
}

fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_statements() {
        let mut info = ClientInfo::default();
        assert!(info.is_empty());
        info.set("application_name", "O'Brien's 報告").unwrap();
        info.set("client_user", "").unwrap();
        assert_eq!(info.sets(), ["SET CLIENT USERID ''", "SET CLIENT APPLNAME 'O''Brien''s 報告'"]);
        assert_eq!(info.call(), "CALL SYSPROC.WLM_SET_CLIENT_INFO('', NULL, 'O''Brien''s 報告', NULL, NULL)");
        info.set("client_workstation", "w").unwrap();
        info.set("client_accounting", "a").unwrap();
        assert_eq!(info.sets().len(), 4);
        assert_eq!(info.call(), "CALL SYSPROC.WLM_SET_CLIENT_INFO('', 'w', 'O''Brien''s 報告', 'a', NULL)");
    }

    #[test]
    fn what_no_register_holds_is_refused() {
        let mut info = ClientInfo::default();
        assert!(info.set("client_user", &"u".repeat(255)).is_ok());
        assert!(info.set("client_user", &"u".repeat(256)).is_err());
        assert!(info.set("client_user", "a\0b").is_err());
        assert!(info.set("user", "x").is_err());
    }
}
