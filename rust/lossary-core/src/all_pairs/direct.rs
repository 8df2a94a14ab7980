//! Every pair of a few.

use super::convolution::Convolution;
use super::samples::{Pairs, Unit};
use super::softplus::from_decay;
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::Mass;

/// At most this many pairs are formed: the tables of the other ways cost as much.
pub(super) const MOST_PAIRS: usize = 4096;

/// Sums a value and a slope over all pairs; `pair` maps the scores of a positive and a negative to them.
pub(super) fn sum_pairs<S: Score + Into<f64>>(
    pairs: &Pairs<'_, S>,
    pair: impl Fn(usize, usize) -> (f64, f64),
) -> Convolution {
    let (positives, negatives) = (pairs.positives, pairs.negatives);
    let mut of_negatives = vec![0.0; negatives.len()];
    let mut total = DoubleDouble::default();
    let of_positives = (0..positives.len()).map(|i| {
        let own = positives.weight(i);
        let (mut value, mut slope) = (0.0, 0.0);
        for (j, of_negative) in of_negatives.iter_mut().enumerate() {
            let (pair_value, pair_slope) = pair(i, j);
            let weight = negatives.weight(j);
            value += weight * pair_value;
            slope += weight * pair_slope;
            *of_negative += own * pair_slope;
        }
        total = total.add_product(own, value);
        slope
    });
    let of_positives = of_positives.collect();
    Convolution { value: total.to_f64(), of_positives, of_negatives }
}

/// A derivative of softplus and the next, over all pairs.
pub(super) fn convolve<S: Score + Into<f64>, const ORDER: usize>(
    pairs: &Pairs<'_, S>,
    unit: Unit,
) -> Convolution {
    let scaled = |score: f64| DoubleDouble::from(score) * unit.per_score;
    let [x, y] = [pairs.positives, pairs.negatives]
        .map(|class| class.samples().map(|(score, _)| scaled(score)).collect::<Vec<_>>());
    sum_pairs(pairs, |i, j| {
        let excess = y[j].add(-x[i]);
        let (high, low) = (excess.to_f64(), excess.low());
        let decay = (-high.abs()).exp() * (1.0 - low * high.signum());
        match ORDER {
            0 => (from_decay::<0>(high, decay), from_decay::<1>(high, decay)),
            1 => (from_decay::<1>(high, decay), from_decay::<2>(high, decay)),
            _ => (from_decay::<2>(high, decay), from_decay::<3>(high, decay)),
        }
    })
}
