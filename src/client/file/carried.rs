//! Which settings of a partition whoever reads it takes over. A partition may come through a queue, a file or an object
//! store, while the password is the reader's: what would weaken the way that it goes is taken from the reader only.

use super::config::FileConfig;
use crate::client::config::ConfigError;
use crate::client::config::tls::TlsMode;
use Rule::{Address, Weakens};

/// The rule for a setting.
enum Rule {
    /// It is taken. Where the reader gives it as well, both have to say the same: true when they do.
    Address(fn(&FileConfig, &FileConfig) -> bool),
    /// It is taken from the reader only, where this says that it weakens. The second argument says whether the reader
    /// has a word of his own about TLS.
    Weakens(fn(&FileConfig, bool) -> bool),
}

/// The settings that are not simply taken. The table of settings says which those are.
const RULES: [(&str, Rule); 13] = [
    ("host", Address(|part, reader| part.base.host.eq_ignore_ascii_case(&reader.base.host))),
    ("port", Address(|part, reader| part.base.port == reader.base.port)),
    ("signon_port", Address(|part, reader| part.signon_port == reader.signon_port)),
    // Secrets: a partition has none of its own, and a new password would become the reader's.
    ("password", Weakens(|part, _| part.base.password.is_some())),
    ("new_password", Weakens(|part, _| part.base.new_password.is_some())),
    ("additional_factor", Weakens(|part, _| part.base.additional_factor.is_some())),
    ("allow_cleartext_password", Weakens(|part, _| part.base.allow_cleartext_password == Some(true))),
    ("security", Weakens(|part, _| part.base.security.is_weak())),
    // Only the highest level is what an unknown one is taken for.
    ("password_level", Weakens(|part, _| part.base.password_level.is_some_and(|level| level < 4))),
    (
        "tls",
        Weakens(|part, said| {
            part.base.tls.mode.is_some_and(|mode| mode == TlsMode::Insecure || said && mode == TlsMode::Off)
        }),
    ),
    // The file is one of the reader's own machine, and better than no TLS at all.
    ("tls_ca", Weakens(|part, said| said && part.base.tls.ca.is_some())),
    // These two bring along what is to be believed.
    ("tls_fingerprint", Weakens(|part, _| part.base.tls.fingerprint.is_some())),
    ("tls_server_name", Weakens(|part, _| part.base.tls.server_name.is_some())),
];

