//! Pairs out of order, counted or weighed, by digits from the top.
//!
//! A group of elements that agree in the higher digits of their ranks is read once, in order. Counters tell, for
//! each digit, what the earlier elements with a larger digit amount to: that settles all pairs whose digits differ.
//! The elements then move, stably, to one group per digit, and each group is settled in the same way. Digits have
//! eight bits: an update adds to two rows of sixteen counters, without a branch, and a query reads one of each.

use crate::platform::{Work, prefer_large_pages, widest};
use crate::threads;
use std::ops::{Add, AddAssign};

/// Lanes of a row of counters: four bits of a digit.
const LANES: usize = 16;

/// Up to here, comparing every pair is faster than a pass by digits.
const SMALL: usize = 24;

const DIGIT_BITS: u32 = 8;
const DIGITS: usize = 1 << DIGIT_BITS;

/// What several elements amount to in pairs with others.
pub(crate) trait Sum: Copy + Default + PartialEq + Add<Output = Self> + AddAssign + Send {
    /// What several pairs amount to.
    type Pairs: Copy + Default + AddAssign + Send;

    /// All pairs of one element of each sum.
    fn pairs(self, others: Self) -> Self::Pairs;

    /// The sum itself where the mask is all ones, nothing where it is zero.
    fn masked(self, mask: u32) -> Self;
}

/// An element's own share in a [`Sum`].
pub(crate) trait Weight: Copy + Default + Send + Sync {
    type Sum: Sum;

    fn sum(self) -> Self::Sum;

    /// What so many elements amount to, if that is the same for all elements.
    fn alike(_count: u32) -> Option<Self::Sum> {
        None
    }
}

/// The result of a kernel over elements of weight `W`.
pub(crate) type Pairs<W> = <<W as Weight>::Sum as Sum>::Pairs;

/// Elements, each as often as it counts; nothing overflows while that is less than 2^32 times in all.
impl Sum for u32 {
    type Pairs = u64;

    #[inline(always)]
    fn pairs(self, others: u32) -> u64 {
        u64::from(self) * u64::from(others)
    }

    #[inline(always)]
    fn masked(self, mask: u32) -> u32 {
        self & mask
    }
}

/// An element that stands for several.
impl Weight for u32 {
    type Sum = u32;

    #[inline(always)]
    fn sum(self) -> u32 {
        self
    }
}

/// An element that counts 1, and takes no memory.
#[derive(Clone, Copy, Default)]
pub(crate) struct Once;

impl Weight for Once {
    type Sum = u32;

    #[inline(always)]
    fn sum(self) -> u32 {
        1
    }

    fn alike(count: u32) -> Option<u32> {
        Some(count)
    }
}

/// A rank and a weight.
pub(crate) type Ranked<W> = (u32, W);

/// What the pairs amount to of which the earlier element has the larger rank. Equal ranks are in order.
///
/// The same as comparing every pair, in O(n log n) time and a copy of the elements. The order of additions depends
/// on the ranks alone.
pub(crate) fn inversions<W: Weight>(elements: &mut [Ranked<W>]) -> Pairs<W> {
    let highest = elements.iter().map(|&(rank, _)| rank).max().unwrap_or(0);
    let bits = u32::BITS - highest.leading_zeros();
    if elements.len() <= SMALL || bits == 0 {
        return compare_all(elements);
    }
    let mut scratch = vec![<Ranked<W>>::default(); elements.len()];
    prefer_large_pages(&mut scratch);
    let shift = bits.saturating_sub(DIGIT_BITS);
    let (mut total, ends) = widest(SettleDigit { elements, moved: &mut scratch, shift });
    if shift > 0 {
        let jobs = groups(&mut scratch, elements, &ends);
        let threads = threads::threads_for(jobs.iter().map(|(group, _)| group.len()).sum());
        for part in threads::map(jobs, threads, |(group, scratch)| settle(group, scratch, shift)) {
            total += part;
        }
    }
    total
}

type Job<'a, W> = (&'a mut [Ranked<W>], &'a mut [Ranked<W>]);

/// The groups of more than one element, each with the part of the other buffer that it may use.
fn groups<'a, W>(
    mut elements: &'a mut [Ranked<W>],
    mut scratch: &'a mut [Ranked<W>],
    ends: &[u32; DIGITS],
) -> Vec<Job<'a, W>> {
    let mut jobs = Vec::with_capacity(DIGITS);
    let mut start = 0;
    for &end in ends {
        let length = (end - start) as usize;
        start = end;
        let (group, after) = elements.split_at_mut(length);
        let (own, rest) = scratch.split_at_mut(length);
        (elements, scratch) = (after, rest);
        if length > 1 {
            jobs.push((group, own));
        }
    }
    jobs
}

