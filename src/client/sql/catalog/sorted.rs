//! Rows of the catalog in order.

use std::cmp::Ordering;

/// Sorts rows; those that are equal keep their order. The sort itself is compiled once, for places: it is large, and there
/// are rows of many types.
pub(super) fn sorted<T>(rows: Vec<T>, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    sort(&mut places, &|a, b| match (rows.get(a), rows.get(b)) {
        (Some(a), Some(b)) => order(a, b),
        _ => Ordering::Equal,
    });
    let mut rows: Vec<Option<T>> = rows.into_iter().map(Some).collect();
    places.into_iter().filter_map(|place| rows.get_mut(place)?.take()).collect()
}

fn sort(places: &mut [usize], order: &dyn Fn(usize, usize) -> Ordering) {
    places.sort_by(|a, b| order(*a, *b));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_equal_ones_stay_in_theirs() {
        let rows = vec![("B", 1), ("A", 2), ("C", 3), ("A", 4), ("B", 5)];
        let expected = vec![("A", 2), ("A", 4), ("B", 1), ("B", 5), ("C", 3)];
        assert_eq!(sorted(rows, |a, b| a.0.cmp(b.0)), expected);
        assert!(sorted(Vec::<u8>::new(), u8::cmp).is_empty());
    }
}
