//! Scores of forecasts that are ensembles: the continuous ranked probability score of numbers, and its form for vectors,
//! the energy score.
//!
//! Sums of differences of members are sums of what is not negative, so that members far from zero, and far from what
//! happened, lose no digits to cancellation.
//!
//! Sources: Hersbach, Decomposition of the continuous ranked probability score for ensemble prediction systems, Weather
//! and Forecasting 15, 2000; Ferro, Fair scores for ensemble forecasts, Quarterly Journal of the Royal Meteorological
//! Society 140, 2014; Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, Journal of the
//! American Statistical Association 102, 2007.

mod energy;
mod error;
mod norms;
mod sorting;
mod table;

pub use energy::{VectorEnsembles, energy_score, energy_slopes};
pub use error::CrpsError;

use crate::platform::{self, widest};
use crate::threads;
use sorting::exchanges;
use std::cmp::Ordering;
use table::{Part, Table};

/// A member of an ensemble; the arithmetic is in double precision.
pub trait Real: Copy + Default + PartialOrd + Into<f64> + Send + Sync {
    /// The nearest number of this type.
    fn narrow(value: f64) -> Self;

    /// An order that has a place for NaN.
    fn order(&self, other: &Self) -> Ordering;
}

macro_rules! impl_real {
    ($($real:ty),*) => {$(
        impl Real for $real {
            #[inline(always)]
            fn narrow(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn order(&self, other: &Self) -> Ordering {
                self.total_cmp(other)
            }
        }
    )*};
}

impl_real!(f32, f64);

/// Forecasts of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Ensembles<'a, S> {
    /// What is forecast, the members of a point side by side.
    pub members: &'a [S],
    /// What happened, one number for each point.
    pub target: &'a [f64],
    /// Of the members, above 0: those of one point for all, or laid out as the members. They are divided by their sum.
    pub weights: Option<&'a [f64]>,
    /// From 0, the score of the ensemble as it is, to 1, the fair one.
    pub alpha: f64,
}

/// What [`crps_slopes`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct Slopes<S> {
    /// Of each point, as [`crps_ensemble`] has them.
    pub values: Vec<f64>,
    /// Derivatives by the members, laid out as they are.
    pub members: Vec<S>,
    /// Derivatives by what happened.
    pub target: Vec<S>,
}

/// Points side by side in one sort.
const LANES: usize = 16;

/// Larger ensembles are sorted one by one: the network takes a step for each of `M log^2 M` pairs.
const NETWORK_MEMBERS: usize = 512;

/// Members that make one job.
const JOB: usize = 1 << 14;

/// The continuous ranked probability score of each point,
///
/// `sum_i w_i |x_i - y| - 1/2 (1 - alpha + alpha / (1 - sum_i w_i^2)) sum_ij w_i w_j |x_i - x_j|`;
///
/// of one member, the absolute error. NaN or infinite where an argument is, or where differences overflow.
///
/// O(M log M) for M members; memory for the members of 16 points on each thread. The same bits for any number of
/// threads, and on any processor.
///
/// # Errors
/// [`CrpsError`]: no points or members, lengths that do not fit, weights that are not above 0, another `alpha`.
///
/// ```
/// use lossary_core::crps::{Ensembles, crps_ensemble};
/// let given = Ensembles { members: &[0.0, 2.0], target: &[1.0], weights: None, alpha: 0.0 };
/// assert_eq!(crps_ensemble(&given)?, [0.5]); // 1 - 1/2 * (0 + 2 + 2 + 0) / 4
/// # Ok::<(), lossary_core::crps::CrpsError>(())
/// ```
pub fn crps_ensemble<S: Real>(given: &Ensembles<'_, S>) -> Result<Vec<f64>, CrpsError> {
    let count = check(given)?;
    let mut values = vec![0.0; given.target.len()];
    let points = points_of_job(count);
    let parts = values.chunks_mut(points).enumerate();
    let parts = parts.map(|(part, values)| Part { first: part * points, values, slopes: None }).collect();
    run(given, count, parts);
    Ok(values)
}

/// [`crps_ensemble`], and its derivatives. Members that tie have the same; a member that equals what happened, and
/// members that equal each other, pull neither way. The derivatives of a point whose members or target are NaN are NaN.
///
/// # Errors
/// As [`crps_ensemble`].
///
/// ```
/// use lossary_core::crps::{Ensembles, crps_slopes};
/// let given = Ensembles { members: &[0.0, 2.0], target: &[-1.0], weights: None, alpha: 0.0 };
/// let slopes = crps_slopes(&given)?;
/// assert_eq!(slopes.members, [0.75, 0.25]); // half of the distance, and a quarter of what they are apart
/// assert_eq!(slopes.target, [-1.0]);
/// # Ok::<(), lossary_core::crps::CrpsError>(())
/// ```
pub fn crps_slopes<S: Real>(given: &Ensembles<'_, S>) -> Result<Slopes<S>, CrpsError> {
    let count = check(given)?;
    let mut values = vec![0.0; given.target.len()];
    let mut members = platform::zeros::<S>(given.members.len());
    let mut target = vec![S::default(); given.target.len()];
    let points = points_of_job(count);
    let slopes = members.chunks_mut(points * count).zip(target.chunks_mut(points));
    let parts = values.chunks_mut(points).zip(slopes).enumerate();
    let parts = parts
        .map(|(part, (values, slopes))| Part { first: part * points, values, slopes: Some(slopes) })
        .collect();
    run(given, count, parts);
    Ok(Slopes { values, members, target })
}

/// Whole groups of lanes.
fn points_of_job(count: usize) -> usize {
    (JOB / count / LANES).max(1) * LANES
}

fn run<S: Real>(given: &Ensembles<'_, S>, count: usize, parts: Vec<Part<'_, S>>) {
    let threads = threads::threads_for(given.members.len());
    if count <= NETWORK_MEMBERS {
        let network = exchanges(count);
        let table = || Table::<S, LANES>::new(count);
        threads::map_with(parts, threads, table, |table, part| widest((table, given, &*network, part)));
    } else {
        let table = || Table::<S, 1>::new(count);
        threads::map_with(parts, threads, table, |table, part| widest((table, given, &[][..], part)));
    }
}

/// The members of a point.
fn check<S>(given: &Ensembles<'_, S>) -> Result<usize, CrpsError> {
    let Ensembles { members, target, weights, alpha } = given;
    if members.is_empty() || target.is_empty() || !members.len().is_multiple_of(target.len()) {
        return Err(CrpsError::LengthMismatch { members: members.len(), target: target.len() });
    }
    if !(0.0..=1.0).contains(alpha) {
        return Err(CrpsError::BadOption { name: "alpha" });
    }
    let count = members.len() / target.len();
    if count > u32::MAX as usize {
        return Err(CrpsError::TooMany { members: count });
    }
    let Some(weights) = weights else { return Ok(count) };
    if weights.len() != count && weights.len() != members.len() {
        return Err(CrpsError::WeightsMismatch { weights: weights.len(), members: members.len() });
    }
    match weights.iter().position(|&weight| !(weight > 0.0 && weight < f64::INFINITY)) {
        Some(index) => Err(CrpsError::BadWeight { index }),
        None => Ok(count),
    }
}
