//! Where security tokens come from: a function of whoever connects.

use super::SecMecError;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Makes security tokens: it gets what the server said last (nothing at first) and gives the next
/// token, or says why there is none.
#[derive(Clone)]
pub struct TokenSource(Arc<Source>);

type Source = dyn Fn(&[u8]) -> Result<Vec<u8>, NoToken> + Send + Sync;

impl TokenSource {
    /// From a function.
    pub fn new(source: impl Fn(&[u8]) -> Result<Vec<u8>, NoToken> + Send + Sync + 'static) -> TokenSource {
        TokenSource(Arc::new(source))
    }

    /// The next token.
    pub fn next(&self, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecMecError> {
        (self.0)(challenge).map(Zeroizing::new).map_err(SecMecError::NoToken)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}

/// Why there is no token: words that are shown, and what a caller may want to know besides.
#[derive(Clone)]
pub struct NoToken {
    words: String,
    cause: Option<Cause>,
}

/// An object of whoever gave the source, such as an exception. It is handed on and never shown.
#[derive(Clone)]
pub struct Cause(Arc<dyn Any + Send + Sync>);

impl NoToken {
    /// With the object that the words are about.
    pub fn because(words: impl Into<String>, cause: impl Any + Send + Sync) -> NoToken {
        NoToken { words: words.into(), cause: Some(Cause(Arc::new(cause))) }
    }

    /// That object.
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }
}

impl From<&str> for NoToken {
    fn from(words: &str) -> NoToken {
        NoToken { words: words.to_owned(), cause: None }
    }
}

impl From<String> for NoToken {
    fn from(words: String) -> NoToken {
        NoToken { words, cause: None }
    }
}

impl Cause {
    /// The object, if it is of this type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl fmt::Debug for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoToken({:?})", self.words)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause")
    }
}

impl PartialEq for NoToken {
    /// By the words alone.
    fn eq(&self, other: &NoToken) -> bool {
        self.words == other.words
    }
}

impl Eq for NoToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_handed_on_and_not_shown() {
        let source = TokenSource::new(|_| Err(NoToken::because("no ticket", "geheim".to_owned())));
        let SecMecError::NoToken(e) = source.next(b"").unwrap_err() else { panic!() };
        assert_eq!(e.cause().and_then(Cause::get::<String>).map(String::as_str), Some("geheim"));
        assert!(e.cause().and_then(Cause::get::<u8>).is_none());
        let shown = format!("{e} {e:?} {:?} {:?}", e.cause(), SecMecError::NoToken(e.clone()));
        assert!(shown.contains("no ticket") && !shown.contains("geheim"), "{shown}");
    }
}
