//! The two classes, their weights, and the unit in which differences are measured.

use super::{AllPairsError, Side};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::{Mass, survey};
use std::ops::Range;

/// Numbers beyond this are refused: their squares and products must not overflow.
pub(super) const LARGEST: f64 = 1e150;

/// What one score is in the units of a loss.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub(super) per_score: DoubleDouble,
    pub(super) in_scores: DoubleDouble,
}

impl Unit {
    /// Differences times `scale / temperature`.
    pub(super) fn new(scale: f64, temperature: f64) -> Self {
        Self {
            per_score: DoubleDouble::quotient(scale, temperature),
            in_scores: DoubleDouble::quotient(temperature, scale),
        }
    }

    /// The derivative of a difference by a score.
    pub(super) fn slope(&self) -> f64 {
        self.per_score.to_f64()
    }
}

/// Where scores lie.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) lowest: f64,
    pub(super) highest: f64,
    /// Where known, the last score below zero and the first above, or infinities.
    pub(super) around_zero: Option<(f64, f64)>,
}

/// The samples of a class.
#[derive(Clone, Copy)]
pub(super) struct Class<'a, S> {
    pub(super) scores: &'a [S],
    weights: Option<&'a [f64]>,
    /// A power of two that brings the largest weight near 1.
    scale: f64,
    /// The sum of the weights.
    pub(super) total: f64,
    pub(super) extent: Extent,
}

impl<'a, S: Score + Into<f64>> Class<'a, S> {
    /// Checked samples, at least one.
    pub(super) fn new(
        scores: &'a [S],
        weights: Option<&'a [f64]>,
        side: Side,
    ) -> Result<Self, AllPairsError> {
        let bad = |&score: &S| !(-LARGEST..=LARGEST).contains(&score.into());
        let index = || scores.iter().position(bad).unwrap_or(0);
        let survey = survey(scores).map_err(|_| AllPairsError::BadScore { side, index: index() })?;
        if survey.min.into() < -LARGEST || survey.max.into() > LARGEST {
            return Err(AllPairsError::BadScore { side, index: index() });
        }
        if u32::try_from(scores.len()).is_err() {
            return Err(AllPairsError::TooMany { side, scores: scores.len() });
        }
        let around_zero = survey.around_zero.map(|(below, above)| (below.into(), above.into()));
        let extent = Extent { lowest: survey.min.into(), highest: survey.max.into(), around_zero };
        let Some(weights) = weights else { return Ok(Self::of(scores, None, 1.0, extent)) };
        if weights.len() != scores.len() {
            let (scores, weights) = (scores.len(), weights.len());
            return Err(AllPairsError::LengthMismatch { side, scores, weights });
        }
        if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(AllPairsError::BadWeight { side, index });
        }
        if let Some(index) = weights.iter().position(|&weight| weight < 0.0) {
            return Err(AllPairsError::NegativeWeight { side, index });
        }
        let largest = weights.iter().fold(0.0, |largest: f64, &weight| largest.max(weight));
        if largest == 0.0 {
            return Err(AllPairsError::NoWeight { side });
        }
        let exponent = ((largest.to_bits() >> 52) as i32 - 1023).max(-1000);
        Ok(Self::of(scores, Some(weights), 2.0_f64.powi(-exponent), extent))
    }

    /// Samples that are known to be good.
    fn of(scores: &'a [S], weights: Option<&'a [f64]>, scale: f64, extent: Extent) -> Self {
        let total = match weights {
            None => scores.len() as f64,
            Some(weights) => DoubleDouble::sum(weights.iter().map(|weight| weight * scale)).to_f64(),
        };
        Self { scores, weights, scale, total, extent }
    }

    /// The same scores with other weights, of any sign.
    pub(super) fn weighted(self, weights: &'a [f64]) -> Self {
        Self::of(self.scores, Some(weights), 1.0, self.extent)
    }

    /// Some of the samples, as a class of its own.
    pub(super) fn group(&self, range: Range<usize>) -> Self {
        let weights = self.weights.map(|weights| &weights[range.clone()]);
        let scores = &self.scores[range];
        let values = || scores.iter().map(|&score| score.into());
        let (lowest, highest) = (values().fold(LARGEST, f64::min), values().fold(-LARGEST, f64::max));
        Self::of(scores, weights, self.scale, Extent { lowest, highest, around_zero: None })
    }

    pub(super) fn len(&self) -> usize {
        self.scores.len()
    }

    #[inline(always)]
    pub(super) fn score(&self, index: usize) -> f64 {
        self.scores[index].into()
    }

    #[inline(always)]
    pub(super) fn weight(&self, index: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[index] * self.scale)
    }

    pub(super) fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// Scores and weights in order.
    #[inline(always)]
    pub(super) fn samples(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        (0..self.len()).map(|index| (self.score(index), self.weight(index)))
    }

    /// The samples in a range; the sums and extremes stay those of all.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        Self {
            scores: &self.scores[range.clone()],
            weights: self.weights.map(|weights| &weights[range]),
            ..*self
        }
    }

    /// The weighted mean of the scores.
    pub(super) fn mean(&self) -> DoubleDouble {
        let add = |(sum, total): (DoubleDouble, DoubleDouble), (score, weight)| {
            (sum.add_product(score, weight), total.add_f64(weight))
        };
        let (sum, total) = self.samples().fold(Default::default(), add);
        let high = sum.to_f64() / self.total;
        let rest = sum.add(-(DoubleDouble::from(high) * total));
        DoubleDouble::from(high).add(DoubleDouble::from(rest.to_f64() / self.total))
    }

    /// Multiplies each number by the share of the sample in the weight of its class, and by a factor.
    pub(super) fn share(&self, numbers: &mut [f64], factor: f64) {
        match self.weights {
            None => numbers.iter_mut().for_each(|number| *number *= factor / self.total),
            Some(weights) => {
                for (number, weight) in numbers.iter_mut().zip(weights) {
                    *number *= weight * self.scale / self.total * factor;
                }
            }
        }
    }
}

/// Two classes.
#[derive(Clone, Copy)]
pub(super) struct Pairs<'a, S> {
    pub(super) positives: Class<'a, S>,
    pub(super) negatives: Class<'a, S>,
}

impl<'a, S: Score + Into<f64>> Pairs<'a, S> {
    pub(super) fn new(
        positives: &'a [S],
        negatives: &'a [S],
        weights: Option<(&'a [f64], &'a [f64])>,
    ) -> Result<Self, AllPairsError> {
        if positives.is_empty() || negatives.is_empty() {
            let (positives, negatives) = (positives.len(), negatives.len());
            return Err(AllPairsError::NoPairs { positives, negatives });
        }
        Ok(Self {
            positives: Class::new(positives, weights.map(|weights| weights.0), Side::Positives)?,
            negatives: Class::new(negatives, weights.map(|weights| weights.1), Side::Negatives)?,
        })
    }

    /// Number of samples.
    pub(super) fn samples(&self) -> usize {
        self.positives.len() + self.negatives.len()
    }

    pub(super) fn lowest(&self) -> f64 {
        self.positives.extent.lowest.min(self.negatives.extent.lowest)
    }

    pub(super) fn highest(&self) -> f64 {
        self.positives.extent.highest.max(self.negatives.extent.highest)
    }

    /// Where scores and their range are not too large in a unit.
    pub(super) fn check(&self, unit: Unit) -> Result<(), AllPairsError> {
        let largest = self.highest().max(-self.lowest()) * unit.slope();
        if largest <= LARGEST { Ok(()) } else { Err(AllPairsError::Overflow) }
    }
}
