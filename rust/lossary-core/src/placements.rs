//! Placements of several score vectors on the same labels, and the covariance of their areas.
//!
//! The definitions stand in [`crate::delong`].

use crate::delong::{Delong, DelongError, Moments, Places, Tied, check_sizes, scaled};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::{Mass, RankingError, check_lengths};
use crate::ranks::{position, sort};
use std::ops::Range;

/// Labels and weights, and the placements of each score vector that was added.
///
/// ```
/// use lossary_core::placements::Comparison;
/// let mut comparison = Comparison::new(&[0, 0, 1, 1], None)?;
/// comparison.add(&[0.1, 0.4, 0.35, 0.8])?;
/// comparison.add(&[1, 2, 3, 4])?; // without a mistake: it does not vary
/// let delong = comparison.delong();
/// assert_eq!((delong.areas.as_slice(), delong.covariance()), (&[0.75, 1.0][..], vec![0.125, 0.0, 0.0, 0.0]));
/// # Ok::<(), lossary_core::delong::DelongError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Where the placement of each sample stands in a column: positives first, both classes in order.
    places: Vec<u32>,
    positives: usize,
    columns: Columns,
}

#[derive(Debug, Clone)]
enum Columns {
    /// Doubled placements, as counts.
    Counted(Vec<Vec<u64>>),
    /// Weights in the order of places, and placements as shares of the weight of the other class.
    Weighted(Vec<f64>, Vec<Vec<f64>>),
}

