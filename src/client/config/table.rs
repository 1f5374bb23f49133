//! The settings, each declared once: its field with the default, how it is read from text, and its line in the
//! documentation. `docs/settings.md` and the docstring of `connect()` are made of this table (`documentation`).

use super::address::{Address, hosts};
use super::attributes;
use super::client_info::ClientInfo;
use super::security::{Security, security};
use super::tls::{MODES, Tls, fingerprint, path, server_name};
use super::value::{
    BAD_VALUES, ENDS_OF_TIME, EXCESSES, ISOLATIONS, LOBS, STRING_TYPES, TEXT_ERRORS, TIMES, UNITS, WIDE_DECIMALS,
    choice, decfloat, delay, flag, number, seconds,
};
use super::{ConfigError, Lobs, Secret, database, error, unknown};
use crate::client::limits::DELAY;
use crate::column::options::Options;
use crate::flow::secmec::caution::Caution;
use crate::flow::secmec::source::TokenSource;
use crate::wire::sql::package::Isolation;
use std::time::Duration;

/// A setting, as the documentation has it.
#[derive(Debug)]
pub struct Setting {
    /// The heading that it stands under.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its type in Python.
    pub python: &'static str,
    /// Its default.
    pub default: &'static str,
    /// Connections for files have it too.
    pub files: bool,
    /// It is taken where a partition names it; otherwise a rule says when it is.
    pub travels: bool,
    /// Its meaning, with line breaks.
    pub meaning: &'static str,
    /// True when it can be set from text, as in a URI.
    pub text: bool,
}

