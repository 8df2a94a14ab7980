//! Errors of `lossary-core` to exceptions of `lossary.errors`, with the argument names of Python.

use lossary_core::bootstrap::BootstrapError;
use lossary_core::brier::BrierError;
use lossary_core::confusion::ConfusionError;
use lossary_core::delong::DelongError;
use lossary_core::labels::LabelError;
use lossary_core::ranking::RankingError;
use lossary_core::retrieval::RetrievalError;
use lossary_core::resampling::ResamplingError;
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

pyo3::import_exception!(lossary.errors, InvalidInputError);
pyo3::import_exception!(lossary.errors, ShapeError);
pyo3::import_exception!(lossary.errors, UndefinedMetricError);
pyo3::import_exception!(lossary.errors, DtypeError);

pub fn unreadable(array: &Bound<'_, PyUntypedArray>) -> PyErr {
    let (dtype, ndim) = (array.dtype(), array.ndim());
    DtypeError::new_err(format!(
        "array: got dtype {dtype} with {ndim} axes; wanted a contiguous array with one axis, of 32-bit or \
         64-bit floats, integers or booleans in native byte order"
    ))
}

pub fn different_label_dtypes() -> PyErr {
    DtypeError::new_err("y_pred: got another dtype than y_true, or floats; wanted integers of one dtype")
}

pub fn thread_error(threads: i64) -> PyErr {
    InvalidInputError::new_err(format!(
        "num_threads: got {threads}; wanted at least 1, or None for all cores"
    ))
}

pub fn label_error(error: LabelError) -> PyErr {
    InvalidInputError::new_err(match error {
        LabelError::ThirdValue { index } => {
            format!("y_true: got a third value at position {index}; wanted at most two classes (binary)")
        }
        LabelError::NotInteger { index } => {
            format!("y_true: got continuous values, no integer at position {index}; wanted class labels")
        }
    })
}

pub fn ranking_error(error: RankingError) -> PyErr {
    match error {
        RankingError::Empty => InvalidInputError::new_err("y_score: got no samples; wanted at least one"),
        RankingError::LengthMismatch { scores, other } => ShapeError::new_err(format!(
            "y_score: got {scores} samples; wanted {other}, as y_true or sample_weight"
        )),
        RankingError::BadScore { index } => InvalidInputError::new_err(format!(
            "y_score: got NaN or infinity at position {index}; wanted finite numbers"
        )),
        RankingError::BadWeight { index } => InvalidInputError::new_err(format!(
            "sample_weight: got NaN or infinity at position {index}; wanted finite numbers"
        )),
        RankingError::NoWeight => {
            InvalidInputError::new_err("sample_weight: got only zeros; wanted one that is not zero")
        }
        RankingError::TooMany { scores } => {
            InvalidInputError::new_err(format!("y_score: got {scores} samples; wanted fewer than 2^32"))
        }
    }
}

pub fn confusion_error(error: ConfusionError) -> PyErr {
    match error {
        ConfusionError::LengthMismatch { actual, other } => ShapeError::new_err(format!(
            "y_pred: got {other} samples in y_pred or sample_weight; wanted {actual}, as y_true"
        )),
        ConfusionError::TooManyClasses { classes } => InvalidInputError::new_err(format!(
            "y_true: got {classes} classes; wanted few enough for a table of classes * classes in memory"
        )),
        ConfusionError::LabelOutside { classes } => InvalidInputError::new_err(format!(
            "y_true: got a label outside the range; wanted {classes} consecutive integers"
        )),
        ConfusionError::Overflow => InvalidInputError::new_err(
            "sample_weight: got integers whose sum is beyond 64 bits; wanted sums that fit, or floats",
        ),
    }
}

pub fn brier_error(error: BrierError) -> PyErr {
    match error {
        BrierError::LengthMismatch { probabilities, wanted } => ShapeError::new_err(format!(
            "y_proba: got {probabilities} numbers; wanted {wanted}, to fit y_true and sample_weight"
        )),
        BrierError::NotAProbability { index, value } => InvalidInputError::new_err(format!(
            "y_proba: got {value} at position {index}; wanted numbers in [0, 1]"
        )),
    }
}