impl Comparison {
    /// Reads labels and weights. A label of 0 is negative, any other is positive; a weight of 0 drops out.
    ///
    /// # Errors
    /// [`DelongError`]: fewer than two samples of a class with weight, 2^32 samples or more, lengths that differ,
    /// or a weight that is negative or not finite.
    pub fn new(labels: &[u8], weights: Option<&[f64]>) -> Result<Self, DelongError> {
        if u32::try_from(labels.len()).is_err() {
            return Err(RankingError::TooMany { scores: labels.len() }.into());
        }
        let positives = labels.iter().filter(|&&label| label != 0).count();
        let mut next = [positives as u32, 0];
        let place = |&label: &u8| {
            let next = &mut next[usize::from(label != 0)];
            *next += 1;
            *next - 1
        };
        let places: Vec<u32> = labels.iter().map(place).collect();
        let Some(weights) = weights else {
            check_sizes(positives as u64, (labels.len() - positives) as u64)?;
            return Ok(Self { places, positives, columns: Columns::Counted(Vec::new()) });
        };
        check_lengths(labels, weights)?;
        if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(RankingError::BadWeight { index }.into());
        }
        if let Some(index) = weights.iter().position(|&weight| weight < 0.0) {
            return Err(DelongError::NegativeWeight { index });
        }
        // Relative to the largest, so that no sum overflows.
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let mut by_place = vec![0.0; labels.len()];
        for (&place, &weight) in places.iter().zip(weights) {
            by_place[place as usize] = weight / largest;
        }
        let present =
            |places: Range<usize>| by_place[places].iter().filter(|&&weight| weight > 0.0).count() as u64;
        check_sizes(present(0..positives), present(positives..labels.len()))?;
        Ok(Self { places, positives, columns: Columns::Weighted(by_place, Vec::new()) })
    }

    /// Adds a score vector, in O(n log n) time; 8 bytes a score stay, 8 more are needed in between.
    ///
    /// # Errors
    /// [`DelongError::Ranking`]: another number of scores than of labels, or a NaN.
    pub fn add<S: Score>(&mut self, scores: &[S]) -> Result<(), DelongError> {
        check_lengths(scores, &self.places)?;
        let sorted = sort(scores)?;
        let positives = self.positives;
        let place = |word: u64| self.places[position(word) as usize] as usize;
        match &mut self.columns {
            Columns::Counted(columns) => {
                let mut column = vec![0; scores.len()];
                let mut below = Tied::default();
                sorted.tie_groups(|group| {
                    let among = group.iter().filter(|&&word| place(word) < positives).count() as u64;
                    let tied = Tied { positives: among, negatives: group.len() as u64 - among };
                    let places = Places::of(below, tied, positives as u64);
                    for place in group.iter().map(|&word| place(word)) {
                        column[place] =
                            if place < positives { places.of_positive } else { places.of_negative };
                    }
                    below.positives += tied.positives;
                    below.negatives += tied.negatives;
                });
                columns.push(column);
            }
            Columns::Weighted(weights, columns) => {
                let mut column = vec![0.0; scores.len()];
                let mass = |places: Range<usize>| sum(weights[places].iter().copied());
                let (own, other) = (mass(0..positives), mass(positives..weights.len()));
                let mut below = [DoubleDouble::default(); 2];
                sorted.tie_groups(|group| {
                    let mut tied = [DoubleDouble::default(); 2];
                    for place in group.iter().map(|&word| place(word)) {
                        let class = &mut tied[usize::from(place < positives)];
                        *class = class.add(weights[place].into());
                    }
                    let middle = |class: usize| below[class].to_f64() + 0.5 * tied[class].to_f64();
                    let (of_positive, of_negative) = (middle(0) / other, 1.0 - middle(1) / own);
                    for place in group.iter().map(|&word| place(word)) {
                        column[place] = if place < positives { of_positive } else { of_negative };
                    }
                    below = [below[0].add(tied[0]), below[1].add(tied[1])];
                });
                columns.push(column);
            }
        }
        Ok(())
    }

    /// The variance of the difference of two areas, by the numbers of their score vectors, in O(n) time; None if there
    /// are no such vectors.
    ///
    /// The same as `V_aa + V_bb - 2 V_ab`, without what cancels there when two vectors rank nearly alike.
    pub fn variance_of_difference(&self, first: usize, second: usize) -> Option<f64> {
        let (positives, size) = (self.positives, self.places.len());
        match &self.columns {
            Columns::Counted(columns) => {
                let (first, second) = (columns.get(first)?, columns.get(second)?);
                let part = |places: Range<usize>| {
                    let (own, other) = (places.len(), size - places.len());
                    let (mut sum, mut squares) = (0_i128, 0_i128);
                    for (&a, &b) in first[places.clone()].iter().zip(&second[places]) {
                        let difference = i128::from(a) - i128::from(b);
                        sum += difference;
                        squares += difference * difference;
                    }
                    scaled(own as i128 * squares - sum * sum, own as u64, other as u64)
                };
                Some(part(0..positives) + part(positives..size))
            }
            Columns::Weighted(weights, columns) => {
                let (first, second) = (columns.get(first)?, columns.get(second)?);
                let part = |places: Range<usize>| {
                    let weights = &weights[places.clone()];
                    let differences =
                        || first[places.clone()].iter().zip(&second[places.clone()]).map(|(a, b)| a - b);
                    let mean = sum(weights
                        .iter()
                        .zip(differences())
                        .map(|(weight, difference)| weight * difference))
                        / sum(weights.iter().copied());
                    spread(weights, differences().map(|difference| (difference - mean) * (difference - mean)))
                };
                Some(part(0..positives) + part(positives..size))
            }
        }
    }

    /// Areas and covariance of the score vectors that were added, in O(k^2 n) time for k of them.
    pub fn delong(&self) -> Delong {
        let (positives, size) = (self.positives, self.places.len());
        match &self.columns {
            Columns::Counted(columns) => {
                let (own, other) = (positives as u64, (size - positives) as u64);
                let moments = |places: Range<usize>, first: usize, second: usize| {
                    let mut moments = Moments::default();
                    for (&a, &b) in columns[first][places.clone()].iter().zip(&columns[second][places]) {
                        moments.add(a, b, 1);
                    }
                    moments
                };
                let pairs = 2 * u128::from(own) * u128::from(other);
                let area = |column: &Vec<u64>| {
                    column[..positives].iter().map(|&doubled| u128::from(doubled)).sum::<u128>() as f64
                        / pairs as f64
                };
                Delong {
                    areas: columns.iter().map(area).collect(),
                    of_positives: symmetric(columns.len(), |a, b| {
                        moments(0..positives, a, b).covariance(own, other)
                    }),
                    of_negatives: symmetric(columns.len(), |a, b| {
                        moments(positives..size, a, b).covariance(other, own)
                    }),
                    positives: own as f64,
                    negatives: other as f64,
                }
            }
            Columns::Weighted(weights, columns) => {
                let (own, other) = weights.split_at(positives);
                let mean = |column: &Vec<f64>| {
                    let terms = own.iter().zip(column).map(|(weight, share)| weight * share);
                    sum(terms) / sum(own.iter().copied())
                };
                let areas: Vec<f64> = columns.iter().map(mean).collect();
                let part = |weights: &[f64], start: usize, first: usize, second: usize| {
                    let pairs = columns[first][start..].iter().zip(&columns[second][start..]);
                    spread(weights, pairs.map(|(a, b)| (a - areas[first]) * (b - areas[second])))
                };
                Delong {
                    of_positives: symmetric(columns.len(), |a, b| part(own, 0, a, b)),
                    of_negatives: symmetric(columns.len(), |a, b| part(other, positives, a, b)),
                    positives: effective_size(own),
                    negatives: effective_size(other),
                    areas,
                }
            }
        }
    }
}

/// `(n / (n - 1)) sum (w / W)^2 d` of products of deviations `d`, with the effective size n.
fn spread(weights: &[f64], products: impl Iterator<Item = f64>) -> f64 {
    let (mass, size) = (sum(weights.iter().copied()), effective_size(weights));
    sum(weights.iter().zip(products).map(|(weight, product)| weight * weight * product)) / (mass * mass)
        * (size / (size - 1.0))
}

/// `(sum w)^2 / sum w^2`: how many equal weights tell as much.
fn effective_size(weights: &[f64]) -> f64 {
    let mass = sum(weights.iter().copied());
    mass * mass / sum(weights.iter().map(|weight| weight * weight))
}

/// A sum that carries about 106 bits.
fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    terms.fold(DoubleDouble::default(), |sum, term| sum.add(term.into())).to_f64()
}

/// A symmetric matrix, row by row; each entry is computed once.
fn symmetric(size: usize, entry: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut matrix = vec![0.0; size * size];
    for row in 0..size {
        for column in row..size {
            let value = entry(row, column);
            matrix[row * size + column] = value;
            matrix[column * size + row] = value;
        }
    }
    matrix
}
