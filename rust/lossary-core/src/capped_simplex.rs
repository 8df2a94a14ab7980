//! Projection onto the capped simplex: of all weights within bounds that have a given sum, those nearest to values.
//!
//! They are the values less a threshold, clipped. Their sum falls with the threshold, by straight stretches:
//! Newton's steps, kept within a bracket, reach the stretch that has the sum in a few passes without a branch.
//! The threshold is then found again among the differences from it, so that no digit is lost to what all values
//! have in common.
//!
//! Source: Michelot, A Finite Algorithm for Finding the Projection of a Point onto the Canonical Simplex of R^n,
//! Journal of Optimization Theory and Applications 50, 1986; with a cap and a bracket: here.

use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::platform::{self, Work, widest};
use crate::threads;
use std::fmt;

/// Why there are no weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CappedSimplexError {
    /// The numbers are no whole number of rows.
    LengthMismatch {
        /// Numbers given.
        numbers: usize,
        /// Numbers of a row.
        columns: usize,
    },
    /// NaN or infinity.
    BadValue {
        /// Its position.
        index: usize,
    },
    /// Values whose difference is beyond the largest double.
    TooFarApart {
        /// The row that has them.
        row: usize,
    },
    /// A bound that is not above 0.
    BadUpper {
        /// The bound.
        upper: f64,
    },
    /// A sum that no weights have.
    BadTotal {
        /// The sum.
        total: f64,
    },
}

impl fmt::Display for CappedSimplexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { numbers, columns } => {
                write!(f, "{numbers} numbers, for rows of {columns}")
            }
            Self::BadValue { index } => write!(f, "NaN or infinity at position {index}"),
            Self::TooFarApart { row } => write!(f, "numbers of row {row} are too far apart"),
            Self::BadUpper { upper } => write!(f, "{upper} is no bound above 0"),
            Self::BadTotal { total } => write!(f, "no weights within the bound have the sum {total}"),
        }
    }
}

impl std::error::Error for CappedSimplexError {}

/// Numbers of the rows that make one job.
const JOB: usize = 1 << 14;

/// The weights in `[0, upper]` of sum `total` that are nearest to the values, row by row.
///
/// Equal values have equal weights. The time of a row is that of about ten passes over it, and never of more than
/// 500; the memory is that of the result.
///
/// # Errors
/// [`CappedSimplexError`].
///
/// ```
/// use lossary_core::capped_simplex::capped_simplex_projection;
/// assert_eq!(capped_simplex_projection(&[5.0, 4.0, 0.1, -3.0], 4, 2.5, 1.0)?, [1.0, 1.0, 0.5, 0.0]);
/// # Ok::<(), lossary_core::capped_simplex::CappedSimplexError>(())
/// ```
pub fn capped_simplex_projection<R: Copy + Into<f64> + Sync>(
    values: &[R],
    columns: usize,
    total: f64,
    upper: f64,
) -> Result<Vec<f64>, CappedSimplexError> {
    if upper.is_nan() || upper <= 0.0 {
        return Err(CappedSimplexError::BadUpper { upper });
    }
    // An infinite bound of no numbers bounds their sum by 0.
    let most = if columns == 0 { 0.0 } else { columns as f64 * upper };
    if !(total >= 0.0 && total <= most && total.is_finite()) {
        return Err(CappedSimplexError::BadTotal { total });
    }
    if values.is_empty() {
        return Ok(Vec::new());
    }
    if columns == 0 || !values.len().is_multiple_of(columns) {
        return Err(CappedSimplexError::LengthMismatch { numbers: values.len(), columns });
    }
    let target = Target { total, cap: upper.min(total) }; // no weight exceeds the sum
    let mut weights = platform::zeros(values.len());
    let rows = JOB.div_ceil(columns);
    let jobs = values.chunks(rows * columns).zip(weights.chunks_mut(rows * columns)).enumerate().collect();
    let found = threads::map(jobs, threads::threads_for(values.len()), |(job, (values, weights))| {
        let rows_of_job = values.chunks_exact(columns).zip(weights.chunks_exact_mut(columns)).enumerate();
        for (row, (values, weights)) in rows_of_job {
            let row = job * rows + row;
            let range = match widest(Widen { values, out: weights }) {
                Ok(range) => range,
                Err(place) => return Err(CappedSimplexError::BadValue { index: row * columns + place }),
            };
            if !(range[1] - range[0]).is_finite() {
                return Err(CappedSimplexError::TooFarApart { row });
            }
            project(weights, range, target);
        }
        Ok(())
    });
    found.into_iter().collect::<Result<(), _>>()?;
    Ok(weights)
}

/// What the weights of a row have to be.
#[derive(Clone, Copy)]
struct Target {
    total: f64,
    cap: f64,
}

/// The weights of a row of values with this minimum and maximum, in their place.
fn project(row: &mut [f64], [low, high]: [f64; 2], target: Target) {
    if target.total >= row.len() as f64 * target.cap {
        row.fill(target.cap);
        return;
    }
    let free = Stretch { sum: widest(Sum { row }), capped: 0, free: row.len() };
    let mut start = free.step(0.0, target.total);
    let (mut low, mut high) = (low, high);
    for _ in 0..SHIFTS {
        let shift = threshold(row, [low, high], target, start);
        for value in row.iter_mut() {
            *value -= shift;
        }
        // What is rounded in the shift is less than what is rounded in the weights.
        if shift.abs() <= target.total / row.len() as f64 {
            break;
        }
        (low, high, start) = (low - shift, high - shift, 0.0);
    }
    for value in row.iter_mut() {
        *value = clip(*value, target.cap);
    }
}

/// How often the threshold is found: the second time among differences of the size of the weights.
const SHIFTS: usize = 3;

