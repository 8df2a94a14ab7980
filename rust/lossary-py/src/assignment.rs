//! Bindings of `lossary_core::assignment`.

use crate::arrays::slice;
use crate::errors::boxes::assignment_error;
use lossary_core::assignment;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

/// The column of each row of a matrix with no more rows than columns.
#[pyfunction]
#[pyo3(signature = (cost, rows, columns, /))]
pub fn cheapest_columns<'py>(
    py: Python<'py>,
    cost: PyReadonlyArray1<'_, f64>,
    rows: usize,
    columns: usize,
) -> PyResult<Bound<'py, PyArray1<usize>>> {
    let cost = slice(&cost)?;
    let found = py.detach(|| assignment::cheapest_columns(cost, rows, columns)).map_err(assignment_error)?;
    Ok(found.into_pyarray(py))
}
