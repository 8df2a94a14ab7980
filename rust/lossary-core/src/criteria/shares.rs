//! Criteria that are shares of a class or of what is accepted, and means of such shares.

use crate::criteria::{Criterion, F1, Outcome, product};
use std::cmp::Ordering;

/// The share of positives among the accepted; 0 where nothing is accepted.
#[derive(Debug, Clone, Copy)]
pub struct Precision;

impl Criterion for Precision {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        let cross = |a: &Outcome, b: &Outcome| u128::from(a.true_positives) * u128::from(b.accepted().max(1));
        cross(one, other).cmp(&cross(other, one))
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        Some(outcome.true_positives as f64 / outcome.accepted().max(1) as f64)
    }
}

/// The share of the positives that are accepted; undefined without positives.
#[derive(Debug, Clone, Copy)]
pub struct Recall;

impl Criterion for Recall {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        one.true_positives.cmp(&other.true_positives)
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        (outcome.positives > 0).then(|| outcome.true_positives as f64 / outcome.positives as f64)
    }
}

/// The share of the negatives that are rejected; undefined without negatives.
#[derive(Debug, Clone, Copy)]
pub struct Specificity;

impl Criterion for Specificity {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        other.false_positives.cmp(&one.false_positives)
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        let rejected = outcome.negatives - outcome.false_positives;
        (outcome.negatives > 0).then(|| rejected as f64 / outcome.negatives as f64)
    }
}

/// `TP / (TP + FP + FN)`; 0 without a true positive. It rises with [`F1`], of which it is `F1 / (2 - F1)`.
#[derive(Debug, Clone, Copy)]
pub struct Jaccard;

impl Criterion for Jaccard {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        F1.compare(one, other)
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        let union = outcome.positives + outcome.false_positives;
        Some(outcome.true_positives as f64 / union.max(1) as f64)
    }
}

/// The square root of recall times specificity; undefined when a class is missing.
#[derive(Debug, Clone, Copy)]
pub struct GeometricMean;

impl GeometricMean {
    fn pairs(outcome: &Outcome) -> u128 {
        u128::from(outcome.true_positives) * u128::from(outcome.negatives - outcome.false_positives)
    }
}

impl Criterion for GeometricMean {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        Self::pairs(one).cmp(&Self::pairs(other))
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        let all = outcome.pairs();
        (all > 0).then(|| {
            let square = Self::pairs(outcome) as f64 / all as f64;
            square / square.max(1e-12).sqrt() // linear near 0, as the loss has it
        })
    }
}

/// `(1 + beta^2) TP / (beta^2 P + TP + FP)`: recall counts beta times as much as precision.
#[derive(Debug, Clone, Copy)]
pub struct FBeta {
    square: f64,
}

impl FBeta {
    /// A `beta` of 0 is precision, 1 is [`F1`], infinity recall; its sign does not matter, NaN counts as 0.
    #[must_use]
    pub fn new(beta: f64) -> Self {
        Self { square: (beta * beta).max(0.0) }
    }
}

impl Criterion for FBeta {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        if self.square == 0.0 {
            return Precision.compare(one, other);
        }
        // The difference of the crosswise products is beta^2 P gain + lead, where P does not matter alone.
        let gain = i128::from(one.true_positives) - i128::from(other.true_positives);
        let cross = |a: &Outcome, b: &Outcome| i128::from(a.true_positives) * i128::from(b.false_positives);
        let (gain, lead) = (gain * i128::from(one.positives), cross(one, other) - cross(other, one));
        let (gains, leads) = (gain.cmp(&0), lead.cmp(&0));
        if gains == leads || leads == Ordering::Equal || self.square == f64::INFINITY {
            return gains;
        }
        if gains == Ordering::Equal {
            return leads;
        }
        match compare_scaled(self.square, gain.unsigned_abs(), lead.unsigned_abs()) {
            Ordering::Greater => gains,
            Ordering::Less => leads,
            Ordering::Equal => Ordering::Equal,
        }
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        if outcome.true_positives == 0 {
            return Some(0.0);
        }
        let share = if self.square == f64::INFINITY { 1.0 } else { self.square / (1.0 + self.square) };
        let missed = (outcome.positives - outcome.true_positives) as f64;
        let hits = outcome.true_positives as f64;
        Some(hits / (hits + share * missed + (1.0 - share) * outcome.false_positives as f64))
    }
}

