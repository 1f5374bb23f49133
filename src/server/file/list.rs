//! The rows of DSPOBJD and of DSPFD about whole files: what they are, when they were made.

use super::message::CCSID;
use super::physical::PhysicalFile;
use crate::wire::ddm::error::Result;
use crate::wire::file::outfile::RowMaker;
use crate::wire::file::outfile_columns::{FORMATS, OBJECTS, PHYSICAL};
use crate::wire::value::calendar::DAY;
use crate::wire::value::datetext::{date_text, time_text};
use std::time::{SystemTime, UNIX_EPOCH};

/// The row of DSPOBJD for a file.
pub(super) fn object(file: &PhysicalFile) -> Result<Vec<Vec<u8>>> {
    let [century, date, time] = moment(file.created);
    let mut row = RowMaker::new(&OBJECTS, CCSID)?;
    row.text("ODLBNM", &file.library)?
        .text("ODOBNM", &file.name)?
        .text("ODOBTP", "*FILE")?
        .text("ODOBAT", "PF")?
        .text("ODOBTX", &file.definition.text)?
        .text("ODCCEN", &century)?
        .text("ODCDAT", &date)?
        .text("ODCTIM", &time)?;
    Ok(vec![row.finish()])
}

/// The row of DSPFD TYPE(*ATR) for a physical file.
pub(super) fn attributes(file: &PhysicalFile) -> Result<Vec<Vec<u8>>> {
    let mut row = RowMaker::new(&PHYSICAL, CCSID)?;
    row.text("PHFILE", &file.name)?
        .text("PHLIB", &file.library)?
        .text("PHFTYP", "P")?
        .text("PHFILA", "*PHY")?
        .text("PHFATR", "PF")?
        .text("PHDTAT", if file.definition.source { "S" } else { "D" })?
        .text("PHTXT", &file.definition.text)?
        .number("PHNOMB", file.contents().members.len() as u64);
    Ok(vec![row.finish()])
}

/// The row of DSPFD TYPE(*RCDFMT) for a file's record format.
pub(super) fn format(file: &PhysicalFile) -> Result<Vec<Vec<u8>>> {
    let format = &file.definition.format;
    let mut row = RowMaker::new(&FORMATS, CCSID)?;
    row.text("RFFILE", &file.name)?
        .text("RFLIB", &file.library)?
        .text("RFFTYP", "P")?
        .text("RFFILA", "*PHY")?
        .text("RFFATR", "PF")?
        .text("RFNAME", &format.name)?
        .text("RFID", &format.level)?
        .text("RFFTXT", &format.text)?
        .number("RFTOTF", 1)
        .number("RFFLDN", format.fields.len() as u64)
        .number("RFLEN", u64::from(format.length));
    Ok(vec![row.finish()])
}

/// A century (0: the twentieth), MMDDYY and HHMMSS, in UTC.
fn moment(at: SystemTime) -> [String; 3] {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let days = i32::try_from(seconds / u64::from(DAY)).unwrap_or(0);
    let date = date_text(days, b'0', b'-');
    let time = time_text((seconds % u64::from(DAY)) as u32, b'0', b'.');
    let digits = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().filter(char::is_ascii_digit).collect::<String>();
    let (year, month) = (digits(date.get(..4).unwrap_or_default()), digits(date.get(4..).unwrap_or_default()));
    let century = if year.starts_with("19") { "0" } else { "1" };
    [century.to_owned(), format!("{month}{}", year.get(2..).unwrap_or_default()), digits(&time)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn moments_as_the_system_writes_them() {
        let at = |seconds| moment(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), ["0", "010170", "000000"]);
        assert_eq!(at(1_709_210_096), ["1", "022924", "123456"]);
    }
}
