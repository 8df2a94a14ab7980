//! Bindings of `lossary_core::row_order`.

use crate::arrays::{Scores, with_scores};
use crate::errors::order_error;
use lossary_core::row_order;
use numpy::PyReadwriteArray1;
use pyo3::prelude::*;

/// Writes the columns of each row by falling score to `order`.
#[pyfunction]
#[pyo3(signature = (scores, columns, order, /))]
pub fn falling_order(
    py: Python<'_>,
    scores: Scores<'_>,
    columns: usize,
    mut order: PyReadwriteArray1<'_, i64>,
) -> PyResult<()> {
    let order = order.as_slice_mut()?;
    with_scores!(&scores, scores => py
        .detach(|| row_order::falling_order(scores, columns, order))
        .map_err(|error| order_error("scores", error)))
}
