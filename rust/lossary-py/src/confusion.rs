//! Bindings of `lossary_core::confusion` and of the range of labels.

use crate::arrays::{Numbers, slice, with_label_slices, with_slice};
use crate::errors::confusion_error;
use lossary_core::confusion::{self, dense};
use lossary_core::labels::{self, Label};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
type Dense<'py> = (i64, [Array<'py, u64>; 3], Array<'py, u64>);

/// Smallest and largest label as floats; None without labels.
#[pyfunction]
#[pyo3(signature = (labels, /))]
pub fn label_range(py: Python<'_>, labels: Numbers<'_>) -> PyResult<Option<(f64, f64)>> {
    with_slice!(&labels, labels => Ok(py
        .detach(|| labels::label_range(labels))
        .map(|(min, max)| (min.to_f64(), max.to_f64()))))
}

/// The lowest class, the tallies (hits, true and predicted counts) and the confusion matrix of the classes from
/// there on, row by row; None where labels spread too far.
#[pyfunction]
#[pyo3(signature = (y_true, y_pred, /))]
pub fn dense_confusion<'py>(
    py: Python<'py>,
    y_true: Numbers<'_>,
    y_pred: Numbers<'_>,
) -> PyResult<Option<Dense<'py>>> {
    let counted = with_label_slices!(&y_true, &y_pred, (actual, predicted) => py
        .detach(|| {
            let dense = dense::dense_confusion(actual, predicted)?;
            dense.map(|dense| Ok((dense.tallies()?, dense))).transpose()
        })
        .map_err(confusion_error))?;
    Ok(counted.map(|(tallies, dense)| {
        let tallies = [tallies.hits, tallies.actual, tallies.predicted];
        (dense.low, tallies.map(|array| array.into_pyarray(py)), dense.counts.into_pyarray(py))
    }))
}

/// The confusion matrix of `low .. low + classes`, row by row.
#[pyfunction]
#[pyo3(signature = (y_true, y_pred, low, classes, /))]
pub fn confusion_counts<'py>(
    py: Python<'py>,
    y_true: Numbers<'_>,
    y_pred: Numbers<'_>,
    low: i64,
    classes: usize,
) -> PyResult<Array<'py, u64>> {
    let table = with_label_slices!(&y_true, &y_pred, (actual, predicted) => py
        .detach(|| confusion::confusion(actual, predicted, low, classes))
        .map_err(confusion_error))?;
    Ok(table.into_pyarray(py))
}

/// The confusion matrix with sums of weights.
#[pyfunction]
#[pyo3(signature = (y_true, y_pred, sample_weight, low, classes, /))]
pub fn confusion_weights<'py>(
    py: Python<'py>,
    y_true: Numbers<'_>,
    y_pred: Numbers<'_>,
    sample_weight: PyReadonlyArray1<'_, f64>,
    low: i64,
    classes: usize,
) -> PyResult<Array<'py, f64>> {
    let weights = slice(&sample_weight)?;
    let table = with_label_slices!(&y_true, &y_pred, (actual, predicted) => py
        .detach(|| confusion::weighted_confusion(actual, predicted, weights, low, classes))
        .map_err(confusion_error))?;
    Ok(table.into_pyarray(py))
}

/// The confusion matrix with sums of integer weights.
#[pyfunction]
#[pyo3(signature = (y_true, y_pred, sample_weight, low, classes, /))]
pub fn confusion_integer_weights<'py>(
    py: Python<'py>,
    y_true: Numbers<'_>,
    y_pred: Numbers<'_>,
    sample_weight: PyReadonlyArray1<'_, i64>,
    low: i64,
    classes: usize,
) -> PyResult<Array<'py, i64>> {
    let weights = slice(&sample_weight)?;
    let table = with_label_slices!(&y_true, &y_pred, (actual, predicted) => py
        .detach(|| confusion::integer_confusion(actual, predicted, weights, low, classes))
        .map_err(confusion_error))?;
    Ok(table.into_pyarray(py))
}

/// Per class: hits, true and predicted counts.
#[pyfunction]
#[pyo3(signature = (y_true, y_pred, low, classes, /))]
pub fn tally_counts<'py>(
    py: Python<'py>,
    y_true: Numbers<'_>,
    y_pred: Numbers<'_>,
    low: i64,
    classes: usize,
) -> PyResult<[Array<'py, u64>; 3]> {
    let tallies = with_label_slices!(&y_true, &y_pred, (actual, predicted) => py
        .detach(|| confusion::tallies(actual, predicted, low, classes))
        .map_err(confusion_error))?;
    Ok([tallies.hits, tallies.actual, tallies.predicted].map(|array| array.into_pyarray(py)))
}

/// Per class: weights of the hits, the true and the predicted.
#[pyfunction]
#[pyo3(signature = (y_true, y_pred, sample_weight, low, classes, /))]
pub fn tally_weights<'py>(
    py: Python<'py>,
    y_true: Numbers<'_>,
    y_pred: Numbers<'_>,
    sample_weight: PyReadonlyArray1<'_, f64>,
    low: i64,
    classes: usize,
) -> PyResult<[Array<'py, f64>; 3]> {
    let weights = slice(&sample_weight)?;
    let tallies = with_label_slices!(&y_true, &y_pred, (actual, predicted) => py
        .detach(|| confusion::weighted_tallies(actual, predicted, weights, low, classes))
        .map_err(confusion_error))?;
    Ok([tallies.hits, tallies.actual, tallies.predicted].map(|array| array.into_pyarray(py)))
}
