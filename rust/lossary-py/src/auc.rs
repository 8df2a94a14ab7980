//! Bindings of `lossary_core::auc`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::ranking_error;
use lossary_core::{auc, ranking};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// The area, or NaN when a class is missing.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, /))]
pub fn roc_auc(py: Python<'_>, y_true: Classes<'_>, y_score: Scores<'_>) -> PyResult<f64> {
    let labels = y_true.as_slice()?;
    let counts = with_scores!(&y_score, scores => py
        .detach(|| ranking::check_finite(scores).and_then(|()| auc::roc_auc(scores, labels)))
        .map_err(ranking_error))?;
    Ok(counts.value().unwrap_or(f64::NAN))
}

/// The area (NaN when a class has no weight) and whether negative weights turn the curve back.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, /))]
pub fn weighted_roc_auc(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: PyReadonlyArray1<'_, f64>,
) -> PyResult<(f64, bool)> {
    let (labels, weights) = (y_true.as_slice()?, slice(&sample_weight)?);
    let sums = with_scores!(&y_score, scores => py
        .detach(|| {
            ranking::check_finite(scores).and_then(|()| auc::weighted_roc_auc(scores, labels, weights))
        })
        .map_err(ranking_error))?;
    Ok((sums.value().unwrap_or(f64::NAN), sums.turns_back))
}
