//! Placements of several score vectors on the same labels, and the covariance of their areas.
//!
//! The definitions stand in [`crate::delong`].

use crate::delong::{Delong, DelongError, Tied, check_sizes, scaled};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::order::Order;
use crate::platform::prefer_large_pages;
use crate::ranking::{Mass, RankingError, check_lengths};

/// Labels and weights, and the placements of each score vector that was added.
///
/// ```
/// use lossary_core::placements::Comparison;
/// let mut comparison = Comparison::new(&[0, 0, 1, 1], None)?;
/// comparison.add(&[0.1, 0.4, 0.35, 0.8])?;
/// comparison.add(&[1, 2, 3, 4])?; // without a mistake: it does not vary
/// let delong = comparison.delong();
/// assert_eq!((delong.areas.as_slice(), delong.covariance()), (&[0.75, 1.0][..], vec![0.125, 0.0, 0.0, 0.0]));
/// assert_eq!(delong.differences, [0.125]);
/// # Ok::<(), lossary_core::delong::DelongError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Comparison {
    labels: Vec<bool>,
    total: Tied,
    columns: Columns,
}

/// Placements in the order of the input, one column for each score vector.
#[derive(Debug, Clone)]
enum Columns {
    /// Doubled, as counts.
    Counted(Vec<Vec<u32>>),
    /// Weights relative to the largest, and placements as shares of the weight of the other class.
    Weighted(Vec<f64>, Vec<Vec<f64>>),
}

/// Doubled placements of a tie group, as counts.
struct Places {
    /// Of its positives: negatives below, twice, plus negatives that tie.
    of_positive: u64,
    /// Of its negatives: positives above, twice, plus positives that tie.
    of_negative: u64,
}

impl Places {
    #[inline(always)]
    fn of(below: Tied, tied: Tied, positives: u64) -> Self {
        Self {
            of_positive: 2 * below.negatives + tied.negatives,
            of_negative: 2 * (positives - below.positives) - tied.positives,
        }
    }
}

