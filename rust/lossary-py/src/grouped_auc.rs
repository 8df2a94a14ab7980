//! Bindings of `lossary_core::grouped_auc`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::ranking_error;
use lossary_core::grouped_auc::weighted_grouped_auc;
use lossary_core::ranking;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// Per group: the area (NaN when a class is missing), and the counts or weights of positives and negatives.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, groups, /, count))]
pub fn grouped_auc<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    groups: PyReadonlyArray1<'_, u32>,
    count: usize,
) -> PyResult<(Doubles<'py>, Doubles<'py>, Doubles<'py>)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let groups = slice(&groups)?;
    let found = with_scores!(&y_score, scores => py
        .detach(|| {
            ranking::check_finite(scores)?;
            match weights {
                None => lossary_core::grouped_auc::grouped_auc(scores, labels, groups, count),
                Some(weights) => weighted_grouped_auc(scores, labels, weights, groups, count),
            }
        })
        .map_err(ranking_error))?;
    Ok((
        PyArray1::from_iter(py, found.iter().map(|group| group.value.unwrap_or(f64::NAN))),
        PyArray1::from_iter(py, found.iter().map(|group| group.positives)),
        PyArray1::from_iter(py, found.iter().map(|group| group.negatives)),
    ))
}
