//! Bindings of rank correlations: two arrays sorted once, then any number of statistics.

use crate::arrays::{Scores, slice, with_scores};
use crate::errors::{order_error, test_error};
use crate::options::Named;
use lossary_core::kendall::{Kendall, Variant};
use lossary_core::order::Order;
use lossary_core::rank_pairs;
use lossary_core::ranking::RankingError;
use lossary_core::significance::{Alternative, Method};
use lossary_core::spearman::Spearman;
use lossary_core::weighted_kendall::{RankBy, Weigher, weighted_kendall};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use std::sync::OnceLock;

/// Sorts one array, detached from the interpreter.
pub fn order(py: Python<'_>, name: &str, numbers: &Scores<'_>) -> PyResult<Order> {
    with_scores!(numbers, numbers => py.detach(|| Order::of(numbers)).map_err(|error| order_error(name, error)))
}

/// Samples with two scores each, sorted.
#[pyclass(frozen, module = "lossary._kernels")]
pub struct RankPairs {
    first: Order,
    second: Order,
    pairs: OnceLock<rank_pairs::RankPairs>,
}

type Repeats<'py> = Option<PyReadonlyArray1<'py, u32>>;

#[pymethods]
impl RankPairs {
    #[new]
    #[pyo3(signature = (y_true, y_score, /))]
    fn new(py: Python<'_>, y_true: Scores<'_>, y_score: Scores<'_>) -> PyResult<Self> {
        let (first, second) = (order(py, "y_true", &y_true)?, order(py, "y_score", &y_score)?);
        if first.len() != second.len() {
            let error = RankingError::LengthMismatch { scores: second.len(), other: first.len() };
            return Err(order_error("y_score", error));
        }
        Ok(Self { first, second, pairs: OnceLock::new() })
    }

    /// How many distinct numbers either array has.
    #[getter]
    fn distinct(&self) -> (usize, usize) {
        (self.first.distinct(), self.second.distinct())
    }

    /// Tau, or None when an array is constant; each sample as often as `times` says.
    #[pyo3(signature = (variant, times=None, /))]
    fn kendall(&self, py: Python<'_>, variant: Named<Variant>, times: Repeats<'_>) -> PyResult<Option<f64>> {
        let times = times.as_ref().map(slice).transpose()?;
        py.detach(|| self.count(times)).map(|counts| counts.tau(variant.0)).map_err(repeats_error)
    }

    /// Tau and its p-value.
    #[pyo3(signature = (variant, alternative, method, /))]
    fn kendall_test(
        &self,
        py: Python<'_>,
        variant: Named<Variant>,
        alternative: Named<Alternative>,
        method: Named<Method>,
    ) -> PyResult<(f64, f64)> {
        let counts = py.detach(|| self.count(None)).map_err(repeats_error)?;
        let orders = [&self.first, &self.second];
        let p_value = py.detach(|| counts.p_value(orders, alternative.0, method.0)).map_err(test_error)?;
        Ok((counts.tau(variant.0).unwrap_or(f64::NAN), p_value))
    }

    /// Rho, or None when an array is constant; each sample as often as `times` says.
    #[pyo3(signature = (times=None, /))]
    fn spearman(&self, py: Python<'_>, times: Repeats<'_>) -> PyResult<Option<f64>> {
        let times = times.as_ref().map(slice).transpose()?;
        let sums = py.detach(|| match times {
            None => Spearman::of(&self.first, &self.second),
            Some(times) => Spearman::of_repeated(&self.first, &self.second, times),
        });
        sums.map(|sums| sums.rho()).map_err(repeats_error)
    }

    /// Rho and its p-value.
    #[pyo3(signature = (alternative, /))]
    fn spearman_test(&self, py: Python<'_>, alternative: Named<Alternative>) -> PyResult<(f64, f64)> {
        let sums = py.detach(|| Spearman::of(&self.first, &self.second)).map_err(repeats_error)?;
        let p_value = sums.p_value(alternative.0).map_err(test_error)?;
        Ok((sums.rho().unwrap_or(f64::NAN), p_value))
    }

    /// Weighted tau, or None when an array is constant.
    #[pyo3(signature = (rank, weigher, additive, /))]
    fn weighted_kendall(
        &self,
        py: Python<'_>,
        rank: Named<RankBy>,
        weigher: Named<Weigher>,
        additive: bool,
    ) -> PyResult<Option<f64>> {
        py.detach(|| weighted_kendall(&self.first, &self.second, rank.0, weigher.0, additive))
            .map_err(repeats_error)
    }
}

impl RankPairs {
    fn count(&self, times: Option<&[u32]>) -> Result<Kendall, RankingError> {
        let pairs = match self.pairs.get() {
            Some(pairs) => pairs,
            None => {
                let made = rank_pairs::RankPairs::new(&self.first, &self.second)?;
                self.pairs.get_or_init(|| made)
            }
        };
        match times {
            None => Ok(Kendall::of(pairs)),
            Some(times) => Kendall::of_repeated(pairs, times),
        }
    }
}

fn repeats_error(error: RankingError) -> PyErr {
    order_error("times", error)
}
