//! Errors of `lossary_core::softmax`.

use super::{InvalidInputError, ShapeError};
use lossary_core::softmax::SoftmaxError;
use pyo3::prelude::*;

pub fn softmax_error(error: SoftmaxError) -> PyErr {
    match error {
        SoftmaxError::NoColumns => {
            ShapeError::new_err("logits: got no numbers on the last axis; wanted at least one")
        }
        SoftmaxError::LengthMismatch { scores, other } => {
            ShapeError::new_err(format!("logits: got {scores} numbers; wanted as many as fit {other}"))
        }
        SoftmaxError::BadTarget { row, target } => InvalidInputError::new_err(format!(
            "target: got {target} at position {row}; wanted the number of a class, from 0 on"
        )),
    }
}