impl Comparison {
    /// Reads labels and weights. A label of 0 is negative, any other is positive; a weight of 0 drops out.
    ///
    /// # Errors
    /// [`DelongError`]: fewer than two samples of a class with weight, or 2^31 or more; lengths that differ; or a
    /// weight that is negative or not finite.
    pub fn new(labels: &[u8], weights: Option<&[f64]>) -> Result<Self, DelongError> {
        let labels: Vec<bool> = labels.iter().map(|&label| label != 0).collect();
        let positives = labels.iter().map(|&label| u64::from(label)).sum();
        let total = Tied { positives, negatives: labels.len() as u64 - positives };
        if total.positives.max(total.negatives) >= 1 << 31 {
            return Err(DelongError::TooLarge { samples: labels.len() });
        }
        let Some(weights) = weights else {
            check_sizes(total.positives, total.negatives)?;
            return Ok(Self { labels, total, columns: Columns::Counted(Vec::new()) });
        };
        check_lengths(&labels, weights)?;
        if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(RankingError::BadWeight { index }.into());
        }
        if let Some(index) = weights.iter().position(|&weight| weight < 0.0) {
            return Err(DelongError::NegativeWeight { index });
        }
        let present = |positive: bool| {
            let samples = labels.iter().zip(weights);
            samples.filter(|&(&label, &weight)| label == positive && weight > 0.0).count() as u64
        };
        check_sizes(present(true), present(false))?;
        // Relative to the largest, so that no sum overflows.
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let weights = weights.iter().map(|weight| weight / largest).collect();
        Ok(Self { labels, total, columns: Columns::Weighted(weights, Vec::new()) })
    }

    /// Adds a score vector, in O(n log n) time; 4 bytes a score stay (8 with weights), 8 more are needed in between.
    ///
    /// # Errors
    /// [`DelongError::Ranking`]: another number of scores than of labels, or a NaN.
    pub fn add<S: Score>(&mut self, scores: &[S]) -> Result<(), DelongError> {
        check_lengths(scores, &self.labels)?;
        let order = Order::of(scores)?;
        let Self { labels, total, columns } = self;
        match columns {
            Columns::Counted(columns) => {
                let mut column = vec![0; scores.len()];
                prefer_large_pages(&mut column);
                let mut below = Tied::default();
                for group in order.groups() {
                    let positives = group.iter().map(|&index| u64::from(labels[index as usize])).sum();
                    let tied = Tied { positives, negatives: group.len() as u64 - positives };
                    let places = Places::of(below, tied, total.positives);
                    for &index in group {
                        let index = index as usize;
                        let place = if labels[index] { places.of_positive } else { places.of_negative };
                        column[index] = place as u32;
                    }
                    below = below.and(tied);
                }
                columns.push(column);
            }
            Columns::Weighted(weights, columns) => {
                let mut column = vec![0.0; scores.len()];
                let total = [false, true].map(|class| of_class(labels, class, weights.iter().copied()));
                let mut below = [DoubleDouble::default(); 2];
                for group in order.groups() {
                    let mut tied = [DoubleDouble::default(); 2];
                    for index in group.iter().map(|&index| index as usize) {
                        let class = &mut tied[usize::from(labels[index])];
                        *class = class.add(weights[index].into());
                    }
                    let middle = |class: usize| below[class].to_f64() + 0.5 * tied[class].to_f64();
                    let (of_positive, of_negative) = (middle(0) / total[0], 1.0 - middle(1) / total[1]);
                    for index in group.iter().map(|&index| index as usize) {
                        column[index] = if labels[index] { of_positive } else { of_negative };
                    }
                    below = [below[0].add(tied[0]), below[1].add(tied[1])];
                }
                columns.push(column);
            }
        }
        Ok(())
    }

    /// Areas and covariance of the score vectors that were added, in O(k^2 n) time for k of them.
    pub fn delong(&self) -> Delong {
        match &self.columns {
            Columns::Counted(columns) => self.of_counts(columns),
            Columns::Weighted(weights, columns) => self.of_weights(weights, columns),
        }
    }

    fn of_counts(&self, columns: &[Vec<u32>]) -> Delong {
        let Tied { positives, negatives } = self.total;
        let sums: Vec<[i128; 2]> = columns
            .iter()
            .map(|column| {
                let all: u64 = column.iter().map(|&place| u64::from(place)).sum();
                let own: u64 = column
                    .iter()
                    .zip(&self.labels)
                    .map(|(&place, &label)| u64::from(place) * u64::from(label))
                    .sum();
                [i128::from(own), i128::from(all - own)]
            })
            .collect();
        // At fewer than 2^32 samples no product exceeds 2^126.
        let centred = Symmetric::new(columns.len(), |a, b| {
            let [own, other] = self.products(&columns[a], &columns[b]);
            [
                i128::from(positives) * own - sums[a][0] * sums[b][0],
                i128::from(negatives) * other - sums[a][1] * sums[b][1],
            ]
        });
        let parts = |[own, other]: [i128; 2]| {
            [scaled(own, positives, negatives), scaled(other, negatives, positives)]
        };
        let difference = |a: usize, b: usize| {
            let (first, both, second) = (centred.at(a, a), centred.at(a, b), centred.at(b, b));
            parts([0, 1].map(|class| first[class] - 2 * both[class] + second[class]))
        };
        let pairs = (2 * i128::from(positives) * i128::from(negatives)) as f64;
        Delong {
            areas: sums.iter().map(|sum| sum[0] as f64 / pairs).collect(),
            of_positives: centred.entries(|entry| parts(entry)[0]),
            of_negatives: centred.entries(|entry| parts(entry)[1]),
            differences: of_pairs(columns.len(), difference),
            positives: positives as f64,
            negatives: negatives as f64,
        }
    }

    /// Sums of the products of two columns, over positives and negatives.
    fn products(&self, first: &[u32], second: &[u32]) -> [i128; 2] {
        // As many products as fit in 64 bits.
        let most = 2 * self.total.positives.max(self.total.negatives);
        let block = 1 << (64 - 2 * (u64::BITS - most.leading_zeros())).min(16);
        let (mut all, mut own) = (0_i128, 0_i128);
        let labels = self.labels.chunks(block);
        for ((first, second), labels) in first.chunks(block).zip(second.chunks(block)).zip(labels) {
            let (mut sum, mut of_positives) = (0_u64, 0_u64);
            for ((&a, &b), &label) in first.iter().zip(second).zip(labels) {
                let product = u64::from(a) * u64::from(b);
                sum += product;
                of_positives += product & u64::from(label).wrapping_neg();
            }
            all += i128::from(sum);
            own += i128::from(of_positives);
        }
        [own, all - own]
    }

    fn of_weights(&self, weights: &[f64], columns: &[Vec<f64>]) -> Delong {
        let labels = &self.labels;
        let total = |class: bool| of_class(labels, class, weights.iter().copied());
        let mass = [total(true), total(false)];
        let mean =
            |column: &[f64]| of_class(labels, true, weights.iter().zip(column).map(|(w, v)| w * v)) / mass[0];
        let areas: Vec<f64> = columns.iter().map(|column| mean(column)).collect();
        let squares =
            [true, false].map(|class| of_class(labels, class, weights.iter().map(|weight| weight * weight)));
        let sizes = [0, 1].map(|class| mass[class] * mass[class] / squares[class]);
        // The effective sizes as divisors, of the products of deviations of each sample.
        let parts = |products: &dyn Fn(usize) -> f64| {
            [(0, true), (1, false)].map(|(part, class)| {
                let terms =
                    weights.iter().enumerate().map(|(index, weight)| weight * weight * products(index));
                of_class(labels, class, terms) / (mass[part] * mass[part])
                    * (sizes[part] / (sizes[part] - 1.0))
            })
        };
        let covariance = Symmetric::new(columns.len(), |a, b| {
            parts(&|index| (columns[a][index] - areas[a]) * (columns[b][index] - areas[b]))
        });
        let difference = |a: usize, b: usize| {
            let distance = |index: usize| columns[a][index] - columns[b][index] - (areas[a] - areas[b]);
            parts(&|index| distance(index) * distance(index))
        };
        Delong {
            of_positives: covariance.entries(|entry| entry[0]),
            of_negatives: covariance.entries(|entry| entry[1]),
            differences: of_pairs(columns.len(), difference),
            areas,
            positives: sizes[0],
            negatives: sizes[1],
        }
    }
}