/// Newton's steps alone, before halves of the bracket come in between; with as many of both as there are bits in a
/// double, no number is left in the bracket.
const NEWTON: usize = 32;
const STEPS: usize = NEWTON + 2 * 64;

/// What to take from values between these for their clipped sum to be the total.
fn threshold(row: &[f64], [low, high]: [f64; 2], target: Target, start: f64) -> f64 {
    // At the first the sum is too large, or right, at the second too small.
    let mut bracket = [(low - target.cap).next_down().max(f64::MIN), high.min(f64::MAX)];
    let mut at = start;
    if !(at > bracket[0] && at < bracket[1]) {
        at = bracket[0] / 2.0 + bracket[1] / 2.0;
    }
    let mut before = None;
    for step in 0..STEPS {
        let stretch = widest(Clipped { row, threshold: at, cap: target.cap });
        let excess = stretch.sum - target.total;
        // Reached by a step along the same stretch: the step was exact.
        if before == Some((stretch.capped, stretch.free)) || excess == 0.0 {
            return at;
        }
        bracket[usize::from(excess < 0.0)] = at;
        let inside = |place: f64| place > bracket[0] && place < bracket[1];
        let newton = stretch.step(at, target.total);
        if newton == at {
            return at;
        }
        let next = if inside(newton) && (step < NEWTON || step % 2 == 0) {
            before = Some((stretch.capped, stretch.free));
            newton
        } else {
            before = None;
            middle(bracket, step < NEWTON)
        };
        if !inside(next) {
            break;
        }
        at = next;
    }
    // Neighbours: a value at the second is what the sum jumps by.
    bracket[1]
}

/// Half way between two numbers; or half of the doubles between them, which is few steps from any scale to any.
fn middle([low, high]: [f64; 2], by_value: bool) -> f64 {
    if by_value { low / 2.0 + high / 2.0 } else { f64::value(low.key().midpoint(high.key())) }
}

#[inline(always)]
fn clip(weight: f64, cap: f64) -> f64 {
    let weight = if weight > 0.0 { weight } else { 0.0 };
    if weight < cap { weight } else { cap }
}

/// Sums run side by side.
const LANES: usize = 16;

/// Numbers between additions to the long sum.
const BLOCK: usize = 1 << 10;

/// What a threshold leaves of a row.
struct Stretch {
    sum: f64,
    /// Weights at the cap, and those between it and 0.
    capped: usize,
    free: usize,
}

impl Stretch {
    /// The threshold that would give the total if no weight met a bound on the way; infinite or NaN if none is free.
    fn step(&self, at: f64, total: f64) -> f64 {
        at + (self.sum - total) / self.free as f64
    }
}

/// A row in doubles, its minimum and maximum; or the place of a number that is NaN or infinite.
struct Widen<'a, R> {
    values: &'a [R],
    out: &'a mut [f64],
}

impl<R: Copy + Into<f64>> Work for Widen<'_, R> {
    type Output = Result<[f64; 2], usize>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let (mut lows, mut highs) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        // Stays 0 unless a number is NaN or infinite.
        let mut zeros = [0.0; LANES];
        let mut take = |lane: usize, value: R, out: &mut f64| {
            let value: f64 = value.into();
            *out = value;
            zeros[lane] += value * 0.0;
            lows[lane] = if value < lows[lane] { value } else { lows[lane] };
            highs[lane] = if value > highs[lane] { value } else { highs[lane] };
        };
        let ((values, last), (out, last_out)) =
            (self.values.as_chunks::<LANES>(), self.out.as_chunks_mut::<LANES>());
        for (values, out) in values.iter().zip(out) {
            for (lane, (&value, out)) in values.iter().zip(out).enumerate() {
                take(lane, value, out);
            }
        }
        for (lane, (&value, out)) in last.iter().zip(last_out).enumerate() {
            take(lane, value, out);
        }
        if zeros.iter().any(|zero| zero.is_nan()) {
            return Err(self.values.iter().position(|&value| !value.into().is_finite()).unwrap_or(0));
        }
        Ok([
            lows.into_iter().fold(f64::INFINITY, f64::min),
            highs.into_iter().fold(f64::NEG_INFINITY, f64::max),
        ])
    }
}

/// The sum of a row, roughly.
struct Sum<'a> {
    row: &'a [f64],
}

impl Work for Sum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sums = [0.0; LANES];
        let (chunks, last) = self.row.as_chunks::<LANES>();
        for chunk in chunks {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum += value;
            }
        }
        sums.iter().sum::<f64>() + last.iter().sum::<f64>()
    }
}

/// What is left of a row by a threshold.
struct Clipped<'a> {
    row: &'a [f64],
    threshold: f64,
    cap: f64,
}

impl Work for Clipped<'_> {
    type Output = Stretch;

    #[inline(always)]
    fn run(self) -> Stretch {
        let (mut sum, mut capped, mut positive) = (DoubleDouble::default(), [0; LANES], [0; LANES]);
        for block in self.row.chunks(BLOCK) {
            let mut sums = [0.0; LANES];
            let mut take = |lane: usize, value: f64| {
                let weight = value - self.threshold;
                capped[lane] += u64::from(weight >= self.cap);
                positive[lane] += u64::from(weight > 0.0);
                sums[lane] += clip(weight, self.cap);
            };
            let (chunks, last) = block.as_chunks::<LANES>();
            for chunk in chunks {
                for (lane, &value) in chunk.iter().enumerate() {
                    take(lane, value);
                }
            }
            for (lane, &value) in last.iter().enumerate() {
                take(lane, value);
            }
            sum = sum.add_f64(sums.iter().sum());
        }
        let [capped, positive] = [capped, positive].map(|counts| counts.iter().sum::<u64>() as usize);
        Stretch { sum: sum.rounded(), capped, free: positive - capped }
    }
}
