//! Derby's connection attributes, some of which are secrets.

use super::{ConfigError, Secret, error};
use crate::wire::ddm::rdbname::secret;

/// A value of fewer characters is no secret that could be told from other text.
const SHORT: usize = 4;

/// Reads `name=value`, several joined by `;`.
pub(super) fn read(value: &str) -> Result<Vec<(String, Secret)>, ConfigError> {
    let pairs = value.split(';').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| error("attributes", "expected name=value, several joined by ';'"))?;
        Ok((name.to_owned(), Secret::new(value)))
    });
    pairs.collect()
}

/// The name of a database with its attributes after it.
pub(super) fn rdbnam(database: &str, attributes: &[(String, Secret)]) -> String {
    let mut name = database.to_owned();
    for (key, value) in attributes {
        name.push(';');
        name.push_str(key);
        name.push('=');
        name.push_str(value.expose());
    }
    name
}

/// Words without the secrets of attributes.
pub(super) fn without_secrets(attributes: &[(String, Secret)], words: &str) -> String {
    let mut out = words.to_owned();
    for (name, value) in attributes.iter().filter(|(name, _)| secret(name).is_some()) {
        out = masked(&out, &format!("{name}="), value.expose());
        if value.expose().chars().count() >= SHORT {
            out = out.replace(value.expose(), "***");
        }
    }
    out
}

/// Text in which what follows `name` is masked as far as it is the beginning of `value`: a server may cut it.
fn masked(text: &str, name: &str, value: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(name);
    out.extend(parts.next());
    for part in parts {
        let same =
            part.chars().zip(value.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>();
        out.push_str(name);
        out.push_str("***");
        out.push_str(part.get(same..).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::client::config::Config;

    #[test]
    fn secrets_are_taken_out_of_the_words_of_a_server() {
        let mut config =
            Config::from_uri("drda://h/NIX?attributes=create=true;BootPassword=boot-geheim;password=x").unwrap();
        assert_eq!(config.rdbnam(), "NIX;create=true;BootPassword=boot-geheim;password=x");
        assert!(!format!("{config:?}").contains("geheim"));
        let words = "the database NIX;create=true;BootPassword=boot-geheim;password=x was not found";
        let told = config.without_secrets(words);
        assert_eq!(told, "the database NIX;create=true;BootPassword=***;password=*** was not found");
        assert_eq!(config.without_secrets("NIX;BootPassword=boot-ge"), "NIX;BootPassword=***");
        assert_eq!(config.without_secrets("bad key boot-geheim (x)"), "bad key *** (x)");
        config.attributes.clear();
        assert_eq!(config.without_secrets(words), words);
    }
}
