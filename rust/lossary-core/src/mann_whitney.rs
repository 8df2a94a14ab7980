//! The Mann-Whitney U test: whether positives score above negatives by more than chance.
//!
//! Source: Mann and Whitney, On a test of whether one of two random variables is stochastically larger than the
//! other, Annals of Mathematical Statistics 18, 1947; ties: Lehmann, Nonparametrics, 1975, section 1.4.

use crate::order::Order;
use crate::ranking::RankingError;
use crate::significance::{Alternative, Method, TestError};

/// Up to so many samples of a class the exact distribution is the choice of [`Method::Auto`].
const FEW: u64 = 8;

/// Most values of the statistic that the exact distribution lists, 8 bytes each.
const MOST_VALUES: u64 = 1 << 24;

/// Most steps of the exact distribution: about a second.
const MOST_STEPS: u64 = 1 << 29;

/// Wins of positives over negatives, and what the test needs to judge them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MannWhitney {
    /// Pairs in which the positive scores higher, twice, plus pairs that tie, once.
    pub twice_wins: u128,
    /// Number of positives.
    pub positives: u64,
    /// Number of negatives.
    pub negatives: u64,
    /// The sum over tie groups of `size^3 - size`.
    pub ties: u128,
}

impl MannWhitney {
    /// Counts wins and ties in O(n) time. A label of 0 is negative, any other is positive.
    ///
    /// # Errors
    /// [`RankingError::LengthMismatch`].
    ///
    /// ```
    /// use lossary_core::{mann_whitney::MannWhitney, order::Order};
    /// let counts = MannWhitney::of(&Order::of(&[0.1, 0.4, 0.35, 0.8])?, &[0, 0, 1, 1])?;
    /// assert_eq!(counts.u(), 3.0); // 3 of 4 pairs are won
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    pub fn of(order: &Order, labels: &[u8]) -> Result<Self, RankingError> {
        if order.len() != labels.len() {
            return Err(RankingError::LengthMismatch { scores: order.len(), other: labels.len() });
        }
        let (mut twice_wins, mut positives, mut negatives) = (0, 0, 0);
        for group in order.groups() {
            let tied = group.iter().filter(|&&position| labels[position as usize] != 0).count() as u64;
            let against = group.len() as u64 - tied;
            twice_wins += u128::from(tied) * u128::from(2 * negatives + against);
            positives += tied;
            negatives += against;
        }
        let ties = order.sum_over_ties(|size| size * size * size - size);
        Ok(Self { twice_wins, positives, negatives, ties })
    }

    /// The statistic U of the positives: wins, a tie counting one half. Rounded once.
    pub fn u(&self) -> f64 {
        self.twice_wins as f64 / 2.0
    }

    /// The probability, if both classes were scored alike, of a U at least as far out.
    ///
    /// [`Method::Auto`] is exact without ties when a class has at most 8 samples and the other not millions. The
    /// exact distribution takes O(smaller class * values of U up to its mean) time. Where all scores tie, the
    /// probability is 1.
    ///
    /// # Errors
    /// [`TestError`]: a class is missing; ties, or too many samples, for the exact distribution.
    pub fn p_value(
        &self,
        alternative: Alternative,
        method: Method,
        use_continuity: bool,
    ) -> Result<f64, TestError> {
        let smaller = self.positives.min(self.negatives);
        if smaller == 0 {
            return Err(TestError::Undefined);
        }
        let pairs = u128::from(self.positives) * u128::from(self.negatives);
        let below_mean = self.twice_wins.min(2 * pairs - self.twice_wins) / 2;
        let values = u64::try_from(below_mean).map_or(u64::MAX, |most| most.saturating_add(1));
        let feasible = values <= MOST_VALUES && values.saturating_mul(smaller) <= MOST_STEPS;
        match method {
            Method::Exact if self.ties > 0 => Err(TestError::Ties),
            Method::Exact if !feasible => Err(TestError::TooLarge),
            Method::Exact => Ok(self.exact(alternative)),
            Method::Auto if self.ties == 0 && smaller <= FEW && feasible => Ok(self.exact(alternative)),
            Method::Auto | Method::Asymptotic => Ok(self.asymptotic(alternative, use_continuity)),
        }
    }

    fn asymptotic(&self, alternative: Alternative, use_continuity: bool) -> f64 {
        let samples = u128::from(self.positives) + u128::from(self.negatives);
        let pairs = u128::from(self.positives) * u128::from(self.negatives);
        // 12 n (n - 1) / (P N) times the variance of U, an integer.
        let spread = samples * samples * samples - samples - self.ties;
        if spread == 0 {
            return 1.0;
        }
        let variance = pairs as f64 / 12.0 * (spread as f64 / (samples * (samples - 1)) as f64);
        let above_mean = self.twice_wins as i128 - pairs as i128;
        let twice = match alternative {
            Alternative::TwoSided => above_mean.abs(),
            Alternative::Less => -above_mean,
            Alternative::Greater => above_mean,
        };
        let z = 0.5 * (twice - i128::from(use_continuity)) as f64 / variance.sqrt();
        let beyond = Alternative::Greater.of_normal(z);
        if alternative == Alternative::TwoSided { (2.0 * beyond).min(1.0) } else { beyond }
    }

    fn exact(&self, alternative: Alternative) -> f64 {
        let pairs = self.positives * self.negatives;
        let wins = (self.twice_wins / 2) as u64;
        let at_most = |wins: u64| {
            if wins <= pairs / 2 {
                wins_at_most([self.positives, self.negatives], wins)
            } else if wins == pairs {
                1.0
            } else {
                1.0 - wins_at_most([self.positives, self.negatives], pairs - wins - 1)
            }
        };
        match alternative {
            Alternative::Greater => at_most(pairs - wins),
            Alternative::Less => at_most(wins),
            Alternative::TwoSided => (2.0 * at_most(wins.min(pairs - wins))).min(1.0),
        }
    }
}

/// The share of the orders of two classes in which one has at most so many wins (at most half of all pairs).
///
/// The numbers of orders are the coefficients of a Gaussian binomial, the product over i of
/// `(1 - q^(larger + i)) / (1 - q^i)`; each factor multiplies all of them by `(larger + i) / i`.
fn wins_at_most(classes: [u64; 2], most: u64) -> f64 {
    let [smaller, larger] = [classes[0].min(classes[1]) as usize, classes[0].max(classes[1]) as usize];
    let most = most as usize;
    let mut shares = vec![0.0; most + 1];
    shares[0] = 1.0;
    for step in 1..=smaller {
        // Symmetric around half the degree: the upper half is copied, as differences there would cancel.
        let degree = step * larger;
        let computed = most.min(degree / 2);
        for wins in (larger + step..=computed).rev() {
            shares[wins] -= shares[wins - larger - step];
        }
        let factor = step as f64 / (larger + step) as f64;
        for wins in 0..=computed {
            let before = if wins >= step { shares[wins - step] } else { 0.0 };
            shares[wins] = factor * shares[wins] + before;
        }
        for wins in computed + 1..=most.min(degree) {
            shares[wins] = shares[degree - wins];
        }
    }
    shares.iter().sum()
}
