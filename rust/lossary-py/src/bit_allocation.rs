//! Bindings of `lossary_core::bit_allocation`.

use crate::arrays::slice;
use crate::errors::allocations::bit_allocation_error;
use lossary_core::bit_allocation;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

/// The bits of each part, and the loss they leave.
#[pyfunction]
#[pyo3(signature = (sensitivity, total_bits, minimum, maximum, /))]
pub fn integer_bit_allocation<'py>(
    py: Python<'py>,
    sensitivity: PyReadonlyArray1<'_, f64>,
    total_bits: u64,
    minimum: u32,
    maximum: u32,
) -> PyResult<(Bound<'py, PyArray1<i64>>, f64)> {
    let sensitivity = slice(&sensitivity)?;
    let found = py
        .detach(|| bit_allocation::integer_bit_allocation(sensitivity, total_bits, minimum, maximum))
        .map_err(bit_allocation_error)?;
    Ok((found.bits.into_pyarray(py), found.cost))
}
