//! Losses over all pairs of samples in the order that they come, with their labels.

use super::groups::{Averaging, grouped_all_pairs};
use super::{AllPairsError, Parameters, Side, Surrogate, all_pairs, curvature_product};
use crate::keys::Score;
use crate::platform::zeros;

/// Samples with labels: 0 is a negative, any other a positive. Rows of `width` samples are groups of their own.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a, S> {
    /// The scores, row after row.
    pub scores: &'a [S],
    /// As many labels.
    pub labels: &'a [u8],
    /// As many weights, or none for ones.
    pub weights: Option<&'a [f64]>,
    /// Samples of a row.
    pub width: usize,
}

impl<'a, S: Score + Into<f64>> Labelled<'a, S> {
    /// The mean over rows of the mean of a surrogate over the pairs of a row, and its derivative with respect to each
    /// score; none where no row has a pair. Rows without one do not count.
    ///
    /// # Errors
    /// As [`all_pairs`], and for labels or weights of another number than the scores, or scores that do not fill rows.
    ///
    /// ```
    /// use lossary_core::all_pairs::{Labelled, Parameters, Surrogate};
    /// let samples = Labelled { scores: &[0.0, 3.0, 1.0], labels: &[0, 1, 0], weights: None, width: 3 };
    /// let sums = samples.all_pairs(Surrogate::Square, &Parameters::default())?;
    /// assert_eq!(sums, Some((2.5, vec![-2.0, 3.0, -1.0]))); // differences 3 and 2, a margin of 1
    /// # Ok::<(), lossary_core::all_pairs::AllPairsError>(())
    /// ```
    pub fn all_pairs(
        &self,
        surrogate: Surrogate,
        parameters: &Parameters,
    ) -> Result<Option<(f64, Vec<f64>)>, AllPairsError> {
        let split = Split::new(self)?;
        let (positives, negatives) = (&split.positives, &split.negatives);
        let weights = split.weights();
        let sums = if self.scores.len() == self.width {
            all_pairs(surrogate, positives, negatives, weights, parameters)
        } else {
            let offsets = self.offsets();
            let offsets = (offsets.0.as_slice(), offsets.1.as_slice());
            let averaging = Averaging::Groups;
            grouped_all_pairs(surrogate, positives, negatives, weights, offsets, averaging, parameters)
        };
        present(sums.map(|sums| (sums.value, self.join(&sums.of_positives, &sums.of_negatives))))
    }

    /// The change of the gradient of [`Labelled::all_pairs`] along a direction, for each score; none where no row has
    /// a pair.
    ///
    /// # Errors
    /// As [`curvature_product`], and as [`Labelled::all_pairs`].
    pub fn curvature_product(
        &self,
        surrogate: Surrogate,
        direction: &[f64],
        parameters: &Parameters,
    ) -> Result<Option<Vec<f64>>, AllPairsError> {
        self.check(direction.len())?;
        let mut rows = Vec::with_capacity(self.scores.len());
        let mut present_rows = 0;
        for start in (0..self.scores.len()).step_by(self.width.max(1)) {
            let range = start..start + self.width;
            let row = Self {
                scores: &self.scores[range.clone()],
                labels: &self.labels[range.clone()],
                weights: self.weights.map(|weights| &weights[range.clone()]),
                width: self.width,
            };
            let product = row.curvature_of_row(surrogate, &direction[range], parameters)?;
            present_rows += usize::from(product.is_some());
            rows.extend(product.unwrap_or_else(|| vec![0.0; self.width]));
        }
        rows.iter_mut().for_each(|product| *product /= present_rows as f64);
        Ok((present_rows > 0).then_some(rows))
    }

    fn curvature_of_row(
        &self,
        surrogate: Surrogate,
        direction: &[f64],
        parameters: &Parameters,
    ) -> Result<Option<Vec<f64>>, AllPairsError> {
        let split = Split::new(self)?;
        let directions = by_class(direction, self.labels, split.positives.len());
        let directions = (directions.0.as_slice(), directions.1.as_slice());
        let (positives, negatives) = (&split.positives, &split.negatives);
        let product =
            curvature_product(surrogate, positives, negatives, split.weights(), directions, parameters);
        present(product.map(|(of_positives, of_negatives)| self.join(&of_positives, &of_negatives)))
    }

    fn check(&self, others: usize) -> Result<(), AllPairsError> {
        let scores = self.scores.len();
        if others == scores {
            Ok(())
        } else {
            Err(AllPairsError::LengthMismatch { side: Side::Positives, scores, weights: others })
        }
    }

    /// Where the positives and the negatives of each row start, and where the last end.
    fn offsets(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut positives, mut negatives) = (vec![0], vec![0]);
        let (mut ones, mut zeros) = (0, 0);
        for row in self.labels.chunks(self.width.max(1)) {
            let count = positives_of(row);
            ones += count;
            zeros += row.len() - count;
            positives.push(ones);
            negatives.push(zeros);
        }
        (positives, negatives)
    }

    /// Numbers of the positives and of the negatives, in the order of the samples.
    fn join(&self, of_positives: &[f64], of_negatives: &[f64]) -> Vec<f64> {
        let mut next = [0, 0];
        let mut joined = zeros(self.labels.len());
        for (number, &label) in joined.iter_mut().zip(self.labels) {
            let positive = usize::from(label != 0);
            *number = [of_negatives, of_positives][positive][next[positive]];
            next[positive] += 1;
        }
        joined
    }
}

/// Samples class by class, each in the order that they come.
struct Split<S> {
    positives: Vec<S>,
    negatives: Vec<S>,
    weights: Option<(Vec<f64>, Vec<f64>)>,
}

impl<S: Score + Into<f64>> Split<S> {
    fn new(samples: &Labelled<'_, S>) -> Result<Self, AllPairsError> {
        let Labelled { scores, labels, weights, width } = *samples;
        samples.check(labels.len())?;
        samples.check(weights.map_or(scores.len(), <[f64]>::len))?;
        samples.check(scores.len() / width.max(1) * width)?;
        let count = positives_of(labels);
        let (positives, negatives) = by_class(scores, labels, count);
        Ok(Self { positives, negatives, weights: weights.map(|weights| by_class(weights, labels, count)) })
    }

    fn weights(&self) -> Option<(&[f64], &[f64])> {
        self.weights.as_ref().map(|(positives, negatives)| (positives.as_slice(), negatives.as_slice()))
    }
}

fn positives_of(labels: &[u8]) -> usize {
    labels.iter().filter(|&&label| label != 0).count()
}

/// The numbers of the positives, of which there are `count`, and those of the negatives.
fn by_class<T: Copy + Default>(numbers: &[T], labels: &[u8], count: usize) -> (Vec<T>, Vec<T>) {
    // Every number is written to both ends, and stays where its class keeps the place: labels in any order cost the
    // same. One place more than needed takes the last that does not stay.
    let (mut positives, mut negatives) = (zeros(count + 1), zeros(numbers.len() - count + 1));
    let mut next = [0, 0];
    for (&number, &label) in numbers.iter().zip(labels) {
        let positive = usize::from(label != 0);
        positives[next[1]] = number;
        negatives[next[0]] = number;
        next[1] += positive;
        next[0] += 1 - positive;
    }
    positives.truncate(count);
    negatives.truncate(numbers.len() - count);
    (positives, negatives)
}

/// None where there is no pair.
fn present<T>(result: Result<T, AllPairsError>) -> Result<Option<T>, AllPairsError> {
    match result {
        Ok(sums) => Ok(Some(sums)),
        Err(AllPairsError::NoPairs { .. } | AllPairsError::NoWeight { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
