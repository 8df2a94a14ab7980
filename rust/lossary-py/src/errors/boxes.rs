//! Errors of boxes and of assignments.

use super::{InvalidInputError, ShapeError};
use lossary_core::assignment::AssignmentError;
use lossary_core::box_iou::BoxError;
use lossary_core::soft_nms::SoftNmsError;
use pyo3::prelude::*;

fn bad_box(name: &str, index: usize) -> PyErr {
    InvalidInputError::new_err(format!(
        "{name}: got a box at position {index} with NaN, a coordinate beyond 1e70, or right < left or bottom < \
         top; wanted (left, top, right, bottom)"
    ))
}

pub fn box_error(error: BoxError) -> PyErr {
    let BoxError::BadBox { list, index } = error;
    bad_box(if list == 1 { "boxes1" } else { "boxes2" }, index)
}

pub fn soft_nms_error(error: SoftNmsError) -> PyErr {
    match error {
        SoftNmsError::BadBox { index } => bad_box("boxes", index),
        SoftNmsError::BadScore { index } => InvalidInputError::new_err(format!(
            "scores: got NaN, infinity or a number below 0 at position {index}; wanted finite numbers from 0 on"
        )),
        SoftNmsError::LengthMismatch { boxes, other } => {
            ShapeError::new_err(format!("boxes: got {boxes}; wanted {other}, as scores, labels or images"))
        }
        SoftNmsError::TooMany { boxes } => {
            InvalidInputError::new_err(format!("boxes: got {boxes}; wanted fewer than 2^32"))
        }
    }
}

pub fn assignment_error(error: AssignmentError) -> PyErr {
    match error {
        AssignmentError::LengthMismatch { costs, rows, columns } => {
            ShapeError::new_err(format!("cost: got {costs} numbers; wanted {rows} rows of {columns}"))
        }
        AssignmentError::BadShape { rows, columns } => ShapeError::new_err(format!(
            "cost: got {rows} rows and {columns} columns; wanted no more rows than columns, and below 2^32"
        )),
        AssignmentError::BadCost { .. } => {
            InvalidInputError::new_err("cost: got NaN or infinity; wanted finite numbers")
        }
    }
}
