//! Bindings of `lossary_core::all_pairs`: scores and labels as they come, row by row.

use crate::arrays::{Classes, Scores, slice};
use crate::errors::{all_pairs_error, no_floats};
use crate::options::Named;
use lossary_core::all_pairs::{Labelled, Parameters, Surrogate};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// Runs an expression with labelled samples, of 32-bit or 64-bit floats.
macro_rules! with_samples {
    ($py:expr, $score:expr, $labels:expr, $weights:expr, $width:expr, $samples:ident => $body:expr) => {{
        let (labels, weights, width) = ($labels, $weights, $width);
        match $score {
            Scores::F32(scores) => {
                let $samples = Labelled { scores: slice(scores)?, labels, weights, width };
                $py.detach(|| $body)
            }
            Scores::F64(scores) => {
                let $samples = Labelled { scores: slice(scores)?, labels, weights, width };
                $py.detach(|| $body)
            }
            _ => return Err(no_floats("score")),
        }
        .map_err(all_pairs_error)
    }};
}

/// The mean over rows of the mean over the pairs of a row, and its gradient; None where no row has a pair.
#[pyfunction]
#[pyo3(signature = (score, target, weight, width, surrogate, margin, scale, temperature, /))]
#[allow(clippy::too_many_arguments, reason = "what the operator of torch has")]
pub fn all_pairs<'py>(
    py: Python<'py>,
    score: Scores<'_>,
    target: Classes<'_>,
    weight: Option<PyReadonlyArray1<'_, f64>>,
    width: usize,
    surrogate: Named<Surrogate>,
    margin: f64,
    scale: f64,
    temperature: f64,
) -> PyResult<Option<(f64, Doubles<'py>)>> {
    let parameters = Parameters { margin, scale, temperature };
    let (labels, weights) = (target.as_slice()?, weight.as_ref().map(slice).transpose()?);
    let sums = with_samples!(py, &score, labels, weights, width, samples => {
        samples.all_pairs(surrogate.0, &parameters)
    })?;
    Ok(sums.map(|(value, gradient)| (value, gradient.into_pyarray(py))))
}

/// The change of the gradient of `all_pairs` along a direction; None where no row has a pair.
#[pyfunction]
#[pyo3(signature = (score, target, weight, direction, width, surrogate, margin, scale, temperature, /))]
#[allow(clippy::too_many_arguments, reason = "what the operator of torch has")]
pub fn all_pairs_curvature_product<'py>(
    py: Python<'py>,
    score: Scores<'_>,
    target: Classes<'_>,
    weight: Option<PyReadonlyArray1<'_, f64>>,
    direction: PyReadonlyArray1<'_, f64>,
    width: usize,
    surrogate: Named<Surrogate>,
    margin: f64,
    scale: f64,
    temperature: f64,
) -> PyResult<Option<Doubles<'py>>> {
    let parameters = Parameters { margin, scale, temperature };
    let (labels, weights) = (target.as_slice()?, weight.as_ref().map(slice).transpose()?);
    let direction = slice(&direction)?;
    let product = with_samples!(py, &score, labels, weights, width, samples => {
        samples.curvature_product(surrogate.0, direction, &parameters)
    })?;
    Ok(product.map(|product| product.into_pyarray(py)))
}