/// Declares the settings. A line each: the name, the field of [`Config`] with its default if it is one of its own, and
/// how it is set from text if it can be. Then the documentation.
macro_rules! settings {
    (
        ($config:ident, $key:ident, $value:ident)
        $($section:literal { $(
            $name:ident $(: $type:ty = $default:expr)? $(=> $set:expr)?;
            $python:literal, $shown:literal, $files:ident, $travels:ident, $meaning:literal;
        )* })*
        beside { $($(#[$doc:meta])* $field:ident: $own:ty = $start:expr;)* }
    ) => {
        /// Everything a connection needs to know beforehand.
        #[derive(Debug, Clone)]
        pub struct Config {
            $($($( #[doc = $meaning] pub $name: $type, )?)*)*
            $($(#[$doc])* pub $field: $own,)*
        }

        impl Config {
            /// The defaults, without an address yet.
            pub fn empty() -> Config {
                Config { $($($($name: $default,)?)*)* $($field: $start,)* }
            }

            /// Sets one setting from text, as a URI's `key=value` does.
            pub fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
                let ($config, $key, $value) = (self, key, value);
                match key {
                    $($($(stringify!($name) => $set,)?)*)*
                    _ => return Err(error(key, &unknown(key))),
                }
                Ok(())
            }
        }

        /// Every setting, in the order of the documentation.
        pub const TABLE: &[Setting] = &[$($(Setting {
            section: $section,
            name: stringify!($name),
            python: $python,
            default: $shown,
            files: word!($files),
            travels: word!($travels),
            meaning: $meaning,
            text: given!($($set)?),
        },)*)*];
    };
}

macro_rules! word {
    (files) => {
        true
    };
    (sql) => {
        false
    };
    (travels) => {
        true
    };
    (ruled) => {
        false
    };
}

macro_rules! given {
    () => {
        false
    };
    ($set:expr) => {
        true
    };
}

settings! {
    (config, key, value)

    "Address" {
        host: String = String::new() => (config.host, config.addresses) = hosts(value)?;
        "str", "required", files, ruled,
        "name or address; an IPv6 address may be in brackets. Connections to databases take several after commas, each
        with its port: `a:446,b:446`";

        port: u16 = 446 => config.port = number(key, value, 1..=65_535)? as u16;
        "int", "446", files, ruled,
        "TCP port";

        database: String = String::new() => config.database = database(value)?;
        "str", "required", sql, travels,
        "database; on IBM i the name in the RDB directory, on z/OS the location";

        user: Option<String> = None => config.user = Some(value.to_owned());
        "str", "none", files, travels,
        "user id";

        password: Option<Secret> = None => config.password = Some(Secret::new(value));
        "str or callable", "none", files, ruled,
        "password, or a callable that gives it, called for each login";

        attributes: Vec<(String, Secret)> = Vec::new() => config.attributes.extend(attributes::read(value)?);
        "dict or str", "none", sql, travels,
        "connection attributes of Derby: `{\"create\": \"true\"}`";

        timeout: Duration = Duration::from_secs(15) => config.timeout = seconds(key, value)?;
        "float", "15", files, travels,
        "seconds for name resolution, TCP and login together";

        statement_timeout: Option<Duration> = None => config.statement_timeout = Some(seconds(key, value)?);
        "float", "none", files, travels,
        "seconds to wait for the answer to a statement";

        commit_timeout: Option<Duration> = None => config.commit_timeout = Some(seconds(key, value)?);
        "float", "see meaning", files, travels,
        "seconds to wait for the end of a unit of work: a commit, a rollback, a step of two-phase commit. The default is
        `statement_timeout`, without that 300";
    }

    "Login" {
        security: Security = Security::Auto => config.security = security(key, value)?;
        "str", "`auto`", files, ruled,
        "`auto` takes the strongest mechanism that the server offers. By name:
        [names](crate::flow::secmec::mechanism::NAMES)";

        password_level: Option<u8> = None => config.password_level = Some(number(key, value, 0..=4)? as u8);
        "int", "not known", files, ruled,
        "QPWDLVL of an IBM i, 0 to 4: decides how a substitute is made";

        new_password: Option<Secret> = None => config.new_password = Some(Secret::new(value));
        "str", "none", files, ruled,
        "changes the password at the login";

        additional_factor: Option<Secret> = None => config.additional_factor = Some(Secret::new(value));
        "str", "none", files, ruled,
        "second factor of IBM i";

        token: Option<TokenSource> = None;
        "callable", "none", files, travels,
        "makes the tickets of `kerberos` and the tokens of `profile-token`: gets the server's bytes, returns those for
        it";

        allow_cleartext_password: Option<bool> = None => config.allow_cleartext_password = Some(flag(key, value)?);
        "bool", "not set", files, ruled,
        "permission to send a password in clear, or in a form that a listener can undo, without verified TLS: `True`
        to any host, `False` to none; not set, to this machine only";
    }

    "TLS" {
        tls => config.tls.mode = Some(choice(key, value, &MODES)?);
        "str or bool", "see meaning", files, ruled,
        "`off`; `require`: encrypted, and the server is verified; `insecure`: encrypted, the server is not verified.
        `True` and `False` mean `require` and `off`. The default is `require` on port 448 and with any other `tls_…`
        setting, else `off`";

        tls_ca => config.tls.ca = Some(path(key, value)?);
        "path", "the system's", files, ruled,
        "PEM file of the authorities to trust";

        tls_fingerprint => config.tls.fingerprint = Some(fingerprint(key, value)?);
        "str", "none", files, ruled,
        "SHA-256 of the server's certificate: this one is accepted, whatever its names and authority";

        tls_server_name => config.tls.server_name = Some(server_name(key, value)?);
        "str", "`host`", files, ruled,
        "the name that the certificate must have";

        tls_cert => config.tls.cert = Some(path(key, value)?);
        "path", "none", files, travels,
        "PEM file of the client's certificate";

        tls_key => config.tls.key = Some(path(key, value)?);
        "path", "none", files, travels,
        "PEM file of its private key";
    }

    "Other addresses" {
        reroute: bool = false => config.reroute = flag(key, value)?;
        "bool", "`False`", sql, travels,
        "goes to the addresses that the server itself names (SRVLST), once those that are given cannot be reached";

        reconnect: bool = false => config.reconnect = flag(key, value)?;
        "bool", "`False`", sql, travels,
        "connects anew when the connection was lost between two units of work";
    }

    "Transactions and packages" {
        autocommit: bool = false => config.autocommit = flag(key, value)?;
        "bool", "`False`", sql, travels,
        "commits after every statement";

        isolation: Isolation = Isolation::CursorStability => config.isolation = choice(key, value, &ISOLATIONS)?;
        "str", "`cs`", sql, travels,
        "`nc`, `ur`, `cs`, `rs` or `rr`";

        read_only: bool = false => config.read_only = flag(key, value)?;
        "bool", "`False`", sql, travels,
        "statements that are not queries are refused: by the server where it keeps to it (RDBALWUPD), and before they are
        sent";

        two_phase: bool = false => config.two_phase = flag(key, value)?;
        "bool", "`False`", sql, travels,
        "takes part in global transactions: `tpc_begin()` and `distributed()` need it";

        collection: String = "NULLID".to_owned() => config.collection = value.to_owned();
        "str", "`NULLID`", sql, travels,
        "collection of the packages";

        package: Option<String> = None => config.package = Some(value.to_owned());
        "str", "the driver's", sql, travels,
        "a package to use in place of the driver's own";
    }

    "Blocks and batches" {
        block_size: u32 = 1 << 20 => config.block_size = number(key, value, 512..=10_485_760)?;
        "int", "1048576", sql, travels,
        "bytes per block asked for (QRYBLKSZ), 512 to 10485760. Derby sends a block when it is full, so a query that
        finds its rows slowly shows them sooner with a small one";

        credit: u32 = 4 << 20 => config.credit = number(key, value, 65_536..=1 << 30)?;
        "int", "4194304", sql, travels,
        "bytes per result that may be under way or waiting, 65536 to 1073741824";

        batch_rows;
        "int", "65536", files, travels,
        "rows of a record batch, at most";

        batch_bytes;
        "int", "2097152", files, travels,
        "bytes of a record batch, at most; unless set, 16777216 where `batch_delay` is None";

        batch_delay: Option<Duration> = Some(DELAY) => config.batch_delay = delay(key, value)?;
        "float or None", "0.1", files, travels,
        "seconds that the rows of a batch wait for more while the server is slow; 0 hands out at once what is there;
        `None` (in a URI `none`) waits until the batch is full. Rows fetched as rows never wait for others";

        lobs: Lobs = Lobs::Inline => config.lobs = choice(key, value, &LOBS)?;
        "str", "`inline`", sql, travels,
        "`inline`: large objects follow their row; `locator`: they are fetched piece by piece";

        lob_limit: u32 = 1 << 30 => config.lob_limit = number(key, value, 1..=i32::MAX as u32)?;
        "int", "1073741824", sql, travels,
        "bytes of the longest large object accepted";
    }

    "Values" {
        timestamp_unit => config.options.timestamp_unit = choice(key, value, &UNITS)?;
        "str", "`us`", files, travels,
        "`us`, `ns`, `ms` or `s`";

        timestamp_excess => config.options.timestamp_excess = choice(key, value, &EXCESSES)?;
        "str", "`raise`", files, travels,
        "timestamps with finer digits: `raise` an error or `truncate`";

        end_of_time => config.options.end_of_time = choice(key, value, &ENDS_OF_TIME)?;
        "str", "`raise`", files, travels,
        "9999-12-31-24.00.00: `raise` an error, `last` moment of that day, or `next` midnight, in the year 10000";

        time_unit => config.options.time_unit = choice(key, value, &TIMES)?;
        "str", "`s`", files, travels,
        "TIME in seconds, `s`; in microseconds, `us`, as Iceberg and Delta Lake have it; or as `text`, which has
        24:00:00 too";

        string_type => config.options.string_type = choice(key, value, &STRING_TYPES)?;
        "str", "`utf8`", files, travels,
        "text as `utf8` and large objects as large_utf8; all as `large_utf8`; or all as `utf8_view`. Bytes go along, as
        binary, large_binary or binary_view";

        decfloat => config.options.decfloat = decfloat(key, value)?;
        "str", "`text`", files, travels,
        "DECFLOAT as `text` or `decimal(p,s)`";

        wide_decimal => config.options.wide_decimal = choice(key, value, &WIDE_DECIMALS)?;
        "str", "`decimal256`", files, travels,
        "decimals of more than 38 digits as `decimal256`, `text` or `float64`; Polars and DuckDB lack decimal256";

        text_errors => config.options.text_errors = choice(key, value, &TEXT_ERRORS)?;
        "str", "`strict`", files, travels,
        "bytes that are not text in their code page: `strict` is an error, `replace` gives U+FFFD, `raw` makes text
        columns binary";

        bad_values => config.options.bad_values = choice(key, value, &BAD_VALUES)?;
        "str", "`raise`", sql, travels,
        "invalid numbers and dates: `raise` an error, or `null` with a warning that counts them. Files have `on_error`";

        bit_data_ccsid => config.options.bit_data_ccsid = Some(number(key, value, 1..=65_534)? as u16);
        "int", "none", files, travels,
        "reads FOR BIT DATA as text of this CCSID";

        force_ccsid => config.add_ccsids(key, value)?;
        "dict or str", "none", sql, travels,
        "code page of single columns: `{\"COLUMN\": 37}`; 65535 makes a column binary. Files have it as an option of
        the file";

        row_factory;
        "callable", "none", sql, travels,
        "what makes the rows of its cursors, such as `drdarrow.rows.dict_row`";
    }

    "Observing" {
        sql_warnings: bool = false => config.sql_warnings = flag(key, value)?;
        "bool", "`False`", sql, travels,
        "warns of the warnings of the server, by Python's `warnings`; they are in `Cursor.messages` anyway";

        slow_after: Option<Duration> = None => config.slow_after = Some(seconds(key, value)?);
        "float", "none", sql, travels,
        "seconds that an answer may take; a statement that takes longer is written to the logger `drdarrow.slow`";

        on_slow;
        "callable", "none", sql, travels,
        "called for such a statement: with its text, which has no values of parameters, the seconds, and the
        `drdarrow.observing.Counters` of it";
    }

    "Client information" {
        application_name => config.client.set(key, value)?;
        "str", "`drdarrow`", files, travels,
        "name of the program, told at the login";

        client_workstation => config.client.set(key, value)?;
        "str", "none", sql, travels,
        "machine that the program runs on";

        client_user => config.client.set(key, value)?;
        "str", "none", sql, travels,
        "user that the program works for";

        client_accounting => config.client.set(key, value)?;
        "str", "none", sql, travels,
        "account that the work is charged to";
    }

    beside {
        /// Who hears what is doubtful about a connection, before anything secret is sent.
        caution: Caution = Caution::default();
        /// Addresses that stand for each other, where there are several; else `host` and `port` are the one.
        addresses: Vec<Address> = Vec::new();
        /// Whether and how the connection is encrypted.
        tls: Tls = Tls::default();
        /// Gives the password of another login, where the first one came from there.
        password_source: Option<TokenSource> = None;
        /// Names shown to the server's administrators.
        client: ClientInfo = ClientInfo::default();
        /// How values become Arrow.
        options: Options = Options::default();
    }
}
