//! Bindings of `lossary_core::isotonic`.

use crate::arrays::{Scores, slice, with_scores};
use crate::errors::ranking_error;
use lossary_core::{isotonic, ranking};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// Ends of the blocks, ascending, and the values there.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, /))]
pub fn isotonic_fit<'py>(
    py: Python<'py>,
    y_true: PyReadonlyArray1<'_, f64>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<(Doubles<'py>, Doubles<'py>)> {
    let (targets, weights) = (slice(&y_true)?, sample_weight.as_ref().map(slice).transpose()?);
    let fit = with_scores!(&y_score, scores => py
        .detach(|| {
            ranking::check_finite(scores)?;
            isotonic::isotonic(scores, targets, weights)
        })
        .map_err(ranking_error))?;
    Ok((fit.thresholds.into_pyarray(py), fit.values.into_pyarray(py)))
}
