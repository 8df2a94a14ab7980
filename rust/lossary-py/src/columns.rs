//! Bindings of `lossary_core::columns` and `lossary_core::one_vs_one`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::ranking_error;
use lossary_core::columns::{self, Layout, Matrix};
use lossary_core::keys::Score;
use lossary_core::one_vs_one;
use lossary_core::ranking::{self, RankingError};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

fn layout(by_column: bool) -> Layout {
    if by_column { Layout::Columns } else { Layout::Rows }
}

/// Labels and scores of one shape, each stored by rows or by columns.
fn matrices<'a, S: Score>(
    labels: &'a [u8],
    scores: &'a [S],
    columns: usize,
    by_column: (bool, bool),
) -> Result<(Matrix<'a, S>, Matrix<'a, u8>), RankingError> {
    ranking::check_finite(scores)?;
    let labels = Matrix::new(labels, columns, layout(by_column.0))?;
    Ok((Matrix::new(scores, columns, layout(by_column.1))?, labels))
}

/// The area of each column (NaN when a class is missing), and whether negative weights turn a curve back.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, columns, /, *, by_column))]
pub fn column_roc_auc<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    columns: usize,
    by_column: (bool, bool),
) -> PyResult<(Doubles<'py>, bool)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let areas: Vec<(Option<f64>, bool)> = with_scores!(&y_score, scores => py
        .detach(|| {
            let (scores, labels) = matrices(labels, scores, columns, by_column)?;
            Ok(match weights {
                None => {
                    let areas = columns::roc_auc(scores, labels)?;
                    areas.iter().map(|area| (area.value(), false)).collect()
                }
                Some(weights) => {
                    let areas = columns::weighted_roc_auc(scores, labels, weights)?;
                    areas.iter().map(|area| (area.value(), area.turns_back)).collect()
                }
            })
        })
        .map_err(ranking_error))?;
    let turns_back = areas.iter().any(|&(area, turns_back)| turns_back && area.is_some());
    let values: Vec<f64> = areas.iter().map(|(area, _)| area.unwrap_or(f64::NAN)).collect();
    Ok((values.into_pyarray(py), turns_back))
}

/// The average precision of each column, NaN without positives.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, columns, /, *, by_column))]
pub fn column_average_precision<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    columns: usize,
    by_column: (bool, bool),
) -> PyResult<Doubles<'py>> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let precisions = with_scores!(&y_score, scores => py
        .detach(|| {
            let (scores, labels) = matrices(labels, scores, columns, by_column)?;
            match weights {
                None => columns::average_precision(scores, labels),
                Some(weights) => columns::weighted_average_precision(scores, labels, weights),
            }
        })
        .map_err(ranking_error))?;
    let values: Vec<f64> = precisions.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
    Ok(values.into_pyarray(py))
}

/// For each class, and for each other one, how the samples of the class rank by its column; NaN without both.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, columns, /, *, by_column))]
pub fn one_vs_one_roc_auc<'py>(
    py: Python<'py>,
    y_true: PyReadonlyArray1<'_, u32>,
    y_score: Scores<'_>,
    columns: usize,
    by_column: bool,
) -> PyResult<Doubles<'py>> {
    let (codes, layout) = (slice(&y_true)?, layout(by_column));
    let areas = with_scores!(&y_score, scores => py
        .detach(|| {
            ranking::check_finite(scores)?;
            one_vs_one::roc_auc(Matrix::new(scores, columns, layout)?, codes)
        })
        .map_err(ranking_error))?;
    let values: Vec<f64> = areas.iter().map(|area| area.value().unwrap_or(f64::NAN)).collect();
    Ok(values.into_pyarray(py))
}
