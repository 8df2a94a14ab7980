//! Samples that count with a weight.

use crate::bucket_sort::sort_bucket;
use crate::double_double::DoubleDouble;
use crate::keys::{Key, Score};
use crate::ranking::{Entry, RankingError, Samples, check_lengths};
use std::ops::Range;

/// A packed key and label with its weight. Ordering by the weight's bits last makes the order of a sorted
/// bucket, and with it every rounded sum, independent of the order of the input.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Weighted<K> {
    packed: K,
    weight: u64,
}

impl<K: Key> Entry for Weighted<K> {
    type Key = K;
    type Mass = DoubleDouble;
    type Scratch = ();

    #[inline(always)]
    fn packed(self) -> K {
        self.packed
    }

    #[inline(always)]
    fn mass(self) -> DoubleDouble {
        DoubleDouble::from(f64::from_bits(self.weight))
    }

    fn sort(entries: &mut [Self], (): &mut ()) {
        sort_bucket(entries);
    }
}

/// Samples with weights. Weights of zero drop out; negative ones count negatively.
#[derive(Clone, Copy)]
pub(crate) struct WeightedSamples<'a, S> {
    scores: &'a [S],
    labels: &'a [u8],
    weights: &'a [f64],
    scale: f64,
}

impl<'a, S: Score> WeightedSamples<'a, S> {
    /// Weights as they are.
    pub(crate) fn new(scores: &'a [S], labels: &'a [u8], weights: &'a [f64]) -> Result<Self, RankingError> {
        check_lengths(scores, labels)?;
        check_lengths(scores, weights)?;
        if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(RankingError::BadWeight { index });
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(RankingError::NoWeight);
        }
        Ok(Self { scores, labels, weights, scale: 1.0 })
    }

    /// Weights times the power of two that brings the largest near 1: ratios do not change, and products of
    /// sums cannot overflow.
    pub(crate) fn scaled(self) -> Self {
        let largest = self.weights.iter().fold(0.0, |largest: f64, weight| largest.max(weight.abs()));
        let exponent = ((largest.to_bits() >> 52) as i32 - 1023).max(-1000);
        Self { scale: 2.0_f64.powi(-exponent), ..self }
    }
}

impl<S: Score> Samples for WeightedSamples<'_, S> {
    type Entry = Weighted<S::Key>;

    fn count(&self) -> usize {
        self.scores.len()
    }

    #[inline(always)]
    fn entries(&self, range: Range<usize>) -> impl Iterator<Item = (S::Key, Weighted<S::Key>)> {
        let labels = self.labels[range.clone()].iter();
        let weights = self.weights[range.clone()].iter();
        let samples = self.scores[range].iter().zip(labels).zip(weights);
        samples.filter(|&(_, &weight)| weight != 0.0).map(|((&score, &label), &weight)| {
            let key = score.key();
            let weight = (weight * self.scale).to_bits();
            (key, Weighted { packed: key.pack(label != 0), weight })
        })
    }
}
