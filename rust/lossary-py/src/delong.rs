//! Bindings of `lossary_core::delong` and `lossary_core::placements`.

use crate::arrays::{Classes, Numbers, slice, with_slice};
use crate::errors::delong_error;
use lossary_core::placements::Comparison;
use lossary_core::{delong as kernel, ranking};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// Areas, the parts of their covariance from positives and negatives (row by row), and the sizes of the classes.
#[pyfunction]
#[pyo3(signature = (y_true, y_scores, sample_weight, /))]
pub fn delong<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_scores: Vec<Numbers<'_>>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<(Doubles<'py>, Doubles<'py>, Doubles<'py>, f64, f64)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let result = match (y_scores.as_slice(), weights) {
        ([y_score], None) => with_slice!(y_score, scores => py
            .detach(|| ranking::check_finite(scores).map_err(Into::into).and_then(|()| kernel::delong(scores, labels)))
            .map_err(delong_error))?,
        _ => {
            let mut comparison = py.detach(|| Comparison::new(labels, weights)).map_err(delong_error)?;
            for y_score in &y_scores {
                with_slice!(y_score, scores => py
                    .detach(|| ranking::check_finite(scores).map_err(Into::into).and_then(|()| comparison.add(scores)))
                    .map_err(delong_error))?;
            }
            py.detach(|| comparison.delong())
        }
    };
    let arrays = [result.areas, result.of_positives, result.of_negatives];
    let [areas, of_positives, of_negatives] = arrays.map(|array| array.into_pyarray(py));
    Ok((areas, of_positives, of_negatives, result.positives, result.negatives))
}
