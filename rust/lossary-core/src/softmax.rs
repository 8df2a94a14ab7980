//! Probabilities of rows of logits, their normalisers, and cross-entropy: the rows are read once.
//!
//! `e^x` is kept as `m 2^n`, with the largest `n` so far for a whole block: nothing overflows, no pass for the
//! maximum goes before, and no digit is lost in a difference from the maximum. Blocks fit the nearest cache; rows
//! that are shorter go several at a time.
//!
//! Source: Dukhan and Ablavatski, The Two-Pass Softmax Algorithm, 2020, arXiv 2001.04438; by blocks, of which
//! the maximum is known: here.

mod parts;
mod sums;

pub use parts::Real;

use crate::platform::widest_fused;
use crate::threads;
use std::fmt;
use sums::Rows;

/// Why rows have no softmax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoftmaxError {
    /// Rows of no numbers.
    NoColumns,
    /// The numbers are no whole number of rows, or something else is not of the same size.
    LengthMismatch {
        /// Numbers given.
        scores: usize,
        /// What their number has to fit.
        other: usize,
    },
    /// A target that is no column.
    BadTarget {
        /// Its position.
        row: usize,
        /// The column asked for.
        target: i64,
    },
}

impl fmt::Display for SoftmaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoColumns => write!(f, "rows without a column"),
            Self::LengthMismatch { scores, other } => write!(f, "{scores} numbers, beside {other}"),
            Self::BadTarget { row, target } => write!(f, "row {row} has no column {target}"),
        }
    }
}

impl std::error::Error for SoftmaxError {}

/// Numbers of the rows that make one job.
const JOB: usize = 1 << 14;

/// The logarithm of the sum of the exponentials of each row, in doubles.
///
/// NaN where there is one; minus infinity for a row of nothing else, plus infinity where there is one.
/// O(n), one read; for `f32` the sum has a relative error of about 1e-6.
///
/// # Errors
/// [`SoftmaxError::NoColumns`], [`SoftmaxError::LengthMismatch`].
///
/// ```
/// use lossary_core::softmax::logsumexp;
/// assert!((logsumexp(&[1000.0, 1000.0], 2)?[0] - 1000.693147).abs() < 1e-6); // 1000 + ln 2
/// # Ok::<(), lossary_core::softmax::SoftmaxError>(())
/// ```
pub fn logsumexp<S: Real>(rows: &[S], columns: usize) -> Result<Vec<f64>, SoftmaxError> {
    Ok(S::normalize(rows, columns, None, None)?.logsumexp)
}

/// Writes the softmax of each row to `out`, and returns what [`logsumexp`] does.
///
/// Rows with NaN or infinity, and those of nothing but minus infinity, become NaN; beside other numbers, minus
/// infinity has probability 0. Probabilities below the normal numbers may become 0.
///
/// # Errors
/// As [`logsumexp`].
///
/// ```
/// use lossary_core::softmax::two_pass_softmax;
/// let mut out = [0.0_f64; 2];
/// two_pass_softmax(&[0.0, f64::NEG_INFINITY], 2, &mut out)?;
/// assert_eq!(out, [1.0, 0.0]);
/// # Ok::<(), lossary_core::softmax::SoftmaxError>(())
/// ```
pub fn two_pass_softmax<S: Real>(
    rows: &[S],
    columns: usize,
    out: &mut [S],
) -> Result<Vec<f64>, SoftmaxError> {
    Ok(S::normalize(rows, columns, None, Some(out))?.logsumexp)
}

/// What [`cross_entropy_terms`] finds for each row.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropyTerms {
    /// Minus the logarithm of the probability of the target.
    pub loss: Vec<f64>,
    /// As [`logsumexp`] has it.
    pub logsumexp: Vec<f64>,
}

/// The cross-entropy of each row of logits and its target column, in one read; the derivatives by the logits, the
/// probabilities less 1 for the target, go to `gradient` where it is given.
///
/// # Errors
/// [`SoftmaxError`].
///
/// ```
/// use lossary_core::softmax::cross_entropy_terms;
/// let mut gradient = [0.0_f64; 2];
/// let terms = cross_entropy_terms(&[3.0, 3.0], 2, &[1], Some(&mut gradient))?;
/// assert!((terms.loss[0] - 2.0_f64.ln()).abs() < 1e-12);
/// assert_eq!(gradient, [0.5, -0.5]);
/// # Ok::<(), lossary_core::softmax::SoftmaxError>(())
/// ```
pub fn cross_entropy_terms<S: Real>(
    rows: &[S],
    columns: usize,
    target: &[i64],
    gradient: Option<&mut [S]>,
) -> Result<CrossEntropyTerms, SoftmaxError> {
    if columns > 0 && target.len() != rows.len() / columns {
        return Err(SoftmaxError::LengthMismatch { scores: rows.len() / columns, other: target.len() });
    }
    for (row, &target) in target.iter().enumerate() {
        if usize::try_from(target).map_or(true, |target| target >= columns) {
            return Err(SoftmaxError::BadTarget { row, target });
        }
    }
    S::normalize(rows, columns, Some(target), gradient)
}

