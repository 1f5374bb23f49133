//! Warnings of what a login gives away, given before it does.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::SecMecError;

/// The exposure of a proof on a line that is not private, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// Nothing that helps to a password.
    Nothing,
    /// A hash that passwords can be tried against.
    Hash,
    /// The password, to whoever answers.
    Answerer,
    /// The password, to whoever listens.
    Listener,
    /// The secret as it is, to whoever listens.
    Clear,
}

type Ears = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// Hears what is doubtful about a connection, before anything secret is sent; an error that it returns ends the login
/// there. Without a listener it is logged, and kept to be read. Clones share what was said.
#[derive(Clone, Default)]
pub struct Caution {
    ears: Option<Arc<Ears>>,
    said: Arc<Mutex<Vec<Said>>>,
}

/// The warnings so far, each with its exposure where it is about a proof.
struct Said {
    exposure: Exposure,
    text: String,
}

impl Caution {
    /// With a listener.
    pub fn new(ears: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Caution {
        Caution { ears: Some(Arc::new(ears)), said: Arc::default() }
    }

    /// For another connection: the same listener, and nothing said yet.
    #[must_use]
    pub fn afresh(&self) -> Caution {
        Caution { ears: self.ears.clone(), said: Arc::default() }
    }

    /// Says what a proof gives away, unless as much was said before.
    pub fn expose(&self, exposure: Exposure, text: String) -> Result<(), SecMecError> {
        self.tell(exposure, text, |said| said.exposure >= exposure)
    }

    /// Says something else, once.
    pub fn say(&self, text: &str) -> Result<(), SecMecError> {
        self.tell(Exposure::Nothing, text.to_owned(), |said| said.text == text)
    }

    /// The warnings that nobody listened to.
    pub fn unheard(&self) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().filter(|_| self.ears.is_none()).map(|said| said.text.clone()).collect()
    }

    fn tell(&self, exposure: Exposure, text: String, known: impl Fn(&Said) -> bool) -> Result<(), SecMecError> {
        {
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.iter().any(known) {
                return Ok(());
            }
            said.push(Said { exposure, text: text.clone() });
        }
        match &self.ears {
            Some(ears) => ears(&text).map_err(SecMecError::Objected),
            None => {
                tracing::warn!("{text}");
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caution")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_worse_is_not_said_again() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = heard.clone();
        let caution = Caution::new(move |text| {
            ears.lock().unwrap().push(text.to_owned());
            Ok(())
        });
        for (exposure, text) in
            [(Exposure::Listener, "b"), (Exposure::Answerer, "c"), (Exposure::Listener, "b"), (Exposure::Clear, "a")]
        {
            caution.clone().expose(exposure, text.to_owned()).unwrap();
        }
        caution.say("x").unwrap();
        caution.say("x").unwrap();
        assert_eq!(*heard.lock().unwrap(), ["b", "a", "x"]);
        caution.afresh().expose(Exposure::Answerer, "c".to_owned()).unwrap();
        assert_eq!(heard.lock().unwrap().last().unwrap(), "c");
        assert!(caution.unheard().is_empty());
    }

    #[test]
    fn an_objection_is_an_error_and_silence_is_kept() {
        let strict = Caution::new(|text| Err(format!("no: {text}")));
        assert_eq!(strict.say("x"), Err(SecMecError::Objected("no: x".to_owned())));
        let nobody = Caution::default();
        nobody.say("x").unwrap();
        nobody.expose(Exposure::Clear, "a".to_owned()).unwrap();
        assert_eq!(nobody.unheard(), ["x", "a"]);
    }
}
