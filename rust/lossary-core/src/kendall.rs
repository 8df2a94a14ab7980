//! Kendall's tau: pairs that two scores put in the same order, less those in opposite order, exactly counted.
//!
//! Source: Kendall, A new measure of rank correlation, Biometrika 30, 1938; The treatment of ties in ranking
//! problems, Biometrika 33, 1945; Rank Correlation Methods, 4th edition, 1970.

use crate::inversions::{Once, Weight};
use crate::order::Order;
use crate::rank_pairs::{PairSums, RankPairs};
use crate::ranking::RankingError;
use crate::significance::{Alternative, Method, TestError};

/// With so many samples the exact distribution is still the choice of [`Method::Auto`].
const FEW: u64 = 33;

/// Most steps of the exact distribution: about a second.
const MOST_STEPS: u64 = 1 << 30;

/// What tau divides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// All pairs.
    A,
    /// The geometric mean of the pairs that do not tie in the one score and in the other.
    B,
    /// The most that so many samples with so many distinct scores allow (Stuart's tau).
    C,
}

/// Counts of pairs of samples with two scores each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kendall {
    /// Number of samples.
    pub samples: u64,
    /// Pairs whose first scores differ.
    pub first_differs: u64,
    /// Pairs whose second scores differ.
    pub second_differs: u64,
    /// Pairs whose first or second scores differ.
    pub any_differs: u64,
    /// Pairs that the scores put in opposite order.
    pub discordant: u64,
    /// Distinct first and second scores.
    pub distinct: [u64; 2],
}

impl Kendall {
    /// Counts the pairs, in O(n log n) time and 8 bytes of memory a sample.
    ///
    /// ```
    /// use lossary_core::kendall::{Kendall, Variant};
    /// use lossary_core::order::Order;
    /// use lossary_core::rank_pairs::RankPairs;
    ///
    /// let pairs = RankPairs::new(&Order::of(&[1, 2, 3, 4])?, &Order::of(&[0.1, 0.3, 0.2, 0.4])?)?;
    /// let counts = Kendall::of(&pairs);
    /// assert_eq!((counts.discordant, counts.difference()), (1, 4)); // 5 of 6 pairs agree
    /// assert_eq!(counts.tau(Variant::B), Some(4.0 / 6.0));
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    pub fn of(pairs: &RankPairs) -> Self {
        Self::from_sums(pairs.len() as u64, &pairs.sums(|_, _| Once))
    }

    /// The counts after each sample is repeated some number of times, without sorting again.
    ///
    /// # Errors
    /// [`RankingError`]: another number of repetitions than of samples, or 2^32 samples in all.
    pub fn of_repeated(pairs: &RankPairs, times: &[u32]) -> Result<Self, RankingError> {
        let samples = repeated(pairs.len(), times)?;
        Ok(Self::from_sums(samples, &pairs.sums(|_, position| times[position as usize])))
    }

    fn from_sums<W: Weight<Sum = u32>>(samples: u64, sums: &PairSums<W>) -> Self {
        Self {
            samples,
            first_differs: sums.first_differs,
            second_differs: sums.second_differs,
            any_differs: sums.any_differs,
            discordant: sums.discordant,
            distinct: sums.distinct,
        }
    }

    /// Concordant pairs less discordant ones.
    pub fn difference(&self) -> i64 {
        let both_differ =
            i128::from(self.first_differs) + i128::from(self.second_differs) - i128::from(self.any_differs);
        (both_differ - 2 * i128::from(self.discordant)) as i64
    }

    /// Tau in [-1, 1], or None when a score is constant. The error is at most 3 units in the last place.
    pub fn tau(&self, variant: Variant) -> Option<f64> {
        if self.first_differs == 0 || self.second_differs == 0 {
            return None;
        }
        let difference = i128::from(self.difference());
        let tau = match variant {
            Variant::A => difference as f64 / self.pairs() as f64,
            Variant::B => {
                let product = u128::from(self.first_differs) * u128::from(self.second_differs);
                difference as f64 / (product as f64).sqrt()
            }
            Variant::C => {
                let classes = u128::from(self.distinct[0].min(self.distinct[1]));
                let squares = u128::from(self.samples) * u128::from(self.samples);
                (2 * difference * classes as i128) as f64 / (squares * (classes - 1)) as f64
            }
        };
        Some(tau.clamp(-1.0, 1.0))
    }

    fn pairs(&self) -> u64 {
        (u128::from(self.samples) * u128::from(self.samples.saturating_sub(1)) / 2) as u64
    }

