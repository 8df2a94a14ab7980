//! Bindings of `lossary_core::bootstrap`.

use crate::arrays::{Classes, Scores, slice, with_scores};
use crate::errors::{bootstrap_error, region_error, unknown_metric};
use lossary_core::bootstrap::{Bootstrap, Draws};
use lossary_core::functionals::{AveragePrecision, Functional, RocAuc};
use lossary_core::operating_points::Interpolation;
use lossary_core::partial_area::Region;
use lossary_core::ranking;
use lossary_core::roc_functionals::{BestAccuracy, EqualErrorRate, PartialArea, TrueAcceptRate};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;

/// A metric of rankings on resamples, one row for each and one column for each score vector, and its jackknife
/// likewise (empty unless wanted). NaN where it is undefined. Some metrics have parameters.
#[pyfunction]
#[pyo3(signature = (metric, y_true, y_scores, sample_weight, /, *, stratified, groups, resamples, seed, jackknife,
    parameters=Vec::new()))]
#[allow(clippy::too_many_arguments)]
pub fn bootstrap_ranking<'py>(
    py: Python<'py>,
    metric: &str,
    y_true: Classes<'_>,
    y_scores: Vec<Scores<'_>>,
    sample_weight: Option<PyReadonlyArray1<'_, f64>>,
    stratified: bool,
    groups: Option<PyReadonlyArray1<'_, u32>>,
    resamples: u32,
    seed: u64,
    jackknife: bool,
    parameters: Vec<f64>,
) -> PyResult<(Doubles<'py>, Doubles<'py>)> {
    let (labels, weights) = (y_true.as_slice()?, sample_weight.as_ref().map(slice).transpose()?);
    let draws = match groups.as_ref().map(slice).transpose()? {
        Some(groups) => Draws::Clusters(groups),
        None if stratified => Draws::WithinClasses,
        None => Draws::Samples,
    };
    let mut bootstrap: Option<Bootstrap> = None;
    for y_score in &y_scores {
        with_scores!(y_score, scores => py
            .detach(|| {
                ranking::check_finite(scores)?;
                match &mut bootstrap {
                    Some(bootstrap) => bootstrap.add(scores)?,
                    None => bootstrap = Some(Bootstrap::new(scores, labels, weights, draws)?),
                }
                Ok(())
            })
            .map_err(bootstrap_error))?;
    }
    let Some(bootstrap) = bootstrap else {
        return Ok((PyArray1::zeros(py, 0, false), PyArray1::zeros(py, 0, false)));
    };
    let run = Run { bootstrap, resamples, seed, jackknife };
    let (values, left_out) = match (metric, parameters.as_slice()) {
        ("average_precision", []) => py.detach(|| run.of(&AveragePrecision)),
        ("best_accuracy", []) => py.detach(|| run.of(&BestAccuracy)),
        ("equal_error_rate", []) => py.detach(|| run.of(&EqualErrorRate)),
        ("partial_area", &[left, right, floor, ceiling]) => {
            let region = Region::new((left, right), (floor, ceiling)).ok_or_else(region_error)?;
            py.detach(|| run.of(&PartialArea(region)))
        }
        ("roc_auc", []) => py.detach(|| run.of(&RocAuc)),
        ("true_accept_rate", &[limit]) => {
            py.detach(|| run.of(&TrueAcceptRate { limit, interpolation: Interpolation::Step }))
        }
        ("true_accept_rate_linear", &[limit]) => {
            py.detach(|| run.of(&TrueAcceptRate { limit, interpolation: Interpolation::Linear }))
        }
        _ => return Err(unknown_metric(metric)),
    };
    Ok((values.into_pyarray(py), left_out.into_pyarray(py)))
}

struct Run {
    bootstrap: Bootstrap,
    resamples: u32,
    seed: u64,
    jackknife: bool,
}

impl Run {
    fn of(&self, metric: &impl Functional) -> (Vec<f64>, Vec<f64>) {
        let left_out = if self.jackknife { self.bootstrap.jackknife(metric, self.seed) } else { Vec::new() };
        (self.bootstrap.resample(metric, self.resamples, self.seed), left_out)
    }
}
