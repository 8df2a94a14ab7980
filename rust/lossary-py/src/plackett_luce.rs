//! Bindings of `lossary_core::plackett_luce`.

use crate::arrays::{Numbers, slice, with_floats};
use crate::errors::rankings::{fit_error, plackett_luce_error, rankings_error, unknown_method};
use lossary_core::plackett_luce::{Method, Options, Rankings, Real, fit, likelihood, log_likelihood};
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArray1, PyUntypedArray};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;
type Sizes<'py> = PyReadonlyArray1<'py, usize>;

/// The log-likelihood of each row of scores, and its gradient in their dtype.
type Found<'py> = (Doubles<'py>, Bound<'py, PyUntypedArray>);

/// Log-worths, log-likelihood, steps, last change, whether it converged, and the covariance row by row.
type Fitted<'py> = (Doubles<'py>, f64, usize, f64, bool, Option<Doubles<'py>>);

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
    with_floats!(&scores, "scores", scores => of_rows(py, scores, &offsets, ranked.as_ref(), weights.as_ref()))
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

/// One ranking per row of a matrix of scores; items without a rank are in every pool if `everything` is meant.
#[pyfunction]
#[pyo3(signature = (scores, ranking, offsets, items, everything, /))]
pub fn plackett_luce_matrix<'py>(
    py: Python<'py>,
    scores: Numbers<'_>,
    ranking: PyReadonlyArray1<'_, i64>,
    offsets: Sizes<'_>,
    items: usize,
    everything: bool,
) -> PyResult<Found<'py>> {
    let (entries, offsets) = (slice(&ranking)?, slice(&offsets)?);
    let rankings = py
        .detach(|| Rankings::new(entries, offsets, items))
        .map_err(|error| rankings_error("ranking", error))?;
    with_floats!(&scores, "scores", scores => of_matrix(py, scores, &rankings, everything))
}

fn of_matrix<'py, S: Real + Element>(
    py: Python<'py>,
    scores: &[S],
    rankings: &Rankings,
    everything: bool,
) -> PyResult<Found<'py>> {
    let found = py.detach(|| log_likelihood(scores, rankings, everything)).map_err(plackett_luce_error)?;
    let gradient = found.gradient.into_pyarray(py).into_any().cast_into::<PyUntypedArray>()?;
    Ok((found.log_likelihood.into_pyarray(py), gradient))
}

/// Log-worths of items from rankings, whose argument is called `name`.
#[pyfunction]
#[pyo3(signature = (name, ranking, offsets, items, sample_weight, /, *, method, alpha, tol, max_iter, covariance))]
#[expect(clippy::too_many_arguments, reason = "the arguments of the Python function")]
pub fn plackett_luce_fit<'py>(
    py: Python<'py>,
    name: &str,
    ranking: PyReadonlyArray1<'_, i64>,
    offsets: Sizes<'_>,
    items: usize,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    method: &str,
    alpha: f64,
    tol: f64,
    max_iter: usize,
    covariance: bool,
) -> PyResult<Fitted<'py>> {
    let method = match method {
        "auto" => Method::Auto,
        "mm" => Method::Mm,
        "lsr" => Method::Lsr,
        "ilsr" => Method::Ilsr,
        "newton" => Method::Newton,
        _ => return Err(unknown_method(method)),
    };
    let options = Options { method, alpha, tolerance: tol, max_iterations: max_iter, covariance };
    let (entries, offsets) = (slice(&ranking)?, slice(&offsets)?);
    let weights = sample_weight.as_ref().map(slice).transpose()?;
    let found = py
        .detach(|| fit(Rankings::new(entries, offsets, items)?, weights, options))
        .map_err(|error| fit_error(name, error))?;
    let covariance = found.covariance.map(|matrix| matrix.into_pyarray(py));
    let worth = found.worth.into_pyarray(py);
    Ok((worth, found.log_likelihood, found.iterations, found.change, found.converged, covariance))
}
