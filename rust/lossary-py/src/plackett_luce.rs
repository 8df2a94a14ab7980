//! Bindings of `lossary_core::plackett_luce`.

use crate::arrays::{Numbers, slice};
use crate::errors::{no_real_scores, plackett_luce_error};
use lossary_core::plackett_luce::{Real, likelihood};
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArray1, PyUntypedArray};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;
type Sizes<'py> = PyReadonlyArray1<'py, usize>;

/// The log-likelihood of each row of scores, and its gradient in their dtype.
type Found<'py> = (Doubles<'py>, Bound<'py, PyUntypedArray>);

/// Rows of scores in the order of their rankings, one after the other from `offsets` on.
#[pyfunction]
#[pyo3(signature = (scores, offsets, ranked, weights, /))]
pub fn plackett_luce<'py>(
    py: Python<'py>,
    scores: Numbers<'_>,
    offsets: Sizes<'_>,
    ranked: Option<Sizes<'_>>,
    weights: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<Found<'py>> {
    match &scores {
        Numbers::F32(scores) => of_rows(py, slice(scores)?, &offsets, ranked.as_ref(), weights.as_ref()),
        Numbers::F64(scores) => of_rows(py, slice(scores)?, &offsets, ranked.as_ref(), weights.as_ref()),
        _ => Err(no_real_scores()),
    }
}

fn of_rows<'py, S: Real + Element>(
    py: Python<'py>,
    scores: &[S],
    offsets: &Sizes<'_>,
    ranked: Option<&Sizes<'_>>,
    weights: Option<&PyReadonlyArray1<'_, f64>>,
) -> PyResult<Found<'py>> {
    let offsets = slice(offsets)?;
    let (ranked, weights) = (ranked.map(slice).transpose()?, weights.map(slice).transpose()?);
    let found = py.detach(|| likelihood(scores, offsets, ranked, weights)).map_err(plackett_luce_error)?;
    let gradient = found.gradient.into_pyarray(py).into_any().cast_into::<PyUntypedArray>()?;
    Ok((found.log_likelihood.into_pyarray(py), gradient))
}
