//! All pairs of samples with two scores each: how many differ, tie or disagree, without looking at every pair.
//!
//! Source: Knight, A computer method for calculating Kendall's tau with ungrouped data, Journal of the American
//! Statistical Association 61, 1966; with digits from the top in the place of its merge sort.

use crate::inversions::{Pairs, Ranked, Sum, Weight, inversions};
use crate::order::{Order, Ties};
use crate::platform::prefer_large_pages;
use crate::ranking::RankingError;

/// Up to so many tie groups, dealing samples to them stays in the cache; above, sorting each group is faster.
const FEW: usize = 1 << 12;

/// Samples ordered by their first score, then by their second: sorted once, read for any weights.
#[derive(Debug, Clone)]
pub struct RankPairs {
    /// Dense rank of the second score.
    ranks: Vec<u32>,
    /// Position in the input.
    positions: Vec<u32>,
    /// Tie groups of the first score.
    first_ties: Ties,
    /// Tie groups of the second score.
    second_ties: Ties,
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
        let (ranks, positions) = if few { deal_groups(first, second) } else { sort_groups(first, second) };
        let [first_ties, second_ties] = [first, second].map(|order| order.ties().clone());
        Ok(Self { ranks, positions, first_ties, second_ties })
    }

    /// Number of samples.
    #[allow(clippy::len_without_is_empty, reason = "an order is never empty")]
    pub fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Adds up pairs; a weight is a function of the place in this order and the position in the input.
    pub(crate) fn sums<W: Weight>(&self, weight: impl Fn(usize, u32) -> W) -> PairSums<W> {
        let mut elements = vec![<Ranked<W>>::default(); self.len()];
        prefer_large_pages(&mut elements);
        let samples = self.ranks.iter().zip(&self.positions).enumerate();
        for (element, (place, (&rank, &position))) in elements.iter_mut().zip(samples) {
            *element = (rank, weight(place, position));
        }
        let (mut first, mut any) = (Apart::default(), <Pairs<W>>::default());
        if self.first_ties.are_none() {
            elements.iter().for_each(|(_, weight)| first.push(weight.sum()));
            any = first.pairs;
        } else {
            for group in self.first_ties.split(&elements) {
                let mut in_group = W::Sum::default();
                // What comes before the elements that tie in both scores; no branch depends on where they start.
                let (mut before, mut last) = (first.before, u32::MAX);
                for &(rank, weight) in group {
                    before = if rank == last { before } else { first.before + in_group };
                    last = rank;
                    any += weight.sum().pairs(before);
                    in_group += weight.sum();
                }
                first.push(in_group);
            }
        }
        let mut second = Apart::default();
        if W::alike(1).is_some() {
            self.second_ties.sizes().filter_map(W::alike).for_each(|sum| second.push(sum));
        } else {
            let mut sums = vec![W::Sum::default(); self.second_ties.groups()];
            for &(rank, weight) in &elements {
                sums[rank as usize] += weight.sum();
            }
            sums.into_iter().for_each(|sum| second.push(sum));
        }
        PairSums {
            first_differs: first.pairs,
            second_differs: second.pairs,
            any_differs: any,
            discordant: inversions(&mut elements),
            distinct: [first.groups, second.groups],
        }
    }
}

/// Reads the second order, and deals each sample to the tie group of its first score.
fn deal_groups(first: &Order, second: &Order) -> (Vec<u32>, Vec<u32>) {
    let groups = first.dense_ranks();
    let mut places = Vec::with_capacity(first.distinct());
    let mut start = 0;
    for size in first.ties().sizes() {
        places.push(start);
        start += size;
    }
    let [mut ranks, mut positions] = [0; 2].map(|_| zeros(first.len()));
    for (group, rank) in second.groups().zip(0..) {
        for &position in group {
            let place = &mut places[groups[position as usize] as usize];
            ranks[*place as usize] = rank;
            positions[*place as usize] = position;
            *place += 1;
        }
    }
    (ranks, positions)
}

/// Reads the first order, and sorts each tie group by the second score.
fn sort_groups(first: &Order, second: &Order) -> (Vec<u32>, Vec<u32>) {
    let by_position = second.dense_ranks();
    let [mut ranks, mut positions] = [0; 2].map(|_| zeros(first.len()));
    positions.copy_from_slice(first.positions());
    let mut words = Vec::new();
    let mut start = 0;
    if !first.ties().are_none() {
        for group in first.groups() {
            let places = &mut positions[start..start + group.len()];
            start += group.len();
            if group.len() > 1 {
                let rank = |&position: &u32| u64::from(by_position[position as usize]);
                words.clear();
                words.extend(group.iter().map(|position| rank(position) << 32 | u64::from(*position)));
                words.sort_unstable();
                places.iter_mut().zip(&words).for_each(|(place, &word)| *place = word as u32);
            }
        }
    }
    for (rank, &position) in ranks.iter_mut().zip(&positions) {
        *rank = by_position[position as usize];
    }
    (ranks, positions)
}

fn zeros(count: usize) -> Vec<u32> {
    let mut zeros = vec![0; count];
    prefer_large_pages(&mut zeros);
    zeros
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
