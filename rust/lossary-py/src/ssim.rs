//! Bindings of `lossary_core::ssim`.

use crate::arrays::{Numbers, slices};
use crate::errors::{no_voxels, ssim_error};
use lossary_core::ssim::{self as core, Options, Pixel, Shape, SsimError};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

/// The similarity of each pair of images of the sides `space`; with `weights` that of several scales.
#[pyfunction]
#[pyo3(signature = (
    prediction, target, space, /, *, window, window_size, sigma, data_range, k1, k2, sample_covariance, weights
))]
#[expect(clippy::too_many_arguments, reason = "the arguments of the Python functions")]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list as a vector")]
pub fn ssim<'py>(
    py: Python<'py>,
    prediction: Numbers<'_>,
    target: Numbers<'_>,
    space: Vec<usize>,
    window: &str,
    window_size: usize,
    sigma: f64,
    data_range: f64,
    k1: f64,
    k2: f64,
    sample_covariance: bool,
    weights: Option<Vec<f64>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let shape = if window == "uniform" { Shape::Uniform } else { Shape::Gaussian { sigma } };
    let options = Options { shape, size: window_size, data_range, k: [k1, k2], sample_covariance };
    let of = Comparison { py, space: &space, options: &options, weights: weights.as_deref() };
    let found = match (&prediction, &target) {
        (Numbers::F32(first), Numbers::F32(second)) => of.pair(slices(first, second)?),
        (Numbers::F64(first), Numbers::F64(second)) => of.pair(slices(first, second)?),
        (Numbers::U8(first), Numbers::U8(second)) => of.pair(slices(first, second)?),
        _ => return Err(no_voxels("prediction")),
    };
    Ok(found.map_err(ssim_error)?.into_pyarray(py))
}

struct Comparison<'a, 'py> {
    py: Python<'py>,
    space: &'a [usize],
    options: &'a Options,
    weights: Option<&'a [f64]>,
}

impl Comparison<'_, '_> {
    fn pair<P: Pixel>(&self, (x, y): (&[P], &[P])) -> Result<Vec<f64>, SsimError> {
        let Self { py, space, options, weights } = *self;
        py.detach(|| match weights {
            None => core::ssim(x, y, space, options),
            Some(weights) => core::ms_ssim(x, y, space, options, weights),
        })
    }
}
