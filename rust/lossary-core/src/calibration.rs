//! Reliability of probabilities: what each bin of them holds, in one pass and in integers.
//!
//! A bin keeps, apart for events that happened and that did not, how many there are, the sum of their
//! probabilities, and the sum of the squared errors, both in units of 2^-60. Integers add up to the same bits in
//! any order, so neither threads, nor the cut into batches, nor the order of merges can change what they give.

use crate::brier::Probability;
use crate::platform::{Work, widest};
use crate::threads;
use std::fmt;
use std::ops::AddAssign;

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
    /// Whether the edge k lies within a quarter of a bin of k bins above zero: then the bin is found without a search.
    even: bool,
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
        let place = |edge: f64, k: usize| (edge * bins as f64 - k as f64).abs();
        let even = interior.iter().zip(1..).all(|(&edge, k)| place(edge, k) < 0.25);
        fenced.push(f64::INFINITY);
        Ok(Self { fenced, even })
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.fenced.len() - 1
    }

    /// The bin of a number that is not NaN.
    pub fn bin(&self, number: f64) -> usize {
        self.fenced[1..self.bins()].partition_point(|&edge| edge < number)
    }

    /// [`Self::bin`] plus one, given the integer nearest to the probability times the number of bins: for even
    /// edges, only the edge of that place can be on either side. Any result up to one more than the number of bins
    /// for a number that is no probability.
    #[inline(always)]
    fn place<const EVEN: bool>(&self, value: f64, nearest: u64) -> usize {
        if !EVEN {
            return 1 + self.bin(value);
        }
        let nearest = (nearest as usize).min(self.fenced.len() - 1);
        nearest + usize::from(self.fenced[nearest] < value)
    }
}

/// What a bin holds of one outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Number of probabilities.
    pub count: u64,
    /// Their sum, each rounded down to a multiple of 2^-60, in these units.
    pub probability: u128,
    /// The sum of the squares of their distances from the outcome, rounded in the same way.
    pub squared_error: u128,
}

/// Bits of the fraction of a sum.
pub(crate) const FRACTION: i32 = 60;

impl Sums {
    /// The sums of probabilities and of squared errors, rounded once.
    pub fn rounded(self) -> (f64, f64) {
        let unit = 2.0_f64.powi(-FRACTION);
        (self.probability as f64 * unit, self.squared_error as f64 * unit)
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.probability += other.probability;
        self.squared_error += other.squared_error;
    }
}

/// The bins, each with what did not happen (0) and what did (1).
pub type Table = Vec<[Sums; 2]>;

/// Bins probabilities beside outcomes: 0 stands for what did not happen, any other for what did.
///
/// The same as adding each to `table[edges.bin(probability)][outcome]`. O(n) time for even edges, O(n log bins)
/// for others; half a kilobyte a bin and thread, for more than 64 bins 64 bytes.
///
/// # Errors
/// [`CalibrationError`]: lengths that differ, or a number outside [0, 1].
///
/// ```
/// use lossary_core::calibration::{Edges, reliability};
/// let table = reliability(&[0.25, 0.5, 1.0], &[0, 1, 1], &Edges::even(2)?)?;
/// assert_eq!(table[0][1].count, 1);
/// assert_eq!(table[1][1].rounded(), (1.0, 0.0)); // a sure event that happened
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
        match (edges.even, edges.bins() <= FEW_BINS) {
            (true, true) => widest(Pass::<P, true, COPIES> { probabilities, outcomes, edges }),
            (true, false) => widest(Pass::<P, true, 1> { probabilities, outcomes, edges }),
            (false, true) => widest(Pass::<P, false, COPIES> { probabilities, outcomes, edges }),
            (false, false) => widest(Pass::<P, false, 1> { probabilities, outcomes, edges }),
        }
    });
    if tables.iter().any(Option::is_none) {
        check(probabilities)?;
    }
    let mut sum = vec![[Sums::default(); 2]; edges.bins()];
    for table in tables.into_iter().flatten() {
        add(&mut sum, &table);
    }
    Ok(sum)
}

