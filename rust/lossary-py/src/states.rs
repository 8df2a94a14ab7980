//! Bindings of `lossary_core::states`. A lock makes each method safe from any thread; none is held while
//! another is taken, nor while Python runs.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::{decode_error, state_error};
use crate::thresholds::criterion;
use lossary_core::curves::Curve;
use lossary_core::states::amount::Total;
use lossary_core::states::bounded::{self, Bounds};
use lossary_core::states::exact;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Doubles<'py> = Bound<'py, PyArray1<f64>>;
type Points<'py> = (Doubles<'py>, Doubles<'py>, Doubles<'py>);
type Triple = (f64, f64, f64);

#[derive(IntoPyObject)]
pub enum Number {
    Count(u64),
    Weight(f64),
}

impl From<Total> for Number {
    fn from(total: Total) -> Self {
        match total {
            Total::Count(count) => Self::Count(count),
            Total::Weight(weight) => Self::Weight(weight),
        }
    }
}

pub fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    // The kernels do not panic, so no state is left half done behind a poisoned lock.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// False positives, true positives and thresholds.
fn points(py: Python<'_>, curve: Curve) -> Points<'_> {
    let arrays = [curve.false_positives, curve.true_positives, curve.thresholds];
    let [false_positives, true_positives, thresholds] = arrays.map(|array| array.into_pyarray(py));
    (false_positives, true_positives, thresholds)
}

fn triple(bounds: Bounds) -> Triple {
    (bounds.value, bounds.low, bounds.high)
}

#[pyclass(frozen, module = "lossary._kernels")]
pub struct ExactRanking(Mutex<exact::ExactRanking>);

impl ExactRanking {
    /// A copy, which shares the runs: readers need no lock.
    fn snapshot(&self, py: Python<'_>) -> exact::ExactRanking {
        py.detach(|| {
            let mut state = lock(&self.0);
            state.settle();
            state.clone()
        })
    }
}

#[pymethods]
impl ExactRanking {
    #[new]
    #[pyo3(signature = (tag, /))]
    fn new(tag: &str) -> PyResult<Self> {
        Ok(Self(Mutex::new(exact::ExactRanking::new(tag).map_err(state_error)?)))
    }

    #[pyo3(signature = (y_true, y_score, sample_weight, /))]
    fn update(
        &self,
        py: Python<'_>,
        y_true: Classes<'_>,
        y_score: Scores<'_>,
        sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    ) -> PyResult<()> {
        let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
        with_scores!(&y_score, scores => py
            .detach(|| {
                // Sorted before the lock is taken: batches of several threads are sorted side by side.
                let mut batch = lock(&self.0).identity();
                batch.update(scores, labels, weights)?;
                lock(&self.0).merge(&batch)
            })
            .map_err(state_error))
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
        let (own, other) = (self.snapshot(py), other.snapshot(py));
        py.detach(|| own == other)
    }

    #[getter]
    fn tag(&self, py: Python<'_>) -> String {
        py.detach(|| lock(&self.0).tag().to_owned())
    }

    #[getter]
    fn nbytes(&self, py: Python<'_>) -> usize {
        py.detach(|| lock(&self.0).bytes())
    }

    /// Positives and negatives: counts, or sums of weights.
    fn totals(&self, py: Python<'_>) -> (Number, Number) {
        let (positives, negatives) = py.detach(|| lock(&self.0).totals());
        (positives.into(), negatives.into())
    }

    /// The area (None when a class is missing), average precision (None without positives), positives, negatives,
    /// distinct scores: all of one moment.
    fn summary(&self, py: Python<'_>) -> (Option<f64>, Option<f64>, Number, Number, usize) {
        let state = self.snapshot(py);
        let summary = py.detach(|| state.summary());
        let totals = (summary.positives.into(), summary.negatives.into());
        (summary.roc_auc(), summary.average_precision(), totals.0, totals.1, summary.distinct_scores)
    }

    #[pyo3(signature = (*, collinear))]
    fn curve<'py>(&self, py: Python<'py>, collinear: bool) -> Points<'py> {
        let state = self.snapshot(py);
        let curve = py.detach(|| {
            let curve = state.curve();
            if collinear { curve } else { curve.without_collinear() }
        });
        points(py, curve)
    }

    #[pyo3(signature = (max_fpr, /))]
    fn partial_auc(&self, py: Python<'_>, max_fpr: f64) -> Option<f64> {
        let state = self.snapshot(py);
        py.detach(|| state.partial_auc(max_fpr))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let state = self.snapshot(py);
        PyBytes::new(py, &py.detach(|| state.to_bytes()))
    }

    #[staticmethod]
    #[pyo3(signature = (data, /))]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let state = py.detach(|| exact::ExactRanking::from_bytes(data)).map_err(decode_error)?;
        Ok(Self(Mutex::new(state)))
    }
}

