//! Errors of weights, couplings and bits that share out a sum.

use super::{InvalidInputError, ShapeError};
use lossary_core::bit_allocation::BitAllocationError;
use lossary_core::capped_simplex::CappedSimplexError;
use lossary_core::entropy_coupling::CouplingError;
use pyo3::prelude::*;

pub fn capped_simplex_error(error: CappedSimplexError) -> PyErr {
    match error {
        CappedSimplexError::LengthMismatch { numbers, columns } => {
            ShapeError::new_err(format!("values: got {numbers} numbers; wanted rows of {columns}"))
        }
        CappedSimplexError::BadValue { .. } => {
            InvalidInputError::new_err("values: got NaN or infinity; wanted finite numbers")
        }
        CappedSimplexError::TooFarApart { .. } => {
            InvalidInputError::new_err("values: got numbers too far apart for float64; wanted a finite range")
        }
        CappedSimplexError::BadUpper { upper } => {
            InvalidInputError::new_err(format!("upper: got {upper}; wanted a number above 0"))
        }
        CappedSimplexError::BadTotal { total } => InvalidInputError::new_err(format!(
            "total: got {total}; wanted a finite number from 0 to the number of values times upper"
        )),
    }
}

pub fn coupling_error(error: CouplingError) -> PyErr {
    InvalidInputError::new_err(match error {
        CouplingError::TooMany { side, masses } => {
            format!("sides: got {masses} masses at position {side}; wanted fewer than 2^32")
        }
        CouplingError::BadMass { side, index } => format!(
            "sides: got NaN, infinity or a number below 0 at position {index} of side {side}; wanted masses"
        ),
    })
}

pub fn bit_allocation_error(error: BitAllocationError) -> PyErr {
    InvalidInputError::new_err(match error {
        BitAllocationError::BadSensitivity { .. } => {
            "sensitivity: got a number that is NaN, infinite or below 0; wanted others".to_owned()
        }
        BitAllocationError::BadRange { minimum, maximum } => {
            format!("maximum: got {maximum}; wanted an integer from {minimum}, the minimum, to 1024")
        }
        BitAllocationError::BadTotal { total } => {
            format!("total_bits: got {total}; wanted a sum that parts within their bounds can have")
        }
    })
}
