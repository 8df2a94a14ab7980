//! Bindings of `lossary_core::softmax`.

use crate::arrays::{Numbers, slice};
use crate::errors::softmax::{no_real_numbers, softmax_error};
use lossary_core::softmax::{self, Real, SoftmaxError};
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArray1, PyReadwriteArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// The logarithm of the sum of the exponentials of each row.
#[pyfunction]
#[pyo3(signature = (rows, columns, /))]
pub fn logsumexp<'py>(py: Python<'py>, rows: Numbers<'_>, columns: usize) -> PyResult<Doubles<'py>> {
    let found = match &rows {
        Numbers::F32(rows) => slice(rows).map(|rows| py.detach(|| softmax::logsumexp(rows, columns))),
        Numbers::F64(rows) => slice(rows).map(|rows| py.detach(|| softmax::logsumexp(rows, columns))),
        _ => Err(no_real_numbers()),
    }?;
    Ok(found.map_err(softmax_error)?.into_pyarray(py))
}

/// Writes the softmax of each row to `out`; what `logsumexp` returns.
#[pyfunction]
#[pyo3(signature = (rows, columns, out, /))]
pub fn two_pass_softmax<'py>(
    py: Python<'py>,
    rows: Numbers<'_>,
    columns: usize,
    out: &Bound<'py, PyAny>,
) -> PyResult<Doubles<'py>> {
    fn of<S: Real + Element>(
        rows: &PyReadonlyArray1<'_, S>,
        columns: usize,
        out: &Bound<'_, PyAny>,
    ) -> PyResult<Result<Vec<f64>, SoftmaxError>> {
        let (rows, mut out) = (slice(rows)?, out.extract::<PyReadwriteArray1<'_, S>>()?);
        let (py, out) = (out.py(), out.as_slice_mut()?);
        Ok(py.detach(|| softmax::two_pass_softmax(rows, columns, out)))
    }
    let found = match &rows {
        Numbers::F32(rows) => of(rows, columns, out),
        Numbers::F64(rows) => of(rows, columns, out),
        _ => Err(no_real_numbers()),
    }?;
    Ok(found.map_err(softmax_error)?.into_pyarray(py))
}

/// The cross-entropy of each row and its target, and what `logsumexp` returns; derivatives go to `gradient`.
#[pyfunction]
#[pyo3(signature = (rows, columns, target, gradient, /))]
pub fn cross_entropy_terms<'py>(
    py: Python<'py>,
    rows: Numbers<'_>,
    columns: usize,
    target: PyReadonlyArray1<'_, i64>,
    gradient: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Doubles<'py>, Doubles<'py>)> {
    fn of<S: Real + Element>(
        rows: &PyReadonlyArray1<'_, S>,
        columns: usize,
        target: &PyReadonlyArray1<'_, i64>,
        gradient: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Result<softmax::CrossEntropyTerms, SoftmaxError>> {
        let py = target.py();
        let (rows, target) = (slice(rows)?, slice(target)?);
        let mut gradient = gradient.map(|array| array.extract::<PyReadwriteArray1<'_, S>>()).transpose()?;
        let gradient = gradient.as_mut().map(|array| array.as_slice_mut()).transpose()?;
        Ok(py.detach(|| softmax::cross_entropy_terms(rows, columns, target, gradient)))
    }
    let found = match &rows {
        Numbers::F32(rows) => of(rows, columns, &target, gradient),
        Numbers::F64(rows) => of(rows, columns, &target, gradient),
        _ => Err(no_real_numbers()),
    }?
    .map_err(softmax_error)?;
    Ok((found.loss.into_pyarray(py), found.logsumexp.into_pyarray(py)))
}
