//! How two labellings of the same samples meet: a sparse table of counts.

use crate::kendall::repeated;
use crate::keys::{Key, Score};
use crate::order::Order;
use crate::ranking::{RankingError, survey};

/// Labels as small integers; which number stands for which label does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    codes: Vec<u32>,
    /// Above all codes.
    bound: usize,
}

impl Codes {
    /// Codes of any labels: their distance from the smallest where they are dense integers, else their dense rank.
    ///
    /// # Errors
    /// [`RankingError`]: no labels, 2^32 of them or more, or a NaN.
    pub fn of<S: Score>(labels: &[S]) -> Result<Self, RankingError> {
        if u32::try_from(labels.len()).is_err() {
            return Err(RankingError::TooMany { scores: labels.len() });
        }
        let survey = survey(labels)?;
        let lowest = survey.min.key().bin(0);
        let range = survey.max.key().bin(0) - lowest;
        if range < 2 * labels.len() as u64 {
            let codes = labels.iter().map(|label| (label.key().bin(0) - lowest) as u32).collect();
            return Ok(Self { codes, bound: range as usize + 1 });
        }
        let order = Order::of(labels)?;
        Ok(Self { codes: order.dense_ranks(), bound: order.distinct() })
    }
}

/// Counts of samples by their two labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contingency {
    /// Number of samples.
    pub samples: u64,
    /// First code, second code and count, where it is not zero, in ascending order.
    pub(crate) cells: Vec<(u32, u32, u64)>,
    /// Samples by first code.
    pub(crate) rows: Vec<u64>,
    /// Samples by second code.
    pub(crate) columns: Vec<u64>,
}

impl Contingency {
    /// Counts the samples, in O(n) time where the table is at most a few times larger than n, else O(n log n).
    ///
    /// # Errors
    /// [`RankingError::LengthMismatch`].
    ///
    /// ```
    /// use lossary_core::contingency::{Codes, Contingency};
    /// let table = Contingency::of(&Codes::of(&[5, 5, 9])?, &Codes::of(&[1, 1, 1])?)?;
    /// assert_eq!((table.samples, table.filled(), table.classes()), (3, 2, [2, 1]));
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    pub fn of(first: &Codes, second: &Codes) -> Result<Self, RankingError> {
        check_lengths(first, second)?;
        Ok(Self::weighed(first, second, first.codes.len() as u64, |_| 1))
    }

    /// The counts after each sample is repeated some number of times.
    ///
    /// # Errors
    /// [`RankingError`]: lengths that differ, or 2^32 samples in all.
    pub fn of_repeated(first: &Codes, second: &Codes, times: &[u32]) -> Result<Self, RankingError> {
        check_lengths(first, second)?;
        let samples = repeated(first.codes.len(), times)?;
        Ok(Self::weighed(first, second, samples, |position| u64::from(times[position])))
    }

    fn weighed(first: &Codes, second: &Codes, samples: u64, times: impl Fn(usize) -> u64) -> Self {
        let pairs = || first.codes.iter().zip(&second.codes).enumerate();
        let cells = match first.bound.checked_mul(second.bound) {
            Some(size) if size <= 4 * first.codes.len() + (1 << 12) => {
                let mut table = vec![0; size];
                for (position, (&row, &column)) in pairs() {
                    table[row as usize * second.bound + column as usize] += times(position);
                }
                cells_of_table(&table, second.bound)
            }
            _ => cells_of_pairs(pairs().map(|(position, (&row, &column))| (row, column, times(position)))),
        };
        let (mut rows, mut columns) = (vec![0; first.bound], vec![0; second.bound]);
        for &(row, column, count) in &cells {
            rows[row as usize] += count;
            columns[column as usize] += count;
        }
        Self { samples, cells, rows, columns }
    }

    /// Number of cells that hold a sample.
    pub fn filled(&self) -> usize {
        self.cells.len()
    }

    /// Number of distinct first and second labels.
    pub fn classes(&self) -> [usize; 2] {
        [&self.rows, &self.columns].map(|counts| counts.iter().filter(|&&count| count > 0).count())
    }
}

fn check_lengths(first: &Codes, second: &Codes) -> Result<(), RankingError> {
    if first.codes.len() == second.codes.len() {
        return Ok(());
    }
    Err(RankingError::LengthMismatch { scores: second.codes.len(), other: first.codes.len() })
}

fn cells_of_table(table: &[u64], columns: usize) -> Vec<(u32, u32, u64)> {
    let mut cells = Vec::new();
    for (row, counts) in table.chunks(columns).enumerate() {
        for (column, &count) in counts.iter().enumerate() {
            if count > 0 {
                cells.push((row as u32, column as u32, count));
            }
        }
    }
    cells
}

fn cells_of_pairs(samples: impl Iterator<Item = (u32, u32, u64)>) -> Vec<(u32, u32, u64)> {
    let mut samples: Vec<_> = samples.filter(|&(_, _, count)| count > 0).collect();
    samples.sort_unstable();
    samples.dedup_by(|next, kept| {
        let same = (next.0, next.1) == (kept.0, kept.1);
        kept.2 += if same { next.2 } else { 0 };
        same
    });
    samples
}
