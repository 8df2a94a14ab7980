//! Bindings of `lossary_core::brier`.

use crate::arrays::{Classes, Numbers, slice, with_floats};
use crate::errors::brier_error;
use lossary_core::brier::squared_error;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// Sum of (probability - happened)^2, times the weights if given.
#[pyfunction]
#[pyo3(signature = (y_true, y_proba, sample_weight, /))]
pub fn binary_squared_error(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_proba: Numbers<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<f64> {
    let (truth, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    with_floats!(&y_proba, "y_proba", rows => py
        .detach(|| squared_error(rows, truth, 1, weights))
        .map_err(brier_error))
}

/// Sum over samples and classes of (probability - class is true)^2, times the weights if given.
#[pyfunction]
#[pyo3(signature = (y_true, y_proba, classes, sample_weight, /))]
pub fn multiclass_squared_error(
    py: Python<'_>,
    y_true: PyReadonlyArray1<'_, u32>,
    y_proba: Numbers<'_>,
    classes: usize,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<f64> {
    let (truth, weights) = (slice(&y_true)?, sample_weight.as_ref().map(slice).transpose()?);
    with_floats!(&y_proba, "y_proba", rows => py
        .detach(|| squared_error(rows, truth, classes, weights))
        .map_err(brier_error))
}
