//! Bindings of `lossary_core::capped_simplex`.

use crate::arrays::{Numbers, slice};
use crate::errors::allocations::{capped_simplex_error, no_real_values};
use lossary_core::capped_simplex;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

/// The weights from 0 to `upper` of sum `total` that are nearest to the values of each row.
#[pyfunction]
#[pyo3(signature = (values, columns, total, upper, /))]
pub fn capped_simplex_projection<'py>(
    py: Python<'py>,
    values: Numbers<'_>,
    columns: usize,
    total: f64,
    upper: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    fn of<R: Copy + Into<f64> + Sync>(
        py: Python<'_>,
        values: &[R],
        columns: usize,
        [total, upper]: [f64; 2],
    ) -> PyResult<Vec<f64>> {
        py.detach(|| capped_simplex::capped_simplex_projection(values, columns, total, upper))
            .map_err(capped_simplex_error)
    }
    let found = match &values {
        Numbers::F32(values) => of(py, slice(values)?, columns, [total, upper]),
        Numbers::F64(values) => of(py, slice(values)?, columns, [total, upper]),
        _ => Err(no_real_values()),
    }?;
    Ok(found.into_pyarray(py))
}
