//! What a threshold can be chosen for: metrics of the counts that a threshold accepts.
//!
//! A criterion compares exactly, in integers, so that equal values are found equal and the choice between
//! thresholds never hangs on a rounding.

use crate::double_double::DoubleDouble;
use crate::ranking::Mass;
use std::cmp::Ordering;
use std::fmt;

mod shares;

pub use shares::{FBeta, GeometricMean, Jaccard, Precision, Recall, Specificity};

/// What a threshold accepts, and what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Positives that score at least the threshold.
    pub true_positives: u64,
    /// Negatives that score at least the threshold.
    pub false_positives: u64,
    /// All positives.
    pub positives: u64,
    /// All negatives.
    pub negatives: u64,
}

impl Outcome {
    fn accepted(&self) -> u64 {
        self.true_positives + self.false_positives
    }

    fn rejected(&self) -> u64 {
        self.positives + self.negatives - self.accepted()
    }

    /// `TP N - FP P`: Youden's index times P N.
    fn lead(&self) -> i128 {
        i128::from(self.true_positives) * i128::from(self.negatives)
            - i128::from(self.false_positives) * i128::from(self.positives)
    }

    /// P N.
    fn pairs(&self) -> u128 {
        u128::from(self.positives) * u128::from(self.negatives)
    }
}

/// A metric that, for given classes, does not get worse when true positives rise or false positives fall.
///
/// Below the diagonal of the ROC curve it may do as it likes, provided that it is worse there than at both ends.
pub trait Criterion: Sync {
    /// Greater is better; for two outcomes of the same samples.
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering;

    /// The metric, or None where it is undefined.
    fn value(&self, outcome: &Outcome) -> Option<f64>;
}

/// The share of samples that are accepted or rejected rightly.
#[derive(Debug, Clone, Copy)]
pub struct Accuracy;

impl Criterion for Accuracy {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        let rejected_rightly = |outcome: &Outcome| outcome.negatives - outcome.false_positives;
        let right = |outcome: &Outcome| outcome.true_positives + rejected_rightly(outcome);
        right(one).cmp(&right(other))
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        let right = outcome.true_positives + outcome.negatives - outcome.false_positives;
        let all = outcome.positives + outcome.negatives;
        (all > 0).then(|| right as f64 / all as f64)
    }
}

/// `2 TP / (2 TP + FP + FN)`; 0 without a true positive.
#[derive(Debug, Clone, Copy)]
pub struct F1;

impl F1 {
    /// `2 TP + FP + FN = TP + FP + P`.
    fn denominator(outcome: &Outcome) -> u64 {
        outcome.accepted() + outcome.positives
    }
}

impl Criterion for F1 {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        let cross =
            |a: &Outcome, b: &Outcome| u128::from(a.true_positives) * u128::from(Self::denominator(b));
        cross(one, other).cmp(&cross(other, one))
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        Some(match outcome.true_positives {
            0 => 0.0,
            hits => (2 * hits) as f64 / Self::denominator(outcome) as f64,
        })
    }
}

/// `TPR - FPR`, the height above the diagonal; undefined when a class is missing.
#[derive(Debug, Clone, Copy)]
pub struct Youden;

impl Criterion for Youden {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        one.lead().cmp(&other.lead())
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        (outcome.pairs() > 0).then(|| outcome.lead() as f64 / outcome.pairs() as f64)
    }
}

/// The mean of the recalls of both classes, `(1 + TPR - FPR) / 2`; undefined when a class is missing.
#[derive(Debug, Clone, Copy)]
pub struct BalancedAccuracy;

impl Criterion for BalancedAccuracy {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        Youden.compare(one, other)
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        let pairs = outcome.pairs();
        (pairs > 0).then(|| (outcome.lead() + pairs as i128) as f64 / (2 * pairs) as f64)
    }
}

/// The correlation of decision and class; 0 where all samples are accepted or all rejected, or all are of one
/// class.
///
/// `(TP N - FP P) / sqrt(P N (TP + FP) (TN + FN))` rises with TP and falls with FP where TPR >= FPR; elsewhere
/// it is negative, and the ends of the curve, at 0, are better.
#[derive(Debug, Clone, Copy)]
pub struct Matthews;

impl Matthews {
    /// Numerator, and the part of the squared denominator that depends on the threshold.
    fn parts(outcome: &Outcome) -> (i128, u128) {
        (outcome.lead(), u128::from(outcome.accepted()) * u128::from(outcome.rejected()))
    }
}

impl Criterion for Matthews {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        let ((lead, spread), (other_lead, other_spread)) = (Self::parts(one), Self::parts(other));
        // Where nothing or everything is accepted, the lead is 0 as well.
        let signs = (lead.signum(), other_lead.signum());
        if signs.0 != signs.1 || signs.0 == 0 {
            return signs.0.cmp(&signs.1);
        }
        let (size, other_size) = (lead.unsigned_abs(), other_lead.unsigned_abs());
        let square = |size: u128, spread: u128| (size as f64 / spread as f64) * size as f64;
        let (near, other_near) = (square(size, spread), square(other_size, other_spread));
        let sizes = if (near - other_near).abs() > 1e-12 * near {
            near.total_cmp(&other_near)
        } else {
            let exact = product([size, size, other_spread]);
            exact.iter().rev().cmp(product([other_size, other_size, spread]).iter().rev())
        };
        if signs.0 > 0 { sizes } else { sizes.reverse() }
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        let (lead, spread) = Self::parts(outcome);
        Some(match lead {
            0 => 0.0,
            _ => lead as f64 / (outcome.pairs() as f64 * spread as f64).sqrt(),
        })
    }
}