#[pyclass(frozen, module = "lossary._kernels")]
pub struct BoundedRanking(Mutex<bounded::BoundedRanking>);

impl BoundedRanking {
    fn snapshot(&self, py: Python<'_>) -> bounded::BoundedRanking {
        py.detach(|| lock(&self.0).clone())
    }
}

#[pymethods]
impl BoundedRanking {
    #[new]
    #[pyo3(signature = (tag, low, high, bins, /))]
    fn new(tag: &str, low: f64, high: f64, bins: usize) -> PyResult<Self> {
        Ok(Self(Mutex::new(bounded::BoundedRanking::new(tag, low, high, bins).map_err(state_error)?)))
    }

    #[pyo3(signature = (y_true, y_score, sample_weight, /))]
    fn update(
        &self,
        py: Python<'_>,
        y_true: Classes<'_>,
        y_score: Scores<'_>,
        sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    ) -> PyResult<()> {
        let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
        with_scores!(&y_score, scores => py
            .detach(|| lock(&self.0).update(scores, labels, weights))
            .map_err(state_error))
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
    fn tag(&self, py: Python<'_>) -> String {
        py.detach(|| lock(&self.0).tag().to_owned())
    }

    /// Lower end, upper end, and number of bins.
    #[getter]
    fn options(&self, py: Python<'_>) -> (f64, f64, usize) {
        py.detach(|| lock(&self.0).options())
    }

    #[getter]
    fn nbytes(&self, py: Python<'_>) -> usize {
        py.detach(|| lock(&self.0).bytes())
    }

    /// Positives and negatives: counts, or sums of weights.
    fn totals(&self, py: Python<'_>) -> (Number, Number) {
        let (positives, negatives) = py.detach(|| lock(&self.0).totals());
        (positives.into(), negatives.into())
    }

    /// Value, lower and upper bound of the area (None when a class is missing) and of average precision (None
    /// without positives), positives and negatives: all of one moment.
    fn summary(&self, py: Python<'_>) -> (Option<Triple>, Option<Triple>, Number, Number) {
        let summary = py.detach(|| lock(&self.0).summary());
        let totals = (summary.positives.into(), summary.negatives.into());
        (summary.roc_auc.map(triple), summary.average_precision.map(triple), totals.0, totals.1)
    }

    #[pyo3(signature = (*, collinear))]
    fn curve<'py>(&self, py: Python<'py>, collinear: bool) -> Points<'py> {
        let state = self.snapshot(py);
        let curve = py.detach(|| {
            let curve = state.curve();
            if collinear { curve } else { curve.without_collinear() }
        });
        points(py, curve)
    }

    #[pyo3(signature = (max_fpr, /))]
    fn partial_auc(&self, py: Python<'_>, max_fpr: f64) -> Option<Triple> {
        py.detach(|| lock(&self.0).partial_auc(max_fpr)).map(triple)
    }

    /// Threshold, value and upper bound, or None where the metric has no value.
    #[pyo3(signature = (metric, /))]
    fn best_threshold(&self, py: Python<'_>, metric: &str) -> PyResult<Option<Triple>> {
        let criterion = criterion(metric, None, None)?;
        let best = py.detach(|| lock(&self.0).best_threshold(criterion.as_ref()));
        Ok(best.map(|best| (best.threshold, best.value, best.high)))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| lock(&self.0).to_bytes()))
    }

    #[staticmethod]
    #[pyo3(signature = (data, /))]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let state = py.detach(|| bounded::BoundedRanking::from_bytes(data)).map_err(decode_error)?;
        Ok(Self(Mutex::new(state)))
    }
}