pub fn unknown_measure(name: &str) -> PyErr {
    InvalidInputError::new_err(format!("measures: got {name:?}; wanted the name of a measure"))
}

pub fn unknown_ties(name: &str) -> PyErr {
    InvalidInputError::new_err(format!(
        "ties: got {name:?}; wanted one of index, last_index, optimistic, pessimistic, expected"
    ))
}

pub fn retrieval_error(error: RetrievalError) -> PyErr {
    InvalidInputError::new_err(match error {
        RetrievalError::Empty => "y_score: got no items; wanted at least one query with one".to_owned(),
        RetrievalError::LengthMismatch { scores, other } => {
            return ShapeError::new_err(format!("y_score: got {scores} items; wanted {other}, as y_true"));
        }
        RetrievalError::BadLists => {
            return ShapeError::new_err(
                "y_score: got lists that do not cover the items in order, or one of more than 2^30; wanted \
                 shorter ones that do",
            );
        }
        RetrievalError::BadScore { index } => {
            format!("y_score: got NaN at position {index} in reading order; wanted numbers")
        }
        RetrievalError::BadGrade { index } => {
            format!("y_true: got NaN or infinity at position {index} in reading order; wanted finite numbers")
        }
        RetrievalError::NegativeGrade { index } => {
            format!("y_true: got a negative number at position {index} in reading order; wanted 0 or above")
        }
        RetrievalError::HugeGrade { index } => format!(
            "y_true: got a number at position {index} in reading order whose gain 2^y - 1 overflows; wanted at \
             most 900"
        ),
        RetrievalError::Overflow { query } => {
            format!("y_true: got gains in query {query} whose sum overflows; wanted smaller numbers")
        }
        RetrievalError::NoRank => "k: got 0; wanted an integer of at least 1, or None".to_owned(),
        RetrievalError::NoExpectation => {
            "ties: got 'expected'; wanted another, as this metric has no closed form of its mean over ties"
                .to_owned()
        }
    })
pub fn delong_error(error: DelongError) -> PyErr {
    match error {
        DelongError::Ranking(error) => ranking_error(error),
        DelongError::NegativeWeight { index } => InvalidInputError::new_err(format!(
            "sample_weight: got a negative weight at position {index}; wanted none below zero"
        )),
        DelongError::TooFew { positives, negatives } => UndefinedMetricError::new_err(format!(
            "y_true: got {positives} positives and {negatives} negatives with weight; wanted two of each, for \
             DeLong's variance"
        )),
    }
}

pub fn resampling_error(error: ResamplingError) -> PyErr {
    match error {
        ResamplingError::LengthMismatch { rows, other } => ShapeError::new_err(format!(
            "confidence: got {other} groups or weights; wanted {rows}, one for each row"
        )),
        ResamplingError::CodeOutside { index } => InvalidInputError::new_err(format!(
            "confidence: got a group number beyond the rows at position {index}; wanted 0, 1, 2, ..."
        )),
        ResamplingError::Rows { rows } => InvalidInputError::new_err(format!(
            "confidence: got {rows} rows; wanted 1 or more, fewer than 2^32"
        )),
        ResamplingError::BadWeight { index } => InvalidInputError::new_err(format!(
            "sample_weight: got a negative or infinite weight or NaN at position {index}; wanted finite numbers, \
             none below zero"
        )),
    }
}

pub fn bootstrap_error(error: BootstrapError) -> PyErr {
    match error {
        BootstrapError::Ranking(error) => ranking_error(error),
        BootstrapError::Resampling(error) => resampling_error(error),
    }
}

pub fn unknown_metric(name: &str) -> PyErr {
    InvalidInputError::new_err(format!("metric: got {name:?}; wanted a metric that the bootstrap knows"))
}