/// Adds the bins of another table of as many.
pub(crate) fn add(sum: &mut [[Sums; 2]], table: &[[Sums; 2]]) {
    for (own, other) in sum.as_flattened_mut().iter_mut().zip(table.as_flattened()) {
        *own += *other;
    }
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

/// Copies of a bin side by side, so that neighbours in one bin need not wait for each other.
const COPIES: usize = 8;

/// Up to so many bins, the copies of all fit the fastest cache; with more, neighbours seldom meet.
const FEW_BINS: usize = 64;

/// Probabilities that are prepared together.
const BLOCK: usize = 64;

/// A cell: the sum of probabilities, above it the count in 32 bits, and the sum of squared errors.
type Cell = [u128; 2];

const COUNT: u32 = 96;

struct Pass<'a, P, const EVEN: bool, const LANES: usize> {
    probabilities: &'a [P],
    outcomes: &'a [u8],
    edges: &'a Edges,
}

/// A number in [0, 1] in units of 2^-60, rounded down; any integer for another.
#[inline(always)]
fn units(number: f64) -> u64 {
    const TINY: f64 = 1.0 / (1_u64 << (FRACTION + 1)) as f64;
    let bits = if number > TINY { number.to_bits() } else { TINY.to_bits() };
    let significand = (bits & ((1 << 52) - 1)) | 1 << 52;
    (significand << (FRACTION - 52)) >> (1023_u64.wrapping_sub(bits >> 52) & 63)
}

impl<P: Probability, const EVEN: bool, const LANES: usize> Work for Pass<'_, P, EVEN, LANES> {
    /// None when a number is no probability.
    type Output = Option<Table>;

    #[inline(always)]
    fn run(self) -> Option<Table> {
        // A place below the first bin and one above the last catch what is no probability.
        let mut cells = vec![[[0; 2]; LANES]; 2 * (self.edges.bins() + 2)];
        let (blocks, rest) = self.probabilities.as_chunks::<BLOCK>();
        let (outcome_blocks, outcome_rest) = self.outcomes.as_chunks::<BLOCK>();
        let (mut valid, mut values) = (true, [0.0; BLOCK]);
        for (block, outcomes) in blocks.iter().zip(outcome_blocks) {
            // No closure: library code that calls one is not compiled for wider registers.
            for (value, &given) in values.iter_mut().zip(block) {
                *value = given.into();
            }
            valid &= add_block::<EVEN, LANES>(&mut cells, self.edges, &values, outcomes, BLOCK);
        }
        let mut outcomes = [0; BLOCK];
        values = [0.0; BLOCK];
        for (value, &given) in values.iter_mut().zip(rest) {
            *value = given.into();
        }
        outcomes[..rest.len()].copy_from_slice(outcome_rest);
        valid &= add_block::<EVEN, LANES>(&mut cells, self.edges, &values, &outcomes, rest.len());
        let table = cells.as_chunks::<2>().0.get(1..=self.edges.bins())?;
        valid.then(|| table.iter().map(|bin| bin.map(|lanes| total(&lanes))).collect())
    }
}

/// Adds the first values of a block; false when one is no probability.
#[inline(always)]
fn add_block<const EVEN: bool, const LANES: usize>(
    cells: &mut [[Cell; LANES]],
    edges: &Edges,
    values: &[f64; BLOCK],
    outcomes: &[u8; BLOCK],
    count: usize,
) -> bool {
    /// Added to a small number, leaves the nearest integer in the lowest bits.
    const ROUNDER: f64 = (1_u64 << 52) as f64;
    const LOWEST: u64 = u32::MAX as u64;
    let bins = edges.bins() as f64;
    let (mut nearest, mut linear, mut squares) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
    let mut outside = 0_u64;
    for index in 0..BLOCK {
        let value = values[index];
        let distance = value - f64::from(u8::from(outcomes[index] != 0));
        outside |= u64::from(!(0.0..=1.0).contains(&value));
        nearest[index] = (value * bins + ROUNDER).to_bits() & LOWEST;
        linear[index] = units(value);
        squares[index] = units(distance * distance);
    }
    for index in 0..count {
        let place = edges.place::<EVEN>(values[index], nearest[index]);
        let [probability, square] = &mut cells[2 * place + usize::from(outcomes[index] != 0)][index % LANES];
        *probability = probability.wrapping_add(u128::from(linear[index]) | 1 << COUNT);
        *square = square.wrapping_add(u128::from(squares[index]));
    }
    outside == 0
}

fn total(lanes: &[Cell]) -> Sums {
    let mut total = Sums::default();
    for [probability, squared_error] in lanes {
        let (count, probability) = ((probability >> COUNT) as u64, probability & ((1 << COUNT) - 1));
        total += Sums { count, probability, squared_error: *squared_error };
    }
    total
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
