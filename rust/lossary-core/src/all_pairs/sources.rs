//! Scores dealt to narrow cells, so that those above any number are found without a sort.
//!
//! The top bits of keys, which order like scores, tell coarse cells; the keys of each, from the lowest to the highest
//! that occurs, are divided evenly into cells of a few scores. Wherever scores lie, one shift and one product find
//! the cell. Scores keep the order of the input within a cell, except in one that is crowded: it is sorted.

use super::samples::Class;
use crate::grid::Grid;
use crate::keys::Score;
use crate::platform::{Work, widest, zeros};
use std::marker::PhantomData;
use std::ops::Range;

/// Scores of a block.
pub(super) const BLOCK: usize = 8;

/// A cell of so many scores lies in two neighbouring blocks, wherever it starts.
const MOST_PER_CELL: usize = BLOCK + 1;

/// Wanted number of scores of a cell.
const PER_CELL: usize = 3;

/// Wanted number of scores of a coarse cell.
const PER_COARSE_CELL: usize = 16;

/// More coarse cells cost cache, and misses in the translation of addresses.
const MOST_COARSE_CELLS: usize = 1 << 11;

/// Samples whose coarse cells are found side by side.
const BATCH: usize = 64;

/// An even division of a range of keys into cells.
#[derive(Clone, Copy, Default)]
struct Division {
    lowest: u64,
    /// Cells per key, as a fraction of 2^64.
    per_key: u64,
    /// Number of the first cell.
    first: u32,
    /// The last cell, counted from the first.
    last: u32,
}

impl Division {
    /// Of the keys of samples, into `cells` at most, one or more.
    #[inline(always)]
    fn of<E: Source>(samples: &[E], cells: u32) -> Self {
        let (mut lowest, mut highest) = (u64::MAX, 0);
        for sample in samples {
            let key = sample.score().key();
            lowest = lowest.min(key);
            highest = highest.max(key);
        }
        let range = highest.saturating_sub(lowest);
        let per_key = u64::MAX.checked_div(range).map_or(0, |share| share * range.min(u64::from(cells)));
        Self { lowest, per_key, first: 0, last: cells - 1 }
    }

    /// That of a key; the nearest cell for one out of the range.
    #[inline(always)]
    fn cell(&self, key: u64) -> u32 {
        let product = u128::from(key.saturating_sub(self.lowest)) * u128::from(self.per_key);
        self.first + ((product >> 64) as u64).min(u64::from(self.last)) as u32
    }
}

/// A sample as it moves to its cell.
pub(super) trait Source: Copy + Default + Send + Sync {
    /// Belongs to no cell, and is on neither side of any threshold.
    const NONE: Self;

    fn new(score: f64, weight: f64) -> Self;
    fn score(self) -> f64;
    fn weight(self) -> f64;
}

impl Source for f64 {
    const NONE: Self = f64::NAN;

    #[inline(always)]
    fn new(score: f64, _: f64) -> Self {
        score
    }

    #[inline(always)]
    fn score(self) -> f64 {
        self
    }

    #[inline(always)]
    fn weight(self) -> f64 {
        1.0
    }
}

/// A score and its weight.
impl Source for [f64; 2] {
    const NONE: Self = [f64::NAN, 0.0];

    #[inline(always)]
    fn new(score: f64, weight: f64) -> Self {
        [score, weight]
    }

    #[inline(always)]
    fn score(self) -> f64 {
        self[0]
    }

    #[inline(always)]
    fn weight(self) -> f64 {
        self[1]
    }
}

/// The samples of a class in the order of their cells.
#[derive(Default)]
pub(super) struct Sources<E> {
    count: usize,
    grid: Grid<u64>,
    ends: [u64; 2],
    /// Where each coarse cell ends.
    coarse_ends: Vec<u32>,
    /// Samples by coarse cells, within each in the order of the input.
    coarse: Vec<E>,
    /// Of the keys of each coarse cell.
    divisions: Vec<Division>,
    /// Where each cell starts; then where the last one ends.
    starts: Vec<u32>,
    /// Samples by cells, and then two blocks of none.
    blocks: Vec<[E; BLOCK]>,
}

impl<E: Source> Sources<E> {
    pub(super) fn new<S: Score + Into<f64>>(class: Class<'_, S>) -> Self {
        widest(Deal { class, entry: PhantomData })
    }

    /// The samples, cell by cell.
    pub(super) fn as_slice(&self) -> &[E] {
        &self.blocks.as_flattened()[..self.count]
    }

    /// The samples near to near ones.
    pub(super) fn coarse(&self) -> &[E] {
        &self.coarse
    }

    pub(super) fn count_blocks(&self) -> usize {
        self.blocks.len() - 2
    }

