//! The Plackett-Luce model of rankings: likelihood and gradient of scores.
//!
//! A ranking is built by choosing, again and again, one item of those that are left, with a probability in
//! proportion to its worth `exp(score)`. With two items this is the Bradley-Terry model.
//!
//! [`likelihood`] and [`log_likelihood`] give the likelihood of scores and its gradient, [`fit`] the worths that rankings
//! tell of.
//!
//! Sources: Luce, Individual choice behavior, Wiley 1959; Plackett, The analysis of permutations, Applied
//! Statistics 24, 1975.

mod ascent;
mod envelope;
mod error;
mod exponential;
mod fit;
mod graph;
mod information;
mod newton;
mod pass;
mod prior;
mod product;
mod rankings;
mod row;
mod scored;
mod spectral;
mod stages;

pub use error::{FitError, RankingsError};
pub use fit::{Fit, Method, Options, fit};
pub use rankings::Rankings;
pub use scored::log_likelihood;

use crate::platform::{self, Work, widest};
use crate::threads;
use row::Scratch;
use std::fmt;
use std::ops::Range;

/// Scores of the rows that make one job.
const BLOCK: usize = 1 << 14;

/// Scores beyond it would overflow in sums.
const LARGEST_SCORE: f64 = 1e150;

/// Weights beyond it would overflow in sums, or in single precision.
const LARGEST_WEIGHT: f64 = 1e30;

/// Why scores and rankings have no likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PlackettLuceError {
    /// The offsets do not cover the scores in order, or do not fit how many of each row are ranked.
    BadOffsets,
    /// More of a row are ranked than it has scores.
    BadRanked {
        /// The row.
        row: usize,
    },
    /// A score is NaN, infinite or beyond 1e150.
    BadScore {
        /// Position of the first such score.
        index: usize,
    },
    /// There are more or fewer weights than scores.
    LengthMismatch {
        /// Number of scores.
        scores: usize,
        /// Number of weights.
        weights: usize,
    },
    /// A weight is NaN, below 0 or beyond 1e30.
    BadWeight {
        /// Position of the first such weight.
        index: usize,
    },
}

impl fmt::Display for PlackettLuceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadOffsets => out.write_str(
                "offsets: got some that do not cover the scores in order; wanted one more than rows, from 0 on",
            ),
            Self::BadRanked { row } => {
                write!(out, "ranked: got more than the scores of row {row}; wanted at most as many")
            }
            Self::BadScore { index } => {
                write!(out, "scores: got NaN or a number beyond 1e150 at {index}; wanted finite numbers")
            }
            Self::LengthMismatch { scores, weights } => {
                write!(out, "weights: got {weights}; wanted {scores}, as scores")
            }
            Self::BadWeight { index } => {
                write!(out, "weights: got a bad one at {index}; wanted numbers from 0 to 1e30")
            }
        }
    }
}

impl std::error::Error for PlackettLuceError {}

/// A floating score; the arithmetic is in double precision.
pub trait Real: Copy + Default + Into<f64> + Send + Sync {
    /// The nearest number of this type.
    fn narrow(value: f64) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value
    }
}

/// What [`likelihood`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Likelihood<S> {
    /// Of each row, at most 0.
    pub log_likelihood: Vec<f64>,
    /// Of the log-likelihood by each score, laid out as the scores.
    pub gradient: Vec<S>,
}

