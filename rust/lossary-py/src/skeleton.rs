//! Bindings of `lossary_core::skeleton`.

use crate::arrays::Classes;
use crate::errors::skeleton_error;
use lossary_core::skeleton;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

/// The skeleton of each mask, one mask after the other.
#[pyfunction]
#[pyo3(signature = (masks, /, space))]
pub fn skeletonize<'py>(
    py: Python<'py>,
    masks: Classes<'_>,
    space: Vec<usize>,
) -> PyResult<Bound<'py, PyArray1<bool>>> {
    let masks = masks.as_slice()?;
    let skeletons = py.detach(|| skeleton::skeletonize(masks, &space)).map_err(skeleton_error)?;
    Ok(skeletons.into_pyarray(py))
}