/// Compares `factor * one` with `other`, exactly; factor above 0 and finite, both integers from 1 to 2^127.
fn compare_scaled(factor: f64, one: u128, other: u128) -> Ordering {
    let (near, other_near) = (factor * one as f64, other as f64);
    if (near - other_near).abs() > 1e-12 * other_near {
        return near.total_cmp(&other_near);
    }
    // The factor is mantissa 2^exponent. As both sides are close, the exponent is between -180 and 128.
    let bits = factor.to_bits();
    let mantissa = u128::from(bits & ((1 << 52) - 1) | (1 << 52));
    let exponent = (bits >> 52) as i32 - 1075;
    let shifted = |number: u128, shift: i32| {
        let near = shift.clamp(0, 70);
        [number << near, 1 << (shift - near).clamp(0, 126)]
    };
    let [mantissa, lift] = shifted(mantissa, exponent);
    let [unit, drop] = shifted(1, -exponent);
    let (one, other) = (product([one, mantissa, lift]), product([other, unit, drop]));
    one.iter().rev().cmp(other.iter().rev())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(true_positives: u64, false_positives: u64) -> Outcome {
        Outcome { true_positives, false_positives, positives: 10, negatives: 20 }
    }

    #[test]
    fn values_follow_their_formulas() {
        let half = outcome(5, 2);
        assert_eq!(Precision.value(&half), Some(5.0 / 7.0));
        assert_eq!(Precision.value(&outcome(0, 0)), Some(0.0));
        assert_eq!(Recall.value(&half), Some(0.5));
        assert_eq!(Specificity.value(&half), Some(0.9));
        assert_eq!(Jaccard.value(&half), Some(5.0 / 12.0));
        assert_eq!(GeometricMean.value(&half), Some(0.45_f64.sqrt()));
        assert_eq!(FBeta::new(0.0).value(&half), Precision.value(&half));
        assert_eq!(FBeta::new(1.0).value(&half), F1.value(&half));
        assert_eq!(FBeta::new(f64::INFINITY).value(&half), Recall.value(&half));
        assert_eq!(FBeta::new(2.0).value(&half), Some(5.0 / (5.0 + 0.8 * 5.0 + (1.0 - 0.8) * 2.0)));
    }

    #[test]
    fn equal_f_beta_of_different_outcomes_are_equal() {
        // beta 2: 5 * 4 / (40 + 4 + 0) and 5 * 5 / (40 + 5 + 10)
        assert_eq!(FBeta::new(2.0).compare(&outcome(4, 0), &outcome(5, 10)), Ordering::Equal);
        assert_eq!(FBeta::new(2.0).compare(&outcome(4, 0), &outcome(5, 9)), Ordering::Less);
        assert_eq!(FBeta::new(0.5).compare(&outcome(4, 0), &outcome(5, 10)), Ordering::Greater);
    }

    #[test]
    fn scaled_integers_compare_exactly() {
        let large = 1_u128 << 100;
        assert_eq!(compare_scaled(0.25, 4 * large, large), Ordering::Equal);
        assert_eq!(compare_scaled(0.25, 4 * large + 1, large), Ordering::Greater);
        assert_eq!(compare_scaled(0.25, 4 * large - 1, large), Ordering::Less);
        assert_eq!(compare_scaled(2.0_f64.powi(100), 1, large), Ordering::Equal);
        assert_eq!(compare_scaled(2.0_f64.powi(-100), large, 1), Ordering::Equal);
        assert_eq!(compare_scaled(2.0_f64.powi(-100), large + 1, 1), Ordering::Greater);
        assert_eq!(compare_scaled(f64::MIN_POSITIVE / 4.0, large, 1), Ordering::Less);
        assert_eq!(compare_scaled(0.1, 10 * large, large), Ordering::Greater); // 0.1 is a little more
    }
}