/// Complains about what `part` says and only the reader may say: `reader` is what both come to, `given` tells which
/// settings the reader gave.
pub fn check(part: &FileConfig, reader: &FileConfig, given: impl Fn(&str) -> bool) -> Result<(), ConfigError> {
    let tls = ["tls", "tls_ca", "tls_fingerprint", "tls_server_name"].into_iter().any(&given);
    let said = tls || given("port") && reader.base.port == 448;
    for (name, rule) in &RULES {
        let refused = |rule: &str| Err(ConfigError { setting: (*name).to_owned(), rule: rule.to_owned() });
        match rule {
            Address(same) if given(name) && !same(part, reader) => {
                return refused("the partition says otherwise: it is of another system");
            }
            Weakens(weakens) if !given(name) && weakens(part, said) => {
                return refused(&format!(
                    "that of the partition is not taken, since a partition may come from anybody: give it to open() \
                     yourself, as {name}=…"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::config::{Config, TABLE};

    const PIN: &str = "abababababababababababababababababababababababababababababababab";

    fn config(query: &str) -> FileConfig {
        let mut config = FileConfig::beside(Config::empty());
        config.apply_uri(&format!("drda://me@box:8446/?{query}")).unwrap();
        config
    }

    /// The setting that is refused when `given` is what the reader says beside the partition.
    fn refused(query: &str, given: &[&str]) -> Option<String> {
        let part = config(query);
        let mut reader = part.clone();
        for pair in given {
            let (key, value) = pair.split_once('=').unwrap();
            reader.set(key, value).unwrap();
        }
        let names: Vec<&str> = given.iter().filter_map(|pair| pair.split('=').next()).collect();
        check(&part, &reader, |name| names.contains(&name)).err().map(|e| e.setting)
    }

    #[test]
    fn every_setting_has_its_rule() {
        let mut ruled: Vec<&str> = RULES.iter().map(|(name, _)| *name).collect();
        let known = TABLE.iter().filter(|setting| !setting.travels).map(|setting| setting.name);
        let mut known: Vec<&str> = known.chain(["signon_port"]).collect();
        ruled.sort_unstable();
        known.sort_unstable();
        assert_eq!(ruled, known);
    }

    #[test]
    fn what_weakens_the_way_is_taken_from_the_reader_only() {
        for (query, setting, own) in [
            ("new_password=x", "new_password", "new_password=mine"),
            ("additional_factor=1", "additional_factor", "additional_factor=2"),
            ("allow_cleartext_password=true", "allow_cleartext_password", "allow_cleartext_password=true"),
            ("security=password", "security", "security=auto"),
            ("security=PASSWORD", "security", "security=password"),
            ("security=encrypted-des", "security", "security=encrypted-des"),
            ("security=encrypted-password-des", "security", "security=auto"),
            ("security=profile-token", "security", "security=auto"),
            ("security=substitute&password_level=1", "password_level", "password_level=1"),
            ("%73ecurity=password", "security", "security=auto"),
            ("password_level=0", "password_level", "password_level=0"),
            ("password_level=3", "password_level", "password_level=4"),
            ("tls=insecure", "tls", "tls=insecure"),
            ("tls=InSecure", "tls", "tls=require"),
            (&format!("tls_fingerprint={PIN}"), "tls_fingerprint", &format!("tls_fingerprint={PIN}")),
            ("tls_server_name=elsewhere", "tls_server_name", "tls_server_name=box"),
        ] {
            let part = config(query);
            let mut reader = part.clone();
            let e = check(&part, &reader, |_| false).unwrap_err();
            assert_eq!(e.setting, setting, "{query}");
            assert!(e.rule.contains(&format!("{setting}=…")), "{e}");
            let (key, value) = own.split_once('=').unwrap();
            reader.set(key, value).unwrap();
            assert_eq!(check(&part, &reader, |name| name == key), Ok(()), "{query}");
        }
        let mut part = FileConfig::beside(Config::empty());
        part.apply_uri("drda://me:theirs@box").unwrap();
        assert_eq!(check(&part, &part, |_| false).unwrap_err().setting, "password");
    }

    #[test]
    fn what_an_honest_maker_had_needs_no_word_of_the_reader() {
        for query in [
            "tls=require",
            "tls=off",
            "tls_ca=%2Fca.pem",
            "tls=require&tls_ca=%2Fca.pem&tls_cert=%2Fme.pem&tls_key=%2Fme.key",
            "security=auto",
            "security=encrypted-password",
            "security=user",
            "security=substitute&password_level=4",
            "password_level=4",
            "allow_cleartext_password=false",
            "signon_port=0&job_ccsid=273&pool=IASP1&timeout=3&statement_timeout=9&batch_delay=none",
            "timestamp_unit=ns&end_of_time=last&text_errors=raw&force_ccsid=A%3D273&bit_data_ccsid=37&decfloat=text",
            "application_name=a&client_user=b&client_workstation=c&client_accounting=d",
        ] {
            assert_eq!(refused(query, &[]), None, "{query}");
        }
    }

    #[test]
    fn a_reader_who_speaks_of_tls_is_not_talked_out_of_it() {
        let pin = format!("tls_fingerprint={PIN}");
        let said = ["tls=require", "tls_ca=/mine.pem", &pin, "tls_server_name=box", "port=448"];
        for own in said {
            let key = own.split_once('=').unwrap().0;
            let ca = refused("tls_ca=%2Ftheirs.pem", &[own]);
            let off = refused("tls=off", &[own]);
            match key {
                "port" => assert_eq!((ca, off), (Some("port".into()), Some("port".into()))),
                "tls" => assert_eq!((ca, off), (Some("tls_ca".into()), None)),
                "tls_ca" => assert_eq!((ca, off), (None, Some("tls".into()))),
                _ => assert_eq!((ca, off), (Some("tls_ca".into()), Some("tls".into())), "{own}"),
            }
        }
    }

    #[test]
    fn an_address_that_the_reader_gives_has_to_be_the_same() {
        for (given, setting) in [
            ("host=BOX", None),
            ("host=elsewhere", Some("host")),
            ("port=8446", None),
            ("port=446", Some("port")),
            ("signon_port=0", None),
            ("signon_port=8476", Some("signon_port")),
        ] {
            assert_eq!(refused("signon_port=0", &[given]).as_deref(), setting, "{given}");
        }
    }
}
