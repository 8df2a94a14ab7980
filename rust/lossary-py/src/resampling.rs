//! Bindings of `lossary_core::resampling`.

use crate::arrays::slice;
use crate::errors::resampling_error;
use lossary_core::resampling::{Resampler, Scheme, resample_mean as kernel};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;
type Codes<'py> = Option<PyReadonlyArray1<'py, u32>>;

fn resampler(py: Python<'_>, rows: usize, strata: &Codes<'_>, groups: &Codes<'_>) -> PyResult<Resampler> {
    let (strata, groups) = (strata.as_ref().map(slice).transpose()?, groups.as_ref().map(slice).transpose()?);
    let scheme = match (strata, groups) {
        (_, Some(groups)) => Scheme::Clusters(groups),
        (Some(strata), None) => Scheme::Strata(strata),
        (None, None) => Scheme::Rows,
    };
    py.detach(|| Resampler::new(rows, scheme)).map_err(resampling_error)
}

/// Draws resamples of rows, or of whole groups of them.
#[pyclass(frozen, name = "Resampler", module = "lossary._kernels")]
pub struct PyResampler {
    resampler: Resampler,
    rows: usize,
    seed: u64,
}

#[pymethods]
impl PyResampler {
    #[new]
    #[pyo3(signature = (rows, strata, groups, seed, /))]
    fn new(py: Python<'_>, rows: usize, strata: Codes<'_>, groups: Codes<'_>, seed: u64) -> PyResult<Self> {
        Ok(Self { resampler: resampler(py, rows, &strata, &groups)?, rows, seed })
    }

    /// How often each row is in a resample.
    #[pyo3(signature = (index, /))]
    fn draw<'py>(&self, py: Python<'py>, index: u64) -> Bound<'py, PyArray1<u8>> {
        let counts = py.detach(|| {
            let mut counts = vec![0; self.rows];
            self.resampler.draw(self.seed, index, &mut counts);
            counts
        });
        counts.into_pyarray(py)
    }

    /// How many parts a jackknife leaves out, one at a time, and the part of each row.
    fn blocks<'py>(&self, py: Python<'py>) -> (u32, Bound<'py, PyArray1<u32>>) {
        let (parts, of_row) = py.detach(|| self.resampler.blocks(self.seed));
        (parts, of_row.into_pyarray(py))
    }
}

/// The weighted mean on resamples, and its jackknife; NaN where nothing is weighed.
#[pyfunction]
#[pyo3(signature = (values, sample_weight, groups, /, *, resamples, seed))]
pub fn resample_mean<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'_, f64>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    groups: Codes<'_>,
    resamples: u32,
    seed: u64,
) -> PyResult<(Doubles<'py>, Doubles<'py>)> {
    let (values, weights) = (slice(&values)?, sample_weight.as_ref().map(slice).transpose()?);
    let resampler = resampler(py, values.len(), &None, &groups)?;
    let resampled =
        py.detach(|| kernel(values, weights, &resampler, resamples, seed)).map_err(resampling_error)?;
    Ok((resampled.values.into_pyarray(py), resampled.jackknife.into_pyarray(py)))
}
