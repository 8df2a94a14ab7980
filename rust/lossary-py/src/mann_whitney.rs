//! Bindings of `lossary_core::mann_whitney`.

use crate::arrays::{Classes, Scores};
use crate::errors::{order_error, test_error};
use crate::options::Named;
use crate::rank_pairs::order;
use lossary_core::mann_whitney::MannWhitney;
use lossary_core::significance::{Alternative, Method};
use pyo3::prelude::*;

/// U of the positives, and its p-value.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, alternative, method, use_continuity, /))]
pub fn mann_whitney_u(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    alternative: Named<Alternative>,
    method: Named<Method>,
    use_continuity: bool,
) -> PyResult<(f64, f64)> {
    let labels = y_true.as_slice()?;
    let order = order(py, "y_score", &y_score)?;
    let counts =
        py.detach(|| MannWhitney::of(&order, labels)).map_err(|error| order_error("y_score", error))?;
    let p_value =
        py.detach(|| counts.p_value(alternative.0, method.0, use_continuity)).map_err(test_error)?;
    Ok((counts.u(), p_value))
}
