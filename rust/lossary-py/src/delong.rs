//! Bindings of `lossary_core::delong` and `lossary_core::placements`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::delong_error;
use lossary_core::placements::Comparison;
use lossary_core::{delong as kernel, ranking};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// The area, and the parts of its variance that come from the positives and from the negatives.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, sample_weight, /))]
pub fn delong(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<(f64, f64, f64)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let result = with_scores!(&y_score, scores => py
        .detach(|| {
            ranking::check_finite(scores)?;
            match weights {
                None => kernel::delong(scores, labels),
                Some(_) => {
                    let mut comparison = Comparison::new(labels, weights)?;
                    comparison.add(scores)?;
                    Ok(comparison.delong())
                }
            }
        })
        .map_err(|error| delong_error("y_score", error)))?;
    let only = |entries: &[f64]| entries.iter().sum();
    Ok((only(&result.areas), only(&result.of_positives), only(&result.of_negatives)))
}

/// Areas, their covariance row by row, and the variances of the differences of pairs: (0, 1), (0, 2), ..., (1, 2).
#[pyfunction]
#[pyo3(signature = (y_true, y_scores, sample_weight, /))]
pub fn compare_areas<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_scores: Vec<Scores<'_>>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<(Doubles<'py>, Doubles<'py>, Doubles<'py>)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let mut comparison =
        py.detach(|| Comparison::new(labels, weights)).map_err(|error| delong_error("y_scores", error))?;
    for (place, y_score) in y_scores.iter().enumerate() {
        with_scores!(y_score, scores => py
            .detach(|| {
                ranking::check_finite(scores)?;
                comparison.add(scores)
            })
            .map_err(|error| delong_error(&format!("y_scores[{place}]"), error)))?;
    }
    let result = py.detach(|| comparison.delong());
    let covariance = result.covariance().into_pyarray(py);
    Ok((result.areas.into_pyarray(py), covariance, result.differences.into_pyarray(py)))
}
