//! Python objects of values that came before: columns of dates and of prices have few different ones.

use pyo3::prelude::*;

/// The last object made for each of some hundred places; a value has its place by its lower bits.
pub(super) struct Recent<'py, K>(Vec<Option<(K, Bound<'py, PyAny>)>>);

impl<'py, K: Copy + PartialEq> Recent<'py, K> {
    const PLACES: usize = 512;
    /// For fewer values it does not pay.
    const LEAST: usize = 64;

    /// For a column of so many values.
    pub(super) fn of(values: usize) -> Recent<'py, K> {
        let places = if values < Self::LEAST { 0 } else { Self::PLACES };
        Recent((0..places).map(|_| None).collect())
    }

    /// The object of a value, whose bits are mixed in `place`; they need not be all of them.
    pub(super) fn get(
        &mut self,
        value: K,
        place: usize,
        make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(slot) = self.0.get_mut(place % Self::PLACES) else { return make() };
        match slot {
            Some((known, object)) if *known == value => Ok(object.clone()),
            _ => Ok(slot.insert((value, make()?)).1.clone()),
        }
    }
}
