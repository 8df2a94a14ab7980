//! Bindings of `lossary_core::softmax`.

use crate::arrays::{Numbers, slice, with_floats};
use crate::errors::softmax::softmax_error;
use lossary_core::softmax::{self, Real};
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArray1, PyReadwriteArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// The logarithm of the sum of the exponentials of each row.
#[pyfunction]
#[pyo3(signature = (rows, columns, /))]
pub fn logsumexp<'py>(py: Python<'py>, rows: Numbers<'_>, columns: usize) -> PyResult<Doubles<'py>> {
    let found = with_floats!(&rows, "logits", rows => py
        .detach(|| softmax::logsumexp(rows, columns))
        .map_err(softmax_error))?;
    Ok(found.into_pyarray(py))
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
    fn of<S: Real + Element>(rows: &[S], columns: usize, out: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
        let mut out = out.extract::<PyReadwriteArray1<'_, S>>()?;
        let (py, out) = (out.py(), out.as_slice_mut()?);
        py.detach(|| softmax::two_pass_softmax(rows, columns, out)).map_err(softmax_error)
    }
    let found = with_floats!(&rows, "logits", rows => of(rows, columns, out))?;
    Ok(found.into_pyarray(py))
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
        rows: &[S],
        columns: usize,
        target: &PyReadonlyArray1<'_, i64>,
        gradient: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<softmax::CrossEntropyTerms> {
        let (py, target) = (target.py(), slice(target)?);
        let mut gradient = gradient.map(|array| array.extract::<PyReadwriteArray1<'_, S>>()).transpose()?;
        let gradient = gradient.as_mut().map(|array| array.as_slice_mut()).transpose()?;
        py.detach(|| softmax::cross_entropy_terms(rows, columns, target, gradient)).map_err(softmax_error)
    }
    let found = with_floats!(&rows, "logits", rows => of(rows, columns, &target, gradient))?;
    Ok((found.loss.into_pyarray(py), found.logsumexp.into_pyarray(py)))
}