    /// The probability, if the two scores were independent, of a tau at least as far out.
    ///
    /// Without ties and with at most 33 samples, or at most one pair out of line, [`Method::Auto`] is exact; the
    /// exact distribution takes O(samples * discordant pairs) time.
    ///
    /// # Errors
    /// [`TestError`]: a constant score; ties, or too many samples, for the exact distribution.
    pub fn p_value(
        &self,
        orders: [&Order; 2],
        alternative: Alternative,
        method: Method,
    ) -> Result<f64, TestError> {
        if self.first_differs == 0 || self.second_differs == 0 {
            return Err(TestError::Undefined);
        }
        let pairs = self.pairs();
        let ties = self.first_differs < pairs || self.second_differs < pairs;
        let rarer = self.discordant.min(pairs - self.discordant.min(pairs));
        match method {
            Method::Exact if ties => Err(TestError::Ties),
            Method::Exact if self.samples.saturating_mul(rarer + 1) > MOST_STEPS => Err(TestError::TooLarge),
            Method::Exact => Ok(self.exact(alternative)),
            Method::Auto if !ties && (self.samples <= FEW || rarer <= 1) => Ok(self.exact(alternative)),
            Method::Auto | Method::Asymptotic => {
                Ok(alternative.of_normal(self.difference() as f64 / self.variance(orders).sqrt()))
            }
        }
    }

    fn exact(&self, alternative: Alternative) -> f64 {
        let pairs = self.pairs();
        let at_most = |discordant: u64| {
            if discordant <= pairs / 2 {
                inversions_at_most(self.samples, discordant)
            } else if discordant == pairs {
                1.0
            } else {
                1.0 - inversions_at_most(self.samples, pairs - discordant - 1)
            }
        };
        let concordant = pairs - self.discordant;
        match alternative {
            Alternative::Greater => at_most(self.discordant),
            Alternative::Less => at_most(concordant),
            Alternative::TwoSided => (2.0 * at_most(concordant.min(self.discordant))).min(1.0),
        }
    }

    /// Variance of the difference among all pairings of the two scores.
    fn variance(&self, orders: [&Order; 2]) -> f64 {
        let samples = u128::from(self.samples);
        let ordered_pairs = samples * (samples - 1);
        let [first, second] = orders.map(|order| {
            let cubes = order.sum_over_ties(|size| size * (size - 1) * (2 * size + 5));
            (cubes, order.sum_over_ties(|size| size * (size - 1) * (size - 2)) as f64)
        });
        let [first_ties, second_ties] =
            [self.first_differs, self.second_differs].map(|differs| (self.pairs() - differs) as f64);
        let triples = (9 * ordered_pairs * samples.saturating_sub(2).max(1)) as f64;
        // Negative where nearly all samples tie; the other terms then outweigh it.
        let untied = (ordered_pairs * (2 * samples + 5)) as i128 - first.0 as i128 - second.0 as i128;
        untied as f64 / 18.0
            + 2.0 * first_ties * second_ties / ordered_pairs as f64
            + first.1 * second.1 / triples
    }
}

/// The number of samples after repetition.
pub(crate) fn repeated(samples: usize, times: &[u32]) -> Result<u64, RankingError> {
    if samples != times.len() {
        return Err(RankingError::LengthMismatch { scores: samples, other: times.len() });
    }
    let total = times.iter().fold(0_u64, |total, &times| total.saturating_add(u64::from(times)));
    match u32::try_from(total) {
        Ok(_) => Ok(total),
        Err(_) => Err(RankingError::TooMany { scores: total as usize }),
    }
}

/// The share of the orders of some elements that have at most so many inversions (at most half of all pairs).
///
/// A new last element adds 0, 1, 2, ... inversions, each in the same share of the orders.
fn inversions_at_most(elements: u64, most: u64) -> f64 {
    let mut shares = vec![0.0; most as usize + 1];
    shares[0] = 1.0;
    let mut sums = shares.clone();
    for choices in 2..=elements {
        let mut sum = 0.0;
        for (sum_so_far, share) in sums.iter_mut().zip(&shares) {
            sum += share;
            *sum_so_far = sum;
        }
        if sum == 0.0 {
            break; // too small for a double
        }
        for (index, share) in shares.iter_mut().enumerate() {
            let gone = index.checked_sub(choices as usize).map_or(0.0, |before| sums[before]);
            *share = (sums[index] - gone) / choices as f64;
        }
    }
    shares.iter().sum()
}
