//! Reliability of probabilities: what each bin of them holds, in one pass and in integers.
//!
//! A bin keeps, apart for events that happened and that did not, how many there are and the sum of their
//! probabilities; the squared errors of all bins have one sum. The sums are integers, in units of 2^-60: they come
//! to the same bits in any order, so neither threads, nor the cut into batches, nor the order of merges can change
//! what they give.

use crate::brier::Probability;
use crate::platform::widest;
use crate::threads;
use std::fmt;
use std::ops::AddAssign;

mod pass;
use pass::{COPIES, FEW_BINS, Pass};

/// At most so many bins.
pub const MOST_BINS: usize = 1 << 20;

/// Why probabilities cannot be binned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CalibrationError {
    /// As many outcomes as probabilities are needed.
    LengthMismatch {
        /// Number of probabilities.
        probabilities: usize,
        /// Number of outcomes.
        outcomes: usize,
    },
    /// A probability is NaN or outside [0, 1].
    NotAProbability {
        /// Position of the first such number.
        index: usize,
        /// The number.
        value: f64,
    },
    /// No bins, or more than 2^20.
    BadBins {
        /// Number of bins.
        bins: usize,
    },
    /// An edge is NaN, or below the one before it.
    BadEdge {
        /// Position of the first such edge.
        index: usize,
    },
}

impl fmt::Display for CalibrationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { probabilities, outcomes } => {
                write!(out, "probabilities: got {probabilities}; wanted {outcomes}, one for each outcome")
            }
            Self::NotAProbability { index, value } => {
                write!(out, "probabilities: got {value} at {index}; wanted numbers in [0, 1]")
            }
            Self::BadBins { bins } => write!(out, "bins: got {bins}; wanted 1 to 2^20"),
            Self::BadEdge { index } => {
                write!(out, "edges: got NaN or a fall at {index}; wanted numbers that ascend")
            }
        }
    }
}

impl std::error::Error for CalibrationError {}

/// The edges between bins: a number is in the bin whose place is the number of edges below it, so that bins are
/// open below and closed above.
#[derive(Debug, Clone, PartialEq)]
pub struct Edges {
    /// Between minus and plus infinity.
    fenced: Vec<f64>,
    spacing: Spacing,
}

/// What finding a bin takes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Spacing {
    /// The edge k is k / bins: a division.
    Even,
    /// It is less than a quarter of a bin away from that: a look at one edge.
    Nearly,
    /// A search.
    Any,
}

impl Edges {
    /// Bins of equal width over [0, 1], with the edges k / bins.
    ///
    /// # Errors
    /// [`CalibrationError::BadBins`].
    pub fn even(bins: usize) -> Result<Self, CalibrationError> {
        if bins == 0 || bins > MOST_BINS {
            return Err(CalibrationError::BadBins { bins });
        }
        let interior: Vec<f64> = (1..bins).map(|k| k as f64 / bins as f64).collect();
        Self::of(&interior)
    }

    /// Bins between these edges, one more than there are.
    ///
    /// # Errors
    /// [`CalibrationError::BadBins`] for 2^20 edges or more, [`CalibrationError::BadEdge`].
    ///
    /// ```
    /// use lossary_core::calibration::Edges;
    /// let edges = Edges::of(&[0.25, 0.5])?;
    /// assert_eq!([0.0, 0.25, 0.26, 0.5, 1.0].map(|x| edges.bin(x)), [0, 0, 1, 1, 2]);
    /// # Ok::<(), lossary_core::calibration::CalibrationError>(())
    /// ```
    pub fn of(interior: &[f64]) -> Result<Self, CalibrationError> {
        let bins = interior.len() + 1;
        if bins > MOST_BINS {
            return Err(CalibrationError::BadBins { bins });
        }
        let mut fenced = vec![f64::NEG_INFINITY];
        for (index, &edge) in interior.iter().enumerate() {
            if edge.is_nan() || fenced.last().is_some_and(|&last| edge < last) {
                return Err(CalibrationError::BadEdge { index });
            }
            fenced.push(edge);
        }
        let all = |fits: fn(f64, f64, f64) -> bool| {
            interior.iter().zip(1..).all(|(&edge, k)| fits(edge, f64::from(k), bins as f64))
        };
        let spacing = if all(|edge, k, bins| edge == k / bins) {
            Spacing::Even
        } else if all(|edge, k, bins| (edge * bins - k).abs() < 0.25) {
            Spacing::Nearly
        } else {
            Spacing::Any
        };
        fenced.push(f64::INFINITY);
        Ok(Self { fenced, spacing })
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.fenced.len() - 1
    }

    /// The bin of a number that is not NaN.
    pub fn bin(&self, number: f64) -> usize {
        self.fenced[1..self.bins()].partition_point(|&edge| edge < number)
    }

