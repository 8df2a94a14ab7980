//! Kendall's tau with weights by rank: exchanges near the top of a ranking count more.
//!
//! Source: Vigna, A weighted correlation index for rankings with ties, WWW 2015.

use crate::inversions::{Sum, Weight};
use crate::order::Order;
use crate::rank_pairs::{PairSums, RankPairs};
use crate::ranking::RankingError;
use std::ops::{Add, AddAssign};

/// What a rank weighs; rank 0 is the most important.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weigher {
    /// `1 / (rank + 1)`.
    Hyperbolic,
    /// `1 / log2(rank + 2)`.
    Logarithmic,
    /// 1.
    Uniform,
}

impl Weigher {
    fn weight(self, rank: usize) -> f64 {
        match self {
            Self::Hyperbolic => 1.0 / (rank as f64 + 1.0),
            Self::Logarithmic => 1.0 / (rank as f64 + 2.0).log2(),
            Self::Uniform => 1.0,
        }
    }
}

/// Which rank a sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankBy {
    /// Its place from the top by the second score, then by the first.
    Second,
    /// Either score in turn: the mean of both results, in which the scores have equal parts.
    Average,
    /// Its position in the input.
    Position,
}

/// Weighted tau in [-1, 1], or None when a score is constant.
///
/// A pair weighs the sum of the weights of its two ranks, or their product. Takes O(n log n) time.
///
/// # Errors
/// [`RankingError::LengthMismatch`].
///
/// ```
/// use lossary_core::order::Order;
/// use lossary_core::weighted_kendall::{RankBy, Weigher, weighted_kendall};
///
/// let [first, second] = [Order::of(&[2, 3, 1])?, Order::of(&[3, 2, 1])?];
/// let tau = weighted_kendall(&first, &second, RankBy::Second, Weigher::Hyperbolic, true)?;
/// // Weights 1, 1/2, 1/3: the first two are exchanged (3/2), the other pairs are not (4/3 + 5/6).
/// assert!((tau.unwrap_or(0.0) - (13.0 / 6.0 - 1.5) / (11.0 / 3.0)).abs() < 1e-15);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn weighted_kendall(
    first: &Order,
    second: &Order,
    by: RankBy,
    weigher: Weigher,
    additive: bool,
) -> Result<Option<f64>, RankingError> {
    let pairs = RankPairs::new(second, first)?;
    let from_top = |place: usize, _: u32| weigher.weight(pairs.len() - 1 - place);
    Ok(match by {
        RankBy::Second => weighed(&pairs, from_top, additive),
        RankBy::Average => {
            let other = weighed(&RankPairs::new(first, second)?, from_top, additive);
            weighed(&pairs, from_top, additive).zip(other).map(|(one, other)| 0.5 * (one + other))
        }
        RankBy::Position => weighed(&pairs, |_, position| weigher.weight(position as usize), additive),
    })
}

fn weighed(pairs: &RankPairs, weight: impl Fn(usize, u32) -> f64, additive: bool) -> Option<f64> {
    if additive {
        tau(&pairs.sums(|place, position| Additive(weight(place, position))))
    } else {
        tau(&pairs.sums(weight))
    }
}

fn tau<W: Weight>(sums: &PairSums<W>) -> Option<f64>
where
    W::Sum: Sum<Pairs = f64>,
{
    if sums.distinct.contains(&1) {
        return None;
    }
    let both_differ = sums.first_differs + sums.second_differs - sums.any_differs;
    let spread = (sums.first_differs * sums.second_differs).sqrt();
    Some(((both_differ - 2.0 * sums.discordant) / spread).clamp(-1.0, 1.0))
}

/// A pair weighs the product of two weights.
impl Sum for f64 {
    type Pairs = f64;

    #[inline(always)]
    fn pairs(self, others: f64) -> f64 {
        self * others
    }

    #[inline(always)]
    fn masked(self, mask: u32) -> f64 {
        f64::from_bits(self.to_bits() & i64::from(mask as i32) as u64)
    }
}

impl Weight for f64 {
    type Sum = f64;

    #[inline(always)]
    fn sum(self) -> f64 {
        self
    }
}

/// A weight that is added to the other one of a pair.
#[derive(Clone, Copy, Default)]
struct Additive(f64);

#[derive(Clone, Copy, Default, PartialEq)]
struct AdditiveSum {
    count: f64,
    weight: f64,
}

impl Add for AdditiveSum {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { count: self.count + other.count, weight: self.weight + other.weight }
    }
}

impl AddAssign for AdditiveSum {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for AdditiveSum {
    type Pairs = f64;

    #[inline(always)]
    fn pairs(self, others: Self) -> f64 {
        self.count * others.weight + self.weight * others.count
    }

    #[inline(always)]
    fn masked(self, mask: u32) -> Self {
        Self { count: self.count.masked(mask), weight: self.weight.masked(mask) }
    }
}

impl Weight for Additive {
    type Sum = AdditiveSum;

    #[inline(always)]
    fn sum(self) -> AdditiveSum {
        AdditiveSum { count: 1.0, weight: self.0 }
    }
}
