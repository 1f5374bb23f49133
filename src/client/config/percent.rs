//! Parts of a URI, percent-encoded.

use super::{ConfigError, error};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The text that a part of a URI stands for; `setting` names it in the error.
pub(in crate::client) fn decode(setting: &str, text: &str) -> Result<String, ConfigError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| error(setting, "is not UTF-8 when percent-decoded; a % by itself is written %25"))
}

/// The inverse of [`decode`].
pub(in crate::client) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
