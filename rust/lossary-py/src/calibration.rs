//! Bindings of `lossary_core::calibration` and of its state.

use crate::arrays::{Classes, Numbers, slice, with_floats};
use crate::errors::{calibration_error, decode_error, state_error};
use crate::states::lock;
use lossary_core::calibration::{self, Edges, Sums, Table, rounded};
use lossary_core::states::calibration as states;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Mutex;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// Counts and sums of probabilities: of what did not happen, then of what did, by bin.
type Columns<'py> = (Bound<'py, PyArray1<u64>>, Doubles<'py>);

fn columns<'py>(py: Python<'py>, tables: &[Table]) -> Columns<'py> {
    let each =
        |pick: fn([Sums; 2]) -> Sums| tables.iter().flat_map(|table| &table.bins).map(move |&bin| pick(bin));
    let (counts, sums): (Vec<u64>, Vec<f64>) = each(|[missed, _]| missed)
        .chain(each(|[_, happened]| happened))
        .map(|sums| (sums.count, rounded(sums.probability)))
        .unzip();
    (counts.into_pyarray(py), sums.into_pyarray(py))
}

/// What the bins between the edges hold, and the sum of squared errors.
#[pyfunction]
#[pyo3(signature = (y_true, y_prob, edges, /))]
pub fn reliability<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_prob: Numbers<'_>,
    edges: PyReadonlyArray1<'_, f64>,
) -> PyResult<(Columns<'py>, f64)> {
    let (outcomes, edges) = (y_true.as_slice()?, Edges::of(slice(&edges)?).map_err(calibration_error)?);
    let table = with_floats!(&y_prob, "y_prob", values => py
        .detach(|| calibration::reliability(values, outcomes, &edges))
        .map_err(calibration_error))?;
    Ok((columns(py, std::slice::from_ref(&table)), rounded(table.squared_error)))
}

/// The bin of each probability.
#[pyfunction]
#[pyo3(signature = (y_prob, edges, /))]
pub fn reliability_bins<'py>(
    py: Python<'py>,
    y_prob: Numbers<'_>,
    edges: PyReadonlyArray1<'_, f64>,
) -> PyResult<Bound<'py, PyArray1<u32>>> {
    let edges = Edges::of(slice(&edges)?).map_err(calibration_error)?;
    let bins = with_floats!(&y_prob, "y_prob", values => py
        .detach(|| calibration::bins(values, &edges))
        .map_err(calibration_error))?;
    Ok(bins.into_pyarray(py))
}

#[pyclass(frozen, module = "lossary._kernels")]
pub struct Calibration(Mutex<states::Calibration>);

#[pymethods]
impl Calibration {
    #[new]
    #[pyo3(signature = (tag, bins, columns, /))]
    fn new(tag: &str, bins: usize, columns: usize) -> PyResult<Self> {
        Ok(Self(Mutex::new(states::Calibration::new(tag, bins, columns).map_err(state_error)?)))
    }

    /// An empty state of the same options.
    fn identity(&self, py: Python<'_>) -> Self {
        Self(Mutex::new(py.detach(|| lock(&self.0).identity())))
    }

    #[pyo3(signature = (column, y_true, y_prob, /))]
    fn update(
        &self,
        py: Python<'_>,
        column: usize,
        y_true: Classes<'_>,
        y_prob: Numbers<'_>,
    ) -> PyResult<()> {
        let outcomes = y_true.as_slice()?;
        with_floats!(&y_prob, "y_prob", values => py
            .detach(|| lock(&self.0).update(column, values, outcomes))
            .map_err(calibration_error))
    }

    #[pyo3(signature = (other, /))]
    fn merge(&self, py: Python<'_>, other: &Self) -> PyResult<()> {
        py.detach(|| {
            let other = lock(&other.0).clone();
            lock(&self.0).merge(&other)
        })
        .map_err(state_error)
    }

    fn copy(&self, py: Python<'_>) -> Self {
        Self(Mutex::new(py.detach(|| lock(&self.0).clone())))
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> bool {
        py.detach(|| {
            let other = lock(&other.0).clone();
            *lock(&self.0) == other
        })
    }

    #[getter]
    fn tag(&self, py: Python<'_>) -> String {
        py.detach(|| lock(&self.0).tag().to_owned())
    }

    /// Bins of a column, and columns.
    #[getter]
    fn options(&self, py: Python<'_>) -> (usize, usize) {
        py.detach(|| {
            let state = lock(&self.0);
            (state.bins(), state.columns())
        })
    }

    #[getter]
    fn nbytes(&self, py: Python<'_>) -> usize {
        py.detach(|| lock(&self.0).bytes())
    }

    /// What the bins hold, one column after the other, and the sum of squared errors of each column; empty without
    /// samples.
    fn table<'py>(&self, py: Python<'py>) -> (Columns<'py>, Doubles<'py>) {
        let state = py.detach(|| lock(&self.0).clone());
        let errors: Vec<f64> = state.tables().iter().map(|table| rounded(table.squared_error)).collect();
        (columns(py, state.tables()), errors.into_pyarray(py))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| lock(&self.0).to_bytes()))
    }

    #[staticmethod]
    #[pyo3(signature = (data, /))]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let state = py.detach(|| states::Calibration::from_bytes(data)).map_err(decode_error)?;
        Ok(Self(Mutex::new(state)))
    }
}
