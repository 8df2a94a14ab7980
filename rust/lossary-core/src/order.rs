//! Scores brought to order: all that rank statistics read, whatever the type of the scores.

use crate::keys::Score;
use crate::ranking::RankingError;
use crate::ranks::{position, sort};

/// The positions of scores from the lowest to the highest, and where they tie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Positions, by score; within a tie group they ascend.
    positions: Vec<u32>,
    /// Sizes of the groups of equal scores, lowest first.
    sizes: Vec<u32>,
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
        let (mut positions, mut sizes) = (Vec::with_capacity(scores.len()), Vec::new());
        sort(scores)?.tie_groups(|group| {
            positions.extend(group.iter().map(|&word| position(word)));
            sizes.push(group.len() as u32);
        });
        Ok(Self { positions, sizes })
    }

    /// Number of scores.
    #[allow(clippy::len_without_is_empty, reason = "an order is never empty")]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Number of distinct scores.
    pub fn distinct(&self) -> usize {
        self.sizes.len()
    }

    /// For each score, in the order of the input, how many distinct scores are lower.
    pub fn dense_ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.len()];
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

    pub(crate) fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// The positions of each distinct score, lowest first.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[u32]> {
        let mut rest = self.positions.as_slice();
        self.sizes.iter().map(move |&size| {
            let (group, after) = rest.split_at(size as usize);
            rest = after;
            group
        })
    }

    /// The sum over tie groups of a polynomial of their size.
    pub(crate) fn sum_over_ties(&self, polynomial: impl Fn(u128) -> u128) -> u128 {
        self.sizes.iter().filter(|&&size| size > 1).map(|&size| polynomial(u128::from(size))).sum()
    }
}
