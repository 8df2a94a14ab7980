//! Bindings of `lossary_core::partial_area`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::{ranking_error, region_error};
use lossary_core::partial_area::{Region, weighted_partial_area};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

type Range = (f64, f64);

/// The area under the curve inside a box, None when a class is missing; and whether negative weights turn the
/// curve back.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, /, *, fpr, tpr))]
pub fn partial_area(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    fpr: Range,
    tpr: Range,
) -> PyResult<(Option<f64>, bool)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let region = Region::new(fpr, tpr).ok_or_else(region_error)?;
    with_scores!(&y_score, scores => py
        .detach(|| {
            Ok(match weights {
                None => (lossary_core::partial_area::partial_area(scores, labels, region)?, false),
                Some(weights) => {
                    let found = weighted_partial_area(scores, labels, weights, region)?;
                    (found.area, found.turns_back)
                }
            })
        })
        .map_err(ranking_error))
}
