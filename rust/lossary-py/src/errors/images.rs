//! Errors of images.

use super::{DtypeError, InvalidInputError, ShapeError};
use lossary_core::persistence::PersistenceError;
use lossary_core::skeleton::SkeletonError;
use lossary_core::ssim::SsimError;
use pyo3::prelude::*;

pub fn no_voxels(name: &str) -> PyErr {
    DtypeError::new_err(format!(
        "{name}: got another dtype; wanted float32, float64 or uint8, one for all images"
    ))
}

pub fn unknown_construction(name: &str) -> PyErr {
    InvalidInputError::new_err(format!("construction: got {name:?}; wanted \"V\" or \"T\""))
}

pub fn persistence_error(error: PersistenceError) -> PyErr {
    match error {
        PersistenceError::NotFinite { .. } | PersistenceError::TooLarge { .. } => {
            InvalidInputError::new_err(error.to_string())
        }
        PersistenceError::Axes { .. }
        | PersistenceError::Empty { .. }
        | PersistenceError::LengthMismatch { .. } => ShapeError::new_err(error.to_string()),
    }
}

pub fn skeleton_error(error: SkeletonError) -> PyErr {
    match error {
        SkeletonError::NotPlaneOrVolume { axes } => ShapeError::new_err(format!(
            "mask: got {axes} axes; wanted (height, width) or (depth, height, width)"
        )),
        SkeletonError::LengthMismatch { points, mask } => {
            ShapeError::new_err(format!("mask: got {points} points; wanted whole masks of {mask}"))
        }
        SkeletonError::TooMany { points } => {
            InvalidInputError::new_err(format!("mask: got {points} points; wanted fewer than 2^32"))
        }
    }
}

pub fn ssim_error(error: SsimError) -> PyErr {
    match error {
        SsimError::LengthMismatch { prediction, target } => ShapeError::new_err(format!(
            "prediction: got {prediction} pixels; wanted whole images, and {target} pixels as target"
        )),
        SsimError::BadShape => ShapeError::new_err(
            "prediction: got images with a side below the window, or other axes; wanted (height, width) or \
             (depth, height, width)",
        ),
        SsimError::BadOption { name: "weights" } => {
            InvalidInputError::new_err("weights: got none, or a number out of range; wanted numbers above 0")
        }
        SsimError::BadOption { name } => InvalidInputError::new_err(format!(
            "{name}: got a number out of range; wanted an odd size, or a number above 0"
        )),
        SsimError::BadPixel { in_target, index } => {
            let name = if in_target { "target" } else { "prediction" };
            InvalidInputError::new_err(format!(
                "{name}: got values that are NaN, infinite or beyond 1e70, as at position {index}; wanted finite values"
            ))
        }
    }
}
