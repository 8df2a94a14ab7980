//! A derivative of softplus summed over all pairs, by the way that suits their number and range.

use super::chebyshev::Grid;
use super::samples::{Pairs, Unit};
use super::{AllPairsError, dense, direct, sparse};
use crate::keys::Score;

/// Sums over all pairs, not divided by weights.
pub(super) struct Convolution {
    /// The sum of `w v phi(y - x)` over positives `x` of weight `w` and negatives `y` of weight `v`.
    pub(super) value: f64,
    /// For each positive, the sum of `v phi'(y - x)`.
    pub(super) of_positives: Vec<f64>,
    /// For each negative, the sum of `w phi'(y - x)`.
    pub(super) of_negatives: Vec<f64>,
}

/// Narrow cells need few nodes: 12 interpolate to rounding. Source of the bound: Trefethen, Approximation Theory and
/// Approximation Practice, theorem 8.2; the nearest singularities of softplus are at distance pi from the line.
static FINE: Grid<3> = Grid::new(0.5);

/// Wide cells need 20.
static COARSE: Grid<5> = Grid::new(2.0);

/// More cells cost memory that each thread writes to at random.
const MOST_CELLS: f64 = 4096.0;

/// A fine cell costs as much as about this many samples.
const SAMPLES_PER_FINE_CELL: f64 = 100.0;

/// A coarse cell costs as much as about this many samples.
const SAMPLES_PER_COARSE_CELL: f64 = 16.0;

/// The derivative of order `ORDER` of softplus, and as slope the next.
pub(super) fn convolve<S: Score + Into<f64>, const ORDER: usize>(
    pairs: &Pairs<'_, S>,
    unit: Unit,
) -> Result<Convolution, AllPairsError> {
    pairs.check(unit)?;
    if pairs.positives.len().saturating_mul(pairs.negatives.len()) <= direct::MOST_PAIRS {
        return Ok(direct::convolve::<S, ORDER>(pairs, unit));
    }
    let (samples, range) = (pairs.samples() as f64, (pairs.highest() - pairs.lowest()) * unit.slope());
    let fits = |width: f64, cost: f64| range / width <= MOST_CELLS && range / width * cost <= samples;
    Ok(if fits(FINE.width, SAMPLES_PER_FINE_CELL) {
        dense::convolve::<S, 3, ORDER>(pairs, unit, &FINE)
    } else if fits(COARSE.width, SAMPLES_PER_COARSE_CELL) {
        dense::convolve::<S, 5, ORDER>(pairs, unit, &COARSE)
    } else {
        sparse::convolve::<S, 5, ORDER>(pairs, unit, &COARSE)
    })
}
