//! Bindings of `lossary_core::thresholds`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::{criterion_error, ranking_error};
use lossary_core::criteria::{Accuracy, BalancedAccuracy, Cost, Criterion, F1, Matthews, Youden};
use lossary_core::thresholds;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

/// The costs of a false positive and of a false negative.
type Costs = (f64, f64);

/// The criterion of a name.
pub fn criterion(name: &str, costs: Option<Costs>) -> PyResult<Box<dyn Criterion>> {
    Ok(match (name, costs) {
        ("accuracy", None) => Box::new(Accuracy),
        ("balanced_accuracy", None) => Box::new(BalancedAccuracy),
        ("cost", Some((false_positive, false_negative))) => {
            Box::new(Cost::new(false_positive, false_negative).map_err(|error| criterion_error(&error))?)
        }
        ("f1", None) => Box::new(F1),
        ("matthews", None) => Box::new(Matthews),
        ("youden", None) => Box::new(Youden),
        _ => return Err(criterion_error(&name)),
    })
}

/// Threshold (infinity accepts nothing), value (None where undefined), true and false positives.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, /, criterion, *, costs=None, may_accept_nothing))]
pub fn best_threshold(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    criterion: &str,
    costs: Option<Costs>,
    may_accept_nothing: bool,
) -> PyResult<(f64, Option<f64>, u64, u64)> {
    let (labels, criterion) = (y_true.as_slice()?, self::criterion(criterion, costs)?);
    with_scores!(&y_score, scores => py
        .detach(|| {
            let best = thresholds::best_threshold(scores, labels, criterion.as_ref(), may_accept_nothing)?;
            let outcome = best.outcome;
            let value = criterion.value(&outcome);
            Ok((best.threshold, value, outcome.true_positives, outcome.false_positives))
        })
        .map_err(ranking_error))
}

/// Accuracy on each fold at the best threshold of the others.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, fold, /, count))]
pub fn accuracy_per_fold<'py>(
    py: Python<'py>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    fold: PyReadonlyArray1<'_, u32>,
    count: u32,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (labels, folds) = (y_true.as_slice()?, slice(&fold)?);
    let accuracies = with_scores!(&y_score, scores => py
        .detach(|| {
            thresholds::accuracy_per_fold(scores, labels, folds, count)
        })
        .map_err(ranking_error))?;
    Ok(accuracies.into_pyarray(py))
}
