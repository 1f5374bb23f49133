//! The settings of a connection as a URI, for another process that connects the same way. It holds no secret:
//! no password, token or second factor, nor the permission to send a password in clear. A prohibition goes
//! along.

use super::config::FileConfig;
use crate::client::config::percent::encode;
use crate::client::config::tls::TlsMode;
use crate::client::config::{Config, security::Security};
use crate::column::options::{DecFloatAs, EndOfTime, Excess, Options, StringType, TextErrors, TimeAs, WideDecimalAs};
use arrow_schema::TimeUnit;

impl FileConfig {
    /// The URI that [`FileConfig::apply_uri`] reads as the same settings, the secrets apart.
    pub fn address(&self) -> String {
        let base = &self.base;
        let host = if base.host.contains(':') { format!("[{}]", base.host) } else { base.host.clone() };
        let user = base.user.as_ref().map(|user| format!("{}@", encode(user))).unwrap_or_default();
        let mut said = UriSettings::default();
        said.add("signon_port", self.signon_port);
        said.add("job_ccsid", self.job_ccsid);
        said.add("pool", self.pool.as_ref());
        said.way(base);
        said.values(&base.options);
        let query = said.0.join("&");
        format!("drda://{user}{host}:{}/{}{query}", base.port, if query.is_empty() { "" } else { "?" })
    }
}

/// Settings as they stand in a URI.
#[derive(Default)]
struct UriSettings(Vec<String>);

impl UriSettings {
    fn add(&mut self, key: &str, value: Option<impl ToString>) {
        self.0.extend(value.map(|value| format!("{key}={}", encode(&value.to_string()))));
    }

    /// How the server is reached.
    fn way(&mut self, base: &Config) {
        self.add("password_level", base.password_level);
        self.add("security", Some(base.security.name()).filter(|_| base.security != Security::Auto));
        self.add("allow_cleartext_password", base.allow_cleartext_password.filter(|allowed| !allowed));
        self.add("timeout", Some(base.timeout.as_secs_f64()));
        self.add("statement_timeout", base.statement_timeout.map(|limit| limit.as_secs_f64()));
        self.add("commit_timeout", base.commit_timeout.map(|limit| limit.as_secs_f64()));
        if base.batch_delay != Config::empty().batch_delay {
            let seconds = base.batch_delay.map(|delay| delay.as_secs_f64().to_string());
            self.add("batch_delay", Some(seconds.unwrap_or_else(|| "none".to_owned())));
        }
        self.add("application_name", base.client.application.as_ref());
        let tls = &base.tls;
        self.add(
            "tls",
            tls.mode.map(|mode| match mode {
                TlsMode::Off => "off",
                TlsMode::Require => "require",
                TlsMode::Insecure => "insecure",
            }),
        );
        for (key, path) in [("tls_ca", &tls.ca), ("tls_cert", &tls.cert), ("tls_key", &tls.key)] {
            self.add(key, path.as_ref().map(|path| path.display()));
        }
        self.add("tls_fingerprint", tls.fingerprint);
        self.add("tls_server_name", tls.server_name.as_ref());
    }

