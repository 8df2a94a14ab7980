//! Bindings of `lossary_core::thinning`.

use crate::arrays::slice;
use crate::errors::thinning_error;
use lossary_core::thinning;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

/// Positions of the points that are kept, and the largest vertical error.
#[pyfunction]
#[pyo3(signature = (x, y, /, max_points))]
pub fn thin<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'_, f64>,
    y: PyReadonlyArray1<'_, f64>,
    max_points: usize,
) -> PyResult<(Bound<'py, PyArray1<i64>>, f64)> {
    let (x, y) = (slice(&x)?, slice(&y)?);
    let thinned = py.detach(|| thinning::thin(x, y, max_points)).map_err(thinning_error)?;
    let kept = PyArray1::from_iter(py, thinned.kept.iter().map(|&index| index as i64));
    Ok((kept, thinned.max_error))
}
