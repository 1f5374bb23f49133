//! Limits of a description: a name that the page of the persona lacks, more columns or markers than its count
//! holds. Each is an SQLCODE for the statement, told when it is prepared.

use crate::server::error::SqlError;
use crate::server::persona::Persona;
use crate::wire::ccsid::codec::Codec;
use crate::wire::value::field::Field;

/// Columns that a description counts at most: two bytes with a sign.
const COLUMNS: usize = i16::MAX as usize;

/// Bytes of a name: two bytes with a sign count them.
const NAME: usize = i16::MAX as usize;

/// An error unless the columns of a result and the markers of a statement can be described.
pub(super) fn describable(columns: &[Field], markers: usize, persona: &Persona) -> Result<(), SqlError> {
    if markers > persona.markers {
        let text = format!("{markers} parameter markers; a statement has at most {}", persona.markers);
        return Err(SqlError::new(-101, "54001", &[&text]));
    }
    if columns.len() > COLUMNS {
        let text = format!("{} columns; a result has at most {COLUMNS}", columns.len());
        return Err(SqlError::new(-840, "54004", &[&text]));
    }
    let codec = Codec::new(persona.typdef.mbc).ok();
    for (n, field) in columns.iter().enumerate() {
        let label = field.label.as_deref().unwrap_or_default();
        for name in [field.name.as_str(), label] {
            if name.len() > NAME {
                let text = format!("column {}: a name of {} bytes; it has at most {NAME}", n + 1, name.len());
                return Err(SqlError::new(-107, "42622", &[&text]));
            }
            if let Some(missing) = lacks(codec.as_ref(), name) {
                let (point, page) = (u32::from(missing), persona.typdef.mbc);
                let text = format!("column {}: U+{point:04X} is not in CCSID {page}: {name}", n + 1);
                return Err(SqlError::new(-330, "22021", &[&text]));
            }
        }
    }
    Ok(())
}

/// Parameters without the names that the page lacks: those only inform.
pub(super) fn nameable(parameters: Vec<Field>, persona: &Persona) -> Vec<Field> {
    let codec = Codec::new(persona.typdef.mbc).ok();
    let nameable = |mut field: Field| {
        if field.name.len() > NAME || lacks(codec.as_ref(), &field.name).is_some() {
            field.name.clear();
        }
        field.label = field.label.take().filter(|label| lacks(codec.as_ref(), label).is_none());
        field
    };
    parameters.into_iter().map(nameable).collect()
}

/// The first character of a text that the page does not have.
fn lacks(codec: Option<&Codec>, text: &str) -> Option<char> {
    if text.is_ascii() && codec.is_some_and(|c| c.encode(text, &mut Vec::new()).is_ok()) {
        return None;
    }
    text.chars().find(|c| {
        let mut buffer = [0; 4];
        codec.is_none_or(|codec| codec.encode(c.encode_utf8(&mut buffer), &mut Vec::new()).is_err())
    })
}

#[cfg(test)]
mod tests {
    use super::super::describe;
    use super::*;
    use crate::server::persona::{DERBY, IBMI, LUW, ZOS};

    fn named(name: &str, persona: &Persona) -> Field {
        describe::field(&arrow_schema::Field::new(name, arrow_schema::DataType::Int32, true), 0, persona).unwrap()
    }

    #[test]
    fn a_name_that_the_page_lacks_is_told_with_its_character() {
        for persona in [&IBMI, &ZOS] {
            let e = describable(&[named("A", persona), named("P €", persona)], 0, persona).unwrap_err();
            assert_eq!((e.sqlcode, e.sqlstate.as_str()), (-330, "22021"));
            let page = persona.typdef.mbc;
            assert_eq!(e.tokens, [format!("column 2: U+20AC is not in CCSID {page}: P €")]);
            assert!(describable(&[named("ÄÖ £", persona)], 0, persona).is_ok());
            let fields = nameable(vec![named("€", persona), named("É", persona)], persona);
            assert_eq!((fields[0].name.as_str(), fields[1].name.as_str()), ("", "É"));
        }
        assert!(describable(&[named("列名 €", &LUW)], 0, &LUW).is_ok());
    }

    #[test]
    fn counts_that_do_not_fit_are_told() {
        for (persona, most) in [(&LUW, 32_767), (&IBMI, 32_767), (&ZOS, 32_767), (&DERBY, 65_535)] {
            assert!(describable(&[], most, persona).is_ok());
            let e = describable(&[], most + 1, persona).unwrap_err();
            assert_eq!((e.sqlcode, e.sqlstate.as_str()), (-101, "54001"));
            assert!(e.tokens[0].starts_with(&format!("{} parameter markers", most + 1)), "{e}");
        }
        let e = describable(&vec![named("A", &LUW); COLUMNS + 1], 0, &LUW).unwrap_err();
        assert_eq!((e.sqlcode, e.sqlstate.as_str()), (-840, "54004"));
    }
}
