//! Bindings of `lossary_core::label_ranking`: a value for each row of a matrix stored by rows.

use crate::arrays::{Classes, Scores, with_scores};
use crate::errors::ranking_error;
use lossary_core::label_ranking;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// How far down the ranking the last relevant label of each row is.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, columns, /))]
pub fn label_coverage<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    columns: usize,
) -> PyResult<Doubles<'py>> {
    let labels = y_true.as_slice()?;
    let depths = with_scores!(&y_score, scores => py
        .detach(|| label_ranking::coverage(scores, labels, columns))
        .map_err(ranking_error))?;
    Ok(depths.into_pyarray(py))
}

/// Label ranking average precision of each row.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, columns, /))]
pub fn label_ranking_average_precision<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    columns: usize,
) -> PyResult<Doubles<'py>> {
    let labels = y_true.as_slice()?;
    let precisions = with_scores!(&y_score, scores => py
        .detach(|| label_ranking::average_precision(scores, labels, columns))
        .map_err(ranking_error))?;
    Ok(precisions.into_pyarray(py))
}

/// Share of wrongly ordered pairs of labels of each row.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, columns, /))]
pub fn label_ranking_loss<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    columns: usize,
) -> PyResult<Doubles<'py>> {
    let labels = y_true.as_slice()?;
    let losses = with_scores!(&y_score, scores => py
        .detach(|| label_ranking::loss(scores, labels, columns))
        .map_err(ranking_error))?;
    Ok(losses.into_pyarray(py))
}
