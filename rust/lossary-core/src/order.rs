//! Scores brought to order: all that rank statistics read, whatever the type of the scores.

use crate::keys::Score;
use crate::platform::prefer_large_pages;
use crate::ranking::RankingError;
use crate::ranks::sort;

/// The positions of scores from the lowest to the highest, and where they tie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Positions, by score; within a tie group they ascend.
    positions: Vec<u32>,
    ties: Ties,
}

/// How many samples have each score, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ties {
    samples: usize,
    /// None where no scores tie.
    sizes: Vec<u32>,
}

impl Ties {
    /// Whether no scores tie.
    pub(crate) fn are_none(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Number of distinct scores.
    pub(crate) fn groups(&self) -> usize {
        if self.are_none() { self.samples } else { self.sizes.len() }
    }

    pub(crate) fn sizes(&self) -> impl Iterator<Item = u32> {
        (0..self.groups()).map(|group| self.sizes.get(group).copied().unwrap_or(1))
    }

    /// What belongs to the samples in order, group by group.
    pub(crate) fn split<'a, T>(&self, mut rest: &'a [T]) -> impl Iterator<Item = &'a [T]> {
        self.sizes().map(move |size| {
            let (group, after) = rest.split_at(size as usize);
            rest = after;
            group
        })
    }
}

impl Order {
    /// Sorts scores in O(n log n) time; the result takes 4 bytes a score and 4 a distinct score.
    ///
    /// # Errors
    /// [`RankingError`]: no scores, 2^32 of them or more, or a NaN. Infinities are ranked; negative zero ties
    /// with zero.
    ///
    /// ```
    /// let order = lossary_core::order::Order::of(&[2.5, -1.0, 2.5])?;
    /// assert_eq!((order.len(), order.distinct()), (3, 2));
    /// assert_eq!(order.dense_ranks(), [1, 0, 1]);
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    pub fn of<S: Score>(scores: &[S]) -> Result<Self, RankingError> {
        let (positions, sizes) = sort(scores, true)?;
        Ok(Self { positions, ties: Ties { samples: scores.len(), sizes } })
    }

    /// Number of scores.
    #[allow(clippy::len_without_is_empty, reason = "an order is never empty")]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Number of distinct scores.
    pub fn distinct(&self) -> usize {
        self.ties.groups()
    }

    /// For each score, in the order of the input, how many distinct scores are lower.
    pub fn dense_ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.len()];
        prefer_large_pages(&mut ranks);
        for (group, rank) in self.groups().zip(0..) {
            for &position in group {
                ranks[position as usize] = rank;
            }
        }
        ranks
    }

    pub(crate) fn positions(&self) -> &[u32] {
        &self.positions
    }

    pub(crate) fn ties(&self) -> &Ties {
        &self.ties
    }

    /// The positions of each distinct score, lowest first.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[u32]> {
        self.ties.split(&self.positions)
    }

    /// The sum over tie groups of a polynomial of their size.
    pub(crate) fn sum_over_ties(&self, polynomial: impl Fn(u128) -> u128) -> u128 {
        self.ties.sizes.iter().filter(|&&size| size > 1).map(|&size| polynomial(u128::from(size))).sum()
    }
}
