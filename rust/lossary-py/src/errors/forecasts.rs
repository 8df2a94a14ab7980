//! Errors of `lossary_core::crps`.

use super::{InvalidInputError, ShapeError};
use lossary_core::crps::CrpsError;
use pyo3::prelude::*;

pub fn crps_error(error: CrpsError) -> PyErr {
    match error {
        CrpsError::LengthMismatch { members, target } => ShapeError::new_err(format!(
            "ensemble: got {members} numbers; wanted whole ensembles, one for each of {target} of target"
        )),
        CrpsError::TooMany { members } => {
            InvalidInputError::new_err(format!("ensemble: got {members} members; wanted fewer than 2^32"))
        }
        CrpsError::WeightsMismatch { weights, members } => ShapeError::new_err(format!(
            "ensemble_weight: got {weights} weights; wanted as many as members of a point, or {members}, as ensemble"
        )),
        CrpsError::BadWeight { index } => InvalidInputError::new_err(format!(
            "ensemble_weight: got a weight that is not above 0, or not finite, at position {index}; wanted others"
        )),
        CrpsError::BadOption { name } => {
            InvalidInputError::new_err(format!("{name}: got a number out of range"))
        }
    }
}