/// The product of three factors below 2^127 as six digits of 64 bits, lowest first.
fn product(factors: [u128; 3]) -> [u64; 6] {
    let mut product = [1, 0, 0, 0, 0, 0];
    for factor in factors {
        let mut next = [0_u64; 6];
        for (place, digit) in [factor as u64, (factor >> 64) as u64].into_iter().enumerate() {
            let mut carry = 0_u128;
            for (slot, own) in next[place..].iter_mut().zip(product) {
                let sum = u128::from(own) * u128::from(digit) + u128::from(*slot) + carry;
                *slot = sum as u64;
                carry = sum >> 64;
            }
        }
        product = next;
    }
    product
}

/// What all mistakes cost together; lower is better.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    false_positive: f64,
    false_negative: f64,
}

/// A cost of a mistake that is negative, NaN or infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BadCost {
    /// The cost that was given.
    pub cost: f64,
}

impl fmt::Display for BadCost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cost: got {}; wanted a finite number of at least 0", self.cost)
    }
}

impl std::error::Error for BadCost {}

impl Cost {
    /// The costs of one false positive and of one false negative.
    ///
    /// # Errors
    /// [`BadCost`]: a cost that is negative, NaN or infinite.
    pub fn new(false_positive: f64, false_negative: f64) -> Result<Self, BadCost> {
        for cost in [false_positive, false_negative] {
            if !(cost >= 0.0 && cost.is_finite()) {
                return Err(BadCost { cost });
            }
        }
        Ok(Self { false_positive, false_negative })
    }
}

impl Criterion for Cost {
    fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        // The costs relative to the larger: products of the largest with a count could overflow.
        let scale = self.false_positive.max(self.false_negative);
        if scale == 0.0 {
            return Ordering::Equal;
        }
        let times = |cost: f64, more: u64, less: u64| {
            DoubleDouble::from(cost) * DoubleDouble::from(more as f64 - less as f64)
        };
        let unit = 2.0_f64.powi(-((scale.to_bits() >> 52) as i32 - 1023).max(-1000));
        let accepted = times(self.false_positive * unit, one.false_positives, other.false_positives);
        let rejected = times(self.false_negative * unit, other.true_positives, one.true_positives);
        0.0_f64.total_cmp(&(accepted.add(rejected).to_f64() + 0.0))
    }

    fn value(&self, outcome: &Outcome) -> Option<f64> {
        let missed = outcome.positives - outcome.true_positives;
        Some(self.false_positive * outcome.false_positives as f64 + self.false_negative * missed as f64)
    }
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
        assert_eq!(Accuracy.value(&half), Some(23.0 / 30.0));
        assert_eq!(F1.value(&half), Some(10.0 / 17.0));
        assert_eq!(Youden.value(&half), Some(0.4));
        assert_eq!(BalancedAccuracy.value(&half), Some(0.7));
        assert_eq!(Matthews.value(&half), Some(80.0 / (200.0_f64 * 7.0 * 23.0).sqrt()));
        assert_eq!(Matthews.value(&outcome(10, 0)), Some(1.0));
        assert_eq!(Cost::new(2.0, 3.0).map(|cost| cost.value(&half)), Ok(Some(19.0)));
    }

    #[test]
    fn products_of_the_widest_factors_are_exact() {
        let most = (1_u128 << 126) - 1; // most^3 = 2^378 - 3 2^252 + 3 2^126 - 1
        let digits = product([most; 3]);
        assert_eq!(digits[0], u64::MAX);
        assert_eq!(digits[1], (3 << 62) - 1);
        assert_eq!(digits[2], 0);
        assert_eq!(digits[3], (3_u64 << 60).wrapping_neg());
        assert_eq!((digits[4], digits[5]), (u64::MAX, (1 << 58) - 1));
    }

    #[test]
    fn equal_matthews_of_different_outcomes_are_equal() {
        // Mirror images: (tp, fp) and (N - fp, P - tp) for P = N.
        let one = Outcome { true_positives: 7, false_positives: 3, positives: 11, negatives: 11 };
        let other = Outcome { true_positives: 8, false_positives: 4, ..one };
        assert_eq!(Matthews.compare(&one, &other), Ordering::Equal);
        let better = Outcome { true_positives: 8, ..one };
        assert_eq!(Matthews.compare(&one, &better), Ordering::Less);
    }

    #[test]
    fn costs_compare_beyond_the_precision_of_their_sums() {
        let cost = Cost { false_positive: 1.0, false_negative: 1e-20 };
        assert_eq!(cost.compare(&outcome(5, 2), &outcome(4, 2)), Ordering::Greater);
        assert_eq!(cost.compare(&outcome(5, 3), &outcome(4, 2)), Ordering::Less);
        assert_eq!(Cost::new(-1.0, 0.0).err(), Some(BadCost { cost: -1.0 }));
        assert_eq!(
            Cost { false_positive: 0.0, false_negative: 0.0 }.compare(&outcome(1, 2), &outcome(0, 9)),
            Ordering::Equal
        );
    }
}
