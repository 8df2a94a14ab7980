//! Errors of `lossary-core` to exceptions of `lossary.errors`, with the argument names of Python.

use lossary_core::brier::BrierError;
use lossary_core::confusion::ConfusionError;
use lossary_core::labels::LabelError;
use lossary_core::ranking::RankingError;
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

pyo3::import_exception!(lossary.errors, InvalidInputError);
pyo3::import_exception!(lossary.errors, ShapeError);
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
            format!(
                "y_true: got a third value at position {index} (multiclass format is not supported); wanted at \
                 most two classes (binary)"
            )
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
            "y_score: got {scores} samples; wanted {other}, as y_true or sample_weight (inconsistent numbers of \
             samples)"
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
