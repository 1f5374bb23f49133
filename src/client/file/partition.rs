//! Parts of a file by relative record numbers, to be read side by side on connections of their own.

use super::file_name::FileName;
use super::options::{OpenMode, OpenOptions};

/// A part of a file.
#[derive(Debug, Clone)]
pub struct Partition {
    /// The file.
    pub name: FileName,
    /// Number of the first record.
    pub first: u32,
    /// Number of the last one; none is as many as there are.
    pub last: Option<u32>,
    /// How the file is opened.
    pub options: OpenOptions,
}

/// Cuts the numbers 1 to `highest` into `count` ranges; the last one has no end.
pub(super) fn split(name: &FileName, options: &OpenOptions, highest: u32, count: usize) -> Vec<Partition> {
    let count = u32::try_from(count).unwrap_or(u32::MAX).clamp(1, highest.max(1));
    let bound = |n: u32| (u64::from(highest) * u64::from(n) / u64::from(count)) as u32;
    let options = OpenOptions { mode: OpenMode::Read, keyed: false, ..options.clone() };
    let one = |n| Partition {
        name: name.clone(),
        first: bound(n) + 1,
        last: (n + 1 < count).then(|| bound(n + 1)),
        options: options.clone(),
    };
    (0..count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_once() {
        let name = FileName::parse("L/F").unwrap();
        for (highest, count) in [(0, 4), (1, 4), (10, 3), (10, 10), (1_000_000, 7), (u32::MAX, 16)] {
            let parts = split(&name, &OpenOptions::read(), highest, count);
            assert_eq!(parts[0].first, 1);
            for pair in parts.windows(2) {
                assert_eq!(pair[0].last.unwrap() + 1, pair[1].first);
                assert!(pair[0].first <= pair[0].last.unwrap());
            }
            assert_eq!(parts.last().unwrap().last, None);
            assert_eq!(parts.len(), count.min(highest.max(1) as usize));
        }
    }
}
