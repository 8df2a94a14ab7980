//! Bindings of `lossary_core::thresholds`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::{criterion_error, ranking_error};
use lossary_core::criteria::{
    Accuracy, BalancedAccuracy, Cost, Criterion, F1, FBeta, GeometricMean, Jaccard, Matthews, Precision,
    Recall, Specificity, Youden,
};
use lossary_core::thresholds;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

/// The costs of a false positive and of a false negative.
type Costs = (f64, f64);

/// The criterion of a name; "cost" and "f_beta" have parameters.
pub fn criterion(name: &str, costs: Option<Costs>, beta: Option<f64>) -> PyResult<Box<dyn Criterion>> {
    Ok(match (name, costs, beta) {
        ("accuracy", None, None) => Box::new(Accuracy),
        ("balanced_accuracy", None, None) => Box::new(BalancedAccuracy),
        ("cost", Some((false_positive, false_negative)), None) => {
            Box::new(Cost::new(false_positive, false_negative).map_err(|error| criterion_error(&error))?)
        }
        ("f1", None, None) => Box::new(F1),
        ("f_beta", None, Some(beta)) => Box::new(FBeta::new(beta)),
        ("geometric_mean", None, None) => Box::new(GeometricMean),
        ("jaccard", None, None) => Box::new(Jaccard),
        ("matthews", None, None) => Box::new(Matthews),
        ("precision", None, None) => Box::new(Precision),
        ("recall", None, None) => Box::new(Recall),
        ("specificity", None, None) => Box::new(Specificity),
        ("youden", None, None) => Box::new(Youden),
        _ => return Err(criterion_error(&name)),
    })
}

/// What [`best_threshold`] returns.
type Best = (f64, Option<f64>, u64, u64, u64, u64);

/// Threshold (infinity accepts nothing), value (None where undefined), true and false positives, false and true
/// negatives.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, /, criterion, *, costs=None, beta=None, may_accept_nothing))]
pub fn best_threshold(
    py: Python<'_>,
    y_true: Classes<'_>,
    y_score: Scores<'_>,
    criterion: &str,
    costs: Option<Costs>,
    beta: Option<f64>,
    may_accept_nothing: bool,
) -> PyResult<Best> {
    let (labels, criterion) = (y_true.as_slice()?, self::criterion(criterion, costs, beta)?);
    with_scores!(&y_score, scores => py
        .detach(|| {
            let best = thresholds::best_threshold(scores, labels, criterion.as_ref(), may_accept_nothing)?;
            let outcome = best.outcome;
            let value = criterion.value(&outcome);
            let (hits, alarms) = (outcome.true_positives, outcome.false_positives);
            let (missed, rejected) = (outcome.positives - hits, outcome.negatives - alarms);
            Ok((best.threshold, value, hits, alarms, missed, rejected))
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