/// Log-likelihoods of rankings, and their gradients.
///
/// The scores of row `r` lie from `offsets[r]` up to `offsets[r + 1]`, in the order of the ranking, best first. The
/// first `ranked[r]` are chosen one after the other; the others, in any order, are never chosen and stay in every
/// pool. Without `ranked`, all are. `weights`, laid out as the scores, multiply the steps of the ranked.
///
/// O(1) per score, with 16 bytes of memory each for the rows in work; the same bits for any number of threads. All
/// sums are of positive terms: relative errors stay below a few units in the last place times the length of a row,
/// for scores of any spread.
///
/// # Errors
/// [`PlackettLuceError`]: scores that are not finite, weights below 0, lengths that do not fit.
///
/// ```
/// use lossary_core::plackett_luce::likelihood;
/// // The first of three equal items, then the second of two: 1/3 * 1/2.
/// let found = likelihood(&[0.0_f64; 3], &[0, 3], None, None)?;
/// assert!((found.log_likelihood[0] + 6.0_f64.ln()).abs() < 1e-15);
/// assert!((found.gradient[0] - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), lossary_core::plackett_luce::PlackettLuceError>(())
/// ```
pub fn likelihood<S: Real>(
    scores: &[S],
    offsets: &[usize],
    ranked: Option<&[usize]>,
    weights: Option<&[f64]>,
) -> Result<Likelihood<S>, PlackettLuceError> {
    check(scores.len(), offsets, ranked, weights)?;
    let mut gradient = platform::zeros::<S>(scores.len());
    let (mut jobs, mut rest) = (Vec::new(), gradient.as_mut_slice());
    for rows in blocks(offsets, BLOCK) {
        let size = offsets[rows.end] - offsets[rows.start];
        let (own, others) = rest.split_at_mut(size);
        jobs.push(Rows { scores, offsets, ranked, weights, rows, gradient: own });
        rest = others;
    }
    let threads = threads::threads_for(scores.len());
    let found = threads::map_with(jobs, threads, Scratch::default, |scratch, job| widest((scratch, job)));
    let log_likelihood = found.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    Ok(Likelihood { log_likelihood, gradient })
}

fn check(
    scores: usize,
    offsets: &[usize],
    ranked: Option<&[usize]>,
    weights: Option<&[f64]>,
) -> Result<(), PlackettLuceError> {
    let [0, .., last] = offsets else {
        let empty = offsets == [0] && scores == 0 && ranked.is_none_or(<[usize]>::is_empty);
        return if empty { Ok(()) } else { Err(PlackettLuceError::BadOffsets) };
    };
    let rows = offsets.len() - 1;
    if *last != scores || !offsets.is_sorted() || ranked.is_some_and(|ranked| ranked.len() != rows) {
        return Err(PlackettLuceError::BadOffsets);
    }
    let lengths = offsets.windows(2).map(|ends| ends[1] - ends[0]);
    if let Some(row) =
        ranked.and_then(|ranked| ranked.iter().zip(lengths).position(|(&own, length)| own > length))
    {
        return Err(PlackettLuceError::BadRanked { row });
    }
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != scores {
        return Err(PlackettLuceError::LengthMismatch { scores, weights: weights.len() });
    }
    match weights.iter().position(|weight| !(0.0..=LARGEST_WEIGHT).contains(weight)) {
        Some(index) => Err(PlackettLuceError::BadWeight { index }),
        None => Ok(()),
    }
}

/// Position of the first score that is not a number, or too large.
#[inline(always)]
fn first_bad<S: Real>(scores: &[S]) -> Option<usize> {
    let mut fine = true;
    for &score in scores {
        let score: f64 = score.into();
        fine &= score.abs() <= LARGEST_SCORE;
    }
    if fine {
        None
    } else {
        scores.iter().position(|&score| score.into().is_nan() || score.into().abs() > LARGEST_SCORE)
    }
}

/// Ranges of rows with at least so many entries each.
fn blocks(offsets: &[usize], size: usize) -> Vec<Range<usize>> {
    let (mut found, mut start) = (Vec::new(), 0);
    for end in 1..offsets.len() {
        if offsets[end] - offsets[start] >= size || end + 1 == offsets.len() {
            found.push(start..end);
            start = end;
        }
    }
    found
}

/// A block of rows, and their part of the gradient.
struct Rows<'a, S> {
    scores: &'a [S],
    offsets: &'a [usize],
    ranked: Option<&'a [usize]>,
    weights: Option<&'a [f64]>,
    rows: Range<usize>,
    gradient: &'a mut [S],
}

impl<S: Real> Work for (&mut Scratch, Rows<'_, S>) {
    type Output = Result<Vec<f64>, PlackettLuceError>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let (scratch, Rows { scores, offsets, ranked, weights, rows, gradient }) = self;
        let origin = offsets[rows.start];
        let mut found = Vec::with_capacity(rows.len());
        for number in rows {
            let (start, end) = (offsets[number], offsets[number + 1]);
            let own = &scores[start..end];
            if let Some(bad) = first_bad(own) {
                return Err(PlackettLuceError::BadScore { index: start + bad });
            }
            let weights = weights.map(|weights| &weights[start..end]);
            let ranked = match ranked {
                Some(ranked) => ranked[number],
                None => own.len(),
            };
            let gradient = &mut gradient[start - origin..end - origin];
            found.push(row::row(own, ranked, weights, gradient, scratch));
        }
        Ok(found)
    }
}