/// Settles a group whose ranks agree but for the lowest `bits` bits.
fn settle<W: Weight>(elements: &mut [Ranked<W>], scratch: &mut [Ranked<W>], bits: u32) -> Pairs<W> {
    if elements.len() <= SMALL {
        return compare_all(elements);
    }
    let shift = bits.saturating_sub(DIGIT_BITS);
    let (mut total, ends) = widest(SettleDigit { elements, moved: scratch, shift });
    if shift > 0 {
        for (group, own) in groups(scratch, elements, &ends) {
            total += settle(group, own, shift);
        }
    }
    total
}

/// Settles the pairs whose digits at `shift` differ, and moves the elements to `moved`, one group per digit; the
/// table holds the end of each group.
struct SettleDigit<'a, W: Weight> {
    elements: &'a [Ranked<W>],
    moved: &'a mut [Ranked<W>],
    shift: u32,
}

impl<W: Weight> Work for SettleDigit<'_, W> {
    type Output = (Pairs<W>, [u32; DIGITS]);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { elements, moved, shift } = self;
        let digit = |rank: u32| (rank >> shift) as usize % DIGITS;
        let mut places = [0_u32; DIGITS];
        for &(rank, _) in elements {
            places[digit(rank)] += 1;
        }
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        // coarse[c]: earlier elements with a larger upper half of the digit; fine[c][f]: with the same, and a larger
        // lower half.
        let mut coarse = [W::Sum::default(); LANES];
        let mut fine = [[W::Sum::default(); LANES]; DIGITS / LANES];
        let mut total = <Pairs<W>>::default();
        for &(rank, weight) in elements {
            let digit = digit(rank);
            let (upper, lower) = (digit / LANES, digit % LANES);
            let row = &mut fine[upper];
            total += weight.sum().pairs(coarse[upper] + row[lower]);
            add_below(&mut coarse, upper, weight.sum());
            add_below(row, lower, weight.sum());
            let place = &mut places[digit];
            moved[*place as usize] = (rank, weight);
            *place += 1;
        }
        (total, places)
    }
}

/// For each lane, all ones in the lanes before it.
const BELOW: [[u32; LANES]; LANES] = {
    let mut masks = [[0; LANES]; LANES];
    let mut lane = 0;
    while lane < LANES {
        let mut before = 0;
        while before < lane {
            masks[lane][before] = u32::MAX;
            before += 1;
        }
        lane += 1;
    }
    masks
};

/// Adds to the lanes before `lane`.
#[inline(always)]
fn add_below<S: Sum>(row: &mut [S; LANES], lane: usize, sum: S) {
    for (counter, &mask) in row.iter_mut().zip(&BELOW[lane]) {
        *counter += sum.masked(mask);
    }
}

fn compare_all<W: Weight>(elements: &[Ranked<W>]) -> Pairs<W> {
    widest(CompareAll { elements })
}

struct CompareAll<'a, W> {
    elements: &'a [Ranked<W>],
}

impl<W: Weight> Work for CompareAll<'_, W> {
    type Output = Pairs<W>;

    #[inline(always)]
    fn run(self) -> Pairs<W> {
        let mut total = <Pairs<W>>::default();
        for (index, &(rank, weight)) in self.elements.iter().enumerate() {
            let mut larger = W::Sum::default();
            for &(earlier, other) in &self.elements[..index] {
                larger += other.sum().masked(u32::from(earlier > rank).wrapping_neg());
            }
            total += weight.sum().pairs(larger);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that looks random, below `limit`.
    fn noise(index: u64, limit: u64) -> u32 {
        let mixed = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed >> 32) % limit) as u32
    }

    #[test]
    fn digits_count_what_comparing_all_counts() {
        for limit in [1, 2, 200, 257, 70_000, 1 << 24, u64::from(u32::MAX)] {
            for count in [0, 1, 2, 24, 25, 300, 3_000] {
                let ranks = (0..count).map(|index| noise(index, limit));
                let mut once: Vec<_> = ranks.clone().map(|rank| (rank, Once)).collect();
                assert_eq!(compare_all(&once.clone()), inversions(&mut once), "{limit} {count}");
                let mut several: Vec<_> =
                    ranks.zip(0..).map(|(rank, index)| (rank, noise(index, 5))).collect();
                assert_eq!(compare_all(&several.clone()), inversions(&mut several), "{limit} {count}");
            }
        }
    }

    #[test]
    fn a_reversed_order_inverts_every_pair() {
        let mut falling: Vec<_> = (0..200_000).rev().map(|rank| (rank, Once)).collect();
        assert_eq!(inversions(&mut falling), 200_000 * 199_999 / 2);
    }
}
