//! Bindings of `lossary_core::operating_points`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::ranking_error;
use lossary_core::operating_points::{self, Interpolation};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// The true accept rate at each false accept rate; None when a class is missing.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, far, /, *, linear))]
pub fn true_accept_rates<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    far: PyReadonlyArray1<'_, f64>,
    linear: bool,
) -> PyResult<Option<Doubles<'py>>> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let limits = slice(&far)?;
    let read = if linear { Interpolation::Linear } else { Interpolation::Step };
    let rates = with_scores!(&y_score, scores => py
        .detach(|| {
            match weights {
                None => operating_points::true_accept_rates(scores, labels, limits, read),
                Some(weights) => {
                    operating_points::weighted_true_accept_rates(scores, labels, weights, limits, read)
                }
            }
        })
        .map_err(ranking_error))?;
    Ok(rates.map(|rates| rates.into_pyarray(py)))
}

/// The equal error rate; None when a class is missing.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, /))]
pub fn equal_error_rate(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<Option<f64>> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    with_scores!(&y_score, scores => py
        .detach(|| {
            match weights {
                None => operating_points::equal_error_rate(scores, labels),
                Some(weights) => operating_points::weighted_equal_error_rate(scores, labels, weights),
            }
        })
        .map_err(ranking_error))
}
