//! Bindings of `lossary_core::entropy_coupling`.

use crate::arrays::slice;
use crate::errors::allocations::coupling_error;
use lossary_core::entropy_coupling;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Cells<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<f64>>);

/// Of each cell of the coupling, one after the other, its place on every side; and its mass.
#[pyfunction]
#[pyo3(signature = (sides, /))]
pub fn greedy_coupling<'py>(py: Python<'py>, sides: Vec<PyReadonlyArray1<'py, f64>>) -> PyResult<Cells<'py>> {
    let sides = sides.iter().map(slice).collect::<PyResult<Vec<_>>>()?;
    let found = py.detach(|| entropy_coupling::greedy_coupling(&sides)).map_err(coupling_error)?;
    Ok((found.places.into_pyarray(py), found.masses.into_pyarray(py)))
}
