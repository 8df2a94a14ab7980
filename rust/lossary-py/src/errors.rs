//! Errors of `lossary-core` to exceptions of `lossary.errors`, with the argument names of Python.

pub mod allocations;
pub mod boxes;
pub mod forecasts;
pub mod rankings;
pub mod softmax;
use lossary_core::all_pairs::AllPairsError;
use lossary_core::bootstrap::BootstrapError;
use lossary_core::brier::BrierError;
use lossary_core::calibration::CalibrationError;
use lossary_core::confusion::ConfusionError;
use lossary_core::delong::DelongError;
use lossary_core::labels::LabelError;
use lossary_core::ranking::RankingError;
use lossary_core::resampling::ResamplingError;
use lossary_core::retrieval::RetrievalError;
use lossary_core::significance::TestError;
use lossary_core::strings::StringsError;
use lossary_core::thinning::ThinningError;
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use std::fmt::Display;

mod images;
mod states;

pub use images::{no_voxels, persistence_error, skeleton_error, ssim_error, unknown_construction};
pub use states::{decode_error, state_error};

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
        RankingError::BadGroup { index } => InvalidInputError::new_err(format!(
            "groups: got a number at position {index} that is too large; wanted it below their count"
        )),
    }
}

/// The error of one array that is brought to order, or labelled.
pub fn order_error(name: &str, error: RankingError) -> PyErr {
    match error {
        RankingError::LengthMismatch { scores, other } => {
            ShapeError::new_err(format!("{name}: got {scores} samples; wanted {other}"))
        }
        RankingError::BadScore { index } => {
            InvalidInputError::new_err(format!("{name}: got NaN at position {index}; wanted numbers"))
        }
        RankingError::TooMany { scores } => {
            InvalidInputError::new_err(format!("{name}: got {scores} samples; wanted fewer than 2^32"))
        }
        RankingError::Empty => {
            InvalidInputError::new_err(format!("{name}: got no samples; wanted at least one"))
        }
        // Of weights and groups, which are not brought to order.
        other => ranking_error(other),
    }
}

pub fn test_error(error: TestError) -> PyErr {
    match error {
        TestError::Ties => InvalidInputError::new_err(
            "method: got 'exact' with tied scores; wanted 'auto' or 'asymptotic', or scores without ties",
        ),
        TestError::TooLarge => InvalidInputError::new_err(
            "method: got 'exact' with so many samples that counting all orders would take minutes; wanted \
             'auto' or 'asymptotic'",
        ),
        TestError::Undefined => UndefinedMetricError::new_err(
            "y_score: got too few samples, or one value or class only; wanted samples that differ",
        ),
    }
}

pub fn unknown_option(given: &str, names: &[&str]) -> PyErr {
    InvalidInputError::new_err(format!("option: got {given:?}; wanted one of {}", names.join(", ")))
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

pub fn strings_error(error: StringsError) -> PyErr {
    InvalidInputError::new_err(match error {
        StringsError::Ragged { words, width } => {
            format!("y_true: got {words} code points; wanted a multiple of the width, {width}")
        }
        StringsError::TooMany => "y_true: got 2^32 distinct strings or more; wanted fewer".to_owned(),
    })
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

pub fn calibration_error(error: CalibrationError) -> PyErr {
    match error {
        CalibrationError::LengthMismatch { probabilities, outcomes } => ShapeError::new_err(format!(
            "y_prob: got {probabilities} probabilities; wanted {outcomes}, as y_true"
        )),
        CalibrationError::NotAProbability { index, value } => InvalidInputError::new_err(format!(
            "y_prob: got {value} at position {index} (y_prob has values outside [0, 1].); wanted numbers in [0, 1]"
        )),
        CalibrationError::BadBins { bins } => {
            InvalidInputError::new_err(format!("bins: got {bins}; wanted 1 to 2**20"))
        }
        CalibrationError::BadEdge { index } => InvalidInputError::new_err(format!(
            "edges: got NaN or a fall at {index}; wanted numbers that ascend"
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
}

/// The error of the scores of this name, or of the labels and weights.
pub fn delong_error(scores: &str, error: DelongError) -> PyErr {
    match error {
        DelongError::Ranking(RankingError::BadScore { index }) => InvalidInputError::new_err(format!(
            "{scores}: got NaN or infinity at position {index}; wanted finite numbers"
        )),
        DelongError::Ranking(error) => ranking_error(error),
        DelongError::NegativeWeight { index } => InvalidInputError::new_err(format!(
            "sample_weight: got a negative weight at position {index}; wanted none below zero"
        )),
        DelongError::TooLarge { samples } => InvalidInputError::new_err(format!(
            "y_true: got {samples} samples; wanted fewer than 2^31 of each class"
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

pub fn criterion_error(given: &impl Display) -> PyErr {
    InvalidInputError::new_err(format!(
        "criterion: got {given}; wanted accuracy, balanced_accuracy, f1, geometric_mean, jaccard, matthews, \
         precision, recall, specificity or youden, cost with two finite costs of at least 0, or f_beta with beta"
    ))
}

pub fn region_error() -> PyErr {
    InvalidInputError::new_err("fpr: got an empty range, or one outside [0, 1]; wanted low < high in it")
}

pub fn thinning_error(error: ThinningError) -> PyErr {
    match error {
        ThinningError::LengthMismatch { x, y } => {
            ShapeError::new_err(format!("y: got {y} numbers; wanted {x}, as x"))
        }
        ThinningError::TooFewPoints { points } => {
            InvalidInputError::new_err(format!("max_points: got {points}; wanted at least 2"))
        }
        ThinningError::NotAscending { index } => InvalidInputError::new_err(format!(
            "x: got a falling, NaN or infinite point at position {index}; wanted a finite, rising curve"
        )),
    }
}

pub fn no_floats(name: &str) -> PyErr {
    DtypeError::new_err(format!("{name}: got integers; wanted 32-bit or 64-bit floats"))
}

pub fn all_pairs_error(error: AllPairsError) -> PyErr {
    match error {
        AllPairsError::BadScore { side, .. } => InvalidInputError::new_err(format!(
            "score: got NaN, infinity or a value beyond 1e150 among the {side}; wanted finite numbers"
        )),
        AllPairsError::TooMany { side, scores } => InvalidInputError::new_err(format!(
            "score: got {scores} {side}; wanted fewer than 2^32 of each class"
        )),
        AllPairsError::LengthMismatch { scores, weights, .. } => ShapeError::new_err(format!(
            "score: got {scores} samples; wanted as many as the {weights} targets, weights or numbers of whole rows"
        )),
        AllPairsError::BadWeight { .. } | AllPairsError::NegativeWeight { .. } => InvalidInputError::new_err(
            "weight: got a negative, infinite or NaN value; wanted finite values from 0 on",
        ),
        AllPairsError::BadDirection { .. } => InvalidInputError::new_err(
            "score: got second derivatives along NaN, infinite or huge numbers; wanted finite ones",
        ),
        AllPairsError::BadParameter { name, value, lowest, highest } => InvalidInputError::new_err(format!(
            "{name}: got {value}; wanted a number from {lowest:e} to {highest:e}"
        )),
        AllPairsError::Overflow => InvalidInputError::new_err(
            "score: got differences so large that the loss overflows; wanted closer scores or a milder surrogate",
        ),
        AllPairsError::NoPairs { .. } | AllPairsError::NoWeight { .. } | AllPairsError::BadGroups { .. } => {
            InvalidInputError::new_err(error.to_string())
        }
    }
}
