//! Bindings of `lossary_core::contingency` and the mutual information of two labellings.

use crate::arrays::{Scores, slice, with_scores};
use crate::errors::order_error;
use crate::options::Named;
use lossary_core::contingency::{Codes, Contingency};
use lossary_core::mutual_information::Average;
use lossary_core::ranking::RankingError;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// Two labellings of the same samples.
#[pyclass(frozen, module = "lossary._kernels")]
pub struct LabelPairs {
    first: Codes,
    second: Codes,
}

type Repeats<'py> = Option<PyReadonlyArray1<'py, u32>>;

#[pymethods]
impl LabelPairs {
    #[new]
    #[pyo3(signature = (labels_true, labels_pred, /))]
    fn new(py: Python<'_>, labels_true: Scores<'_>, labels_pred: Scores<'_>) -> PyResult<Self> {
        Ok(Self {
            first: codes(py, "labels_true", &labels_true)?,
            second: codes(py, "labels_pred", &labels_pred)?,
        })
    }

    /// Normalised mutual information; each sample as often as `times` says.
    #[pyo3(signature = (average, times=None, /))]
    fn normalized(&self, py: Python<'_>, average: Named<Average>, times: Repeats<'_>) -> PyResult<f64> {
        let times = times.as_ref().map(slice).transpose()?;
        let value = py.detach(|| Ok(self.table(times)?.normalized_mutual_information(average.0)));
        value.map_err(|error| order_error("labels_pred", error))
    }

    /// Adjusted mutual information; each sample as often as `times` says.
    #[pyo3(signature = (average, times=None, /))]
    fn adjusted(&self, py: Python<'_>, average: Named<Average>, times: Repeats<'_>) -> PyResult<f64> {
        let times = times.as_ref().map(slice).transpose()?;
        let value = py.detach(|| Ok(self.table(times)?.adjusted_mutual_information(average.0)));
        value.map_err(|error| order_error("labels_pred", error))
    }
}

impl LabelPairs {
    fn table(&self, times: Option<&[u32]>) -> Result<Contingency, RankingError> {
        match times {
            None => Contingency::of(&self.first, &self.second),
            Some(times) => Contingency::of_repeated(&self.first, &self.second, times),
        }
    }
}

fn codes(py: Python<'_>, name: &str, labels: &Scores<'_>) -> PyResult<Codes> {
    with_scores!(labels, labels => py.detach(|| Codes::of(labels)).map_err(|error| order_error(name, error)))
}