    /// A block and the next, for a block up to one beyond the last.
    #[inline(always)]
    pub(super) fn window(&self, block: usize) -> [&[E; BLOCK]; 2] {
        [&self.blocks[block], &self.blocks[block + 1]]
    }

    /// A block that parts scores, when `is_beyond` does: those of the blocks before are not beyond, those from two
    /// blocks later on are. `near` is the score at which it changes, or its neighbour.
    #[inline(always)]
    pub(super) fn part(&self, near: f64, is_beyond: impl Fn(f64) -> bool) -> usize {
        let key = near.key().clamp(self.ends[0], self.ends[1]);
        let cell = self.divisions[self.grid.bin(key) as usize].cell(key) as usize;
        let (start, end) = (self.starts[cell] as usize, self.starts[cell + 1] as usize);
        let block = start / BLOCK;
        if end <= (block + 2) * BLOCK { block } else { self.part_crowded(start..end, is_beyond) }
    }

    /// [`Self::part`] in a cell whose scores ascend.
    #[cold]
    fn part_crowded(&self, cell: Range<usize>, is_beyond: impl Fn(f64) -> bool) -> usize {
        let own = &self.as_slice()[cell.clone()];
        let below = match (is_beyond(own[0].score()), is_beyond(own[own.len() - 1].score())) {
            (true, _) => 0,
            (_, false) => own.len(),
            _ => own.partition_point(|sample| !is_beyond(sample.score())),
        };
        (cell.start + below) / BLOCK
    }

    /// Numbers of the samples of [`Self::coarse`], in the order of the input.
    pub(super) fn in_order<S: Score + Into<f64>>(&self, scores: &[S], numbers: &[f64]) -> Vec<f64> {
        widest(Gather { sources: self, scores, numbers })
    }
}

/// Calls `visit` with the number and the coarse cell of each score.
#[allow(clippy::needless_range_loop, reason = "a loop that is compiled for wide registers")]
#[inline(always)]
fn for_each_cell<S: Score + Into<f64>>(scores: &[S], grid: Grid<u64>, mut visit: impl FnMut(usize, usize)) {
    let mut cells = [0; BATCH];
    for start in (0..scores.len()).step_by(BATCH) {
        let batch = &scores[start..scores.len().min(start + BATCH)];
        for index in 0..batch.len() {
            cells[index] = grid.bin(batch[index].into().key());
        }
        for index in 0..batch.len() {
            visit(start + index, cells[index] as usize);
        }
    }
}

/// Brings numbers to the order of the input.
struct Gather<'a, S, E> {
    sources: &'a Sources<E>,
    scores: &'a [S],
    numbers: &'a [f64],
}

impl<S: Score + Into<f64>, E: Source> Work for Gather<'_, S, E> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let ends = &self.sources.coarse_ends;
        let mut next = vec![0; ends.len()];
        next[1..].copy_from_slice(&ends[..ends.len() - 1]);
        let mut in_order = zeros(self.scores.len());
        for_each_cell(self.scores, self.sources.grid, |index, cell| {
            in_order[index] = self.numbers[next[cell] as usize];
            next[cell] += 1;
        });
        in_order
    }
}

/// Makes [`Sources`].
struct Deal<'a, S, E> {
    class: Class<'a, S>,
    entry: PhantomData<E>,
}

impl<S: Score + Into<f64>, E: Source> Work for Deal<'_, S, E> {
    type Output = Sources<E>;

    #[inline(always)]
    fn run(self) -> Sources<E> {
        let class = self.class;
        let count = class.len();
        let ends = [class.extent.lowest.key(), class.extent.highest.key()];
        let around_zero = class.extent.around_zero.map(|(below, above)| (below.key(), above.key()));
        let most = (count / PER_COARSE_CELL).clamp(2, MOST_COARSE_CELLS) as u32;
        let grid = Grid::with_bins(most, ends[0], ends[1], around_zero);

        let mut coarse_ends = vec![0; grid.bins];
        for_each_cell(class.scores, grid, |_, cell| coarse_ends[cell] += 1);
        let lengths: Vec<usize> = coarse_ends.iter().map(|&length| length as usize).collect();
        sum_before(&mut coarse_ends);
        let mut coarse: Vec<E> = zeros(count);
        for_each_cell(class.scores, grid, |index, cell| {
            let place = &mut coarse_ends[cell];
            coarse[*place as usize] = E::new(class.score(index), class.weight(index));
            *place += 1;
        });

        let mut blocks: Vec<[E; BLOCK]> = zeros(count.div_ceil(BLOCK) + 2);
        let dealt = blocks.as_flattened_mut();
        dealt[count..].fill(E::NONE);
        let mut starts: Vec<u32> = zeros(lengths.iter().map(|&length| cells_for(length)).sum::<usize>() + 1);
        let mut divisions = Vec::with_capacity(grid.bins);
        let (mut start, mut first) = (0, 0);
        for length in lengths {
            let (cells, range) = (cells_for(length), start..start + length);
            let (own, places) = (&coarse[range.clone()], &mut dealt[range]);
            let ends = &mut starts[first + 1..=first + cells];
            let division = Division::of(own, cells as u32);
            deal(own, division, ends, places);
            sort_crowded(places, ends);
            ends.iter_mut().for_each(|end| *end += start as u32);
            divisions.push(Division { first: first as u32, ..division });
            start += length;
            first += cells;
        }
        Sources { count, grid, ends, coarse_ends, coarse, divisions, starts, blocks }
    }
}

