//! All pairs of samples with two scores each: how many differ, tie or disagree, without looking at every pair.
//!
//! Source: Knight, A computer method for calculating Kendall's tau with ungrouped data, Journal of the American
//! Statistical Association 61, 1966; with digits from the top in the place of its merge sort.

use crate::inversions::{Pairs, Ranked, Sum, Weight, inversions};
use crate::order::Order;
use crate::ranking::RankingError;

/// Up to so many tie groups, dealing samples to them stays in the cache; above, sorting each group is faster.
const FEW: usize = 1 << 12;

/// Samples ordered by their first score, then by their second: sorted once, read for any weights.
#[derive(Debug, Clone)]
pub struct RankPairs {
    /// Dense rank of the second score, and position in the input.
    samples: Vec<(u32, u32)>,
    /// Sizes of the tie groups of the first score.
    first_sizes: Vec<u32>,
    /// Sizes of the tie groups of the second score.
    second_sizes: Vec<u32>,
}

/// What pairs of samples amount to.
pub(crate) struct PairSums<W: Weight> {
    pub(crate) first_differs: Pairs<W>,
    pub(crate) second_differs: Pairs<W>,
    /// Pairs that do not tie in both scores.
    pub(crate) any_differs: Pairs<W>,
    /// Pairs that the two scores put in opposite order.
    pub(crate) discordant: Pairs<W>,
    /// Distinct values with a weight, of either score.
    pub(crate) distinct: [u64; 2],
}

impl RankPairs {
    /// Brings two orders of the same samples together, in O(n log n) time; takes 8 bytes a sample.
    ///
    /// # Errors
    /// [`RankingError::LengthMismatch`].
    pub fn new(first: &Order, second: &Order) -> Result<Self, RankingError> {
        if first.len() != second.len() {
            return Err(RankingError::LengthMismatch { scores: second.len(), other: first.len() });
        }
        let few = first.distinct() <= FEW;
        let samples = if few { deal_groups(first, second) } else { sort_groups(first, second) };
        Ok(Self { samples, first_sizes: first.sizes().to_vec(), second_sizes: second.sizes().to_vec() })
    }

    /// Number of samples.
    #[allow(clippy::len_without_is_empty, reason = "an order is never empty")]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Adds up pairs; a weight is a function of the place in this order and the position in the input.
    pub(crate) fn sums<W: Weight>(&self, weight: impl Fn(usize, u32) -> W) -> PairSums<W> {
        let mut elements: Vec<Ranked<W>> = self
            .samples
            .iter()
            .enumerate()
            .map(|(place, &(rank, position))| (rank, weight(place, position)))
            .collect();
        let (mut first, mut any) = (Apart::default(), Apart::default());
        let mut rest = elements.as_slice();
        for &size in &self.first_sizes {
            let (group, after) = rest.split_at(size as usize);
            rest = after;
            let mut in_group = W::Sum::default();
            for tied in group.chunk_by(|a, b| a.0 == b.0) {
                let mut sum = W::Sum::default();
                for (_, weight) in tied {
                    sum += weight.sum();
                }
                any.push(sum);
                in_group += sum;
            }
            first.push(in_group);
        }
        let mut second = Apart::default();
        match self.second_sizes.iter().map(|&size| W::alike(size)).collect::<Option<Vec<_>>>() {
            Some(sums) => sums.into_iter().for_each(|sum| second.push(sum)),
            None => {
                let mut sums = vec![W::Sum::default(); self.second_sizes.len()];
                for &(rank, weight) in &elements {
                    sums[rank as usize] += weight.sum();
                }
                sums.into_iter().for_each(|sum| second.push(sum));
            }
        }
        PairSums {
            first_differs: first.pairs,
            second_differs: second.pairs,
            any_differs: any.pairs,
            discordant: inversions(&mut elements),
            distinct: [first.groups, second.groups],
        }
    }
}

/// Reads the second order, and deals each sample to the tie group of its first score.
fn deal_groups(first: &Order, second: &Order) -> Vec<(u32, u32)> {
    let ranks = first.dense_ranks();
    let mut start = 0;
    let mut places: Vec<u32> = Vec::with_capacity(first.distinct());
    for &size in first.sizes() {
        places.push(start);
        start += size;
    }
    let mut samples = vec![(0, 0); first.len()];
    for (group, rank) in second.groups().zip(0..) {
        for &position in group {
            let place = &mut places[ranks[position as usize] as usize];
            samples[*place as usize] = (rank, position);
            *place += 1;
        }
    }
    samples
}

/// Reads the first order, and sorts each tie group by the second score.
fn sort_groups(first: &Order, second: &Order) -> Vec<(u32, u32)> {
    let ranks = second.dense_ranks();
    let mut samples: Vec<_> =
        first.positions().iter().map(|&position| (ranks[position as usize], position)).collect();
    let mut rest = samples.as_mut_slice();
    for &size in first.sizes() {
        let (group, after) = rest.split_at_mut(size as usize);
        rest = after;
        if size > 1 {
            group.sort_unstable();
        }
    }
    samples
}

/// Pairs of elements from different groups, as the groups come by.
#[derive(Default)]
struct Apart<S: Sum> {
    before: S,
    pairs: S::Pairs,
    groups: u64,
}

impl<S: Sum> Apart<S> {
    #[inline(always)]
    fn push(&mut self, group: S) {
        self.pairs += group.pairs(self.before);
        self.before += group;
        self.groups += u64::from(group != S::default());
    }
}
