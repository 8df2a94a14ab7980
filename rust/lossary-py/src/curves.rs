//! Bindings of `lossary_core::curves`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::ranking_error;
use lossary_core::{curves, ranking};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// False positives, true positives and thresholds, highest threshold first; collinear points if asked for.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, /, *, collinear))]
pub fn curve<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    collinear: bool,
) -> PyResult<(Doubles<'py>, Doubles<'py>, Doubles<'py>)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let curve = with_scores!(&y_score, scores => py
        .detach(|| {
            ranking::check_finite(scores)?;
            let curve = match weights {
                None => curves::curve(scores, labels),
                Some(weights) => curves::weighted_curve(scores, labels, weights),
            }?;
            Ok(if collinear { curve } else { curve.without_collinear() })
        })
        .map_err(ranking_error))?;
    let arrays = [curve.false_positives, curve.true_positives, curve.thresholds];
    let [false_positives, true_positives, thresholds] = arrays.map(|array| array.into_pyarray(py));
    Ok((false_positives, true_positives, thresholds))
}

/// Average precision, or None without positives.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, /))]
pub fn average_precision(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<Option<f64>> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    with_scores!(&y_score, scores => py
        .detach(|| {
            ranking::check_finite(scores)?;
            match weights {
                None => curves::average_precision(scores, labels),
                Some(weights) => curves::weighted_average_precision(scores, labels, weights),
            }
        })
        .map_err(ranking_error))
}
