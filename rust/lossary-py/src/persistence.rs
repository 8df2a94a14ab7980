//! Bindings of `lossary_core::persistence`.

use crate::arrays::{Classes, Numbers, slice};
use crate::errors::{no_voxels, persistence_error, unknown_construction};
use lossary_core::persistence::{
    Barcode, Construction, Matching, Pair, betti_matching_of_each, betti_numbers as core_betti_numbers,
    euler_characteristic as core_euler_characteristic, persistence_pairs_of_each,
};
use numpy::{IntoPyArray, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

/// Rows of positions of voxels.
type Rows<'py> = Bound<'py, PyArray2<i64>>;

/// Per dimension the pairs of an image, a row (birth, death) each; and where the component is born that never dies.
type Pairs<'py> = (Vec<Rows<'py>>, u32);

/// Per dimension the matched pairs, a row (birth, death, birth, death) each, and those of the prediction and of the
/// target alone; and where the components of both are born that never die.
type MatchedPairs<'py> = (Vec<[Rows<'py>; 3]>, (u32, u32));

fn rows<'py, const N: usize>(
    py: Python<'py>,
    positions: impl ExactSizeIterator<Item = [u32; N]>,
) -> PyResult<Rows<'py>> {
    let count = positions.len();
    let numbers: Vec<i64> = positions.flatten().map(i64::from).collect();
    numbers.into_pyarray(py).reshape([count, N])
}

fn pair_rows<'py>(py: Python<'py>, pairs: &[Pair]) -> PyResult<Rows<'py>> {
    rows(py, pairs.iter().map(|pair| [pair.birth, pair.death]))
}

/// The persistence pairs of images of one shape, one after the other in memory.
#[pyfunction]
#[pyo3(signature = (images, shape, /))]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list as a vector")]
pub fn persistence_pairs<'py>(
    py: Python<'py>,
    images: Numbers<'_>,
    shape: Vec<usize>,
) -> PyResult<Vec<Pairs<'py>>> {
    let barcodes = match &images {
        Numbers::F32(array) => {
            slice(array).map(|images| py.detach(|| persistence_pairs_of_each(images, &shape)))
        }
        Numbers::F64(array) => {
            slice(array).map(|images| py.detach(|| persistence_pairs_of_each(images, &shape)))
        }
        Numbers::U8(array) => {
            slice(array).map(|images| py.detach(|| persistence_pairs_of_each(images, &shape)))
        }
        _ => Err(no_voxels("image")),
    }?
    .map_err(persistence_error)?;
    let of_image = |Barcode { dimensions, essential_birth }| {
        let dimensions = dimensions.iter().map(|pairs| pair_rows(py, pairs)).collect::<PyResult<_>>()?;
        Ok((dimensions, essential_birth))
    };
    barcodes.into_iter().map(of_image).collect()
}

/// The features that predictions and targets have in common, image by image.
#[pyfunction]
#[pyo3(signature = (predictions, targets, shape, /))]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list as a vector")]
pub fn betti_matching<'py>(
    py: Python<'py>,
    predictions: Numbers<'_>,
    targets: Numbers<'_>,
    shape: Vec<usize>,
) -> PyResult<Vec<MatchedPairs<'py>>> {
    let matchings = match (&predictions, &targets) {
        (Numbers::F32(first), Numbers::F32(second)) => {
            let (first, second) = (slice(first)?, slice(second)?);
            py.detach(|| betti_matching_of_each(first, second, &shape))
        }
        (Numbers::F64(first), Numbers::F64(second)) => {
            let (first, second) = (slice(first)?, slice(second)?);
            py.detach(|| betti_matching_of_each(first, second, &shape))
        }
        (Numbers::U8(first), Numbers::U8(second)) => {
            let (first, second) = (slice(first)?, slice(second)?);
            py.detach(|| betti_matching_of_each(first, second, &shape))
        }
        _ => return Err(no_voxels("prediction")),
    }
    .map_err(persistence_error)?;
    let of_image = |matching: Matching| {
        let dimensions = matching.dimensions.iter().map(|matches| {
            let both =
                matches.matched.iter().map(|(own, other)| [own.birth, own.death, other.birth, other.death]);
            Ok([
                rows(py, both)?,
                pair_rows(py, &matches.unmatched_prediction)?,
                pair_rows(py, &matches.unmatched_target)?,
            ])
        });
        let essential = (matching.essential_prediction, matching.essential_target);
        Ok((dimensions.collect::<PyResult<_>>()?, essential))
    };
    matchings.into_iter().map(of_image).collect()
}

fn construction_of(name: &str) -> PyResult<Construction> {
    match name {
        "V" => Ok(Construction::V),
        "T" => Ok(Construction::T),
        _ => Err(unknown_construction(name)),
    }
}

fn set_voxels(mask: &Classes<'_>) -> PyResult<Vec<bool>> {
    Ok(mask.as_slice()?.iter().map(|&voxel| voxel != 0).collect())
}

/// The Betti numbers of a mask in ascending dimension, and their alternating sum.
#[pyfunction]
#[pyo3(signature = (mask, shape, construction, /))]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list as a vector")]
pub fn betti_numbers(
    py: Python<'_>,
    mask: Classes<'_>,
    shape: Vec<usize>,
    construction: &str,
) -> PyResult<(Vec<u64>, i64)> {
    let (construction, voxels) = (construction_of(construction)?, set_voxels(&mask)?);
    let counted =
        py.detach(|| core_betti_numbers(&voxels, &shape, construction)).map_err(persistence_error)?;
    Ok((counted.numbers, counted.euler_characteristic))
}

/// The Euler characteristic of a mask.
#[pyfunction]
#[pyo3(signature = (mask, shape, construction, /))]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list as a vector")]
pub fn euler_characteristic(
    py: Python<'_>,
    mask: Classes<'_>,
    shape: Vec<usize>,
    construction: &str,
) -> PyResult<i64> {
    let (construction, voxels) = (construction_of(construction)?, set_voxels(&mask)?);
    py.detach(|| core_euler_characteristic(&voxels, &shape, construction)).map_err(persistence_error)
}