fn cells_for(count: usize) -> usize {
    (count / PER_CELL).max(1)
}

/// Replaces each number by the sum of those before.
#[inline(always)]
fn sum_before(numbers: &mut [u32]) {
    let mut sum = 0;
    for number in numbers {
        sum += std::mem::replace(number, sum);
    }
}

/// Copies samples to their cells, in the order they come within each; tells where the cells end.
#[inline(always)]
fn deal<E: Source>(samples: &[E], division: Division, ends: &mut [u32], places: &mut [E]) {
    for sample in samples {
        ends[division.cell(sample.score().key()) as usize] += 1;
    }
    sum_before(ends);
    for &sample in samples {
        let place = &mut ends[division.cell(sample.score().key()) as usize];
        places[*place as usize] = sample;
        *place += 1;
    }
}

/// Sorts the cells that may not lie in two neighbouring blocks.
#[inline(always)]
fn sort_crowded<E: Source>(places: &mut [E], ends: &[u32]) {
    let mut start = 0;
    for &end in ends {
        let end = end as usize;
        if end - start > MOST_PER_CELL {
            places[start..end].sort_unstable_by(|a, b| a.score().total_cmp(&b.score()));
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Side;
    use super::*;
    use crate::random::Random;

    /// Blocks part all scores, for thresholds at, between and beyond them.
    fn check<E: Source>(scores: &[f64]) {
        let weights = vec![1.0; scores.len()];
        let class = Class::new(scores, Some(&weights), Side::Positives).unwrap();
        for class in [class, class.group(0..scores.len())] {
            let sources = Sources::<E>::new(class);
            let mut dealt: Vec<f64> = sources.as_slice().iter().map(|sample| sample.score()).collect();
            let coarse: Vec<f64> = sources.coarse().iter().map(|sample| sample.score()).collect();
            assert_eq!(sources.in_order(scores, &coarse), scores);
            for index in (0..scores.len()).step_by(7) {
                let near = scores[index];
                for threshold in [near, near.next_up(), near.next_down(), near + 0.01, -1e300, 1e300] {
                    for is_beyond in [|score, from| score > from, |score: f64, from| score >= from] {
                        let block = sources.part(threshold, |score| is_beyond(score, threshold));
                        let (first, last) =
                            (dealt.len().min(block * BLOCK), dealt.len().min((block + 2) * BLOCK));
                        assert!(dealt[..first].iter().all(|&score| !is_beyond(score, threshold)));
                        assert!(dealt[last..].iter().all(|&score| is_beyond(score, threshold)));
                    }
                }
            }
            dealt.sort_unstable_by(f64::total_cmp);
            let mut sorted = scores.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            assert_eq!(dealt, sorted);
        }
    }

    #[test]
    fn blocks_part_scores_wherever_they_lie() {
        let mut random = Random::stream(11, 0);
        let mut uniform = || (random.word() >> 11) as f64 / (1_u64 << 53) as f64;
        let scores: Vec<f64> = (0..1500).map(|_| uniform() + uniform() + uniform() - 1.5).collect();
        let changes: [fn(f64) -> f64; 8] = [
            |score| score,
            |_| 0.25,
            |score| if score < 0.3 { 1e-3 } else { 2.0 },
            |score| if score < 0.0 { score } else { score + 1e6 },
            |score| (score * 20.0).round() / 20.0,
            |score| score.powi(31),
            |score| if score > 0.0 { 1e30 * score } else { 1e-30 * score },
            |score| if score.abs() > 1.2 { 1e150 * score.signum() } else { score },
        ];
        for change in changes {
            let mut scores: Vec<f64> = scores.iter().map(|&score| change(score)).collect();
            for count in [1, 8, 9, 1500] {
                check::<f64>(&scores[..count]);
            }
            scores.sort_unstable_by(f64::total_cmp);
            check::<f64>(&scores);
            scores.reverse();
            check::<[f64; 2]>(&scores);
        }
    }
}