    /// [`Self::bin`] plus one, of a probability: of edges that are nearly even, only the one whose place is the
    /// integer nearest to the probability times the number of bins can be on either side.
    #[inline(always)]
    fn place(&self, value: f64) -> usize {
        if self.spacing == Spacing::Any {
            return 1 + self.bin(value);
        }
        let nearest = (value * self.bins() as f64 + ROUNDER).to_bits() as u32 as usize;
        nearest + usize::from(self.fenced[nearest] < value)
    }
}

/// Added to a small number, leaves the nearest integer in the lowest bits.
const ROUNDER: f64 = (1_u64 << 52) as f64;

/// What a bin holds of one outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Number of probabilities.
    pub count: u64,
    /// Their sum, each rounded to the nearest multiple of 2^-60, in these units.
    pub probability: u128,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.probability += other.probability;
    }
}

/// What bins hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Of each bin, what did not happen (0) and what did (1).
    pub bins: Vec<[Sums; 2]>,
    /// The sum, over all bins, of the squares of the distances between probability and outcome, rounded as the
    /// probabilities are.
    pub squared_error: u128,
}

impl Table {
    /// Bins that hold nothing.
    pub fn empty(bins: usize) -> Self {
        Self { bins: vec![Default::default(); bins], squared_error: 0 }
    }
}

/// Of as many bins.
impl AddAssign<&Table> for Table {
    fn add_assign(&mut self, other: &Table) {
        for (own, &other) in self.bins.as_flattened_mut().iter_mut().zip(other.bins.as_flattened()) {
            *own += other;
        }
        self.squared_error += other.squared_error;
    }
}

/// Bits of the fraction of a sum.
pub(crate) const FRACTION: u32 = 60;

/// A sum as a number, rounded once.
pub fn rounded(sum: u128) -> f64 {
    sum as f64 / (1_u64 << FRACTION) as f64
}

/// Bins probabilities beside outcomes: 0 stands for what did not happen, any other for what did.
///
/// The same as adding each to `table.bins[edges.bin(probability)][outcome]`. O(n) time for even edges, O(n log bins)
/// for others; a quarter of a kilobyte a bin and thread, for more than 64 bins 32 bytes.
///
/// # Errors
/// [`CalibrationError`]: lengths that differ, or a number outside [0, 1].
///
/// ```
/// use lossary_core::calibration::{Edges, reliability, rounded};
/// let table = reliability(&[0.25, 0.5, 1.0], &[0, 1, 1], &Edges::even(2)?)?;
/// assert_eq!(table.bins[0][1].count, 1);
/// assert_eq!(rounded(table.bins[1][1].probability), 1.0);
/// assert_eq!(rounded(table.squared_error), 0.3125); // 1/16 + 1/4
/// # Ok::<(), lossary_core::calibration::CalibrationError>(())
/// ```
pub fn reliability<P: Probability>(
    probabilities: &[P],
    outcomes: &[u8],
    edges: &Edges,
) -> Result<Table, CalibrationError> {
    if probabilities.len() != outcomes.len() {
        let (probabilities, outcomes) = (probabilities.len(), outcomes.len());
        return Err(CalibrationError::LengthMismatch { probabilities, outcomes });
    }
    let threads = threads::threads_for(probabilities.len());
    let tables = threads::map(threads::parts(probabilities.len(), threads), threads, |part| {
        let (probabilities, outcomes) = (&probabilities[part.clone()], &outcomes[part]);
        match (edges.spacing == Spacing::Even, edges.bins() <= FEW_BINS) {
            (true, true) => widest(Pass::<P, true, COPIES> { probabilities, outcomes, edges }),
            (true, false) => widest(Pass::<P, true, 1> { probabilities, outcomes, edges }),
            (false, true) => widest(Pass::<P, false, COPIES> { probabilities, outcomes, edges }),
            (false, false) => widest(Pass::<P, false, 1> { probabilities, outcomes, edges }),
        }
    });
    if tables.iter().any(Option::is_none) {
        check(probabilities)?;
    }
    let mut sum = Table::empty(edges.bins());
    for table in tables.iter().flatten() {
        sum += table;
    }
    Ok(sum)
}

/// The bin of each probability.
///
/// # Errors
/// [`CalibrationError::NotAProbability`].
pub fn bins<P: Probability>(probabilities: &[P], edges: &Edges) -> Result<Vec<u32>, CalibrationError> {
    check(probabilities)?;
    Ok(probabilities.iter().map(|&probability| edges.bin(probability.into()) as u32).collect())
}

fn check<P: Probability>(probabilities: &[P]) -> Result<(), CalibrationError> {
    let mut values = probabilities.iter().map(|&probability| probability.into()).enumerate();
    match values.find(|(_, value)| !(0.0..=1.0).contains(value)) {
        Some((index, value)) => Err(CalibrationError::NotAProbability { index, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
