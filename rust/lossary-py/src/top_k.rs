//! Bindings of `lossary_core::top_k`.

use crate::arrays::{Scores, slice, with_scores};
use crate::errors::ranking_error;
use lossary_core::top_k;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

/// Whether the true class of each row is among its `k` highest scores.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, columns, k, /))]
pub fn top_k_hits<'py>(
    py: Python<'py>,
    y_true: PyReadonlyArray1<'_, u32>,
    y_score: Scores<'_>,
    columns: usize,
    k: usize,
) -> PyResult<Bound<'py, PyArray1<bool>>> {
    let codes = slice(&y_true)?;
    let hits = with_scores!(&y_score, scores => py
        .detach(|| top_k::hits(scores, codes, columns, k))
        .map_err(ranking_error))?;
    Ok(hits.into_pyarray(py))
}
