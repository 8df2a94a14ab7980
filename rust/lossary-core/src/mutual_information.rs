//! How much one labelling says about another: mutual information, normalised, or adjusted for chance.
//!
//! Source: Strehl and Ghosh, Cluster ensembles, Journal of Machine Learning Research 3, 2002; Vinh, Epps and Bailey,
//! Information theoretic measures for clusterings comparison, Journal of Machine Learning Research 11, 2010.

use crate::contingency::Contingency;
use crate::double_double::DoubleDouble;
use crate::ranking::Mass;
use crate::threads;

/// Rows of distinct size that one job takes.
const ROWS: usize = 16;

/// Of this share of the sum so far, a term of the expected value no longer counts.
const NEGLIGIBLE: f64 = 1e-32;

/// Which mean of the two entropies stands for the most that two labellings can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// Half their sum.
    Arithmetic,
    /// The root of their product.
    Geometric,
    /// The larger one.
    Max,
    /// The smaller one.
    Min,
}

impl Average {
    fn of(self, [first, second]: [f64; 2]) -> f64 {
        match self {
            Self::Arithmetic => 0.5 * (first + second),
            Self::Geometric => (first * second).sqrt(),
            Self::Max => first.max(second),
            Self::Min => first.min(second),
        }
    }
}

impl Contingency {
    /// Mutual information over the average of the two entropies, in [0, 1].
    ///
    /// The same partition under any names gives exactly 1, and independent labels exactly 0.
    ///
    /// ```
    /// use lossary_core::contingency::{Codes, Contingency};
    /// use lossary_core::mutual_information::Average;
    /// let table = Contingency::of(&Codes::of(&[0, 0, 1, 1])?, &Codes::of(&[0, 0, 1, 2])?)?;
    /// assert_eq!(table.normalized_mutual_information(Average::Arithmetic), 0.8); // ln 2 / (1.25 ln 4)
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    pub fn normalized_mutual_information(&self, average: Average) -> f64 {
        if self.is_one_partition() {
            return 1.0;
        }
        let information = self.mutual_information();
        if information < f64::EPSILON {
            return 0.0;
        }
        (information / average.of(self.entropies())).min(1.0)
    }

    /// Mutual information beyond that of labels dealt out at random, over the most that this can be: 1 for the same
    /// partition, 0 by chance.
    ///
    /// Exactly 0 where every deal gives the same information: one class on a side, or one sample in each.
    pub fn adjusted_mutual_information(&self, average: Average) -> f64 {
        if self.is_one_partition() {
            return 1.0;
        }
        if self.classes().iter().any(|&classes| classes == 1 || classes as u64 == self.samples) {
            return 0.0;
        }
        let expected = self.expected_mutual_information();
        let most = average.of(self.entropies()) - expected;
        let most = if most < 0.0 { most.min(-f64::EPSILON) } else { most.max(f64::EPSILON) };
        (self.mutual_information() - expected) / most
    }

    /// Both labellings cut the samples in the same way.
    fn is_one_partition(&self) -> bool {
        self.classes() == [self.filled(); 2]
    }

    fn mutual_information(&self) -> f64 {
        let samples = self.samples as f64;
        let terms = self.cells.iter().map(|&(row, column, count)| {
            let expected = self.rows[row as usize] as f64 * self.columns[column as usize] as f64;
            count as f64 * (samples * count as f64 / expected).ln()
        });
        (sum(terms) / samples).max(0.0)
    }

    fn entropies(&self) -> [f64; 2] {
        let samples = self.samples as f64;
        [&self.rows, &self.columns].map(|counts| {
            let counts = counts.iter().filter(|&&count| count > 0).map(|&count| count as f64);
            sum(counts.map(|count| count * (samples / count).ln())) / samples
        })
    }

    /// The mean over all deals of the labels. It depends on the sizes of the classes alone, of which there are at
    /// most O(sqrt(n)) distinct ones; each pair of them takes O(standard deviation of their overlap) time.
    fn expected_mutual_information(&self) -> f64 {
        let [rows, columns] = [&self.rows, &self.columns].map(|counts| distinct_sizes(counts));
        let jobs: Vec<_> = rows.chunks(ROWS).collect();
        let threads = threads::threads_for(rows.len() * columns.len() * 16);
        let parts = threads::map(jobs, threads, |rows| {
            let mut part = DoubleDouble::default();
            for &(row, row_times) in rows {
                for &(column, column_times) in &columns {
                    let times = row_times * column_times;
                    part =
                        part.add(DoubleDouble::from(times * expected_term(row, column, self.samples as f64)));
                }
            }
            part
        });
        parts.into_iter().fold(DoubleDouble::default(), Mass::add).to_f64() / self.samples as f64
    }
}

fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    terms.map(DoubleDouble::from).fold(DoubleDouble::default(), Mass::add).to_f64()
}

/// Sizes of classes, ascending, and how many classes have each.
fn distinct_sizes(counts: &[u64]) -> Vec<(f64, f64)> {
    let mut sizes: Vec<u64> = counts.iter().copied().filter(|&count| count > 0).collect();
    sizes.sort_unstable();
    sizes.chunk_by(|a, b| a == b).map(|same| (same[0] as f64, same.len() as f64)).collect()
}

/// The mean of `overlap * ln(samples * overlap / (row * column))`, where the overlap of two classes is
/// hypergeometric.
///
/// Shares are taken relative to that of the most likely overlap, by the ratio of neighbours, and divided by their
/// sum: no factorials.
fn expected_term(row: f64, column: f64, samples: f64) -> f64 {
    let rest = samples - row - column;
    let scale = samples / (row * column);
    let least = (-rest).max(0.0);
    let likely = ((row + 1.0) * (column + 1.0) / (samples + 2.0)).floor().clamp(least, row.min(column));
    let value = |overlap: f64| if overlap > 0.0 { overlap * (overlap * scale).ln() } else { 0.0 };
    let (mut shares, mut overlaps, mut mean) = (1.0, likely, value(likely));
    let mut count = |share: f64, overlap: f64| {
        shares += share;
        overlaps += share * overlap;
        mean += share * value(overlap);
        share * overlap > NEGLIGIBLE * overlaps
    };
    let (mut share, mut overlap) = (1.0, likely);
    while overlap < row.min(column) {
        share *= (row - overlap) * (column - overlap) / ((overlap + 1.0) * (rest + overlap + 1.0));
        overlap += 1.0;
        if !count(share, overlap) {
            break;
        }
    }
    (share, overlap) = (1.0, likely);
    while overlap > least {
        share *= overlap * (rest + overlap) / ((row - overlap + 1.0) * (column - overlap + 1.0));
        overlap -= 1.0;
        if !count(share, overlap) {
            break;
        }
    }
    mean / shares
}
