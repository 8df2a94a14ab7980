//! Losses that part into a sum over positives and a sum over negatives.

use super::AllPairsError;
use super::convolution::Convolution;
use super::samples::{Class, LARGEST, Pairs, Unit};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::Mass;

/// The mean of `(margin - d)^2`: both variances, and the square of what the means leave of the margin.
///
/// The margin is given in scores; so are the results, already divided by weights and slopes of `y - x`.
pub(super) fn square<S: Score + Into<f64>>(pairs: &Pairs<'_, S>, margin: DoubleDouble) -> Convolution {
    let [positive, negative] = [pairs.positives, pairs.negatives].map(|class| class.mean());
    let gap = margin.add(-positive).add(negative);
    let centred = |class: Class<'_, S>, mean: DoubleDouble| -> Vec<f64> {
        class.samples().map(|(score, _)| (score - mean.to_f64()) - mean.low()).collect()
    };
    let of_positives = centred(pairs.positives, positive);
    let of_negatives = centred(pairs.negatives, negative);
    let variance = |class: Class<'_, S>, centred: &[f64]| {
        let weights = (0..class.len()).map(|index| class.weight(index));
        let squares = centred.iter().zip(weights).map(|(number, weight)| weight * number * number);
        DoubleDouble::sum(squares).to_f64() / class.total
    };
    let gap = gap.to_f64();
    Convolution {
        value: variance(pairs.positives, &of_positives)
            + variance(pairs.negatives, &of_negatives)
            + gap * gap,
        of_positives: of_positives.into_iter().map(|centred| 2.0 * (gap - centred)).collect(),
        of_negatives: of_negatives.into_iter().map(|centred| 2.0 * (gap + centred)).collect(),
    }
}

/// The mean of `e^-d`: the product of a mean over positives and a mean over negatives, each relative to its largest
/// term. The slopes are those of the logarithm: times the value, they could overflow before their weights are in.
pub(super) fn exponential<S: Score + Into<f64>>(
    pairs: &Pairs<'_, S>,
    unit: Unit,
) -> Result<Convolution, AllPairsError> {
    pairs.check(unit)?;
    let mean = |class: Class<'_, S>, sign: f64| {
        let heights = || class.samples().filter(|sample| sample.1 > 0.0).map(|sample| sign * sample.0);
        let top = heights().fold(-LARGEST, f64::max);
        let term = |height: f64| {
            let below = DoubleDouble::difference(height, top) * unit.per_score;
            // A sample without weight may lie above the top; it has no share in anything.
            below.to_f64().min(0.0).exp() * (1.0 + below.low())
        };
        let terms: Vec<f64> = class.samples().map(|(score, _)| term(sign * score)).collect();
        let weighted = terms.iter().enumerate().map(|(index, term)| class.weight(index) * term);
        let sum = DoubleDouble::sum(weighted).to_f64();
        (top, terms, sum / class.total)
    };
    let (below, mut of_positives, positive) = mean(pairs.positives, -1.0);
    let (above, mut of_negatives, negative) = mean(pairs.negatives, 1.0);
    let height = DoubleDouble::difference(above, -below) * unit.per_score;
    // Half of the height at a time: the product may be finite where the exponential is not.
    let half = (0.5 * height.to_f64()).exp() * (1.0 + 0.5 * height.low());
    let value = (half * positive) * (half * negative);
    if !value.is_finite() {
        return Err(AllPairsError::Overflow);
    }
    for (terms, mean) in [(&mut of_positives, positive), (&mut of_negatives, negative)] {
        terms.iter_mut().for_each(|term| *term /= mean);
    }
    Ok(Convolution { value, of_positives, of_negatives })
}

/// What [`exponential`] gives for weights that were multiplied by a direction: the sums of the other class are those
/// of `still` times the mean of the direction there.
pub(super) fn exponential_moved<S: Score + Into<f64>>(
    pairs: &Pairs<'_, S>,
    moved: &Pairs<'_, S>,
    still: &Convolution,
) -> Convolution {
    let mean = |class: Class<'_, S>, moved: Class<'_, S>, terms: &[f64]| {
        let sum = |class: Class<'_, S>| {
            let add = |sum: DoubleDouble, ((_, weight), term): (_, &f64)| sum.add_product(weight, *term);
            class.samples().zip(terms).fold(DoubleDouble::default(), add).to_f64()
        };
        sum(moved) / sum(class)
    };
    let of_positives = mean(pairs.positives, moved.positives, &still.of_positives);
    let of_negatives = mean(pairs.negatives, moved.negatives, &still.of_negatives);
    Convolution {
        value: 0.0,
        of_positives: still.of_positives.iter().map(|sum| sum * of_negatives).collect(),
        of_negatives: still.of_negatives.iter().map(|sum| sum * of_positives).collect(),
    }
}

/// The sums of 1 over all pairs.
pub(super) fn constant<S: Score + Into<f64>>(pairs: &Pairs<'_, S>) -> Convolution {
    let (positives, negatives) = (pairs.positives, pairs.negatives);
    Convolution {
        value: positives.total * negatives.total,
        of_positives: vec![negatives.total; positives.len()],
        of_negatives: vec![positives.total; negatives.len()],
    }
}
