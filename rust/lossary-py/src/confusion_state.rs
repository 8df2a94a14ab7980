//! Bindings of `lossary_core::states::confusion`.

use crate::arrays::slice;
use crate::errors::{decode_error, state_error};
use crate::states::lock;
use lossary_core::states::confusion::{Amounts, Class, Confusion};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Mutex;

type Places<'py> = Bound<'py, PyArray1<u32>>;

/// An integer, or a string in UTF-8.
#[derive(FromPyObject, IntoPyObject)]
pub enum Label {
    Number(i64),
    Text(Vec<u8>),
}

impl From<Label> for Class {
    fn from(label: Label) -> Self {
        match label {
            Label::Number(number) => Self::Number(number),
            Label::Text(text) => Self::Text(text.into()),
        }
    }
}

impl From<Class> for Label {
    fn from(class: Class) -> Self {
        match class {
            Class::Number(number) => Self::Number(number),
            Class::Text(text) => Self::Text(text.into()),
        }
    }
}

#[pyclass(frozen, module = "lossary._kernels")]
pub struct ConfusionCells(Mutex<Confusion>);

impl ConfusionCells {
    fn snapshot(&self, py: Python<'_>) -> Confusion {
        py.detach(|| lock(&self.0).clone())
    }
}

#[pymethods]
impl ConfusionCells {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    /// Adds so many samples of each pair of places in the classes.
    #[pyo3(signature = (classes, y_true, y_pred, counts, /))]
    fn count(
        &self,
        py: Python<'_>,
        classes: Vec<Label>,
        y_true: PyReadonlyArray1<'_, u32>,
        y_pred: PyReadonlyArray1<'_, u32>,
        counts: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<()> {
        let classes: Vec<Class> = classes.into_iter().map(Class::from).collect();
        let (rows, columns, counts) = (slice(&y_true)?, slice(&y_pred)?, slice(&counts)?);
        py.detach(|| lock(&self.0).count(&classes, rows, columns, counts)).map_err(state_error)
    }

    /// Adds samples with weights.
    #[pyo3(signature = (classes, y_true, y_pred, sample_weight, /))]
    fn weigh(
        &self,
        py: Python<'_>,
        classes: Vec<Label>,
        y_true: PyReadonlyArray1<'_, u32>,
        y_pred: PyReadonlyArray1<'_, u32>,
        sample_weight: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<()> {
        let classes: Vec<Class> = classes.into_iter().map(Class::from).collect();
        let (rows, columns, weights) = (slice(&y_true)?, slice(&y_pred)?, slice(&sample_weight)?);
        py.detach(|| {
            // Summed before the lock is taken: batches of several threads are summed side by side.
            let mut batch = Confusion::default();
            batch.weigh(&classes, rows, columns, weights)?;
            lock(&self.0).merge(&batch)
        })
        .map_err(state_error)
    }

    #[pyo3(signature = (other, /))]
    fn merge(&self, py: Python<'_>, other: &Self) -> PyResult<()> {
        let other = other.snapshot(py);
        py.detach(|| lock(&self.0).merge(&other)).map_err(state_error)
    }

    fn copy(&self, py: Python<'_>) -> Self {
        Self(Mutex::new(self.snapshot(py)))
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> bool {
        let (own, other) = (self.snapshot(py), other.snapshot(py));
        py.detach(|| own == other)
    }

    #[getter]
    fn nbytes(&self, py: Python<'_>) -> usize {
        py.detach(|| lock(&self.0).bytes())
    }

    /// The classes; then, of every pair that came, the places of the true and of the predicted class, and a count
    /// (uint64) or a sum of weights (float64).
    fn pairs<'py>(&self, py: Python<'py>) -> (Vec<Label>, Places<'py>, Places<'py>, Bound<'py, PyAny>) {
        let state = self.snapshot(py);
        let pairs = py.detach(|| state.pairs());
        let amounts = match pairs.amounts {
            Amounts::Counts(counts) => counts.into_pyarray(py).into_any(),
            Amounts::Weights(weights) => weights.into_pyarray(py).into_any(),
        };
        let classes = pairs.classes.into_iter().map(Label::from).collect();
        (classes, pairs.rows.into_pyarray(py), pairs.columns.into_pyarray(py), amounts)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let state = self.snapshot(py);
        PyBytes::new(py, &py.detach(|| state.to_bytes()))
    }

    #[staticmethod]
    #[pyo3(signature = (data, /))]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let state = py.detach(|| Confusion::from_bytes(data)).map_err(decode_error)?;
        Ok(Self(Mutex::new(state)))
    }
}