/// The sum of the exponentials of a row: `e^shift 2^exponent mantissa`.
#[derive(Clone, Copy, Debug)]
struct Normalizer {
    shift: f64,
    exponent: f64,
    mantissa: f64,
}

impl Normalizer {
    fn logarithm<S: Real>(&self, row: &[S]) -> f64 {
        if self.shift == f64::INFINITY && !row.iter().any(|&x| x.into().is_nan()) {
            return f64::INFINITY;
        }
        self.shift + (self.exponent * std::f64::consts::LN_2 + self.mantissa.ln())
    }

    /// Less one number of the row; the large terms meet first.
    fn loss<S: Real>(&self, score: S) -> f64 {
        let score: f64 = score.into();
        ((self.shift - score) + self.exponent * std::f64::consts::LN_2) + self.mantissa.ln()
    }
}

/// Losses are for targets, each of which has to be a column.
fn normalize<S: Real>(
    rows: &[S],
    columns: usize,
    target: Option<&[i64]>,
    out: Option<&mut [S]>,
) -> Result<CrossEntropyTerms, SoftmaxError> {
    if columns == 0 {
        return Err(SoftmaxError::NoColumns);
    }
    if !rows.len().is_multiple_of(columns) {
        return Err(SoftmaxError::LengthMismatch { scores: rows.len(), other: columns });
    }
    if let Some(out) = &out
        && out.len() != rows.len()
    {
        return Err(SoftmaxError::LengthMismatch { scores: rows.len(), other: out.len() });
    }
    let target = target.unwrap_or_default();
    let mut found =
        CrossEntropyTerms { loss: vec![0.0; target.len()], logsumexp: vec![0.0; rows.len() / columns] };
    let height = (JOB / columns).max(1);
    let mut losses = target.chunks(height).zip(found.loss.chunks_mut(height));
    let mut out = out.unwrap_or_default().chunks_mut(height * columns);
    let parts = rows.chunks(height * columns).zip(found.logsumexp.chunks_mut(height));
    let jobs = parts.map(|(rows, logsumexp)| Job {
        rows,
        columns,
        out: out.next().unwrap_or_default(),
        logsumexp,
        losses: losses.next().unwrap_or_default(),
    });
    threads::map_with(jobs.collect(), threads::threads_for(rows.len()), Vec::new, Job::run);
    Ok(found)
}

/// Some rows, and where what is found of them goes.
struct Job<'a, S> {
    rows: &'a [S],
    columns: usize,
    /// Empty where no probabilities are asked for.
    out: &'a mut [S],
    logsumexp: &'a mut [f64],
    /// Targets and their losses, where these are asked for.
    losses: (&'a [i64], &'a mut [f64]),
}

impl<S: Real> Job<'_, S> {
    fn run(normalizers: &mut Vec<Normalizer>, job: Self) {
        let Self { rows, columns, out, logsumexp, losses } = job;
        normalizers.clear();
        widest_fused(Rows { rows, columns, out: &mut *out, normalizers });
        let found = || normalizers.iter().zip(rows.chunks_exact(columns));
        for (logarithm, (normalizer, row)) in logsumexp.iter_mut().zip(found()) {
            *logarithm = normalizer.logarithm(row);
        }
        for ((target, loss), (normalizer, row)) in losses.0.iter().zip(losses.1).zip(found()) {
            *loss = normalizer.loss(row[*target as usize]);
        }
        for (row, &target) in out.chunks_exact_mut(columns).zip(losses.0) {
            row[target as usize] = row[target as usize] - S::ONE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::FusedWork;

    #[test]
    fn processors_without_fused_instructions_find_nearly_the_same() {
        let floats: Vec<f32> = (0..5000).map(|i| ((i * 7919) % 10_007) as f32 * 0.01 - 300_000.0).collect();
        let doubles: Vec<f64> = floats.iter().map(|&x| x.into()).collect();
        assert!(difference(&floats) <= 2e-6);
        assert!(difference(&doubles) <= 1e-14);
    }

    /// The largest relative difference of the two compilations.
    fn difference<S: Real>(row: &[S]) -> f64 {
        let [plain, fused] = [false, true].map(|fused| {
            let mut out = vec![S::default(); row.len()];
            let mut found = vec![];
            let rows = Rows { rows: row, columns: row.len(), out: &mut out, normalizers: &mut found };
            if fused {
                widest_fused(rows)
            } else {
                rows.run::<false>()
            };
            assert!((found[0].logarithm(row) - 0.01 * 10_006.0 + 300_000.0).abs() < 10.0);
            out
        });
        let pairs = plain.iter().zip(&fused).map(|(&a, &b)| (a.into(), b.into()));
        pairs.fold(0.0, |most, (a, b): (f64, f64)| most.max((a - b).abs() / a.max(1e-30)))
    }
}