    /// Adds the treatment of values.
    fn values(&mut self, options: &Options) {
        let usual = Options::default();
        let unit = match options.timestamp_unit {
            TimeUnit::Second => "s",
            TimeUnit::Millisecond => "ms",
            TimeUnit::Microsecond => "us",
            TimeUnit::Nanosecond => "ns",
        };
        self.add("timestamp_unit", Some(unit).filter(|_| options.timestamp_unit != usual.timestamp_unit));
        self.add(
            "end_of_time",
            match options.end_of_time {
                EndOfTime::Raise => None,
                EndOfTime::Last => Some("last"),
                EndOfTime::Next => Some("next"),
            },
        );
        self.add(
            "time_unit",
            match options.time_unit {
                TimeAs::Seconds => None,
                TimeAs::Microseconds => Some("us"),
                TimeAs::Text => Some("text"),
            },
        );
        self.add(
            "string_type",
            match options.string_type {
                StringType::Utf8 => None,
                StringType::LargeUtf8 => Some("large_utf8"),
                StringType::Utf8View => Some("utf8_view"),
            },
        );
        self.add("timestamp_excess", (options.timestamp_excess == Excess::Truncate).then_some("truncate"));
        self.add(
            "decfloat",
            match options.decfloat {
                DecFloatAs::Text => None,
                DecFloatAs::Decimal { precision, scale } => Some(format!("decimal({precision},{scale})")),
            },
        );
        self.add(
            "wide_decimal",
            match options.wide_decimal {
                WideDecimalAs::Decimal256 => None,
                WideDecimalAs::Text => Some("text"),
                WideDecimalAs::Float64 => Some("float64"),
            },
        );
        self.add(
            "text_errors",
            match options.text_errors {
                // The second is not a setting but what on_error makes of one.
                TextErrors::Strict | TextErrors::Null => None,
                TextErrors::Replace => Some("replace"),
                TextErrors::Raw => Some("raw"),
            },
        );
        self.add("bit_data_ccsid", options.bit_data_ccsid);
        let forced: Vec<_> = options.force_ccsid.iter().map(|(field, ccsid)| format!("{field}={ccsid}")).collect();
        self.add("force_ccsid", Some(forced.join(";")).filter(|pairs| !pairs.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::config::TABLE;
    use crate::client::config::security::EncAlg;

    #[test]
    fn the_same_settings_come_back_without_the_secrets() {
        let fingerprint = "ab".repeat(32);
        let uri = format!(
            "drda://m%40e:s3cret@[::1]:8446/?signon_port=0&pool=IASP1&job_ccsid=273&timeout=2.5&statement_timeout=7&commit_timeout=8&batch_delay=0.25\
             &security=encrypted&tls_fingerprint={fingerprint}&tls_server_name=box&timestamp_unit=ns\
             &time_unit=us&string_type=utf8_view&timestamp_excess=truncate&end_of_time=last&decfloat=decimal(34,2)&wide_decimal=text&text_errors=replace&bit_data_ccsid=37\
             &force_ccsid=A%3D273%3BB%3D37&additional_factor=123456&application_name=a%20b&allow_cleartext_password=true\
             &tls_cert=/c.pem&tls_key=/k.pem"
        );
        let (config, _) = FileConfig::from_uri(&uri).unwrap();
        let address = config.address();
        for secret in ["s3cret", "123456", "cleartext"] {
            assert!(!address.contains(secret), "{address}");
        }
        // The user stands in front of the host.
        for setting in TABLE.iter().filter(|s| s.files && s.travels && s.text && s.name != "user") {
            assert!(address.contains(&format!("{}=", setting.name)), "{} is lost on the way: {address}", setting.name);
        }
        let mut again = FileConfig::beside(Config::empty());
        let rest = again.apply_uri(&address).unwrap();
        assert_eq!((again.address(), rest.path), (address, None));
        assert_eq!((again.base.user.as_deref(), again.base.host.as_str()), (Some("m@e"), "::1"));
        assert_eq!(
            (again.base.timeout, again.base.statement_timeout, again.base.commit_timeout, again.base.batch_delay),
            (config.base.timeout, config.base.statement_timeout, config.base.commit_timeout, config.base.batch_delay)
        );
        assert_eq!(again.base.options, config.base.options);
        assert_eq!((again.pool, again.job_ccsid, again.signon_port), (Some("IASP1".into()), Some(273), Some(0)));
        assert_eq!(again.base.tls.fingerprint, config.base.tls.fingerprint);
        assert_eq!(
            (again.base.security, again.base.tls.server_name),
            (Security::Encrypted(EncAlg::Aes), Some("box".into()))
        );
        assert!(again.base.password.is_none());
        let (patient, _) = FileConfig::from_uri("drda://box?batch_delay=none").unwrap();
        assert_eq!(patient.address(), "drda://box:446/?timeout=15&batch_delay=none");
        let (plain, _) = FileConfig::from_uri("drda://box").unwrap();
        assert_eq!(plain.address(), "drda://box:446/?timeout=15");
        let (never, _) = FileConfig::from_uri("drda://box/?allow_cleartext_password=false").unwrap();
        let mut again = FileConfig::beside(Config::empty());
        again.apply_uri(&never.address()).unwrap();
        assert_eq!(again.base.allow_cleartext_password, Some(false));
    }
}
