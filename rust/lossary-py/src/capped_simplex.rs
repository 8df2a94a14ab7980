//! Bindings of `lossary_core::capped_simplex`.

use crate::arrays::{Numbers, with_floats};
use crate::errors::allocations::capped_simplex_error;
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
    let found = with_floats!(&values, "values", values => py
        .detach(|| capped_simplex::capped_simplex_projection(values, columns, total, upper))
        .map_err(capped_simplex_error))?;
    Ok(found.into_pyarray(py))
}
