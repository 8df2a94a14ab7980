//! Bindings of `lossary_core::crps`.

use crate::arrays::{Numbers, slice, with_floats};
use crate::errors::forecasts::crps_error;
use lossary_core::crps::{self as core, Ensembles, Real, VectorEnsembles};
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArray1, PyUntypedArray};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;
type Slopes<'py> = (Doubles<'py>, Bound<'py, PyUntypedArray>, Bound<'py, PyUntypedArray>);

fn slopes_to_python<S: Element>(py: Python<'_>, found: core::Slopes<S>) -> PyResult<Slopes<'_>> {
    let members = found.members.into_pyarray(py).into_any().cast_into::<PyUntypedArray>()?;
    let target = found.target.into_pyarray(py).into_any().cast_into::<PyUntypedArray>()?;
    Ok((found.values.into_pyarray(py), members, target))
}

/// The CRPS of each point.
#[pyfunction]
#[pyo3(signature = (ensemble, target, ensemble_weight, alpha, /))]
pub fn crps_ensemble<'py>(
    py: Python<'py>,
    ensemble: Numbers<'_>,
    target: PyReadonlyArray1<'_, f64>,
    ensemble_weight: Option<PyReadonlyArray1<'_, f64>>,
    alpha: f64,
) -> PyResult<Doubles<'py>> {
    fn of<S: Real>(py: Python<'_>, given: &Ensembles<'_, S>) -> PyResult<Vec<f64>> {
        py.detach(|| core::crps_ensemble(given)).map_err(crps_error)
    }
    let (target, weights) = (slice(&target)?, ensemble_weight.as_ref().map(slice).transpose()?);
    let values = with_floats!(&ensemble, "ensemble", members => of(py, &Ensembles { members, target, weights, alpha }));
    Ok(values?.into_pyarray(py))
}

/// The CRPS of each point, and its derivatives by the members and by what happened, in their dtype.
#[pyfunction]
#[pyo3(signature = (ensemble, target, ensemble_weight, alpha, /))]
pub fn crps_slopes<'py>(
    py: Python<'py>,
    ensemble: Numbers<'_>,
    target: PyReadonlyArray1<'_, f64>,
    ensemble_weight: Option<PyReadonlyArray1<'_, f64>>,
    alpha: f64,
) -> PyResult<Slopes<'py>> {
    fn of<'py, S: Real + Element>(py: Python<'py>, given: &Ensembles<'_, S>) -> PyResult<Slopes<'py>> {
        slopes_to_python(py, py.detach(|| core::crps_slopes(given)).map_err(crps_error)?)
    }
    let (target, weights) = (slice(&target)?, ensemble_weight.as_ref().map(slice).transpose()?);
    with_floats!(&ensemble, "ensemble", members => of(py, &Ensembles { members, target, weights, alpha }))
}

/// The energy score of each point, of vectors of so many numbers.
#[pyfunction]
#[pyo3(signature = (ensemble, target, dim, alpha, beta, p, /))]
pub fn energy_score<'py>(
    py: Python<'py>,
    ensemble: Numbers<'_>,
    target: PyReadonlyArray1<'_, f64>,
    dim: usize,
    alpha: f64,
    beta: f64,
    p: f64,
) -> PyResult<Doubles<'py>> {
    fn of<S: Real>(py: Python<'_>, given: &VectorEnsembles<'_, S>) -> PyResult<Vec<f64>> {
        py.detach(|| core::energy_score(given)).map_err(crps_error)
    }
    let target = slice(&target)?;
    let values = with_floats!(&ensemble, "ensemble", members => of(py, &VectorEnsembles { members, target, dim, alpha, beta, p }));
    Ok(values?.into_pyarray(py))
}

/// The energy score of each point, and its derivatives by the members and by what happened, in their dtype.
#[pyfunction]
#[pyo3(signature = (ensemble, target, dim, alpha, beta, p, /))]
pub fn energy_slopes<'py>(
    py: Python<'py>,
    ensemble: Numbers<'_>,
    target: PyReadonlyArray1<'_, f64>,
    dim: usize,
    alpha: f64,
    beta: f64,
    p: f64,
) -> PyResult<Slopes<'py>> {
    fn of<'py, S: Real + Element>(py: Python<'py>, given: &VectorEnsembles<'_, S>) -> PyResult<Slopes<'py>> {
        slopes_to_python(py, py.detach(|| core::energy_slopes(given)).map_err(crps_error)?)
    }
    let target = slice(&target)?;
    with_floats!(&ensemble, "ensemble", members => of(py, &VectorEnsembles { members, target, dim, alpha, beta, p }))
}