/// The sum of the terms of one class, in about 106 bits.
fn of_class(labels: &[bool], class: bool, terms: impl Iterator<Item = f64>) -> f64 {
    let own = labels.iter().zip(terms).filter(|&(&label, _)| label == class);
    own.fold(DoubleDouble::default(), |sum, (_, term)| sum.add(term.into())).to_f64()
}

/// The sum of both classes' parts for each two columns: (0, 1), (0, 2), ..., (1, 2), ...
fn of_pairs(columns: usize, parts: impl Fn(usize, usize) -> [f64; 2]) -> Vec<f64> {
    let pairs = (0..columns).flat_map(|a| (a + 1..columns).map(move |b| (a, b)));
    pairs.map(|(a, b)| parts(a, b).iter().sum()).collect()
}

/// A symmetric matrix of which each entry is computed once.
struct Symmetric<T> {
    size: usize,
    /// Row by row, from the diagonal on.
    upper: Vec<T>,
}

impl<T: Copy> Symmetric<T> {
    fn new(size: usize, entry: impl Fn(usize, usize) -> T) -> Self {
        let upper = (0..size).flat_map(|row| (row..size).map(move |column| (row, column)));
        Self { size, upper: upper.map(|(row, column)| entry(row, column)).collect() }
    }

    fn at(&self, row: usize, column: usize) -> T {
        let (row, column) = (row.min(column), row.max(column));
        self.upper[row * self.size - row * (row + 1) / 2 + column]
    }

    /// All entries, row by row.
    fn entries<R>(&self, of: impl Fn(T) -> R) -> Vec<R> {
        (0..self.size * self.size).map(|index| of(self.at(index / self.size, index % self.size))).collect()
    }
}
